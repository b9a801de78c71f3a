package check

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// lettersIn returns the slots of a text that have letters in them.
func lettersIn(text string) (with []string) {
	for _, s := range Slots(text, "") {
		of := text[s.Start:max(s.End, s.UnitEnd)]
		if strings.ContainsFunc(of, func(r rune) bool { return r >= 0x80 || asciiLetter(r) }) {
			with = append(with, of)
		}
	}
	return with
}

func TestPlainIsSaidOfTextsWithoutDrugsAndUnitsOnly(t *testing.T) {
	pieces := []string{
		"the", "patient", "in", "bed", "needs", "oxygen", "and", "an", "X-ray", "today", "please", "information", "call", "me", "min", "mg",
		"ml", "kg", "g", "h", "IU", "per", "day", "paracetamol", "Paracetamole", "metformin", "metformine", "amoxicillin", "amox", "vitamin", "B12", "5-FU", "insulin", "insuline",
		"ASA", "salbutamol", "morphin", "heparin", "co-trimoxazole", "zinc", "iron", "500", "5", "0.5", "120/80", "3,5", "mmol/L", "mm Hg", "%", "°C", "C",
		"F", "inches", "weeks", "no", "not", "left", "'s", "q8h", "x", "2x", "1st", "-", "/", "+", ".", ",", "(", ")", "\t", "ﬁ", "é",
	}
	for name := range loaded().skeletons {
		pieces = append(pieces, name, name+"s", strings.ToUpper(name[:1])+name[1:])
	}
	random := rand.New(rand.NewPCG(7, 11))
	plain := 0
	for range 60_000 {
		var text strings.Builder
		for range 1 + random.IntN(7) {
			piece := pieces[random.IntN(66)]
			if random.IntN(8) == 0 {
				piece = pieces[random.IntN(len(pieces))]
			}
			text.WriteString(piece)
			text.WriteString([]string{" ", " ", " ", "  ", "", "-", ", "}[random.IntN(7)])
		}
		if Plain(text.String()) {
			plain++
			require.Empty(t, lettersIn(text.String()), "%q", text.String())
		}
	}
	require.Greater(t, plain, 3000, "it says no to everything")
}

func TestPlain(t *testing.T) {
	for text, want := range map[string]bool{
		"":                                 true,
		"Please call the family of bed 12": true,
		"Can you come to room 4 at 15:30?": true,
		"He has got 3 children":            true,
		"Give 5 mg":                        false,
		"Give 5mg":                         false,
		"a 14-day course":                  false,
		"Give Metformin":                   false,
		"Give metformine now":              false,
		"SpO2 91%":                         false,
		"Der Patient ist müde":             false, // not looked at
		strings.Repeat("a", 200):           false, // nor this
	} {
		t.Run(fmt.Sprintf("%.30s", text), func(t *testing.T) { require.Equal(t, want, Plain(text)) })
	}
}
