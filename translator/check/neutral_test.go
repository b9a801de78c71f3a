package check

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"medixchange/translator/language"
)

// TestLanguagesWithoutWords: what no word is needed for is compared in every language.
func TestLanguagesWithoutWords(t *testing.T) {
	for _, c := range []struct {
		from, to            language.Code
		source, translation string
		verdict             Verdict
		codes               string
	}{
		{"en", "kmr", "Do not take more than 4 g of paracetamol in 24 hours.", "Di 24 saetan de ji 4 g paracetamol zêdetir nestînin.", Pass, ""},
		{"en", "kmr", "Do not take more than 4 g of paracetamol in 24 hours.", "Di 24 saetan de ji 40 g paracetamol zêdetir nestînin.", Block, "decimal number"},
		{"en", "kmr", "Do not take more than 4 g of paracetamol in 24 hours.", "Di 24 saetan de ji 4 mg paracetamol zêdetir nestînin.", Block, "unit"},
		{"en", "kmr", "Do not take more than 4 g of paracetamol in 24 hours.", "Di 24 saetan de ji 4 g ibuprofen zêdetir nestînin.", Block, "drug"},
		{"en", "hi", "The patient has no pain and takes 2 tablets of warfarin.", "मरीज को दर्द नहीं है और वह वारफेरिन की दो गोलियाँ लेता है।", Pass, ""},
		{"en", "hi", "The pulse is 120 and the temperature 38.5.", "नाड़ी १२० और तापमान ३८.५ है।", Pass, ""},
		{"en", "hi", "The pulse is 120 and the temperature 38.5.", "नाड़ी १२० और तापमान ३७.५ है।", Warn, "number"},
		{"en", "hi", "The patient was seen by the doctor today.", "The patient was seen by the doctor today.", Block, "echo"},
		{"en", "hi", "The patient was seen by the doctor today.", "Пациента сегодня осмотрел врач.", Block, "script"},
		{"en", "sw", "1.5 million people were tested in 2020.", "Watu milioni 1.5 walipimwa mwaka 2020.", Pass, ""},
		{"ha", "en", "Ba ya jin zafi.", "He has no pain.", Pass, ""},
		{"", "", "BP 120/80", "BP 180/80", Block, "blood_pressure number"},
	} {
		report := Compare([]string{c.source}, []string{c.translation}, c.from, c.to)
		assert.Equal(t, c.verdict, report.Verdict, "%s %v", c.translation, report.Reasons)
		assert.Equal(t, c.codes, strings.Join(report.Codes(), " "), c.translation)
	}
}

// TestMoreNumbersThanAreCompared: a text that is all numbers is neither waved through nor compared for minutes.
func TestMoreNumbersThanAreCompared(t *testing.T) {
	text := strings.Repeat("12 mg 7, ", 5000)
	report := Compare([]string{text}, []string{text}, "en", "es")
	assert.Equal(t, Warn, report.Verdict)
	assert.Equal(t, []string{"number"}, report.Codes())
}
