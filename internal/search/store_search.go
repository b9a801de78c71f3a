package search

import (
	"fmt"
	"strings"

	"medixchange/internal/sqldb"
)

func selectIndex(q sqldb.Querier, name string) (*indexRow, error) {
	row := &indexRow{}
	err := q.QueryRow(`SELECT index_nid, docs, last_doc FROM search_indexes WHERE name = $1`, name).Scan(&row.nid, &row.docs, &row.lastDoc)
	return row, err
}

// selectFrom returns at most limit terms of an index that begin with a text. Trigrams have no prefix, and so are none of them.
func selectFrom(q sqldb.Querier, index int64, text string, limit int) ([]*termRow, error) {
	from, to := prefixRange(text)
	rows, err := q.Query(`SELECT term_nid, term, tail FROM search_terms WHERE index_nid = $1 AND prefix >= $2 AND prefix <= $3 ORDER BY prefix LIMIT $4`,
		index, from, to, limit)
	if err != nil {
		return nil, fmt.Errorf("reading terms: %w", err)
	}
	defer rows.Close()
	var found []*termRow
	for rows.Next() {
		var term []byte
		row := &termRow{}
		if err := rows.Scan(&row.nid, &term, &row.tail); err != nil {
			return nil, fmt.Errorf("reading a term: %w", err)
		}
		if row.term = string(term); strings.HasPrefix(row.term, text) {
			found = append(found, row)
		}
	}
	return found, rows.Err()
}

// selectTerms returns terms by their numbers.
func selectTerms(q sqldb.Querier, nids []int64) ([]*termRow, error) {
	if len(nids) == 0 {
		return nil, nil
	}
	rows, err := q.Query(`SELECT term_nid, term, tail FROM search_terms WHERE term_nid = ANY($1)`, sqldb.List(nids))
	if err != nil {
		return nil, fmt.Errorf("reading terms: %w", err)
	}
	defer rows.Close()
	var found []*termRow
	for rows.Next() {
		var term []byte
		row := &termRow{}
		if err := rows.Scan(&row.nid, &term, &row.tail); err != nil {
			return nil, fmt.Errorf("reading a term: %w", err)
		}
		row.term = string(term)
		found = append(found, row)
	}
	return found, rows.Err()
}

// selectWords returns the terms themselves by their numbers.
func selectWords(q sqldb.Querier, nids []int64) (map[int64]string, error) {
	if len(nids) == 0 {
		return nil, nil
	}
	rows, err := q.Query(`SELECT term_nid, term FROM search_terms WHERE term_nid = ANY($1)`, sqldb.List(nids))
	if err != nil {
		return nil, fmt.Errorf("reading words: %w", err)
	}
	defer rows.Close()
	found := make(map[int64]string, len(nids))
	for rows.Next() {
		var nid int64
		var term []byte
		if err := rows.Scan(&nid, &term); err != nil {
			return nil, fmt.Errorf("reading a word: %w", err)
		}
		found[nid] = string(term)
	}
	return found, rows.Err()
}

// maxBlocks bounds the closed blocks that are read at once.
const maxBlocks = 16_384

// selectBlocks returns the closed blocks of terms, newest first.
func selectBlocks(q sqldb.Querier, terms []int64) (map[int64][][]byte, error) {
	rows, err := q.Query(`SELECT term_nid, postings FROM search_blocks WHERE term_nid = ANY($1) ORDER BY term_nid, upto DESC LIMIT $2`,
		sqldb.List(terms), maxBlocks)
	if err != nil {
		return nil, fmt.Errorf("reading postings: %w", err)
	}
	defer rows.Close()
	found := map[int64][][]byte{}
	for rows.Next() {
		var term int64
		var block []byte
		if err := rows.Scan(&term, &block); err != nil {
			return nil, fmt.Errorf("reading a block of postings: %w", err)
		}
		found[term] = append(found[term], block)
	}
	return found, rows.Err()
}

func selectTimes(q sqldb.Querier, index string, ids []int64) (map[int64]int64, error) {
	rows, err := q.Query(`SELECT d.doc, d.ts FROM search_indexes i JOIN search_docs d ON d.index_nid = i.index_nid
		WHERE i.name = $1 AND d.doc = ANY($2)`, index, sqldb.List(ids))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	times := make(map[int64]int64, len(ids))
	for rows.Next() {
		var doc, ts int64
		if err := rows.Scan(&doc, &ts); err != nil {
			return nil, err
		}
		times[doc] = ts
	}
	return times, rows.Err()
}
