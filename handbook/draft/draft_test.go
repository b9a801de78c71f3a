package draft

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/handbook"
	"medixchange/handbook/desk"
)

var ctx = context.Background()

// saying answers each text with what a function makes of its HTML.
type saying func(t Text) Answer

func (s saying) Translate(_ context.Context, t Text) (Answer, error) { return s(t), nil }

var echo = saying(func(t Text) Answer {
	if t.HTML == "" {
		return Answer{HTML: t.Plain, Machine: "echo"}
	}
	return Answer{HTML: t.HTML, Machine: "echo"}
})

func missing(language, part string) *desk.Copy {
	return &desk.Copy{Name: desk.Name{Language: language, Part: part}, State: desk.Missing}
}

// TestEverySectionSurvivesItsDraft sends all English sections through a machine that says what it was told.
func TestEverySectionSurvivesItsDraft(t *testing.T) {
	book, err := handbook.Load(handbook.Embedded())
	require.NoError(t, err)
	for _, id := range book.SectionIDs() {
		source, _ := book.Section(book.Source, id)
		drafted, err := Section(ctx, book, missing("fr", id), echo, true)
		require.NoError(t, err, id)
		require.Empty(t, drafted.Notes, id)
		blocks := map[string]string{}
		for _, b := range source.Blocks {
			blocks[b.Anchor] = b.Hash
		}
		s, err := handbook.ReadSection("fr/"+id+".md", handbook.WriteSection(&handbook.Section{
			Provenance: handbook.Provenance{Language: "fr", Status: handbook.Machine, Translator: "echo", Written: "2026-11-28", Updated: "2026-11-28"},
			ID:         id, Title: drafted.Text.Title, Body: drafted.Text.Body, SourceHash: source.Hash, SourceBlocks: blocks}, ""), false)
		require.NoError(t, err, id)
		for i, b := range source.Blocks {
			require.Equal(t, b.Segments, s.Blocks[i].Segments, b.Anchor)
			require.Equal(t, b.Cites, s.Blocks[i].Cites, b.Anchor)
			require.Equal(t, b.Anchors, s.Blocks[i].Anchors, b.Anchor)
			require.Equal(t, b.Level, s.Blocks[i].Level, b.Anchor)
		}
	}
}

const example = `## In brief {#x-brief}

- Give **oxygen** below 90 % [@one; @two], *not* above.
- See [the flow](#x-flow) and <https://example.org/>.

> A quotation
> of two lines.

## Flow {#x-flow}

1. First
   - inner one
2. Second with ` + "`code`" + `

| Device | Flow |
|---|---:|
| Mask [@one] | 10 L/min |
`

func exampleSection(t *testing.T) *handbook.Section {
	t.Helper()
	s, err := handbook.ReadSection("en/x.md", []byte(`---
id: x
language: en
title: Example
status: draft
author: A
written: 2026-11-01
updated: 2026-11-01
citations: []
---
`+example), true)
	require.NoError(t, err)
	return s
}

func run(t *testing.T, by Translator, to string) (string, []desk.Note) {
	t.Helper()
	s := exampleSection(t)
	d := &drafting{ctx: ctx, by: by, from: "en", to: to}
	var out []string
	for _, b := range s.Blocks {
		made, err := d.block(s, b)
		require.NoError(t, err)
		out = append(out, made)
	}
	return strings.Join(out, "\n"), d.notes
}

func TestWordsAreReplacedAndMarksStay(t *testing.T) {
	upper := strings.NewReplacer("oxygen", "Sauerstoff", "Give", "Gib", "quotation", "Zitat", "inner", "inneres", "Device", "Gerät", "the flow", "den Fluss")
	made, notes := run(t, saying(func(t Text) Answer { return Answer{HTML: upper.Replace(t.HTML), Machine: "m"} }), "de")
	require.Empty(t, notes)
	require.Equal(t, `## In brief {#x-brief}

- Gib **Sauerstoff** below 90 % [@one; @two], *not* above.
- See [den Fluss](#x-flow) and <https://example.org/>.

> A Zitat of two lines.

## Flow {#x-flow}

1. First
   - inneres one
2. Second with `+"`code`"+`

| Gerät | Flow |
|---|---:|
| Mask [@one] | 10 L/min |
`, made)
}

