package rooms

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"medixchange/internal/sqldb"
)

// inboxPDU is the kind of inbox rows that are PDUs.
const inboxPDU = 0

// Bounds of the inbox.
const (
	maxInboxRows  = 2000     // of one origin
	maxInboxBytes = 16 << 20 // of one origin
	maxInboxAll   = 50_000   // rows of all origins
	maxDeadRows   = 1000     // rows that are given up but kept for a look at them
)

// never is the next try of a row that was given up.
const never = math.MaxInt64

// inboxRow is a PDU that waits.
type inboxRow struct {
	nid      int64
	origin   string
	eventID  string
	attempts int64
	nextTry  int64
	body     []byte
}

// insertInbox stores PDUs of one origin; those that are there already stay as they are. ErrBusy: the inbox is full.
func insertInbox(tx *sqldb.Tx, origin string, parcels []*parcel, nids []int64, now int64) error {
	var rows, bytes, all int64
	err := tx.QueryRow(`SELECT COUNT(*), COALESCE(SUM(LENGTH(body)), 0), (SELECT COUNT(*) FROM inbox WHERE next_try < $2)
		FROM inbox WHERE origin = $1 AND next_try < $2`, origin, int64(never)).Scan(&rows, &bytes, &all)
	if err != nil {
		return fmt.Errorf("measuring the inbox: %w", err)
	}
	values := make([][]any, len(parcels))
	for i, p := range parcels {
		bytes += int64(len(p.raw))
		values[i] = []any{nids[i], origin, inboxPDU, p.room.id, p.in.event.ID, now, p.raw}
	}
	if rows+int64(len(parcels)) > maxInboxRows || bytes > maxInboxBytes || all+int64(len(parcels)) > maxInboxAll {
		return fmt.Errorf("the inbox of %s is full: %w", origin, ErrBusy)
	}
	err = tx.ExecMany(`INSERT INTO inbox (inbox_nid, origin, kind, room_id, item_id, received, attempts, next_try, body)
		VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7) ON CONFLICT (origin, kind, item_id) DO NOTHING`, values)
	if err != nil {
		return fmt.Errorf("storing into the inbox: %w", err)
	}
	return nil
}

// dueRooms returns the rooms with rows to be tried now, and when the next one is due after that (0: none).
func (r *Rooms) dueRooms(ctx context.Context, now int64, limit int) (rooms []string, next int64, err error) {
	rows, err := r.db.Query(ctx, `SELECT DISTINCT room_id FROM inbox WHERE next_try <= $1 LIMIT $2`, now, limit)
	rooms, err = scanAll(rows, err, "reading the rooms of the inbox", func(rows *sql.Rows) (id string, err error) {
		return id, rows.Scan(&id)
	})
	if err != nil {
		return nil, 0, err
	}
	err = r.db.QueryRow(ctx, `SELECT COALESCE(MIN(next_try), 0) FROM inbox WHERE next_try > $1 AND next_try < $2`, now, int64(never)).Scan(&next)
	if err != nil {
		return nil, 0, fmt.Errorf("reading when the inbox is due: %w", err)
	}
	return rooms, next, nil
}

// dueRows returns the oldest rows of a room that are to be tried now.
func (r *Rooms) dueRows(ctx context.Context, roomID string, now int64, limit int) ([]inboxRow, error) {
	rows, err := r.db.Query(ctx, `SELECT inbox_nid, origin, item_id, attempts, next_try, body FROM inbox
		WHERE room_id = $1 AND next_try <= $2 ORDER BY inbox_nid LIMIT $3`, roomID, now, limit)
	return scanAll(rows, err, "reading the inbox", func(rows *sql.Rows) (row inboxRow, err error) {
		return row, rows.Scan(&row.nid, &row.origin, &row.eventID, &row.attempts, &row.nextTry, &row.body)
	})
}

func deleteInbox(tx *sqldb.Tx, nids ...int64) error {
	if _, err := tx.Exec(`DELETE FROM inbox WHERE inbox_nid = ANY($1)`, sqldb.List(nids)); err != nil {
		return fmt.Errorf("removing from the inbox: %w", err)
	}
	return nil
}

// parkInbox sets when a row is tried again; never gives it up, and the oldest ones that were given up are dropped.
func parkInbox(tx *sqldb.Tx, nid, attempts, nextTry int64) error {
	if _, err := tx.Exec(`UPDATE inbox SET attempts = $2, next_try = $3 WHERE inbox_nid = $1`, nid, attempts, nextTry); err != nil {
		return fmt.Errorf("parking a PDU: %w", err)
	}
	if nextTry < never {
		return nil
	}
	_, err := tx.Exec(`DELETE FROM inbox WHERE next_try = $1 AND inbox_nid NOT IN
		(SELECT inbox_nid FROM inbox WHERE next_try = $1 ORDER BY inbox_nid DESC LIMIT $2)`, int64(never), maxDeadRows)
	if err != nil {
		return fmt.Errorf("dropping PDUs that were given up: %w", err)
	}
	return nil
}

// hurryInbox makes the rows of a room due, all rooms for "".
func hurryInbox(tx *sqldb.Tx, roomID string) error {
	_, err := tx.Exec(`UPDATE inbox SET next_try = 0 WHERE (room_id = $1 OR $1 = '') AND next_try > 0 AND next_try < $2`, roomID, int64(never))
	if err != nil {
		return fmt.Errorf("making the inbox due: %w", err)
	}
	return nil
}
