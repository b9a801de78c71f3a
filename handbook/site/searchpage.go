package site

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"medixchange/handbook"
	"medixchange/handbook/find"
	"medixchange/internal/web"
)

const (
	pageHits      = 20 // on the page of a reader's own language
	elsewhereHits = 3  // of each other language
	maxQuery      = 200
	// searchPatience is how long a search waits for an index that is being made.
	searchPatience = 10 * time.Second
)

// result is a hit as pages show it.
type result struct {
	find.Hit
	State
	Address string
}

// foundIn is what was found in one language.
type foundIn struct {
	Tongue
	Hits []result
}

type searchView struct {
	Asked bool
	Busy  bool
	Total int
	Own   foundIn
	Other []foundIn
}

// search shows what was found, and where the reader's own language has nothing, what others have. It is made anew each time.
func (s *Site) search(w http.ResponseWriter, r *http.Request) {
	q, ok := s.request(w, r)
	if !ok {
		return
	}
	if s.o.Index == nil {
		s.missing(w, q)
		return
	}
	s.remember(w, r, q.tongue.Tag)
	text := queryOf(r)
	page := searchView{Asked: text != ""}
	status := http.StatusOK
	if page.Asked {
		if err := s.limited(r); err != nil {
			web.WriteError(w, err)
			return
		}
		own, others, err := s.look(r.Context(), q.tongue.Tag, text, pageHits)
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			page.Busy, status = true, http.StatusServiceUnavailable
			w.Header().Set("Retry-After", "5")
		case err != nil:
			s.broken(w, r, err)
			return
		}
		page.Total, page.Own = own.Total, resultsOf(q, own)
		for _, f := range others {
			page.Other = append(page.Other, resultsOf(q, f))
		}
	}
	v := q.view(q.words.Text("search"), "search?q="+url.QueryEscape(text))
	v.Query = text
	kind, body, err := v.render(searchBody(page))
	if err != nil {
		s.broken(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	(&answer{kind: kind, plain: body}).send(w, r, status)
}

func (s *Site) limited(r *http.Request) error {
	if s.o.Limit == nil {
		return nil
	}
	return s.o.Limit(r)
}

// look searches one language, and the others where it has nothing.
func (s *Site) look(ctx context.Context, tag, text string, limit int) (own find.Found, others []find.Found, err error) {
	ctx, cancel := context.WithTimeout(ctx, searchPatience)
	defer cancel()
	own, err = s.o.Index.Search(ctx, tag, text, limit)
	if err != nil || len(own.Hits) > 0 {
		return own, nil, err
	}
	others, err = s.o.Index.Elsewhere(ctx, tag, text, elsewhereHits)
	return own, others, err
}

// queryOf is what was asked, at most maxQuery letters of it.
func queryOf(r *http.Request) string {
	text := strings.ToValidUTF8(strings.TrimSpace(r.URL.Query().Get("q")), "")
	for utf8.RuneCountInString(text) > maxQuery {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}

func resultsOf(q *request, f find.Found) foundIn {
	out := foundIn{Tongue: tongueOf(f.Language)}
	for _, h := range f.Hits {
		out.Hits = append(out.Hits, result{Hit: h, State: State{Status: h.Status, Outdated: h.Outdated}, Address: Address(f.Language, h)})
	}
	return out
}

// Address is where a hit stands, on this host.
func Address(tag string, h find.Hit) string {
	if h.Section == "" {
		return root + tag + "/glossary#" + h.Anchor
	}
	return root + tag + "/" + h.Section + "#" + h.Anchor
}

// jsonHit is a place that was found.
type jsonHit struct {
	Language string          `json:"language"`
	Section  string          `json:"section,omitempty"` // not for terms of the glossary
	Anchor   string          `json:"anchor"`
	Title    string          `json:"title"`
	Heading  string          `json:"heading,omitempty"`
	Status   handbook.Status `json:"status"`
	Outdated bool            `json:"outdated"`
	Link     string          `json:"link"`
	Snippet  []find.Part     `json:"snippet"`
}

type jsonFound struct {
	Language  string    `json:"language"`
	Query     string    `json:"query"`
	Total     int       `json:"total"`
	Hits      []jsonHit `json:"hits"`
	Elsewhere []jsonHit `json:"elsewhere"` // in other languages, where Hits is empty
}

// apiSearch is the search for programs: ?q=, ?lang=, ?limit=.
func (s *Site) apiSearch(w http.ResponseWriter, r *http.Request) {
	body, err := s.apiFound(r)
	if err != nil {
		web.WriteError(w, err)
		return
	}
	a, err := newAnswer(typeJSON, body)
	if err != nil {
		web.WriteError(w, web.Unknown(err))
		return
	}
	a.send(w, r, http.StatusOK)
}

func (s *Site) apiFound(r *http.Request) ([]byte, error) {
	if s.o.Index == nil {
		return nil, web.NotFound("The handbook is not searched here")
	}
	edition, err := s.o.Shelf.Edition()
	if err != nil {
		return nil, web.Unavailable("The handbook cannot be read; the node's log says why.").Because(err)
	}
	text := queryOf(r)
	if text == "" {
		return nil, web.MissingParam("Query parameter q is missing")
	}
	tag := chosen(r, edition.Book)
	if asked := r.URL.Query().Get("lang"); asked != "" {
		var ok bool
		if tag, ok = nearest(edition.Languages, asked); !ok {
			return nil, web.NotFound("The handbook has no language %s; it has %s", asked, strings.Join(edition.Languages, ", "))
		}
	}
	limit, err := web.QueryInt(r, "limit", pageHits, 1, pageHits)
	if err != nil {
		return nil, err
	}
	if err := s.limited(r); err != nil {
		return nil, err
	}
	own, others, err := s.look(r.Context(), tag, text, limit)
	if err != nil {
		s.o.Log.WithError(err).Warn("the handbook could not be searched")
		return nil, web.Unavailable("The search is not ready yet").Because(err)
	}
	out := jsonFound{Language: tag, Query: text, Total: own.Total, Hits: jsonHits(own), Elsewhere: []jsonHit{}}
	for _, f := range others {
		out.Elsewhere = append(out.Elsewhere, jsonHits(f)...)
	}
	return json.Marshal(out)
}

func jsonHits(f find.Found) []jsonHit {
	out := []jsonHit{}
	for _, h := range f.Hits {
		out = append(out, jsonHit{
			Language: f.Language, Section: h.Section, Anchor: h.Anchor, Title: h.Title, Heading: h.Heading, Status: h.Status,
			Outdated: h.Outdated, Link: Address(f.Language, h), Snippet: h.Snippet,
		})
	}
	return out
}
