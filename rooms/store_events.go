package rooms

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb"
)

// eventColumns are what scanEvents reads; FROM events e JOIN rooms r USING (room_nid).
const eventColumns = `e.event_nid, e.event_id, e.room_nid, r.room_id, r.version, e.type, e.key_nid, e.sender, e.depth,
	e.origin_server_ts, e.outcome, e.position, e.anchor, e.sub, e.visibility, e.state_before, e.state_after, e.servers_nid,
	e.thread_nid, e.auth, e.json,
	CASE WHEN e.sub = 0 AND EXISTS (SELECT 1 FROM gaps g WHERE g.room_nid = e.room_nid AND g.anchor = e.anchor) THEN 1 ELSE 0 END`

func (r *Rooms) selectEvents(ctx context.Context, nids []int64) ([]*Event, error) {
	rows, err := r.db.Query(ctx, `SELECT `+eventColumns+` FROM events e JOIN rooms r ON r.room_nid = e.room_nid
		WHERE e.event_nid = ANY($1)`, sqldb.List(nids))
	return scanEvents(rows, err)
}

func (r *Rooms) selectEventsByID(ctx context.Context, ids []string) ([]*Event, error) {
	rows, err := r.db.Query(ctx, `SELECT `+eventColumns+` FROM events e JOIN rooms r ON r.room_nid = e.room_nid
		WHERE e.event_id = ANY($1)`, sqldb.List(ids))
	return scanEvents(rows, err)
}

