package rooms

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/signing"
	"medixchange/internal/stream"
	"medixchange/rooms/resolve"
)

// foreign writes an event as another server would, on top of prev.
func (n *testNode) foreign(roomID string, prev []*Event, sender, typ string, stateKey *string, content string, auth ...*Event) *incoming {
	n.t.Helper()
	s := n.snap(roomID)
	f := formats[s.Version]
	canonical, err := f.canonicalContent([]byte(content))
	require.NoError(n.t, err)
	d := &draft{typ: typ, stateKey: stateKey, sender: sender, content: canonical, ts: time.Now().UnixMilli()}
	var prevs, auths []reference
	depth := int64(0)
	for _, p := range prev {
		prevs = append(prevs, reference{p.NID, p.ID})
		depth = max(depth, p.Depth)
	}
	if auth == nil {
		needed, err := resolve.NeededAuth(s.Version, typ, stateKey, sender, canonical)
		require.NoError(n.t, err)
		for _, key := range needed {
			if ev, err := n.StateEntryAt(context.Background(), prev[0].StateAfter, key.Type, key.Key); err == nil {
				auth = append(auth, ev)
			}
		}
	}
	for _, a := range auth {
		auths = append(auths, reference{a.NID, a.ID})
	}
	key, err := signing.GenerateKey()
	require.NoError(n.t, err)
	signer := &signing.Signer{ServerName: serverOf(sender), Key: key}
	ev, err := f.build(d, roomID, depth+1, prevs, auths, func(reference) (string, error) { return "AAAA", nil }, signer)
	require.NoError(n.t, err)
	in, err := f.parse(ev.JSON)
	require.NoError(n.t, err)
	return in
}

func (n *testNode) admit(roomID string, in *incoming) (*Event, error) {
	var admitted *Event
	err := n.do(context.Background(), roomID, true, func(b *batch) (err error) {
		admitted, err = b.admit(in)
		return err
	})
	return admitted, err
}

func (n *testNode) last(roomID string) *Event {
	n.t.Helper()
	s := n.snap(roomID)
	ev, err := n.eventOf(context.Background(), s.Extremities[len(s.Extremities)-1])
	require.NoError(n.t, err)
	return ev
}

// strangerIn makes a public room with a member of another server and returns the room and its newest event.
func (n *testNode) strangerIn(version string) (roomID string, tip *Event) {
	roomID = n.publicRoom(version)
	join, err := n.admit(roomID, n.foreign(roomID, []*Event{n.last(roomID)}, stranger, "m.room.member", ptr(stranger), `{"membership":"join"}`))
	require.NoError(n.t, err)
	require.Equal(n.t, Accepted, join.Outcome)
	return roomID, join
}

func ptr(s string) *string { return &s }

func TestForksAreResolvedAndMergedWithoutAnEvent(t *testing.T) {
	for _, version := range []string{"1", "6", "11", "12"} {
		t.Run("version "+version, func(t *testing.T) {
			n := newTestNode(t)
			room, tip := n.strangerIn(version)
			// Two branches: here the doctor sets a name; elsewhere a topic was allowed to the stranger before.
			_, err := n.setState(room, doctor, "m.room.name", "", `{"name":"here"}`)
			require.NoError(t, err)
			since := n.hub.Position()
			fork := n.foreign(room, []*Event{tip}, stranger, "m.room.message", nil, `{"body":"meanwhile"}`)
			ev, err := n.admit(room, fork)
			require.NoError(t, err)
			require.Equal(t, Accepted, ev.Outcome)
			require.Len(t, n.snap(room).Extremities, 2)
			name, err := n.StateEvent(context.Background(), room, "m.room.name", "")
			require.NoError(t, err, "the merge keeps what one branch set")
			deltas, err := n.StateDeltas(context.Background(), room, since, n.hub.Position())
			require.NoError(t, err)
			require.Empty(t, deltas)
			require.NotEqual(t, n.snap(room).StateNID, ev.StateAfter, "the fork does not know the name")

			id := n.say(room, doctor, "together")
			require.ElementsMatch(t, []string{name.ID, ev.ID}, prevOf(n.event(id)))
			require.Len(t, n.snap(room).Extremities, 1)
			n.sameAfterRestart(room)
		})
	}
}

