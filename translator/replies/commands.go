package replies

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"medixchange/translator/language"
)

// Command is what a clinician asks of the bot. The zero value is one that no bot of ours knows.
type Command struct {
	Name string // one of those below
	Rest string // what follows it, trimmed
}

// Names of the commands, as they are written in English.
const (
	CommandLang      = "lang"
	CommandMode      = "mode"
	CommandLanguages = "languages"
	CommandHelp      = "help"
	CommandOriginal  = "original"
	CommandTranslate = "translate"
	CommandRepost    = "repost"
	CommandReadback  = "readback"
	CommandHandbook  = "handbook"
	CommandGlossary  = "glossary"
	CommandWho       = "who"
	CommandDirectory = "directory"
	CommandDuty      = "duty"
	CommandLeave     = "leave"

	CommandConference = "conference"

	CommandTranslation = "translation"
)

// What stands behind some of them; SettingWord and CutSetting name them so, in whatever language they are written.
const (
	SettingTopics = "topics" // of CommandTranslation
	SettingCard   = "card"   // of CommandDirectory
)

// commandNames are the commands that there are; those that take nothing after them say so.
var commandNames = map[string]struct{ alone bool }{
	CommandLang: {}, CommandMode: {}, CommandLanguages: {alone: true}, CommandHelp: {alone: true}, CommandLeave: {alone: true},
	CommandOriginal: {}, CommandTranslate: {}, CommandRepost: {}, CommandReadback: {}, CommandTranslation: {}, CommandGlossary: {},
	CommandHandbook: {}, CommandConference: {}, CommandWho: {}, CommandDirectory: {}, CommandDuty: {},
}

// ParseCommand reads "!name rest" from a message's text, behind the quoted lines of a reply; the name may be that of any
// language. It reports false for what is no command, which is translated as everything is: other words with a mark before
// them ("!Important: no penicillin"), and a command that takes nothing after it when it does not stand alone ("!Ayuda al
// paciente").
func ParseCommand(body string) (Command, bool) {
	text, ok := cutCommandMark(WithoutFallback(body))
	if !ok {
		return Command{}, false
	}
	word, rest := cutWord(text)
	name := language.FoldCase(word)
	if in, ok := language.Commands()[name]; ok {
		name = in
	}
	named, known := commandNames[name]
	if !known || named.alone && rest != "" {
		return Command{}, false
	}
	return Command{Name: name, Rest: rest}, true
}

// Cut splits what follows a command's name into its first word and the rest.
func (c Command) Cut() (first, rest string) { return cutWord(c.Rest) }

// CutSetting splits what follows a command's name into the setting that it begins with and the rest. Settings are named in any language,
// some in several words ("bản gốc trước"); without one setting is "" and the rest is all.
func (c Command) CutSetting() (setting, rest string) {
	for _, end := range slices.Backward(wordEnds(c.Rest, maxSettingWords)) {
		if name, ok := language.SettingIn(c.Rest[:end]); ok {
			return name, strings.TrimSpace(c.Rest[end:])
		}
	}
	return "", c.Rest
}

// maxSettingWords is of how many words a setting's name is made at most.
const maxSettingWords = 5

// wordEnds are where the first words of a text without spaces around it end, a number of them at most.
func wordEnds(text string, most int) (ends []int) {
	for rest := text; rest != "" && len(ends) < most; {
		word, after := cutWord(rest)
		ends = append(ends, len(text)-len(rest)+len(word))
		rest = after
	}
	return ends
}

// SettingWord reads all that stands behind a command: the setting that it names in any language, such as "off" for "выкл", whatever else
// in lower case as it is.
func SettingWord(text string) string {
	if word, ok := language.SettingIn(text); ok {
		return word
	}
	return strings.ToLower(text)
}

// Example writes a command with settings in the words of a reader.
func Example(reader language.Code, command string, settings ...string) string {
	written := "!" + command
	for _, name := range settings {
		written += " " + language.Setting(reader, name)
	}
	return written
}

// cutWord cuts a text after its first word, whatever kind of space follows it.
func cutWord(text string) (word, rest string) {
	end := strings.IndexFunc(text, unicode.IsSpace)
	if end < 0 {
		return text, ""
	}
	return text[:end], strings.TrimSpace(text[end:])
}

// LooksLikeCommand reports whether a message's text may be meant for a bot, ours or another: "!word".
func LooksLikeCommand(body string) bool {
	text, ok := cutCommandMark(WithoutFallback(body))
	first, _ := utf8.DecodeRuneInString(text)
	return ok && unicode.IsLetter(first)
}

// cutCommandMark cuts the mark of a command, as keyboards of all scripts write it.
func cutCommandMark(body string) (text string, ok bool) {
	body = strings.TrimLeftFunc(body, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Bidi_Control, r) })
	if text, ok = strings.CutPrefix(body, "!"); !ok {
		text, ok = strings.CutPrefix(body, "！")
	}
	if !ok {
		return "", false
	}
	return strings.TrimRightFunc(withoutIsolates(text), unicode.IsSpace), true
}

// withoutIsolates takes out the marks that stand around commands in right-to-left help: they come along when somebody
// copies a command from there.
func withoutIsolates(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '\u2066' && r <= '\u2069' {
			return -1
		}
		return r
	}, text)
}
