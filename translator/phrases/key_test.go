package phrases

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// TestASignThatThePhraseHasNotIsNoPunctuation: what a sign says would be lost.
func TestASignThatThePhraseHasNotIsNoPunctuation(t *testing.T) {
	memory, err := Embedded()
	require.NoError(t, err)
	for _, test := range []struct {
		code      language.Code
		say       string // a phrase
		otherwise []string
	}{
		{"en", "Haemoglobin 7 g/dL.", []string{"Haemoglobin <7 g/dL.", "Haemoglobin < 7 g/dL", "Haemoglobin ≤7 g/dL", "Haemoglobin ~7 g/dL", "Haemoglobin 7 g/dL ↓", "↑ Haemoglobin 7 g/dL", "Haemoglobin ±7 g/dL", "Haemoglobin 7 g/dL+", "Haemoglobin 7 g/dL 👎"}},
		{"en", "Potassium 5.5 mmol/L", []string{"Potassium >5.5 mmol/L", "Potassium ≥5.5 mmol/L", "Potassium ≈5.5 mmol/L", "Potassium +5.5 mmol/L", "Potassium 5.5 mmol/L*", "Potassium #5.5 mmol/L", "Potassium -5.5 mmol/L", "Potassium \uf0b35.5 mmol/L"}},
		{"en", "Temperature 38.5 °C", []string{"Temperature -38.5 °C", "Temperature −38.5 °C", "Temperature – 38.5 °C", "Temperature: -38.5 °C", "Temperature - 38.5 °C", "Temperature 38.5' °C"}},
		{"en", "White blood cell count 10.", []string{"White blood cell count 10⁹.", "White blood cell count 10^9.", "White blood cell count 10₉.", "White blood cell count ½.", "White blood cell count 10½", "White blood cell count ⑩."}},
		{"en", "The patient has fever", []string{"The patient has fever -", "The patient has fever +", "+The patient has fever"}},
		{"en", "Stop paracetamol.", []string{"Stop! Paracetamol.", "Stop. Paracetamol.", "Stop? Paracetamol.", "Stop… Paracetamol.", "Stop; paracetamol.", "Stop\nparacetamol.", "? Stop paracetamol"}},
		{"es", "El paciente tiene fiebre.", []string{"¿El paciente? Tiene fiebre.", "El paciente. Tiene fiebre."}},
		{"zh", "血氧饱和度92%", []string{"血氧饱和度<92%", "血氧饱和度＜92%", "血氧饱和度≥92%", "血氧饱和度。92%", "血氧饱和度92%↓"}},
		{"ja", "体温38.5 °C。", []string{"体温。38.5 °C。", "体温！38.5 °C", "体温＞38.5 °C。"}},
		{"ur", "مریض کو بخار ہے۔", []string{"مریض کو۔ بخار ہے۔", "مریض کو؟ بخار ہے۔"}},
	} {
		found := func(text string) bool {
			normal, ok := Normal(text)
			if !ok {
				return false
			}
			_, _, ok = memory.lookUp(newReading(normal), test.code)
			return ok
		}
		require.True(t, found(test.say), test.say)
		for _, other := range test.otherwise {
			require.False(t, found(other), other)
			require.Empty(t, memory.Languages(other), other)
		}
	}
}

// TestPunctuationIsFolded as it always was.
func TestPunctuationIsFolded(t *testing.T) {
	memory, err := Embedded()
	require.NoError(t, err)
	for code, texts := range map[language.Code][]string{
		"en": {"Potassium: 5.5 mmol/L", "potassium (5.5 mmol/L)!", "“The patient has fever”...", "- The patient has fever", "Oxygen saturation 92％ on room air", "… the patient has fever"},
		"zh": {"「患者发热」", "血氧饱和度：92％"},
		"fr": {"L’isolement peut être levé.", "Y a t il eu contact avec une personne infectée?"},
		"th": {"ความอิ่มตัวของออกซิเจน 92٪ ในอากาศห้อง"},
	} {
		for _, say := range texts {
			normal, ok := Normal(say)
			require.True(t, ok)
			_, _, ok = memory.lookUp(newReading(normal), code)
			require.True(t, ok, say)
		}
	}
}