// A ban here and a name there: when the branches meet, the deltas say at which position the current state changed.
func TestMergeOfForksWritesDeltas(t *testing.T) {
	n := newTestNode(t)
	room, _ := n.strangerIn("11")
	_, err := n.setState(room, doctor, "m.room.power_levels", "", `{"users":{"`+doctor+`":100,"`+stranger+`":50},"state_default":50}`)
	require.NoError(t, err)
	tip := n.last(room)
	n.say(room, doctor, "the branch here")
	since := n.hub.Position()
	ev, err := n.admit(room, n.foreign(room, []*Event{tip}, stranger, "m.room.topic", ptr(""), `{"topic":"there"}`))
	require.NoError(t, err)
	require.Equal(t, Accepted, ev.Outcome)
	deltas, err := n.StateDeltas(context.Background(), room, since, n.hub.Position())
	require.NoError(t, err)
	require.Len(t, deltas, 1)
	require.Equal(t, [3]int64{ev.Position, 0, ev.NID}, [3]int64{deltas[0].Position, deltas[0].Old, deltas[0].New})
	n.sameAfterRestart(room)
}

func TestBannedUsersForkIsSoftFailed(t *testing.T) {
	n := newTestNode(t)
	room, tip := n.strangerIn("11")
	require.NoError(t, n.membership(room, doctor, stranger, "ban"))
	position := n.hub.Position()
	ev, err := n.admit(room, n.foreign(room, []*Event{tip}, stranger, "m.room.message", nil, `{"body":"evading"}`))
	require.NoError(t, err)
	require.Equal(t, SoftFailed, ev.Outcome)
	require.Zero(t, ev.Position)
	require.Equal(t, position, n.hub.Position(), "nobody sees it")
	require.NotContains(t, n.snap(room).Extremities, ev.NID, "nothing follows it")
	again, err := n.admit(room, n.foreign(room, []*Event{n.last(room)}, stranger, "m.room.message", nil, `{"body":"banned"}`))
	require.NoError(t, err)
	require.Equal(t, Rejected, again.Outcome)
	n.sameAfterRestart(room)
}

func TestOutlierGetsItsPlaceLater(t *testing.T) {
	n := newTestNode(t)
	room, tip := n.strangerIn("11")
	in := n.foreign(room, []*Event{tip}, stranger, "m.room.message", nil, `{"body":"early"}`)
	in.outlier = true
	first, err := n.admit(room, in)
	require.NoError(t, err)
	require.Equal(t, Outlier, first.Outcome)
	require.Zero(t, first.Position)
	in.outlier = false
	placed, err := n.admit(room, in)
	require.NoError(t, err)
	require.Equal(t, Accepted, placed.Outcome)
	require.Equal(t, first.NID, placed.NID, "identity does not change")
	require.NotZero(t, placed.Position)
	require.Equal(t, placed.Position, n.event(placed.ID).Position, "the cache has the newest form")
	n.sameAfterRestart(room)
	require.Equal(t, Accepted, n.event(placed.ID).Outcome)
	again, err := n.admit(room, in)
	require.NoError(t, err)
	require.Equal(t, placed.Position, again.Position, "once is enough")
}

func TestMissingEventsAreNamedAndNothingIsTaken(t *testing.T) {
	n := newTestNode(t)
	room, tip := n.strangerIn("11")
	in := n.foreign(room, []*Event{tip}, stranger, "m.room.message", nil, `{"body":"x"}`)
	in.prev = []string{"$unknown"}
	_, err := n.admit(room, in)
	var missing *missingError
	require.ErrorAs(t, err, &missing)
	require.Equal(t, []string{"$unknown"}, missing.ids)
	require.Zero(t, n.count(`SELECT COUNT(*) FROM events WHERE event_id = $1`, in.event.ID))
}

func TestFetchedHistoryHasAPlaceButNoPosition(t *testing.T) {
	n := newTestNode(t)
	room, tip := n.strangerIn("11")
	in := n.foreign(room, []*Event{tip}, stranger, "m.room.message", nil, `{"body":"old"}`)
	in.key = &HistoryKey{tip.Key.Anchor, -3}
	before := n.snap(room)
	ev, err := n.admit(room, in)
	require.NoError(t, err)
	require.Equal(t, Accepted, ev.Outcome)
	require.Zero(t, ev.Position)
	require.Equal(t, *in.key, n.event(ev.ID).Key)
	after := n.snap(room)
	require.Equal(t, before.Extremities, after.Extremities)
	require.Equal(t, before.BumpPosition, after.BumpPosition)
}

