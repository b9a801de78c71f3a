package site

import (
	"embed"

	"medixchange/handbook"
	"medixchange/internal/markup"
)

//go:embed strings/*.yaml
var wordFiles embed.FS

var catalogue = markup.NewCatalogue(wordFiles, "strings")

// words are what readers of one language are shown around the text.
type words struct{ *markup.Words }

// wordsOf gives the words of a language, English ones where there are none.
func wordsOf(tag string) words { return words{catalogue.Of(tag)} }

// Badge says a section's state in short.
func (w words) Badge(s State) markup.HTML {
	if s.Missing {
		return markup.HTML(`<span class="badge missing">` + string(markup.Escaped(w.Text("untranslated"))) + `</span>`)
	}
	badge := `<span class="badge ` + string(s.Status) + `">` + string(markup.Escaped(w.Text(string(s.Status)))) + `</span>`
	if s.Outdated {
		badge += ` <span class="badge outdated">` + string(markup.Escaped(w.Text("outdated"))) + `</span>`
	}
	return markup.HTML(badge)
}

// StateText says in the words of a language how far a text may be trusted, for readers who see it elsewhere.
func StateText(tag string, status handbook.Status, outdated bool) string {
	w := wordsOf(tag)
	if outdated {
		return w.Text(string(status)) + ", " + w.Text("outdated")
	}
	return w.Text(string(status))
}

// UntranslatedText says in the words of a language that a text is not in it yet.
func UntranslatedText(tag string) string { return wordsOf(tag).Text("untranslated") }
