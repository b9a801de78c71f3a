package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/rooms/resolve"
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

func (n *readNode) mustKey(id string) HistoryKey {
	ev, err := n.Event(context.Background(), id)
	require.NoError(n.t, err)
	return ev.Key
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