func TestRedactionBeforeItsTargetTakesEffectWithIt(t *testing.T) {
	n := newTestNode(t)
	room, tip := n.strangerIn("11")
	target := n.foreign(room, []*Event{tip}, stranger, "m.room.message", nil, `{"body":"oops"}`)
	redaction := n.foreign(room, []*Event{tip}, stranger, "m.room.redaction", nil, `{"redacts":"`+target.event.ID+`"}`)
	first, err := n.admit(room, redaction)
	require.NoError(t, err)
	require.Equal(t, Accepted, first.Outcome)
	redacted, err := n.Redacted(context.Background(), []string{target.event.ID})
	require.NoError(t, err)
	require.Empty(t, redacted, "its target is not here")
	n.restart()
	since := n.hub.Position()
	ev, err := n.admit(room, target)
	require.NoError(t, err)
	redacted, err = n.Redacted(context.Background(), []string{target.event.ID})
	require.NoError(t, err)
	require.Equal(t, first.ID, redacted[ev.ID].ID)
	entries, _ := n.hub.Since(RoomTopic(room), since, n.hub.Position())
	require.True(t, slices.ContainsFunc(entries, func(e stream.Entry) bool {
		red, ok := e.Value.(*Redaction)
		return ok && red.TargetID == ev.ID && red.Position == ev.Position
	}))
}

func TestAtMostTwentyPrevEvents(t *testing.T) {
	n := newTestNode(t)
	room, tip := n.strangerIn("11")
	for i := range 25 {
		_, err := n.admit(room, n.foreign(room, []*Event{tip}, stranger, "m.room.message", nil, fmt.Sprintf(`{"body":"%d"}`, i)))
		require.NoError(t, err)
	}
	require.Len(t, n.snap(room).Extremities, 25)
	require.Len(t, prevOf(n.event(n.say(room, doctor, "a"))), maxPrev)
	require.Len(t, n.snap(room).Extremities, 6)
	require.Len(t, prevOf(n.event(n.say(room, doctor, "b"))), 6)
	require.Len(t, n.snap(room).Extremities, 1)
	n.sameAfterRestart(room)
}

func TestDepthIsCapped(t *testing.T) {
	n := newTestNode(t)
	room, tip := n.strangerIn("11")
	deep := *tip
	deep.Depth = maxDepth - 1
	ev, err := n.admit(room, n.foreign(room, []*Event{&deep}, stranger, "m.room.message", nil, `{"body":"deep"}`))
	require.NoError(t, err)
	require.Equal(t, int64(maxDepth), ev.Depth)
	require.Equal(t, int64(maxDepth), n.event(n.say(room, doctor, "still speaking")).Depth)
}

func TestDestinationsAreTheServersBeforeOrAfter(t *testing.T) {
	n := newTestNode(t)
	room, _ := n.strangerIn("11")
	servers := func(id string) []string {
		set, err := n.ServerSet(context.Background(), n.event(id).Servers)
		require.NoError(t, err)
		return set
	}
	require.Equal(t, []string{"elsewhere.example"}, servers(n.say(room, doctor, "a")))
	require.NoError(t, n.membership(room, doctor, stranger, "leave"))
	kick, err := n.StateEvent(context.Background(), room, "m.room.member", stranger)
	require.NoError(t, err)
	require.Equal(t, []string{"elsewhere.example"}, servers(kick.ID), "who goes is told so")
	require.Zero(t, n.event(n.say(room, doctor, "b")).Servers)
	require.Equal(t, []string{hospital}, n.snap(room).Servers())

	var invite *Event
	require.NoError(t, n.do(context.Background(), room, false, func(b *batch) (err error) {
		invite, err = b.send(&draft{
			typ: "m.room.member", stateKey: ptr("@new:third.example"), sender: doctor, content: []byte(`{"membership":"invite"}`), ts: 1,
		}, nil)
		return err
	}))
	require.Equal(t, []string{"third.example"}, servers(invite.ID), "an invite goes to the invited user's server")
	require.NoError(t, n.membership(room, doctor, "@new:third.example", "leave"))
	withdrawn, err := n.StateEvent(context.Background(), room, "m.room.member", "@new:third.example")
	require.NoError(t, err)
	require.Equal(t, []string{"third.example"}, servers(withdrawn.ID), "and so does its end")
}
