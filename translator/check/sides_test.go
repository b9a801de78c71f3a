package check

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"medixchange/translator/language"
)

// TestBothSidesOfASentenceAreNeeded: a side that an engine takes for something else does not pass because the text names the
// other one too, and which of the two is not meant is compared.
func TestBothSidesOfASentenceAreNeeded(t *testing.T) {
	for _, c := range []struct {
		from, to            language.Code
		source, translation string
		passes              bool
	}{
		{"en", "es", "Operate on the left, not right, leg.", "Opere en el izquierdo, no bien, la pierna.", false},
		{"en", "es", "Operate on the left, not right, leg.", "Opere la pierna izquierda, no la derecha.", true},
		{"en", "es", "Operate on the left, not right, leg.", "Opere la pierna derecha, no la izquierda.", false},
		{"en", "fr", "Operate on the left leg, not the right.", "Opérez la jambe gauche, pas la droite.", true},
		{"en", "fr", "Operate on the left leg, not the right.", "Opérez la jambe droite, pas la gauche.", false},
		{"en", "tr", "Operate on the left leg, not the right leg.", "Sağ bacağı değil sol bacağı ameliyat edin.", true},
		{"en", "tr", "Operate on the left leg, not the right leg.", "Sol bacağı değil sağ bacağı ameliyat edin.", false},
		{"en", "zh", "Operate on the left leg, not the right leg.", "手术部位是左腿，不是右腿。", true},
		{"en", "zh", "Operate on the left leg, not the right leg.", "手术部位是右腿，不是左腿。", false},
		{"en", "de", "The left kidney is smaller than the right.", "Die linke Niere ist kleiner als die rechte.", true},
		{"en", "de", "The left kidney is smaller than the right.", "Die linke Niere ist kleiner als normal.", false},
		{"en", "de", "The left knee is swollen, the right one looks normal.", "Das linke Knie ist geschwollen, das rechte sieht normal aus.", true},
		{"en", "de", "The left knee is swollen, the right one looks normal.", "Das linke Knie ist geschwollen, das sieht normal aus.", false},
		{"en", "de", "The left knee is swollen, the right one looks normal.", "Das linke Knie ist geschwollen, das linke sieht normal aus.", false},
		{"en", "de", "The left knee is swollen, the right treatment is ice.", "Das linke Knie ist geschwollen, am besten kühlt man es.", true},
		{"en", "es", "The left leg hurts right now.", "La pierna izquierda duele ahora.", true},
		{"en", "es", "He left and came back with a swollen right leg.", "Se fue y volvió con la pierna derecha hinchada.", true},
	} {
		report := Compare([]string{c.source}, []string{c.translation}, c.from, c.to)
		assert.Equal(t, c.passes, report.Verdict == Pass, "%s: %v", c.translation, report.Reasons)
		if !c.passes {
			assert.Contains(t, report.Codes(), "side", c.translation)
		}
	}
}
