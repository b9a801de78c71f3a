package protect

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// policy is the specification's list of tags and attributes for m.room.message (v1.19, "Client
// behaviour", org.matrix.custom.html).
var policy = sync.OnceValue(newPolicy)

func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("del", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "p", "a", "ul", "ol", "sup", "sub", "li", "b", "i", "u",
		"strong", "em", "s", "code", "hr", "br", "div", "table", "thead", "tbody", "tr", "th", "td", "caption", "pre", "span", "img",
		"details", "summary")
	p.AllowAttrs("data-mx-bg-color", "data-mx-color").Matching(regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)).OnElements("span")
	p.AllowAttrs("data-mx-spoiler", "data-mx-maths").OnElements("span")
	p.AllowAttrs("data-mx-maths").OnElements("div")
	p.AllowAttrs("target").Matching(regexp.MustCompile(`^_blank$`)).OnElements("a")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("src").Matching(regexp.MustCompile(`^mxc://`)).OnElements("img")
	p.AllowAttrs("width", "height", "alt", "title", "data-mx-emoticon").OnElements("img")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^language-[A-Za-z0-9_+#.-]+$`)).OnElements("code")
	p.AllowURLSchemes("https", "http", "ftp", "mailto", "magnet", "matrix", "mxc")
	p.RequireParseableURLs(true)
	p.AllowNoAttrs().OnElements("span", "a", "img")
	return p
}

// Sanitize keeps the tags and attributes that the specification allows and closes what is open.
func Sanitize(formatted string) string {
	clean := policy().Sanitize(formatted)
	nodes, err := html.ParseFragment(strings.NewReader(clean), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		return html.EscapeString(PlainText(clean, "en"))
	}
	var b strings.Builder
	for _, node := range nodes {
		if err := html.Render(&b, node); err != nil {
			return ""
		}
	}
	return b.String()
}

func lastRune(s string) rune {
	r, _ := utf8.DecodeLastRuneInString(s)
	return r
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// spacedScript reports letters and digits of scripts that put spaces between words.
func spacedScript(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '%') && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai)
}
