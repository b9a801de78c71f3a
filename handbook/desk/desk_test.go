package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"medixchange/handbook"
)

var ctx = context.Background()

// TestATextIsWrittenReviewedApprovedAndPublished is the way of every text.
func TestATextIsWrittenReviewedApprovedAndPublished(t *testing.T) {
	d, p := newDesk(t, nil)
	c, err := d.Save(ctx, edit(t, d, germanFever, "Flüssigkeit geben", "Viel Flüssigkeit geben"), ana)
	require.NoError(t, err)
	require.Equal(t, Draft, c.State)
	c, err = d.Hand(ctx, germanFever, c.Mark(), ana, "please look")
	require.NoError(t, err)
	c, err = d.Accept(ctx, germanFever, c.Mark(), ben, "")
	require.NoError(t, err)
	c, err = d.Release(ctx, germanFever, c.Mark(), eve, "for the wards")
	require.NoError(t, err)
	require.Equal(t, Approved, c.State)

	order := Order{Choices: []Choice{{germanFever, c.Mark()}}, Edition: "2", Reason: "first"}
	require.NoError(t, d.Publish(ctx, order, eve))
	s, _ := p.edition.Section("de", "fever")
	require.Contains(t, s.Body, "Viel Flüssigkeit")
	require.Equal(t, handbook.Provenance{Language: "de", Status: handbook.Approved, Translator: "Test machine, Ana", Reviewer: "Ben",
		Written: "2026-11-12", Updated: "2026-12-01"}, s.Provenance)
	require.Equal(t, "2", p.edition.Edition)
	require.Equal(t, handbook.Date("2026-12-01"), p.edition.Date)
	require.False(t, open(t, d, germanFever).Changed(), "there is nothing left to publish")

	history, err := d.History(ctx, germanFever)
	require.NoError(t, err)
	var lines []string
	for _, s := range history {
		lines = append(lines, fmt.Sprintf("%d %s %s %q", s.Version, s.Action, s.Actor, s.Reason))
	}
	require.Equal(t, []string{
		`6 publish @eve:a.example "2: first"`, `5 approve @eve:a.example "for the wards"`, `4 review @ben:a.example ""`,
		`3 hand @ana:a.example "please look"`, `2 save @ana:a.example ""`, `1 begun  "1"`,
	}, lines)
}

// TestNobodysWordsAreLost lets many write at once: one is first, all others are told and find their words in the history.
func TestNobodysWordsAreLost(t *testing.T) {
	d, _ := newDesk(t, nil)
	const writers = 8
	edits := make([]Edit, writers)
	for i := range edits {
		edits[i] = edit(t, d, germanFever, "Flüssigkeit geben", fmt.Sprintf("Variante %d", i))
	}
	var wait sync.WaitGroup
	errs := make([]error, writers)
	for i := range edits {
		wait.Go(func() {
			_, errs[i] = d.Save(ctx, edits[i], person(fmt.Sprintf("@u%d:a.example", i), fmt.Sprint(i), Editor))
		})
	}
	wait.Wait()
	saved := 0
	for i, err := range errs {
		var conflict *Conflict
		if err == nil {
			saved++
			continue
		}
		require.ErrorAs(t, err, &conflict)
		kept, err := d.Step(ctx, germanFever, conflict.Aside)
		require.NoError(t, err)
		require.Contains(t, kept.Body, fmt.Sprintf("Variante %d.", i))
		require.Equal(t, SetAside, kept.Action)
	}
	require.Equal(t, 1, saved)
	require.Equal(t, Draft, open(t, d, germanFever).State)
}

func TestAStepOnWhatHasChangedIsRefused(t *testing.T) {
	d, _ := newDesk(t, nil)
	c, err := d.Save(ctx, edit(t, d, germanFever, "geben", "reichen"), ana)
	require.NoError(t, err)
	waiting, err := d.Hand(ctx, germanFever, c.Mark(), ana, "")
	require.NoError(t, err)
	_, err = d.Save(ctx, edit(t, d, germanFever, "reichen", "geben lassen"), ana)
	require.NoError(t, err)
	_, err = d.Accept(ctx, germanFever, waiting.Mark(), ben, "")
	var conflict *Conflict
	require.ErrorAs(t, err, &conflict, "what is reviewed is what was read")
	require.Equal(t, Draft, open(t, d, germanFever).State)
}

