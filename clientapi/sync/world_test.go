package sync

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"
	"sort"
	gosync "sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/accounts"
	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/stream"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

const (
	alice = "@alice:a"
	bob   = "@bob:a"
	carol = "@carol:a"
)

// world is a naive model of rooms, accounts and translator over the real stream: lists that are searched. Every write is
// one commit with one position, published as the real packages publish it.
type world struct {
	t    testing.TB
	db   *sqldb.DB
	hubs []*stream.Hub

	mu       gosync.Mutex
	nextNID  int64
	rooms    []*modelRoom
	byNID    map[int64]*rooms.Event
	data     []*accounts.AccountDatum
	toDevice map[string][]message // by device
	acked    map[string]int64
	private  []rooms.Receipt
	outside  []rooms.OutsideMembership
	typing   map[string][]string
	ignored  map[string]struct{}
	keyUsers []keyChange
	reads    int // of what the real packages keep in SQL

	language   map[string]string // by user
	held       map[int64]time.Time
	renderings []*view.Rendering
	notices    []*view.Notice
	pending    map[int64]bool                               // what is being translated and follows as an edit
	under      map[int64]bool                               // what is being translated for a page
	asked      func(language string, events []*rooms.Event) // for translations; nil: nobody waits for any
	budget     time.Duration                                // of the last time it was asked
	now        func() time.Time
}

type message struct {
	position int64
	json     string
}

type keyChange struct {
	position int64
	user     string
}

type modelRoom struct {
	id        string
	nid       int64
	events    []*rooms.Event // by position
	deltas    []rooms.StateDelta
	states    map[int64]map[string]int64 // state after, by the event's nid: key → nid
	current   map[string]int64
	receipts  map[string]rooms.Receipt
	intervals map[string][]rooms.Interval
	position  int64
}

func newWorld(t testing.TB, ringBytes ...int) *world {
	db := sqldbtest.New(t)
	w := &world{
		t: t, db: db, byNID: map[int64]*rooms.Event{}, toDevice: map[string][]message{}, acked: map[string]int64{},
		typing: map[string][]string{}, language: map[string]string{}, held: map[int64]time.Time{}, now: time.Now,
	}
	if len(ringBytes) == 0 {
		ringBytes = []int{0}
	}
	for _, size := range ringBytes {
		w.hubs = append(w.hubs, stream.New(db, stream.Options{RingBytes: size}))
	}
	return w
}

func (w *world) handler(i int) *Handler {
	renderer := view.Renderer(view.Plain)
	if len(w.language) > 0 {
		renderer = (*modelRenderer)(w)
	}
	o := view.Options{Rooms: w, Reader: w, Renderer: renderer, Now: func() time.Time { return w.now() }}
	if w.asked != nil {
		o.PageBudget = time.Minute
	}
	return newHandler(Options{View: view.New(o), Hub: w.hubs[i], Log: sqldbtest.Quiet(), Now: func() time.Time { return w.now() }, MaxSQL: 1}, port{w}, w)
}

// write commits at one position; fn changes the model and returns the entries, without positions.
func (w *world) write(fn func(position int64) []stream.Entry) {
	require.NoError(w.t, w.db.Write(context.Background(), func(tx *sqldb.Tx) error {
		position := tx.NextPosition()
		w.mu.Lock()
		entries := fn(position)
		w.mu.Unlock()
		for i := range entries {
			entries[i].Position, entries[i].Size = position, 100
		}
		tx.OnCommit(func() {
			for _, hub := range w.hubs {
				hub.Append(entries...)
			}
		})
		return nil
	}))
}

func (w *world) position() int64 { return w.hubs[0].Position() }

func (w *world) newRoom(creator string) *modelRoom {
	w.mu.Lock()
	room := &modelRoom{
		id: fmt.Sprintf("!room%d:a", len(w.rooms)), nid: int64(len(w.rooms) + 1), states: map[int64]map[string]int64{},
		current: map[string]int64{}, receipts: map[string]rooms.Receipt{}, intervals: map[string][]rooms.Interval{},
	}
	w.rooms = append(w.rooms, room)
	w.mu.Unlock()
	w.state(room, "m.room.create", creator, "", `{"room_version":"12"}`)
	w.member(room, creator, creator, "join")
	return room
}

