package federation

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/accounts"
	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

// newSender makes a sender over the endpoint's fakes; it does not run yet.
func (e *endpoint) newSender() *Sender {
	e.t.Helper()
	s, err := NewSender(SenderOptions{Client: e.client, DB: e.db, Hub: e.hub, Rooms: e.rooms, Accounts: e.accounts, Log: quiet(),
		BackoffMax: time.Hour, Now: e.clock})
	require.NoError(e.t, err)
	return s
}

// run starts a sender; stop ends it and returns when it has saved its places.
func (e *endpoint) run(s *Sender) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Run(ctx) // the context's error
	}()
	var once sync.Once
	stop = func() { once.Do(func() { cancel(); <-done }) }
	e.t.Cleanup(stop)
	return stop
}

// say makes n events for the servers of the rooms, in one commit, and returns their ids.
func (e *endpoint) say(n int, room string) (ids []string) {
	e.t.Helper()
	err := e.db.Write(context.Background(), func(tx *sqldb.Tx) error {
		for range n {
			position := tx.NextPosition()
			ev := &rooms.Event{ID: fmt.Sprintf("$%d", position), RoomID: room, Position: position, Servers: 1,
				JSON: []byte(fmt.Sprintf(`{"event_id":"$%d","prev_events":["%s"],"room_id":"%s"}`, position, e.rooms.last(room), room))}
			ids = append(ids, ev.ID)
			e.rooms.mu.Lock()
			e.rooms.events = append(e.rooms.events, ev)
			e.rooms.mu.Unlock()
			tx.OnCommit(func() {
				e.hub.Append(stream.Entry{Position: position, Topic: rooms.RoomTopic(room), Kind: rooms.EntryEvent, Value: ev, Size: 100})
			})
		}
		return nil
	})
	require.NoError(e.t, err)
	return ids
}

// last returns the id of the newest event of a room.
func (f *fakeRooms) last(room string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(f.events) - 1; i >= 0; i-- {
		if f.events[i].RoomID == room {
			return f.events[i].ID
		}
	}
	return "$0"
}

// forget makes a hub that knows nothing of what was, as after a restart.
func (e *endpoint) forget() {
	e.hub = stream.New(e.db, stream.Options{Logger: quiet()})
	e.rooms.hub = e.hub
}

func (e *endpoint) federatesWith(others ...*endpoint) {
	e.rooms.mu.Lock()
	defer e.rooms.mu.Unlock()
	e.rooms.servers = []string{e.name}
	for _, o := range others {
		e.rooms.servers = append(e.rooms.servers, o.name)
	}
	slices.Sort(e.rooms.servers)
}

const patience = 30 * time.Second

func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, patience, time.Millisecond, what)
}

// place returns what is stored of a destination.
func (e *endpoint) place(server string) place {
	places, err := loadDestinations(context.Background(), e.db)
	require.NoError(e.t, err)
	for _, p := range places {
		if p.server == server {
			return p
		}
	}
	return place{}
}

func twoEndpoints(t testing.TB) (alpha, beta *endpoint) {
	a := newAuthority(t)
	alpha, beta = newEndpoint(t, a), newEndpoint(t, a)
	alpha.federatesWith(beta)
	return alpha, beta
}

func TestEventsArriveInOrder(t *testing.T) {
	alpha, beta := twoEndpoints(t)
	sender := alpha.newSender()
	stop := alpha.run(sender)
	var ids []string
	for range 40 {
		ids = append(ids, alpha.say(7, "!r:x")...)
	}
	waitFor(t, "all events", func() bool { return beta.rooms.count() == len(ids) })
	require.Equal(t, ids, beta.rooms.ids())
	for _, n := range beta.rooms.batches {
		require.LessOrEqual(t, n, maxPDUs)
	}
	require.Less(t, len(beta.rooms.batches), len(ids), "what waits while a transaction is under way goes together")
	waitFor(t, "the answer to the last transaction", func() bool { return !sender.Destinations()[0].Waiting })
	stop()
	p := alpha.place(beta.name)
	require.False(t, p.waiting())
	require.Equal(t, alpha.db.Position(), p.acked)
}

