package rooms

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// receiptGoesForward reports whether the receipt's event comes after that of the receipt it would take the place of.
func receiptGoesForward(q sqldb.Querier, roomNID int64, receipt *Receipt) (bool, error) {
	var at HistoryKey
	err := q.QueryRow(`SELECT anchor, sub FROM receipts
		WHERE room_nid = $1 AND user_id = $2 AND type = $3 AND thread_id = $4`,
		roomNID, receipt.UserID, receipt.Type, receipt.ThreadID).Scan(&at.Anchor, &at.Sub)
	if errors.Is(err, sqldb.ErrNoRows) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading a receipt: %w", err)
	}
	return at.Less(receipt.Key), nil
}

func upsertReceipt(tx *sqldb.Tx, roomNID int64, receipt *Receipt) error {
	_, err := tx.Exec(`INSERT INTO receipts (room_nid, user_id, type, thread_id, event_id, anchor, sub, ts, position)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (room_nid, user_id, type, thread_id) DO UPDATE SET event_id = excluded.event_id,
			anchor = excluded.anchor, sub = excluded.sub, ts = excluded.ts, position = excluded.position`,
		roomNID, receipt.UserID, receipt.Type, receipt.ThreadID, receipt.EventID,
		receipt.Key.Anchor, receipt.Key.Sub, receipt.TS, receipt.Position)
	if err != nil {
		return fmt.Errorf("storing a receipt: %w", err)
	}
	return nil
}

const receiptColumns = `user_id, type, thread_id, event_id, anchor, sub, ts, position`

func scanReceiptOf(roomID string) func(*sql.Rows) (Receipt, error) {
	return func(rows *sql.Rows) (Receipt, error) {
		r := Receipt{RoomID: roomID}
		err := rows.Scan(&r.UserID, &r.Type, &r.ThreadID, &r.EventID, &r.Key.Anchor, &r.Key.Sub, &r.TS, &r.Position)
		return r, err
	}
}

func (r *Rooms) loadReceipts(ctx context.Context, room roomRef, since, upto int64) ([]Receipt, error) {
	rows, err := r.db.Query(ctx, `SELECT `+receiptColumns+` FROM receipts
		WHERE room_nid = $1 AND position > $2 AND position <= $3 AND type = 'm.read' ORDER BY position`, room.nid, since, upto)
	return scanAll(rows, err, "reading receipts", scanReceiptOf(room.id))
}

func (r *Rooms) loadUserReceipts(ctx context.Context, room roomRef, userID string) ([]Receipt, error) {
	rows, err := r.db.Query(ctx, `SELECT `+receiptColumns+` FROM receipts
		WHERE room_nid = $1 AND user_id = $2 ORDER BY position`, room.nid, userID)
	return scanAll(rows, err, "reading a user's receipts", scanReceiptOf(room.id))
}

func (r *Rooms) loadPrivateReceipts(ctx context.Context, userID string, since, upto int64) ([]Receipt, error) {
	rows, err := r.db.Query(ctx, `SELECT (SELECT room_id FROM rooms WHERE rooms.room_nid = receipts.room_nid),
		thread_id, event_id, anchor, sub, ts, position FROM receipts
		WHERE user_id = $1 AND type = 'm.read.private' AND position > $2 AND position <= $3 ORDER BY position`,
		userID, since, upto)
	return scanAll(rows, err, "reading private receipts", func(rows *sql.Rows) (Receipt, error) {
		r := Receipt{UserID: userID, Type: receiptPrivate}
		err := rows.Scan(&r.RoomID, &r.ThreadID, &r.EventID, &r.Key.Anchor, &r.Key.Sub, &r.TS, &r.Position)
		return r, err
	})
}

func insertWaitingReceipts(tx *sqldb.Tx, receipts []Receipt, received int64) error {
	rows := make([][]any, len(receipts))
	for i, r := range receipts {
		rows[i] = []any{r.EventID, r.RoomID, r.UserID, r.Type, r.ThreadID, r.TS, received}
	}
	err := tx.ExecMany(`INSERT INTO receipts_waiting (event_id, room_id, user_id, type, thread_id, ts, received)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (room_id, user_id, type, thread_id) DO UPDATE SET
			event_id = excluded.event_id, ts = excluded.ts, received = excluded.received`, rows)
	if err != nil {
		return fmt.Errorf("storing receipts that wait: %w", err)
	}
	return nil
}

// trimWaitingReceipts drops the oldest receipts that wait in the room, and of all rooms, beyond their bounds.
func trimWaitingReceipts(tx *sqldb.Tx, roomID string) error {
	_, err := tx.Exec(`DELETE FROM receipts_waiting WHERE (room_id, user_id, type, thread_id) IN
		(SELECT room_id, user_id, type, thread_id FROM receipts_waiting WHERE room_id = $1
		 ORDER BY received DESC, user_id, thread_id LIMIT 1000000 OFFSET $2)`, roomID, maxWaiting)
	if err != nil {
		return fmt.Errorf("bounding the receipts that wait in a room: %w", err)
	}
	_, err = tx.Exec(`DELETE FROM receipts_waiting WHERE (room_id, user_id, type, thread_id) IN
		(SELECT room_id, user_id, type, thread_id FROM receipts_waiting
		 ORDER BY received DESC, room_id, user_id, thread_id LIMIT 1000000 OFFSET $1)`, maxWaitingAll)
	if err != nil {
		return fmt.Errorf("bounding the receipts that wait: %w", err)
	}
	return nil
}

// takeWaitingReceipts removes and returns the receipts that wait for the event.
func takeWaitingReceipts(tx *sqldb.Tx, ev *Event) ([]Receipt, error) {
	rows, err := tx.Query(`DELETE FROM receipts_waiting WHERE event_id = $1 AND room_id = $2
		RETURNING user_id, type, thread_id, ts`, ev.ID, ev.RoomID)
	return scanAll(rows, err, "taking receipts that waited", func(rows *sql.Rows) (Receipt, error) {
		r := Receipt{RoomID: ev.RoomID, EventID: ev.ID, Key: ev.Key}
		err := rows.Scan(&r.UserID, &r.Type, &r.ThreadID, &r.TS)
		return r, err
	})
}
