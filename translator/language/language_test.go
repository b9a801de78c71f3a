package language

import (
	"regexp"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"
)

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// TestStringsAreComplete: every language has every string, with the same placeholders.
func TestStringsAreComplete(t *testing.T) {
	for _, code := range All {
		for key, english := range texts()["en"] {
			text, ok := texts()[code][key]
			require.True(t, ok && text != "", "%s has no %s", code, key)
			want, have := placeholder.FindAllString(english, -1), placeholder.FindAllString(text, -1)
			sort.Strings(want)
			sort.Strings(have)
			require.Equal(t, want, have, "%s: %s", code, key)
			if code != "en" && len(placeholder.ReplaceAllString(english, "")) > 20 {
				require.NotEqual(t, english, text, "%s: %s is still English", code, key)
			}
		}
		require.Len(t, texts()[code], len(texts()["en"]), "%s has strings that English has not", code)
	}
}

func TestString(t *testing.T) {
	require.Equal(t, "🌐 from French", String("en", "mark", "language", Code("fr").Name("en")))
	require.Equal(t, "🌐 del francés", String("es", "mark", "language", Code("fr").Name("es")))
	require.Equal(t, "🌐 from French", String("sw", "mark", "language", "French"), "readers without strings read English")
	require.Equal(t, "no_such_key", String("en", "no_such_key"))
}

func TestCommandsAreNotTornApartInRightToLeftText(t *testing.T) {
	for _, code := range All {
		for key, text := range texts()[code] {
			bare := commands.FindAllString(regexp.MustCompile("\u2066[^\u2069]*\u2069").ReplaceAllString(text, ""), -1)
			if code.RightToLeft() {
				require.Empty(t, bare, "%s of %s", key, code)
				continue
			}
			require.NotContains(t, text, "\u2066", "%s of %s", key, code)
		}
	}
	require.Contains(t, String("ar", "bot_help"), "\u2066!lang ar\u2069")
	require.Contains(t, String("fa", "bot_lang_set", "language", "x"), "\u2066!repost 20\u2069")
	require.Contains(t, String("ur", "bot_help_translate"), "\u2066!translate es\u2069 ")
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
		{"ok", "es", ""}, {"OK 👍", "zh", ""}, {"no", "it", "it"}, {"Saturación de oxígeno 88%.", "", "es"}, {"Le patient", "", "fr"},
		{"患者今天没有发热", "en", "zh"}, {"給与", "ja", "ja"}, {"熱があります", "zh", "ja"}, {"환자는 열이 있습니다", "en", "ko"},
		{"ผู้ป่วยมีไข้", "en", "th"}, {"المريض يعاني من الحمى", "en", "ar"}, {"بیمار تب دارد و سرفه می\u200cکند", "en", "fa"}, {"مریض کو بخار ہے", "en", "ur"},
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

func FuzzDetect(f *testing.F) {
	f.Add("El paciente tiene fiebre", "en")
	f.Fuzz(func(_ *testing.T, text, sender string) {
		Detect(text, Code(sender))
		Certain(text, Code(sender))
	})
}
