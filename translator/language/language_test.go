package language

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// TestStringsAreComplete: every language has every string with the same placeholders, and of those with a count all the
// categories that CLDR has for it.
func TestStringsAreComplete(t *testing.T) {
	for _, code := range All {
		for key, english := range texts()["en"] {
			w, ok := texts()[code][key]
			require.True(t, ok, "%s has no %s", code, key)
			requireWording(t, code, key, w, english)
		}
		require.Len(t, texts()[code], len(texts()["en"]), "%s has strings that English has not", code)
	}
}

func requireWording(t *testing.T, code Code, key string, w, english wording) {
	t.Helper()
	require.NotEmpty(t, w.other, "%s: %s", code, key)
	require.Equal(t, english.categories == nil, w.categories == nil, "%s: %s counts in one of the languages only", code, key)
	require.Equal(t, placeholdersOf(english.other), placeholdersOf(w.other), "%s: %s", code, key)
	if w.categories != nil {
		for _, category := range PluralCategories(code) {
			require.NotEmpty(t, w.categories[category], "%s: %s lacks the category %s", code, key, category)
		}
		require.Len(t, w.categories, len(PluralCategories(code)), "%s: %s has a category that CLDR has not", code, key)
		for category, text := range w.categories {
			missing := slices.DeleteFunc(placeholdersOf(english.other), func(name string) bool {
				return strings.Contains(text, name) || name == "{count}" && slices.Contains([]string{"zero", "one", "two"}, category)
			})
			require.Empty(t, missing, "%s: %s, %s", code, key, category)
		}
	}
	if code != "en" && len(placeholder.ReplaceAllString(english.other, "")) > 20 {
		require.NotEqual(t, english.other, w.other, "%s: %s is still English", code, key)
	}
}

func placeholdersOf(text string) []string {
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return found
}

// TestStringsAreInTheirScript: a string that was pasted into another file would be found.
// TestEveryStringIsSaidSomewhere: the code names its key, or the beginning of it up to an underscore.
func TestEveryStringIsSaidSomewhere(t *testing.T) {
	var code strings.Builder
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		code.Write(text)
		return err
	})
	require.NoError(t, err)
	for key := range texts()["en"] {
		said := strings.Contains(code.String(), `"`+key+`"`)
		for i, r := range key {
			said = said || r == '_' && strings.Contains(code.String(), `"`+key[:i+1]+`"`)
		}
		require.True(t, said, "nothing says %s", key)
	}
}

func TestStringsAreInTheirScript(t *testing.T) {
	scripts := map[Code]*unicode.RangeTable{"zh": unicode.Han, "zh-Hant": unicode.Han, "ar": unicode.Arabic, "fa": unicode.Arabic, "ur": unicode.Arabic,
		"ru": unicode.Cyrillic, "sr": unicode.Cyrillic, "ko": unicode.Hangul, "th": unicode.Thai}
	for _, code := range All {
		script := scripts[code]
		if script == nil && code != "ja" {
			script = unicode.Latin
		}
		for key, w := range texts()[code] {
			text := placeholder.ReplaceAllString(w.other, "")
			if strings.HasPrefix(key, "help_") || !HasLetters(text) {
				continue
			}
			right := func(r rune) bool {
				return script != nil && unicode.Is(script, r) || code == "ja" && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
			}
			require.True(t, strings.ContainsFunc(text, right), "%s: %s: %s", code, key, text)
			if simplified, traditional := hanForms(text); code == "zh" {
				require.Zero(t, traditional, "%s: %s: %s", code, key, text)
			} else if code == "zh-Hant" {
				require.Zero(t, simplified, "%s: %s: %s", code, key, text)
			}
		}
	}
}

func TestString(t *testing.T) {
	require.Equal(t, "🌐 from French", String("en", "mark", "language", Code("fr").Name("en")))
	require.Equal(t, "🌐 del francés", String("es", "mark", "language", Code("fr").Name("es")))
	require.Equal(t, "🌐 from French", String("sw", "mark", "language", "French"), "readers without strings read English")
	require.Equal(t, "no_such_key", String("en", "no_such_key"))
}

