package rooms

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb"
)

// StickyKey is the top-level key of sticky events (MSC4354, unstable name).
const StickyKey = "msc4354_sticky"

// MaxSticky is the longest time that an event may be sticky (MSC4354).
const MaxSticky = time.Hour

const (
	// maxStickyOfUser bounds the sticky events of a local user in a room. A call's member sends one every few minutes.
	maxStickyOfUser = 100
	// maxStickyOfServer bounds those of the users of another server in a room; further ones are events like others.
	maxStickyOfServer = 500
	// maxStickyOfRoom bounds those of a room: they come in one answer of /sync.
	maxStickyOfRoom = 1000
)

// stickyBounds is how many sticky events there may be at a time in a room.
type stickyBounds struct{ user, server, all int }

var (
	localStickies  = stickyBounds{maxStickyOfUser, maxStickyOfRoom, maxStickyOfRoom}
	remoteStickies = stickyBounds{maxStickyOfServer, maxStickyOfServer, maxStickyOfRoom}
)

// Sticky is a sticky event that has not expired.
type Sticky struct {
	NID      int64
	EventID  string
	Sender   string
	Position int64 // at which clients learn of it; 0 of one that is refused as yet
	Expires  int64 // ms
}

// stickyOf returns for how many milliseconds an event says it is sticky, 0 for not.
func stickyOf(pdu []byte) int64 {
	if !bytes.Contains(pdu, []byte(`"`+StickyKey+`"`)) {
		return 0
	}
	duration := gjson.GetBytes(pdu, StickyKey+".duration_ms")
	if duration.Type != gjson.Number || strings.ContainsAny(duration.Raw, ".eE-") {
		return 0
	}
	return min(duration.Int(), MaxSticky.Milliseconds())
}

func stickyJSON(d time.Duration) string {
	return `{"duration_ms":` + strconv.FormatInt(d.Milliseconds(), 10) + `}`
}

// stickyUntil is when an event that is accepted now loses its stickiness (ms): a time of origin in the future gives it none.
func stickyUntil(ev *Event, now int64) int64 { return min(now, ev.OriginServerTS) + ev.Sticky }

// stickyEvents are the sticky events of all rooms in memory: they are few and short-lived, and every answer of /sync asks.
// Safe for concurrent use.
type stickyEvents struct {
	mu     sync.RWMutex
	byRoom map[string][]Sticky // by position
	until  map[int64]int64     // by nid
}

func newStickyEvents() *stickyEvents {
	return &stickyEvents{byRoom: map[string][]Sticky{}, until: map[int64]int64{}}
}

// add takes an event in, and lets go of those of its room that have expired.
func (s *stickyEvents) add(roomID string, added Sticky, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire(roomID, now)
	s.byRoom[roomID] = append(s.byRoom[roomID], added)
	s.until[added.NID] = added.Expires
}

func (s *stickyEvents) expire(roomID string, now int64) {
	s.remove(roomID, func(e Sticky) bool { return e.Expires <= now })
}

func (s *stickyEvents) remove(roomID string, gone func(Sticky) bool) {
	rest := slices.DeleteFunc(s.byRoom[roomID], func(e Sticky) bool {
		if !gone(e) {
			return false
		}
		delete(s.until, e.NID)
		return true
	})
	if len(rest) == 0 {
		delete(s.byRoom, roomID)
		return
	}
	s.byRoom[roomID] = rest
}

// redacted takes out an event whose redaction took effect: it is an event like others.
func (s *stickyEvents) redacted(roomID, eventID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byRoom[roomID]) > 0 {
		s.remove(roomID, func(e Sticky) bool { return e.EventID == eventID })
	}
}

// take takes events out.
func (s *stickyEvents) take(roomID string, nids []int64) {
	if len(nids) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(roomID, func(e Sticky) bool { return slices.Contains(nids, e.NID) })
}

// expireAll lets go of all that has expired.
func (s *stickyEvents) expireAll(now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for roomID := range s.byRoom {
		s.expire(roomID, now)
	}
}

