package bridge

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"medixchange/translator/language"
)

// command is what a clinician asks of the bot.
type command struct {
	name string // one of the names in commandNames
	rest string // what follows it, trimmed
}

// Names of the commands.
const (
	commandLang      = "lang"
	commandMode      = "mode"
	commandLanguages = "languages"
	commandHelp      = "help"
	commandOriginal  = "original"
	commandTranslate = "translate"
	commandRepost    = "repost"
	commandReadback  = "readback"
	commandHandbook  = "handbook"
	commandGlossary  = "glossary"

	commandConference = "conference"

	commandTranslation = "translation"
)

// commandNames are the commands that are answered; those that stand alone say so.
var commandNames = map[string]struct{ alone bool }{
	commandLang: {}, commandMode: {}, commandLanguages: {alone: true}, commandHelp: {alone: true},
	commandOriginal: {}, commandTranslate: {}, commandRepost: {}, commandReadback: {}, commandTranslation: {}, commandGlossary: {}, commandHandbook: {}, commandConference: {},
}

// parseCommand reads "!name rest", where the name may be that of any language. It reports false for what is no command. A
// command without arguments is one only alone: "!Ayuda al paciente" is a sentence.
func parseCommand(body string) (command, bool) {
	text, ok := cutCommandMark(body)
	if !ok {
		return command{}, false
	}
	word, rest := text, ""
	if end := strings.IndexAny(text, " \t\n"); end >= 0 {
		word, rest = text[:end], strings.TrimSpace(text[end:])
	}
	name := norm.NFC.String(strings.ToLower(word))
	if in, ok := language.Commands()[name]; ok {
		name = in
	}
	named, known := commandNames[name]
	if !known || named.alone && rest != "" && !strings.EqualFold(word, name) {
		return command{}, false
	}
	return command{name: name, rest: rest}, true
}

// cutCommandMark cuts the mark of a command, as keyboards of all scripts write it.
func cutCommandMark(body string) (text string, ok bool) {
	body = strings.TrimLeft(strings.TrimSpace(withoutIsolates(body)), language.RightToLeftMark)
	if text, ok = strings.CutPrefix(body, "!"); ok {
		return text, true
	}
	return strings.CutPrefix(body, "！")
}

// looksLikeCommand reports whether a text was meant for the bot, known or not: "!word" and no more of a sentence.
func looksLikeCommand(body string) bool {
	text, ok := cutCommandMark(body)
	return ok && startsWithLetter(text)
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

func startsWithLetter(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return unicode.IsLetter(first)
}
