package check

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// TestConcentrationsAreComparedAsOne: in every pair of languages a concentration whose halves stand apart, or of which one is lost or another,
// is found, and the same strength for a volume of one is no other.
func TestConcentrationsAreComparedAsOne(t *testing.T) {
	for _, from := range language.All {
		for _, to := range language.All {
			verdict := func(source, translation string) Verdict {
				c := &comparison{from: from, to: to}
				c.segment(source, translation)
				return c.report().Verdict
			}
			const source = "Ibuprofen 100 mg/5 mL"
			for _, right := range []string{"Ibuprofen 100 mg / 5 mL", "Ibuprofen 0.1 g/5 mL", "Ibuprofen 20 mg/mL"} {
				require.Equal(t, Pass, verdict(source, right), "%s→%s: %s", from, to, right)
			}
			for wrong, want := range map[string]Verdict{
				"Ibuprofen 100 mg, 5 mL": Warn, "5 mL Ibuprofen 100 mg": Warn, "Ibuprofen 100 mg": Warn, "Ibuprofen 5 mL": Warn,
				"Ibuprofen 100 mg/50 mL": Block, "Ibuprofen 200 mg/mL": Block, "Ibuprofen 5 mg/100 mL": Block,
			} {
				require.Equal(t, want, verdict(source, wrong), "%s→%s: %s", from, to, wrong)
			}
			require.Equal(t, Warn, verdict("5 mL "+source, "5 mL Ibuprofen 100 mg"), "%s→%s: the volume is that of another amount", from, to)
		}
	}
}

// TestProtectedAmountsAreWrittenWithSlashes: "per" is a word of the source, which the engine does not see.
func TestProtectedAmountsAreWrittenWithSlashes(t *testing.T) {
	for _, c := range []struct {
		in         language.Code
		text, want string
	}{
		{"en", "250 mg per 5 mL", "250 mg/5 mL"},
		{"en", "5 mg per mL", "5 mg/mL"},
		{"es", "100 mg por cada 5 mL", "100 mg/5 mL"},
		{"ar", "١٠٠ مجم لكل ٥ مل", "100 mg/5 mL"},
		{"zh", "100毫克每5毫升", "100 mg/5 mL"},
		{"ru", "40 мг на 2 мл", "40 mg/2 mL"},
		{"en", "40 mg / 2 mL", "40 mg / 2 mL"},
		{"en", "500 mg", "500 mg"},
		{"en", "heparin", "heparin"},
		{"it", "500 mg per l'infezione", "500 mg per l'infezione"},
		{"fr", "500 mg par l’infirmière", "500 mg par l’infirmière"},
		{"it", "500 mg per l", "500 mg/l"},
	} {
		require.Equal(t, c.want, Readable(WithSlashes(c.text, c.in)), c.text)
	}
}

// TestAnElidedArticleIsNoVolume: what is given "per l'infezione" is no amount in a litre.
func TestAnElidedArticleIsNoVolume(t *testing.T) {
	for text, in := range map[string]language.Code{
		"amoxicillina 500 mg per l'infezione": "it", "lorazepam 500 mg per l’ansia": "it", "500 mg par l'infirmière": "fr", "500 mg par l’interne": "fr", "500 mg PER L'EDEMA": "it",
		"inject 500 mg per L-line": "en", "give 500 mg per NG tube": "en",
	} {
		parts := Protected(text, in)
		last := parts[len(parts)-1]
		require.Equal(t, "500 mg", text[last.Start:last.End], text)
	}
}
