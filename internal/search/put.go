package search

import (
	"errors"
	"fmt"
	"slices"
	"sort"

	"medixchange/internal/sqldb"
)

// Put adds documents to an index, or replaces those that are there, in the caller's write. A document that is empty is only
// removed. It takes well under a millisecond a document; many are cheaper together, but hold up other writers.
func (e *Engine) Put(tx *sqldb.Tx, index string, docs ...*Prepared) error {
	if len(docs) == 0 {
		return nil
	}
	w, err := e.writerOf(tx, index)
	if err != nil {
		return err
	}
	docs = lastOfEach(docs)
	if err := w.removeOld(idsOf(docs)); err != nil {
		return err
	}
	for _, d := range docs {
		w.plan(d)
	}
	if err := w.addPlanned(); err != nil {
		return err
	}
	return w.finish()
}

// Remove removes documents from an index; those that are not there are no error.
func (e *Engine) Remove(tx *sqldb.Tx, index string, ids ...int64) error {
	if len(ids) == 0 {
		return nil
	}
	w, err := e.writerOf(tx, index)
	if err != nil {
		return err
	}
	if err := w.removeOld(ids); err != nil {
		return err
	}
	return w.finish()
}

// Drop removes an index a piece at a time: at most limit rows of each kind. done says that nothing is left of it.
func (e *Engine) Drop(tx *sqldb.Tx, index string, limit int) (done bool, err error) {
	nid, err := indexNID(tx, index)
	if errors.Is(err, sqldb.ErrNoRows) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return dropSome(tx, nid, limit)
}

// lastOfEach leaves the last of those that are the same document.
func lastOfEach(docs []*Prepared) []*Prepared {
	last := make(map[int64]int, len(docs))
	for i, d := range docs {
		last[d.id] = i
	}
	if len(last) == len(docs) {
		return docs
	}
	var kept []*Prepared
	for i, d := range docs {
		if last[d.id] == i {
			kept = append(kept, d)
		}
	}
	return kept
}

func idsOf(docs []*Prepared) []int64 {
	ids := make([]int64, len(docs))
	for i, d := range docs {
		ids[i] = d.id
	}
	return ids
}

// writer changes one index inside one write.
type writer struct {
	tx      *sqldb.Tx
	ids     *sqldb.IDs
	index   *indexRow
	planned map[string]*plannedTerm
	docs    []*Prepared
}

// plannedTerm is what a write adds to a term.
type plannedTerm struct {
	word     bool
	postings []posting
	nid      int64
}

func (e *Engine) writerOf(tx *sqldb.Tx, index string) (*writer, error) {
	row, err := loadIndex(tx, index, e.db.IDs("search_indexes"))
	if err != nil {
		return nil, err
	}
	return &writer{tx: tx, ids: e.db.IDs("search_terms"), index: row, planned: map[string]*plannedTerm{}}, nil
}

// plan notes what a document adds.
func (w *writer) plan(d *Prepared) {
	if d.Empty() {
		return
	}
	w.docs = append(w.docs, d)
	for _, t := range d.terms {
		p := w.planned[t.term]
		if p == nil {
			p = &plannedTerm{}
			w.planned[t.term] = p
		}
		p.word = p.word || t.word
		p.postings = append(p.postings, posting{d.id, d.scope, t.level})
	}
}

// addPlanned stores terms, postings and documents.
func (w *writer) addPlanned() error {
	fresh, err := w.addTerms(w.planned, w.index.lastDoc)
	if err != nil {
		return err
	}
	if err := w.addTrigrams(fresh); err != nil {
		return err
	}
	rows := make([][]any, 0, len(w.docs))
	for _, d := range w.docs {
		nids := make([]int64, 0, len(d.terms))
		for _, t := range d.terms {
			nids = append(nids, w.planned[t.term].nid)
		}
		slices.Sort(nids)
		rows = append(rows, []any{w.index.nid, d.id, d.scope, d.time, packIDs(slices.Compact(nids))})
		w.index.lastDoc = max(w.index.lastDoc, d.id)
	}
	w.index.docs += int64(len(rows))
	return insertDocs(w.tx, rows)
}

// addTrigrams makes new words be found by parts of them.
func (w *writer) addTrigrams(words map[string]int64) error {
	planned := map[string]*plannedTerm{}
	for word, nid := range words {
		for _, t := range trigrams(word) {
			p := planned[t]
			if p == nil {
				p = &plannedTerm{}
				planned[t] = p
			}
			p.postings = append(p.postings, posting{doc: nid})
		}
	}
	_, err := w.addTerms(planned, 0) // the numbers of new words are above all others
	return err
}

