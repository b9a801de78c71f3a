package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/protect"
)

// Words that a translation has not, as the "do" of a question, leave their spaces behind in Apertium's answers.
func TestATranslationOfApertiumHasTheSpacesOfItsSource(t *testing.T) {
	dir := t.TempDir()
	script := `sed -zu 's/Do you have/ Tienes/; s/today//'`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "eng-spa.mode"), []byte(script), 0o600))
	a, err := NewApertium(ApertiumConfig{ModesDir: dir})
	require.NoError(t, err)
	t.Cleanup(a.Close)
	open, closed := protect.Piece{Kind: protect.Open, ID: 1}, protect.Piece{Kind: protect.Close, ID: 1}
	for want, source := range map[string]protect.Segment{
		"Tienes pain?":   {{Text: "Do you have pain?"}},
		"↑ Tienes pain?": {{Text: "↑ Do you have pain?"}},
		"  Tienes it ":   {{Text: "  Do you have it "}},
		"Tienes it":      {open, {Text: "Do you have"}, closed, {Text: " it today"}},
		"Tienes  a  b":   {{Text: "Do you have  a  b"}}, // somebody aligned it
		" ":              {{Text: " "}},
		"":               {{Text: "today"}},
	} {
		answer, err := a.Translate(t.Context(), Request{From: "en", To: "es", Segments: []protect.Segment{source}})
		require.NoError(t, err)
		require.Equal(t, want, answer.Segments[0].Plain(), source.Plain())
	}
	answer, err := a.Translate(t.Context(), Request{From: "en", To: "es", Segments: []protect.Segment{
		{{Kind: protect.Atom, ID: 1, Text: "🙂"}, {Text: " Do you have pain?"}},
	}})
	require.NoError(t, err)
	require.Equal(t, " Tienes pain?", strings.TrimLeft(answer.Segments[0].Plain(), "🙂"), "what stands between a sign and a word")
}
