package site

import (
	"embed"
	"fmt"
	"html"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"medixchange/handbook"
)

//go:embed strings/*.yaml
var wordFiles embed.FS

// words are what readers of one language are shown around the text.
type words struct {
	tag   string // the language they are in
	texts map[string]string
}

// fallback is the language of words for an edition's languages that have none here.
const fallback = "en"

var readWords sync.Map // of *words by tag: a language is read when it is asked for first

// wordsOf gives the words of a language, English ones where there are none.
func wordsOf(tag string) *words {
	if w, ok := readWords.Load(tag); ok {
		return w.(*words)
	}
	data, err := wordFiles.ReadFile("strings/" + tag + ".yaml")
	if err != nil {
		return wordsOf(fallback)
	}
	w := &words{tag: tag}
	if err := yaml.Unmarshal(data, &w.texts); err != nil {
		panic(fmt.Sprintf("handbook: the words of %s: %v", tag, err)) // embedded: a test reads all of them
	}
	readWords.Store(tag, w)
	return w
}

// Text gives a text with each {name} replaced by what follows the name in pairs, for attributes and titles.
func (w *words) Text(key string, pairs ...any) string {
	text := w.texts[key]
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, fmt.Sprintf("{%v}", pairs[i]), fmt.Sprint(pairs[i+1]))
	}
	return text
}

// Say is Text as HTML, with the values kept apart from the direction of the text around them.
func (w *words) Say(key string, pairs ...any) HTML {
	text := html.EscapeString(w.texts[key])
	for i := 0; i+1 < len(pairs); i += 2 {
		value := "<bdi>" + html.EscapeString(fmt.Sprint(pairs[i+1])) + "</bdi>"
		text = strings.ReplaceAll(text, fmt.Sprintf("{%v}", pairs[i]), value)
	}
	return HTML(text) // escaped above
}

// Badge says a section's state in short.
func (w *words) Badge(s State) HTML {
	if s.Missing {
		return HTML(`<span class="badge missing">` + html.EscapeString(w.texts["untranslated"]) + `</span>`)
	}
	badge := `<span class="badge ` + string(s.Status) + `">` + html.EscapeString(w.texts[string(s.Status)]) + `</span>`
	if s.Outdated {
		badge += ` <span class="badge outdated">` + html.EscapeString(w.texts["outdated"]) + `</span>`
	}
	return HTML(badge)
}

// StateText says in the words of a language how far a text may be trusted, for readers who see it elsewhere.
func StateText(tag string, status handbook.Status, outdated bool) string {
	w := wordsOf(tag)
	if outdated {
		return w.texts[string(status)] + ", " + w.texts["outdated"]
	}
	return w.texts[string(status)]
}

// UntranslatedText says in the words of a language that a text is not in it yet.
func UntranslatedText(tag string) string { return wordsOf(tag).texts["untranslated"] }
