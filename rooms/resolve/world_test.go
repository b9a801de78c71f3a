package resolve

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/matrix-org/gomatrixserverlib"
	"github.com/stretchr/testify/require"
)

// world is a room in memory: all its events, and a Loader that counts what it is asked.
type world struct {
	version string
	roomID  string
	events  map[int64]*Event
	ids     map[string]*Event
	keys    map[StateKey]int64
	create  *Event
	clock   int64

	joinRules []string // that random steps choose from

	askedEdges, askedEvents int
}

func newWorld(version string) *world {
	return &world{
		version: version, roomID: "!room:a", clock: 1000,
		joinRules: []string{"public", "invite", "knock", "restricted", "knock_restricted", "private"},
		events:    map[int64]*Event{}, ids: map[string]*Event{}, keys: map[StateKey]int64{},
	}
}

type content map[string]any

// fork is one branch of the room's history.
type fork struct {
	state StateEvents
	last  string // id of its last event
}

func (f fork) clone() fork {
	s := make(StateEvents, len(f.state))
	for k, v := range f.state {
		s[k] = v
	}
	return fork{s, f.last}
}

// make builds an event on a fork, with the auth events that the fork's state gives it, and adds it to the world.
func (w *world) make(f fork, typ string, stateKey *string, sender string, c content, more ...func(map[string]any)) *Event {
	raw, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	keys, err := NeededAuth(w.version, typ, stateKey, sender, raw)
	if err != nil {
		panic(err)
	}
	var auth []int64
	for _, k := range keys {
		if e := f.state[k]; e != nil {
			auth = append(auth, e.NID)
		}
	}
	var prev []string
	if f.last != "" {
		prev = []string{f.last}
	}
	w.clock++
	return w.add(auth, prev, typ, stateKey, sender, raw, more...)
}

// add stores an event of which everything is given.
func (w *world) add(auth []int64, prev []string, typ string, stateKey *string, sender string, raw []byte, more ...func(map[string]any)) *Event {
	nid := int64(len(w.events) + 1)
	pdu := map[string]any{
		"type": typ, "sender": sender, "room_id": w.roomID, "origin_server_ts": w.clock, "depth": nid,
		"content": json.RawMessage(raw), "prev_events": w.refs(prev), "hashes": content{"sha256": "eA"},
	}
	var authIDs []string
	for _, a := range auth {
		authIDs = append(authIDs, w.events[a].ID)
	}
	pdu["auth_events"] = w.refs(authIDs)
	if stateKey != nil {
		pdu["state_key"] = *stateKey
	}
	for _, m := range more {
		m(pdu)
	}
	id := w.id(nid, pdu)
	if typ == typeCreate && byVersion[w.version].roomIsCreate {
		delete(pdu, "room_id")
		w.roomID = "!" + id[1:]
	}
	data, err := json.Marshal(pdu)
	if err != nil {
		panic(err)
	}
	e, err := ParseEvent(id, data)
	if err != nil {
		panic(err)
	}
	e.NID, e.Auth = nid, auth
	if stateKey != nil {
		e.Key = w.key(StateKey{typ, *stateKey})
	}
	w.events[nid], w.ids[id] = e, e
	if typ == typeCreate && w.create == nil {
		w.create = e
	}
	return e
}

func (w *world) id(nid int64, pdu map[string]any) string {
	if w.version == "1" || w.version == "2" {
		id := fmt.Sprintf("$%x:%s", sha256.Sum256([]byte(fmt.Sprint(nid))), domainOf(pdu["sender"].(string)))
		pdu["event_id"] = id
		return id
	}
	sum := sha256.Sum256([]byte(fmt.Sprint(nid, pdu["type"])))
	return "$" + base64.RawURLEncoding.EncodeToString(sum[:])
}

// refs are references to events as the room version writes them.
func (w *world) refs(ids []string) any {
	if w.version != "1" && w.version != "2" {
		return slices.Concat([]string{}, ids)
	}
	pairs := [][]any{}
	for _, id := range ids {
		pairs = append(pairs, []any{id, content{"sha256": "eA"}})
	}
	return pairs
}

func (w *world) key(k StateKey) int64 {
	if w.keys[k] == 0 {
		w.keys[k] = int64(len(w.keys)+1)*7919%100003 + 1
	}
	return w.keys[k]
}

// send authorises an event against the fork's state and, if it is allowed, puts it into it.
func (w *world) send(f *fork, typ string, stateKey *string, sender string, c content, more ...func(map[string]any)) (*Event, error) {
	e := w.make(*f, typ, stateKey, sender, c, more...)
	if err := Check(w.version, e, f.state); err != nil {
		return e, err
	}
	var auth []*Event
	for _, nid := range e.Auth {
		auth = append(auth, w.events[nid])
	}
	if err := CheckAuthEvents(w.version, e, auth); err != nil {
		return e, err
	}
	if stateKey != nil {
		f.state[StateKey{typ, *stateKey}] = e
	}
	f.last = e.ID
	return e, nil
}

func (w *world) must(t testing.TB, f *fork, typ string, stateKey *string, sender string, c content, more ...func(map[string]any)) *Event {
	t.Helper()
	e, err := w.send(f, typ, stateKey, sender, c, more...)
	require.NoError(t, err)
	return e
}

func ptr(s string) *string { return &s }

