package rooms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/rooms/resolve"
)

const (
	northDoctor = "@doctor:north.example"
	northNurse  = "@nurse:north.example"
	southDoctor = "@doctor:south.example"
)

// twoNodes is a room made at north that south joined later: south has the join and, after a netsplit, the newest event,
// with a gap before each. South asks north for the rest.
type twoNodes struct {
	t            testing.TB
	north, south *readNode
	roomID       string
	join, last   *Event
}

func newTwoNodes(t testing.TB, northAddress, southAddress, version string, between int) *twoNodes {
	w := &twoNodes{t: t, north: openReadNodeAs(t, northAddress, "north.example"), south: openReadNodeAs(t, southAddress, "south.example")}
	var err error
	w.roomID, err = w.north.Create(context.Background(), CreateRequest{Creator: northDoctor, Version: version, Preset: "public_chat", Visibility: "public"})
	require.NoError(t, err)
	for i := range 5 {
		w.say(northDoctor, fmt.Sprintf("before %d", i))
	}
	w.join = w.joinFromSouth()
	for i := range between {
		w.say(northDoctor, fmt.Sprintf("between %d", i))
	}
	w.memberships(northNurse, "join", "leave")
	redacted := w.say(northDoctor, "to be redacted")
	_, err = w.north.Send(context.Background(), SendRequest{
		RoomID: w.roomID, Sender: northDoctor, Type: "m.room.redaction", Redacts: redacted, Content: json.RawMessage(`{"redacts":"` + redacted + `"}`),
	})
	require.NoError(t, err)
	w.last = w.event(w.say(northDoctor, "last"))
	w.bootstrapSouth()
	w.answer()
	return w
}

func (w *twoNodes) event(id string) *Event {
	ev, err := w.north.Event(context.Background(), id)
	require.NoError(w.t, err)
	return ev
}

func (w *twoNodes) say(user, body string) string {
	id, err := w.north.Send(context.Background(), SendRequest{
		RoomID: w.roomID, Sender: user, Type: "m.room.message", Content: json.RawMessage(`{"msgtype":"m.text","body":"` + body + `"}`),
	})
	require.NoError(w.t, err)
	return id
}

func (w *twoNodes) memberships(user string, each ...string) {
	for _, membership := range each {
		time.Sleep(2 * time.Millisecond) // state resolution orders by time: a fork at south must not swap them
		_, err := w.north.SetMembership(context.Background(), MembershipRequest{RoomID: w.roomID, Sender: user, Target: user, Membership: membership})
		require.NoError(w.t, err)
	}
}

// forge makes an event in the name of a node, with auth events from north's current state, whether it is allowed or not.
func (w *twoNodes) forge(n *readNode, d *draft, depth int64, prev []*Event, drop ...string) []byte {
	ctx := context.Background()
	snap, err := w.north.Snapshot(ctx, w.roomID)
	require.NoError(w.t, err)
	needed, err := resolve.NeededAuth(snap.Version, d.typ, d.stateKey, d.sender, d.content)
	require.NoError(w.t, err)
	var auth, before []reference
	for _, key := range needed {
		if nid, ok := snap.StateNIDOf(key.Type, key.Key); ok && !slices.Contains(drop, key.Type) {
			ev, err := w.north.eventByNID(ctx, nid)
			require.NoError(w.t, err)
			auth = append(auth, reference{nid, ev.ID})
		}
	}
	for _, ev := range prev {
		before = append(before, reference{ev.NID, ev.ID})
	}
	f, err := formatOf(snap.Version)
	require.NoError(w.t, err)
	hash := func(ref reference) (string, error) {
		ev, err := w.north.eventByNID(ctx, ref.nid)
		if err != nil {
			return "", err
		}
		sum, _ := f.reference(ev.JSON)
		return fmt.Sprintf("%x", sum), nil
	}
	if d.ts == 0 {
		d.ts = time.Now().UnixMilli()
	}
	ev, err := f.build(d, w.roomID, depth, before, auth, hash, n.signer)
	require.NoError(w.t, err)
	return ev.JSON
}

