package rooms

import (
	"context"

	"medixchange/rooms/resolve"
)

// Snapshot is a room's current state as readers see it: immutable, published after each commit, cheap to take, never
// copied as a whole. What grows with the room (members, state) is kept in persistent maps that snapshots share and the
// loop never changes, so a reader sees exactly one state however long it reads.
type Snapshot struct {
	Position     int64 // of the newest change; everything at or before it is in the snapshot
	LastEvent    int64 // position of the newest event
	RoomID       string
	RoomNID      int64
	Version      string
	StateNID     int64
	ServersNID   int64
	Joined       int // members joined, invited
	Invited      int
	JoinRule     string
	Visibility   HistoryVisibility
	GuestAccess  string
	Encrypted    bool
	Creator      string
	RoomType     string
	BumpPosition int64
	Extremities  []int64
	Published    bool
	state        *roomState
}

// Snapshot returns a room's current state. It loads a room that is not in memory. ErrNotFound for a room not known.
func (r *Rooms) Snapshot(ctx context.Context, roomID string) (*Snapshot, error) {
	rm, err := r.active.get(ctx, roomID)
	if err != nil {
		return nil, err
	}
	return rm.snapshot.Load(), nil
}

func newSnapshot(rm *room, s roomState) *Snapshot {
	extremities := make([]int64, 0, len(s.extremities))
	for _, e := range s.extremities {
		extremities = append(extremities, e.nid)
	}
	return &Snapshot{
		Position: s.position, LastEvent: s.lastEvent, RoomID: rm.id, RoomNID: rm.nid, Version: rm.format.version,
		StateNID: s.ref.nid, ServersNID: s.servers.nid, Joined: s.joined, Invited: s.invited,
		JoinRule: s.facts.joinRule, Visibility: s.facts.visibility, GuestAccess: s.facts.guestAccess,
		Encrypted: s.facts.encrypted, Creator: s.facts.creator, RoomType: s.facts.roomType,
		BumpPosition: s.bump, Extremities: extremities, Published: s.published, state: &s,
	}
}

// StateNIDOf returns the nid of the state event (typ, key).
func (s *Snapshot) StateNIDOf(typ, key string) (eventNID int64, ok bool) {
	nid := s.state.stateNID(resolve.StateKey{Type: typ, Key: key})
	return nid, nid != 0
}

// Membership returns a user's membership, "" for none.
func (s *Snapshot) Membership(userID string) string { return s.state.membership(userID) }

// EachMember calls fn for every member event, in no particular order, until it returns false.
func (s *Snapshot) EachMember(fn func(userID, membership string, eventNID int64) bool) {
	s.state.members.each(func(userID string, m member) bool { return fn(userID, m.membership, m.nid) })
}

// EachState calls fn for every state event that is not a member's, in no particular order, until it returns false.
func (s *Snapshot) EachState(fn func(typ, key string, eventNID int64) bool) {
	s.state.named.each(func(key resolve.StateKey, e stateEntry) bool { return fn(key.Type, key.Key, e.nid) })
}

// LocalMembers returns the joined users of this node, in no particular order.
func (s *Snapshot) LocalMembers() []string {
	users := make([]string, 0, s.state.locals.len())
	s.state.locals.each(func(userID string, _ struct{}) bool {
		users = append(users, userID)
		return true
	})
	return users
}

// LocalJoined returns how many users of this node are joined.
func (s *Snapshot) LocalJoined() int { return s.state.locals.len() }

// Servers returns the servers with a joined member, this node included, sorted. The slice must not be changed.
func (s *Snapshot) Servers() []string { return s.state.servers.names }

// Heroes returns up to five members to name the room by, without the viewer: the first joined or invited ones, or, when
// there is no other, those who left or were banned (Client-Server API, m.heroes).
func (s *Snapshot) Heroes(except string) []string {
	all := s.state.heroes.of(s.state)
	heroes := make([]string, 0, maxHeroes)
	for _, userID := range all {
		if userID != except && len(heroes) < maxHeroes {
			heroes = append(heroes, userID)
		}
	}
	return heroes
}

// PowerLevel returns a user's power; a creator of a room of version 12 and later has math.MaxInt64.
func (s *Snapshot) PowerLevel(userID string) int64 { return s.state.facts.of(userID) }

// PowerToSend returns the power that an event of the type takes.
func (s *Snapshot) PowerToSend(typ string, state bool) int64 {
	return s.state.facts.levels.required(typ, state)
}

// NotificationPower returns the power that a notification of this kind takes ("room"), 50 where the room does not say.
func (s *Snapshot) NotificationPower(key string) int64 {
	if level, ok := s.state.facts.levels.notifications[key]; ok {
		return level
	}
	return 50
}

// InvitePower, KickPower, BanPower and RedactPower return what these acts take.
func (s *Snapshot) InvitePower() int64 { return s.state.facts.levels.invite }

// KickPower is described at InvitePower.
func (s *Snapshot) KickPower() int64 { return s.state.facts.levels.kick }

// BanPower is described at InvitePower.
func (s *Snapshot) BanPower() int64 { return s.state.facts.levels.ban }

// RedactPower is described at InvitePower.
func (s *Snapshot) RedactPower() int64 { return s.state.facts.levels.redact }
