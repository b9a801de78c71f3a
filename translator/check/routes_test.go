package check

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// TestRoutesInEveryLanguage: each way to give a drug is the same in every language, and another one is never shown.
func TestRoutesInEveryLanguage(t *testing.T) {
	var routes map[language.Code]map[string]string
	readTestdata(t, "routes.yaml", &routes)
	require.Len(t, routes, len(language.Bases))
	for code, ways := range routes {
		for way, phrase := range ways {
			text, english := "Morphine 5 mg "+phrase+".", "Morphine 5 mg "+routes["en"][way]+"."
			assertVerdict(t, english, text, "en", code, Pass)
			assertVerdict(t, text, english, code, "en", Pass)
			for other, wrong := range ways {
				if other != way {
					report := compared(english, "Morphine 5 mg "+wrong+".", "en", string(code))
					assert.Contains(t, report.Codes(), "route", "%s: %s became %s", code, english, wrong)
				}
			}
		}
	}
}

// TestWhatBelongsToADrug: the routes, frequencies and doses of two drugs do not change places.
func TestWhatBelongsToADrug(t *testing.T) {
	morphine := "Morphine 5 mg IV, paracetamol 1 g PO."
	assertVerdict(t, morphine, "Morphin 5 mg i.v., Paracetamol 1 g p.o.", "en", "de", Pass)
	assertVerdict(t, morphine, "Morphin 5 mg p.o., Paracetamol 1 g i.v.", "en", "de", Warn)
	assertVerdict(t, morphine, "Damar içine 5 mg morfin, ağız yoluyla 1 g parasetamol.", "en", "tr", Pass)
	amoxicillin := "Amoxicillin 500 mg three times daily and prednisone 20 mg once daily."
	assertVerdict(t, amoxicillin, "Amoxicilline 500 mg trois fois par jour et prednisone 20 mg une fois par jour.", "en", "fr", Pass)
	assertVerdict(t, amoxicillin, "Amoxicilline 500 mg une fois par jour et prednisone 20 mg trois fois par jour.", "en", "fr", Warn)
}

// TestEyesAndEars: drops for the eye are none for the ear, and an eye that is named for another reason proves nothing.
func TestEyesAndEars(t *testing.T) {
	drops := "Instil two drops in the left eye every six hours."
	assertVerdict(t, drops, "Instilar dos gotas en el ojo izquierdo cada seis horas.", "en", "es", Pass)
	assertVerdict(t, drops, "Instilar dos gotas en el oído izquierdo cada seis horas.", "en", "es", Block)
	assertVerdict(t, "Keep an eye on him and give 5 mg of morphine", "Vigílelo y administre 5 mg de morfina", "en", "es", Pass)
}
