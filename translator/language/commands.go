package language

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// FoldCase returns a word in the form in which words are compared: in lower case, with letters in one part, and without what
// only Turkish parts by case: "KILAVUZ", written with the dotless I or without, is "kilavuz".
func FoldCase(word string) string {
	return turkish.Replace(norm.NFC.String(strings.ToLower(word)))
}

// turkish makes one letter of i and ı, and of İ where it came in two parts.
var turkish = strings.NewReplacer("ı", "i", "i\u0307", "i")

// foldSetting is FoldCase without what stands between the parts of a word: people write "tự động", "in place" and "in_place".
func foldSetting(text string) string {
	return FoldCase(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '_' || r == '-' || r == '\u200c' {
			return -1
		}
		return r
	}, text))
}

// Commands are the words for the bot's commands in all languages, by the word as FoldCase gives it ("ayuda" → "help").
func Commands() map[string]string { return commandTable() }

// SettingIn returns what a text says behind a command, such as "off" for "выкл", in whatever language it is; false for what is
// none of these words. The words are those of the strings "word_…", which mean one thing in all languages together.
func SettingIn(text string) (name string, ok bool) {
	name, ok = settingTable()[foldSetting(text)]
	return name, ok
}

// Setting is the word of c for one of the settings, such as "выкл" for "off".
func Setting(c Code, name string) string {
	word, _, _ := strings.Cut(String(c, settingPrefix+name), " ")
	return word
}

// SettingPairs are the words of c for all settings, for the placeholders of Say and String that have their names.
func SettingPairs(c Code) []string {
	var pairs []string
	for _, name := range settingNames() {
		pairs = append(pairs, name, Setting(c, name))
	}
	return pairs
}

const (
	commandPrefix = "command_"
	settingPrefix = "word_"
)

var (
	commandTable = sync.OnceValue(func() map[string]string { return wordsOf(commandPrefix, FoldCase) })
	settingTable = sync.OnceValue(func() map[string]string { return wordsOf(settingPrefix, foldSetting) })
	settingNames = sync.OnceValue(func() []string {
		return slices.Compact(slices.Sorted(maps.Values(settingTable())))
	})
)

// wordsOf are the words of the strings whose keys begin with a prefix, in the form that fold gives them; each says the rest of its
// key.
func wordsOf(prefix string, fold func(string) string) map[string]string {
	found := map[string]string{}
	for _, code := range All {
		for key, w := range texts()[code] {
			name, ok := strings.CutPrefix(key, prefix)
			if !ok {
				continue
			}
			for _, word := range strings.Fields(w.other) {
				found[fold(word)] = name
			}
		}
	}
	return found
}
