package schedule

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"medixchange/internal/sqldb"
)

// due is a conference whose members are to be reminded.
type due struct {
	roomID, id string
	eventNID   int64
	remindAt   time.Time
	ringAt     time.Time // from then on those who come are rung
	endsAt     time.Time
}

// stampOf is a time in milliseconds, 0 for none.
func stampOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func upsert(tx *sqldb.Tx, d due) error {
	_, err := tx.Exec(`INSERT INTO conferences (room_id, conf_id, event_nid, remind_at, ends_at, ring_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (room_id, conf_id) DO UPDATE SET event_nid = excluded.event_nid, remind_at = excluded.remind_at,
			ends_at = excluded.ends_at, ring_at = excluded.ring_at WHERE conferences.event_nid <> excluded.event_nid`,
		d.roomID, d.id, d.eventNID, stampOf(d.remindAt), d.endsAt.UnixMilli(), stampOf(d.ringAt))
	if err != nil {
		return fmt.Errorf("storing a conference: %w", err)
	}
	return nil
}

func remove(tx *sqldb.Tx, roomID, id string) error {
	_, err := tx.Exec(`DELETE FROM conferences WHERE room_id = $1 AND conf_id = $2`, roomID, id)
	if err != nil {
		return fmt.Errorf("removing a conference: %w", err)
	}
	return nil
}

// reminded notes that the members were reminded of what an event says.
func reminded(tx *sqldb.Tx, d due) error {
	_, err := tx.Exec(`UPDATE conferences SET remind_at = 0 WHERE room_id = $1 AND conf_id = $2 AND event_nid = $3`,
		d.roomID, d.id, d.eventNID)
	if err != nil {
		return fmt.Errorf("noting a reminder: %w", err)
	}
	return nil
}

func removeEnded(tx *sqldb.Tx, before time.Time) error {
	_, err := tx.Exec(`DELETE FROM conferences WHERE ends_at < $1`, before.UnixMilli())
	if err != nil {
		return fmt.Errorf("removing conferences that have ended: %w", err)
	}
	return nil
}

// next returns the conference whose reminder comes first; false for none.
func next(ctx context.Context, db *sqldb.DB) (due, bool, error) {
	var d due
	var remindAt, endsAt int64
	err := db.QueryRow(ctx, `SELECT room_id, conf_id, event_nid, remind_at, ends_at FROM conferences
		WHERE remind_at > 0 ORDER BY remind_at LIMIT 1`).Scan(&d.roomID, &d.id, &d.eventNID, &remindAt, &endsAt)
	if errors.Is(err, sql.ErrNoRows) {
		return d, false, nil
	}
	if err != nil {
		return d, false, fmt.Errorf("reading the next reminder: %w", err)
	}
	d.remindAt, d.endsAt = time.UnixMilli(remindAt), time.UnixMilli(endsAt)
	return d, true, nil
}
