package site

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"medixchange/handbook"
	"medixchange/handbook/find"
	"medixchange/internal/markup"
	"medixchange/internal/web"
)

const (
	root       = "/handbook/"
	apiRoot    = root + "api/v1/"
	cookieName = "handbook_language"
	yearInS    = 365 * 24 * 60 * 60
)

// Options of a Site.
type Options struct {
	Shelf *handbook.Shelf
	// Admit refuses requests by people who may not read, with an error; nil lets everybody read.
	Admit func(r *http.Request) error
	// Index finds places in the book; nil shows no search.
	Index *find.Index
	// Limit refuses who searches too often, with an error; nil lets everybody search.
	Limit func(r *http.Request) error
	// Before gives what a heading of the source said, as Markdown, by the hash of its text; false where nobody remembers. nil
	// is for nobody.
	Before func(ctx context.Context, hash string) (text string, known bool, err error)
	// Log is needed.
	Log     *logrus.Entry
	Metrics *web.Metrics // optional
	Now     func() time.Time
}

// Site is the handbook's pages. It is safe for concurrent use.
type Site struct {
	o     Options
	pages *cache
	door  *door
}

// New makes a site. It reads nothing of the handbook yet.
func New(o Options) (*Site, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	pages, err := newCache()
	if err != nil {
		return nil, err
	}
	return &Site{o: o, pages: pages, door: newDoor(o.Admit, o.Now)}, nil
}

// Forget empties the cache of pages: the edition was put away.
func (s *Site) Forget() { s.pages.purge() }

// Handler answers everything below /handbook/.
func (s *Site) Handler() http.Handler {
	rt := web.NewRouter(web.Options{Name: "handbook", Log: s.o.Log, Metrics: s.o.Metrics})
	for _, route := range []struct { // the first that fits answers
		path    string
		handler http.HandlerFunc
	}{
		{root, s.home},
		{root + "front.js", s.front},
		{root + "static/{file}", s.static},
		{root + "images/{file}", s.image},
		{root + "{lang}", s.withSlash},
		{root + "{lang}/", s.page("contents", contentsPage)},
		{root + "{lang}/glossary", s.page("glossary", glossaryPage)},
		{root + "{lang}/changes", s.page("changes", changesPage)},
		{root + "{lang}/search", s.search},
		{root + "{lang}/offline", s.page("offline", offlinePage)},
		{root + "{lang}/manifest.json", s.page("", manifest)},
		{root + "{lang}/worker.js", s.page("", worker)},
		{root + "{lang}/{section}", s.page("section", sectionPage)},
		{apiRoot + "search", s.apiSearch},
		{apiRoot + "{lang}", s.api(apiContents)},
		{apiRoot + "{lang}/{section}", s.api(apiSection)},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			rt.HandleHTTP(method, route.path, s.guarded(route.handler))
		}
	}
	return rt
}

// contentPolicy lets pages load what this site serves and nothing else, and run no script that stands in them.
const contentPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guarded sets the headers that every answer has, and keeps out who may not read.
func (s *Site) guarded(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		if err := s.door.open(w, r); err != nil {
			web.WriteError(w, err)
			return
		}
		next(w, r)
	})
}

// request is what a page is made from.
type request struct {
	*http.Request
	site    *Site
	edition *handbook.Edition
	tongue  Tongue
	words   words
	section string // of the path; "" for other pages
	with    string // the language beside it; ""
}

// errNoPage is for addresses that lead nowhere.
var errNoPage = errors.New("there is no such page")

// maker makes what is shown at an address.
type maker func(r *request) (kind string, body []byte, err error)

// page answers with what build makes, kept from the first time on. name is that of the template; "" is for what is none.
func (s *Site) page(name string, build maker) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q, ok := s.request(w, r)
		if !ok {
			return
		}
		s.remember(w, r, q.tongue.Tag)
		s.kept(w, q, strings.Join([]string{q.tongue.Tag, name, q.section, q.with, r.URL.Path}, " "), build)
	}
}

