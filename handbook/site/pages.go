package site

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"runtime/debug"
	"strings"
	"sync"

	"medixchange/handbook"
	"medixchange/internal/markup"
)

//go:embed static
var files embed.FS

const typeHTML = "text/html; charset=utf-8"

// programMark changes with what pages are made of beside the edition: what readers keep is then old.
var programMark = sync.OnceValue(func() string {
	sum := sha256.New()
	for _, from := range []embed.FS{files, wordFiles} {
		_ = fs.WalkDir(from, ".", func(path string, entry fs.DirEntry, _ error) error {
			if !entry.IsDir() {
				data, _ := from.ReadFile(path) // embedded: it is there
				fmt.Fprintf(sum, "%s %d ", path, len(data))
				sum.Write(data)
			}
			return nil
		})
	}
	if build, ok := debug.ReadBuildInfo(); ok { // the pages are code
		for _, setting := range build.Settings {
			if strings.HasPrefix(setting.Key, "vcs.") {
				fmt.Fprintln(sum, setting.Key, setting.Value)
			}
		}
	}
	return hex.EncodeToString(sum.Sum(nil))[:12]
})

// view is what every page shows around its body.
type view struct {
	W         words
	Words     Tongue // the language of the words
	Tongue    Tongue // the language of the page
	Source    Tongue
	Title     string
	Book      Phrase // the title of the book
	Note      Phrase // what readers must know
	Edition   string
	Date      handbook.Date
	Home      string // the address of this language's contents
	Program   string // mark of what static files are
	Languages []languageLink
	Searches  bool
	Query     string
}

// Phrase is a text that may be in another language than the page.
type Phrase struct {
	Tongue
	Text string
}

// languageLink is one entry of the menu of languages.
type languageLink struct {
	Tongue
	Address string
	Current bool
	Percent int
}

// view makes what all pages have. place is what follows the language in the address.
func (q *request) view(title, place string) *view {
	v := &view{
		W: q.words, Words: tongueOf(q.words.Tag), Tongue: q.tongue, Source: tongueOf(q.edition.Source), Title: title,
		Edition: q.edition.Edition, Date: q.edition.Date, Home: root + q.tongue.Tag + "/", Program: programMark(), Searches: q.site.o.Index != nil,
	}
	titles, own := q.titles()
	v.Book, v.Note = Phrase{own, titles.Title}, Phrase{own, titles.Note}
	for _, p := range q.edition.Progress() {
		v.Languages = append(v.Languages, languageLink{
			Tongue: tongueOf(p.Language), Address: root + p.Language + "/" + place, Current: p.Language == q.tongue.Tag, Percent: p.Percent(),
		})
	}
	return v
}

// titles are those of the page's language, or of the source's, which it is then said to be in.
func (q *request) titles() (*handbook.Titles, Tongue) {
	if t, ok := q.edition.Titles(q.tongue.Tag); ok {
		return t, q.tongue
	}
	if t, ok := q.edition.Titles(q.edition.Source); ok {
		return t, tongueOf(q.edition.Source)
	}
	return &handbook.Titles{}, tongueOf(q.edition.Source)
}

// section gives a section in the page's language, or in the source's; translated says which.
func (q *request) find(id string) (s *handbook.Section, translated bool, err error) {
	if s, ok := q.edition.Section(q.tongue.Tag, id); ok {
		return s, true, nil
	}
	if s, ok := q.edition.Section(q.edition.Source, id); ok {
		return s, false, nil
	}
	return nil, false, errNoPage
}

func (v *view) render(body func(*markup.Builder, *view)) (kind string, page []byte, err error) {
	return typeHTML, v.layout(body), nil
}

// State is a section's state, for badges and lists.
type State struct {
	Status   handbook.Status
	Missing  bool // not translated
	Outdated bool
	Updated  handbook.Date
}

func (q *request) state(s *handbook.Section, translated bool) State {
	return State{Status: s.Status, Missing: !translated, Outdated: q.edition.Stale(s).Outdated, Updated: s.Updated}
}

// entry is a section in a list.
type entry struct {
	Phrase
	State
	ID string
}

func (q *request) entry(id string) (entry, error) {
	s, translated, err := q.find(id)
	if err != nil {
		return entry{}, err
	}
	return entry{Phrase: Phrase{tongueOf(s.Language), s.Title}, State: q.state(s, translated), ID: id}, nil
}
