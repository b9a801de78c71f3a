package edit

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/handbook"
	"medixchange/handbook/desk"
)

const germanTerms = Root + "de/" + handbook.GlossaryFile

// TestTheGlossaryIsEditedInRows has a row for each term of the original, and what is left empty is not taken.
func TestTheGlossaryIsEditedInRows(t *testing.T) {
	w := newWorld(t)
	_, page, _ := w.send("ana", Root+"th/"+handbook.GlossaryFile, nil)
	form := formOf(t, page, "save")
	require.Equal(t, []string{""}, form["w.term.fever"], "a row waits for its translation")
	require.Contains(t, page, "A body temperature of 38.0 °C or more.", "beside the original")
	require.NotContains(t, page, `name="new-term"`, "terms are added in the language of the originals")
	form.Set("w.term.fever", "ไข้")
	form.Set("w.also.fever", "ตัวร้อน\r\n\r\n ตัวร้อน\r\nมีไข้")
	status, page, at := w.send("ana", Root+"th/"+handbook.GlossaryFile, form)
	require.Equal(t, 200, status, page)
	require.Contains(t, at, "done=saved")
	c, err := w.desk.Open(t.Context(), desk.Name{Language: "th", Part: handbook.GlossaryFile})
	require.NoError(t, err)
	require.Equal(t, "terms:\n  \"fever\":\n    term: \"ไข้\"\n    also:\n      - \"ตัวร้อน\"\n      - \"มีไข้\"\n", c.Body)
	_, page, _ = w.send("ben", Root+"th/"+handbook.GlossaryFile+"/review", nil)
	require.Contains(t, page, "<ins>ไข้</ins>")
}

func TestTermsAreAddedAndTakenOutInTheLanguageOfTheOriginals(t *testing.T) {
	w := newWorld(t)
	people["all"] = desk.Person{ID: "@all:a.example", Name: "All", Roles: map[desk.Role][]string{desk.Editor: {desk.AllLanguages}}}
	t.Cleanup(func() { delete(people, "all") })
	terms := Root + "en/" + handbook.GlossaryFile
	_, page, _ := w.send("all", terms, nil)
	form := formOf(t, page, "save")
	form["new-term"], form["new-definition"] = []string{"Fever", "", "Ward: \"x\""}, []string{"Another.", "", "A room."}
	for _, kind := range []string{"term", "also", "definition"} {
		form.Set("w."+kind+".oxygen", "")
	}
	status, page, _ := w.send("all", terms, form)
	require.Equal(t, 200, status, page)
	require.Equal(t, []string{"fever", "fever-2", "ward-x"}, fieldsOf(bodyOf(t, w, "en")).terms())

	form = formOf(t, page, "save")
	form.Set("w.definition.fever", " ")
	form.Set("ui", "de")
	status, page, _ = w.send("all", terms+"?ui=de", form)
	require.Equal(t, 422, status)
	require.Contains(t, page, "„<bdi>fever.definition</bdi>“ ist leer.", "and what is wrong is said in the language of the page")
}

func bodyOf(t *testing.T, w *world, language string) string {
	t.Helper()
	c, err := w.desk.Open(t.Context(), desk.Name{Language: language, Part: handbook.GlossaryFile})
	require.NoError(t, err)
	return c.Body
}

func TestTwoWhoEditTheGlossaryAtOnceKeepBothTheirWords(t *testing.T) {
	w := newWorld(t)
	_, page, _ := w.send("ana", germanTerms, nil)
	first, second := formOf(t, page, "save"), formOf(t, page, "save")
	first.Set("w.term.fever", "Fieber A")
	first.Set("w.term.oxygen", "Sauerstoff A")
	second.Set("w.term.fever", "Fieber B")
	status, _, _ := w.send("ana", germanTerms, first)
	require.Equal(t, 200, status)
	status, page, _ = w.send("ana", germanTerms, second)
	require.Equal(t, 409, status)
	again := formOf(t, page, "save")
	require.Equal(t, "Fieber B", again.Get("w.term.fever"))
	require.Contains(t, page, "Fieber A", "theirs stands beside")
	require.Equal(t, "Sauerstoff A", again.Get("w.term.oxygen"), "what only they changed is taken")
}

// TestTheTitlesAreFields and a text that would be YAML of another key stays a text.
func TestTheTitlesAreFields(t *testing.T) {
	w := newWorld(t)
	const titles = Root + "de/" + handbook.TitlesFile
	_, page, _ := w.send("ana", titles, nil)
	form := formOf(t, page, "save")
	form.Set("w.title", "Handbuch\"\nstatus: approved\n#")
	form.Set("w.chapter.care", "Pflege: <b>")
	status, page, _ := w.send("ana", titles, form)
	require.Equal(t, 200, status, page)
	require.NotContains(t, page, "<b>")
	c, err := w.desk.Open(t.Context(), desk.Name{Language: "de", Part: handbook.TitlesFile})
	require.NoError(t, err)
	require.Equal(t, desk.Draft, c.State)
	require.Equal(t, "Pflege: <b>", fieldsOf(c.Body)["chapter.care"])
	form = formOf(t, page, "save")
	form.Set("w.note", "")
	status, page, _ = w.send("ana", titles, form)
	require.Equal(t, 422, status)
	require.Contains(t, page, "“<bdi>note</bdi>” is empty.")
}

func TestNewTermsGetIdsOfTheirOwn(t *testing.T) {
	f := fieldsIn(url.Values{"w.term.fever": {"fever"}, "new-term": {"  Fever!", "发热", "咳嗽", "A" + string(make([]rune, 3)) + "b"}})
	require.Equal(t, []string{"a-b", "fever", "fever-2", "term", "term-2"}, f.terms())
}