func TestAListHasTheCommaOfItsLanguage(t *testing.T) {
	for code, want := range map[Code]string{"en": "a, b", "zh-Hant": "a、b", "ja": "a、b", "ar": "a، b", "sr-Latn": "a, b", "tlh": "a, b"} {
		require.Equal(t, want, List(code, []string{"a", "b"}), code)
	}
}

func TestStringsCountAsCLDRSays(t *testing.T) {
	for _, test := range []struct {
		code        Code
		count, want string
	}{
		{"en", "1", "The glossary has 1 entry."}, {"en", "2", "The glossary has 2 entries."},
		{"ru", "1", "В глоссарии 1 запись."}, {"ru", "3", "В глоссарии 3 записи."}, {"ru", "11", "В глоссарии 11 записей."}, {"ru", "21", "В глоссарии 21 запись."},
		{"sr", "2", "Глосар има 2 одреднице."}, {"sr-Latn", "5", "Glosar ima 5 odrednica."},
		{"ar", "2", "في المسرد مدخلان."}, {"ar", "7", "في المسرد 7 مداخل."}, {"ar", "20", "في المسرد 20 مدخلا."}, {"fr", "0", "Le glossaire a 0 entrée."},
		{"ja", "3", "用語集の項目数：3"},
	} {
		require.Equal(t, test.want, String(test.code, "glossary_count", "count", test.count))
	}
	for number, want := range map[string]string{"1": "one", "1.5": "other", "2": "few", "5": "many", "1,0": "other", "12": "many", "x": "other", "": "other"} {
		require.Equal(t, want, PluralCategory("ru", number), number)
	}
	require.Equal(t, []string{"zero", "one", "two", "few", "many", "other"}, PluralCategories("ar"))
	require.Equal(t, "one", PluralCategory("ru", Number("ru", 12_341)))
	require.Equal(t, "В глоссарии 12\u00a0341 запись.", String("ru", "glossary_count", "count", Number("ru", 12_341)))
}

// TestCountsAreGroupedSoThatNobodyTakesTheSeparatorForADecimalMark of another language.
func TestCountsAreGroupedSoThatNobodyTakesTheSeparatorForADecimalMark(t *testing.T) {
	for _, code := range All {
		require.Equal(t, "4444", Number(code, 4444), code)
		require.Regexp(t, "^1[\u00a0\u202f]234[\u00a0\u202f]567$", Number(code, 1_234_567), code)
		require.Regexp(t, "^12[\u00a0\u202f]345$", Number(code, 12_345), code)
	}
	require.Equal(t, "12\u00a0345", Number("fr", 12_345), "as CLDR has it")
}

// TestSayKeepsDirectionsApart (TRANSLATION 11).
func TestSayKeepsDirectionsApart(t *testing.T) {
	require.Equal(t, "Unknown mode: x. Possible are in_place, original_first, thread and off.", Say("en", "error_mode", append(SettingPairs("en"), "text", "x")...))
	require.Equal(t, "\u200fفي المسرد \u20687\u2069 مداخل.", Say("ar", "glossary_count", "count", "7"))
	require.Contains(t, Say("en", "bot_lang_unknown", "text", "أحمد 5", "languages", "en"), "\u2068أحمد 5\u2069")
	require.Contains(t, Say("ar", "bot_original", "language", "x", "text", "Give\n5 mg"), "\u2068Give\u2069\n\u200f\u20685 mg\u2069")
	require.Contains(t, Say("ar", "help_lang", SettingPairs("ar")...), "\u2066!lang ar\u2069: القراءة بالعربية · \u2066!lang \u2068إيقاف\u2069\u2069: ")
	require.Contains(t, Say("fa", "help_repost"), "\u200f\u2066!repost 20\u2069: ")
}

