package search

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWhatIsWrittenDifferentlyIsOneWord in each pair.
func TestWhatIsWrittenDifferentlyIsOneWord(t *testing.T) {
	for _, pair := range [][2]string{
		{"Fièvre", "fievre"}, {"sốt", "sot"}, {"Straße", "STRASSE"}, {"IŞIK", "ışık"}, {"İlaç", "ilac"}, {"œdème", "oedeme"}, {"Ärztin", "A\u0308rztin"},
		{"ﬁbre", "fibre"}, {"５００", "500"}, {"٥٠٠", "500"}, {"۵۰۰", "500"}, {"๕๐๐", "500"}, {"0,5", "0.5"}, {"٠٫٥", "0.5"},
		{"грозница", "groznica"}, {"ђак", "đak"}, {"љубав", "ljubav"}, {"ёж", "еж"},
		{"بيمار", "بیمار"}, {"كودك", "کودک"}, {"حَوَامِل", "حوامل"}, {"المريض", "مريض"}, {"والمريض", "مريض"}, {"حمى", "حمي"}, {"مصـــاب", "مصاب"}, {"أحمد", "احمد"},
		{"ہاتھ", "هاته"}, {"ウイルス", "ういるす"}, {"ｳｲﾙｽ", "ウィルス"}, {"發熱", "发热"}, {"a\u00adb\u2067c", "abc"},
	} {
		require.Equal(t, termsOf(pair[1]), termsOf(pair[0]), "%q and %q", pair[0], pair[1])
	}
}

// TestWhatMeansSomethingElseStaysApart although it looks alike.
func TestWhatMeansSomethingElseStaysApart(t *testing.T) {
	for _, pair := range [][2]string{{"5", "50"}, {"0.5", "05"}, {"1.000", "1000"}, {"ガス", "カス"}, {"ไข้", "ไข่"}, {"ورم", "رم"}, {"血压", "血糖"}} {
		require.NotEqual(t, termsOf(pair[1]), termsOf(pair[0]), "%q and %q", pair[0], pair[1])
	}
}

func termsOf(text string) []string {
	_, pieces := scan(text, simplified)
	var terms []string
	for _, p := range pieces {
		terms = append(terms, p.term)
	}
	return terms
}

// TestAWordOfPartsIsAlsoOneWord however it is joined.
func TestAWordOfPartsIsAlsoOneWord(t *testing.T) {
	for text, want := range map[string][]string{
		"COVID-19":     {"covid", "19", "covid19"},
		"5mg":          {"5", "mg", "5mg"},
		"نمی\u200cشود": {"نمي", "شود", "نميشود"},
		"l'eau":        {"l", "eau", "leau"},
		"a-b-c-d-e":    {"a", "b", "c", "d", "e"},
		"-x-":          {"x"},
		"SpO2":         {"spo", "2", "spo2"},
	} {
		require.Equal(t, want, termsOf(text), text)
	}
}

// TestFormsOfAWord: which words of an index stand for one that is looked for.
func TestFormsOfAWord(t *testing.T) {
	for _, c := range []struct {
		word, found string
		is          bool
	}{
		{"patienten", "patient", true}, {"fever", "feverish", true}, {"coughing", "coughs", true}, {"respiracion", "respirar", true},
		{"hastalarda", "hastalar", true}, {"dose", "dosi", true}, {"arm", "art", false}, {"left", "right", false}, {"dose", "dorsal", false},
		{"insulin", "insomnia", false},
	} {
		require.Equal(t, c.is, likeness(c.word, c.found) > 0, "%s and %s", c.word, c.found)
	}
	require.True(t, isSlip("paracetmol", "paracetamol"))
	require.True(t, isSlip("fevre", "fever"))
	require.False(t, isSlip("fever", "favour"))
}
