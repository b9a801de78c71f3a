package rooms

import (
	"context"
)

// maxReceiptScan bounds the receipts that OutgoingReceipts looks at in the database for one answer.
const maxReceiptScan = 1000

// OutgoingReceipts returns, by position, the public receipts of this node's users that were set at since < position ≤
// upto, of all rooms, and the position up to which they are complete: upto, or less when there are more. Only the latest
// of a user and thread is kept, so one that was set again after upto may be missing: it comes with a later upto.
func (r *Rooms) OutgoingReceipts(ctx context.Context, since, upto int64) (receipts []Receipt, reached int64, err error) {
	entries, complete := r.hub.All(since, upto, ringStep)
	if complete {
		reached = upto
		if n := len(entries); n >= ringStep {
			reached = entries[n-1].Position
		}
		receipts = latestReceipts(entries)
	} else if receipts, reached, err = r.loadOutgoingReceipts(ctx, since, upto); err != nil {
		return nil, since, err
	}
	own := receipts[:0]
	for _, receipt := range receipts {
		if receipt.Type == receiptRead && r.isLocal(receipt.UserID) {
			own = append(own, receipt)
		}
	}
	return own, reached, nil
}

// RoomServers returns the servers with a joined member of the room, sorted; none for a room not known. The slice must not
// be changed.
func (r *Rooms) RoomServers(ctx context.Context, roomID string) ([]string, error) {
	snap, err := r.Snapshot(ctx, roomID)
	if notFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return snap.Servers(), nil
}
