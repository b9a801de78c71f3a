package pages

import (
	"net/http"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"medixchange/internal/markup"
)

// page is what all pages have around their text.
type page struct {
	words *markup.Words
	title string
	// path is where the menu of languages leads; "" shows none.
	path string
}

// send answers with a page around what body writes.
func (p page) send(w http.ResponseWriter, status int, body func(b *markup.Builder)) {
	var b markup.Builder
	b.Put("<!DOCTYPE html>\n"+`<html lang="%s" dir="%s"><head><meta charset="utf-8">`, p.words.Tag, p.words.Dir())
	b.Put(`<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><title>%s</title>`, p.title)
	b.Put(`<link rel="stylesheet" href="%s/static/alliance.css"></head>`+"\n", Root)
	b.Put(`<body><a class="skip" href="#text">%s</a><header class="bar"><a class="home" href="%s">%s</a>`, p.words.Text("skip"), Root, p.words.Text("title"))
	p.languages(&b)
	b.Put(`</header><main id="text" tabindex="-1"><h1>%s</h1>`+"\n", p.title)
	body(&b)
	b.Put("</main></body></html>\n")
	markup.Serve(w, status, markup.Strict, b.HTML())
}

// languages is the menu of them, each in its own name.
func (p page) languages(b *markup.Builder) {
	if p.path == "" {
		return
	}
	b.Put(`<nav aria-label="%s"><details><summary>%s</summary><ul>`, p.words.Text("language"), ownName(p.words.Tag))
	for _, tag := range catalogue.Languages() {
		b.Put(`<li><a href="%s?lang=%s" hreflang="%s" lang="%s" dir="%s">%s</a></li>`, p.path, tag, tag, tag, markup.Dir(tag), ownName(tag))
	}
	b.Put("</ul></details></nav>")
}

func ownName(tag string) string {
	if name := display.Self.Name(language.Make(tag)); name != "" {
		return name
	}
	return tag
}

// country names a country in a language.
func country(tag, code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	for _, in := range []string{tag, markup.Fallback} {
		if names := display.Regions(language.Make(in)); names != nil {
			if name := names.Name(region); name != "" {
				return name
			}
		}
	}
	return code
}

// countries are the codes of all, in order.
var countries = sync.OnceValue(func() []string {
	var all []string
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string([]rune{a, b})
			region, err := language.ParseRegion(code)
			if err == nil && region.IsCountry() && region.Canonicalize() == region && region.String() == code {
				all = append(all, code)
			}
		}
	}
	return all
})
