package desk

import (
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/handbook"
)

var plan = Name{"en", PlanPart}

const reordered = "chapters:\n  - {id: care, sections: [our-ward, oxygen, fever]}\n"

// TestASectionIsAddedAndOthersChangePlaces writes the new section first and publishes both at once.
func TestASectionIsAddedAndOthersChangePlaces(t *testing.T) {
	d, p := newDesk(t, nil)
	ward := Name{"en", "our-ward"}
	_, err := d.Open(ctx, ward)
	require.ErrorIs(t, err, ErrUnknown)
	c, err := d.Save(ctx, Edit{Name: plan, At: open(t, d, plan).Mark(), Text: Text{Body: reordered}}, ana)
	require.NoError(t, err)
	planned := Choice{plan, c.Mark()}
	require.Equal(t, Missing, open(t, d, ward).State, "it can be written now")
	require.ErrorIs(t, firstError(d.Open(ctx, Name{"de", "our-ward"})), ErrUnknown, "translations follow the original")
	entries, err := d.List(ctx, []string{"en"})
	require.NoError(t, err)
	var listed []string
	for _, e := range entries {
		listed = append(listed, e.Part)
	}
	require.Equal(t, []string{PlanPart, "book.yaml", "fever", "oxygen", "our-ward", "glossary.yaml"}, listed)

	require.ErrorContains(t, d.Publish(ctx, Order{Choices: []Choice{planned}, Edition: "2"}, eve), "our-ward", "a section without a text is refused")
	text := Text{Title: "Our ward", Body: "## In brief {#our-ward-brief}\n\nRing twice.\n"}
	w, err := d.Save(ctx, Edit{Name: ward, At: open(t, d, ward).Mark(), Text: text}, ana)
	require.NoError(t, err)
	require.NoError(t, d.Publish(ctx, Order{Choices: []Choice{planned, {ward, w.Mark()}}, Edition: "2"}, eve))
	require.Equal(t, []string{"our-ward", "oxygen", "fever"}, p.edition.SectionIDs())
	s, ok := p.edition.Section("en", "our-ward")
	require.True(t, ok)
	require.Equal(t, "Ana", s.Author)
	require.False(t, open(t, d, plan).Changed())
	require.Equal(t, Missing, open(t, d, Name{"de", "our-ward"}).State, "now it can be translated")
}

// TestASectionIsWithdrawnInAllLanguages once no other leads to it.
func TestASectionIsWithdrawnInAllLanguages(t *testing.T) {
	d, p := newDesk(t, nil)
	save := func(body string) error {
		_, err := d.Save(ctx, Edit{Name: plan, At: open(t, d, plan).Mark(), Text: Text{Body: body}}, ana)
		return err
	}
	require.NoError(t, save("chapters:\n  - {id: care, sections: [fever]}\n"))
	withdraw := Order{Choices: []Choice{{plan, open(t, d, plan).Mark()}}, Edition: "2"}
	var refused *Refused
	require.ErrorAs(t, d.Publish(ctx, withdraw, eve), &refused)
	require.Contains(t, refused.Error(), "leads nowhere", "others lead to it")
	withdraw.Anyway, withdraw.Reason = true, "the links follow"
	require.NoError(t, d.Publish(ctx, withdraw, eve))
	require.Equal(t, []string{"fever"}, p.edition.SectionIDs())
	for _, language := range []string{"en", "fa"} {
		_, err := fs.Stat(p.files, language+"/oxygen.md")
		require.ErrorIs(t, err, fs.ErrNotExist, language)
	}
	require.ErrorIs(t, firstError(d.Open(ctx, Name{"en", "oxygen"})), ErrUnknown)

	require.ErrorContains(t, save("chapters:\n  - {id: other, sections: [fever]}\n"), "chapters are not those")
	require.ErrorContains(t, save("chapters:\n  - {id: care, sections: [../fever]}\n"), "is no id")
	require.ErrorContains(t, save("chapters:\n  - {id: care, sections: [fever, search]}\n"), "a page of the handbook itself")
	_, err := d.Save(ctx, Edit{Name: plan, At: open(t, d, plan).Mark(), Text: Text{Body: reordered}}, ben)
	require.ErrorIs(t, err, ErrNotAllowed)
	require.ErrorIs(t, firstError(d.Open(ctx, Name{"de", PlanPart})), ErrUnknown)
}

// TestWhatOnlyThisNodeHasStaysOutOfThePlan publishes an order that names a section which the desk sees but the edition lacks.
func TestWhatOnlyThisNodeHasStaysOutOfThePlan(t *testing.T) {
	d, p := newDesk(t, nil)
	local := &handbook.Section{Provenance: handbook.Provenance{Language: "en"}, ID: "local", Title: "Local"}
	shown := p.edition.With(local)
	shown.Chapters = []handbook.Chapter{{ID: "care", Sections: []string{"fever", "oxygen", "local"}}}
	d.o.Edition = func() (*handbook.Edition, error) { return &handbook.Edition{Book: shown, Mark: "local"}, nil }
	body := "chapters:\n  - {id: care, sections: [local, oxygen, fever]}\n"
	c, err := d.Save(ctx, Edit{Name: plan, At: open(t, d, plan).Mark(), Text: Text{Body: body}}, ana)
	require.NoError(t, err)
	require.NoError(t, d.Publish(ctx, Order{Choices: []Choice{{plan, c.Mark()}}, Edition: "2"}, eve))
	require.Equal(t, []string{"oxygen", "fever"}, p.edition.SectionIDs())
}
