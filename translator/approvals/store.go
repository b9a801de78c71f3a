package approvals

import (
	"context"
	"database/sql"
	"fmt"

	"medixchange/internal/sqldb"
)

const columns = `seq, phrase, language, hash, action, reviewer, note, ts FROM phrase_approvals `

// insert adds lines to the history and numbers them.
func insert(tx *sqldb.Tx, entries []Entry) error {
	var last int64
	if err := tx.QueryRow(`SELECT COALESCE(MAX(seq), 0) FROM phrase_approvals`).Scan(&last); err != nil {
		return fmt.Errorf("numbering approvals: %w", err)
	}
	for i := range entries {
		e := &entries[i]
		e.Seq = last + int64(i) + 1
		_, err := tx.Exec(`INSERT INTO phrase_approvals (seq, phrase, language, hash, action, reviewer, note, ts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			e.Seq, e.Phrase, e.Language, e.Hash, e.Action, e.Reviewer, e.Note, e.TS)
		if err != nil {
			return fmt.Errorf("storing an approval: %w", err)
		}
	}
	return nil
}

// selectNewest returns the line that counts for each wording.
func (b *Book) selectNewest(ctx context.Context) ([]Entry, error) {
	return scan(b.o.DB.Query(ctx, `SELECT `+columns+`WHERE seq IN (SELECT MAX(seq) FROM phrase_approvals GROUP BY phrase, language, hash) ORDER BY seq`))
}

// maxHistory bounds the lines of the history that are answered at once.
const maxHistory = 2000

// History returns lines of the history after seq, the oldest first; ask again with the last one for more.
func (b *Book) History(ctx context.Context, after int64) ([]Entry, error) {
	return scan(b.o.DB.Query(ctx, `SELECT `+columns+`WHERE seq > $1 ORDER BY seq LIMIT $2`, after, maxHistory))
}

func scan(rows *sql.Rows, err error) ([]Entry, error) {
	if err != nil {
		return nil, fmt.Errorf("reading approvals: %w", err)
	}
	defer rows.Close()
	all := []Entry{}
	for rows.Next() {
		var e Entry
		if err := rows.Scan(&e.Seq, &e.Phrase, &e.Language, &e.Hash, &e.Action, &e.Reviewer, &e.Note, &e.TS); err != nil {
			return nil, fmt.Errorf("reading an approval: %w", err)
		}
		all = append(all, e)
	}
	return all, rows.Err()
}