func (w *twoNodes) parse(pdu []byte) *incoming {
	snap, err := w.north.Snapshot(context.Background(), w.roomID)
	require.NoError(w.t, err)
	in, err := formats[snap.Version].parse(pdu)
	require.NoError(w.t, err)
	return in
}

func (w *twoNodes) joinFromSouth() *Event {
	ctx := context.Background()
	snap, err := w.north.Snapshot(ctx, w.roomID)
	require.NoError(w.t, err)
	tip, err := w.north.eventByNID(ctx, snap.Extremities[0])
	require.NoError(w.t, err)
	user := southDoctor
	d := &draft{typ: "m.room.member", stateKey: &user, sender: user, content: []byte(`{"membership":"join"}`)}
	in := w.parse(w.forge(w.south, d, tip.Depth+1, []*Event{tip}))
	require.NoError(w.t, w.north.do(ctx, w.roomID, true, func(b *batch) error {
		ev, err := b.admit(in)
		if err == nil && ev.Outcome != Accepted {
			err = errors.New("the join was refused")
		}
		return err
	}))
	return w.event(in.event.ID)
}

// bootstrapSouth gives south the room as of its join, as send_join does, and the newest event, after a netsplit.
func (w *twoNodes) bootstrapSouth() {
	ctx := context.Background()
	rm := w.south.newRoom(w.roomID)
	rm.nid, rm.format = w.south.nids.room.Next(), formats[w.join.Version]
	b := newBatch(rm)
	defer b.end()
	b.created = true
	w.admitAfterGap(b, w.join)
	require.NoError(w.t, b.finish())
	require.NoError(w.t, rm.commit(b))
	require.NoError(w.t, w.south.do(ctx, w.roomID, true, func(b *batch) error {
		w.admitAfterGap(b, w.last)
		return nil
	}))
}

func (w *twoNodes) admitAfterGap(b *batch, ev *Event) {
	ctx := context.Background()
	state, err := w.north.StateAt(ctx, ev.StateBefore, nil)
	require.NoError(w.t, err)
	chain, err := w.north.authChain(ctx, append(slices.Clone(state), ev))
	require.NoError(w.t, err)
	var outliers []*incoming
	seen := map[string]bool{}
	for _, one := range append(chain, state...) {
		if !seen[one.ID] {
			seen[one.ID] = true
			in := w.parse(one.JSON)
			in.outlier = true
			outliers = append(outliers, in)
		}
	}
	for _, in := range earlierFirst(outliers, func(in *incoming) []string { return in.auth }) {
		_, err := b.admit(in)
		require.NoError(w.t, err)
	}
	var entries []resolve.Entry
	for _, one := range state {
		known, err := b.eventByID(one.ID)
		require.NoError(w.t, err)
		entries = append(entries, resolve.Entry{Key: known.KeyNID, NID: known.NID})
	}
	in := w.parse(ev.JSON)
	in.state, in.afterGap = resolve.NewState(entries), true
	admitted, err := b.admit(in)
	require.NoError(w.t, err)
	require.Equal(w.t, Accepted, admitted.Outcome)
}

// answer lets north answer what south asks.
func (w *twoNodes) answer() {
	ctx := context.Background()
	f := w.south.remote
	f.backfill = func(_, roomID string, from []string, limit int) ([][]byte, error) {
		events, err := w.north.ServeBackfill(ctx, "south.example", roomID, from, limit)
		return jsons(events), err
	}
	f.stateIDs = func(_, roomID, eventID string) (state, auth []string, err error) {
		return w.north.ServeStateIDs(ctx, "south.example", roomID, eventID)
	}
	f.state = func(_, roomID, eventID string) (state, auth [][]byte, err error) {
		events, chain, err := w.north.ServeState(ctx, "south.example", roomID, eventID)
		return jsons(events), jsons(chain), err
	}
	f.event = func(_, eventID string) ([]byte, error) {
		ev, err := w.north.ServeEvent(ctx, "south.example", eventID)
		if err != nil {
			return nil, err
		}
		return ev.JSON, nil
	}
}

func jsons(events []*Event) [][]byte {
	var out [][]byte
	for _, ev := range events {
		out = append(out, ev.JSON)
	}
	return out
}

