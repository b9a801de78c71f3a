package rooms

import (
	"context"
	"fmt"
	"sort"
	"sync"
	"time"

	"medixchange/internal/stream"
)

const (
	maxTyping      = 2 * time.Minute
	remoteTyping   = time.Minute // other servers give no timeout, but say so again while it goes on
	maxTypingUsers = 200         // in one room
	maxTypingRooms = 20_000
)

// SetTyping says that a user types in a room for the given time, at most two minutes; zero or less ends it. It is not
// durable: readers are woken with EphemeralTyping of the RoomTopic. The caller has checked that the user is joined.
func (r *Rooms) SetTyping(roomID, userID string, timeout time.Duration) {
	r.read.typing.set(roomID, userID, min(timeout, maxTyping))
}

// Typing returns the users who type in the room now, sorted.
func (r *Rooms) Typing(roomID string) []string { return r.read.typing.users(roomID) }

// ReceiveTyping takes an m.typing of another server. ErrForbidden when the user is not of that server, not joined in the
// room, or the room's access list denies the server.
func (r *Rooms) ReceiveTyping(ctx context.Context, origin, roomID, userID string, typing bool) error {
	if serverOf(userID) != origin {
		return fmt.Errorf("typing of a user of another server: %w", ErrForbidden)
	}
	allowed, err := r.ServerACLAllows(ctx, origin, roomID)
	if err != nil {
		return err
	}
	snap, err := r.Snapshot(ctx, roomID)
	if err != nil {
		return err
	}
	if !allowed || snap.Membership(userID) != "join" {
		return fmt.Errorf("typing in a room the user is not joined in: %w", ErrForbidden)
	}
	timeout := remoteTyping
	if !typing {
		timeout = 0
	}
	r.SetTyping(roomID, userID, timeout)
	return nil
}

// typingRooms knows who types where, and until when. Each room with typing users has one timer.
type typingRooms struct {
	hub *stream.Hub
	now func() time.Time

	mu     sync.Mutex
	rooms  map[string]*typingRoom
	closed bool
}

type typingRoom struct {
	until map[string]time.Time
	timer *time.Timer
}

func newTypingRooms(hub *stream.Hub, now func() time.Time) *typingRooms {
	return &typingRooms{hub: hub, now: now, rooms: map[string]*typingRoom{}}
}

func (t *typingRooms) set(roomID, userID string, timeout time.Duration) {
	if t.change(roomID, userID, timeout) {
		t.hub.Touch(RoomTopic(roomID), EphemeralTyping)
	}
}

// change reports whether another list of users is to be shown now.
func (t *typingRooms) change(roomID, userID string, timeout time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	room := t.rooms[roomID]
	if timeout <= 0 {
		if room == nil || room.until[userID].IsZero() {
			return false
		}
		delete(room.until, userID)
		t.arm(roomID, room)
		return true
	}
	if t.closed || room == nil && len(t.rooms) >= maxTypingRooms {
		return false
	}
	if room == nil {
		room = &typingRoom{until: map[string]time.Time{}}
		t.rooms[roomID] = room
	}
	_, known := room.until[userID]
	if !known && len(room.until) >= maxTypingUsers {
		return false
	}
	room.until[userID] = t.now().Add(timeout)
	t.arm(roomID, room)
	return !known
}

// arm sets the room's timer to the first end, or forgets the room when nobody types.
func (t *typingRooms) arm(roomID string, room *typingRoom) {
	if room.timer != nil {
		room.timer.Stop()
	}
	if len(room.until) == 0 {
		delete(t.rooms, roomID)
		return
	}
	var first time.Time
	for _, until := range room.until {
		if first.IsZero() || until.Before(first) {
			first = until
		}
	}
	room.timer = time.AfterFunc(max(first.Sub(t.now()), time.Millisecond), func() { t.expire(roomID) })
}

func (t *typingRooms) expire(roomID string) {
	if t.prune(roomID) {
		t.hub.Touch(RoomTopic(roomID), EphemeralTyping)
	}
}

func (t *typingRooms) prune(roomID string) (changed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	room := t.rooms[roomID]
	if room == nil || t.closed {
		return false
	}
	now := t.now()
	for user, until := range room.until {
		if !until.After(now) {
			delete(room.until, user)
			changed = true
		}
	}
	t.arm(roomID, room)
	return changed
}

func (t *typingRooms) users(roomID string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	room := t.rooms[roomID]
	if room == nil {
		return nil
	}
	now := t.now()
	users := make([]string, 0, len(room.until))
	for user, until := range room.until {
		if until.After(now) {
			users = append(users, user)
		}
	}
	sort.Strings(users)
	return users
}

func (t *typingRooms) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for _, room := range t.rooms {
		room.timer.Stop()
	}
}
