package site

import (
	"net/http"
	"slices"

	"golang.org/x/text/language"

	"medixchange/handbook"
)

// maxHeader bounds the Accept-Language that is looked at, in bytes.
const maxHeader = 512

// chosen is the language for a reader whose address names none.
func chosen(r *http.Request, book *handbook.Book) string {
	if c, err := r.Cookie(cookieName); err == nil && slices.Contains(book.Languages, c.Value) {
		return c.Value
	}
	header := r.Header.Get("Accept-Language")
	if len(header) > maxHeader {
		return book.Source
	}
	wished, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return book.Source
	}
	for _, wish := range wished { // the first wish that there is, not the wish that fits best
		if tag, ok := near(book.Languages, wish, language.Low); ok {
			return tag
		}
	}
	return book.Source
}

// nearest finds a language of the edition for a tag as people write it: zh-CN, EN.
func nearest(offered []string, asked string) (string, bool) {
	if slices.Contains(offered, asked) {
		return asked, true
	}
	wish, err := language.Parse(asked)
	if err != nil || len(asked) > maxAsked {
		return "", false
	}
	return near(offered, wish, language.High)
}

// maxAsked bounds a tag in an address, in bytes.
const maxAsked = 35

// near never leaves the language: those who read none of it are not sent to what their neighbours read.
func near(offered []string, wish language.Tag, least language.Confidence) (string, bool) {
	tags := make([]language.Tag, 0, len(offered))
	for _, tag := range offered {
		tags = append(tags, language.Make(tag))
	}
	_, at, confidence := language.NewMatcher(tags).Match(wish)
	wished, _ := wish.Base()
	found, _ := tags[at].Base()
	return offered[at], confidence >= least && wished == found
}
