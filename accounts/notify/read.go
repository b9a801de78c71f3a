package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tidwall/gjson"

	"medixchange/internal/push"
	"medixchange/internal/stream"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

const storedStep = 500

// batch is what a range of the stream gives to tell.
type batch struct {
	items  map[push.Key][]*push.Item
	urls   map[push.Key]string
	counts map[string]bool // users whose counts have changed without an item
	gates  map[gateKey]*push.Gate
	// after, where it is given, are the only pushers to be told, and the position up to which each was.
	after map[push.Key]int64
	users map[string]bool // of after
}

func newBatch() *batch {
	return &batch{
		items: map[push.Key][]*push.Item{}, urls: map[push.Key]string{},
		counts: map[string]bool{}, gates: map[gateKey]*push.Gate{},
	}
}

// read takes what happened in (from, upto]. Nothing is handed on before all of it is understood, so that a range that
// comes again after an error tells nothing twice.
func (n *Notifier) read(ctx context.Context, from, upto int64) error {
	if users, _ := n.o.Accounts.PusherUsers(); users == 0 {
		return nil
	}
	b := newBatch()
	complete, err := n.readRecent(ctx, b, from, upto)
	if err == nil && !complete {
		b = newBatch()
		err = n.readStored(ctx, b, from, upto)
	}
	if err != nil {
		return err
	}
	return n.handOn(ctx, b)
}

// readRecent reads the ring; false when that does not reach back far enough.
func (n *Notifier) readRecent(ctx context.Context, b *batch, from, upto int64) (complete bool, err error) {
	return n.o.Hub.Walk(from, upto, func(e stream.Entry) error { return n.take(ctx, b, e) })
}

func (n *Notifier) take(ctx context.Context, b *batch, e stream.Entry) error {
	switch v := e.Value.(type) {
	case *rooms.Event:
		return n.event(ctx, b, v)
	case *rooms.Receipt:
		n.recount(b, v.UserID)
	case *rooms.MembershipChange:
		if v.Previous == "join" && v.Membership != "join" {
			n.recount(b, v.UserID)
		}
	case *rooms.OutsideMembership:
		return n.outside(ctx, b, v)
	case *view.Notice:
		return n.notice(ctx, b, v)
	}
	return nil
}

func (n *Notifier) recount(b *batch, userID string) {
	if n.o.Accounts.HasPushers(userID) {
		b.counts[userID] = true
	}
}

// readStored reads the database. Private receipts and invites from outside are passed over: the next event brings the
// counts, and the app shows the invite.
func (n *Notifier) readStored(ctx context.Context, b *batch, from, upto int64) error {
	if err := n.storedEvents(ctx, b, from, upto); err != nil {
		return err
	}
	if err := n.storedNotices(ctx, b, from, upto); err != nil {
		return err
	}
	for from < upto {
		receipts, reached, err := n.o.Rooms.OutgoingReceipts(ctx, from, upto)
		if err != nil {
			return fmt.Errorf("reading receipts: %w", err)
		}
		for i := range receipts {
			n.recount(b, receipts[i].UserID)
		}
		if reached <= from {
			return nil
		}
		from = reached
	}
	return nil
}

func (n *Notifier) storedEvents(ctx context.Context, b *batch, from, upto int64) error {
	for {
		events, err := n.o.Rooms.AllSince(ctx, from, upto, storedStep)
		if err != nil {
			return fmt.Errorf("reading events: %w", err)
		}
		for _, ev := range events {
			if err := n.event(ctx, b, ev); err != nil {
				return err
			}
		}
		if len(events) < storedStep {
			return nil
		}
		from = events[len(events)-1].Position
	}
}

// event queues an event for those whom it notifies. What a user sends themselves marks what was before as read.
func (n *Notifier) event(ctx context.Context, b *batch, ev *rooms.Event) error {
	if ev.Outcome != rooms.Accepted || ev.Position == 0 {
		return nil
	}
	n.recount(b, ev.Sender)
	users, err := n.audience(ctx, ev)
	if err != nil || len(users) == 0 {
		return err
	}
	expires, inTime := n.expiry(ev)
	if !inTime {
		return nil
	}
	for _, userID := range users {
		if b.users != nil && !b.users[userID] {
			continue
		}
		if err := n.tell(ctx, b, ev, userID, expires); err != nil {
			return fmt.Errorf("looking whom an event notifies: %w", err)
		}
	}
	return nil
}

// expiry returns until when an event is told. It counts from its arrival, or after a restart from when its sender says
// that it was sent.
func (n *Notifier) expiry(ev *rooms.Event) (time.Time, bool) {
	came := ev.Received
	if came == 0 {
		came = ev.OriginServerTS
	}
	left := maxAge - max(n.o.Now().Sub(time.UnixMilli(came)), 0)
	return time.Now().Add(left), left > 0
}

// audience is who of a room's members has pushers, as of one state of the room and one set of such users.
type audience struct {
	state   int64
	version uint64
	users   []string
}

// audience returns who may be notified of an event: joined users with pushers, and whoever is invited by it.
func (n *Notifier) audience(ctx context.Context, ev *rooms.Event) ([]string, error) {
	snap, err := n.o.Rooms.Snapshot(ctx, ev.RoomID)
	if errors.Is(err, rooms.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading a room: %w", err)
	}
	users := n.members(snap)
	if ev.Membership() == "invite" && n.o.Accounts.HasPushers(*ev.StateKey) {
		users = append(users[:len(users):len(users)], *ev.StateKey)
	}
	return users, nil
}

func (n *Notifier) members(snap *rooms.Snapshot) []string {
	number, version := n.o.Accounts.PusherUsers()
	if a, ok := n.audiences.Get(snap.RoomID); ok && a.state == snap.StateNID && a.version == version {
		return a.users
	}
	a := &audience{state: snap.StateNID, version: version}
	if number < snap.LocalJoined() {
		a.users = n.o.Accounts.WithPushers(func(userID string) bool { return snap.Membership(userID) == "join" })
	} else {
		for _, userID := range snap.LocalMembers() {
			if n.o.Accounts.HasPushers(userID) {
				a.users = append(a.users, userID)
			}
		}
	}
	n.audiences.Add(snap.RoomID, a)
	return a.users
}

// handOn makes the places durable, then queues.
func (n *Notifier) handOn(ctx context.Context, b *batch) error {
	for _, items := range b.items { // events and notices were read apart
		slices.SortStableFunc(items, func(x, y *push.Item) int { return cmp.Compare(x.Position, y.Position) })
	}
	n.places.mu.Lock()
	defer n.places.mu.Unlock()
	if err := n.beginPlaces(ctx, b.items); err != nil {
		return err
	}
	for key, items := range b.items {
		n.sender.Add(key, b.urls[key], items...)
	}
	for userID := range b.counts {
		pushers, err := n.o.Accounts.Pushers(ctx, userID)
		if err != nil {
			n.o.Log.WithError(err).Warn("reading whose counts have changed") // the next notification brings them
			continue
		}
		for _, p := range pushers {
			n.sender.Count(keyOf(p), gjson.GetBytes(p.Data, "url").Str)
		}
	}
	return nil
}
