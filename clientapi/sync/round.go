package sync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"medixchange/rooms"
	"medixchange/rooms/view"
)

// result is what one round found.
type result struct {
	body  []byte // nil when empty
	next  Token
	empty bool
	wake  time.Time // when a held tail may go out without its translation, or a late one follows; zero when neither is so
}

// round is one reading of everything between a token and a stream position.
type round struct {
	h      *Handler
	ctx    context.Context
	q      *query
	viewer view.Viewer
	since  Token
	upto   int64
	epoch  bool // since.Ephemeral belongs to this process
	next   Token
	wake   time.Time

	wasOwed bool  // late edits are or were, to the device, and may be asked for again
	owed    bool  // some of them may go out now
	arrived int64 // number of the last of them that it has

	mine       mine // what concerns the user alone
	join       []byte
	leave      []byte
	invite     []byte
	knock      []byte
	keysChange bool // device lists may have changed
	members    []int64
	seen       []string    // rooms that are new to the device, whose members' presence it needs
	newcomers  []string    // members who came, in the other rooms
	lacking    []*section  // those that wait for translations
	lacks      []view.Lack // of each of them
	seated     bool        // holds a seat for SQL
}

func (h *Handler) round(ctx context.Context, q *query, since Token) (result, error) {
	r := &round{h: h, ctx: ctx, q: q, since: since, epoch: !q.initial && since.Epoch == h.hub.Epoch()}
	standing, err := r.stand()
	if err != nil {
		return result{}, err
	}
	r.next = Token{
		Position: r.upto, ToDevice: since.ToDevice, Epoch: h.hub.Epoch(), Ephemeral: h.hub.EphemeralPosition(),
	}
	if r.epoch {
		r.next.Gaps = since.youngGaps(h.now())
	}
	r.startLate()
	if r.unchanged(standing) {
		r.next.Held = since.Held
		return result{next: r.next, empty: true, wake: r.wake}, nil
	}
	defer r.unseat()
	if r.viewer, err = h.view.Viewer(ctx, q.device.UserID, q.device.DeviceID, q.device.Scope); err != nil {
		return result{}, err
	}
	if err := r.read(standing); err != nil {
		return result{}, err
	}
	body, err := r.assemble()
	if err != nil {
		return result{}, err
	}
	if body != nil {
		h.devices.of(q.device).offer(r.next.String(), r.members)
	}
	return result{body: body, next: r.next, empty: body == nil, wake: r.wake}, nil
}

// maxStands bounds the attempts to find a position at which the memberships hold.
const maxStands = 5

// stand takes the position up to which the round reads, and the user's rooms as they were there.
func (r *round) stand() ([]rooms.UserRoom, error) {
	for attempt := 0; ; attempt++ {
		r.upto = max(r.h.hub.Position(), r.since.Position)
		all, err := r.h.rooms.UserRooms(r.ctx, r.q.device.UserID)
		if err != nil {
			return nil, fmt.Errorf("reading the user's rooms: %w", err)
		}
		newest := int64(0)
		for i := range all {
			newest = max(newest, all[i].Position)
		}
		if newest <= r.upto || attempt == maxStands {
			r.upto = max(r.upto, newest)
			slices.SortFunc(all, func(a, b rooms.UserRoom) int { return cmp.Compare(a.RoomNID, b.RoomNID) })
			return all, nil
		}
		if err := r.h.hub.WaitFor(r.ctx, newest); err != nil {
			return nil, err
		}
	}
}

// unchanged reports, from memory alone, that there is nothing to tell.
func (r *round) unchanged(all []rooms.UserRoom) bool {
	hub := r.h.hub
	if r.q.initial || r.q.fullState || !r.epoch || r.since.ToDevicePending || len(r.since.Held) > 0 || r.owed {
		return false
	}
	if hub.LastChange(rooms.UserTopic(r.q.device.UserID)) > r.since.Position {
		return false
	}
	ephemeral := r.next.Ephemeral > r.since.Ephemeral
	if ephemeral && r.h.presence != nil {
		return false // whose presence changed is found by user
	}
	for i := range all {
		if all[i].Membership != "join" {
			continue
		}
		topic := rooms.RoomTopic(all[i].RoomID)
		if hub.LastChange(topic) > r.since.Position {
			return false
		}
		if ephemeral && hub.EphemeralLast(topic, rooms.EphemeralTyping) > r.since.Ephemeral {
			return false
		}
	}
	return true
}