// history returns the ids of a node's whole history, newest first.
func (w *twoNodes) history(n *readNode, cross bool, size int) []string {
	w.t.Helper()
	var ids []string
	from := HistoryKey{Anchor: n.hub.Position()}
	for range 1000 {
		page, err := n.Timeline(context.Background(), w.roomID, from, HistoryKey{}, Backward, size, cross)
		require.NoError(w.t, err)
		ids = append(ids, eventIDs(page.Events)...)
		if page.Done || page.Gap && !cross {
			return ids
		}
		from = page.Next
	}
	require.Fail(w.t, "paging does not end")
	return nil
}

func TestBackfillBringsTheSameHistoryAsTheOtherServer(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		for _, version := range []string{"2", "10", "12"} {
			t.Run("version "+version, func(t *testing.T) {
				ctx := context.Background()
				w := newTwoNodes(t, fresh(), fresh(), version, 150)
				position := w.south.hub.Position()
				require.Equal(t, []string{w.last.ID}, w.history(w.south, false, 50), "nothing is fetched without leave")
				want := w.history(w.north, false, 50)
				require.Greater(t, len(want), 160)
				require.Equal(t, want, w.history(w.south, true, 7))
				require.Equal(t, want, w.history(w.south, false, 50), "now it is all here")

				// Sync cuts at what was fetched; only the redaction that took effect took a position.
				require.Equal(t, position+1, w.south.hub.Position())
				live, limited, prev, err := w.south.LiveTimeline(ctx, w.roomID, 0, w.south.hub.Position(), 100)
				require.NoError(t, err)
				require.True(t, limited)
				require.Equal(t, []string{w.last.ID}, eventIDs(live))
				require.Equal(t, live[0].Key.before(), prev)
				w.compareMeaning(want)
			})
		}
	})
}

// compareMeaning checks that both nodes say the same of every event: visibility, state before, redaction, membership.
func (w *twoNodes) compareMeaning(ids []string) {
	ctx := context.Background()
	north, err := w.north.EventsByID(ctx, ids)
	require.NoError(w.t, err)
	south, err := w.south.EventsByID(ctx, ids)
	require.NoError(w.t, err)
	for _, id := range ids {
		require.Equal(w.t, north[id].Visibility, south[id].Visibility, id)
		require.Equal(w.t, w.stateIDs(w.north, north[id]), w.stateIDs(w.south, south[id]), id)
		for _, user := range []string{northDoctor, northNurse, southDoctor} {
			require.Equal(w.t, w.membershipAt(w.north, user, north[id].Key), w.membershipAt(w.south, user, south[id].Key), "%s at %s", user, id)
		}
	}
	redacted, err := w.north.Redacted(ctx, ids)
	require.NoError(w.t, err)
	require.Len(w.t, redacted, 1)
	also, err := w.south.Redacted(ctx, ids)
	require.NoError(w.t, err)
	for id, by := range redacted {
		require.NotNil(w.t, also[id])
		require.Equal(w.t, by.ID, also[id].ID)
	}
}

func (w *twoNodes) stateIDs(n *readNode, ev *Event) []string {
	ctx := context.Background()
	nid, err := n.StateBefore(ctx, ev)
	if ev.IsStateOf("m.room.create", "") {
		return nil
	}
	require.NoError(w.t, err)
	state, err := n.StateAt(ctx, nid, nil)
	require.NoError(w.t, err)
	ids := eventIDs(state)
	slices.Sort(ids)
	return ids
}

func (w *twoNodes) membershipAt(n *readNode, user string, key HistoryKey) string {
	intervals, err := n.Intervals(context.Background(), w.roomID, user)
	require.NoError(w.t, err)
	at := "leave"
	for _, i := range intervals {
		if !key.Less(i.From) {
			at = i.Membership
		}
	}
	return at
}