func TestWhatAMachineMustNotDoIsUndone(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(t Text) Answer
		notes  []string
	}{
		"a citation is lost": {func(t Text) Answer {
			if strings.Contains(t.Plain, "Give") {
				return Answer{HTML: strings.ReplaceAll(t.HTML, `<code class="language-k0">†</code>`, "")}
			}
			return Answer{HTML: t.HTML}
		}, []string{NoteLost}},
		"a citation comes twice": {func(t Text) Answer {
			if strings.Contains(t.Plain, "Mask") {
				return Answer{HTML: t.HTML + t.HTML}
			}
			return Answer{HTML: t.HTML}
		}, []string{NoteLost}},
		"a link leads elsewhere": {func(t Text) Answer {
			return Answer{HTML: strings.ReplaceAll(t.HTML, "https://handbook.invalid/0", "https://evil.example/")}
		}, []string{NoteLost}},
		"nothing comes back": {func(t Text) Answer {
			if strings.Contains(t.Plain, "Mask") {
				return Answer{Reasons: []string{"dose"}}
			}
			return Answer{HTML: t.HTML}
		}, []string{"dose"}},
		"a doubt is passed on": {func(t Text) Answer {
			if strings.Contains(t.Plain, "Mask") {
				return Answer{HTML: t.HTML, Reasons: []string{"negation"}}
			}
			return Answer{HTML: t.HTML}
		}, []string{"negation"}},
	} {
		made, notes := run(t, saying(c.answer), "de")
		var what []string
		for _, n := range notes {
			what = append(what, n.What)
		}
		require.Equal(t, c.notes, what, name)
		require.Contains(t, made, "[@one; @two]", name)
		require.Contains(t, made, "| Mask [@one] |", name)
		require.Contains(t, made, "](#x-flow)", name)
	}
}

func TestWordsOfAMachineAreNeverMarkup(t *testing.T) {
	for _, words := range []string{"<script>alert(1)</script>", "# head", "## x {#x-other}", "1. list", "- list", "> quote", "a | b", "[x](javascript:1)",
		"![x](y)", "`code`", "&lt;b&gt;", "\\", "a\n\n## b {#x-b}", "*a* **b** _c_", "<http://evil.example>", "[@one]", "+1", "= =", "---"} {
		made, _ := run(t, saying(func(t Text) Answer {
			if strings.Contains(t.Plain, "First") {
				return Answer{HTML: strings.ReplaceAll(strings.ReplaceAll(words, "&", "&amp;"), "<", "&lt;")}
			}
			return Answer{HTML: t.HTML}
		}), "de")
		s := exampleSection(t)
		read, err := handbook.ReadSection("x.md", handbook.WriteSection(&handbook.Section{Provenance: s.Provenance, ID: "x", Title: "x", Body: made}, ""), true)
		require.NoError(t, err, words)
		require.Len(t, read.Blocks, 2, words)
		require.Equal(t, s.Blocks[0].Anchors, read.Blocks[0].Anchors, words)
	}
}

func TestEmphasisThatChineseCannotHaveIsLeftOut(t *testing.T) {
	made, notes := run(t, saying(func(t Text) Answer {
		return Answer{HTML: strings.ReplaceAll(t.HTML, "<strong>oxygen</strong> below", "给<strong>氧气。</strong>低于")}
	}), "zh")
	require.Empty(t, notes)
	require.Contains(t, made, "给氧气。低于")
}

func TestOnlyWhatIsLackingIsDrafted(t *testing.T) {
	book, err := handbook.Load(handbook.Embedded())
	require.NoError(t, err)
	id := book.SectionIDs()[0]
	source, _ := book.Section(book.Source, id)
	c := missing("fr", id)
	c.State, c.Title, c.SourceHash, c.SourceBlocks = desk.Draft, "Titre", source.Hash, map[string]string{}
	for i, b := range source.Blocks {
		c.SourceBlocks[b.Anchor] = b.Hash
		if i > 0 {
			c.Body += "## Humain {#" + b.Anchor + "}\n\nMots.\n\n"
		}
	}
	drafted, err := Section(ctx, book, c, echo, false)
	require.NoError(t, err)
	require.Equal(t, []string{source.Blocks[0].Anchor}, drafted.Current)
	require.Equal(t, "Titre", drafted.Text.Title)
	require.Equal(t, len(source.Blocks)-1, strings.Count(drafted.Text.Body, "## Humain"))
}

func TestNoTranslationIsNoDraft(t *testing.T) {
	book, err := handbook.Load(handbook.Embedded())
	require.NoError(t, err)
	nothing := saying(func(Text) Answer { return Answer{Reasons: []string{"no_engine"}} })
	_, err = Section(ctx, book, missing("fr", book.SectionIDs()[0]), nothing, true)
	require.ErrorIs(t, err, ErrNoTranslation)
	require.ErrorContains(t, err, "no_engine")
	_, err = Titles(ctx, book, "fr", nothing)
	require.ErrorIs(t, err, ErrNoTranslation)
	_, err = Section(ctx, book, missing("en", book.SectionIDs()[0]), echo, true)
	require.ErrorIs(t, err, desk.ErrUnknown)
}

func TestTitlesAndTerms(t *testing.T) {
	book, err := handbook.Load(handbook.Embedded())
	require.NoError(t, err)
	titles, err := Titles(ctx, book, "th", echo)
	require.NoError(t, err)
	require.Contains(t, titles.Text.Body, "chapters:")
	terms, err := Glossary(ctx, book, "th", echo)
	require.NoError(t, err)
	source, _ := book.Glossary(book.Source)
	require.Equal(t, len(source.Terms), strings.Count(terms.Text.Body, "    term: "))
}
