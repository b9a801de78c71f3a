package search

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sort"
	"time"

	"medixchange/internal/sqldb"
)

const (
	defaultCoverage = 0.6
	defaultBudget   = 2 * time.Second
	// maxHits bounds the documents that one query keeps in memory for an index; the newest count.
	maxHits = 200_000
	// maxBytes bounds the postings that are read for one query of one index.
	maxBytes = 8 << 20
)

// Search answers a query from one snapshot of the database. A query without a word finds nothing.
func (e *Engine) Search(ctx context.Context, q Query) (*Result, error) {
	units := e.parse(q.Text)
	r := &Result{Matched: newMatched(e.simplify, units)}
	if len(units) == 0 || q.Limit <= 0 {
		return r, nil
	}
	if q.MinCoverage <= 0 {
		q.MinCoverage = defaultCoverage
	}
	if q.Budget <= 0 {
		q.Budget = defaultBudget
	}
	q.Limit = min(q.Limit, maxLimit)
	deadline := time.Now().Add(q.Budget)
	err := e.db.Read(ctx, func(s *sqldb.Snapshot) error {
		found := map[int64]Hit{}
		for i, source := range q.In {
			l := &lookup{q: s, query: &q, source: source, units: units, deadline: deadline, matched: r.Matched}
			if err := l.run(); err != nil {
				return fmt.Errorf("searching %s: %w", source.Index, err)
			}
			r.Partial = r.Partial || l.partial
			l.addTo(found, i)
		}
		r.Total = len(found)
		var err error
		r.Hits, err = rank(s, q, found)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// lookup asks one index.
type lookup struct {
	q        sqldb.Querier
	query    *Query
	source   Source
	units    []unit
	deadline time.Time
	matched  *Matched
	index    *indexRow
	docs     map[int64]*tally
	bytes    int
	partial  bool
}

// tally is what a document has of the query.
type tally struct {
	scope    int64
	coverage float64
	score    float64
}

// weighed is a unit with what it may be found as.
type weighed struct {
	unit
	postings []weighedPosting
	idf      float64
}

// absentGram is what a gram counts that no document has: in a script without spaces it may only join two words.
const absentGram = 0.3

func (u *unit) isGram() bool { return u.kind != letter && u.kind != digit }

type weighedPosting struct {
	posting
	quality float64
}

func (l *lookup) run() error {
	row, err := selectIndex(l.q, l.source.Index)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	l.index = row
	all, err := l.weigh()
	if err != nil {
		return err
	}
	l.count(all)
	return nil
}

// weigh finds out what the units are found as, in which documents, and how much each counts.
func (l *lookup) weigh() ([]*weighed, error) {
	exact, err := l.exact()
	if err != nil {
		return nil, err
	}
	all := make([]*weighed, len(l.units))
	for i := range l.units {
		w := &weighed{unit: l.units[i]}
		all[i] = w
		found, err := l.candidates(&w.unit, exact)
		if err != nil {
			return nil, err
		}
		var everywhere int
		if w.postings, everywhere, err = l.postingsOf(found); err != nil {
			return nil, err
		}
		if len(w.parts) > 0 {
			w.postings = together(w.postings, partsOf(all, w.parts))
		}
		w.idf = l.idf(max(everywhere, len(w.postings)))
		if len(w.postings) == 0 && w.isGram() {
			w.idf *= absentGram
		}
		l.matched.add(found)
	}
	return all, nil
}

// exact returns the terms that are units as they stand.
func (l *lookup) exact() (map[string]*termRow, error) {
	hashes := make([]int64, len(l.units))
	for i, u := range l.units {
		hashes[i] = hashOf(l.index.nid, u.term)
	}
	rows, err := selectTails(l.q, hashes)
	if err != nil {
		return nil, err
	}
	exact := make(map[string]*termRow, len(rows))
	for _, row := range rows {
		exact[row.term] = row
	}
	return exact, nil
}

func (l *lookup) candidates(u *unit, exact map[string]*termRow) ([]candidate, error) {
	switch {
	case time.Now().After(l.deadline):
		l.partial = true
		return nil, nil
	case u.kind == letter:
		return l.words(u, exact)
	case u.short:
		rows, err := l.termsFrom(u.term)
		if err != nil {
			return nil, err
		}
		found := make([]candidate, len(rows))
		for i, row := range rows {
			found[i] = candidate{row.nid, row.term, row.tail, 1}
		}
		return found, nil
	}
	if row := exact[u.term]; row != nil {
		return []candidate{{row.nid, row.term, row.tail, 1}}, nil
	}
	return nil, nil
}

// termsFrom returns the terms of the index that begin with a text, but trigrams.
func (l *lookup) termsFrom(text string) ([]*termRow, error) {
	rows, err := selectFrom(l.q, l.index.nid, text, maxScanned)
	l.partial = l.partial || len(rows) == maxScanned
	return rows, err
}

// postingsOf reads the postings of candidates, newest first as far as the bounds allow, and leaves for each document the
// best. everywhere counts those of all scopes: how rare a word is does not depend on who asks.
func (l *lookup) postingsOf(found []candidate) (all []weighedPosting, everywhere int, err error) {
	if len(found) == 0 {
		return nil, 0, nil
	}
	nids := make([]int64, len(found))
	for i, c := range found {
		nids[i] = c.nid
	}
	closed, err := selectBlocks(l.q, nids)
	if err != nil {
		return nil, 0, err
	}
	best := map[int64]weighedPosting{}
	for _, c := range found {
		for _, block := range append([][]byte{c.tail}, closed[c.nid]...) {
			if l.bytes += len(block); l.bytes > maxBytes || time.Now().After(l.deadline) {
				l.partial = true
				break
			}
			n, err := l.collect(best, block, c.quality)
			if err != nil {
				return nil, 0, err
			}
			everywhere += n
		}
	}
	all = make([]weighedPosting, 0, len(best))
	for _, p := range best {
		all = append(all, p)
	}
	return all, everywhere, nil
}

// collect returns how many postings a block has, also those that are not asked for.
func (l *lookup) collect(best map[int64]weighedPosting, block []byte, quality float64) (n int, err error) {
	err = each(block, func(p posting) bool {
		n++
		if l.query.Upto > 0 && p.doc > l.query.Upto {
			return true
		}
		if l.source.Scopes != nil && !l.source.Scopes(p.scope) {
			return true
		}
		if known, ok := best[p.doc]; !ok || known.quality < quality {
			best[p.doc] = weighedPosting{p, quality}
		}
		return true
	})
	return n, err
}

// together adds to the postings of a whole those of documents that have all of its parts.
func together(whole []weighedPosting, parts [][]weighedPosting) []weighedPosting {
	have := map[int64]int{}
	for _, p := range whole {
		have[p.doc] = -1
	}
	for i, of := range parts {
		for _, p := range of {
			if have[p.doc] == i {
				have[p.doc]++
			}
		}
	}
	if len(parts) == 0 {
		return whole
	}
	for _, p := range parts[len(parts)-1] {
		if have[p.doc] == len(parts) {
			have[p.doc] = -1
			whole = append(whole, weighedPosting{p.posting, p.quality * beginningQuality})
		}
	}
	return whole
}

func partsOf(all []*weighed, at []int) [][]weighedPosting {
	parts := make([][]weighedPosting, len(at))
	for i, n := range at {
		parts[i] = all[n].postings
	}
	return parts
}

// idf is how much a unit counts that so many documents have.
func (l *lookup) idf(documents int) float64 {
	total := float64(max(l.index.docs, 1))
	n := min(float64(documents), total)
	return math.Log(1 + (total-n+0.5)/(n+0.5))
}

// count sums up what each document has, the rarest units first: when what is left could make no hit any more, only those
// are followed that are there already.
func (l *lookup) count(all []*weighed) {
	total := 0.0
	for _, w := range all {
		total += w.share * w.idf
	}
	if total == 0 {
		return
	}
	order := append([]*weighed(nil), all...)
	sort.SliceStable(order, func(i, j int) bool { return len(order[i].postings) < len(order[j].postings) })
	l.docs = map[int64]*tally{}
	left := total
	for _, w := range order {
		weight := w.share * w.idf
		if weight == 0 {
			continue
		}
		l.countUnit(w, weight/total, left >= l.query.MinCoverage*total-1e-9)
		left -= weight
	}
	for doc, t := range l.docs {
		if t.coverage < l.query.MinCoverage-1e-9 {
			delete(l.docs, doc)
		}
	}
}

func (l *lookup) countUnit(w *weighed, weight float64, open bool) {
	for _, p := range w.postings {
		t := l.docs[p.doc]
		if t == nil {
			if !open {
				continue
			}
			if len(l.docs) == maxHits {
				l.partial = true
				continue
			}
			t = &tally{scope: p.scope}
			l.docs[p.doc] = t
		}
		t.coverage += weight
		t.score += weight * p.quality * levelFactor(p.level)
	}
}

func (l *lookup) addTo(found map[int64]Hit, source int) {
	for doc, t := range l.docs {
		if known, ok := found[doc]; !ok || known.Score < t.score {
			found[doc] = Hit{ID: doc, Scope: t.scope, Score: t.score, Source: source}
		}
	}
}
