package handbook

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func findingsOf(t *testing.T, file, from, to string, compare Compare) []string {
	t.Helper()
	files := edition(t)
	if from != "" {
		change(t, files, file, from, to)
	}
	book, err := Load(files)
	require.NoError(t, err)
	var out []string
	for _, f := range Lint(book, compare) {
		out = append(out, string(f.Severity)+" "+f.String())
	}
	return out
}

func TestLintFindsNothingInAGoodEdition(t *testing.T) {
	require.Empty(t, findingsOf(t, "", "", "", nil))
}

func TestLintSaysWhatIsDoubtful(t *testing.T) {
	for name, c := range map[string]struct{ file, from, to, want string }{
		"citation not used": {"en/oxygen.md", "    url:", "    doi: 10.1000/x\n    looked_up: 2026-11-28\n    seen_at: https://example.org/x\n  - key: other\n    authors: x\n    title: x\n    year: 2020\n    publisher: x\n    url:",
			`error en/oxygen.md:1: the citation "other" is listed, but the text does not cite it`},
		"looked up later": {"en/oxygen.md", "updated: 2026-11-28", "updated: 2026-11-27", `was looked up on 2026-11-28, after the section was updated`},
		"nothing cited":   {"en/oxygen.md", "Begin with 5 L/min [@who-2023].", "Begin with 5 L/min.", `warning en/oxygen.md:23: nothing in "Flow" has a citation`},
		"text not cited": {"en/oxygen.md", "See [above](#oxygen-brief).\n", "See [above](#oxygen-brief).\n\nStop at once.\n",
			`warning en/oxygen.md:23: in "Flow" there is text without a citation: "Stop at once."`},
		"link to nowhere":    {"en/oxygen.md", "(#oxygen-brief)", "(#oxygen-brif)", `error en/oxygen.md:23: the link to #oxygen-brif leads nowhere`},
		"source has changed": {"en/oxygen.md", "5 L/min", "4 L/min", `warning fr/oxygen.md:1: the source has changed since this translation was made (changed: oxygen-flow)`},
		"title has changed":  {"en/oxygen.md", "title: Oxygen", "title: Giving oxygen", `warning fr/oxygen.md:1: the source has changed since this translation was made in its title or order`},
		"citation lost":      {"fr/oxygen.md", "5 L/min [@who-2023]", "5 L/min", `error fr/oxygen.md:18: the citations of "oxygen-flow" are not those of the source: none instead of who-2023`},
		"link lost":          {"fr/oxygen.md", "[plus haut](#oxygen-brief)", "plus haut", `warning fr/oxygen.md:18: the links of "oxygen-flow" to anchors are not those of the source`},
		"cell lost":          {"fr/oxygen.md", "| Masque | 10 L/min |\n", "", `warning fr/oxygen.md:18: "oxygen-flow" has 4 paragraphs, list items and table cells, the source has 6`},
		"no summary":         {"en/oxygen.md", "oxygen-brief", "oxygen-summary", `error en/oxygen.md:19: the section does not begin with a short summary {#oxygen-brief}`},
	} {
		t.Run(name, func(t *testing.T) {
			files := edition(t)
			change(t, files, c.file, c.from, c.to)
			if name == "no summary" {
				delete(files, "fr/oxygen.md")
			}
			book, err := Load(files)
			require.NoError(t, err)
			var out []string
			for _, f := range Lint(book, nil) {
				out = append(out, string(f.Severity)+" "+f.String())
			}
			require.Contains(t, strings.Join(out, "\n"), c.want)
		})
	}
}

func TestLintComparesOnlyBlocksThatWereMadeFromTheSourceAsItIs(t *testing.T) {
	var compared []string
	compare := func(source, translation []string, from, to string) []Difference {
		require.Equal(t, "en", from)
		require.Equal(t, "fr", to)
		compared = append(compared, source[0]+" | "+translation[0])
		if strings.Contains(translation[0], "50") {
			return []Difference{{Grave: true, What: "dose", Original: "5 L/min", Translation: "50 L/min"}}
		}
		return nil
	}
	out := findingsOf(t, "fr/oxygen.md", "par 5 L/min", "par 50 L/min", compare)
	require.Equal(t, []string{`error fr/oxygen.md:20: dose: the source has "5 L/min", the translation has "50 L/min" (in oxygen-flow)`}, out)
	require.Contains(t, compared, "Mask | Masque")

	compared = nil
	findingsOf(t, "en/oxygen.md", "Begin with", "Start with", compare)
	require.NotContains(t, strings.Join(compared, "\n"), "Start with")
	require.Contains(t, compared, "In brief | En bref")
}

func TestStalenessIsToldByBlock(t *testing.T) {
	files := edition(t)
	change(t, files, "en/oxygen.md", "## Flow {#oxygen-flow}", "## Masks {#oxygen-masks}\n\nUse one [@who-2023].\n\n## Weaning {#oxygen-weaning}")
	change(t, files, "en/oxygen.md", "below 90 %", "below 92 %")
	book, err := Load(files)
	require.NoError(t, err)
	s, _ := book.Section("fr", "oxygen")
	require.Equal(t, Staleness{
		Outdated: true, Changed: []string{"oxygen-brief"}, Added: []string{"oxygen-masks", "oxygen-weaning"}, Removed: []string{"oxygen-flow"},
	}, book.Stale(s))
	progress := book.Progress()
	require.Equal(t, Progress{Language: "fr", Sections: 1, Present: 1, Outdated: 1, Status: map[Status]int{Machine: 1}, Titles: true}, progress[1])
	require.Equal(t, 100, progress[1].Percent())
}

func TestAHashIsOfWhatIsRead(t *testing.T) {
	same := hashOf("## A {#a-a}\n\nCafé  x")
	require.Equal(t, same, hashOf("\n## A {#a-a} \r\n\r\n\r\n\r\nCafe\u0301  x\t\n\n"))
	require.NotEqual(t, same, hashOf("## A {#a-a}\n\nCafé x"))
	require.Regexp(t, hashForm(), same)
}

func TestGlossariesAreComparedByTerm(t *testing.T) {
	const english = "language: en\nstatus: draft\nauthor: Editors\nwritten: 2026-11-01\nupdated: 2026-11-02\nterms:\n" +
		"  prone:\n    term: prone position\n    also: [face down]\n    definition: Lying on the belly.\n  peep:\n    term: PEEP\n    definition: Pressure at the end of a breath.\n"
	const frenchTerms = "language: fr\nstatus: machine\ntranslator: a machine\nwritten: 2026-11-01\nupdated: 2026-11-02\nterms:\n" +
		"  prone:\n    term: décubitus ventral\n"
	files := edition(t)
	files["en/glossary.yaml"] = file(english)
	files["fr/glossary.yaml"] = file(frenchTerms)
	book, err := Load(files)
	require.NoError(t, err)
	findings := Lint(book, nil)
	require.Len(t, findings, 1)
	require.Equal(t, "fr/glossary.yaml: terms without translation: peep", findings[0].String())

	change(t, files, "fr/glossary.yaml", "  prone:", "  pron:")
	_, err = Load(files)
	require.ErrorContains(t, err, `fr/glossary.yaml:8: the source's glossary has no term "pron"; did you mean "prone"?`)
}
