package replies

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"medixchange/translator/language"
)

func TestParseCommand(t *testing.T) {
	for text, want := range map[string]Command{
		"!lang es": {CommandLang, "es"}, " !LANG  español ": {CommandLang, "español"}, "!language": {CommandLang, ""},
		"!repost 20": {CommandRepost, "20"}, "!translate es a\nb": {CommandTranslate, "es a\nb"}, "!help": {CommandHelp, ""},
		"!ayuda": {CommandHelp, ""}, "！帮助": {CommandHelp, ""}, "!язык ru": {CommandLang, "ru"}, "\u200f!ترجم es مرحبا": {CommandTranslate, "es مرحبا"},
		"\u2066!lang ar\u2069": {CommandLang, "ar"}, "\u200f\u2066!help\u2069": {CommandHelp, ""}, // copied from the help in Arabic
		"!lang\u3000zh": {CommandLang, "zh"}, "> quoted\n\n!original": {CommandOriginal, ""}, "!Verlassen": {CommandLeave, ""}, "!离开": {CommandLeave, ""},
	} {
		got, ok := ParseCommand(text)
		require.True(t, ok, text)
		require.Equal(t, want, got)
		require.True(t, LooksLikeCommand(text), text)
	}
	for _, text := range []string{
		"", "!", "help", "! help", "!ward sepsis", "hello !help", "!!help", "!Ayuda al paciente, por favor", "!leavetaking", "!Leave the line in",
		"!Help, 5 mg now", "> !help\n\nyes",
	} {
		_, ok := ParseCommand(text)
		require.False(t, ok, text)
	}
}

// TestCommandsHaveNamesInEveryLanguage: "!translation" and "!readback" were understood in English only. Letters may come in parts, as
// some keyboards write them.
func TestCommandsHaveNamesInEveryLanguage(t *testing.T) {
	for _, code := range language.All {
		for name, named := range commandNames {
			words := strings.Fields(language.String(code, "command_"+name))
			require.NotEmpty(t, words, "%s in %s", name, code)
			rest := " off"
			if named.alone {
				rest = ""
			}
			for _, word := range words {
				for _, written := range []string{word, norm.NFD.String(word)} {
					got, ok := ParseCommand("!" + written + rest)
					require.True(t, ok, "%s in %s: %s", name, code, written)
					require.Equal(t, Command{Name: name, Rest: strings.TrimSpace(rest)}, got, "%s in %s", written, code)
				}
			}
		}
	}
}

// TestStringsNameNoOtherCommands: what the strings have a word for, ParseCommand knows.
func TestStringsNameNoOtherCommands(t *testing.T) {
	for word, name := range language.Commands() {
		require.Contains(t, commandNames, name, word)
	}
}

// A word that begins what clinicians write to each other is no command's name: "!Перевод в реанимацию" moves a patient, and a second
// look at a picture is "relecture" or "relectura". Taken for a command, it would reach nobody in translation.
func TestNamesOfSettingsAreNoClinicalWords(t *testing.T) {
	for _, text := range []string{
		"!Перевод в реанимацию", "!Повтор ЭКГ через час", "!Relecture du scanner", "!Relectura de la TAC", "!Repetición de gases", "!Tekrar EKG",
		"!Rilettura della TC", "!Wiederholung in 1 h", "!التكرار كل 8 ساعات", "!Repetição da gasometria",
	} {
		_, ok := ParseCommand(text)
		require.False(t, ok, text)
	}
}

// TestSettingWordsAreReadInEveryLanguage: "!translation выкл" is "off". No such word is a language that somebody may ask for. English is
// understood everywhere.
func TestSettingWordsAreReadInEveryLanguage(t *testing.T) {
	for _, code := range language.All {
		for _, name := range settings {
			words := strings.Fields(language.String(code, "word_"+name))
			require.NotEmpty(t, words, "%s in %s", name, code)
			for _, word := range append(words, name) {
				require.Equal(t, name, SettingWord(word), "%s in %s", word, code)
				require.Equal(t, name, SettingWord(norm.NFD.String(word)), "%s in %s, in parts", word, code)
				_, isLanguage := language.ByName(word)
				require.False(t, isLanguage, "%s in %s", word, code)
			}
		}
	}
	for text, want := range map[string]string{
		"": "", "OFF": "off", "Выкл": "off", "tự động": "auto", "LOCAL": "local", "Yerel": "local", "español": "español", "on maybe": "on maybe", "en": "en",
		"Original  first": "original_first",
	} {
		require.Equal(t, want, SettingWord(text), text)
	}
}

