package delayed

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"medixchange/internal/sqldb"
)

type store struct{ db *sqldb.DB }

const columns = `delay_id, user_id, room_id, type, state_key, redacts, content, sticky_ms, delay_ms, replaces, scheduled_at,
	finalised_at, event_id, error`

type scanner interface{ Scan(dest ...any) error }

func scan(row scanner) (*Event, error) {
	ev := &Event{}
	var content, refusal string
	var sticky, delay, scheduled, finalised int64
	err := row.Scan(&ev.ID, &ev.Sender, &ev.RoomID, &ev.Type, &ev.StateKey, &ev.Redacts, &content, &sticky, &delay,
		&ev.replaces, &scheduled, &finalised, &ev.EventID, &refusal)
	if err != nil {
		return nil, err
	}
	ev.Content, ev.Sticky, ev.Delay = json.RawMessage(content), time.Duration(sticky)*time.Millisecond, time.Duration(delay)*time.Millisecond
	ev.ScheduledAt = time.UnixMilli(scheduled)
	if finalised != 0 {
		ev.FinalisedAt = time.UnixMilli(finalised)
	}
	if refusal != "" {
		ev.Error = json.RawMessage(refusal)
	}
	return ev, nil
}

func scanAll(rows *sql.Rows, err error) ([]*Event, error) {
	if err != nil {
		return nil, fmt.Errorf("reading delayed events: %w", err)
	}
	defer rows.Close()
	var events []*Event
	for rows.Next() {
		ev, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("reading a delayed event: %w", err)
		}
		events = append(events, ev)
	}
	return events, rows.Err()
}

func (s store) byID(ctx context.Context, id string) (*Event, error) {
	return scan(s.db.QueryRow(ctx, `SELECT `+columns+` FROM delayed_events WHERE delay_id = $1`, id))
}

func (s store) ofUser(ctx context.Context, userID string, finalised bool, limit int) ([]*Event, error) {
	which := `finalised_at = 0 ORDER BY send_at, delay_id`
	if finalised {
		which = `finalised_at > 0 ORDER BY finalised_at DESC, delay_id`
	}
	rows, err := s.db.Query(ctx, `SELECT `+columns+` FROM delayed_events WHERE user_id = $1 AND `+which+` LIMIT $2`, userID, limit)
	return scanAll(rows, err)
}

// next returns when the next event is due, zero for none.
func (s store) next(ctx context.Context) (time.Time, error) {
	var at int64
	err := s.db.QueryRow(ctx, `SELECT COALESCE(MIN(send_at), 0) FROM delayed_events WHERE finalised_at = 0 AND claimed = 0`).Scan(&at)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading when the next delayed event is due: %w", err)
	}
	if at == 0 {
		return time.Time{}, nil
	}
	return time.UnixMilli(at), nil
}

// requested returns the delay id that a request gave before, "" for none.
func requested(tx *sqldb.Tx, userID, request string) (id string, err error) {
	if request == "" {
		return "", nil
	}
	err = tx.QueryRow(`SELECT delay_id FROM delayed_events WHERE user_id = $1 AND request = $2`, userID, request).Scan(&id)
	if errors.Is(err, sqldb.ErrNoRows) {
		return "", nil
	}
	return id, err
}

// fullAt reports whether a user has scheduled all that they may, and when the next of it will be sent.
func fullAt(tx *sqldb.Tx, userID string, most int) (full bool, next time.Time, err error) {
	var count int
	var at int64
	err = tx.QueryRow(`SELECT COUNT(*), COALESCE(MIN(send_at), 0) FROM delayed_events WHERE user_id = $1 AND finalised_at = 0`,
		userID).Scan(&count, &at)
	return count >= most, time.UnixMilli(at), err
}

