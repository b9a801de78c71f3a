package rooms

import (
	"context"
	"database/sql"
)

// loadOutgoingReceipts returns public receipts of all rooms and users by position, and how far they reach.
func (r *Rooms) loadOutgoingReceipts(ctx context.Context, since, upto int64) ([]Receipt, int64, error) {
	rows, err := r.db.Query(ctx, `SELECT (SELECT room_id FROM rooms WHERE rooms.room_nid = receipts.room_nid),
		user_id, type, thread_id, event_id, ts, position FROM receipts
		WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3`, since, upto, maxReceiptScan)
	receipts, err := scanAll(rows, err, "reading outgoing receipts", func(rows *sql.Rows) (receipt Receipt, err error) {
		return receipt, rows.Scan(&receipt.RoomID, &receipt.UserID, &receipt.Type, &receipt.ThreadID, &receipt.EventID,
			&receipt.TS, &receipt.Position)
	})
	if err != nil {
		return nil, since, err
	}
	if len(receipts) == maxReceiptScan {
		upto = receipts[maxReceiptScan-1].Position
	}
	return receipts, upto, nil
}
