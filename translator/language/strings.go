package language

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"

	"go.yaml.in/yaml/v3"

	"medixchange/internal/pattern"
)

//go:embed strings/*.yaml
var stringFiles embed.FS

// texts holds the strings of every language in All, by code and key. They are read when they are needed first.
var texts = sync.OnceValue(mustLoadStrings)

// wording is one string; with a count in it, one for each category of CLDR.
type wording struct {
	other      string
	categories map[string]string // nil without a count
}

// UnmarshalYAML reads a text, or texts by category.
func (w *wording) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		w.other = node.Value
		return nil
	}
	if err := node.Decode(&w.categories); err != nil {
		return err
	}
	w.other = w.categories["other"]
	return nil
}

// each changes every text of a wording.
func (w wording) each(change func(string) string) wording {
	changed := wording{other: change(w.other)}
	for category, text := range w.categories {
		if changed.categories == nil {
			changed.categories = map[string]string{}
		}
		changed.categories[category] = change(text)
	}
	return changed
}

// mustLoadStrings reads the embedded files; they are part of the program, so a fault in them is one of
// the build and ends it.
func mustLoadStrings() map[Code]map[string]wording {
	loaded := make(map[Code]map[string]wording, len(All))
	for _, code := range All {
		data, err := stringFiles.ReadFile("strings/" + string(code) + ".yaml")
		if err != nil {
			panic(fmt.Errorf("strings of %s: %w", code, err))
		}
		entries := map[string]wording{}
		if err := yaml.Unmarshal(data, &entries); err != nil {
			panic(fmt.Errorf("strings of %s: %w", code, err))
		}
		loaded[code] = entries
	}
	latin := inLatin(loaded["sr"])
	maps.Copy(latin, loaded["sr-Latn"])
	loaded["sr-Latn"] = latin
	return packed(loaded)
}

// inLatin writes Serbian strings in the Latin alphabet.
func inLatin(cyrillic map[string]wording) map[string]wording {
	latin := make(map[string]wording, len(cyrillic))
	for key, w := range cyrillic {
		latin[key] = w.each(SerbianLatin)
	}
	return latin
}

// String is what a reader of c is shown for key, with each {name} replaced by the value that follows
// the name in pairs. A language without strings of its own reads English; an unknown key is shown as
// itself. Of a string with a count, the value of "count" chooses the form.
func String(c Code, key string, pairs ...string) string {
	w, ok := texts()[c][key]
	if !ok {
		if w, ok = texts()["en"][key]; !ok {
			return key
		}
		c = "en"
	}
	return replaced(w.forCount(c, pairs), pairs)
}

// List is a row of names for a reader of c, with their language's comma between them.
func List(c Code, names []string) string { return strings.Join(names, String(c, "list_comma")) }

// Sentences puts sentences of ours for a reader of c behind each other: Chinese and Japanese have no space between them.
func Sentences(c Code, sentences ...string) string {
	if c.Base() == "zh" || c.Base() == "ja" {
		return strings.Join(sentences, "")
	}
	return strings.TrimSpace(strings.Join(sentences, " "))
}

// forCount picks the text for the count among the values.
func (w wording) forCount(c Code, pairs []string) string {
	for i := 0; i+1 < len(pairs) && w.categories != nil; i += 2 {
		if pairs[i] != "count" {
			continue
		}
		if text, ok := w.categories[PluralCategory(c, pairs[i+1])]; ok {
			return text
		}
	}
	return w.other
}

func replaced(text string, pairs []string) string {
	if len(pairs) == 0 {
		return text
	}
	if len(pairs) == 2 {
		return strings.ReplaceAll(text, "{"+pairs[0]+"}", pairs[1])
	}
	replacements := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		replacements = append(replacements, "{"+pairs[i]+"}", pairs[i+1])
	}
	return strings.NewReplacer(replacements...).Replace(text)
}

// The characters that keep directions apart.
const (
	RightToLeftMark    = "\u200f"
	leftToRightIsolate = "\u2066"
	rightToLeftIsolate = "\u2067"
	firstStrongIsolate = "\u2068"
	popIsolate         = "\u2069"
)

// Say is String for a whole message of ours: each line of a right-to-left one begins with U+200F, and commands, numbers and names
// of the other direction in it are isolated, so that they stay in one piece. So are names in right-to-left letters in others.
func Say(c Code, key string, pairs ...string) string {
	isolated := slices.Clone(pairs)
	for i := 1; i < len(pairs); i += 2 {
		if c.RightToLeft() || strings.ContainsFunc(pairs[i], rightToLeft) {
			isolated[i] = isolatedLines(pairs[i])
		}
	}
	w, ok := texts()[c][key]
	if !c.RightToLeft() || !ok {
		return String(c, key, isolated...)
	}
	text := commandWords().ReplaceAllString(w.forCount(c, pairs), leftToRightIsolate+"$1$3"+popIsolate+"$2")
	return RightToLeftMark + strings.ReplaceAll(replaced(text, isolated), "\n", "\n"+RightToLeftMark)
}

func rightToLeft(r rune) bool { return unicode.In(r, unicode.Arabic, unicode.Hebrew) }

// isolatedLines keeps each line of a value in one piece, unless it says itself in which direction it runs.
func isolatedLines(value string) string {
	if value == "" || strings.HasPrefix(value, RightToLeftMark) || strings.HasPrefix(value, rightToLeftIsolate) {
		return value
	}
	return firstStrongIsolate + strings.ReplaceAll(value, "\n", popIsolate+"\n"+firstStrongIsolate) + popIsolate
}

// commandWords are commands with all that follows them, as texts name them: "!who + cardiology", "!conference 2026-12-01 14:00 45m
// Sepsis". Before the colon that says what one does also a word of the reader's language is part of it.
var commandWords = pattern.Lazy(`(` + command + `(?: \p{Arabic}+(?: [0-9]+)?)?)(:)|(` + command + `)`)

// command is one in Latin letters with what follows it in such letters and digits, or in words that are put in.
const command = `![A-Za-z_]+(?:,? (?:\+|` + commandWord + `(?:[-:_|]` + commandWord + `)*))*`

// commandWord is one in Latin letters, or the place of one of the reader's language.
const commandWord = `(?:[0-9A-Za-z]+|\{[a-z_]+\})`
