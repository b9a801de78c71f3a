package language

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ticoSentences reads the sentences of the benchmark by language. Without the data a test is skipped, except in CI.
func ticoSentences(t *testing.T) map[Code][]string {
	t.Helper()
	root := os.Getenv("MEDIX_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	} else if !filepath.IsAbs(root) {
		root = filepath.Join("..", "..", root)
	}
	file, err := os.Open(filepath.Join(root, "data", "tico19", "tico19-240.tsv"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("shared data is missing: %v", err)
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.Comma, reader.LazyQuotes, reader.FieldsPerRecord = '\t', true, -1
	rows, err := reader.ReadAll()
	require.NoError(t, err)
	sentences := map[Code][]string{}
	for column, name := range rows[0] {
		if code := Code(name); column > 0 && code.Known() {
			for _, row := range rows[1:] {
				sentences[code] = append(sentences[code], row[column])
			}
		}
	}
	return sentences
}

// firstWords cuts a sentence; of one without spaces it takes three characters for a word.
func firstWords(text string, code Code, words int) string {
	if code == "zh" {
		runes := []rune(text)
		return string(runes[:min(len(runes), words*2)])
	}
	fields := strings.Fields(text)
	return strings.Join(fields[:min(len(fields), words)], " ")
}

// TestIdentifyTICO measures on sentences and their beginnings with no hint at all, and with a sender who reads another
// language than they write.
func TestIdentifyTICO(t *testing.T) {
	sentences := ticoSentences(t)
	for _, test := range []struct {
		words          int
		right, foreign float64 // floors in every language, in per cent
	}{{4, 96, 95}, {6, 97, 96}, {10, 99, 98}, {10_000, 99.5, 99}} {
		for code, of := range sentences {
			m := measure(of, code, test.words)
			t.Logf("%s, %d words: %.1f %% right, %.1f %% sure, %.1f %% sure and wrong; %.1f %% right for a sender who reads another language",
				code, test.words, m.right, m.sure, m.surelyWrong, m.foreign)
			require.GreaterOrEqual(t, m.right, test.right, "%s at %d words", code, test.words)
			require.GreaterOrEqual(t, m.foreign, test.foreign, "%s at %d words, sender of another language", code, test.words)
			require.LessOrEqual(t, m.surelyWrong, 0.9, "%s at %d words", code, test.words)
		}
	}
}

// measured are shares in per cent.
type measured struct{ right, sure, surelyWrong, foreign float64 }

func measure(sentences []string, code Code, words int) measured {
	other := Code("en")
	if code == "en" {
		other = "es"
	}
	var m measured
	one := 100 / float64(len(sentences))
	for _, sentence := range sentences {
		text := firstWords(sentence, code, words)
		if Detect(text, other) == code {
			m.foreign += one
		}
		guesses := Identify(text, "")
		if len(guesses) == 0 {
			continue
		}
		right := guesses[0].Code == code
		if right {
			m.right += one
		}
		if guesses[0].Probability >= Sure {
			m.sure += one
			if !right {
				m.surelyWrong += one
			}
		}
	}
	return m
}

// TestIdentify: what is known of the sender decides only where the text does not.
func TestIdentify(t *testing.T) {
	for _, test := range []struct {
		text         string
		sender, want Code
		sure         bool
	}{
		{"Saturación de oxígeno 88%.", "", "es", true}, {"Saturación de oxígeno 88%.", "en", "es", true}, {"Saturacion de oxigeno 88%.", "", "es", true},
		{"Saturação de oxigênio 88%", "", "pt", true}, {"Saturation en oxygène 88 %", "", "fr", true}, {"Oxygen saturation 88%", "", "en", true},
		{"Saturazione di ossigeno 88%", "", "it", true}, {"Sauerstoffsättigung 88 %", "", "de", true}, {"Zuurstofsaturatie 88%", "", "nl", true},
		{"Saturasi oksigen 88%", "", "id", true}, {"Oksijen satürasyonu %88", "", "tr", true}, {"Độ bão hòa oxy 88%", "", "vi", true},
		{"Pacijent ima visoku temperaturu", "", "sr", true}, {"Пацијент има температуру", "", "sr", true}, {"Пациент не спит", "", "ru", true},
		{"تشبع الأكسجين 88%", "", "ar", true}, {"اشباع اکسیژن 88%", "", "fa", true}, {"آکسیجن کم ہے", "", "ur", true},
		{"血氧饱和度88%", "", "zh", true}, {"酸素飽和度88%", "", "ja", true}, {"患者", "ja", "ja", true},
		{"no", "es", "es", true}, {"no", "", "en", false}, {"BP drop", "es", "es", false}, {"体温38", "", "zh", false},
	} {
		guesses := Identify(test.text, test.sender)
		require.NotEmpty(t, guesses, test.text)
		require.Equal(t, test.want, guesses[0].Code, "%s %v", test.text, guesses)
		require.Equal(t, test.sure, guesses[0].Probability >= Sure, "%s %v", test.text, guesses)
	}
	for _, text := range []string{"", "38.5 👍", "ok", "OK COVID"} {
		require.Empty(t, Identify(text, "es"), text)
	}
}

// benchmarkTexts are messages as they are written on a ward.
var benchmarkTexts = map[string]string{
	"typical": "El paciente tiene fiebre alta desde ayer por la tarde, saturación 88% con aire ambiente.",
	"short":   "Saturación de oxígeno 88%.",
	"long":    strings.Repeat("Good morning, the patient in room 5 has had a high fever since yesterday. ", 40),
}

func BenchmarkIdentify(b *testing.B) {
	for name, text := range benchmarkTexts {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Identify(text, "")
			}
		})
	}
}

func BenchmarkTrain(b *testing.B) {
	for b.Loop() {
		train("en", "es", "fr", "pt", "it", "de", "nl", "id", "tr", "vi", "sr")
	}
}
