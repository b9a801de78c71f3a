package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
)

// Kinds of receipts (Client-Server API, Receipts).
const (
	receiptRead    = "m.read"
	receiptPrivate = "m.read.private"
)

const (
	threadMain = "main" // thread_id of the events that are in no thread

	maxReceiptID   = 255  // bytes of an event or thread id in a receipt
	maxReceiptsEDU = 1000 // receipts taken of one m.receipt EDU
	maxReceiptIDs  = 20   // event ids looked at for one receipt
	maxWaiting     = 500  // receipts that wait in one room
	maxWaitingAll  = 5000 // and in all rooms
)

// SetReceipt sets a local user's receipt to an event that this node knows; r.RoomID, UserID, Type, ThreadID, EventID and
// TS are to be set. A receipt never goes backwards: one for an event before the present one changes nothing. Errors:
// ErrNotFound (no such event in the room), ErrForbidden (not joined), ErrInvalidParam (type or thread).
func (r *Rooms) SetReceipt(ctx context.Context, receipt Receipt) error {
	if receipt.Type != receiptRead && receipt.Type != receiptPrivate {
		return fmt.Errorf("receipt type %q: %w", receipt.Type, ErrInvalidParam)
	}
	room, err := r.roomRef(ctx, receipt.RoomID)
	if err != nil {
		return err
	}
	membership, _, err := r.Membership(ctx, receipt.RoomID, receipt.UserID)
	if err != nil {
		return err
	}
	if membership != "join" {
		return fmt.Errorf("setting a receipt without being joined: %w", ErrForbidden)
	}
	ev, err := r.Event(ctx, receipt.EventID)
	if err != nil {
		return err
	}
	if ev.RoomNID != room.nid || !placed(ev) {
		return fmt.Errorf("event of a receipt: %w", ErrNotFound)
	}
	if err := r.checkReceiptThread(ctx, ev, receipt.ThreadID); err != nil {
		return err
	}
	receipt.Key = ev.Key
	if receipt.TS == 0 {
		receipt.TS = r.now().UnixMilli()
	}
	return r.writeReceipts(ctx, room.nid, []Receipt{receipt})
}

// placed reports whether the event has a place in its room's history, and is shown there.
func placed(ev *Event) bool { return ev.Outcome == Accepted && ev.Key != (HistoryKey{}) }

// checkReceiptThread refuses a thread that the event has no relation to, not even by way of others (Client-Server API,
// POST /receipt, 400). The root belongs to its thread and to main.
func (r *Rooms) checkReceiptThread(ctx context.Context, ev *Event, thread string) error {
	switch {
	case thread == "", thread == ev.ID:
		return nil
	case len(thread) > maxReceiptID:
	case thread == threadMain && ev.ThreadRoot == 0:
		return nil
	case ev.ThreadRoot != 0:
		root, err := r.eventByNID(ctx, ev.ThreadRoot)
		if err != nil {
			return err
		}
		if root != nil && root.ID == thread {
			return nil
		}
	default:
		related, err := r.leadsTo(ctx, ev, thread)
		if err != nil || related {
			return err
		}
	}
	return fmt.Errorf("the event is not related to the receipt's thread: %w", ErrInvalidParam)
}

// leadsTo reports whether the relations of an event lead to target.
func (r *Rooms) leadsTo(ctx context.Context, ev *Event, target string) (bool, error) {
	for range RelationDepth {
		id := ev.Relation.EventID
		if id == "" || id == target {
			return id != "", nil
		}
		next, err := r.EventsByID(ctx, []string{id})
		if err != nil {
			return false, err
		}
		if ev = next[id]; ev == nil {
			return false, nil
		}
	}
	return false, nil
}