func TestATextGoesBack(t *testing.T) {
	d, _ := newDesk(t, nil)
	first, err := d.Save(ctx, edit(t, d, germanFever, "Flüssigkeit", "Wasser"), ana)
	require.NoError(t, err)
	handed, err := d.Hand(ctx, germanFever, first.Mark(), ana, "")
	require.NoError(t, err)
	reviewed, err := d.Accept(ctx, germanFever, handed.Mark(), ben, "")
	require.NoError(t, err)
	second, err := d.Save(ctx, edit(t, d, germanFever, "Wasser", "Tee"), all)
	require.NoError(t, err)

	back, err := d.Restore(ctx, germanFever, second.Mark(), reviewed.Version, ana, "tea is wrong")
	require.NoError(t, err)
	require.Contains(t, back.Body, "Wasser")
	require.Equal(t, Draft, back.State, "an editor's step back is a draft")
	require.Empty(t, back.Reviewer)
	back, err = d.Restore(ctx, germanFever, back.Mark(), reviewed.Version, all, "was reviewed")
	require.NoError(t, err)
	require.Equal(t, Reviewed, back.State, "a publisher gets the state that these words had")
	require.Equal(t, "Ben", back.Reviewer)
	begun, err := d.Restore(ctx, germanFever, back.Mark(), 1, all, "all back")
	require.NoError(t, err)
	require.Contains(t, begun.Body, "Flüssigkeit geben")
	_, err = d.Restore(ctx, germanFever, begun.Mark(), 99, all, "nowhere")
	require.ErrorIs(t, err, ErrUnknown)
}

func TestWhatIsNotOfTheFormatIsRefusedAndNothingIsStored(t *testing.T) {
	d, _ := newDesk(t, nil)
	anchor := "## Kurz gesagt {#fever-brief}"
	for name, c := range map[string]struct{ old, with, want string }{
		"script":             {"Flüssigkeit", "<script>alert(1)</script>", "HTML is not allowed"},
		"HTML":               {"Flüssigkeit", "<b>Wasser</b>", "HTML is not allowed"},
		"javascript link":    {"Flüssigkeit", "[x](javascript:alert(1))", "is not allowed"},
		"unknown anchor":     {anchor, "## Neu {#fever-new}\n\nText.\n\n" + anchor, `no heading with the anchor "fever-new"`},
		"foreign anchor":     {anchor, "## Kurz {#oxygen-flow}", "must begin with"},
		"no anchor":          {anchor, "## Kurz", "has no anchor"},
		"front matter":       {anchor, "---\nstatus: approved\n---\n" + anchor, "before the first heading"},
		"control character":  {"Flüssigkeit", "Fl\x00", "control character"},
		"turned around":      {"Flüssigkeit", "\u202e", "control character"},
		"broken citation":    {"[@example-one]", "[@example one]", "looks like a citation"},
		"huge":               {"Flüssigkeit", strings.Repeat("Wasser ", 20_000), "larger than 64 KiB"},
		"slow":               {"Flüssigkeit", strings.Repeat("*a _b ", 2000), "marks of links"},
		"an image elsewhere": {"Flüssigkeit", "![x](https://example.org/x.png)", "is not allowed"},
	} {
		_, err := d.Save(ctx, edit(t, d, germanFever, c.old, c.with), ana)
		var problems handbook.Problems
		require.ErrorAs(t, err, &problems, name)
		require.ErrorContains(t, err, c.want, name)
	}
	require.EqualValues(t, 0, open(t, d, germanFever).Version)
	_, err := d.Open(ctx, Name{"de", "../book"})
	require.ErrorIs(t, err, ErrUnknown)
	_, err = d.Open(ctx, Name{"xx", "fever"})
	require.ErrorIs(t, err, ErrUnknown)
}