// settings are the names of what may stand behind commands.
var settings = []string{"on", "off", "auto", TranslationLocal, SettingTopics, SettingCard, "in_place", "original_first", "thread"}

// TestCutSettingTakesTheNameOfASettingAlone: what follows it may be the name of a specialty, or of a duty.
func TestCutSettingTakesTheNameOfASettingAlone(t *testing.T) {
	for rest, want := range map[string][2]string{
		"": {"", ""}, "on": {"on", ""}, "ON": {"on", ""}, "on cardiology, consultant": {"on", "cardiology, consultant"}, "cardiology": {"", "cardiology"},
		"ein Kardiologie": {"on", "Kardiologie"}, "on on": {"on", "on"}, "danh thiếp": {"card", ""}, "bật  khoa tim": {"on", "khoa tim"},
		"chủ đề tắt": {"topics", "tắt"}, "topics\u3000オン": {"topics", "オン"}, "anästhesie": {"", "anästhesie"}, "an Anästhesie": {"on", "Anästhesie"},
	} {
		setting, after := Command{Rest: rest}.CutSetting()
		require.Equal(t, want, [2]string{setting, after}, rest)
	}
	for _, code := range language.All {
		for _, name := range settings {
			for _, word := range strings.Fields(language.String(code, "word_"+name)) {
				for _, written := range []string{word, strings.ReplaceAll(word, "_", " ")} {
					setting, after := Command{Rest: written + " x y"}.CutSetting()
					require.Equal(t, [2]string{name, "x y"}, [2]string{setting, after}, "%s in %s", written, code)
				}
			}
		}
	}
}

// TestExamplesAreUnderstood: an answer that shows how a command is written shows one that is read.
func TestExamplesAreUnderstood(t *testing.T) {
	require.Equal(t, "!translation themen an", Example("de", CommandTranslation, SettingTopics, "on"))
	for _, code := range language.All {
		c, ok := ParseCommand(Example(code, CommandTranslation, SettingTopics, "on"))
		require.True(t, ok, code)
		setting, rest := c.CutSetting()
		require.Equal(t, [2]string{SettingTopics, "on"}, [2]string{setting, SettingWord(rest)}, code)
	}
}

// TestTurkishCommandsAreReadInCapitals, with the dotless I and the dotted İ, in one part or two.
func TestTurkishCommandsAreReadInCapitals(t *testing.T) {
	for text, want := range map[string]Command{
		"!DİL": {CommandLang, ""}, "!DI\u0307L KAPALI": {CommandLang, "KAPALI"}, "!YARDIM": {CommandHelp, ""}, "!yardım": {CommandHelp, ""},
		"!KILAVUZ ateş": {CommandHandbook, "ateş"}, "!kilavuz": {CommandHandbook, ""}, "!ÇEVİRİ AÇIK": {CommandTranslation, "AÇIK"}, "!KİP": {CommandMode, ""},
		"!LİST": {}, "!LANGUAGES": {CommandLanguages, ""}, "!DİRECTORY": {CommandDirectory, ""},
	} {
		got, ok := ParseCommand(text)
		require.Equal(t, want.Name != "", ok, text)
		require.Equal(t, want, got, text)
	}
	for text, want := range map[string]string{"KAPALI": "off", "AÇIK": "on", "OTOMATİK": "auto", "METNİN YERİNDE": "in_place", "AYRI BAŞLIK": "thread"} {
		require.Equal(t, want, SettingWord(text), text)
	}
}

func TestCommandCut(t *testing.T) {
	for rest, want := range map[string][2]string{
		"es paracetamol 1 g": {"es", "paracetamol 1 g"}, "es\nparacetamol\n1 g": {"es", "paracetamol\n1 g"}, "es\t 1 g": {"es", "1 g"},
		"es": {"es", ""}, "": {"", ""},
	} {
		first, after := Command{Rest: rest}.Cut()
		require.Equal(t, want, [2]string{first, after}, rest)
	}
}

func FuzzParseCommand(f *testing.F) {
	f.Add("!lang es")
	f.Add("> quoted\n\n!original")
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := ParseCommand(text)
		if ok && got.Name == "" {
			t.Fatalf("a command without a name: %q", text)
		}
	})
}