// writeReceipts stores receipts of one room whose events are known, and publishes those that go forward.
func (r *Rooms) writeReceipts(ctx context.Context, roomNID int64, receipts []Receipt) error {
	if len(receipts) == 0 {
		return nil
	}
	err := r.db.Write(ctx, func(tx *sqldb.Tx) error {
		for i := range receipts {
			if err := r.storeReceipt(tx, roomNID, receipts[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("storing receipts: %w", err)
	}
	return nil
}

// storeReceipt stores one receipt unless it would go backwards, and publishes it when the transaction commits.
func (r *Rooms) storeReceipt(tx *sqldb.Tx, roomNID int64, receipt Receipt) error {
	forward, err := receiptGoesForward(tx, roomNID, &receipt)
	if err != nil || !forward {
		return err
	}
	receipt.Position = tx.NextPosition()
	if err := upsertReceipt(tx, roomNID, &receipt); err != nil {
		return err
	}
	topic := RoomTopic(receipt.RoomID)
	if receipt.Type == receiptPrivate {
		topic = UserTopic(receipt.UserID)
	}
	entry := stream.Entry{
		Position: receipt.Position, Topic: topic, Kind: EntryReceipt, Value: &receipt,
		Size: 128 + len(receipt.RoomID) + len(receipt.UserID) + len(receipt.EventID) + len(receipt.ThreadID),
	}
	tx.OnCommit(func() { r.hub.Append(entry) })
	return nil
}

// Receipts returns the public (m.read) receipts of a room that were set at since < position ≤ upto, by position. Only
// the latest of a user and thread is kept, so one that was set again after upto is missing: it comes with a later upto.
func (r *Rooms) Receipts(ctx context.Context, roomID string, since, upto int64) ([]Receipt, error) {
	if entries, complete := r.hub.Since(RoomTopic(roomID), since, upto); complete {
		return latestReceipts(entries), nil
	}
	room, err := r.roomRef(ctx, roomID)
	if err != nil {
		return nil, err
	}
	return r.loadReceipts(ctx, room, since, upto)
}

// PrivateReceipts returns the user's own m.read.private receipts of all rooms that were set at since < position ≤ upto,
// by position. They are for no one else.
func (r *Rooms) PrivateReceipts(ctx context.Context, userID string, since, upto int64) ([]Receipt, error) {
	if entries, complete := r.hub.Since(UserTopic(userID), since, upto); complete {
		return latestReceipts(entries), nil
	}
	return r.loadPrivateReceipts(ctx, userID, since, upto)
}

// UserReceipts returns all receipts of a user in a room, public and private, by position. They are for that user alone.
func (r *Rooms) UserReceipts(ctx context.Context, roomID, userID string) ([]Receipt, error) {
	room, err := r.roomRef(ctx, roomID)
	if err != nil {
		return nil, err
	}
	return r.loadUserReceipts(ctx, room, userID)
}

// latestReceipts picks from stream entries the receipts that the table would have: the last of each user and thread.
func latestReceipts(entries []stream.Entry) []Receipt {
	type place struct{ room, user, typ, thread string }
	seen := map[place]bool{}
	var latest []Receipt
	for i := len(entries) - 1; i >= 0; i-- {
		receipt, ok := entries[i].Value.(*Receipt)
		if !ok || entries[i].Kind != EntryReceipt {
			continue
		}
		at := place{receipt.RoomID, receipt.UserID, receipt.Type, receipt.ThreadID}
		if !seen[at] {
			seen[at] = true
			latest = append(latest, *receipt)
		}
	}
	for i, j := 0, len(latest)-1; i < j; i, j = i+1, j-1 {
		latest[i], latest[j] = latest[j], latest[i]
	}
	return latest
}

// ReceiveReceipts takes the content of an m.receipt EDU of another server: room → m.read → user → {event_ids, data}. What
// is not of that server's joined users is left out. Receipts for events that are not here wait for them, bounded.
func (r *Rooms) ReceiveReceipts(ctx context.Context, origin string, content json.RawMessage) error {
	if !gjson.ValidBytes(content) {
		return fmt.Errorf("content of m.receipt: %w", ErrBadEvent)
	}
	left := maxReceiptsEDU
	var failed error
	gjson.ParseBytes(content).ForEach(func(roomID, byType gjson.Result) bool {
		err := r.receiveRoomReceipts(ctx, origin, roomID.Str, byType.Get(`m\.read`), &left)
		if err != nil && !errors.Is(err, ErrNotFound) {
			failed = err
		}
		return failed == nil && left > 0
	})
	return failed
}

func (r *Rooms) receiveRoomReceipts(ctx context.Context, origin, roomID string, byUser gjson.Result, left *int) error {
	room, err := r.roomRef(ctx, roomID)
	if err != nil {
		return err
	}
	allowed, err := r.ServerACLAllows(ctx, origin, roomID)
	if err != nil {
		return err
	}
	snap, err := r.Snapshot(ctx, roomID)
	if err != nil {
		return err
	}
	var receipts []remoteReceipt
	byUser.ForEach(func(user, value gjson.Result) bool {
		if *left--; *left < 0 {
			r.read.metrics.refused.WithLabelValues("too_many").Inc()
			return false
		}
		if !allowed || serverOf(user.Str) != origin || snap.Membership(user.Str) != "join" {
			r.read.metrics.refused.WithLabelValues("not_joined").Inc()
			return true
		}
		if receipt, ok := r.parseRemoteReceipt(roomID, user.Str, value); ok {
			receipts = append(receipts, receipt)
		} else {
			r.read.metrics.refused.WithLabelValues("malformed").Inc()
		}
		return true
	})
	return r.storeRemoteReceipts(ctx, room, receipts)
}

// remoteReceipt is a receipt as another server sends it: the first of the events that is known counts.
type remoteReceipt struct {
	Receipt
	events []string
}

func (r *Rooms) parseRemoteReceipt(roomID, userID string, value gjson.Result) (remoteReceipt, bool) {
	receipt := remoteReceipt{Receipt: Receipt{RoomID: roomID, UserID: userID, Type: receiptRead}}
	receipt.TS = value.Get("data.ts").Int()
	if receipt.TS <= 0 {
		receipt.TS = r.now().UnixMilli()
	}
	if thread := value.Get("data.thread_id"); thread.Exists() {
		if thread.Type != gjson.String || thread.Str == "" || len(thread.Str) > maxReceiptID || !storable(thread.Str) {
			return receipt, false
		}
		receipt.ThreadID = thread.Str
	}
	for _, id := range value.Get("event_ids").Array() {
		if id.Type != gjson.String || !strings.HasPrefix(id.Str, "$") || len(id.Str) > maxReceiptID || !storable(id.Str) {
			return receipt, false
		}
		if receipt.events = append(receipt.events, id.Str); len(receipt.events) == maxReceiptIDs {
			break
		}
	}
	return receipt, len(receipt.events) > 0
}

// storeRemoteReceipts stores the receipts whose events are here and lets the others wait.
func (r *Rooms) storeRemoteReceipts(ctx context.Context, room roomRef, receipts []remoteReceipt) error {
	if len(receipts) == 0 {
		return nil
	}
	var ids []string
	for i := range receipts {
		ids = append(ids, receipts[i].events...)
	}
	known, err := r.EventsByID(ctx, ids)
	if err != nil {
		return err
	}
	var ready []Receipt
	var waiting []Receipt
	for i := range receipts {
		receipt, ok := receipts[i].resolve(room.nid, known)
		if ok {
			ready = append(ready, receipt)
		} else {
			waiting = append(waiting, receipt)
		}
	}
	if err := r.writeReceipts(ctx, room.nid, ready); err != nil {
		return err
	}
	return r.keepWaiting(ctx, room, waiting)
}

// resolve picks the newest known event. Without one the receipt is for the first event named.
func (p *remoteReceipt) resolve(roomNID int64, known map[string]*Event) (Receipt, bool) {
	receipt, found := p.Receipt, false
	for _, id := range p.events {
		ev := known[id]
		if ev == nil || ev.RoomNID != roomNID || !placed(ev) || found && !receipt.Key.Less(ev.Key) {
			continue
		}
		receipt.EventID, receipt.Key, found = id, ev.Key, true
	}
	if !found {
		receipt.EventID = p.events[0]
	}
	return receipt, found
}

// keepWaiting keeps receipts until their events come. The oldest of a room give way when there are too many.
func (r *Rooms) keepWaiting(ctx context.Context, room roomRef, receipts []Receipt) error {
	if len(receipts) == 0 {
		return nil
	}
	received := r.now().UnixMilli()
	err := r.db.Write(ctx, func(tx *sqldb.Tx) error {
		if err := insertWaitingReceipts(tx, receipts, received); err != nil {
			return err
		}
		return trimWaitingReceipts(tx, room.id)
	})
	if err != nil {
		return fmt.Errorf("keeping receipts for unknown events: %w", err)
	}
	// The event may have been accepted between the look-up and the write.
	ids := make([]string, len(receipts))
	for i := range receipts {
		ids[i] = receipts[i].EventID
	}
	known, err := r.EventsByID(ctx, ids)
	if err != nil {
		return err
	}
	for _, ev := range known {
		if ev.RoomNID != room.nid || !placed(ev) {
			continue
		}
		if err := r.db.Write(ctx, func(tx *sqldb.Tx) error { return r.applyWaitingReceipts(tx, ev) }); err != nil {
			return fmt.Errorf("applying receipts that waited: %w", err)
		}
	}
	return nil
}

// applyWaitingReceipts sets, in the transaction that accepts an event of another server, the receipts that waited for
// it. Nobody can have read an event of this node before it was here, so those cost nothing.
func (r *Rooms) applyWaitingReceipts(tx *sqldb.Tx, ev *Event) error {
	if !placed(ev) || r.isLocal(ev.Sender) {
		return nil
	}
	receipts, err := takeWaitingReceipts(tx, ev)
	if err != nil {
		return err
	}
	for _, receipt := range receipts {
		if err := r.storeReceipt(tx, ev.RoomNID, receipt); err != nil {
			return err
		}
	}
	return nil
}
