package replies

import (
	"testing"

	"github.com/stretchr/testify/require"
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