func TestBackfillForwardAndAfterARestart(t *testing.T) {
	ctx := context.Background()
	w := newTwoNodes(t, sqldbtest.SQLite(t), sqldbtest.SQLite(t), "12", 120)
	want := w.history(w.north, false, 50)
	slices.Reverse(want)
	from := w.south.mustKey(w.join.ID)
	var got []string
	for {
		page, err := w.south.Timeline(ctx, w.roomID, from, HistoryKey{}, Forward, 50, true)
		require.NoError(t, err)
		got = append(got, eventIDs(page.Events)...)
		if page.Done {
			break
		}
		from = page.Next
	}
	require.Equal(t, want[slices.Index(want, w.join.ID)+1:], got)
}

func (n *readNode) mustKey(id string) HistoryKey {
	ev, err := n.Event(context.Background(), id)
	require.NoError(n.t, err)
	return ev.Key
}

func TestBackfillCannotBeTricked(t *testing.T) {
	ctx := context.Background()
	w := newTwoNodes(t, sqldbtest.SQLite(t), sqldbtest.SQLite(t), "11", 20)
	want := w.history(w.north, false, 100)
	oldest := w.event(want[len(want)-8])
	text := func(sender, body string) *draft {
		return &draft{typ: "m.room.message", sender: sender, content: []byte(`{"body":"` + body + `"}`)}
	}
	// What a bad server may put among the answers.
	bad := w.forge(w.north, text(northDoctor, "badly signed"), 3, []*Event{oldest})
	stray := w.forge(w.north, text(northDoctor, "nobody asked for"), 3, []*Event{oldest})
	other, err := w.north.Create(ctx, CreateRequest{Creator: northDoctor, Version: "11"})
	require.NoError(t, err)
	foreign, err := w.north.CurrentState(ctx, other)
	require.NoError(t, err)
	require.NotEmpty(t, foreign)

	honest := w.south.remote.backfill
	w.south.remote.backfill = func(server, roomID string, from []string, limit int) ([][]byte, error) {
		pdus, err := honest(server, roomID, from, limit)
		pdus = append(jsons(foreign[:1]), pdus...)
		pdus = append([][]byte{bad, stray, []byte("{"), []byte(`{"type":7}`), pdus[len(pdus)-1]}, pdus...)
		for len(pdus) < fillLimit+3 {
			pdus = append(pdus, []byte("{}"))
		}
		return pdus, err
	}
	w.south.remote.verify = func(pdu []byte) error {
		if bytes.Contains(pdu, []byte("badly signed")) {
			return errors.New("signature does not verify")
		}
		return nil
	}
	require.Equal(t, want, w.history(w.south, true, 100))
	for _, pdu := range [][]byte{bad, stray, foreign[0].JSON} {
		_, err := w.south.Event(ctx, w.parse(pdu).event.ID)
		require.ErrorIs(t, err, ErrNotFound)
	}
	for _, reason := range []string{"wrong_room", "bad_signature", "not_asked", "malformed", "too_many", "twice"} {
		require.NotZero(t, testutil.ToFloat64(w.south.read.metrics.dropped.WithLabelValues(reason)), reason)
	}
}

