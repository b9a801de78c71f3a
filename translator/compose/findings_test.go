package compose

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/check"
	"medixchange/translator/language"
)

// What somebody read back is no translation: its faults are those of a person, and told as such in every language.
func TestAReadBackIsComparedWithTheOrder(t *testing.T) {
	reasons := []check.Reason{{Code: "dose", Original: "5 mg", Translation: "50 mg"}, {Code: "route", Original: "IV"}, {Code: "side", Translation: "left"}, {Code: "negation"}}
	require.Equal(t, "Dose: order “5 mg”, read back “50 mg”. Route: order “IV”, not read back. Side: “left” only in the read-back. Negation.", ReadBackFindings("en", reasons))
	for _, reader := range language.All {
		told := ReadBackFindings(reader, reasons)
		require.NotRegexp(t, `\{[a-z]+\}|item_|readback_`, told)
		for _, reason := range reasons[:3] {
			require.NotContains(t, told, Findings(reader, []check.Reason{reason}), "%s speaks of a translation", reader)
		}
	}
}

// Without quotation marks "no" would deny the sentence that names it, and a repeated word would read as ours.
func TestAFindingCannotBeReadAsPartOfTheSentenceThatNamesIt(t *testing.T) {
	for _, c := range []struct {
		reader language.Code
		reason check.Reason
		want   string
	}{
		{"es", check.Reason{Code: "negation", Translation: "no"}, "Negación: «no» solo en la traducción."},
		{"fr", check.Reason{Code: "negation", Translation: "pas"}, "Négation : «\u00a0pas\u00a0» seulement dans la traduction."},
		{"ar", check.Reason{Code: "number", Translation: "مرتين في"}, "رقم: ”{مرتين في}“ في الترجمة فقط."},
		{"fa", check.Reason{Code: "dose", Original: "5 mg"}, "دوز: متن اصلی «{5 mg}»، در ترجمه نیست."},
		{"zh", check.Reason{Code: "negation", Original: "not", Expected: "不"}, "否定：原文“not”，应为“不”。"},
	} {
		require.Equal(t, c.want, shownDirections.Replace(Findings(c.reader, []check.Reason{c.reason})))
	}
}

func TestChineseAndJapaneseFindingsHaveNoSpaceBetweenThem(t *testing.T) {
	reasons := []check.Reason{{Code: "frequency", Original: "qid", Translation: "每4小时"}, {Code: "number", Original: "4"}}
	require.Contains(t, Findings("zh", reasons), "“每4小时”。数字：")
	require.Contains(t, Findings("zh-Hant", reasons), "「每4小时」。數字：")
	require.Contains(t, Findings("ja", reasons), "「每4小时」。数値：")
	require.Contains(t, Findings("en", reasons), "”. Number:")
}
