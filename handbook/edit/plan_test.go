package edit

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/handbook"
	"medixchange/handbook/desk"
)

// choices are what the page of publishers offers.
var choices = regexp.MustCompile(`en [a-z.-]+ [0-9]+-[0-9a-f]*`)

func TestASectionMovesByOnePlaceAndIntoTheNextChapter(t *testing.T) {
	for _, step := range []struct{ how, id, want string }{
		{"up", "b", `one: b a, two: c`}, {"up", "a", `one: a b, two: c`}, {"down", "a", `one: b a, two: c`}, {"down", "b", `one: a, two: b c`},
		{"up", "c", `one: a b c, two:`}, {"down", "c", `one: a b, two: c`}, {"withdraw", "a", `one: b, two: c`}, {"up", "z", `one: a b, two: c`},
	} {
		got := ""
		for i, c := range moved([]handbook.Chapter{{ID: "one", Sections: []string{"a", "b"}}, {ID: "two", Sections: []string{"c"}}}, step.how, step.id) {
			if i > 0 {
				got += ", "
			}
			got += c.ID + ":"
			for _, id := range c.Sections {
				got += " " + id
			}
		}
		require.Equal(t, step.want, got, "%s %s", step.how, step.id)
	}
}

// TestASectionOfTheHospitalsOwnIsAddedInTheBrowser moves it before the others, writes and publishes it, without scripts.
func TestASectionOfTheHospitalsOwnIsAddedInTheBrowser(t *testing.T) {
	w := newWorld(t)
	all := map[desk.Role][]string{desk.Editor: {desk.AllLanguages}, desk.Publisher: {desk.AllLanguages}}
	people["all"] = desk.Person{ID: "@all:a.example", Name: "All", Roles: all}
	t.Cleanup(func() { delete(people, "all") })
	const plan = Root + "en/" + desk.PlanPart
	_, page, _ := w.send("all", plan, nil)
	form := formOf(t, page, "save")
	form.Set("new-id", "our-ward")
	form.Set("new-chapter", "care")
	form.Set("do", "add")
	status, page, _ := w.send("all", plan, form)
	require.Equal(t, 200, status, page)
	require.Contains(t, page, "not saved yet")
	for range 2 {
		form = formOf(t, page, "save")
		form.Set("do", "up our-ward")
		_, page, _ = w.send("all", plan, form)
	}
	form = formOf(t, page, "save")
	require.Equal(t, []string{"chapter care", "section our-ward", "section fever", "section oxygen"}, form["row"])
	form.Set("do", "save")
	status, page, _ = w.send("all", plan, form)
	require.Equal(t, 200, status, page)

	form.Set("new-id", "Our Ward!")
	form.Set("new-chapter", "care")
	status, _, _ = w.send("all", plan, form)
	require.Equal(t, 409, status, "the order is a newer one now")
	_, page, _ = w.send("all", plan, nil)
	form = formOf(t, page, "save")
	form.Set("new-id", "Our Ward!")
	form.Set("new-chapter", "care")
	form.Set("do", "save")
	status, page, _ = w.send("all", plan, form)
	require.Equal(t, 422, status)
	require.Contains(t, page, "is not allowed as a short name")

	const ward = Root + "en/our-ward"
	_, page, _ = w.send("all", ward, nil)
	form = formOf(t, page, "save")
	require.Contains(t, form.Get("body"), "## In brief {#our-ward-brief}")
	form.Set("title", "Our ward")
	form.Set("body", form.Get("body")+"\nRing twice.\n")
	status, page, _ = w.send("all", ward, form)
	require.Equal(t, 200, status, page)

	_, page, _ = w.send("all", Root+"publish", nil)
	form = formOf(t, page, "")
	form.Set("edition", "2")
	form["part"] = choices.FindAllString(page, -1)
	require.Len(t, form["part"], 2)
	status, page, _ = w.send("all", Root+"publish", form)
	require.Equal(t, 200, status, page)
	now, err := w.shelf.Edition()
	require.NoError(t, err)
	require.Equal(t, []string{"our-ward", "fever", "oxygen"}, now.SectionIDs())
}