// TestBackfilledEventsThatAreRefusedAreNotShown puts a well signed event of a stranger, one with auth events that nobody
// has, and an event after each into north's answer.
func TestBackfilledEventsThatAreRefusedAreNotShown(t *testing.T) {
	ctx := context.Background()
	w := newTwoNodes(t, sqldbtest.SQLite(t), sqldbtest.SQLite(t), "11", 5)
	want := w.history(w.north, false, 100)
	// The last message of north that south has to fetch now follows the forged ones.
	base := w.event(w.say(northDoctor, "base"))
	refused := w.forge(w.north, &draft{typ: "m.room.message", sender: "@stranger:north.example", content: []byte(`{"body":"let me in"}`)},
		base.Depth+1, []*Event{base})
	unknown := w.parse(w.forge(w.north, &draft{typ: "m.room.message", sender: northDoctor, content: []byte(`{"body":"x"}`)}, base.Depth+1, []*Event{base}))
	orphan := bytes.Replace(unknown.event.JSON, []byte(unknown.auth[0]), []byte("$"+longText(43)), 1)
	f := formats["11"]
	top := &Event{ID: w.parse(refused).event.ID}
	orphanIn, err := f.parse(orphan)
	require.NoError(t, err)
	after := w.parse(w.forge(w.north, &draft{typ: "m.room.message", sender: northDoctor, content: []byte(`{"body":"after"}`)},
		base.Depth+2, []*Event{top, {ID: orphanIn.event.ID}}))

	state, err := w.north.StateAt(ctx, base.StateAfter, nil)
	require.NoError(t, err)
	require.NoError(t, w.south.do(ctx, w.roomID, true, func(b *batch) error {
		var entries []resolve.Entry
		for _, one := range state {
			known, err := b.eventByID(one.ID)
			if err != nil {
				return err
			}
			if known != nil {
				entries = append(entries, resolve.Entry{Key: known.KeyNID, NID: known.NID})
			}
		}
		in := *after
		in.state, in.afterGap = resolve.NewState(entries), true
		_, err := b.admit(&in)
		return err
	}))
	honest := w.south.remote.backfill
	w.south.remote.backfill = func(server, roomID string, from []string, limit int) ([][]byte, error) {
		if slices.Contains(from, top.ID) || slices.Contains(from, orphanIn.event.ID) {
			return [][]byte{refused, orphan, base.JSON}, nil
		}
		return honest(server, roomID, from, limit)
	}
	w.south.remote.stateIDs = func(_, roomID, eventID string) ([]string, []string, error) {
		if eventID == top.ID {
			return eventIDs(state), nil, nil
		}
		return w.north.ServeStateIDs(ctx, "south.example", roomID, eventID)
	}
	got := w.history(w.south, true, 100)
	require.Equal(t, append([]string{after.event.ID, base.ID}, want...), got)
	stored, err := w.south.Event(ctx, top.ID)
	require.NoError(t, err)
	require.Equal(t, Rejected, stored.Outcome)
	require.Zero(t, stored.Key)
	_, err = w.south.Event(ctx, orphanIn.event.ID)
	require.ErrorIs(t, err, ErrNotFound, "what cannot be judged is not kept as history")
}

func TestManyReadersShareOneFill(t *testing.T) {
	w := newTwoNodes(t, sqldbtest.SQLite(t), sqldbtest.SQLite(t), "12", 10)
	honest := w.south.remote.backfill
	w.south.remote.backfill = func(server, roomID string, from []string, limit int) ([][]byte, error) {
		time.Sleep(50 * time.Millisecond)
		return honest(server, roomID, from, limit)
	}
	start := HistoryKey{Anchor: w.south.hub.Position()}
	var readers sync.WaitGroup
	for range 20 {
		readers.Go(func() {
			page, err := w.south.Timeline(context.Background(), w.roomID, start, HistoryKey{}, Backward, 5, true)
			if err != nil || len(page.Events) != 5 {
				t.Errorf("%d events, %v", len(page.Events), err)
			}
		})
	}
	readers.Wait()
	require.EqualValues(t, 1, w.south.remote.calls.Load())
}

