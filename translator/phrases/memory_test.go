package phrases

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

func TestEmbeddedPhrases(t *testing.T) {
	memory, err := Embedded()
	require.NoError(t, err)
	require.GreaterOrEqual(t, memory.Len(), 500)
	for _, e := range memory.entries {
		require.False(t, e.reviewed, "%s: shipped phrases are unreviewed", e.id)
	}
}

func text(m Match, source string) string {
	var s string
	for _, part := range m.Parts {
		if part.Slot {
			s += source[part.From:part.To]
		} else {
			s += part.Text
		}
	}
	return s
}

func TestFind(t *testing.T) {
	memory, err := Embedded()
	require.NoError(t, err)
	for _, test := range []struct {
		from, to   language.Code
		say, reads string
	}{
		{"en", "es", "The patient has fever", "El paciente tiene fiebre."},
		{"en", "zh", "  the PATIENT has a fever!! ", "患者发热。"},
		{"zh", "en", "患者发热", "The patient has a fever."},
		{"es", "ja", "¿Cuál es la temperatura?", "体温はいくつですか？"},
		{"en", "fr", "Give paracetamol 500 mg every 8 hours.", "Administrez paracetamol 500 mg toutes les 8 heures."},
		{"en", "fr", "Give 500 mg of paracetamol every 8 hours.", "Administrez paracetamol 500 mg toutes les 8 heures."},
		{"en", "tr", "Temperature 38.5 °C", "Vücut ısısı 38.5 °C."},
		{"en", "ru", "Blood pressure 120/80", "Артериальное давление 120/80."},
		{"en", "ar", "The pain is 7 out of 10.", "شدة الألم 7 من 10."},
		{"en", "th", "Oxygen saturation 92% on room air.", "ความอิ่มตัวของออกซิเจน 92% ในอากาศห้อง"},
		{"ja", "vi", "体温38.5 °C。", "Nhiệt độ 38.5 °C."},
	} {
		match, ok := memory.Find(test.say, test.from, test.to)
		require.True(t, ok, test.say)
		require.Equal(t, test.reads, text(match, test.say))
	}
	for _, say := range []string{"The patient has fever?", "The patient has no", "Fever", "The pain is 7 out of 11.", "", "Give paracetamol every 8 hours."} {
		_, ok := memory.Find(say, "en", "es")
		require.False(t, ok, say)
	}
}

func TestLoadNamesTheLine(t *testing.T) {
	whole := "\n"
	for _, code := range columns {
		if code != "vi" && code != "pt-PT" {
			whole += "  " + string(code) + ": a{n}\n"
		}
	}
	for name, test := range map[string]struct{ file, want string }{
		"missing language": {"- concept: x" + whole, "t.yaml:1: x has no vi"},
		"other slots":      {"- concept: x" + whole + "  vi: a{dose}\n", "slots of vi"},
		"unknown slot":     {"- concept: x" + whole + "  vi: a{what}\n", "unknown slot {what}"},
		"no other word":    {"- concept: x" + whole + "  vi: 'a{n} [one:b]'\n", "has no word for other numbers"},
		"no number":        {"- concept: x\n  zh: a [one:b|c]\n", "has no {n} to agree with"},
		"unknown category": {"- concept: x\n  zh: 'a{n} [one:b|c]'\n", "zh has no category one"},
		"unknown key":      {"- concept: x\n  xx: y\n", "t.yaml:2: unknown key"},
		"bad status":       {"- concept: x\n  status: fine\n", "t.yaml:2: status"},
		"same id":          {"- concept: x" + whole + "  vi: a{n}\n- concept: x" + whole + "  vi: a{n}\n", ": concept x stands in t.yaml:1 already"},
		"same words":       {"- concept: x" + whole + "  vi: a{n}\n- concept: y" + whole + "  vi: a{n}\n", ": y, zh: \"a{n}\" is x already (t.yaml:1)"},
		"no list":          {"x: y\n", "a list of phrases"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(fstest.MapFS{"data/t.yaml": {Data: []byte(test.file)}})
			require.ErrorContains(t, err, test.want)
		})
	}
}

func FuzzFind(f *testing.F) {
	memory, err := Embedded()
	require.NoError(f, err)
	f.Add("Give paracetamol 500 mg every 8 hours.")
	f.Fuzz(func(t *testing.T, say string) {
		if match, ok := memory.Find(say, "en", "zh"); ok {
			text(match, say)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	memory, err := Embedded()
	require.NoError(b, err)
	for b.Loop() {
		if _, ok := memory.Find("Give paracetamol 500 mg every 8 hours.", "en", "zh"); !ok {
			b.Fatal("not found")
		}
	}
}