func (s *stickyEvents) between(roomID string, since, upto, now int64) []Sticky {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var found []Sticky
	for _, e := range s.byRoom[roomID] {
		if e.Position > since && e.Position <= upto && e.Expires > now {
			found = append(found, e)
		}
	}
	return found
}

// room reports whether one more sticky event of the sender has a place beside those that are there and more.
func (s *stickyEvents) room(roomID, sender string, most stickyBounds, now int64, more ...Sticky) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	user, ofServer, all := 0, 0, 0
	server := serverOf(sender)
	for _, list := range [][]Sticky{s.byRoom[roomID], more} {
		for _, e := range list {
			if e.Expires <= now {
				continue
			}
			all++
			if e.Sender == sender {
				user++
			}
			if serverOf(e.Sender) == server {
				ofServer++
			}
		}
	}
	return user < most.user && ofServer < most.server && all < most.all
}

// Stickies returns the sticky events of a room that clients learn of at since < position ≤ upto and that have not expired.
// Whoever is joined may see them, whatever the history visibility says (MSC4354).
func (r *Rooms) Stickies(roomID string, since, upto int64) []Sticky {
	return r.sticky.between(roomID, since, upto, r.nowMS())
}

// StickyUntil returns when an event loses its stickiness (ms); 0 for one that is not sticky.
func (r *Rooms) StickyUntil(eventNID int64) int64 {
	r.sticky.mu.RLock()
	defer r.sticky.mu.RUnlock()
	return r.sticky.until[eventNID]
}

// OwnStickies returns the sticky events of this node's users in a room, by position: what a server that joins is sent.
func (r *Rooms) OwnStickies(ctx context.Context, roomID string) ([]*Event, error) {
	var nids []int64
	for _, e := range r.sticky.between(roomID, 0, math.MaxInt64, r.nowMS()) {
		if r.isLocal(e.Sender) {
			nids = append(nids, e.NID)
		}
	}
	found, err := r.Events(ctx, nids)
	if err != nil {
		return nil, fmt.Errorf("reading sticky events: %w", err)
	}
	events := make([]*Event, 0, len(nids))
	for _, nid := range nids {
		if ev := found[nid]; ev != nil {
			events = append(events, ev)
		}
	}
	return events, nil
}

// StickyRooms returns the rooms that have sticky events.
func (r *Rooms) StickyRooms() []string {
	r.sticky.mu.RLock()
	defer r.sticky.mu.RUnlock()
	ids := make([]string, 0, len(r.sticky.byRoom))
	for id := range r.sticky.byRoom {
		ids = append(ids, id)
	}
	return ids
}

func (r *Rooms) nowMS() int64 { return r.now().UnixMilli() }

// stickyRow is a sticky event that a batch brings.
type stickyRow struct {
	Sticky
	own bool // the position is not that of the event
}

// placeStickies sets the sticky events of the batch and gives those that came as fetched history a position of their own.
func (b *batch) placeStickies(tx *sqldb.Tx) {
	b.sticky = nil
	var added []Sticky
	now := b.nowMS()
	for _, a := range b.admitted {
		ev, until := a.event, a.stickyUntil(now)
		if until <= now || !a.placed() || ev.Outcome != Accepted {
			continue
		}
		s := Sticky{ev.NID, ev.ID, ev.Sender, ev.Position, until}
		if !b.rm.r.isLocal(ev.Sender) && !b.rm.r.sticky.room(b.rm.id, ev.Sender, remoteStickies, now, added...) {
			continue
		}
		own := s.Position == 0
		if own {
			s.Position = tx.NextPosition()
			b.st.position = s.Position
		}
		added = append(added, s)
		b.sticky = append(b.sticky, stickyRow{s, own})
	}
}

// stickyUntil is when the event loses its stickiness (ms); 0 for one that has none.
func (a *admission) stickyUntil(now int64) int64 {
	switch {
	case a.event.Sticky <= 0:
		return 0
	case a.raised != 0:
		return a.raised
	}
	return stickyUntil(a.event, now)
}
