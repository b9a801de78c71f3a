package bridge

import (
	"strings"
	"unicode"
	"unicode/utf8"
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
)

var commandNames = map[string]string{
	"lang": commandLang, "language": commandLang, "mode": commandMode, "languages": commandLanguages, "help": commandHelp,
	"original": commandOriginal, "translate": commandTranslate, "repost": commandRepost,
}

// parseCommand reads "!name rest". It reports false for what is no command; a command that is not known has no name.
func parseCommand(body string) (command, bool) {
	text, ok := strings.CutPrefix(strings.TrimSpace(body), "!")
	if !ok {
		return command{}, false
	}
	word, rest := text, ""
	if end := strings.IndexAny(text, " \t\n"); end >= 0 {
		word, rest = text[:end], strings.TrimSpace(text[end:])
	}
	name, known := commandNames[strings.ToLower(word)]
	if !known {
		return command{}, false
	}
	return command{name: name, rest: rest}, true
}

// looksLikeCommand reports whether a text was meant for the bot, known or not: "!word" and no more of a sentence.
func looksLikeCommand(body string) bool {
	text, ok := strings.CutPrefix(strings.TrimSpace(body), "!")
	return ok && startsWithLetter(text)
}

func startsWithLetter(text string) bool {
	first, _ := utf8.DecodeRuneInString(text)
	return unicode.IsLetter(first)
}
