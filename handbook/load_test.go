package handbook

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

const plan = `id: example
edition: "1"
date: 2026-11-28
source: en
languages: [en, fr]
chapters:
  - id: care
    sections: [oxygen]
`

const englishTitles = `language: en
status: draft
author: Editors
written: 2026-11-01
updated: 2026-11-02
title: A handbook
note: An example.
chapters:
  care: Care
`

const frenchTitles = `language: fr
status: machine
translator: a machine
written: 2026-11-01
updated: 2026-11-02
title: Un manuel
note: Un exemple.
chapters:
  care: Soins
`

const oxygen = `---
id: oxygen
language: en
title: Oxygen
status: draft
author: Editors
written: 2026-11-01
updated: 2026-11-28
citations:
  - key: who-2023
    authors: World Health Organization
    title: A guideline
    year: 2023
    publisher: WHO
    url: https://example.org/guideline
    looked_up: 2026-11-28
    seen_at: https://example.org/guideline
---
## In brief {#oxygen-brief}

Give oxygen below 90 % [@who-2023].

## Flow {#oxygen-flow}

Begin with 5 L/min [@who-2023]. See [above](#oxygen-brief).

| Device | Flow |
|---|---|
| Mask | 10 L/min |
`

// french is a translation of oxygen; the hashes are filled in by edition.
const french = `---
id: oxygen
language: fr
title: Oxygène
status: machine
translator: a machine
written: 2026-11-01
updated: 2026-11-02
source_hash: "{hash}"
source_blocks:
  oxygen-brief: "{oxygen-brief}"
  oxygen-flow: "{oxygen-flow}"
---
## En bref {#oxygen-brief}

Donner de l'oxygène au-dessous de 90 % [@who-2023].

## Débit {#oxygen-flow}

Commencer par 5 L/min [@who-2023]. Voir [plus haut](#oxygen-brief).

| Appareil | Débit |
|---|---|
| Masque | 10 L/min |
`

// edition is a small book in two languages that is as it should be.
func edition(t testing.TB) fstest.MapFS {
	t.Helper()
	l := &log{}
	source := parseSection(l, "en/oxygen.md", []byte(oxygen), true)
	require.Empty(t, l.problems)
	translation := strings.ReplaceAll(french, "{hash}", source.Hash)
	for _, block := range source.Blocks {
		translation = strings.ReplaceAll(translation, "{"+block.Anchor+"}", block.Hash)
	}
	return fstest.MapFS{
		"book.yaml":    file(plan),
		"en/book.yaml": file(englishTitles),
		"fr/book.yaml": file(frenchTitles),
		"en/oxygen.md": file(oxygen),
		"fr/oxygen.md": file(translation),
	}
}

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

// change replaces a piece of a file that must be there.
func change(t *testing.T, in fstest.MapFS, name, from, to string) {
	t.Helper()
	text := string(in[name].Data)
	require.Contains(t, text, from)
	in[name] = file(strings.ReplaceAll(text, from, to))
}

func TestAnEditionIsReadWithItsBlocks(t *testing.T) {
	book, err := Load(edition(t))
	require.NoError(t, err)
	s, ok := book.Section("en", "oxygen")
	require.True(t, ok)
	require.True(t, s.Original())
	require.Len(t, s.Blocks, 2)
	flow := s.Blocks[1]
	require.Equal(t, []string{"Flow", "Begin with 5 L/min . See above.", "Device", "Flow", "Mask", "10 L/min"}, flow.Segments)
	require.Equal(t, []string{"who-2023"}, flow.Cites)
	require.Equal(t, []string{"oxygen-brief"}, flow.Anchors)
	require.Equal(t, 23, flow.Line)
	require.True(t, strings.HasPrefix(flow.Text, "## Flow {#oxygen-flow}\n"))
	translation, ok := book.Section("fr", "oxygen")
	require.True(t, ok)
	require.Equal(t, Staleness{}, book.Stale(translation))
	require.Equal(t, "who-2023", book.Citations(translation)[0].Key)
	id, ok := book.SectionOf("oxygen-flow")
	require.True(t, ok)
	require.Equal(t, "oxygen", id)
}

func TestTheEmbeddedEditionIsRead(t *testing.T) {
	book, err := Load(Embedded())
	require.NoError(t, err)
	for _, f := range Lint(book, nil) {
		require.NotEqual(t, Error, f.Severity, "%s", f.Problem)
	}
}

