package accounts

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

// town is a roomPort in memory. Its events take positions of the real stream.
type town struct {
	mu        sync.Mutex
	db        *sqldb.DB
	hub       *stream.Hub
	rooms     map[string]*square
	events    map[int64]*rooms.Event
	deltas    []rooms.MembershipDelta
	profiles  map[string][]rooms.MemberProfile
	failing   error
	timelines int
	nid       int64
}

// square is one room.
type square struct {
	town      *town
	id        string
	members   map[string]string
	nids      map[string]int64
	intervals map[string][]rooms.Interval
	timeline  []*rooms.Event
	receipts  map[string]rooms.Receipt
	power     map[string]int64
}

func newTown() *town {
	return &town{rooms: map[string]*square{}, events: map[int64]*rooms.Event{}, profiles: map[string][]rooms.MemberProfile{}}
}

func (w *town) square(id string) *square {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.rooms[id] == nil {
		w.rooms[id] = &square{town: w, id: id, members: map[string]string{}, nids: map[string]int64{}, power: map[string]int64{},
			intervals: map[string][]rooms.Interval{}, receipts: map[string]rooms.Receipt{}}
	}
	return w.rooms[id]
}

// write takes a position and publishes its entries.
func (w *town) write(t testing.TB, fn func(position int64) []stream.Entry) int64 {
	var position int64
	require.NoError(t, w.db.Write(ctx, func(tx *sqldb.Tx) error {
		position = tx.NextPosition()
		tx.OnCommit(func() {
			w.mu.Lock()
			entries := fn(position)
			w.mu.Unlock()
			for i := range entries {
				entries[i].Position = position
			}
			w.hub.Append(entries...)
		})
		return nil
	}))
	return position
}

// send puts an event into the room; thread is the nid of its root.
func (s *square) send(t testing.TB, sender, typ, content string, thread int64) *rooms.Event {
	var ev *rooms.Event
	s.town.write(t, func(position int64) []stream.Entry {
		ev = s.add(sender, typ, content, nil, position)
		ev.ThreadRoot = thread
		return []stream.Entry{{Topic: rooms.RoomTopic(s.id), Kind: rooms.EntryEvent, Value: ev}}
	})
	return ev
}

func (s *square) add(sender, typ, content string, stateKey *string, position int64) *rooms.Event {
	s.town.nid++
	ev := &rooms.Event{NID: s.town.nid, ID: fmt.Sprintf("$%d", s.town.nid), RoomID: s.id, Type: typ, Sender: sender, StateKey: stateKey,
		Position: position, Key: rooms.HistoryKey{Anchor: position}}
	ev.JSON = fmt.Appendf(nil, `{"type":%q,"sender":%q,"content":%s}`, typ, sender, content)
	s.town.events[ev.NID] = ev
	s.timeline = append(s.timeline, ev)
	return ev
}

func (s *square) say(t testing.TB, sender, body string) *rooms.Event {
	return s.send(t, sender, "m.room.message", fmt.Sprintf(`{"msgtype":"m.text","body":%q}`, body), 0)
}

// member changes a membership.
func (s *square) member(t testing.TB, userID, membership string) int64 {
	return s.town.write(t, func(position int64) []stream.Entry {
		before := s.members[userID]
		ev := s.add(userID, "m.room.member", fmt.Sprintf(`{"membership":%q,"displayname":"Dr %s"}`, membership, localpartOf(userID)), &userID, position)
		s.members[userID], s.nids[userID] = membership, ev.NID
		s.intervals[userID] = append(s.intervals[userID], rooms.Interval{From: ev.Key, Membership: membership, EventNID: ev.NID})
		s.town.deltas = append(s.town.deltas, rooms.MembershipDelta{RoomID: s.id, UserID: userID, Position: position, From: before, To: membership})
		return []stream.Entry{
			{Topic: rooms.RoomTopic(s.id), Kind: rooms.EntryEvent, Value: ev},
			{Topic: rooms.UserTopic(userID), Kind: rooms.EntryMembership, Value: &rooms.MembershipChange{
				UserID: userID, RoomID: s.id, Membership: membership, Previous: before, Position: position}},
		}
	})
}

func (s *square) join(t testing.TB, users ...string) *square {
	for _, u := range users {
		s.member(t, u, "join")
	}
	return s
}

// read sets a receipt.
func (s *square) read(t testing.TB, userID, typ, thread string, ev *rooms.Event) {
	s.town.write(t, func(position int64) []stream.Entry {
		r := rooms.Receipt{RoomID: s.id, UserID: userID, Type: typ, ThreadID: thread, EventID: ev.ID, Key: ev.Key, Position: position}
		s.receipts[userID+typ+thread] = r
		topic := rooms.RoomTopic(s.id)
		if typ == "m.read.private" {
			topic = rooms.UserTopic(userID)
		}
		return []stream.Entry{{Topic: topic, Kind: rooms.EntryReceipt, Value: &r}}
	})
}

func (s *square) lock() func() {
	s.town.mu.Lock()
	return s.town.mu.Unlock
}

func (s *square) joined(keep func(server string) bool) []string {
	defer s.lock()()
	var out []string
	for id, m := range s.members {
		if m == "join" && keep(serverOf(id)) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}
