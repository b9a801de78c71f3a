package rooms

import (
	"context"
	"fmt"

	"medixchange/internal/sqldb"
)

// storeStickies writes the sticky events of a batch, those that were refused at position 0, and removes those whose redaction
// it brings.
func storeStickies(tx *sqldb.Tx, b *batch) error {
	raised := make([][]any, 0, len(b.raised))
	for _, nid := range b.raised {
		raised = append(raised, []any{nid})
	}
	if err := tx.ExecMany(`DELETE FROM sticky_events WHERE event_nid = $1`, raised); err != nil {
		return fmt.Errorf("removing refused sticky events: %w", err)
	}
	var rows [][]any
	row := func(s Sticky) {
		rows = append(rows, []any{s.NID, s.EventID, b.rm.nid, b.rm.id, s.Sender, s.Position, s.Expires})
	}
	for _, s := range b.sticky {
		row(s.Sticky)
	}
	for _, s := range b.refused {
		row(s)
	}
	err := tx.ExecMany(`INSERT INTO sticky_events (event_nid, event_id, room_nid, room_id, sender, position, expires)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (event_nid) DO NOTHING`, rows)
	if err != nil {
		return fmt.Errorf("storing sticky events: %w", err)
	}
	var targets [][]any
	for _, red := range b.redactions {
		if red.cause != nil {
			targets = append(targets, []any{red.target})
		}
	}
	if err := tx.ExecMany(`DELETE FROM sticky_events WHERE event_id = $1`, targets); err != nil {
		return fmt.Errorf("removing redacted sticky events: %w", err)
	}
	return nil
}

// loadStickies reads what is still sticky at the start, or would be if it had not been refused.
func (r *Rooms) loadStickies(ctx context.Context) error {
	now := r.nowMS()
	rows, err := r.db.Query(ctx, `SELECT event_nid, event_id, room_id, sender, position, expires FROM sticky_events
		WHERE expires > $1 ORDER BY position`, now)
	if err != nil {
		return fmt.Errorf("reading sticky events: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var roomID string
		var s Sticky
		if err := rows.Scan(&s.NID, &s.EventID, &roomID, &s.Sender, &s.Position, &s.Expires); err != nil {
			return fmt.Errorf("reading a sticky event: %w", err)
		}
		if s.Position == 0 {
			r.refused.add(roomID, s, now)
		} else {
			r.sticky.add(roomID, s, now)
		}
	}
	return rows.Err()
}

// forgetStickies lets go of what is not sticky any more.
func (r *Rooms) forgetStickies(ctx context.Context) error {
	now := r.nowMS()
	r.sticky.expireAll(now)
	r.refused.expireAll(now)
	err := r.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`DELETE FROM sticky_events WHERE expires <= $1`, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("removing expired sticky events: %w", err)
	}
	return nil
}
