package clientapi

import (
	"crypto/rand"
	_ "embed"
	"fmt"
	"html"
	"net/http"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

//go:embed pages/sso.css
var ssoStyle string

//go:embed pages/sso.yaml
var ssoWords []byte

// signOnPages are what people see on the way through their login service. They are read when the first comes.
type signOnPages struct {
	words   map[string]map[string]string // by language and key
	tags    []language.Tag
	matcher language.Matcher
}

var loadSignOnPages = sync.OnceValues(func() (*signOnPages, error) {
	p := &signOnPages{}
	if err := yaml.Unmarshal(ssoWords, &p.words); err != nil {
		return nil, fmt.Errorf("reading the words of sign-on: %w", err)
	}
	p.tags = []language.Tag{language.English} // what is shown when nothing else fits
	for tag := range p.words {
		if tag != "en" {
			p.tags = append(p.tags, language.Make(tag))
		}
	}
	p.matcher = language.NewMatcher(p.tags)
	return p, nil
})

// signOnPage is one of them.
type signOnPage struct {
	Lang, Dir, Nonce string
	Title            string
	Lines            []string
	User, To, Host   string
	Go               string // an address that goodRedirect has checked
	Button, Hint     string
	Choices          []signOnChoice
}

type signOnChoice struct{ Name, URL string }

// String writes the page. It is no template: those of the standard library look methods up by name.
func (p *signOnPage) String() string {
	var b strings.Builder
	say := func(format string, texts ...any) {
		for i, text := range texts {
			texts[i] = html.EscapeString(text.(string))
		}
		fmt.Fprintf(&b, format+"\n", texts...)
	}
	say(`<!DOCTYPE html><html lang="%s" dir="%s"><head><meta charset="utf-8">`, p.Lang, p.Dir)
	say(`<meta name="viewport" content="width=device-width, initial-scale=1"><title>%s</title>`, p.Title)
	fmt.Fprintf(&b, "<style nonce=\"%s\">%s</style></head><body><main>\n", p.Nonce, ssoStyle)
	say(`<h1>%s</h1>`, p.Title)
	for _, line := range p.Lines {
		say(`<p>%s</p>`, line)
	}
	if p.User != "" {
		say(`<p><bdi>%s</bdi></p>`, p.User)
	}
	if p.Host != "" {
		say(`<p>%s <bdi>%s</bdi></p>`, p.To, p.Host)
	}
	if p.Go != "" {
		say(`<p><a class="go" href="%s">%s</a></p>`, p.Go, p.Button)
	}
	for _, choice := range p.Choices {
		say(`<p><a class="go" href="%s">%s</a></p>`, choice.URL, choice.Name)
	}
	if p.Hint != "" {
		say(`<p><small>%s</small></p>`, p.Hint)
	}
	say(`</main></body></html>`)
	return b.String()
}

// rightToLeft are the languages of the pages that are written so.
var rightToLeft = map[string]bool{"ar": true, "fa": true, "ur": true}

// show answers with a page in the browser's language; fill gets a function that says things in it.
func (a *API) show(w http.ResponseWriter, r *http.Request, status int, fill func(p *signOnPage, say func(key string) string)) {
	pages, err := loadSignOnPages()
	if err != nil {
		a.Log.WithError(err).Error("the pages of sign-on cannot be shown")
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	wanted, _, _ := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	_, index, _ := pages.matcher.Match(wanted...)
	lang := pages.tags[index].String()
	p := &signOnPage{Lang: lang, Dir: "ltr", Nonce: rand.Text()}
	if rightToLeft[lang] {
		p.Dir = "rtl"
	}
	words := pages.words[lang]
	fill(p, func(key string) string { return words[key] })
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+p.Nonce+"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(p.String()))
}
