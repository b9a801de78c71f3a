package schedule

import (
	"context"
	"errors"
	"fmt"
	"time"

	"medixchange/internal/sqldb"
	"medixchange/rooms"
)

// given is what a member answered.
type given struct{ userID, answer, eventID string }

// storeAnswer keeps the answer of an event's sender, unless the conference is not followed (any more) or as many have answered as can.
func storeAnswer(tx *sqldb.Tx, ev *rooms.Event, id, answer string) (bool, error) {
	var known, answers int
	err := tx.QueryRow(`SELECT COUNT(*) FROM conferences WHERE room_id = $1 AND conf_id = $2`, ev.RoomID, id).Scan(&known)
	if err != nil {
		return false, fmt.Errorf("looking for a conference: %w", err)
	}
	err = tx.QueryRow(`SELECT COUNT(*) FROM conference_answers WHERE room_id = $1 AND conf_id = $2 AND user_id <> $3`,
		ev.RoomID, id, ev.Sender).Scan(&answers)
	if err != nil {
		return false, fmt.Errorf("counting answers: %w", err)
	}
	if known == 0 || answers >= maxTold {
		return false, nil
	}
	_, err = tx.Exec(`INSERT INTO conference_answers (room_id, conf_id, user_id, answer, event_id) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (room_id, conf_id, user_id) DO UPDATE SET answer = excluded.answer, event_id = excluded.event_id`,
		ev.RoomID, id, ev.Sender, answer, ev.ID)
	if err != nil {
		return false, fmt.Errorf("storing an answer: %w", err)
	}
	return true, nil
}

func answersTo(ctx context.Context, db *sqldb.DB, roomID, id string) ([]given, error) {
	rows, err := db.Query(ctx, `SELECT user_id, answer, event_id FROM conference_answers
		WHERE room_id = $1 AND conf_id = $2 ORDER BY user_id LIMIT $3`, roomID, id, maxTold)
	if err != nil {
		return nil, fmt.Errorf("reading answers: %w", err)
	}
	defer rows.Close()
	var all []given
	for rows.Next() {
		var g given
		if err := rows.Scan(&g.userID, &g.answer, &g.eventID); err != nil {
			return nil, fmt.Errorf("reading an answer: %w", err)
		}
		all = append(all, g)
	}
	return all, rows.Err()
}

// removeAnswers removes those to conferences that are not followed any more.
func removeAnswers(tx *sqldb.Tx) error {
	_, err := tx.Exec(`DELETE FROM conference_answers WHERE NOT EXISTS (SELECT 1 FROM conferences
		WHERE conferences.room_id = conference_answers.room_id AND conferences.conf_id = conference_answers.conf_id)`)
	if err != nil {
		return fmt.Errorf("removing answers: %w", err)
	}
	return nil
}

// rung notes that those who come to what an event says are not rung any more.
func rung(tx *sqldb.Tx, d due) error {
	_, err := tx.Exec(`UPDATE conferences SET ring_at = 0 WHERE room_id = $1 AND conf_id = $2 AND event_nid = $3`, d.roomID, d.id, d.eventNID)
	if err != nil {
		return fmt.Errorf("noting that a conference rang: %w", err)
	}
	return nil
}

// openRings returns conferences that ring when somebody is there.
func openRings(ctx context.Context, db *sqldb.DB, now time.Time, limit int) ([]due, error) {
	rows, err := db.Query(ctx, `SELECT room_id, conf_id, event_nid, ring_at, ends_at FROM conferences
		WHERE ring_at > 0 AND ring_at <= $1 AND ends_at > $1 ORDER BY ring_at LIMIT $2`, now.UnixMilli(), limit)
	if err != nil {
		return nil, fmt.Errorf("reading which conferences begin: %w", err)
	}
	defer rows.Close()
	var all []due
	for rows.Next() {
		var d due
		var ringAt, endsAt int64
		if err := rows.Scan(&d.roomID, &d.id, &d.eventNID, &ringAt, &endsAt); err != nil {
			return nil, fmt.Errorf("reading a conference that begins: %w", err)
		}
		d.ringAt, d.endsAt = time.UnixMilli(ringAt), time.UnixMilli(endsAt)
		all = append(all, d)
	}
	return all, rows.Err()
}

// nextRing returns when the next conference begins to ring; zero for none.
func nextRing(ctx context.Context, db *sqldb.DB, now time.Time) (time.Time, error) {
	var at int64
	err := db.QueryRow(ctx, `SELECT ring_at FROM conferences WHERE ring_at > $1 ORDER BY ring_at LIMIT 1`, now.UnixMilli()).Scan(&at)
	if errors.Is(err, sqldb.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("reading which conference begins next: %w", err)
	}
	return time.UnixMilli(at), nil
}
