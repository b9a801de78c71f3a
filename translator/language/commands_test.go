package language

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

// TestCommandsAreWordsOfTheirOwn: a word is a command of one kind only, and one word.
func TestCommandsAreWordsOfTheirOwn(t *testing.T) {
	requireOfOneKind(t, commandPrefix, FoldCase)
	for word, want := range map[string]string{"ayuda": "help", "帮助": "help", "языки": "languages", "sprache": "lang", "مساعدة": "help", "pomoć": "help", "ترجمه": "translate"} {
		require.Equal(t, want, Commands()[word], word)
	}
}

// TestSettingWordsAreWordsOfTheirOwn: none means two things behind one command, whichever language it is of, as none does at all.
func TestSettingWordsAreWordsOfTheirOwn(t *testing.T) {
	requireOfOneKind(t, settingPrefix, foldSetting)
	for text, want := range map[string]string{
		"выкл": "off", "KAPALI": "off", "kapalı": "off", "tự động": "auto", "in place": "in_place", "In-Place": "in_place", "Im Text": "in_place",
		"موضوع ها": "topics", "موضوعها": "topics", "original d’abord": "original_first", "本地": "local", "визитка": "card", "vizitkarta": "card", "нит": "thread", "nit": "thread",
	} {
		name, ok := SettingIn(text)
		require.True(t, ok, text)
		require.Equal(t, want, name, text)
	}
	for _, text := range []string{"", " ", "_", "out of place", "offf", "themen an"} {
		_, ok := SettingIn(text)
		require.False(t, ok, text)
	}
}

func requireOfOneKind(t *testing.T, prefix string, fold func(string) string) {
	t.Helper()
	found := map[string]string{}
	for _, code := range All {
		for key, w := range texts()[code] {
			name, ok := strings.CutPrefix(key, prefix)
			if !ok {
				continue
			}
			for _, word := range strings.Fields(w.other) {
				require.Equal(t, strings.ToLower(word), word)
				require.Equal(t, norm.NFC.String(word), word, "%s in %s", word, code)
				if other, taken := found[fold(word)]; taken {
					require.Equal(t, other, name, "%s in %s", word, code)
				}
				found[fold(word)] = name
			}
		}
	}
	require.NotEmpty(t, found)
}

// TestHelpNamesSettingsInTheReadersLanguage, and each word that it names is understood.
func TestHelpNamesSettingsInTheReadersLanguage(t *testing.T) {
	require.Equal(t, "!mode im_text|original_zuerst|thread|aus: wo Übersetzungen erscheinen: anstelle des Textes, nach dem Original, in einem Thread, gar nicht",
		Say("de", "help_mode", SettingPairs("de")...))
	require.Contains(t, Say("sr-Latn", "help_room", SettingPairs("sr-Latn")...), "!translation isključi|lokalno|uključi i !readback uključi|isključi: ")
	require.Equal(t, "!translation topics on|off: topics of rooms in your language", Say("sw", "help_topics", SettingPairs("sw")...), "readers without strings read English")
	for _, code := range All {
		for key := range texts()["en"] {
			if !strings.HasPrefix(key, "help_") {
				continue
			}
			require.NotContains(t, Say(code, key, SettingPairs(code)...), "{", "%s in %s", key, code)
		}
		for _, name := range settingNames() {
			read, ok := SettingIn(Setting(code, name))
			require.True(t, ok, "%s in %s", name, code)
			require.Equal(t, name, read, "%s in %s", name, code)
		}
	}
}

// TestHelpLeavesNoSettingInEnglish: each is the place of a reader's word.
func TestHelpLeavesNoSettingInEnglish(t *testing.T) {
	english := regexp.MustCompile(`![a-z]+ (?:[^:：·]*[^{a-z_:：·])?(?:` + strings.Join(settingNames(), "|") + `)\b`)
	for _, code := range All {
		for key, w := range texts()[code] {
			require.False(t, strings.HasPrefix(key, "help_") && english.MatchString(w.other), "%s in %s: %s", key, code, w.other)
		}
	}
}

// Commands were isolated up to their first number, so that "14:00" stood before "2026-12-01" and "+" behind its word.
func TestCommandsInRightToLeftTextAreIsolatedWithAllThatFollowsThem(t *testing.T) {
	help := Say("ar", "help_conference")
	require.True(t, strings.HasPrefix(help, "\u200f\u2066!conference 2026-12-01 14:00 45m Sepsis\u2069: تخطيط"), help)
	require.Contains(t, help, "\u2066!conference\u2069: المؤتمرات")
	require.Contains(t, help, "\u2066!conference نعم 1\u2069: ستحضر")
	require.Contains(t, Say("ar", "help_who"), "\u2066!who + cardiology\u2069: ")
	require.Contains(t, Say("ur", "help_directory", SettingPairs("ur")...), "\u2066!directory \u2068آن\u2069 cardiology, consultant\u2069: ")
	require.Contains(t, Say("fa", "help_translate"), "\u2066!translate es متن\u2069: ")
	require.Contains(t, Say("ar", "help_room", SettingPairs("ar")...),
		"\u2066!translation \u2068إيقاف\u2069|\u2068محلي\u2069|\u2068تشغيل\u2069\u2069 و \u2066!readback \u2068تشغيل\u2069|\u2068إيقاف\u2069\u2069: ")
	require.Contains(t, Say("ar", "conference_unknown"), "يعرض \u2066!conference\u2069 المؤتمرات")
	word := regexp.MustCompile("\u2068[^\u2069]*\u2069")
	isolated := regexp.MustCompile("\u2066[^\u2069]*\u2069")
	for _, code := range []Code{"ar", "fa", "ur"} {
		for key := range texts()[code] {
			if strings.HasPrefix(key, "help_") {
				said := word.ReplaceAllString(Say(code, key, SettingPairs(code)...), "")
				require.NotRegexp(t, "[A-Za-z0-9!]", isolated.ReplaceAllString(said, ""), "%s of %s", key, code)
			}
		}
	}
}

// TestTurkishLettersAreFoundInCapitals: in Turkish the capitals of "i" and "ı" are "İ" and "I".
func TestTurkishLettersAreFoundInCapitals(t *testing.T) {
	capital := strings.NewReplacer("i", "İ", "ı", "I")
	upper := func(word string) string { return strings.ToUpper(capital.Replace(word)) }
	require.Equal(t, "DİL KILAVUZ", upper("dil kılavuz"))
	for key, w := range texts()["tr"] {
		for _, word := range strings.Fields(w.other) {
			for _, written := range []string{upper(word), norm.NFD.String(upper(word)), strings.ReplaceAll(word, "ı", "i")} {
				if name, ok := strings.CutPrefix(key, commandPrefix); ok {
					require.Equal(t, name, Commands()[FoldCase(written)], written)
				}
				if name, ok := strings.CutPrefix(key, settingPrefix); ok {
					read, _ := SettingIn(written)
					require.Equal(t, name, read, written)
				}
			}
		}
	}
	for _, code := range slices.DeleteFunc(slices.Clone(All), func(c Code) bool { return c == "pt-PT" }) {
		name := code.Name("tr")
		for _, written := range []string{name, upper(name), norm.NFD.String(upper(name))} {
			found, ok := ByName(written)
			require.True(t, ok, written)
			require.Equal(t, code, found, written)
		}
	}
}