func TestWhatIsNotOfTheFormatIsRefusedWithItsPlace(t *testing.T) {
	for name, c := range map[string]struct {
		file, from, to string
		want           string // the beginning of a problem, with its place
	}{
		"unknown key":           {"en/oxygen.md", "title: Oxygen", "titel: Oxygen", `en/oxygen.md:4: unknown key "titel"; did you mean "title"?`},
		"missing key":           {"en/oxygen.md", "title: Oxygen\n", "", `en/oxygen.md:2: the key "title" is missing`},
		"key twice":             {"en/oxygen.md", "title: Oxygen", "title: Oxygen\ntitle: Air", `en/oxygen.md:5: the key "title" is here twice`},
		"wrong status":          {"en/oxygen.md", "status: draft", "status: aproved", `en/oxygen.md:5: status is "aproved"; did you mean "approved"?`},
		"machine source":        {"en/oxygen.md", "status: draft", "status: machine", `en/oxygen.md:5: status is machine`},
		"wrong date":            {"en/oxygen.md", "written: 2026-11-01", "written: 2026-13-01", `en/oxygen.md:7: written is "2026-13-01"`},
		"updated before":        {"en/oxygen.md", "updated: 2026-11-28", "updated: 2026-10-28", `en/oxygen.md:8: updated is before written`},
		"alias":                 {"en/oxygen.md", "title: Oxygen", "title: &a Oxygen", `en/oxygen.md:4: YAML anchors and aliases`},
		"no YAML":               {"en/oxygen.md", "title: Oxygen", "title: [Oxygen", `en/oxygen.md:`},
		"unknown citation":      {"en/oxygen.md", "5 L/min [@who-2023]", "5 L/min [@who-2022]", `en/oxygen.md:23: the citation "who-2022" is not in the front matter; did you mean "who-2023"?`},
		"insecure address":      {"en/oxygen.md", "url: https://example.org", "url: http://example.org", `en/oxygen.md:15: url is "http://example.org/guideline"; it must be an https address`},
		"HTML block":            {"en/oxygen.md", "Begin with", "<script>alert(1)</script>\n\nBegin with", `en/oxygen.md:25: HTML is not allowed`},
		"HTML in a line":        {"en/oxygen.md", "Begin with", "Begin <b onclick=x>with</b>", `en/oxygen.md:25: HTML is not allowed`},
		"script link":           {"en/oxygen.md", "(#oxygen-brief)", "(javascript:alert(1))", `en/oxygen.md:25: the link to "javascript:alert(1)" is not allowed`},
		"hidden script link":    {"en/oxygen.md", "(#oxygen-brief)", "(java&#115;cript&colon;alert)", `en/oxygen.md:25: the link to "javascript:alert" is not allowed`},
		"data link":             {"en/oxygen.md", "(#oxygen-brief)", "(data:text/html,x)", `en/oxygen.md:25: the link to "data:`},
		"relative link":         {"en/oxygen.md", "(#oxygen-brief)", "(../../etc/passwd)", `en/oxygen.md:25: the link to "../../etc/passwd" is not allowed`},
		"link by definition":    {"en/oxygen.md", "Begin with", "[@who-2023]: https://example.org\n\nBegin with", `en/oxygen.md:19: definitions of references`},
		"image from outside":    {"en/oxygen.md", "[above](#oxygen-brief)", "![x](https://example.org/x.png)", `en/oxygen.md:25: the image "https://example.org/x.png" is not allowed`},
		"image of elsewhere":    {"en/oxygen.md", "[above](#oxygen-brief)", "![x](images/../../x.png)", `en/oxygen.md:25: the image "images/../../x.png" is not allowed`},
		"image that is missing": {"en/oxygen.md", "[above](#oxygen-brief)", "![x](images/x.png)", `en/oxygen.md:23: the image "images/x.png" is not in the edition`},
		"code":                  {"en/oxygen.md", "Begin with", "```\nx\n```\n\nBegin with", `en/oxygen.md:26: code is not allowed`},
		"no anchor":             {"en/oxygen.md", " {#oxygen-flow}", "", `en/oxygen.md:23: the heading "Flow" has no anchor`},
		"foreign anchor":        {"en/oxygen.md", "{#oxygen-flow}", "{#flow}", `en/oxygen.md:23: the anchor "flow" must begin with "oxygen-"`},
		"anchor twice":          {"en/oxygen.md", "{#oxygen-flow}", "{#oxygen-brief}", `en/oxygen.md:23: the anchor "oxygen-brief" is here twice`},
		"attribute":             {"en/oxygen.md", "{#oxygen-flow}", "{#oxygen-flow onclick=x}", `en/oxygen.md:23: a heading has an anchor`},
		"big heading":           {"en/oxygen.md", "## Flow", "# Flow", `en/oxygen.md:23: headings have two or three number signs`},
		"text before":           {"en/oxygen.md", "## In brief {#oxygen-brief}", "Hello", `en/oxygen.md:19: text stands before the first heading`},
		"control character":     {"en/oxygen.md", "Begin with", "Begin\x00 with", `en/oxygen.md:25: there is a control character`},
		"turned text":           {"en/oxygen.md", "Begin with", "Begin \u202e with", `en/oxygen.md:25: there is a control character`},
		"citation with comma":   {"en/oxygen.md", "5 L/min [@who-2023]", "5 L/min [@who-2023, @who-2022]", `en/oxygen.md:25: this looks like a citation and is none`},
		"other brackets":        {"fr/oxygen.md", "5 L/min [@who-2023]", "5 L/min【@who-2023】", `fr/oxygen.md:20: this looks like a citation and is none`},
		"emphasis without end":  {"fr/oxygen.md", "Commencer par 5 L/min", "**从 5 L/min 开始。**然后", `fr/oxygen.md:20: emphasis has no beginning or no end here`},
		"many marks":            {"en/oxygen.md", "Begin with", strings.Repeat("_a*", 500) + "Begin with", `en/oxygen.md:25: there are more than 1000 marks`},
		"deeper lists":          {"en/oxygen.md", "Begin with", strings.Repeat("1. ", 4000) + "Begin with", `en/oxygen.md:25: lists and quotations are nested too deep`},
		"deep lists":            {"en/oxygen.md", "Begin with", strings.Repeat(">", 20) + "Begin with", `en/oxygen.md:25: lists and quotations are nested`},
		"name of the file":      {"en/oxygen.md", "id: oxygen", "id: air", `en/oxygen.md:`},
		"language of folder":    {"fr/oxygen.md", "language: fr", "language: it", `fr/oxygen.md: language is "it", but the folder is "fr"`},
		"citations twice":       {"fr/oxygen.md", "translator: a machine", "translator: a machine\ncitations: []", `fr/oxygen.md:7: unknown key "citations"`},
		"no hash":               {"fr/oxygen.md", "source_hash: \"", "source_hash: \"x", `fr/oxygen.md:9: source_hash is no hash`},
		"anchor not in hashes":  {"fr/oxygen.md", "## Débit {#oxygen-flow}", "## Débit {#oxygen-rate}", `fr/oxygen.md:18: the anchor "oxygen-rate" is not in source_blocks`},
		"heading level":         {"fr/oxygen.md", "## Débit", "### Débit", `fr/oxygen.md:1: the headings are not those of the source`},
		"reviewer missing":      {"fr/oxygen.md", "status: machine", "status: reviewed", `fr/oxygen.md:5: status is reviewed, but no reviewer`},
		"own reviewer":          {"fr/oxygen.md", "status: machine", "status: approved\nreviewer: A machine", `fr/oxygen.md:6: the reviewer must be somebody other`},
		"unknown section":       {"book.yaml", "[oxygen]", "[oxygen, oxigen]", `en/oxigen.md: book.yaml names this section`},
		"unknown language":      {"book.yaml", "[en, fr]", "[en, fro]", `fr: the folder belongs to no language of book.yaml; did you mean "fro"?`},
		"language tag":          {"book.yaml", "[en, fr]", "[en, fr, ../x]", `book.yaml:5: "../x" is no language tag`},
		"chapter without title": {"fr/book.yaml", "  care: Soins", "  car: Soins", `fr/book.yaml:9: unknown key "car"; did you mean "care"?`},
	} {
		t.Run(name, func(t *testing.T) {
			files := edition(t)
			change(t, files, c.file, c.from, c.to)
			book, err := Load(files)
			require.Nil(t, book)
			var problems Problems
			require.ErrorAs(t, err, &problems)
			require.Condition(t, func() bool {
				for _, p := range problems {
					if strings.HasPrefix(p.String(), c.want) {
						return true
					}
				}
				return false
			}, "wanted %s in:\n%s", c.want, err)
		})
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	for name, want := range map[string]string{
		"en/notes.txt":         "the file has no place here",
		"en/oxigen.md":         `did you mean "oxygen"?`,
		"it/oxygen.md":         "belongs to no language",
		"README.md":            "the file has no place here",
		"en/more/oxygen.md":    "only plain files",
		"images/UPPER.PNG":     "images are files named like",
		"images/vector.svg":    "images are files named like",
		"images/in/folder.png": "images are files named like",
	} {
		files := edition(t)
		files[name] = file("x")
		_, err := Load(files)
		require.ErrorContains(t, err, want, name)
	}
	files := edition(t)
	files["en/link.md"] = &fstest.MapFile{Data: []byte("/etc/passwd"), Mode: fs.ModeSymlink}
	_, err := Load(files)
	require.ErrorContains(t, err, "only plain files")
}

func TestFilesAreBounded(t *testing.T) {
	files := edition(t)
	files["en/oxygen.md"] = file(oxygen + strings.Repeat("x", maxSection))
	_, err := Load(files)
	require.ErrorContains(t, err, "en/oxygen.md: the file is larger than 64 KiB")

	files = edition(t)
	files["book.yaml"] = file(plan + "# " + strings.Repeat("x", maxYAML))
	_, err = Load(files)
	require.ErrorContains(t, err, "book.yaml: the file is larger than 512 KiB")

	files["book.yaml"] = &fstest.MapFile{Mode: fs.ModeNamedPipe}
	_, err = Load(files)
	require.ErrorContains(t, err, "book.yaml: this is no plain file")

	files = edition(t)
	files["images/large.png"] = &fstest.MapFile{Data: make([]byte, maxImage+1)}
	_, err = Load(files)
	require.ErrorContains(t, err, "images/large.png: the file is larger than 2048 KiB")
}

func TestAnEditionWithoutPlanIsRefused(t *testing.T) {
	files := edition(t)
	delete(files, "book.yaml")
	_, err := Load(files)
	var problems Problems
	require.True(t, errors.As(err, &problems))
	require.Equal(t, "book.yaml: the file is missing", err.Error())
}