// read goes through everything that may have changed.
func (r *round) read(all []rooms.UserRoom) error {
	if err := r.readMine(); err != nil {
		return err
	}
	outside, err := r.outsideNews(all)
	if err != nil {
		return err
	}
	again := map[string]bool{} // rooms that were left and are not any more: a client is told the last of it alone
	for _, o := range outside {
		again[o.RoomID] = o.Membership != "leave"
	}
	for i := range all {
		if again[all[i].RoomID] {
			continue
		}
		if !r.q.filter.Room.wants(all[i].RoomID) {
			// Whose devices changed does not depend on the rooms that the filter lets through.
			r.keysChange = r.keysChange || r.h.hub.LastChange(rooms.RoomTopic(all[i].RoomID)) > r.since.Position
			r.keepHeld(all[i])
			continue
		}
		if err := r.orSkip(all[i], func() error { return r.readRoom(all[i]) }); err != nil {
			return fmt.Errorf("reading room %s: %w", all[i].RoomID, err)
		}
	}
	for _, o := range outside {
		r.outside(o)
	}
	return r.writeLacking()
}

// orSkip leaves out a room of which something is gone (purged while it was read): one room must not keep the device
// from all others.
func (r *round) orSkip(ur rooms.UserRoom, read func() error) error {
	join, leave, invite, knock := len(r.join), len(r.leave), len(r.invite), len(r.knock)
	err := read()
	if err == nil || !errors.Is(err, rooms.ErrNotFound) {
		return err
	}
	r.join, r.leave, r.invite, r.knock = r.join[:join], r.leave[:leave], r.invite[:invite], r.knock[:knock]
	r.h.log.WithError(err).WithField("room_id", ur.RoomID).Warn("a room is left out of a sync, since part of it was not found")
	return nil
}

func (r *round) readRoom(ur rooms.UserRoom) error {
	news := r.q.initial || r.q.fullState || ur.Position > r.since.Position
	switch ur.Membership {
	case "join":
		return r.joined(ur)
	case "invite":
		if news {
			return r.invited(ur)
		}
	case "knock":
		if news {
			return r.knocked(ur)
		}
	case "leave", "ban":
		return r.left(ur)
	}
	return nil
}

// seat makes the round wait for its turn to read the database, once.
func (r *round) seat() error {
	if r.seated {
		return nil
	}
	select {
	case r.h.sql <- struct{}{}:
		r.seated = true
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}

func (r *round) unseat() {
	if r.seated {
		<-r.h.sql
		r.seated = false
	}
}

// sinceIn returns how far the device has come in a room; zero for one that begins.
func (r *round) sinceIn(ur rooms.UserRoom) int64 { return r.since.SinceIn(ur.RoomNID) }

// keepHeld leaves a room that this request does not ask for where the device has come to in it.
func (r *round) keepHeld(ur rooms.UserRoom) {
	if position := r.sinceIn(ur); position < r.since.Position {
		r.next.Held = append(r.next.Held, HeldRoom{RoomNID: ur.RoomNID, Position: position})
	}
}

// hold notes that the device stays at position in a room until the deadline. It reports false when too many are held.
func (r *round) hold(ur rooms.UserRoom, position int64, until time.Time) bool {
	if len(r.next.Held) >= maxHeld {
		return false
	}
	r.next.Held = append(r.next.Held, HeldRoom{RoomNID: ur.RoomNID, Position: position})
	r.wakeAt(until)
	return true
}

// wakeAt has a request that finds nothing read again then, at the latest.
func (r *round) wakeAt(t time.Time) {
	if r.wake.IsZero() || t.Before(r.wake) {
		r.wake = t
	}
}