// found makes a room: the creator alice joins, sets power levels and join rules.
func (w *world) found(t testing.TB, power content, joinRule string) *fork {
	f := &fork{state: StateEvents{}}
	c := content{"room_version": w.version}
	if !byVersion[w.version].creatorIsSender {
		c["creator"] = "@alice:a"
	}
	w.must(t, f, typeCreate, ptr(""), "@alice:a", c)
	w.must(t, f, typeMember, ptr("@alice:a"), "@alice:a", content{"membership": "join"})
	w.must(t, f, typePowerLevels, ptr(""), "@alice:a", power)
	w.must(t, f, typeJoinRules, ptr(""), "@alice:a", content{"join_rule": joinRule})
	return f
}

// levels is a power levels content; in room version 12 the creator alice is left out.
func (w *world) levels(users map[string]int) content {
	u := map[string]int{}
	for k, v := range users {
		if k != "@alice:a" || !byVersion[w.version].creatorsInfinite {
			u[k] = v
		}
	}
	return content{"users": u}
}

func (w *world) stateOf(f *fork) State {
	var entries []Entry
	for _, e := range f.state {
		entries = append(entries, Entry{e.Key, e.NID})
	}
	return NewState(entries)
}

// forkOf is the fork that goes on from a state.
func (w *world) forkOf(s State, last string) *fork {
	f := &fork{state: StateEvents{}, last: last}
	for _, e := range s {
		ev := w.events[e.NID]
		f.state[StateKey{ev.Type, *ev.StateKey}] = ev
	}
	return f
}

func (w *world) Edges(_ context.Context, nids []int64) ([]Edge, error) {
	w.askedEdges++
	out := make([]Edge, 0, len(nids))
	for _, nid := range nids {
		if e := w.events[nid]; e != nil {
			out = append(out, Edge{nid, e.Key, e.Auth})
		}
	}
	return out, nil
}

func (w *world) Events(_ context.Context, nids []int64) ([]*Event, error) {
	w.askedEvents++
	out := make([]*Event, 0, len(nids))
	for _, nid := range nids {
		if e := w.events[nid]; e != nil {
			out = append(out, e)
		}
	}
	return out, nil
}

func (w *world) Keys(_ context.Context, keys []StateKey) ([]int64, error) {
	out := make([]int64, len(keys))
	for i, k := range keys {
		out[i] = w.keys[k]
	}
	return out, nil
}

func (w *world) resolver(t testing.TB) *Resolver {
	t.Helper()
	r, err := NewResolver(w.version, w.create.NID, w)
	require.NoError(t, err)
	return r
}

// pdu is the library's view of an event.
func (w *world) pdu(e *Event) gomatrixserverlib.PDU {
	v := gomatrixserverlib.MustGetRoomVersion(gomatrixserverlib.RoomVersion(w.version))
	p, err := v.NewEventFromTrustedJSONWithEventID(e.ID, e.JSON, false)
	if err != nil {
		panic(fmt.Errorf("%s: %w", e.JSON, err))
	}
	return p
}

// names shows a state by place, for messages of failing tests.
func (w *world) names(s State) map[string]string {
	out := map[string]string{}
	for _, e := range s {
		ev := w.events[e.NID]
		out[ev.Type+"|"+*ev.StateKey] = fmt.Sprintf("%d by %s at %d %s", ev.NID, ev.Sender, ev.OriginServerTS, ev.Content)
	}
	return out
}

var users = []string{"@alice:a", "@bob:b", "@carol:c", "@dave:a", "@eve:b", "@frank:c"}

// step tries one random event on a fork. ties keeps the clock where it is half of the time.
func (w *world) step(rnd *rand.Rand, f *fork, ties bool) {
	sender, target := users[rnd.IntN(len(users))], users[rnd.IntN(len(users))]
	if rnd.IntN(3) == 0 {
		sender = users[rnd.IntN(2)]
	}
	clock := w.clock
	if ties && rnd.IntN(2) == 0 {
		w.clock -= int64(1 + rnd.IntN(3))
		defer func() { w.clock = clock + 1 }()
	}
	switch n := rnd.IntN(20); {
	case n < 5:
		_, _ = w.send(f, typeMember, &sender, sender, content{"membership": "join", "displayname": fmt.Sprint(rnd.IntN(9))})
	case n < 7:
		_, _ = w.send(f, typeMember, &target, sender, content{"membership": "invite"})
	case n < 9:
		_, _ = w.send(f, typeMember, &target, sender, content{"membership": "ban"})
	case n < 11:
		_, _ = w.send(f, typeMember, &target, sender, content{"membership": "leave"})
	case n < 12:
		_, _ = w.send(f, typeMember, &sender, sender, content{"membership": "knock"})
	case n < 15:
		_, _ = w.send(f, typePowerLevels, ptr(""), sender, w.randomLevels(rnd))
	case n < 17:
		rules := w.joinRules
		_, _ = w.send(f, typeJoinRules, ptr(""), sender, content{"join_rule": rules[rnd.IntN(len(rules))]})
	default:
		_, _ = w.send(f, "m.room.topic", ptr(""), sender, content{"topic": fmt.Sprint(rnd.IntN(1000))})
	}
}

func (w *world) randomLevels(rnd *rand.Rand) content {
	u := map[string]int{}
	for i, user := range users {
		if i == 0 && rnd.IntN(8) > 0 {
			u[user] = 100
		} else if rnd.IntN(2) == 0 {
			u[user] = []int{0, 50, 100}[rnd.IntN(3)]
		}
	}
	c := w.levels(u)
	if rnd.IntN(3) == 0 {
		c["events"] = map[string]int{"m.room.topic": []int{0, 50}[rnd.IntN(2)]}
	}
	return c
}
