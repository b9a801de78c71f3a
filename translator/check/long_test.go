package check

import (
	"strings"
	"testing"

	"medixchange/translator/language"
)

// TestLongTextsOfOneKindEnd compares messages of the largest size that hold one kind of word alone: whatever is compared with each other
// has a bound, so that nobody can keep a node busy with one message. A rule without one takes longer here than all other tests together.
func TestLongTextsOfOneKindEnd(t *testing.T) {
	const bytes = 64 << 10
	long := func(text string) string { return strings.Repeat(text+" ", bytes/(len(text)+1)) }
	for english, spanish := range map[string]string{
		"up to 5":                            "hasta 5",
		"up to":                              "al menos",
		"over an hour":                       "en una semana",
		"over an hour, over an hour":         "en una hora, poco a poco y sin prisa",
		"an hour, 7 days":                    "en una semana, un minuto",
		"every day, three times":             "cada día, tres veces",
		"daily. three times.":                "diario, dos veces",
		"unless if":                          "si salvo que",
		"below 50 no":                        "por encima de 50 no",
		"no heparin stop below 50":           "sin heparina parar menos de 50",
		"because of aspirin, give warfarin":  "por warfarina, dar aspirina",
		"hold if":                            "suspender si",
		"on Monday":                          "todos los días",
		"the left knee is, the right one is": "la rodilla izquierda está, la derecha está",
	} {
		for _, pair := range [][2]string{{english, spanish}, {english, english}} {
			to := language.Code("es")
			if pair[0] == pair[1] {
				to = "en"
			}
			Compare([]string{long(pair[0])}, []string{long(pair[1])}, "en", to)
		}
	}
}