func TestCitationsOfAnOriginalAreYAMLAndChecked(t *testing.T) {
	d, _ := newDesk(t, nil)
	name := Name{"en", "fever"}
	e := edit(t, d, name, "fever", "fever")
	for with, want := range map[string]string{
		"nonsense": "citations must be a list", "- key: a\n  tilte: b": `unknown key "tilte"`, "- {": "not YAML",
		"[]\nstatus: approved": "not YAML", "- key: &a one": "anchors and aliases",
	} {
		wrong := e
		wrong.Text.Citations = with
		_, err := d.Save(ctx, wrong, ana)
		require.ErrorContains(t, err, want, with)
	}
	c, err := d.Save(ctx, e, ana)
	require.NoError(t, err)
	require.Equal(t, e.Text.Citations, c.Citations)
}

func TestWhatIsOutOfDateStaysSoUntilAnEditorSaysOtherwise(t *testing.T) {
	d, p := newDesk(t, nil)
	name := Name{"ar", "fever"}
	source, _ := p.edition.Section("en", "fever")
	before, _ := p.edition.Section("ar", "fever")
	stale := p.edition.Stale(before)
	require.NotEmpty(t, stale.Changed, "the edition of the tests has such a text")

	c := open(t, d, name)
	e := Edit{Name: name, At: c.Mark(), Text: c.Text, Seen: source.Hash}
	c, err := d.Save(ctx, e, ana)
	require.NoError(t, err)
	s, err := c.Section()
	require.NoError(t, err)
	require.Equal(t, stale, p.edition.Stale(s), "saving alone brings nothing up to date")

	e.At, e.Current = c.Mark(), append(stale.Changed, WholeTitle)
	c, err = d.Save(ctx, e, ana)
	require.NoError(t, err)
	s, err = c.Section()
	require.NoError(t, err)
	require.Empty(t, p.edition.Stale(s).Changed)

	e.At, e.Seen = c.Mark(), "00000000000000000000000000000001"
	_, err = d.Save(ctx, e, ana)
	require.ErrorIs(t, err, ErrSourceMoved)
}

func TestPublishingIsRefusedAsAWhole(t *testing.T) {
	d, p := newDesk(t, func(_, translation []string, _, _ string) []handbook.Difference {
		if strings.Contains(translation[0], "50 mg") {
			return []handbook.Difference{{Grave: true, What: "dose", Original: "500 mg", Translation: "50 mg"}}
		}
		return nil
	})
	c, err := d.Save(ctx, edit(t, d, germanFever, "500 mg bis 1 g", "50 mg bis 1 g"), ana)
	require.NoError(t, err)
	choice := []Choice{{germanFever, c.Mark()}}
	var refused *Refused
	require.ErrorAs(t, d.Publish(ctx, Order{Choices: choice, Edition: "2"}, eve), &refused)
	require.Contains(t, refused.Error(), "dose")
	require.ErrorIs(t, d.Publish(ctx, Order{Choices: choice, Edition: "2", Anyway: true}, eve), ErrNoReason)
	require.ErrorIs(t, d.Publish(ctx, Order{Choices: choice, Edition: "1"}, eve), ErrSameName)
	require.ErrorIs(t, d.Publish(ctx, Order{Choices: choice}, eve), ErrSameName)
	require.ErrorIs(t, d.Publish(ctx, Order{Edition: "2"}, eve), ErrNothing)
	require.ErrorIs(t, d.Publish(ctx, Order{Choices: choice, Edition: "2"}, ana), ErrNotAllowed)
	require.ErrorIs(t, d.Publish(ctx, Order{Choices: []Choice{{Name{"de", "nowhere"}, "0-"}}, Edition: "2"}, eve), ErrUnknown)
	var conflict *Conflict
	require.ErrorAs(t, d.Publish(ctx, Order{Choices: []Choice{{germanFever, "1-00000000"}}, Edition: "2"}, eve), &conflict)
	require.Equal(t, "1", p.edition.Edition, "nothing has changed")
	require.NoError(t, d.Publish(ctx, Order{Choices: choice, Edition: "2", Anyway: true, Reason: "a false alarm"}, eve))
}

// TestAnAnchorThatOthersLeadToIsNotTakenAway edits one section so that another one's link leads nowhere.
func TestAnAnchorThatOthersLeadToIsNotTakenAway(t *testing.T) {
	d, p := newDesk(t, nil)
	name := Name{"en", "oxygen"}
	c, err := d.Save(ctx, edit(t, d, name, "{#oxygen-flow}", "{#oxygen-rate}"), ana)
	require.NoError(t, err)
	err = d.Publish(ctx, Order{Choices: []Choice{{name, c.Mark()}}, Edition: "2"}, eve)
	require.ErrorContains(t, err, "leads nowhere")
	require.Equal(t, "1", p.edition.Edition)
}

