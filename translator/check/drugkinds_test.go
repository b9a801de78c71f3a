package check

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// TestInsulinsAreNamedInManyWays: names, brands and orders of words that mean one insulin.
func TestInsulinsAreNamedInManyWays(t *testing.T) {
	for _, c := range []struct {
		from, to            language.Code
		source, translation string
	}{
		{"en", "es", "Insulin glargine 10 units; stop insulin if glucose is below 70", "Insulina glargina 10 unidades; suspenda la glargina si la glucosa es inferior a 70"},
		{"en", "de", "6 units of short-acting insulin", "6 Einheiten Normalinsulin"},
		{"en", "ja", "Rapid-acting insulin 6 units", "超速効型インスリン6単位"},
		{"en", "es", "Lantus 20 units", "Insulina glargina 20 unidades"},
		{"en", "ru", "Insulin glargine 10 units", "10 ЕД инсулина гларгина"},
		{"en", "sr", "Insulin detemir 12 units", "12 јединица инсулина детемира"},
		{"en", "es", "Aspartate aminotransferase 80 U/L", "Aspartato aminotransferasa 80 U/L"},
	} {
		report := Compare([]string{c.source}, []string{c.translation}, c.from, c.to)
		require.Equal(t, Pass, report.Verdict, "%s → %s: %v", c.source, c.translation, report.Reasons)
	}
}
