package pages

import (
	"embed"
	"net/http"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"

	"medixchange/accounts/pagelogin"
	"medixchange/alliance"
	"medixchange/alliance/desk"
	"medixchange/internal/markup"
	"medixchange/internal/web"
)

// Root is where the pages are.
const Root = "/alliance"

//go:embed strings/*.yaml
var wordFiles embed.FS

//go:embed static/alliance.css
var style string

var catalogue = markup.NewCatalogue(wordFiles, "strings")

// Options of a Site. Every field without "optional" must be set.
type Options struct {
	Keeper *alliance.Keeper
	// Desk takes applications; nil where the node takes none.
	Desk  *desk.Desk
	Login *pagelogin.Login
	// Peers are servers that may take applications where this one does not.
	Peers []string
	// LimitApply and LimitProof refuse who sends too much, with an error; optional.
	LimitApply, LimitProof func(r *http.Request) error
	// From gives the address that a request came from, for the log.
	From    func(r *http.Request) string
	Log     *logrus.Entry
	Metrics *web.Metrics // optional
}

// Site is the pages. It is safe for concurrent use.
type Site struct{ o Options }

// New makes a site.
func New(o Options) *Site { return &Site{o} }

// Handler answers everything at and below Root.
func (s *Site) Handler() http.Handler {
	rt := web.NewRouter(web.Options{Name: "alliance", Log: s.o.Log, Metrics: s.o.Metrics})
	both := func(path string, h http.HandlerFunc) {
		rt.HandleHTTP(http.MethodGet, path, h)
		rt.HandleHTTP(http.MethodHead, path, h)
	}
	both(Root, s.home)
	both(Root+"/", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, Root, http.StatusMovedPermanently) })
	both(Root+"/static/alliance.css", s.style)
	both(Root+"/charter.json", s.charter)
	both(Root+"/members.json", s.members)
	if s.o.Desk == nil {
		return rt
	}
	both(Root+"/apply", s.applyForm)
	rt.HandleHTTP(http.MethodPost, Root+"/apply", http.HandlerFunc(s.apply))
	const one = Root + "/application/{secret}"
	both(one, s.application)
	rt.HandleHTTP(http.MethodPost, one+"/prove", http.HandlerFunc(s.prove))
	rt.HandleHTTP(http.MethodPost, one+"/withdraw", http.HandlerFunc(s.withdraw))
	s.reviewRoutes(rt)
	return rt
}

func (s *Site) style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write([]byte(style))
}

// charter hands out the charter, for administrators who are to pin it.
func (s *Site) charter(w http.ResponseWriter, _ *http.Request) {
	document(w, "charter.json", s.o.Keeper.Charter().Raw())
}

func (s *Site) members(w http.ResponseWriter, _ *http.Request) {
	list, _ := s.o.Keeper.MembersPage()
	if list == nil {
		web.WriteError(w, web.NotFound("There is no member list here yet."))
		return
	}
	document(w, "members.json", list)
}

func document(w http.ResponseWriter, name string, raw []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(raw)
}

const (
	languageCookie = "alliance_language"
	monthInS       = 30 * 24 * 60 * 60
)

// words are those of the language that the reader chose, or that their browser asks for.
func words(w http.ResponseWriter, r *http.Request) *markup.Words {
	chosen := r.URL.Query().Get("lang")
	if slices.Contains(catalogue.Languages(), chosen) {
		http.SetCookie(w, &http.Cookie{Name: languageCookie, Value: chosen, Path: Root, MaxAge: monthInS, HttpOnly: true, SameSite: http.SameSiteLaxMode})
		return catalogue.Of(chosen)
	}
	if c, err := r.Cookie(languageCookie); err == nil && slices.Contains(catalogue.Languages(), c.Value) {
		return catalogue.Of(c.Value)
	}
	return catalogue.For(r)
}

// wantsJSON tells programs from browsers.
func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}
