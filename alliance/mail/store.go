package mail

import (
	"context"
	"database/sql"
	"fmt"

	"medixchange/internal/sqldb"
)

// waiting is a letter that the mail server has not taken yet.
type waiting struct {
	Letter
	id, tries, createdTS int64
}

// insert stores a letter that is due now. It reports false, and stores nothing, when too many wait.
func insert(tx *sqldb.Tx, l Letter, now int64) (bool, error) {
	var count, last int64
	if err := tx.QueryRow(`SELECT COUNT(*), COALESCE(MAX(letter_id), 0) FROM alliance_letters`).Scan(&count, &last); err != nil {
		return false, fmt.Errorf("counting the letters that wait: %w", err)
	}
	if count >= queued {
		return false, nil
	}
	_, err := tx.Exec(`INSERT INTO alliance_letters (letter_id, receiver, subject, content, tries, next_ts, created_ts)
		VALUES ($1, $2, $3, $4, 0, $5, $6)`, last+1, l.To, l.Subject, l.Text, now, now)
	if err != nil {
		return false, fmt.Errorf("storing a letter: %w", err)
	}
	return true, nil
}

// due returns the letters that may be tried at a time, those that are due longest first.
func (s *Sender) due(ctx context.Context, now int64) ([]waiting, error) {
	rows, err := s.o.DB.Query(ctx, `SELECT letter_id, receiver, subject, content, tries, created_ts FROM alliance_letters
		WHERE next_ts <= $1 ORDER BY next_ts, letter_id LIMIT $2`, now, atOnce)
	if err != nil {
		return nil, fmt.Errorf("reading letters: %w", err)
	}
	defer rows.Close()
	var letters []waiting
	for rows.Next() {
		var w waiting
		if err := rows.Scan(&w.id, &w.To, &w.Subject, &w.Text, &w.tries, &w.createdTS); err != nil {
			return nil, fmt.Errorf("reading letters: %w", err)
		}
		letters = append(letters, w)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading letters: %w", err)
	}
	return letters, nil
}

// nextDue returns when the next letter may be tried in ms, 0 if none waits.
func (s *Sender) nextDue(ctx context.Context) (int64, error) {
	var next sql.NullInt64
	if err := s.o.DB.QueryRow(ctx, `SELECT MIN(next_ts) FROM alliance_letters`).Scan(&next); err != nil {
		return 0, fmt.Errorf("looking for the next letter: %w", err)
	}
	return next.Int64, nil
}

func (s *Sender) putOff(ctx context.Context, w waiting, next int64) error {
	return s.change(ctx, "putting off a letter", `UPDATE alliance_letters SET tries = $1, next_ts = $2 WHERE letter_id = $3`, w.tries+1, next, w.id)
}

func (s *Sender) forget(ctx context.Context, w waiting) error {
	return s.change(ctx, "forgetting a letter", `DELETE FROM alliance_letters WHERE letter_id = $1`, w.id)
}

func (s *Sender) change(ctx context.Context, what, statement string, args ...any) error {
	err := s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(statement, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