func TestANewEditionFromElsewhere(t *testing.T) {
	d, p := newDesk(t, nil)
	untouched := Name{"zh", "fever"}
	require.NoError(t, errors.Join(firstError(d.Save(ctx, edit(t, d, germanFever, "Flüssigkeit", "Wasser"), ana))))
	other := fstest.MapFS{}
	for path, file := range p.files {
		text := string(file.Data)
		if strings.HasSuffix(path, "/fever.md") && !strings.HasPrefix(path, "en/") {
			text = strings.Replace(text, "updated: 2026-11-12", "updated: 2026-11-30", 1)
		}
		other[path] = &fstest.MapFile{Data: []byte(text)}
	}
	require.NoError(t, p.set(other))

	c := open(t, d, germanFever)
	require.True(t, c.Moved, "the editor is told")
	require.Contains(t, c.Body, "Wasser", "and keeps the words")
	err := d.Publish(ctx, Order{Choices: []Choice{{germanFever, c.Mark()}}, Edition: "2"}, eve)
	require.ErrorIs(t, err, ErrMoved)
	e := edit(t, d, germanFever, "Wasser", "Wasser")
	e.Adopt = true
	c, err = d.Save(ctx, e, ana)
	require.NoError(t, err)
	require.False(t, open(t, d, germanFever).Moved)
	require.NoError(t, d.Publish(ctx, Order{Choices: []Choice{{germanFever, c.Mark()}}, Edition: "2"}, eve))
	require.False(t, open(t, d, untouched).Moved, "what nobody has touched follows the edition")
}

func firstError(_ *Copy, err error) error { return err }

func TestTitlesAndGlossaryOfANewLanguage(t *testing.T) {
	d, p := newDesk(t, nil)
	titles, terms := Name{"th", handbook.TitlesFile}, Name{"th", handbook.GlossaryFile}
	require.Equal(t, Missing, open(t, d, titles).State)
	save := func(name Name, body string) (*Copy, error) {
		return d.Save(ctx, Edit{Name: name, At: open(t, d, name).Mark(), Text: Text{Body: body}}, ana)
	}
	_, err := save(titles, "title: คู่มือ\nnote: ตัวอย่าง\nchapters:\n  cars: ก\n")
	require.ErrorContains(t, err, `unknown key "cars"; did you mean "care"?`)
	_, err = save(titles, "title: คู่มือ\nstatus: approved\nnote: ตัวอย่าง\nchapters:\n  care: ก\n")
	require.ErrorContains(t, err, "is here twice", "who made it is not for the text to say")
	c, err := save(titles, "title: คู่มือ\nnote: ตัวอย่าง\nchapters:\n  care: การดูแล\n")
	require.NoError(t, err)
	_, err = save(terms, "terms:\n  nonsense: {term: ไข้}\n")
	require.NoError(t, err, "whether the original has the term is seen when the whole is read")
	require.ErrorContains(t, d.Publish(ctx, Order{Choices: []Choice{{titles, c.Mark()}, {terms, open(t, d, terms).Mark()}}, Edition: "2"}, eve),
		`no term "nonsense"`)
	require.NoError(t, d.Publish(ctx, Order{Choices: []Choice{{titles, c.Mark()}}, Edition: "2"}, eve))
	th, _ := p.edition.Titles("th")
	require.Equal(t, "การดูแล", th.Chapters["care"])
}

func TestTheListOfALanguage(t *testing.T) {
	d, _ := newDesk(t, nil)
	_, err := d.Save(ctx, edit(t, d, germanFever, "Flüssigkeit", "Wasser"), ana)
	require.NoError(t, err)
	entries, err := d.List(ctx, []string{"de", "th"})
	require.NoError(t, err)
	require.Len(t, entries, 8)
	require.Equal(t, germanFever, entries[1].Name)
	require.True(t, entries[1].Unsaid)
	require.False(t, entries[2].Unsaid)
	require.Equal(t, Missing, entries[4].State)
}
