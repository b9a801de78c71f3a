package language

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCertainInTheSameScript: a text of some words is found to be in another language of its script, and a name is not.
func TestCertainInTheSameScript(t *testing.T) {
	for _, test := range []struct {
		text           string
		expected, want Code
	}{
		{"بیمار از امروز صبح سردرد دارد.", "ar", "fa"},
		{"مریض کو آج صبح سے سر درد ہے۔", "ar", "ur"},
		{"يعاني المريض من صداع منذ هذا الصباح.", "fa", "ar"},
		{"مریض کو آج صبح سے سر درد ہے۔", "fa", "ur"},
		{"بیمار از امروز صبح سردرد دارد.", "ur", "fa"},
		{"У пациента с утра болит голова.", "sr", "ru"},
		{"Пацијент од јутрос има главобољу.", "ru", "sr"},
		{"The patient has had a headache since this morning.", "sr", "en"},
		{"Pacijent od jutros ima glavobolju.", "sr", "sr"},
		{"患者从今天早上开始头痛。", "ja", "zh"},
		{"患者昨晚因胸痛和呼吸困難入院。", "ja", "zh-Hant"},
		{"Le patient a mal à la tête depuis ce matin.", "es", "fr"},
		{"Hastanın bu sabahtan beri başı ağrıyor.", "es", "tr"},
		{"The patient has headache since the morning.", "es", "en"},
		{"Inicie a noradrenalina a 0,1 µg/kg/min e aumente lentamente.", "pt", "pt"},
		{"الدكتور محمد رضا أحمدي", "ar", "ar"},
		{"Dra. Anna Schneider, Universitätsklinikum Heidelberg", "es", ""},
		{"左下肢深部静脈血栓症", "ja", ""},
		{"体温38.2、血圧正常、意識清明、瞳孔左右同大、対光反射正常", "ja", "ja"},
	} {
		found, sameScript := Certain(test.text, test.expected)
		require.True(t, sameScript, test.text)
		if test.want == test.expected {
			require.Contains(t, []Code{"", test.want}, found, test.text)
			continue
		}
		require.Equal(t, test.want, found, "%s: %s", test.expected, test.text)
	}
}

// TestCertainTICO: neither a sentence nor its beginning is ever taken for one of another language.
func TestCertainTICO(t *testing.T) {
	for code, sentences := range ticoSentences(t) {
		for _, words := range []int{4, 6, 10, 10_000} {
			wrong := 0
			for _, sentence := range sentences {
				text := firstWords(sentence, code, words)
				if found, _ := Certain(text, code); found != "" && found.Base() != code.Base() {
					t.Logf("%s taken for %s: %s", code, found, text)
					wrong++
				}
			}
			require.LessOrEqual(t, wrong, 1, "%s at %d words", code, words)
		}
	}
}
