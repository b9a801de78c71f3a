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
	repeatTyping   = 30 * time.Second
	maxTypingUsers = 200 // in one room
	maxTypingRooms = 20_000
)

// TypingChange says that a user of this node started, goes on or stopped typing.
type TypingChange struct {
	RoomID string
	UserID string
	Typing bool
}

// WatchTyping returns a channel of what the users of this node do, for telling other servers: every change, and again
// every half minute while it goes on. Changes are dropped when more than buffer of them wait. stop ends it.
func (r *Rooms) WatchTyping(buffer int) (changes <-chan TypingChange, stop func()) {
	return r.read.typing.watch(buffer)
}

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
	own string // name of this node

	mu       sync.Mutex
	rooms    map[string]*typingRoom
	watchers map[chan TypingChange]struct{}
	closed   bool
}

type typingRoom struct {
	users map[string]*typist
	timer *time.Timer
}

type typist struct {
	until time.Time
	told  time.Time // when the watchers heard of it
}

func newTypingRooms(hub *stream.Hub, now func() time.Time, own string) *typingRooms {
	return &typingRooms{hub: hub, now: now, own: own, rooms: map[string]*typingRoom{}, watchers: map[chan TypingChange]struct{}{}}
}

func (t *typingRooms) watch(buffer int) (<-chan TypingChange, func()) {
	c := make(chan TypingChange, buffer)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.watchers[c] = struct{}{}
	return c, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.watchers, c)
	}
}

// tell hands a local user's change to the watchers; the lock is held.
func (t *typingRooms) tell(roomID, userID string, typing bool) {
	if serverOf(userID) != t.own {
		return
	}
	for c := range t.watchers {
		select {
		case c <- TypingChange{roomID, userID, typing}:
		default: // it is said again, or ends by itself at the other servers
		}
	}
}

func (t *typingRooms) set(roomID, userID string, timeout time.Duration) {
	changed := false
	if timeout <= 0 {
		changed = t.end(roomID, userID)
	} else {
		changed = t.begin(roomID, userID, timeout)
	}
	if changed {
		t.hub.Touch(RoomTopic(roomID), EphemeralTyping)
	}
}

// end reports whether the user was typing.
func (t *typingRooms) end(roomID, userID string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	room := t.rooms[roomID]
	if room == nil || room.users[userID] == nil {
		return false
	}
	delete(room.users, userID)
	t.tell(roomID, userID, false)
	t.arm(roomID, room)
	return true
}

// begin reports whether the user was not typing before.
func (t *typingRooms) begin(roomID, userID string, timeout time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	room := t.rooms[roomID]
	if t.closed || room == nil && len(t.rooms) >= maxTypingRooms {
		return false
	}
	if room == nil {
		room = &typingRoom{users: map[string]*typist{}}
		t.rooms[roomID] = room
	}
	known := room.users[userID]
	if known == nil {
		if len(room.users) >= maxTypingUsers {
			return false
		}
		room.users[userID] = &typist{}
	}
	user, now := room.users[userID], t.now()
	user.until = now.Add(timeout)
	if now.Sub(user.told) >= repeatTyping {
		user.told = now
		t.tell(roomID, userID, true)
	}
	t.arm(roomID, room)
	return known == nil
}

// arm sets the room's timer to the first end, or forgets the room when nobody types.
func (t *typingRooms) arm(roomID string, room *typingRoom) {
	if room.timer != nil {
		room.timer.Stop()
	}
	if len(room.users) == 0 {
		delete(t.rooms, roomID)
		return
	}
	var first time.Time
	for _, user := range room.users {
		if first.IsZero() || user.until.Before(first) {
			first = user.until
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
	for userID, user := range room.users {
		if !user.until.After(now) {
			delete(room.users, userID)
			t.tell(roomID, userID, false)
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
	users := make([]string, 0, len(room.users))
	for userID, user := range room.users {
		if user.until.After(now) {
			users = append(users, userID)
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