func insert(tx *sqldb.Tx, ev *Event) error {
	at := ev.ScheduledAt.UnixMilli()
	_, err := tx.Exec(`INSERT INTO delayed_events (delay_id, user_id, room_id, type, state_key, redacts, content, sticky_ms,
			delay_ms, request, replaces, scheduled_at, send_at, claimed, finalised_at, event_id, error)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, 0, '', '')`,
		ev.ID, ev.Sender, ev.RoomID, ev.Type, ev.StateKey, ev.Redacts, string(ev.Content), ev.Sticky.Milliseconds(),
		ev.Delay.Milliseconds(), ev.request, ev.replaces, at, at+ev.Delay.Milliseconds())
	return err
}

func restart(tx *sqldb.Tx, id string, now time.Time) (bool, error) {
	return changed(tx.Exec(`UPDATE delayed_events SET scheduled_at = $1, send_at = $1 + delay_ms
		WHERE delay_id = $2 AND finalised_at = 0 AND claimed = 0`, now.UnixMilli(), id))
}

func cancel(tx *sqldb.Tx, id string, now time.Time) (bool, error) {
	return changed(tx.Exec(`UPDATE delayed_events SET finalised_at = $1 WHERE delay_id = $2 AND finalised_at = 0 AND claimed = 0`,
		now.UnixMilli(), id))
}

func claim(tx *sqldb.Tx, id string) (bool, error) {
	return changed(tx.Exec(`UPDATE delayed_events SET claimed = 1 WHERE delay_id = $1 AND finalised_at = 0 AND claimed = 0`, id))
}

func changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// claimDue takes events whose time has come, in its order: from here on they are neither restarted nor cancelled.
func claimDue(tx *sqldb.Tx, now time.Time, limit int) ([]*Event, error) {
	rows, err := tx.Query(`SELECT `+columns+` FROM delayed_events WHERE finalised_at = 0 AND claimed = 0 AND send_at <= $1
		ORDER BY send_at, delay_id LIMIT $2`, now.UnixMilli(), limit)
	due, err := scanAll(rows, err)
	if err != nil {
		return nil, err
	}
	claims := make([][]any, 0, len(due))
	for _, ev := range due {
		claims = append(claims, []any{ev.ID})
	}
	return due, tx.ExecMany(`UPDATE delayed_events SET claimed = 1 WHERE delay_id = $1`, claims)
}

func unclaim(tx *sqldb.Tx, id string, at time.Time) error {
	_, err := tx.Exec(`UPDATE delayed_events SET claimed = 0, send_at = $1 WHERE delay_id = $2 AND finalised_at = 0`, at.UnixMilli(), id)
	return err
}

// unclaimAll takes up what was being sent when the node ended.
func unclaimAll(tx *sqldb.Tx) error {
	_, err := tx.Exec(`UPDATE delayed_events SET claimed = 0 WHERE finalised_at = 0 AND claimed = 1`)
	return err
}

func finalise(tx *sqldb.Tx, id string, o outcome, now time.Time) error {
	_, err := tx.Exec(`UPDATE delayed_events SET finalised_at = $1, event_id = $2, error = $3, claimed = 0
		WHERE delay_id = $4 AND finalised_at = 0`, now.UnixMilli(), o.eventID, string(o.refusal), id)
	return err
}

func removeFinalised(tx *sqldb.Tx, before time.Time, most int) error {
	_, err := tx.Exec(`DELETE FROM delayed_events WHERE finalised_at > 0 AND finalised_at < $1`, before.UnixMilli())
	if err != nil {
		return fmt.Errorf("removing old delayed events: %w", err)
	}
	_, err = tx.Exec(`DELETE FROM delayed_events WHERE delay_id IN (
		SELECT delay_id FROM (SELECT delay_id, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY finalised_at DESC, delay_id) AS place
			FROM delayed_events WHERE finalised_at > 0) AS placed WHERE place > $1)`, most)
	if err != nil {
		return fmt.Errorf("removing the delayed events that are too many: %w", err)
	}
	return nil
}
