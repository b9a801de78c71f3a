package site

import (
	"regexp"
	"sync"

	"github.com/microcosm-cc/bluemonday"

	"medixchange/internal/markup"
)

var (
	idForm    = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	alignForm = regexp.MustCompile(`^(left|center|right)$`)
	imageForm = regexp.MustCompile(`^/handbook/images/[a-z0-9-]+\.(png|jpg|webp)$`)
)

// policy is what the HTML of a section may consist of: what Markdown without HTML makes, and what render.go adds. The reader
// of the format refuses everything else; this is the second lock.
var policy = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "ul", "li", "blockquote", "table", "thead", "tbody", "tr", "th", "td", "em", "strong", "code", "sup", "br",
		"h2", "h3", "ol", "div", "bdi")
	p.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	p.AllowAttrs("id").Matching(idForm).OnElements("h2", "h3", "a")
	p.AllowAttrs("align").Matching(alignForm).OnElements("th", "td")
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^(table|cite)$`)).OnElements("div", "a")
	p.AllowAttrs("tabindex").Matching(regexp.MustCompile(`^0$`)).OnElements("div")
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`^ltr$`)).OnElements("bdi")
	p.AllowAttrs("aria-label").OnElements("a")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("src").Matching(imageForm).OnElements("img")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowURLSchemes("https", "mailto")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.RequireNoReferrerOnFullyQualifiedLinks(true)
	return p
})

func sanitised(html string) markup.HTML {
	return markup.HTML(policy().Sanitize(html))
}