func TestAGapThatCannotBeFilledIsNotTriedAgainAtOnceAndDoesNotHoldUpClosing(t *testing.T) {
	w := newTwoNodes(t, sqldbtest.SQLite(t), sqldbtest.SQLite(t), "12", 10)
	w.south.remote.backfill = func(string, string, []string, int) ([][]byte, error) { return nil, ErrUnreachable }
	require.Equal(t, []string{w.last.ID, w.join.ID}, w.history2(t), "the join lies behind the gap and stays within reach")
	calls := w.south.remote.calls.Load()
	w.history2(t)
	require.Equal(t, calls, w.south.remote.calls.Load())

	hang := make(chan struct{})
	time.AfterFunc(150*time.Millisecond, func() { close(hang) })
	w.south.read.failures.Purge()
	w.south.remote.backfill = func(string, string, []string, int) ([][]byte, error) {
		<-hang
		return nil, ErrUnreachable
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := w.south.Timeline(ctx, w.roomID, HistoryKey{Anchor: w.south.hub.Position()}, HistoryKey{}, Backward, 10, true)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// history2 reads pages until nothing new comes.
func (w *twoNodes) history2(t *testing.T) []string {
	var ids []string
	from := HistoryKey{Anchor: w.south.hub.Position()}
	for range 10 {
		page, err := w.south.Timeline(context.Background(), w.roomID, from, HistoryKey{}, Backward, 10, true)
		require.NoError(t, err)
		ids = append(ids, eventIDs(page.Events)...)
		if page.Done || page.Next == from {
			break
		}
		from = page.Next
	}
	return ids
}

func TestEnsureEvent(t *testing.T) {
	ctx := context.Background()
	w := newTwoNodes(t, sqldbtest.SQLite(t), sqldbtest.SQLite(t), "12", 250)
	all := w.history(w.north, false, 100)
	next := w.event(all[1]) // the one that the newest gap misses
	got, err := w.south.EnsureEvent(ctx, w.roomID, next.ID)
	require.NoError(t, err)
	require.NotZero(t, got.Key, "it came with its gap and has its place")

	far := w.event(all[len(all)/2])
	got, err = w.south.EnsureEvent(ctx, w.roomID, far.ID)
	require.NoError(t, err)
	if got.Key == (HistoryKey{}) {
		require.Equal(t, Outlier, got.Outcome)
	}
	require.Equal(t, all, w.history(w.south, true, 100), "as an outlier it does not stand in the way of its place")
	got, err = w.south.EnsureEvent(ctx, w.roomID, far.ID)
	require.NoError(t, err)
	require.NotZero(t, got.Key)

	_, err = w.south.EnsureEvent(ctx, w.roomID, "$nobody-has-it")
	require.ErrorIs(t, err, ErrNotFound)
	_, err = w.south.EnsureEvent(ctx, "!other:north.example", far.ID)
	require.ErrorIs(t, err, ErrNotFound)
}

func TestEventNear(t *testing.T) {
	ctx := context.Background()
	b := newReadNode(t).bareRoom("!time:north.example")
	b.put(bareEvent{id: "$10", ts: 10}, bareEvent{id: "$30", ts: 30}, bareEvent{id: "$20", ts: 20}, bareEvent{id: "$25", ts: 25, outcome: Rejected})
	for _, c := range []struct {
		ts   int64
		dir  Direction
		want string
	}{{5, Forward, "$10"}, {11, Forward, "$20"}, {25, Forward, "$30"}, {25, Backward, "$20"}, {30, Backward, "$30"}, {99, Backward, "$30"}} {
		ev, err := b.EventNear(ctx, b.id, c.ts, c.dir)
		require.NoError(t, err)
		require.Equal(t, c.want, ev.ID, "%d %v", c.ts, c.dir)
	}
	_, err := b.EventNear(ctx, b.id, 31, Forward)
	require.ErrorIs(t, err, ErrNotFound)
}

func TestEventNearAsksElsewhereWhileThereAreGaps(t *testing.T) {
	ctx := context.Background()
	w := newTwoNodes(t, sqldbtest.SQLite(t), sqldbtest.SQLite(t), "12", 5)
	all := w.history(w.north, false, 100)
	target := w.event(all[2])
	lie, asked := int64(0), 0
	w.south.remote.near = func(_, _ string, ts int64, dir string) (string, int64, error) {
		asked++
		if lie != 0 {
			return w.event(all[len(all)-1]).ID, ts + lie, nil // the create event, said to be close by
		}
		return target.ID, target.OriginServerTS, nil
	}
	_, err := w.south.EventNearHere(ctx, w.roomID, w.last.OriginServerTS, Forward)
	require.NoError(t, err)
	require.Zero(t, asked, "what another server asks is answered from here alone")
	ev, err := w.south.EventNear(ctx, w.roomID, target.OriginServerTS, Forward)
	require.NoError(t, err)
	require.LessOrEqual(t, ev.OriginServerTS-target.OriginServerTS, w.last.OriginServerTS-target.OriginServerTS)
	lie = 1
	ev, err = w.south.EventNear(ctx, w.roomID, w.last.OriginServerTS+0, Forward)
	require.NoError(t, err)
	require.GreaterOrEqual(t, ev.OriginServerTS, w.last.OriginServerTS)
}
