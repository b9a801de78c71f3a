package language

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"
)

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// TestStringsAreComplete: every language has every string, with the same placeholders.
func TestStringsAreComplete(t *testing.T) {
	for _, code := range All {
		for key, english := range texts["en"] {
			text, ok := texts[code][key]
			require.True(t, ok && text != "", "%s has no %s", code, key)
			want, have := placeholder.FindAllString(english, -1), placeholder.FindAllString(text, -1)
			sort.Strings(want)
			sort.Strings(have)
			require.Equal(t, want, have, "%s: %s", code, key)
			if code != "en" && len(placeholder.ReplaceAllString(english, "")) > 20 {
				require.NotEqual(t, english, text, "%s: %s is still English", code, key)
			}
		}
		require.Len(t, texts[code], len(texts["en"]), "%s has strings that English has not", code)
	}
}

func TestString(t *testing.T) {
	require.Equal(t, "🌐 from French", String("en", "mark", "language", Code("fr").Name("en")))
	require.Equal(t, "🌐 del francés", String("es", "mark", "language", Code("fr").Name("es")))
	require.Equal(t, "🌐 from French", String("sw", "mark", "language", "French"), "readers without strings read English")
	require.Equal(t, "no_such_key", String("en", "no_such_key"))
}

func TestCodes(t *testing.T) {
	for tag, want := range map[string]Code{"zh-Hans-CN": "zh", "eng": "en", "pt_BR": "pt", "ES": "es", " fr ": "fr", "cmn": "zh", "srp": "sr"} {
		code, err := Parse(tag)
		require.NoError(t, err, tag)
		require.Equal(t, want, code, tag)
	}
	for _, tag := range []string{"", "und", "x", "english please", "12"} {
		_, err := Parse(tag)
		require.Error(t, err, tag)
	}
	for name, want := range map[string]Code{"es": "es", "Spanish": "es", "español": "es", "西班牙语": "es", "中文": "zh", "Türkçe": "tr"} {
		code, ok := ByName(name)
		require.True(t, ok, name)
		require.Equal(t, want, code, name)
	}
	_, ok := ByName("klingon")
	require.False(t, ok)
}

func TestDetect(t *testing.T) {
	for _, test := range []struct {
		text         string
		sender, want Code
	}{
		{"", "en", ""}, {"38.5 👍", "en", ""},
		{"ok", "es", "es"}, {"ok", "zh", "en"}, {"no", "it", "it"},
		{"患者今天没有发热", "en", "zh"}, {"給与", "ja", "ja"}, {"熱があります", "zh", "ja"}, {"환자는 열이 있습니다", "en", "ko"},
		{"ผู้ป่วยมีไข้", "en", "th"}, {"المريض يعاني من الحمى", "en", "ar"}, {"بیمار تب دارد و سرفه می‌کند", "en", "fa"}, {"مریض کو بخار ہے", "en", "ur"},
		{"تب", "fa", "fa"}, {"У пациента лихорадка", "en", "ru"}, {"Пацијент има температуру", "en", "sr"}, {"да", "sr", "sr"}, {"да", "ru", "ru"},
		{"给 metoprolol 25 mg bid, furosemide 20 mg", "zh", "zh"},
		{"The word 发烧 means fever and nothing else", "en", "en"},
		{"The patient has had a high fever since yesterday evening", "es", "en"},
		{"El paciente tiene fiebre alta desde ayer por la tarde", "en", "es"},
		{"Le patient a de la fièvre depuis hier soir et il tousse", "en", "fr"},
		{"Bệnh nhân sốt cao từ chiều hôm qua và khó thở", "en", "vi"},
		{"Hastanın dün akşamdan beri yüksek ateşi var", "en", "tr"},
		{"Pasien demam tinggi sejak kemarin sore dan sesak napas", "en", "id"},
	} {
		require.Equal(t, test.want, Detect(test.text, test.sender), test.text)
	}
}

// TestDetectTICO measures on sentences of the benchmark: with no hint but an English-speaking sender,
// and with a sender who reads the language.
func TestDetectTICO(t *testing.T) {
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
	for column, name := range rows[0] {
		code := Code(name)
		if !code.Known() || column == 0 {
			continue
		}
		wrong, wrongAtHome := 0, 0
		for _, row := range rows[1:] {
			if found := Detect(row[column], "en"); found != code {
				wrong++
			}
			if found := Detect(row[column], code); found != code {
				wrongAtHome++
			}
		}
		t.Logf("%s: %d of %d wrong for a sender who reads English, %d for one who reads it", code, wrong, len(rows)-1, wrongAtHome)
		require.LessOrEqual(t, wrongAtHome*50, len(rows)-1, "%s", code)
		require.LessOrEqual(t, wrong*14, len(rows)-1, "%s", code)
	}
}

func FuzzDetect(f *testing.F) {
	f.Add("El paciente tiene fiebre", "en")
	f.Fuzz(func(_ *testing.T, text, sender string) {
		Detect(text, Code(sender))
		Certain(text, Code(sender))
	})
}

func BenchmarkDetect(b *testing.B) {
	for b.Loop() {
		Detect("El paciente tiene fiebre alta desde ayer por la tarde", "en")
	}
}
