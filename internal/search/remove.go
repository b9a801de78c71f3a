package search

import (
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// removeOld removes documents that are there.
func (w *writer) removeOld(ids []int64) error {
	stored, err := w.olderThanLast(ids)
	if err != nil {
		return err
	}
	for _, d := range stored {
		nids, err := unpackIDs(d.terms)
		if err != nil {
			return fmt.Errorf("reading the terms of a document: %w", err)
		}
		for _, nid := range nids {
			if err := w.removePosting(nid, d.id); err != nil {
				return err
			}
		}
		if err := deleteDoc(w.tx, w.index.nid, d.id); err != nil {
			return err
		}
		w.index.docs--
	}
	return nil
}

func (w *writer) olderThanLast(ids []int64) ([]docRow, error) {
	var older []int64
	for _, id := range ids {
		if id <= w.index.lastDoc {
			older = append(older, id)
		}
	}
	if len(older) == 0 {
		return nil, nil
	}
	return selectDocs(w.tx, w.index.nid, older)
}

// removePosting takes a document from a term, and the term away with its last document: a word that was said once and
// erased must not stay.
func (w *writer) removePosting(term, doc int64) error {
	upto, block, err := blockOf(w.tx, term, doc)
	if err == nil {
		return w.removeFromBlock(term, upto, block, doc)
	}
	if !errors.Is(err, sqldb.ErrNoRows) {
		return err
	}
	return w.removeFromTail(term, doc)
}

func (w *writer) removeFromBlock(term, upto int64, block []byte, doc int64) error {
	all, err := unpack(nil, block)
	if err != nil {
		return fmt.Errorf("reading postings: %w", err)
	}
	left := without(all, doc)
	if len(left) > 0 {
		return updateBlock(w.tx, term, upto, pack(left))
	}
	if err := deleteBlock(w.tx, term, upto); err != nil {
		return err
	}
	row, err := selectTerm(w.tx, term)
	if err != nil {
		return err
	}
	return w.removeIfEmpty(row)
}

func (w *writer) removeFromTail(term, doc int64) error {
	row, err := selectTerm(w.tx, term)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	all, err := unpack(nil, row.tail)
	if err != nil {
		return fmt.Errorf("reading postings: %w", err)
	}
	row.tail = pack(without(all, doc))
	if err := writeTerms(w.tx, nil, [][]any{{term, row.tail}}); err != nil {
		return err
	}
	return w.removeIfEmpty(row)
}

// removeIfEmpty removes a term that no document has, and its trigrams' knowledge of it.
func (w *writer) removeIfEmpty(row *termRow) error {
	if len(row.tail) > 0 {
		return nil
	}
	blocks, err := hasBlocks(w.tx, row.nid)
	if err != nil || blocks {
		return err
	}
	if err := deleteTerm(w.tx, row.nid); err != nil {
		return err
	}
	if row.term == "" || row.term[:1] == trigramMark {
		return nil
	}
	return w.removeFromTrigrams(row)
}

func (w *writer) removeFromTrigrams(word *termRow) error {
	of := trigrams(word.term)
	if len(of) == 0 {
		return nil
	}
	hashes := make([]int64, len(of))
	for i, t := range of {
		hashes[i] = hashOf(w.index.nid, t)
	}
	known, err := selectTails(w.tx, hashes)
	if err != nil {
		return err
	}
	for _, t := range known {
		if err := w.removePosting(t.nid, word.nid); err != nil {
			return err
		}
	}
	return nil
}
