package site

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"medixchange/handbook"
	"medixchange/internal/web"
)

const typeJSON = "application/json"

// The forms of the interface; docs/handbook.md describes them.
type (
	jsonState struct {
		Status   handbook.Status `json:"status"`
		Outdated bool            `json:"outdated"`
		Updated  handbook.Date   `json:"updated"`
	}
	jsonEntry struct {
		ID         string `json:"id"`
		Title      string `json:"title"`
		Language   string `json:"language"` // the source's where the section is not translated
		Translated bool   `json:"translated"`
		jsonState
	}
	jsonChapter struct {
		ID       string      `json:"id"`
		Title    string      `json:"title"`
		Sections []jsonEntry `json:"sections"`
	}
	jsonContents struct {
		ID        string              `json:"id"`
		Edition   string              `json:"edition"`
		Date      handbook.Date       `json:"date"`
		Mark      string              `json:"mark"`
		Source    string              `json:"source"`
		Language  string              `json:"language"`
		Title     string              `json:"title"`
		Note      string              `json:"note"`
		Progress  handbook.Progress   `json:"progress"`
		Percent   int                 `json:"percent"`
		Chapters  []jsonChapter       `json:"chapters"`
		Languages []handbook.Progress `json:"languages"`
	}
	jsonBlock struct {
		Anchor   string `json:"anchor"`
		Level    int    `json:"level"`
		Title    string `json:"title"`
		Markdown string `json:"markdown"`
		HTML     string `json:"html"`
		Changed  string `json:"changed,omitempty"` // how the source differs: changed, added or removed
	}
	jsonCitation struct {
		Key       string        `json:"key"`
		Authors   string        `json:"authors"`
		Title     string        `json:"title"`
		Year      int           `json:"year"`
		Publisher string        `json:"publisher"`
		URL       string        `json:"url,omitempty"`
		DOI       string        `json:"doi,omitempty"`
		LookedUp  handbook.Date `json:"looked_up"`
		SeenAt    string        `json:"seen_at"`
	}
	jsonSection struct {
		jsonEntry
		Note       string         `json:"note"`
		Author     string         `json:"author,omitempty"`
		Translator string         `json:"translator,omitempty"`
		Reviewer   string         `json:"reviewer,omitempty"`
		Written    handbook.Date  `json:"written"`
		Hash       string         `json:"hash"`
		SourceHash string         `json:"source_hash,omitempty"`
		Link       string         `json:"link"`
		Blocks     []jsonBlock    `json:"blocks"`
		Citations  []jsonCitation `json:"citations"`
	}
)

// api answers programs. Errors are those of the other interfaces of the node.
func (s *Site) api(build func(q *request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		edition, err := s.o.Shelf.Edition()
		if err != nil {
			s.o.Log.WithError(err).Error("the handbook cannot be shown")
			web.WriteError(w, web.Unavailable("The handbook cannot be read; the node's log says why.").Because(err))
			return
		}
		tag, ok := nearest(edition.Languages, web.Var(r, "lang"))
		if !ok {
			web.WriteError(w, web.NotFound("The handbook has no language %s; it has %s", web.Var(r, "lang"), strings.Join(edition.Languages, ", ")))
			return
		}
		q := &request{Request: r, site: s, edition: edition, tongue: tongueOf(tag), words: wordsOf(tag), section: web.Var(r, "section")}
		s.apiKept(w, q, build)
	}
}

func (s *Site) apiKept(w http.ResponseWriter, q *request, build func(q *request) (any, error)) {
	key := strings.Join([]string{"api", q.tongue.Tag, q.section, q.edition.Mark}, " ")
	if a, ok := s.pages.get(key); ok {
		a.send(w, q.Request, http.StatusOK)
		return
	}
	value, err := build(q)
	if errors.Is(err, errNoPage) {
		web.WriteError(w, web.NotFound("The handbook has no section %s; it has %s", q.section, strings.Join(q.edition.SectionIDs(), ", ")))
		return
	}
	a, err := jsonAnswer(value, err)
	if err != nil {
		s.o.Log.WithError(err).Error("the handbook cannot be sent as JSON")
		web.WriteError(w, web.Unknown(err))
		return
	}
	s.pages.put(key, a)
	a.send(w, q.Request, http.StatusOK)
}

func jsonAnswer(value any, err error) (*answer, error) {
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("writing JSON: %w", err)
	}
	return newAnswer(typeJSON, body)
}

func apiContents(q *request) (any, error) {
	titles, _ := q.titles()
	progress := q.progress()
	out := jsonContents{
		ID: q.edition.ID, Edition: q.edition.Edition, Date: q.edition.Date, Mark: q.edition.Mark, Source: q.edition.Source,
		Language: q.tongue.Tag, Title: titles.Title, Note: titles.Note, Progress: progress, Percent: progress.Percent(),
		Languages: q.edition.Progress(),
	}
	for _, c := range q.edition.Chapters {
		chapter := jsonChapter{ID: c.ID, Title: titles.Chapters[c.ID]}
		for _, id := range c.Sections {
			s, translated, err := q.find(id)
			if err != nil {
				return nil, err
			}
			chapter.Sections = append(chapter.Sections, q.jsonEntry(s, translated))
		}
		out.Chapters = append(out.Chapters, chapter)
	}
	return out, nil
}

func (q *request) jsonEntry(s *handbook.Section, translated bool) jsonEntry {
	state := q.state(s, translated)
	return jsonEntry{
		ID: s.ID, Title: s.Title, Language: s.Language, Translated: translated,
		jsonState: jsonState{Status: state.Status, Outdated: state.Outdated, Updated: state.Updated},
	}
}

func apiSection(q *request) (any, error) {
	s, translated, err := q.find(q.section)
	if err != nil {
		return nil, err
	}
	titles, _ := q.titles()
	out := jsonSection{
		jsonEntry: q.jsonEntry(s, translated), Note: titles.Note, Author: s.Author, Translator: s.Translator, Reviewer: s.Reviewer,
		Written: s.Written, Hash: s.Hash, SourceHash: s.SourceHash, Link: root + q.tongue.Tag + "/" + s.ID,
		Blocks: []jsonBlock{}, Citations: []jsonCitation{},
	}
	changes := q.changesOf(s)
	rendered := newText(q.edition.Book, s, q.words, false)
	for _, b := range s.Blocks {
		html, err := rendered.block(b)
		if err != nil {
			return nil, err
		}
		out.Blocks = append(out.Blocks, jsonBlock{
			Anchor: b.Anchor, Level: b.Level, Title: b.Title, Markdown: b.Text, HTML: string(html), Changed: changeOf(changes, b.Anchor),
		})
	}
	for _, c := range q.edition.Citations(s) {
		out.Citations = append(out.Citations, jsonCitation{
			Key: c.Key, Authors: c.Authors, Title: c.Title, Year: c.Year, Publisher: c.Publisher, URL: c.URL, DOI: c.DOI,
			LookedUp: c.LookedUp, SeenAt: c.SeenAt,
		})
	}
	return out, nil
}
