package search

import (
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// indexRow is a line of search_indexes.
type indexRow struct {
	nid, docs, lastDoc int64
}

// termRow is a line of search_terms.
type termRow struct {
	nid  int64
	term string
	tail []byte
}

// docRow is what is stored of a document.
type docRow struct {
	id    int64
	terms []byte
}

func indexNID(q sqldb.Querier, name string) (nid int64, err error) {
	err = q.QueryRow(`SELECT index_nid FROM search_indexes WHERE name = $1`, name).Scan(&nid)
	return nid, err
}

// loadIndex returns an index, which comes to be if it is not there.
func loadIndex(tx *sqldb.Tx, name string, ids *sqldb.IDs) (*indexRow, error) {
	row := &indexRow{}
	err := tx.QueryRow(`SELECT index_nid, docs, last_doc FROM search_indexes WHERE name = $1`, name).Scan(&row.nid, &row.docs, &row.lastDoc)
	if err == nil {
		return row, nil
	}
	if !errors.Is(err, sqldb.ErrNoRows) {
		return nil, fmt.Errorf("reading an index: %w", err)
	}
	row = &indexRow{nid: ids.Next()}
	_, err = tx.Exec(`INSERT INTO search_indexes (index_nid, name, docs, last_doc) VALUES ($1, $2, 0, 0)`, row.nid, name)
	if err != nil {
		return nil, fmt.Errorf("making an index: %w", err)
	}
	return row, nil
}

func updateIndex(tx *sqldb.Tx, row *indexRow) error {
	_, err := tx.Exec(`UPDATE search_indexes SET docs = $2, last_doc = $3 WHERE index_nid = $1`, row.nid, row.docs, row.lastDoc)
	return err
}

// selectTails returns the terms with these hashes.
func selectTails(q sqldb.Querier, hashes []int64) (map[int64]*termRow, error) {
	rows, err := q.Query(`SELECT hash, term_nid, term, tail FROM search_terms WHERE hash = ANY($1)`, sqldb.List(hashes))
	if err != nil {
		return nil, fmt.Errorf("reading terms: %w", err)
	}
	defer rows.Close()
	found := make(map[int64]*termRow, len(hashes))
	for rows.Next() {
		var hash int64
		var term []byte
		row := &termRow{}
		if err := rows.Scan(&hash, &row.nid, &term, &row.tail); err != nil {
			return nil, fmt.Errorf("reading a term: %w", err)
		}
		row.term = string(term)
		found[hash] = row
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading terms: %w", err)
	}
	return found, nil
}

func selectTerm(q sqldb.Querier, nid int64) (*termRow, error) {
	var term []byte
	row := &termRow{nid: nid}
	err := q.QueryRow(`SELECT term, tail FROM search_terms WHERE term_nid = $1`, nid).Scan(&term, &row.tail)
	if err != nil {
		return nil, fmt.Errorf("reading a term: %w", err)
	}
	row.term = string(term)
	return row, nil
}

// writeTerms inserts rows (term_nid, index_nid, hash, prefix, term, tail) and updates rows (term_nid, tail).
func writeTerms(tx *sqldb.Tx, inserts, updates [][]any) error {
	if len(inserts) > 0 {
		err := tx.ExecMany(`INSERT INTO search_terms (term_nid, index_nid, hash, prefix, term, tail) VALUES ($1, $2, $3, $4, $5, $6)`, inserts)
		if err != nil {
			return fmt.Errorf("storing terms: %w", err)
		}
	}
	if len(updates) > 0 {
		if err := tx.ExecMany(`UPDATE search_terms SET tail = $2 WHERE term_nid = $1`, updates); err != nil {
			return fmt.Errorf("storing postings: %w", err)
		}
	}
	return nil
}

func deleteTerm(tx *sqldb.Tx, nid int64) error {
	if _, err := tx.Exec(`DELETE FROM search_terms WHERE term_nid = $1`, nid); err != nil {
		return fmt.Errorf("removing a term: %w", err)
	}
	return nil
}

// blockOf returns the closed block that a document belongs to; ErrNoRows when it belongs to the tail.
func blockOf(q sqldb.Querier, term, doc int64) (upto int64, block []byte, err error) {
	err = q.QueryRow(`SELECT upto, postings FROM search_blocks WHERE term_nid = $1 AND upto >= $2 ORDER BY upto LIMIT 1`, term, doc).Scan(&upto, &block)
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return 0, nil, fmt.Errorf("reading postings: %w", err)
	}
	return upto, block, err
}