func TestEverythingElseIsSent(t *testing.T) {
	alpha, beta := twoEndpoints(t)
	alpha.run(alpha.newSender())
	err := alpha.db.Write(t.Context(), func(tx *sqldb.Tx) error {
		for i := range 120 {
			m := &accounts.OutboundDeviceMessage{Destination: beta.name, Position: tx.NextPosition(), Content: json.RawMessage(fmt.Sprintf(`{"n":%d,"x":"<"}`, i))}
			alpha.accounts.add(m, nil)
			tx.OnCommit(func() {
				alpha.hub.Append(stream.Entry{Position: m.Position, Topic: accounts.ServerTopic(beta.name), Kind: accounts.EntryOutboundDevice, Value: m})
			})
		}
		u := &accounts.DeviceListUpdate{Position: tx.NextPosition(), UserID: alpha.user("a"), Servers: []string{beta.name}, EDUType: "m.device_list_update", Content: json.RawMessage(`{"user_id":"a"}`)}
		alpha.accounts.add(nil, u)
		tx.OnCommit(func() {
			alpha.hub.Append(stream.Entry{Position: u.Position, Topic: rooms.UserTopic(u.UserID), Kind: rooms.EntryDeviceList,
				Value: &accounts.DeviceListChange{UserID: u.UserID, Position: u.Position}})
		})
		for _, r := range []rooms.Receipt{
			{RoomID: "!r", UserID: alpha.user("a"), Type: "m.read", EventID: "$1", TS: 1},
			{RoomID: "!r", UserID: alpha.user("a"), Type: "m.read", EventID: "$2", TS: 2},
			{RoomID: "!r", UserID: alpha.user("a"), Type: "m.read", EventID: "$3", TS: 3, ThreadID: "main"},
			{RoomID: "!r", UserID: alpha.user("b"), Type: "m.read", EventID: "$2", TS: 4},
			{RoomID: "!r", UserID: "@c:elsewhere", Type: "m.read", EventID: "$9"},
			{RoomID: "!r", UserID: alpha.user("a"), Type: "m.read.private", EventID: "$9"},
		} {
			r.Position = tx.NextPosition()
			tx.OnCommit(func() {
				alpha.hub.Append(stream.Entry{Position: r.Position, Topic: rooms.RoomTopic("!r"), Kind: rooms.EntryReceipt, Value: &r})
			})
		}
		return nil
	})
	require.NoError(t, err)
	alpha.rooms.changes <- rooms.TypingChange{RoomID: "!r", UserID: alpha.user("a"), Typing: true}
	alpha.accounts.presence <- accounts.PresenceChange{UserID: alpha.user("a"), Servers: []string{alpha.name, beta.name},
		State: accounts.PresenceState{Presence: "unavailable", StatusMsg: "in theatre"}}

	waitFor(t, "device messages", func() bool {
		beta.accounts.mu.Lock()
		defer beta.accounts.mu.Unlock()
		return len(beta.accounts.direct) == 120 && len(beta.accounts.updates) == 1
	})
	for i, m := range beta.accounts.direct {
		require.JSONEq(t, fmt.Sprintf(`{"n":%d,"x":"<"}`, i), string(m))
	}
	waitFor(t, "receipts and typing", func() bool {
		beta.rooms.mu.Lock()
		defer beta.rooms.mu.Unlock()
		return len(beta.rooms.read) == 2 && len(beta.rooms.typed) == 1
	})
	waitFor(t, "presence", func() bool {
		beta.accounts.mu.Lock()
		defer beta.accounts.mu.Unlock()
		return len(beta.accounts.presences) == 1
	})
	require.JSONEq(t, fmt.Sprintf(`{"push":[{"user_id":%q,"presence":"unavailable","status_msg":"in theatre","currently_active":false}]}`, alpha.user("a")),
		string(beta.accounts.presences[0]))
	all := string(beta.rooms.read[0]) + string(beta.rooms.read[1])
	require.NotContains(t, all, `"$1"`, "only the last receipt of a user counts")
	require.NotContains(t, all, `"$9"`)
	require.Equal(t, 1, strings.Count(all, `"thread_id":"main"`))
	user := strings.ReplaceAll(alpha.user("b"), ".", `\.`)
	found := gjson.Get(string(beta.rooms.read[0]), `!r.m\.read.`+user).Exists() || gjson.Get(string(beta.rooms.read[1]), `!r.m\.read.`+user).Exists()
	require.True(t, found)
	waitFor(t, "acknowledged device messages", func() bool {
		left, err := alpha.accounts.OutboundDeviceMessages(t.Context(), beta.name, 0, 1)
		return err == nil && len(left) == 0
	})
}

func TestWaitingEventsAreSentAfterARestart(t *testing.T) {
	alpha, beta := twoEndpoints(t)
	beta.down()
	stop := alpha.run(alpha.newSender())
	ids := alpha.say(3, "!r:x")
	waitFor(t, "a failure", func() bool { return alpha.place(beta.name).failures > 0 })
	stop()
	waiting := alpha.place(beta.name)
	require.True(t, waiting.waiting())
	beta.up()
	alpha.forget()
	alpha.run(alpha.newSender())
	waitFor(t, "what waited, without anything new", func() bool { return beta.rooms.count() == 3 })
	require.Equal(t, ids, beta.rooms.ids())
}

// TestKilledAtAnyMoment ends the sender and puts the database back to what it was before: that is what a kill leaves when
// the places had not been saved yet.
func TestKilledAtAnyMoment(t *testing.T) {
	alpha, beta := twoEndpoints(t)
	var ids []string
	for round := range 5 {
		cursor, _, err := alpha.hub.LoadCursor(t.Context(), cursorName)
		require.NoError(t, err)
		before := alpha.place(beta.name)
		stop := alpha.run(alpha.newSender())
		ids = append(ids, alpha.say(30, "!r:x")...)
		ids = append(ids, alpha.say(30, "!r:x")...)
		if round%2 == 0 {
			waitFor(t, "some events", func() bool { return beta.rooms.count() > 0 })
		}
		stop()
		require.NoError(t, alpha.db.Write(t.Context(), func(tx *sqldb.Tx) error {
			if before.server == "" {
				if _, err := tx.Exec(`DELETE FROM destinations`); err != nil {
					return err
				}
			} else if err := savePlaces(tx, []place{before}); err != nil {
				return err
			}
			return alpha.hub.SaveCursorTx(tx, cursorName, cursor)
		}))
		alpha.forget()
	}
	alpha.run(alpha.newSender())
	last := ids[len(ids)-1]
	waitFor(t, "the last event", func() bool {
		got := beta.rooms.ids()
		return len(got) > 0 && got[len(got)-1] == last
	})
	require.Equal(t, ids, firstTimes(beta.rooms.ids()), "nothing is lost, and what is new comes in order")
}

func firstTimes(ids []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

func BenchmarkSender(b *testing.B) {
	alpha, beta := twoEndpoints(b)
	alpha.run(alpha.newSender())
	go func() {
		for range beta.heard {
		}
	}()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		alpha.say(1, "!r:x")
		for beta.rooms.count() < n {
			time.Sleep(50 * time.Microsecond)
		}
	}
}
