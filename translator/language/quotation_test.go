package language

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// quotationMarks are those of CLDR; in French a space that does not break stands within them. Serbian in the Latin alphabet is
// written from Serbian by rule, with its marks.
var quotationMarks = map[Code][2]string{
	"ar": {"”", "“"}, "de": {"„", "“"}, "en": {"“", "”"}, "es": {"«", "»"}, "fa": {"«", "»"}, "fr": {"«\u00a0", "\u00a0»"}, "id": {"“", "”"},
	"it": {"«", "»"}, "ja": {"「", "」"}, "ko": {"“", "”"}, "nl": {"‘", "’"}, "pt": {"“", "”"}, "pt-PT": {"«", "»"}, "ru": {"«", "»"},
	"sr": {"„", "“"}, "sr-Latn": {"„", "“"}, "th": {"“", "”"}, "tr": {"“", "”"}, "ur": {"”", "“"}, "vi": {"“", "”"}, "zh": {"“", "”"},
	"zh-Hant": {"「", "」"},
}

// Without marks the Spanish "no" of a text denies the sentence that only names it.
func TestWhatAFindingCitesStandsInTheQuotationMarksOfItsLanguage(t *testing.T) {
	cited := regexp.MustCompile(`\{(?:original|translation|expected)\}`)
	for _, code := range All {
		marks := quotationMarks[code]
		for _, key := range []string{
			"changed", "missing", "added", "expected", "readback_changed", "readback_missing", "readback_added",
		} {
			text := texts()[code][key].other
			found := cited.FindAllString(text, -1)
			require.NotEmpty(t, found, "%s: %s", code, key)
			for _, item := range found {
				require.Contains(t, text, marks[0]+item+marks[1], "%s: %s", code, key)
			}
			require.Equal(t, len(found), strings.Count(text, marks[0]), "%s: %s", code, key)
		}
	}
}

func TestOnlyWhereALanguageHasSpacesThereIsOneBetweenSentences(t *testing.T) {
	for code, want := range map[Code]string{"en": "a. b.", "th": "a. b.", "ko": "a. b.", "zh": "a.b.", "zh-Hant": "a.b.", "ja": "a.b."} {
		require.Equal(t, want, Sentences(code, "a.", "b."), code)
	}
	require.Equal(t, "a.", Sentences("en", "a.", ""))
}
