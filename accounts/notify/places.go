package notify

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"medixchange/internal/pace"
	"medixchange/internal/push"
	"medixchange/internal/sqldb"
)

// places are the durable places of pushers for which something waits, see push_places. The lock is held from before a
// place is written until its items are queued, so that nobody takes a place for that of a pusher for which nothing waits.
type places struct {
	mu     sync.Mutex
	stored map[push.Key]int64
}

// beginPlaces writes the places of those for which nothing waited, before the cursor can pass what they are told.
func (n *Notifier) beginPlaces(ctx context.Context, items map[push.Key][]*push.Item) error {
	begun := map[push.Key]int64{}
	for key, list := range items {
		if _, there := n.places.stored[key]; !there {
			begun[key] = list[0].Position - 1
		}
	}
	if len(begun) == 0 {
		return nil
	}
	if err := n.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return upsertPlaces(tx, begun) }); err != nil {
		return fmt.Errorf("storing places of pushers: %w", err)
	}
	maps.Copy(n.places.stored, begun)
	return nil
}

func (n *Notifier) keepPlaces(ctx context.Context) {
	pace.Every(ctx, saveEvery, func() { n.savePlaces(ctx) })
}

// savePlaces moves the places on to where the pushers are, and removes those of pushers for which nothing waits.
func (n *Notifier) savePlaces(ctx context.Context) {
	n.places.mu.Lock()
	defer n.places.mu.Unlock()
	waiting := n.sender.Waiting()
	moved := map[push.Key]int64{}
	var done []push.Key
	for key, place := range n.places.stored {
		first, waits := waiting[key]
		switch {
		case !waits:
			done = append(done, key)
		case first-1 > place:
			moved[key] = first - 1
		}
	}
	if len(moved) == 0 && len(done) == 0 {
		return
	}
	err := n.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := upsertPlaces(tx, moved); err != nil {
			return err
		}
		return deletePlaces(tx, done)
	})
	if err != nil {
		if ctx.Err() == nil {
			n.o.Log.WithError(err).Warn("storing places of pushers") // after a crash more is repeated
		}
		return
	}
	maps.Copy(n.places.stored, moved)
	for _, key := range done {
		delete(n.places.stored, key)
	}
}

// catchUp queues what is between the place of each lagging pusher and the cursor (start if there is none), before the
// cursor goes on.
func (n *Notifier) catchUp(ctx context.Context, start int64) error {
	stored, err := n.readPlaces(ctx)
	if err != nil || len(stored) == 0 {
		return err
	}
	cursor, there, err := n.o.Hub.LoadCursor(ctx, cursorName)
	if err != nil {
		return fmt.Errorf("reading the cursor: %w", err)
	}
	if !there {
		cursor = start
	}
	b := newBatch()
	b.after, b.users = stored, map[string]bool{}
	from := cursor
	for key, place := range stored {
		b.users[key.UserID] = true
		from = min(from, place)
	}
	if err := n.storedEvents(ctx, b, from, cursor); err != nil {
		return err
	}
	if err := n.storedNotices(ctx, b, from, cursor); err != nil {
		return err
	}
	if err := n.storedInvites(ctx, b, cursor); err != nil {
		return err
	}
	b.counts = b.users
	n.places.mu.Lock()
	maps.Copy(n.places.stored, stored)
	n.places.mu.Unlock()
	return n.handOn(ctx, b)
}

func (n *Notifier) storedInvites(ctx context.Context, b *batch, cursor int64) error {
	for userID := range b.users {
		invites, err := n.o.Rooms.OutsideMemberships(ctx, userID)
		if err != nil {
			return fmt.Errorf("reading invites from outside: %w", err)
		}
		for i := range invites {
			if invites[i].Position > cursor {
				continue // the cursor comes to it
			}
			if err := n.outside(ctx, b, &invites[i]); err != nil {
				return err
			}
		}
	}
	return nil
}
