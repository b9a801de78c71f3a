package check

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// TestInvariantsOfEachLanguage: what a reader has to see verbatim is found in every language and script of the safety suite.
func TestInvariantsOfEachLanguage(t *testing.T) {
	tags, said := suite(t)
	wanted := map[string][]Kind{
		"adrenaline":  {KindDose, KindDrug, KindRoute},
		"allergy":     {KindNegation, KindDrug},
		"amoxicillin": {KindDrug, KindDose, KindFrequency},
		"femur":       {KindSide},
		"vitals":      {KindPressure, KindDose},
		"symptoms":    {KindNegation},
		"insulin":     {KindDrug, KindDose, KindRoute, KindFrequency},
		"heparin":     {KindNegation},
		"wound":       {KindSide},
		"discharge":   {KindNegation},
		"morphine":    {KindDrug, KindDose, KindRoute, KindFrequency},
		"paracetamol": {KindNegation},
	}
	for _, tag := range tags {
		code, err := language.Parse(tag)
		require.NoError(t, err)
		for id, kinds := range wanted {
			sentence, ok := said[tag][id]
			if !ok {
				continue
			}
			have := map[Kind]bool{}
			shown := ""
			for _, invariant := range Invariants(sentence["say"], code) {
				have[invariant.Kind] = true
				shown += invariant.Text + " | "
				require.Contains(t, sentence["say"], invariant.Text)
			}
			x := extract(sentence["say"], code)
			for _, drug := range x.drugs { // it may stand within a negation: "not allergic to penicillin"
				assert.Contains(t, shown, x.text(drug), "%s %s", tag, id)
				have[KindDrug] = true
			}
			for _, kind := range kinds {
				assert.True(t, have[kind], "%s %s: no %s in %s", tag, id, kind, shown)
			}
		}
	}
}

// TestInvariantsHoldTheirSigns: 7 g/dl is not what "<7 g/dl" says.
func TestInvariantsHoldTheirSigns(t *testing.T) {
	for text, want := range map[string]string{
		"Haemoglobin <7 g/dl": "<7 g/dl", "saturation < 92%": "< 92%", "at -20 °C": "-20 °C", "COVID-19: 5–10 mg": "5–10 mg", "x -> 5 mg": "5 mg",
	} {
		require.Equal(t, []Invariant{{KindDose, want}}, Invariants(text, "en"), text)
	}
}