// kept answers from the cache, or makes the answer and keeps it.
func (s *Site) kept(w http.ResponseWriter, q *request, key string, build maker) {
	key += " " + q.edition.Mark
	if a, ok := s.pages.get(key); ok {
		a.send(w, q.Request, http.StatusOK)
		return
	}
	kind, body, err := build(q)
	if errors.Is(err, errNoPage) {
		s.missing(w, q)
		return
	}
	var a *answer
	if err == nil {
		a, err = newAnswer(kind, body)
	}
	if err != nil {
		s.broken(w, q.Request, err)
		return
	}
	s.pages.put(key, a)
	a.send(w, q.Request, http.StatusOK)
}

// request reads the edition and the address. Where it reports false it has answered.
func (s *Site) request(w http.ResponseWriter, r *http.Request) (*request, bool) {
	edition, err := s.o.Shelf.Edition()
	if err != nil {
		s.broken(w, r, err)
		return nil, false
	}
	asked := web.Var(r, "lang")
	tag, ok := nearest(edition.Languages, asked)
	if !ok {
		s.missing(w, s.unknown(r, edition))
		return nil, false
	}
	if tag != asked {
		rest := strings.TrimPrefix(r.URL.EscapedPath(), root+asked)
		if rest == r.URL.EscapedPath() { // an interface, or a tag that was escaped
			s.missing(w, s.unknown(r, edition))
			return nil, false
		}
		http.Redirect(w, r, root+tag+rest, http.StatusFound)
		return nil, false
	}
	q := &request{Request: r, site: s, edition: edition, tongue: tongueOf(tag), words: wordsOf(tag), section: web.Var(r, "section")}
	if with := r.URL.Query().Get("with"); with != "" && with != tag {
		if q.with, ok = nearest(edition.Languages, with); !ok {
			q.with = ""
		}
	}
	return q, true
}

// unknown is a request for no language of the edition; it is answered in the one that the reader is likely to read.
func (s *Site) unknown(r *http.Request, edition *handbook.Edition) *request {
	tag := chosen(r, edition.Book)
	return &request{Request: r, site: s, edition: edition, tongue: tongueOf(tag), words: wordsOf(tag)}
}

// remember keeps which language was read last, for the next visit without one.
func (s *Site) remember(w http.ResponseWriter, r *http.Request, tag string) {
	if c, err := r.Cookie(cookieName); err == nil && c.Value == tag {
		return
	}
	http.SetCookie(w, languageCookie(tag))
}

func languageCookie(tag string) *http.Cookie {
	return &http.Cookie{Name: cookieName, Value: tag, Path: root, MaxAge: yearInS, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// home sends readers to the language that they read last, or that their browser asks for.
func (s *Site) home(w http.ResponseWriter, r *http.Request) {
	edition, err := s.o.Shelf.Edition()
	if err != nil {
		s.broken(w, r, err)
		return
	}
	w.Header().Set("Vary", "Accept-Language, Cookie")
	w.Header().Set("Cache-Control", "private, no-cache")
	http.Redirect(w, r, root+chosen(r, edition.Book)+"/", http.StatusFound)
}

func (s *Site) withSlash(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, r.URL.EscapedPath()+"/", http.StatusMovedPermanently)
}

// broken says that the handbook cannot be shown; why stands in the log, where the administrator looks.
func (s *Site) broken(w http.ResponseWriter, r *http.Request, err error) {
	s.o.Log.WithError(err).Error("the handbook cannot be shown")
	w.Header().Set("Retry-After", "60")
	s.plain(w, r, http.StatusServiceUnavailable, wordsOf(markup.Fallback).Text("unreadable"))
}

func (s *Site) plain(w http.ResponseWriter, r *http.Request, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = fmt.Fprintln(w, text) // a reader who went away needs no answer
	}
}

// missing says in the reader's language that there is no such page.
func (s *Site) missing(w http.ResponseWriter, q *request) {
	kind, body, err := missingPage(q)
	if err != nil {
		s.broken(w, q.Request, err)
		return
	}
	a := &answer{kind: kind, plain: body}
	w.Header().Set("Cache-Control", "no-store")
	a.send(w, q.Request, http.StatusNotFound)
}
