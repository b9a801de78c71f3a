package handbook

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestACitationStandsForItsParagraphAndForWhatTheParagraphIntroduces(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		uncited []string
	}{
		"paragraph":                     {"Wash hands [@a].\n", nil},
		"citation before the end":       {"Wash hands [@a]. See [above](#oxygen-brief).\n", nil},
		"paragraph without":             {"Wash hands.\n", []string{"Wash hands."}},
		"quotation without":             {"> Wash hands.\n", []string{"Wash hands."}},
		"list item without":             {"- Wash hands [@a].\n- Wear **gloves**.\n", []string{"Wear gloves."}},
		"list below a paragraph":        {"Before [@a]:\n\n- Wash hands.\n- Wear gloves.\n", nil},
		"list below words that lead in": {"Before:\n\n1. Wash hands [@a].\n2. Wear gloves.\n", []string{"Wear gloves."}},
		"the same in Chinese":           {"之前：\n\n- 洗手 [@a]。\n", nil},
		"list below a statement":        {"Be clean.\n\n- Wash hands [@a].\n", []string{"Be clean."}},
		"list inside of a list":         {"- Before [@a]:\n  - Wash hands.\n- After:\n  - Wash hands.\n", []string{"After:"}},
		"list behind a list":            {"Before [@a]:\n\n- Wash hands.\n\nAfter.\n\n- Rest.\n", []string{"After.", "Rest."}},
		"table below a paragraph":       {"WHO says [@a]:\n\n| Mask | Flow |\n|---|---|\n| Venturi | 6 L/min |\n", nil},
		"table above a paragraph":       {"| Mask | Flow |\n|---|---|\n| Venturi | 6 L/min |\n\nWHO says so [@a].\n", nil},
		"table with a citation":         {"| Mask | Flow |\n|---|---|\n| Venturi | 6 L/min [@a] |\n", nil},
		"table without":                 {"| Mask | Flow |\n|---|---|\n| Venturi | 6 L/min |\n\nThat is all.\n", []string{"Mask", "That is all."}},
	} {
		t.Run(name, func(t *testing.T) {
			l := &log{}
			blocks := parseBody(l, &Section{ID: "oxygen", File: "en/oxygen.md", BodyLine: 1, Body: "## Hands {#oxygen-hands}\n\n" + c.text})
			require.Empty(t, l.problems)
			require.Len(t, blocks, 1)
			require.Equal(t, c.uncited, blocks[0].Uncited)
		})
	}
}

func TestEveryStatementOfTheExampleEditionHasACitation(t *testing.T) {
	files, closeFiles, err := Open("")
	require.NoError(t, err)
	defer closeFiles()
	book, err := Load(files)
	require.NoError(t, err)
	texts := 0
	for _, id := range book.SectionIDs() {
		s, ok := book.Section(book.Source, id)
		require.True(t, ok, id)
		for _, block := range s.Blocks {
			texts += len(block.Segments)
			require.Empty(t, block.Uncited, block.Anchor)
		}
	}
	require.Greater(t, texts, 500)
}