// scanEvents reads events of a query for eventColumns and closes rows.
func scanEvents(rows *sql.Rows, err error) ([]*Event, error) {
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	defer rows.Close()
	var events []*Event
	for rows.Next() {
		ev, err := scanEvent(rows)
		if err != nil {
			return nil, fmt.Errorf("reading an event: %w", err)
		}
		events = append(events, ev)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	return events, nil
}

func scanEvent(rows *sql.Rows) (*Event, error) {
	ev := &Event{}
	var position, anchor, sub sql.NullInt64
	var auth []byte
	var afterGap int64
	err := rows.Scan(&ev.NID, &ev.ID, &ev.RoomNID, &ev.RoomID, &ev.Version, &ev.Type, &ev.KeyNID, &ev.Sender, &ev.Depth,
		&ev.OriginServerTS, &ev.Outcome, &position, &anchor, &sub, &ev.Visibility, &ev.StateBefore, &ev.StateAfter,
		&ev.Servers, &ev.ThreadRoot, &auth, &ev.JSON, &afterGap)
	if err != nil {
		return nil, err
	}
	if ev.Auth, err = unpackNIDs(auth); err != nil {
		return nil, fmt.Errorf("auth events of %s: %w", ev.ID, err)
	}
	ev.Position, ev.Key = position.Int64, HistoryKey{anchor.Int64, sub.Int64}
	ev.AfterGap = afterGap != 0
	ev.setJSON(ev.JSON)
	ev.readJSON()
	return ev, nil
}

// readJSON sets what is read from the PDU itself and does not have a column.
func (e *Event) readJSON() {
	if key := gjson.GetBytes(e.JSON, "state_key"); key.Type == gjson.String {
		text := key.String()
		e.StateKey = &text
	}
	content := e.Content()
	e.Relation = relationOf(content)
	e.Redacts = redactsOf(e.Type, e.Version, e.JSON, content)
	e.Sticky = stickyOf(e.JSON)
}

// redactsOf returns the target of a redaction, from the place that the room version gives it.
func redactsOf(typ, version string, pdu []byte, content gjson.Result) string {
	if typ != "m.room.redaction" {
		return ""
	}
	target := gjson.GetBytes(pdu, "redacts").Str
	if f := formats[version]; f != nil && f.redactsInContent {
		target = content.Get("redacts").Str
	}
	if !storable(target) {
		return "" // there is no such event
	}
	return target
}

const insertEvent = `INSERT INTO events (event_nid, event_id, room_nid, type, key_nid, sender, depth, origin_server_ts, outcome,
	reject_reason, position, anchor, sub, visibility, state_before, state_after, state_partial, servers_nid, thread_nid, auth, json)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)`

// storeEvents inserts the events that are new and updates those that were known (outliers and rejected or awaiting events
// that now have a place).
func storeEvents(tx *sqldb.Tx, admitted []*admission) error {
	var fresh, known [][]any
	for _, a := range admitted {
		ev := a.event
		position, anchor, sub := placeColumns(a)
		if a.known {
			known = append(known, []any{ev.NID, ev.Outcome, withoutNUL(a.reason), position, anchor, sub, ev.Visibility, ev.StateBefore,
				ev.StateAfter, flag(a.partial), ev.Servers, ev.ThreadRoot, packNIDs(ev.Auth), ev.KeyNID})
			continue
		}
		fresh = append(fresh, []any{ev.NID, ev.ID, ev.RoomNID, ev.Type, ev.KeyNID, ev.Sender, ev.Depth, ev.OriginServerTS,
			ev.Outcome, withoutNUL(a.reason), position, anchor, sub, ev.Visibility, ev.StateBefore, ev.StateAfter, flag(a.partial),
			ev.Servers, ev.ThreadRoot, packNIDs(ev.Auth), ev.JSON})
	}
	if err := tx.ExecMany(insertEvent, fresh); err != nil {
		return fmt.Errorf("storing events: %w", err)
	}
	err := tx.ExecMany(`UPDATE events SET outcome = $2, reject_reason = $3, position = $4, anchor = $5, sub = $6, visibility = $7,
		state_before = $8, state_after = $9, state_partial = $10, servers_nid = $11, thread_nid = $12, auth = $13,
		key_nid = $14 WHERE event_nid = $1`, known)
	if err != nil {
		return fmt.Errorf("updating events: %w", err)
	}
	return nil
}

// withoutNUL makes a reason storable that quotes what another server sent.
func withoutNUL(reason string) string { return strings.ReplaceAll(reason, "\x00", "") }

// placeColumns returns NULLs for what an event does not have.
func placeColumns(a *admission) (position, anchor, sub any) {
	if a.event.Position != 0 {
		position = a.event.Position
	}
	if a.placed() {
		anchor, sub = a.event.Key.Anchor, a.event.Key.Sub
	}
	return position, anchor, sub
}

func flag(on bool) int64 {
	if on {
		return 1
	}
	return 0
}

// storeRedactions writes which redactions came and which took effect.
func storeRedactions(tx *sqldb.Tx, roomNID int64, redactions []redactionRow) error {
	rows := make([][]any, 0, len(redactions))
	for _, red := range redactions {
		var position any
		if red.position != 0 {
			position = red.position
		}
		rows = append(rows, []any{roomNID, red.target, red.redaction.NID, position})
	}
	err := tx.ExecMany(`INSERT INTO redactions (room_nid, target_event_id, redaction_nid, position) VALUES ($1, $2, $3, $4)
		ON CONFLICT (target_event_id, redaction_nid) DO UPDATE SET position = excluded.position
		WHERE redactions.position IS NULL`, rows)
	if err != nil {
		return fmt.Errorf("storing redactions: %w", err)
	}
	return nil
}

// selectWaitingRedactions returns the redactions that came before the events they redact, by target.
func (r *Rooms) selectWaitingRedactions(ctx context.Context, targets []string) (map[string][]int64, error) {
	rows, err := r.db.Query(ctx, `SELECT target_event_id, redaction_nid FROM redactions
		WHERE target_event_id = ANY($1) AND position IS NULL`, sqldb.List(targets))
	if err != nil {
		return nil, fmt.Errorf("reading waiting redactions: %w", err)
	}
	defer rows.Close()
	waiting := map[string][]int64{}
	for rows.Next() {
		var target string
		var nid int64
		if err := rows.Scan(&target, &nid); err != nil {
			return nil, fmt.Errorf("reading a waiting redaction: %w", err)
		}
		waiting[target] = append(waiting[target], nid)
	}
	return waiting, rows.Err()
}