// addTerms adds postings to terms, and returns the words among those that are new. before is a document behind which those
// lie that go to a term's tail.
func (w *writer) addTerms(planned map[string]*plannedTerm, before int64) (fresh map[string]int64, err error) {
	if len(planned) == 0 {
		return nil, nil
	}
	terms := make([]string, 0, len(planned))
	hashes := make([]int64, 0, len(planned))
	for term := range planned {
		terms = append(terms, term)
	}
	sort.Strings(terms) // the same order always gives the same rows
	for _, term := range terms {
		hashes = append(hashes, hashOf(w.index.nid, term))
	}
	known, err := selectTails(w.tx, hashes)
	if err != nil {
		return nil, err
	}
	var inserts, updates [][]any
	fresh = map[string]int64{}
	for i, term := range terms {
		p := planned[term]
		sort.Slice(p.postings, func(a, b int) bool { return p.postings[a].doc < p.postings[b].doc })
		row, ok := known[hashes[i]]
		if !ok {
			row = &termRow{nid: w.ids.Next()}
			if p.word {
				fresh[term] = row.nid
			}
		}
		p.nid = row.nid
		if row.tail, err = w.addTo(row, p.postings, before); err != nil {
			return nil, err
		}
		if ok {
			updates = append(updates, []any{row.nid, row.tail})
		} else {
			inserts = append(inserts, []any{row.nid, w.index.nid, hashes[i], storedPrefix(term), []byte(term), row.tail})
		}
	}
	return fresh, writeTerms(w.tx, inserts, updates)
}

// storedPrefix is 0 for trigrams: nobody looks for their beginnings.
func storedPrefix(term string) int64 {
	if term[:1] == trigramMark {
		return 0
	}
	return prefixOf(term)
}

// addTo adds postings, ascending, to a term and returns its tail.
func (w *writer) addTo(row *termRow, postings []posting, before int64) ([]byte, error) {
	old := sort.Search(len(postings), func(i int) bool { return postings[i].doc > before })
	for _, p := range postings[:old] {
		if err := w.insertInto(row, p); err != nil {
			return nil, err
		}
	}
	if old == len(postings) {
		return row.tail, nil
	}
	return w.appendTo(row, postings[old:])
}

// appendTo adds postings behind all others, and closes the tail where it is full.
func (w *writer) appendTo(row *termRow, postings []posting) ([]byte, error) {
	tail := slices.Clone(row.tail)
	last, err := lastDoc(tail)
	if err != nil {
		return nil, err
	}
	for _, p := range postings {
		if len(tail) >= maxBlock {
			if err := insertBlock(w.tx, row.nid, last, tail); err != nil {
				return nil, err
			}
			tail, last = []byte{}, 0
		}
		tail = appendPosting(tail, last, p)
		last = p.doc
	}
	return tail, nil
}

func lastDoc(block []byte) (last int64, err error) {
	err = each(block, func(p posting) bool { last = p.doc; return true })
	return last, err
}

// insertInto adds one posting among older ones.
func (w *writer) insertInto(row *termRow, p posting) error {
	upto, block, err := blockOf(w.tx, row.nid, p.doc)
	if errors.Is(err, sqldb.ErrNoRows) {
		return w.insertIntoTail(row, p)
	}
	if err != nil {
		return err
	}
	all, err := unpack(nil, block)
	if err != nil {
		return err
	}
	return w.storeBlock(row.nid, upto, place(all, p))
}

// insertIntoTail adds a posting among the newest, and closes the older half of them where they are too many.
func (w *writer) insertIntoTail(row *termRow, p posting) error {
	all, err := unpack(nil, row.tail)
	if err != nil {
		return err
	}
	all = place(all, p)
	row.tail = pack(all)
	if len(row.tail) <= 2*maxBlock {
		return nil
	}
	half := len(all) / 2
	row.tail = pack(all[half:])
	return insertBlock(w.tx, row.nid, all[half-1].doc, pack(all[:half]))
}

// storeBlock writes a closed block again, in two where it has grown too long.
func (w *writer) storeBlock(term, upto int64, all []posting) error {
	packed := pack(all)
	if len(packed) > 2*maxBlock {
		half := len(all) / 2
		if err := insertBlock(w.tx, term, all[half-1].doc, pack(all[:half])); err != nil {
			return err
		}
		packed = pack(all[half:])
	}
	return updateBlock(w.tx, term, upto, packed)
}

func (w *writer) finish() error {
	if err := updateIndex(w.tx, w.index); err != nil {
		return fmt.Errorf("storing the state of an index: %w", err)
	}
	return nil
}
