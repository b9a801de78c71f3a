package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"medixchange/internal/sqldb"
)

// LoadCursor returns where the durable reader with this name has come to, and false if it has never been saved.
func (h *Hub) LoadCursor(ctx context.Context, name string) (int64, bool, error) {
	var position int64
	err := h.db.QueryRow(ctx, `SELECT position FROM stream_cursors WHERE name = $1`, name).Scan(&position)
	if errors.Is(err, sqldb.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("loading cursor %s: %w", name, err)
	}
	return position, true, nil
}

// SaveCursor stores where the reader has come to: everything up to position is handled.
func (h *Hub) SaveCursor(ctx context.Context, name string, position int64) error {
	return h.db.Write(ctx, func(tx *sqldb.Tx) error { return h.SaveCursorTx(tx, name, position) })
}

// SaveCursorTx is SaveCursor inside a transaction, for effects that commit together with the cursor.
func (h *Hub) SaveCursorTx(tx *sqldb.Tx, name string, position int64) error {
	_, err := tx.Exec(`INSERT INTO stream_cursors (name, position) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET position = excluded.position`, name, position)
	if err != nil {
		return fmt.Errorf("saving cursor %s: %w", name, err)
	}
	return nil
}

// deadLetter is what a reader passes over.
type deadLetter struct {
	cursor   string
	position int64
	entry    string
	cause    error
}

// bury stores the dead letter and moves the cursor behind it, in one transaction.
func (h *Hub) bury(ctx context.Context, d deadLetter) error {
	return h.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`INSERT INTO stream_dead_letters (cursor, position, entry, error, failed_ts) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (cursor, position, entry) DO UPDATE SET error = excluded.error, failed_ts = excluded.failed_ts`,
			d.cursor, d.position, d.entry, d.cause.Error(), time.Now().UnixMilli())
		if err != nil {
			return fmt.Errorf("storing a dead letter of %s: %w", d.cursor, err)
		}
		return h.SaveCursorTx(tx, d.cursor, d.position)
	})
}