func stateKeyOf(typ, key string) string { return typ + "\x00" + key }

func keyNID(typ, key string) int64 {
	var n int64 = 7
	for _, c := range stateKeyOf(typ, key) {
		n = (n*31 + int64(c)) % (1 << 40)
	}
	return n
}

func (w *world) send(room *modelRoom, typ, sender string, stateKey *string, content string) *rooms.Event {
	var ev *rooms.Event
	w.write(func(position int64) []stream.Entry {
		w.nextNID++
		ev = &rooms.Event{
			NID: w.nextNID, ID: fmt.Sprintf("$e%d", w.nextNID), RoomNID: room.nid, RoomID: room.id, Version: "12", Type: typ,
			StateKey: stateKey, Sender: sender, OriginServerTS: 1_000_000 + position, Position: position,
			Key: rooms.HistoryKey{Anchor: position}, StateAfter: w.nextNID, Received: w.now().UnixMilli(),
		}
		if n := len(room.events); n > 0 {
			ev.StateBefore = room.events[n-1].NID
			room.states[ev.StateBefore] = clone(room.current)
		}
		fields := map[string]any{"type": typ, "sender": sender, "content": json.RawMessage(content), "room_id": room.id, "origin_server_ts": ev.OriginServerTS}
		if stateKey != nil {
			fields["state_key"] = *stateKey
		}
		ev.JSON, _ = json.Marshal(fields)
		room.events = append(room.events, ev)
		w.byNID[ev.NID] = ev
		entries := []stream.Entry{{Topic: rooms.RoomTopic(room.id), Kind: rooms.EntryEvent, Value: ev}}
		if stateKey != nil {
			ev.KeyNID = keyNID(typ, *stateKey)
			entries = append(entries, w.change(room, position, typ, *stateKey, ev.NID)...)
		}
		room.states[ev.NID] = clone(room.current)
		room.position = position
		return entries
	})
	return ev
}

