package accounts

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

// node is one server's accounts on a real database, with rooms and other servers that tests move by hand.
type node struct {
	*Accounts
	t       testing.TB
	address string
	hub     *stream.Hub
	town    *town
	remote  *fakeRemote
	clock   *clock
	options Options
}

// clock is a time that only tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newNode(t testing.TB, change ...func(*Options)) *node {
	return newNodeAt(t, sqldbtest.SQLite(t), change...)
}

// onBoth runs a test on each database.
func onBoth(t *testing.T, test func(t *testing.T, n *node)) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) { test(t, newNodeAt(t, fresh())) })
}

func newNodeAt(t testing.TB, address string, change ...func(*Options)) *node {
	n := &node{t: t, address: address, town: newTown(), remote: newFakeRemote(),
		clock: &clock{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}}
	n.options = Options{Remote: n.remote, ServerName: "a.example", Now: n.clock.now, Log: sqldbtest.Quiet(), FastHash: true,
		OpenRegistration: true, Language: "en", RegistrationSecret: "secret"}
	for _, fn := range change {
		fn(&n.options)
	}
	n.start()
	t.Cleanup(n.stop)
	return n
}

func (n *node) start() {
	db, err := sqldb.Open(context.Background(), sqldb.Options{URL: n.address, Logger: sqldbtest.Quiet()})
	require.NoError(n.t, err)
	n.hub = stream.New(db, stream.Options{Logger: sqldbtest.Quiet()})
	n.options.DB, n.options.Hub = db, n.hub
	n.town.db, n.town.hub = db, n.hub
	n.Accounts, err = newWith(context.Background(), n.options, n.town)
	require.NoError(n.t, err)
}

func (n *node) stop() {
	require.NoError(n.t, n.Accounts.Close(context.Background()))
	require.NoError(n.t, n.options.DB.Close())
}

// restart ends the process and begins another on the same database.
func (n *node) restart() {
	n.stop()
	n.start()
}

func (n *node) user(localpart string) string {
	_, err := n.Register(ctx, Registration{Localpart: localpart, Password: "correct horse", NoLogin: true})
	require.NoError(n.t, err)
	return n.UserID(localpart)
}

func (n *node) device(userID, deviceID string) *Session {
	s, err := n.LoginAs(ctx, userID, deviceID, "", false)
	require.NoError(n.t, err)
	return s
}

var ctx = context.Background()

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

func (w *town) JoinedRooms(_ context.Context, userID string) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ids []string
	for id, s := range w.rooms {
		local := false
		for member, membership := range s.members {
			local = local || membership == "join" && serverOf(member) == "a.example"
		}
		if s.members[userID] == "join" && local {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

func (w *town) UserRooms(_ context.Context, userID string) ([]rooms.UserRoom, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []rooms.UserRoom
	for id, s := range w.rooms {
		if m := s.members[userID]; m != "" {
			out = append(out, rooms.UserRoom{RoomID: id, Membership: m})
		}
	}
	return out, nil
}

func (w *town) OutsideMemberships(context.Context, string) ([]rooms.OutsideMembership, error) {
	return nil, nil
}

func (w *town) Room(_ context.Context, roomID string) (roomView, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.rooms[roomID]; s != nil {
		return s, nil
	}
	return nil, rooms.ErrNotFound
}

func (w *town) PublicRooms(context.Context, int) ([]string, error) { return nil, nil }

func (w *town) Events(_ context.Context, nids []int64) (map[int64]*rooms.Event, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[int64]*rooms.Event{}
	for _, nid := range nids {
		if ev := w.events[nid]; ev != nil {
			out[nid] = ev
		}
	}
	return out, nil
}

func (w *town) EventsByID(context.Context, []string) (map[string]*rooms.Event, error) {
	return nil, nil
}

func (w *town) Timeline(_ context.Context, roomID string, from, to rooms.HistoryKey, _ rooms.Direction, limit int, _ bool) (*rooms.Page, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timelines++
	page := &rooms.Page{Next: to, Done: true}
	for _, ev := range slices.Backward(w.rooms[roomID].timeline) {
		if from.Less(ev.Key) || !to.Less(ev.Key) {
			continue
		}
		if len(page.Events) == limit {
			page.Done = false
			break
		}
		page.Events = append(page.Events, ev)
		page.Next = rooms.HistoryKey{Anchor: ev.Key.Anchor - 1, Sub: 1 << 40}
	}
	return page, nil
}

func (w *town) Intervals(_ context.Context, roomID, userID string) ([]rooms.Interval, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.rooms[roomID].intervals[userID]), nil
}

func (w *town) UserReceipts(_ context.Context, roomID, userID string) ([]rooms.Receipt, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []rooms.Receipt
	for _, r := range w.rooms[roomID].receipts {
		if r.UserID == userID {
			out = append(out, r)
		}
	}
	return out, nil
}

func (w *town) MembershipDeltas(_ context.Context, since, upto int64) ([]rooms.MembershipDelta, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []rooms.MembershipDelta
	for _, d := range w.deltas {
		if d.Position > since && d.Position <= upto {
			out = append(out, d)
		}
	}
	return out, nil
}

func (w *town) StateChanges(context.Context, string, int64, int64) ([]rooms.StateDelta, error) {
	return nil, nil // TestUpgradeCarriesSettingsOver has real rooms
}

func (w *town) StateEvent(context.Context, string, string, string) (*rooms.Event, error) {
	return nil, rooms.ErrNotFound
}

func (w *town) UpdateProfile(_ context.Context, userID string, p rooms.MemberProfile) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failing != nil {
		return w.failing
	}
	w.profiles[userID] = append(w.profiles[userID], p)
	return nil
}

