package site

import (
	"net/http"

	"medixchange/handbook"
	"medixchange/internal/markup"
)

// What other pages about the handbook, such as those of its editors, have in common with those of its readers.

// TongueOf tells how a language is written.
func TongueOf(tag string) Tongue { return tongueOf(tag) }

// WordsOf gives the words that readers of a language are shown around the text.
func WordsOf(tag string) *markup.Words { return wordsOf(tag).Words }

// LanguageFor is the language that somebody is likely to read who asks for a page that is in none.
func LanguageFor(r *http.Request, book *handbook.Book) string { return chosen(r, book) }

// Remember keeps a language as the one that was read last.
func Remember(w http.ResponseWriter, tag string) {
	http.SetCookie(w, languageCookie(tag))
}

// Blocks renders a section as readers see it, heading by heading, without anchors. reader is the language of the words in it.
func Blocks(book *handbook.Book, s *handbook.Section, reader string) ([]markup.HTML, error) {
	t := newText(book, s, wordsOf(reader), true)
	out := make([]markup.HTML, len(s.Blocks))
	for i, block := range s.Blocks {
		html, err := t.block(block)
		if err != nil {
			return nil, err
		}
		out[i] = html
	}
	return out, nil
}

// Attributes write in which language and direction an element is.
func (t Tongue) Attributes() markup.HTML { return t.attributes() }
