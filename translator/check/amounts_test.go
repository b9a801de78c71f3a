package check

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// TestAmountsInEveryLanguage: a teaspoon is no tablespoon and a joule no volt, in any language.
func TestAmountsInEveryLanguage(t *testing.T) {
	var amounts map[language.Code]map[string]string
	readTestdata(t, "amounts.yaml", &amounts)
	require.Len(t, amounts, len(language.Bases))
	for code, own := range amounts {
		for what, text := range own {
			english := amounts["en"][what]
			assertVerdict(t, english, text, "en", code, Pass)
			assertVerdict(t, text, english, code, "en", Pass)
			for other, wrong := range own {
				if other != what && code != "en" {
					assert.NotEqual(t, Pass, compared(english, wrong, "en", string(code)).Verdict, "%s: %s became %s", code, english, wrong)
				}
			}
		}
	}
}

// TestOrdersTurnedRound: an order that became its opposite without a "not", and what is told otherwise without another meaning.
func TestOrdersTurnedRound(t *testing.T) {
	var orders map[language.Code]map[string]string
	readTestdata(t, "orders.yaml", &orders)
	require.Len(t, orders, len(language.Bases))
	turned := map[string]string{"increase": "reduce", "reduce": "increase", "start": "stop", "stop": "start", "before": "after", "after": "before"}
	for code, own := range orders {
		for what, text := range own {
			english, wrong := orders["en"][what], own[turned[what]]
			assertVerdict(t, english, text, "en", code, Pass)
			assertVerdict(t, text, english, code, "en", Pass)
			if code != "en" {
				assert.NotEqual(t, Pass, compared(english, wrong, "en", string(code)).Verdict, "%s: %s became %s", code, english, wrong)
				assert.NotEqual(t, Pass, compared(wrong, english, string(code), "en").Verdict, "%s: %s became %s", code, wrong, english)
			}
		}
	}
}

// TestExchangedOrders: of two drugs, the one to stop and the one to start, the one to give and the one not to.
func TestExchangedOrders(t *testing.T) {
	assertVerdict(t, "Stop warfarin, start heparin.", "Arrêter la warfarine, débuter l'héparine.", "en", "fr", Pass)
	assertVerdict(t, "Stop warfarin, start heparin.", "Arrêter l'héparine, débuter la warfarine.", "en", "fr", Warn)
	assertVerdict(t, "Give heparin; do not give aspirin.", "Dar heparina; no dar aspirina.", "en", "es", Pass)
	assertVerdict(t, "Give heparin; do not give aspirin.", "No dar heparina; dar aspirina.", "en", "es", Warn)
	assertVerdict(t, "Vincristine 2 mg IV, never intrathecally.", "Vincristina 2 mg IV, nunca por via intratecal.", "en", "pt", Pass)
	assertVerdict(t, "Vincristine 2 mg IV, never intrathecally.", "Vincristina 2 mg por via intratecal, nunca IV.", "en", "pt", Warn)
	assertVerdict(t, "The rate of infections will increase", "La tasa de infecciones se reducirá", "en", "es", Pass)
	assertVerdict(t, "BP 180/110.", "TA 18/11.", "en", "fr", Pass)
	assertVerdict(t, "BP 180/110.", "TA 16/11.", "en", "fr", Block)
	assertVerdict(t, "Skip it if the pulse is 60.", "脉搏60时停服。", "en", "zh", Pass)
}