func clone(m map[string]int64) map[string]int64 {
	out := make(map[string]int64, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// change sets a state entry and returns what the stream is told.
func (w *world) change(room *modelRoom, position int64, typ, key string, nid int64) []stream.Entry {
	old := room.current[stateKeyOf(typ, key)]
	room.current[stateKeyOf(typ, key)] = nid
	delta := rooms.StateDelta{RoomID: room.id, RoomNID: room.nid, Position: position, KeyNID: keyNID(typ, key), Type: typ, StateKey: key, Old: old, New: nid}
	room.deltas = append(room.deltas, delta)
	entries := []stream.Entry{{Topic: rooms.RoomTopic(room.id), Kind: rooms.EntryStateDelta, Value: &delta}}
	if typ == memberType {
		membership := w.byNID[nid].Membership()
		room.intervals[key] = append(room.intervals[key], rooms.Interval{From: rooms.HistoryKey{Anchor: position}, Membership: membership, EventNID: nid})
		entries = append(entries, stream.Entry{Topic: rooms.UserTopic(key), Kind: rooms.EntryMembership, Value: &rooms.MembershipChange{
			UserID: key, RoomID: room.id, RoomNID: room.nid, Membership: membership, EventNID: nid, Position: position,
		}})
	}
	return entries
}

func (w *world) state(room *modelRoom, typ, sender, key, content string) *rooms.Event {
	return w.send(room, typ, sender, &key, content)
}

func (w *world) member(room *modelRoom, sender, user, membership string) *rooms.Event {
	return w.state(room, memberType, sender, user, fmt.Sprintf(`{"membership":%q}`, membership))
}

func (w *world) say(room *modelRoom, sender, body string) *rooms.Event {
	return w.send(room, "m.room.message", sender, nil, fmt.Sprintf(`{"msgtype":"m.text","body":%q}`, body))
}

// merge changes a state entry without any event, as resolving forks does.
func (w *world) merge(room *modelRoom, typ, key string, nid int64) {
	w.write(func(position int64) []stream.Entry {
		room.position = position
		return w.change(room, position, typ, key, nid)
	})
}

func (w *world) receipt(room *modelRoom, user, typ string, ev *rooms.Event) {
	w.write(func(position int64) []stream.Entry {
		r := rooms.Receipt{RoomID: room.id, UserID: user, Type: typ, EventID: ev.ID, Key: ev.Key, TS: 5, Position: position}
		topic := rooms.RoomTopic(room.id)
		if typ == "m.read.private" {
			topic = rooms.UserTopic(user)
			w.private = append(slices.DeleteFunc(w.private, func(o rooms.Receipt) bool { return o.UserID == user && o.RoomID == room.id }), r)
		} else {
			room.receipts[user] = r
		}
		return []stream.Entry{{Topic: topic, Kind: rooms.EntryReceipt, Value: &r}}
	})
}

func (w *world) setData(user, roomID, typ, content string) {
	w.write(func(position int64) []stream.Entry {
		w.data = slices.DeleteFunc(w.data, func(d *accounts.AccountDatum) bool { return d.UserID == user && d.RoomID == roomID && d.Type == typ })
		d := &accounts.AccountDatum{UserID: user, RoomID: roomID, Type: typ, Content: json.RawMessage(content), Position: position}
		w.data = append(w.data, d)
		return []stream.Entry{{Topic: rooms.UserTopic(user), Kind: rooms.EntryAccountData, Value: d}}
	})
}

func (w *world) tell(user, device, body string) {
	w.write(func(position int64) []stream.Entry {
		k := user + device
		w.toDevice[k] = append(w.toDevice[k], message{position, fmt.Sprintf(`{"type":"x","sender":"@s:a","content":{"n":%q}}`, body)})
		return []stream.Entry{{Topic: rooms.UserTopic(user), Kind: rooms.EntryToDevice, Value: &accounts.ToDeviceArrival{UserID: user, DeviceID: device, Position: position}}}
	})
}

func (w *world) types(room *modelRoom, users ...string) {
	w.mu.Lock()
	w.typing[room.id] = users
	w.mu.Unlock()
	for _, hub := range w.hubs {
		hub.Touch(rooms.RoomTopic(room.id), rooms.EphemeralTyping)
	}
}

func (w *world) changeKeys(user string, in ...*modelRoom) {
	w.write(func(position int64) []stream.Entry {
		w.keyUsers = append(w.keyUsers, keyChange{position, user})
		value := &accounts.DeviceListChange{UserID: user, Position: position}
		entries := []stream.Entry{{Topic: rooms.UserTopic(user), Kind: rooms.EntryDeviceList, Value: value}}
		for _, room := range in {
			entries = append(entries, stream.Entry{Topic: rooms.RoomTopic(room.id), Kind: rooms.EntryDeviceList, Value: value})
		}
		return entries
	})
}

func (w *world) invite(user, roomID, membership string) {
	w.write(func(position int64) []stream.Entry {
		w.outside = slices.DeleteFunc(w.outside, func(o rooms.OutsideMembership) bool { return o.UserID == user && o.RoomID == roomID })
		o := rooms.OutsideMembership{
			UserID: user, RoomID: roomID, Membership: membership, Sender: "@far:b", EventID: "$outside", Position: position,
			JSON:     []byte(fmt.Sprintf(`{"type":"m.room.member","state_key":%q,"sender":"@far:b","content":{"membership":%q},"origin_server_ts":5}`, user, membership)),
			Stripped: []byte(`[{"type":"m.room.name","state_key":"","sender":"@far:b","content":{"name":"far"}}]`),
		}
		w.outside = append(w.outside, o)
		return []stream.Entry{{Topic: rooms.UserTopic(user), Kind: rooms.EntryOutside, Value: &o}}
	})
}

// client is a device that applies answers as the specification says.
type client struct {
	w      *world
	h      *Handler
	device *accounts.Device
	params url.Values
	since  string

	joined   map[string]map[string]string // room → state key → event id
	timeline map[string][]string          // room → event ids since the last gap
	gaps     map[string]int
	got      map[string]bool // real events, by id
	last     gjson.Result
}

func (w *world) client(h *Handler, user string, params ...string) *client {
	c := &client{
		w: w, h: h, device: &accounts.Device{UserID: user, DeviceID: "D" + user, Scope: "S"}, params: url.Values{},
		joined: map[string]map[string]string{}, timeline: map[string][]string{}, gaps: map[string]int{}, got: map[string]bool{},
	}
	for i := 0; i < len(params); i += 2 {
		c.params.Set(params[i], params[i+1])
	}
	return c
}

// request asks without applying.
func (c *client) request(since string, params ...string) (gjson.Result, error) {
	q := url.Values{}
	for k, v := range c.params {
		q[k] = v
	}
	for i := 0; i < len(params); i += 2 {
		q.Set(params[i], params[i+1])
	}
	if since != "" {
		q.Set("since", since)
	}
	r := httptest.NewRequest("GET", "/_matrix/client/v3/sync?"+q.Encode(), nil)
	body, err := c.h.Sync(httptest.NewRecorder(), r, c.device)
	if err != nil {
		return gjson.Result{}, err
	}
	raw := body.(json.RawMessage)
	require.True(c.w.t, json.Valid(raw), string(raw))
	return gjson.ParseBytes(raw), nil
}

func (c *client) sync(params ...string) gjson.Result {
	c.w.t.Helper()
	answer, err := c.request(c.since, params...)
	require.NoError(c.w.t, err)
	c.apply(answer)
	return answer
}

func (c *client) apply(answer gjson.Result) {
	c.since, c.last = answer.Get("next_batch").Str, answer
	require.NotEmpty(c.w.t, c.since)
	answer.Get("rooms.join").ForEach(func(room, body gjson.Result) bool {
		c.applyJoined(room.Str, body)
		return true
	})
	for _, out := range []string{"rooms.leave", "rooms.invite"} {
		answer.Get(out).ForEach(func(room, _ gjson.Result) bool {
			delete(c.joined, room.Str)
			delete(c.timeline, room.Str)
			return true
		})
	}
}

func (c *client) applyJoined(room string, body gjson.Result) {
	if c.joined[room] == nil {
		c.joined[room] = map[string]string{}
	}
	state := c.joined[room]
	put := func(ev gjson.Result) {
		if ev.Get("state_key").Exists() {
			state[stateKeyOf(ev.Get("type").Str, ev.Get("state_key").Str)] = ev.Get("event_id").Str
		}
	}
	after := body.Get("state_after")
	for _, ev := range body.Get("state.events").Array() {
		put(ev)
	}
	if body.Get("timeline.limited").Bool() {
		c.timeline[room] = nil
		c.gaps[room]++
	}
	for _, ev := range body.Get("timeline.events").Array() {
		if !after.Exists() {
			put(ev)
		}
		c.timeline[room] = append(c.timeline[room], ev.Get("event_id").Str)
		c.got[ev.Get("event_id").Str] = true
	}
	for _, ev := range after.Get("events").Array() {
		put(ev)
	}
}

func (c *client) bodies(room *modelRoom) []string {
	out := []string{}
	for _, ev := range c.last.Get("rooms.join." + escaped(room.id) + ".timeline.events").Array() {
		if ev.Get("type").Str == "m.room.message" {
			out = append(out, ev.Get("content.body").Str)
		}
	}
	return out
}

func escaped(id string) string {
	out := ""
	for _, c := range id {
		if c == '.' || c == '!' || c == '$' || c == '@' || c == '*' || c == '?' || c == '|' || c == '#' {
			out += `\`
		}
		out += string(c)
	}
	return out
}

// section returns a room's part of the last answer.
func (c *client) section(kind string, room *modelRoom) gjson.Result {
	return c.last.Get("rooms." + kind + "." + escaped(room.id))
}

func ids(events []gjson.Result) []string {
	out := []string{}
	for _, ev := range events {
		out = append(out, ev.Get("event_id").Str)
	}
	return out
}

func sorted(s []string) []string { sort.Strings(s); return s }

func (w *world) Stickies(string, int64, int64) []rooms.Sticky { return nil }

func (w *world) StickyUntil(int64) int64 { return 0 }
