package audit

import (
	"context"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

func insert(tx *sqldb.Tx, e Entry) error {
	var before string
	err := tx.QueryRow(`SELECT audit_id, hash FROM conference_audit ORDER BY audit_id DESC LIMIT 1`).Scan(&e.ID, &before)
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return fmt.Errorf("reading the log of recordings: %w", err)
	}
	e.ID++
	_, err = tx.Exec(`INSERT INTO conference_audit (audit_id, ts, actor, action, subject, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		e.ID, e.TS, e.Actor, e.Action, e.Subject, e.Detail, e.chained(before))
	if err != nil {
		return fmt.Errorf("writing the log of recordings: %w", err)
	}
	return nil
}

// About returns up to limit lines on one recording after an id, in order. Their hashes are not checked: the lines between
// them are not read.
func (l *Log) About(ctx context.Context, subject string, after int64, limit int) ([]Entry, error) {
	return l.entries(ctx, `SELECT audit_id, ts, actor, action, subject, detail, hash FROM conference_audit
		WHERE subject = $1 AND audit_id > $2 ORDER BY audit_id LIMIT $3`, subject, after, limit)
}

// Entries returns up to limit lines after an id, in order. It checks their hashes; [ErrBroken] is returned with the lines up to
// the first that is wrong.
func (l *Log) Entries(ctx context.Context, after int64, limit int) ([]Entry, error) {
	found, err := l.entries(ctx, `SELECT audit_id, ts, actor, action, subject, detail, hash FROM conference_audit
		WHERE audit_id >= $1 ORDER BY audit_id LIMIT $2`, after, limit+1)
	if err != nil {
		return nil, err
	}
	before, next := "", int64(1)
	if after > 0 && len(found) > 0 && found[0].ID == after {
		before, next, found = found[0].Hash, after+1, found[1:]
	}
	for i, e := range found {
		if e.ID != next || e.chained(before) != e.Hash {
			return found[:i], fmt.Errorf("%w at line %d", ErrBroken, next)
		}
		before, next = e.Hash, e.ID+1
	}
	return found[:min(len(found), limit)], nil
}

func (l *Log) entries(ctx context.Context, query string, args ...any) ([]Entry, error) {
	rows, err := l.db.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the log of recordings: %w", err)
	}
	defer rows.Close()
	all := []Entry{}
	for rows.Next() {
		var e Entry
		if err := rows.Scan(&e.ID, &e.TS, &e.Actor, &e.Action, &e.Subject, &e.Detail, &e.Hash); err != nil {
			return nil, fmt.Errorf("reading the log of recordings: %w", err)
		}
		all = append(all, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the log of recordings: %w", err)
	}
	return all, nil
}
