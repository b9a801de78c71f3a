package search

import (
	"context"
	"database/sql"
	"fmt"

	"medixchange/internal/sqldb"
)

// selectStates returns the indexes by name. There are some dozens at most.
func selectStates(ctx context.Context, db *sqldb.DB, beginning string) ([]State, error) {
	rows, err := db.Query(ctx, `SELECT name, docs, last_doc FROM search_indexes WHERE SUBSTR(name, 1, $2) = $1 ORDER BY name`,
		beginning, len(beginning))
	if err != nil {
		return nil, fmt.Errorf("reading indexes: %w", err)
	}
	defer rows.Close()
	var all []State
	for rows.Next() {
		var s State
		if err := rows.Scan(&s.Name, &s.Documents, &s.Last); err != nil {
			return nil, fmt.Errorf("reading an index: %w", err)
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

func selectIDsAfter(ctx context.Context, db *sqldb.DB, index string, after int64, limit int) ([]int64, error) {
	rows, err := db.Query(ctx, `SELECT d.doc FROM search_indexes i JOIN search_docs d ON d.index_nid = i.index_nid
		WHERE i.name = $1 AND d.doc > $2 ORDER BY d.doc LIMIT $3`, index, after, limit)
	return scanIDs(rows, err)
}

func selectIDsOf(ctx context.Context, db *sqldb.DB, index string, ids []int64) ([]int64, error) {
	rows, err := db.Query(ctx, `SELECT d.doc FROM search_indexes i JOIN search_docs d ON d.index_nid = i.index_nid
		WHERE i.name = $1 AND d.doc = ANY($2)`, index, sqldb.List(ids))
	return scanIDs(rows, err)
}

func scanIDs(rows *sql.Rows, err error) ([]int64, error) {
	if err != nil {
		return nil, fmt.Errorf("reading the documents of an index: %w", err)
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("reading a document of an index: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