func hasBlocks(q sqldb.Querier, term int64) (bool, error) {
	var n int64
	if err := q.QueryRow(`SELECT COUNT(*) FROM search_blocks WHERE term_nid = $1`, term).Scan(&n); err != nil {
		return false, fmt.Errorf("looking for postings: %w", err)
	}
	return n > 0, nil
}

func insertBlock(tx *sqldb.Tx, term, upto int64, block []byte) error {
	_, err := tx.Exec(`INSERT INTO search_blocks (term_nid, upto, postings) VALUES ($1, $2, $3)`, term, upto, block)
	if err != nil {
		return fmt.Errorf("closing a block of postings: %w", err)
	}
	return nil
}

func updateBlock(tx *sqldb.Tx, term, upto int64, block []byte) error {
	_, err := tx.Exec(`UPDATE search_blocks SET postings = $3 WHERE term_nid = $1 AND upto = $2`, term, upto, block)
	if err != nil {
		return fmt.Errorf("storing a block of postings: %w", err)
	}
	return nil
}

func deleteBlock(tx *sqldb.Tx, term, upto int64) error {
	if _, err := tx.Exec(`DELETE FROM search_blocks WHERE term_nid = $1 AND upto = $2`, term, upto); err != nil {
		return fmt.Errorf("removing a block of postings: %w", err)
	}
	return nil
}

func selectDocs(q sqldb.Querier, index int64, ids []int64) ([]docRow, error) {
	rows, err := q.Query(`SELECT doc, terms FROM search_docs WHERE index_nid = $1 AND doc = ANY($2)`, index, sqldb.List(ids))
	if err != nil {
		return nil, fmt.Errorf("reading documents: %w", err)
	}
	defer rows.Close()
	var found []docRow
	for rows.Next() {
		var d docRow
		if err := rows.Scan(&d.id, &d.terms); err != nil {
			return nil, fmt.Errorf("reading a document: %w", err)
		}
		found = append(found, d)
	}
	return found, rows.Err()
}

// insertDocs inserts rows (index_nid, doc, scope, ts, terms).
func insertDocs(tx *sqldb.Tx, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	err := tx.ExecMany(`INSERT INTO search_docs (index_nid, doc, scope, ts, terms) VALUES ($1, $2, $3, $4, $5)`, rows)
	if err != nil {
		return fmt.Errorf("storing documents: %w", err)
	}
	return nil
}

func deleteDoc(tx *sqldb.Tx, index, doc int64) error {
	if _, err := tx.Exec(`DELETE FROM search_docs WHERE index_nid = $1 AND doc = $2`, index, doc); err != nil {
		return fmt.Errorf("removing a document: %w", err)
	}
	return nil
}

// dropSome removes rows of an index, and the index when it has none left.
func dropSome(tx *sqldb.Tx, index int64, limit int) (done bool, err error) {
	removed := int64(0)
	for _, statement := range []string{
		`DELETE FROM search_blocks WHERE term_nid IN (SELECT term_nid FROM search_terms WHERE index_nid = $1 ORDER BY prefix LIMIT $2)`,
		`DELETE FROM search_terms WHERE term_nid IN (SELECT term_nid FROM search_terms WHERE index_nid = $1 ORDER BY prefix LIMIT $2)
			AND NOT EXISTS (SELECT 1 FROM search_blocks b WHERE b.term_nid = search_terms.term_nid)`,
		`DELETE FROM search_docs WHERE index_nid = $1 AND doc IN (SELECT doc FROM search_docs WHERE index_nid = $1 ORDER BY doc LIMIT $2)`,
	} {
		result, err := tx.Exec(statement, index, limit)
		if err != nil {
			return false, fmt.Errorf("dropping an index: %w", err)
		}
		n, err := result.RowsAffected()
		if err != nil {
			return false, fmt.Errorf("dropping an index: %w", err)
		}
		removed += n
	}
	if removed > 0 {
		return false, nil
	}
	if _, err := tx.Exec(`DELETE FROM search_indexes WHERE index_nid = $1`, index); err != nil {
		return false, fmt.Errorf("dropping an index: %w", err)
	}
	return true, nil
}
