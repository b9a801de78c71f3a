package rooms

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb"
)

func (r *Rooms) selectPositioned(ctx context.Context, since, upto int64, typ string, limit int) ([]int64, error) {
	rows, err := r.db.Query(ctx, `SELECT event_nid FROM events
		WHERE position > $1 AND position <= $2 AND type = $3 AND outcome = 0 ORDER BY position LIMIT $4`, since, upto, typ, limit)
	return scanAll(rows, err, "reading events of the stream", scanInt)
}

func (r *Rooms) selectAllPositioned(ctx context.Context, since, upto int64, limit int) ([]int64, error) {
	rows, err := r.db.Query(ctx, `SELECT event_nid FROM events
		WHERE position > $1 AND position <= $2 AND outcome = 0 ORDER BY position LIMIT $3`, since, upto, limit)
	return scanAll(rows, err, "reading events of the stream", scanInt)
}

func (r *Rooms) selectRoomsWith(ctx context.Context, typ string, first, last int64, limit int) ([]int64, error) {
	rows, err := r.db.Query(ctx, `SELECT DISTINCT room_nid FROM events
		WHERE position >= $1 AND position <= $2 AND type = $3 AND outcome = 0 LIMIT $4`, first, last, typ, limit)
	return scanAll(rows, err, "reading rooms of the stream", scanInt)
}

// selectPositionedIn goes by the room's history, where what came live stands at its position.
func (r *Rooms) selectPositionedIn(ctx context.Context, roomNID, first, last int64, typ string, limit int) ([]int64, error) {
	rows, err := r.db.Query(ctx, `SELECT event_nid FROM events
		WHERE room_nid = $1 AND anchor >= $2 AND anchor <= $3 AND position >= $2 AND type = $4 AND outcome = 0
		ORDER BY anchor DESC, sub DESC LIMIT $5`, roomNID, first, last, typ, limit)
	return scanAll(rows, err, "reading events of a room", scanInt)
}

func (r *Rooms) selectLastPositioned(ctx context.Context, first, last int64, typ string, limit int) ([]int64, error) {
	rows, err := r.db.Query(ctx, `SELECT event_nid FROM events
		WHERE position >= $1 AND position <= $2 AND type = $3 AND outcome = 0 ORDER BY position DESC LIMIT $4`, first, last, typ, limit)
	return scanAll(rows, err, "reading the newest events", scanInt)
}

func (r *Rooms) selectRedactions(ctx context.Context, since, upto int64, limit int) ([]Redaction, error) {
	rows, err := r.db.Query(ctx, `SELECT r.room_id, x.room_nid, x.target_event_id, x.redaction_nid, x.position
		FROM redactions x JOIN rooms r ON r.room_nid = x.room_nid
		WHERE x.position > $1 AND x.position <= $2 ORDER BY x.position LIMIT $3`, since, upto, limit)
	return scanAll(rows, err, "reading redactions of the stream", func(rows *sql.Rows) (x Redaction, err error) {
		return x, rows.Scan(&x.RoomID, &x.RoomNID, &x.TargetID, &x.RedactionNID, &x.Position)
	})
}

func isRedactedIn(tx *sqldb.Tx, eventID string) (bool, error) {
	var one int
	err := tx.QueryRow(`SELECT 1 FROM redactions WHERE target_event_id = $1 AND position IS NOT NULL LIMIT 1`, eventID).Scan(&one)
	if errors.Is(err, sqldb.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func redactedIn(tx *sqldb.Tx, eventIDs []string) (map[string]bool, error) {
	rows, err := tx.Query(`SELECT DISTINCT target_event_id FROM redactions WHERE target_event_id = ANY($1) AND position IS NOT NULL`, sqldb.List(eventIDs))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	redacted := map[string]bool{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		redacted[id] = true
	}
	return redacted, rows.Err()
}

// newestEditIn returns the nid of the replacement in force of message, 0 without one; see addEdits.
func newestEditIn(tx *sqldb.Tx, message *Event) (int64, error) {
	if message.IsState() || message.Relation.Type == relReplace {
		return 0, nil
	}
	rows, err := tx.Query(`SELECT e.event_nid, e.json FROM relations l JOIN events e ON e.event_nid = l.event_nid
		WHERE l.target_event_id = $1 AND l.rel_type = 'm.replace' AND l.sender = $2 AND l.type = $3 AND l.room_nid = $4 AND `+standing+`
		ORDER BY e.origin_server_ts DESC, e.event_id DESC LIMIT $5`, message.ID, message.Sender, message.Type, message.RoomNID, maxEdits)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var nid int64
		var pdu []byte
		if err := rows.Scan(&nid, &pdu); err != nil {
			return 0, err
		}
		if message.Type == "m.room.encrypted" || gjson.GetBytes(pdu, `content.m\.new_content`).IsObject() {
			return nid, nil
		}
	}
	return 0, rows.Err()
}

func (r *Rooms) selectLastNID(ctx context.Context) (nid int64, err error) {
	if err := r.db.QueryRow(ctx, `SELECT COALESCE(MAX(event_nid), 0) FROM events`).Scan(&nid); err != nil {
		return 0, fmt.Errorf("reading the last event: %w", err)
	}
	return nid, nil
}

func (r *Rooms) selectFetched(ctx context.Context, after, upto int64, types []string) ([]int64, error) {
	rows, err := r.db.Query(ctx, `SELECT event_nid FROM events WHERE event_nid > $1 AND event_nid <= $2
		AND position IS NULL AND anchor IS NOT NULL AND outcome = 0 AND type = ANY($3) ORDER BY event_nid`, after, upto, sqldb.List(types))
	return scanAll(rows, err, "reading fetched events", scanInt)
}
