package find

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/singleflight"

	"medixchange/handbook"
	"medixchange/internal/search"
	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
)

// Options of an Index. All are needed.
type Options struct {
	DB     *sqldb.DB
	Hub    *stream.Hub
	Engine *search.Engine
	Shelf  *handbook.Shelf
	Log    *logrus.Entry
}

// Index finds places in the handbook. It is safe for concurrent use.
type Index struct {
	o    Options
	wake chan struct{} // somebody searches: the rest may be indexed now
	work singleflight.Group

	mu   sync.Mutex
	mark string            // of the edition that want is of
	want map[string]string // the mark of each language's texts in that edition
	have map[string]string // the mark of the texts that a language's index is of
}

const (
	// retryPause is how long it waits after a failure.
	retryPause = time.Minute
	// snippetLetters is about how much of the text a hit shows.
	snippetLetters = 160
	// mostWords is the share of a query, by how rare its words are, that a hit must have. Where that gives fewer than fewHits,
	// someWords is: in a short book a question with a word that it does not know should still find the others.
	mostWords = 0.6
	someWords = 0.2
	fewHits   = 6
	// ofOneSection is how many places of one section stand among the first hits.
	ofOneSection = 2
	// maxReplaced is how often a search begins anew because the edition was replaced meanwhile.
	maxReplaced = 3
	// maxHits bounds the hits of one search that are looked at.
	maxHits = 50
)

// New makes an Index. It reads and writes nothing yet.
func New(o Options) *Index {
	return &Index{o: o, wake: make(chan struct{}, 1), have: map[string]string{}}
}

// Run indexes what is not of the edition yet once somebody has searched, and again what another edition changes, until ctx
// ends. A node whose handbook nobody searches does none of that work.
func (x *Index) Run(ctx context.Context) {
	var again <-chan time.Time // after a failure
	for {
		select {
		case <-ctx.Done():
			return
		case <-x.wake:
		case <-again:
		}
		again = nil
		err := x.all(ctx)
		if err == nil || ctx.Err() != nil {
			continue
		}
		x.o.Log.WithError(err).Warn("indexing the handbook failed, trying again")
		again = time.After(retryPause)
	}
}

// all makes every index that is missing.
func (x *Index) all(ctx context.Context) error {
	edition, err := x.o.Shelf.Edition()
	if err != nil {
		return err
	}
	for _, tag := range edition.Languages {
		if err := x.ensure(ctx, edition, tag); err != nil {
			return err
		}
	}
	return nil
}

// Found is what a search found in one language.
type Found struct {
	Language string
	Hits     []Hit
	Total    int // also those beyond the limit
}

// Hit is a place in the handbook.
type Hit struct {
	Section  string // id; "" for a term of the glossary
	Anchor   string // of the heading, or of the term
	Title    string // of the section, or the term
	Heading  string // "" for a term
	Snippet  []Part
	Status   handbook.Status
	Outdated bool
}

// Part is a piece of a text, marked where it is what was looked for.
type Part struct {
	Text   string `json:"text"`
	Marked bool   `json:"marked,omitempty"`
}

// Search looks for a text in one language, the best hits first, and makes the index before where it must.
func (x *Index) Search(ctx context.Context, language, text string, limit int) (Found, error) {
	for tries := 0; ; tries++ {
		found, err := x.search(ctx, language, text, limit)
		if !errors.Is(err, errReplaced) || tries == maxReplaced {
			return found, err
		}
	}
}

func (x *Index) search(ctx context.Context, language, text string, limit int) (Found, error) {
	edition, err := x.o.Shelf.Edition()
	if err != nil {
		return Found{}, err
	}
	if err := x.ensure(ctx, edition, language); err != nil {
		return Found{}, err
	}
	x.rest()
	found, err := x.in(ctx, edition, language, text, limit)
	if err == nil && !x.isReady(edition, language) {
		err = errReplaced // what was found may be places of another edition
	}
	return found, err
}

// Elsewhere looks in all languages but one, in the order of menus, and returns those that have something.
func (x *Index) Elsewhere(ctx context.Context, but, text string, limit int) ([]Found, error) {
	edition, err := x.o.Shelf.Edition()
	if err != nil {
		return nil, err
	}
	var out []Found
	for _, tag := range edition.Languages {
		if tag == but {
			continue
		}
		if ready, err := x.isStored(ctx, edition, tag); err != nil || !ready {
			if err != nil {
				return nil, err
			}
			continue // what the background has not come to yet is found a moment later
		}
		found, err := x.in(ctx, edition, tag, text, limit)
		if err != nil {
			return nil, err
		}
		if len(found.Hits) > 0 && x.isReady(edition, tag) {
			out = append(out, found)
		}
	}
	return out, nil
}

func (x *Index) in(ctx context.Context, edition *handbook.Edition, language, text string, limit int) (Found, error) {
	result, err := x.ask(ctx, language, text)
	if err != nil {
		return Found{}, fmt.Errorf("searching the handbook: %w", err)
	}
	found := Found{Language: language, Total: result.Total}
	for _, h := range result.Hits {
		if hit, ok := placeOf(edition, language, h.ID, result.Matched); ok {
			found.Hits = append(found.Hits, hit)
		}
	}
	found.Hits = mixed(found.Hits)
	found.Hits = found.Hits[:min(limit, len(found.Hits))]
	return found, nil
}

// mixed puts behind the others what one section has beyond its best places, and the glossary beyond its best terms, so that
// the first hits show where in the book there is something.
func mixed(hits []Hit) []Hit {
	var first, later []Hit
	seen := map[string]int{}
	for _, h := range hits {
		if seen[h.Section]++; seen[h.Section] <= ofOneSection {
			first = append(first, h)
		} else {
			later = append(later, h)
		}
	}
	return append(first, later...)
}

// ask looks for places that have most of a query, and where there are few, behind them for those that have some of it.
func (x *Index) ask(ctx context.Context, language, text string) (*search.Result, error) {
	q := search.Query{Text: text, In: []search.Source{{Index: indexOf(language)}}, Limit: maxHits, MinCoverage: mostWords}
	most, err := x.o.Engine.Search(ctx, q)
	if err != nil || len(most.Hits) >= fewHits {
		return most, err
	}
	q.MinCoverage = someWords
	some, err := x.o.Engine.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, h := range some.Hits {
		if !slices.ContainsFunc(most.Hits, func(o search.Hit) bool { return o.ID == h.ID }) {
			most.Hits = append(most.Hits, h)
		}
	}
	some.Hits = most.Hits
	return some, nil
}

// rest lets the background go on without waiting for its time.
func (x *Index) rest() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// Again has what another edition changes indexed, where somebody has searched before. It does not wait.
func (x *Index) Again() {
	x.mu.Lock()
	searched := len(x.have) > 0
	x.mu.Unlock()
	if searched {
		x.rest()
	}
}