func (w *town) SetMembership(_ context.Context, req rooms.MembershipRequest) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rooms[req.RoomID].members[req.Target] = req.Membership
	return req.RoomID, nil
}

func (s *square) lock() func() {
	s.town.mu.Lock()
	return s.town.mu.Unlock
}

func (s *square) JoinedCount() int {
	defer s.lock()()
	n := 0
	for _, m := range s.members {
		if m == "join" {
			n++
		}
	}
	return n
}

func (s *square) Public() bool { return false }

func (s *square) Membership(userID string) string {
	defer s.lock()()
	return s.members[userID]
}

func (s *square) EachMember(fn func(userID, membership string, eventNID int64) bool) {
	unlock := s.lock()
	members, nids := maps.Clone(s.members), maps.Clone(s.nids)
	unlock()
	for id, m := range members {
		if !fn(id, m, nids[id]) {
			return
		}
	}
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

func (s *square) LocalMembers() []string {
	return s.joined(func(server string) bool { return server == "a.example" })
}

func (s *square) Servers() []string {
	var out []string
	for _, id := range s.joined(func(string) bool { return true }) {
		out = append(out, serverOf(id))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (s *square) PowerLevel(userID string) int64     { return s.power[userID] }
func (s *square) NotificationPower(key string) int64 { return 50 }
func (s *square) MemberEvent(userID string) (int64, bool) {
	defer s.lock()()
	nid, ok := s.nids[userID]
	return nid, ok
}

// fakeRemote is the other servers.
type fakeRemote struct {
	mu       sync.Mutex
	lists    map[string]*RemoteDeviceList
	profiles map[string]map[string]json.RawMessage
	keys     map[string]map[string]map[string]json.RawMessage
	down     error
	asked    map[string]int
}

func newFakeRemote() *fakeRemote {
	return &fakeRemote{lists: map[string]*RemoteDeviceList{}, profiles: map[string]map[string]json.RawMessage{}, asked: map[string]int{}}
}

func (f *fakeRemote) ask(what string) error {
	f.asked[what]++
	return f.down
}

func (f *fakeRemote) count(what string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[what]
}

func (f *fakeRemote) QueryProfile(_ context.Context, _, userID, _ string) (map[string]json.RawMessage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.ask("profile"); err != nil {
		return nil, err
	}
	if p := f.profiles[userID]; p != nil {
		return p, nil
	}
	return nil, ErrNotFound
}

func (f *fakeRemote) QueryKeys(_ context.Context, _ string, users map[string][]string) (*RemoteKeys, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.ask("keys"); err != nil {
		return nil, err
	}
	out := &RemoteKeys{DeviceKeys: map[string]map[string]json.RawMessage{"@eve:a.example": {"X": json.RawMessage(`{}`)}}}
	for id := range users {
		out.DeviceKeys[id] = map[string]json.RawMessage{}
		if list := f.lists[id]; list != nil {
			for _, d := range list.Devices {
				out.DeviceKeys[id][d.DeviceID] = d.Keys
			}
		}
	}
	return out, nil
}

func (f *fakeRemote) ClaimKeys(context.Context, string, map[string]map[string]string) (map[string]map[string]map[string]json.RawMessage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.keys, f.ask("claim")
}

func (f *fakeRemote) UserDevices(_ context.Context, _, userID string) (*RemoteDeviceList, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.ask("devices"); err != nil {
		return nil, err
	}
	if list := f.lists[userID]; list != nil {
		copied := *list
		copied.Devices = slices.Clone(list.Devices)
		return &copied, nil
	}
	return nil, ErrNotFound
}

func sorted[T cmp.Ordered](list []T) []T {
	slices.Sort(list)
	return list
}