func TestCodes(t *testing.T) {
	for tag, want := range map[string]Code{
		"zh-Hans-CN": "zh", "eng": "en", "pt_BR": "pt", "ES": "es", " fr ": "fr", "cmn": "zh", "srp": "sr",
		"zh": "zh", "zh-CN": "zh", "zh-SG": "zh", "ZH-TW": "zh-Hant", "zh_HK": "zh-Hant", "zh-mo": "zh-Hant", "zh-hant": "zh-Hant", "zh-Hant-CN": "zh-Hant",
		"zh-Hans-TW": "zh", "yue": "zh-Hant", "yue-Hans": "zh", "cmn-Hant": "zh-Hant",
		"pt": "pt", "pt-PT": "pt-PT", "pt-AO": "pt-PT", "pt-MZ": "pt-PT", "sr-Cyrl": "sr", "sr-latn-RS": "sr-Latn", "sr-RS": "sr", "sr-ME": "sr-Latn",
		"sh": "sr-Latn", "hr": "sr-Latn", "bs": "sr-Latn", "bs-Cyrl": "sr", "prs": "fa", "pes": "fa", "fa-AF": "fa", "iw": "he", "in": "id", "arb": "ar", "ar-EG": "ar",
		"es-419": "es", "en-x-hospital": "en", "de-CH": "de", "sw": "sw",
	} {
		code, err := Parse(tag)
		require.NoError(t, err, tag)
		require.Equal(t, want, code, tag)
	}
	for _, tag := range []string{"", "und", "x", "english please", "12"} {
		_, err := Parse(tag)
		require.Error(t, err, tag)
	}
	for tag, want := range map[string]bool{
		"es": true, "zh_TW": true, "und": true, "xx": true, "en-x-hospital": true, "": false, "spanish": false, "xx-bad-tag-!!": false, "español": false,
	} {
		require.Equal(t, want, WellFormed(tag), tag)
	}
	for name, want := range map[string]Code{"es": "es", "Spanish": "es", "español": "es", "西班牙语": "es", "西班牙文": "es", "中文": "zh", "Türkçe": "tr", "繁體中文": "zh-Hant",
		"Traditional Chinese": "zh-Hant", "srpski (latinica)": "sr-Latn", "српски": "sr", "srpski": "sr", "pt-br": "pt", "Portuguese (Portugal)": "pt-PT", "فارسی": "fa", "دری": "fa"} {
		code, ok := ByName(name)
		require.True(t, ok, name)
		require.Equal(t, want, code, name)
	}
	_, ok := ByName("klingon")
	require.False(t, ok)
}

func TestEveryLanguageHasANameInEveryLanguage(t *testing.T) {
	for _, in := range All {
		seen := map[string]Code{}
		for _, code := range All {
			name := code.Name(in)
			require.NotEqual(t, string(code), name, "%s in %s", code, in)
			require.Empty(t, seen[name], "%s and %s are both %s in %s", code, seen[name], name, in)
			seen[name] = code
		}
	}
}

// TestNearestForm: a reader's wish is met by another form of the language, never by another language.
func TestNearestForm(t *testing.T) {
	offers := func(codes ...Code) func(Code) bool { return func(c Code) bool { return slices.Contains(codes, c) } }
	for _, test := range []struct {
		wish    Code
		offered []Code
		want    Code
	}{
		{"pt-PT", []Code{"es", "pt"}, "pt"}, {"pt", []Code{"pt-PT"}, "pt-PT"}, {"zh-Hant", []Code{"zh", "zh-Hant"}, "zh-Hant"}, {"zh-Hant", []Code{"zh", "ja"}, "zh"},
		{"sr-Latn", []Code{"sr"}, "sr"}, {"es", []Code{"pt"}, ""}, {"sw", []Code{"sw"}, "sw"},
	} {
		got, ok := test.wish.Nearest(offers(test.offered...))
		require.Equal(t, test.want, got, test.wish)
		require.Equal(t, test.want != "", ok)
	}
	require.True(t, Code("sr-Latn").Reads("sr"))
	require.True(t, Code("pt").Reads("pt-PT"))
	require.False(t, Code("zh").Reads("zh-Hant"))
	require.False(t, Code("es").Reads("pt"))
}

func TestSerbianLatinIsExact(t *testing.T) {
	for cyrillic, latin := range map[string]string{
		"Пацијент није у болници.": "Pacijent nije u bolnici.", "Његова мајка": "Njegova majka", "ЊЕГА И ЉУБАВ": "NJEGA I LJUBAV", "Њ": "Nj",
		"џеп, ђак, ћуп, чаша, жаба, шум": "džep, đak, ćup, čaša, žaba, šum", "ињекција": "injekcija", "Дајте 5 mg (per os)": "Dajte 5 mg (per os)", "ЕКГ и CT": "EKG i CT",
	} {
		require.Equal(t, latin, SerbianLatin(cyrillic))
		require.Equal(t, latin, SerbianLatin(latin), "Latin stays")
	}
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
