package rtc

import (
	"context"
	"sync"
	"time"
)

const (
	// maxMembers bounds those who have a token at a time, and maxPerUser those of one user.
	maxMembers = 20_000
	maxPerUser = 40
	// renewAfter is how old the note of a token may be before another one for the same member is written down.
	renewAfter = 5 * time.Minute
)

// Member is somebody who was given a token for the SFU of this node.
type Member struct {
	SFURoom, Identity string
	RoomID, SlotID    string
	UserID, DeviceID  string
	IssuedTS          int64 // ms
}

// place names somebody in the SFU.
type place struct{ sfuRoom, identity string }

func (m Member) call() call { return call{m.RoomID, m.SlotID, m.SFURoom} }

func (m Member) place() place { return place{m.SFURoom, m.Identity} }

// registry holds all members, as the table does.
type registry struct {
	mu      sync.RWMutex
	members map[place]Member
	byRoom  map[string]map[place]struct{} // by Matrix room
	byUser  map[string]int
}

func newRegistry(members []Member) *registry {
	g := &registry{members: map[place]Member{}, byRoom: map[string]map[place]struct{}{}, byUser: map[string]int{}}
	for _, m := range members {
		g.put(m)
	}
	return g
}

func (g *registry) get(p place) (Member, bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	m, ok := g.members[p]
	return m, ok
}

// room lists the members of a Matrix room, and all those of everywhere for "".
func (g *registry) room(roomID string) []Member {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if roomID == "" {
		out := make([]Member, 0, len(g.members))
		for _, m := range g.members {
			out = append(out, m)
		}
		return out
	}
	out := make([]Member, 0, len(g.byRoom[roomID]))
	for p := range g.byRoom[roomID] {
		out = append(out, g.members[p])
	}
	return out
}

func (g *registry) empty() bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return len(g.members) == 0
}

// full reports whether there is no place for one more of the user.
func (g *registry) full(userID string) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return len(g.members) >= maxMembers || g.byUser[userID] >= maxPerUser
}

func (g *registry) put(m Member) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := m.place()
	if _, known := g.members[p]; !known {
		g.byUser[m.UserID]++
		if g.byRoom[m.RoomID] == nil {
			g.byRoom[m.RoomID] = map[place]struct{}{}
		}
		g.byRoom[m.RoomID][p] = struct{}{}
	}
	g.members[p] = m
}

func (g *registry) remove(p place) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m, known := g.members[p]
	if !known {
		return
	}
	delete(g.members, p)
	if g.byUser[m.UserID]--; g.byUser[m.UserID] <= 0 {
		delete(g.byUser, m.UserID)
	}
	if delete(g.byRoom[m.RoomID], p); len(g.byRoom[m.RoomID]) == 0 {
		delete(g.byRoom, m.RoomID)
	}
}

// note remembers a member, durably.
func (r *RTC) note(ctx context.Context, m Member) error {
	if old, known := r.members.get(m.place()); known && m.IssuedTS-old.IssuedTS < renewAfter.Milliseconds() {
		return nil
	}
	if err := r.storeParticipant(ctx, m); err != nil {
		return err
	}
	r.members.put(m)
	return nil
}
