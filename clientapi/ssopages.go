package clientapi

import (
	"crypto/rand"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"sync"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/language"
)

//go:embed pages/sso.html
var ssoPage string

//go:embed pages/sso.yaml
var ssoWords []byte

// signOnPages are what people see on the way through their login service. They are read when the first comes.
type signOnPages struct {
	page    *template.Template
	words   map[string]map[string]string // by language and key
	tags    []language.Tag
	matcher language.Matcher
}

var loadSignOnPages = sync.OnceValues(func() (*signOnPages, error) {
	p := &signOnPages{}
	var err error
	if p.page, err = template.New("sso").Parse(ssoPage); err != nil {
		return nil, fmt.Errorf("reading the page of sign-on: %w", err)
	}
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
	Go               template.URL // checked by goodRedirect
	Button, Hint     string
	Choices          []signOnChoice
}

type signOnChoice struct{ Name, URL string }

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
	if err := pages.page.Execute(w, p); err != nil {
		a.Log.WithError(err).Debug("a page of sign-on was not read to its end")
	}
}
