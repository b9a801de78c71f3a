package check

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"medixchange/translator/language"
)

// TestWhatChangesASentence compares sentences with right and wrong translations between all languages.
func TestWhatChangesASentence(t *testing.T) {
	data, err := os.ReadFile("testdata/changed.yaml")
	require.NoError(t, err)
	var sentences map[string]map[string][]string
	require.NoError(t, yaml.Unmarshal(data, &sentences))
	require.NotEmpty(t, sentences)
	for id, texts := range sentences {
		for from, source := range texts {
			for to, target := range texts {
				compareChanged(t, id, from, to, source[0], target)
			}
		}
	}
}

func compareChanged(t *testing.T, id, from, to, source string, target []string) {
	t.Helper()
	said, err := language.Parse(from)
	require.NoError(t, err)
	read, err := language.Parse(to)
	require.NoError(t, err)
	for i, text := range target {
		report := Compare([]string{source}, []string{text}, said, read)
		if i == 0 && report.Verdict != Pass {
			t.Errorf("ALARM %s %s→%s: %v\n  %s\n  %s", id, from, to, report.Reasons, source, text)
		}
		if i > 0 && report.Verdict == Pass {
			t.Errorf("MISSED %s %s→%s\n  %s\n  %s", id, from, to, source, text)
		}
	}
}

// TestRightTranslationsPass has translations that are right though they are not word for word.
func TestRightTranslationsPass(t *testing.T) {
	data, err := os.ReadFile("testdata/right.yaml")
	require.NoError(t, err)
	var cases []struct{ From, To, Source, Translation string }
	require.NoError(t, yaml.Unmarshal(data, &cases))
	require.NotEmpty(t, cases)
	for _, c := range cases {
		compareChanged(t, "right", c.From, c.To, c.Source, []string{c.Translation})
	}
}
