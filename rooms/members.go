package rooms

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
)

// keptUsers is of how many local users the rooms are kept in memory.
const keptUsers = 20_000

// userRooms keeps, for local users who asked, their memberships in all rooms, current from then on. Safe for concurrent
// use.
type userRooms struct {
	r     *Rooms
	users *lru.Cache[string, *roomsOfUser]
}

type roomsOfUser struct {
	mu     sync.Mutex
	loaded bool
	rooms  map[int64]UserRoom
}

func newUserRooms(r *Rooms) *userRooms {
	return &userRooms{r: r, users: newLRU[string, *roomsOfUser](keptUsers)}
}

// set keeps the newer of what is known and u. It may come before the rest is loaded.
func (u *roomsOfUser) set(room UserRoom) {
	if old, ok := u.rooms[room.RoomNID]; !ok || old.Position <= room.Position {
		u.rooms[room.RoomNID] = room
	}
}

// changed takes in what a commit changed.
func (c *userRooms) changed(rm *room, changes []*stateChange) {
	for _, change := range changes {
		user := change.delta.StateKey
		if change.delta.Type != "m.room.member" || !c.r.isLocal(user) {
			continue
		}
		of, ok := c.users.Peek(user)
		if !ok {
			continue
		}
		of.mu.Lock()
		of.set(UserRoom{
			RoomID: rm.id, RoomNID: rm.nid, Membership: orElse(change.after, "leave"), EventNID: change.delta.New,
			Position: change.delta.Position,
		})
		of.mu.Unlock()
	}
}

func (c *userRooms) forget(userID string, roomNID int64) {
	of, ok := c.users.Peek(userID)
	if !ok {
		return
	}
	of.mu.Lock()
	defer of.mu.Unlock()
	if room, ok := of.rooms[roomNID]; ok && (room.Membership == "leave" || room.Membership == "ban") {
		room.Forgotten = true
		of.rooms[roomNID] = room
	}
}

// UserRooms returns all memberships of a local user in rooms that this node knows, in no particular order.
func (r *Rooms) UserRooms(ctx context.Context, userID string) ([]UserRoom, error) {
	of, ok := r.members.users.Get(userID)
	if !ok {
		of = &roomsOfUser{rooms: map[int64]UserRoom{}}
		if before, there, _ := r.members.users.PeekOrAdd(userID, of); there {
			of = before
		}
	}
	of.mu.Lock()
	loaded := of.loaded
	of.mu.Unlock()
	if !loaded {
		// The entry is registered, so what is committed during the read is not missed.
		stored, err := r.selectUserRooms(ctx, userID)
		if err != nil {
			return nil, err
		}
		of.mu.Lock()
		for _, room := range stored {
			of.set(room)
		}
		of.loaded = true
		of.mu.Unlock()
	}
	of.mu.Lock()
	defer of.mu.Unlock()
	return slices.AppendSeq(make([]UserRoom, 0, len(of.rooms)), maps.Values(of.rooms)), nil // each sync asks several times
}

// Membership returns a user's current membership in a room with its event; "" and 0 without one. ErrNotFound for a room
// not known.
func (r *Rooms) Membership(ctx context.Context, roomID, userID string) (membership string, eventNID int64, err error) {
	s, err := r.Snapshot(ctx, roomID)
	if err != nil {
		return "", 0, err
	}
	nid, _ := s.StateNIDOf("m.room.member", userID)
	return s.Membership(userID), nid, nil
}

// Intervals returns a user's memberships along a room's history, ascending. Before the first one they had none.
func (r *Rooms) Intervals(ctx context.Context, roomID, userID string) ([]Interval, error) {
	ref, err := r.roomRef(ctx, roomID)
	if err != nil {
		return nil, err
	}
	return r.selectIntervals(ctx, ref.nid, userID)
}

// Forget takes a room that a user has left out of their list (Client-Server API, Leaving rooms). ErrNotFound for a room
// they were never in, ErrInvalidParam while they are in it.
func (r *Rooms) Forget(ctx context.Context, roomID, userID string) error {
	ref, err := r.roomRef(ctx, roomID)
	if errors.Is(err, ErrNotFound) {
		return r.forgetOutside(ctx, roomID, userID)
	}
	if err != nil {
		return err
	}
	membership, _, err := r.Membership(ctx, roomID, userID)
	switch {
	case err != nil:
		return err
	case membership == "":
		return r.forgetOutside(ctx, roomID, userID)
	case membership != "leave" && membership != "ban":
		return fmt.Errorf("forgetting a room while in it: %w", ErrInvalidParam)
	}
	return r.db.Write(ctx, func(tx *sqldb.Tx) error {
		done, err := forgetRoom(tx, ref.nid, userID)
		if err != nil {
			return err
		}
		if !done {
			return fmt.Errorf("forgetting a room while in it: %w", ErrInvalidParam)
		}
		tx.OnCommit(func() { r.members.forget(userID, ref.nid) })
		return nil
	})
}

func (r *Rooms) forgetOutside(ctx context.Context, roomID, userID string) error {
	return r.db.Write(ctx, func(tx *sqldb.Tx) error {
		done, err := forgetOutside(tx, roomID, userID)
		if err == nil && !done {
			err = fmt.Errorf("user has no membership in room %s: %w", roomID, ErrNotFound)
		}
		return err
	})
}

// MembershipDeltas returns the changes of current memberships in all rooms in (since, upto], ascending: for device lists
// and for whoever follows who reads which rooms.
func (r *Rooms) MembershipDeltas(ctx context.Context, since, upto int64) ([]MembershipDelta, error) {
	deltas, err := r.StateChanges(ctx, "m.room.member", since, upto)
	if err != nil {
		return nil, err
	}
	nids := make([]int64, 0, 2*len(deltas))
	for _, d := range deltas {
		nids = append(nids, d.Old, d.New)
	}
	nids = slices.DeleteFunc(nids, func(nid int64) bool { return nid == 0 })
	events, err := r.Events(ctx, nids)
	if err != nil {
		return nil, err
	}
	membershipOf := func(nid int64) string {
		if ev := events[nid]; ev != nil {
			return ev.Membership()
		}
		return ""
	}
	out := make([]MembershipDelta, 0, len(deltas))
	for _, d := range deltas {
		out = append(out, MembershipDelta{
			RoomID: d.RoomID, RoomNID: d.RoomNID, UserID: d.StateKey, Position: d.Position, Old: d.Old, New: d.New,
			From: membershipOf(d.Old), To: membershipOf(d.New),
		})
	}
	return out, nil
}

// ringLimit bounds what is taken from the ring at a time; more is read with SQL.
const ringLimit = 50_000

// StateChanges returns the changes of one type of current state in all rooms in (since, upto], ascending.
func (r *Rooms) StateChanges(ctx context.Context, typ string, since, upto int64) ([]StateDelta, error) {
	entries, complete := r.hub.AllEvents(since, upto, ringLimit)
	if !complete || len(entries) >= ringLimit {
		return r.selectTypeDeltas(ctx, typ, since, upto)
	}
	return deltasOf(entries, func(d *StateDelta) bool { return d.Type == typ }), nil
}

func deltasOf(entries []stream.Entry, keep func(*StateDelta) bool) []StateDelta {
	var deltas []StateDelta
	for _, e := range entries {
		if d, ok := e.Value.(*StateDelta); ok && keep(d) {
			deltas = append(deltas, *d)
		}
	}
	return deltas
}
