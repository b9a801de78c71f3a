package rooms

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/rooms/resolve"
)

// history makes random forks of a room, as users of several servers would, on a node that gets everything in order.
type history struct {
	w      *network
	oracle *netNode
	rnd    *rand.Rand
	roomID string
	users  []string
	events []*Event // as the oracle has them
	leaves map[string]*Event
	clock  int64
}

func newHistory(w *network, oracle *netNode, version string, seed uint64) *history {
	h := &history{
		w: w, oracle: oracle, rnd: rand.New(rand.NewPCG(seed, 7)), roomID: oracle.publicRoom(version), leaves: map[string]*Event{},
		users: []string{oracle.user("creator"), "@alice:ghost1.example", "@bob:ghost2.example", "@carol:ghost1.example", "@dave:ghost3.example"},
	}
	return h
}

// begin starts the forks at the room as it is now.
func (h *history) begin() {
	for _, ev := range h.oracle.tips(h.roomID) {
		h.leaves[ev.ID] = ev
		h.events = append(h.events, ev)
		h.clock = max(h.clock, ev.OriginServerTS)
	}
	for _, user := range h.users[1:] {
		h.add(h.events[len(h.events)-1:], &draft{typ: "m.room.member", stateKey: &user, sender: user, content: []byte(`{"membership":"join"}`)})
	}
	h.power(h.events[len(h.events)-1:], h.users[0], map[string]int{h.users[1]: 50, h.users[2]: 50})
}

// add makes an event on top of others and lets the oracle judge it.
func (h *history) add(prev []*Event, d *draft) *Event {
	h.w.t.Helper()
	h.clock += int64(h.rnd.IntN(3))
	d.ts = h.clock
	var made *Event
	err := h.oracle.do(context.Background(), h.roomID, true, func(b *batch) error {
		var refs, auth []reference
		depth := int64(0)
		for _, ev := range prev {
			refs = append(refs, reference{ev.NID, ev.ID})
			depth = max(depth, ev.Depth)
		}
		before, err := b.before(&incoming{prev: idsOf(prev)})
		if err != nil {
			return err
		}
		needed, err := resolve.NeededAuth(b.rm.format.version, d.typ, d.stateKey, d.sender, d.content)
		if err != nil {
			return err
		}
		find := b.finder(before)
		for _, key := range needed {
			nid, err := find(key)
			if err != nil {
				return err
			}
			if nid != 0 {
				ev, err := b.event(nid)
				if err != nil {
					return err
				}
				auth = append(auth, reference{nid, ev.ID})
			}
		}
		ev, err := b.rm.format.build(d, h.roomID, depth+1, refs, auth, b.referenceHash, h.w.signer(serverOf(d.sender)))
		if err != nil {
			return err
		}
		in, err := b.rm.format.parse(ev.JSON)
		if err != nil {
			return err
		}
		made, err = b.admit(in)
		return err
	})
	require.NoError(h.w.t, err)
	made = h.oracle.event(made.ID)
	h.events = append(h.events, made)
	for _, ev := range prev {
		delete(h.leaves, ev.ID)
	}
	h.leaves[made.ID] = made
	return made
}

func (h *history) power(prev []*Event, sender string, users map[string]int) {
	empty := ""
	content := map[string]any{"users": users, "events": map[string]int{"m.room.topic": 0}, "state_default": 50, "ban": 50, "kick": 50, "invite": 0}
	if h.oracle.snap(h.roomID).Version != "12" {
		users[h.users[0]] = 100
	}
	raw, _ := json.Marshal(content)
	canonical, err := formats["11"].canonicalContent(raw)
	require.NoError(h.w.t, err)
	h.add(prev, &draft{typ: "m.room.power_levels", stateKey: &empty, sender: sender, content: canonical})
}

// step does something at a random place near the end.
func (h *history) step() {
	prev := h.somewhere()
	sender, target := h.users[h.rnd.IntN(len(h.users))], h.users[1+h.rnd.IntN(len(h.users)-1)]
	empty := ""
	member := func(membership, who string) *draft {
		return &draft{typ: "m.room.member", stateKey: &who, sender: sender, content: []byte(`{"membership":"` + membership + `"}`)}
	}
	switch h.rnd.IntN(12) {
	case 0:
		h.add(prev, member("ban", target))
	case 1:
		h.add(prev, member("leave", target))
	case 2:
		h.add(prev, member("leave", h.users[1+h.rnd.IntN(len(h.users)-1)]))
	case 3, 4:
		h.add(prev, member("join", sender))
	case 5:
		h.add(prev, member("invite", target))
	case 6:
		h.power(prev, sender, map[string]int{h.users[1]: 50 * h.rnd.IntN(2), h.users[2]: 50 * h.rnd.IntN(2), target: 50})
	case 7:
		rule := []string{"public", "invite"}[h.rnd.IntN(2)]
		h.add(prev, &draft{typ: "m.room.join_rules", stateKey: &empty, sender: sender, content: []byte(`{"join_rule":"` + rule + `"}`)})
	case 8:
		d := &draft{typ: "m.room.redaction", sender: sender, content: []byte(`{}`)}
		redacted := h.events[h.rnd.IntN(len(h.events))].ID
		if formats[h.oracle.snap(h.roomID).Version].redactsInContent {
			d.content = []byte(`{"redacts":"` + redacted + `"}`)
		} else {
			d.redacts = redacted
		}
		h.add(prev, d)
	case 9, 10:
		h.add(prev, &draft{typ: "m.room.topic", stateKey: &empty, sender: sender, content: fmt.Appendf(nil, `{"topic":"%d"}`, len(h.events))})
	default:
		h.add(prev, &draft{typ: "m.room.message", sender: sender, content: fmt.Appendf(nil, `{"body":"%d","msgtype":"m.text"}`, len(h.events))})
	}
}

// somewhere picks the events that the next one follows: one or two leaves, or an older event, which makes a fork.
func (h *history) somewhere() []*Event {
	var leaves []*Event
	for _, ev := range h.events {
		if h.leaves[ev.ID] != nil {
			leaves = append(leaves, ev)
		}
	}
	h.rnd.Shuffle(len(leaves), func(i, j int) { leaves[i], leaves[j] = leaves[j], leaves[i] })
	if len(leaves) < 5 && h.rnd.IntN(3) == 0 {
		recent := h.events[max(0, len(h.events)-8):]
		return []*Event{recent[h.rnd.IntN(len(recent))]}
	}
	if len(leaves) > 1 && h.rnd.IntN(4) == 0 {
		return leaves[:2]
	}
	return leaves[:1]
}

// merge ends the forks with one event on top of them all.
func (h *history) merge() *Event {
	var leaves []*Event
	for _, ev := range h.events {
		if h.leaves[ev.ID] != nil {
			leaves = append(leaves, ev)
		}
	}
	return h.add(leaves, &draft{typ: "m.room.message", sender: h.users[0], content: []byte(`{"body":"merged","msgtype":"m.text"}`)})
}

// deliver hands events to a node in a random order and random transactions, leaving some out that others lead to.
func (h *history) deliver(n *netNode, rnd *rand.Rand, withhold int) []*Event {
	var sent []*Event
	for _, ev := range h.events {
		if ev.Outcome == Rejected || withhold == 0 || rnd.IntN(withhold) != 0 {
			sent = append(sent, ev)
		}
	}
	order := slices.Clone(sent)
	rnd.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	for len(order) > 0 {
		some := min(len(order), 1+rnd.IntN(8))
		for _, result := range n.receive(h.oracle.name, order[:some]...) {
			if result.Err != nil {
				require.ErrorIs(n.t, result.Err, ErrForbidden)
			}
		}
		order = order[some:]
	}
	// What was set aside for later would be tried again within minutes.
	for range 5 {
		n.settle()
		n.hurryRooms(context.Background(), "")
		n.inbox.wake()
	}
	n.settle()
	return sent
}

func TestEveryOrderLeadsToTheSameRoom(t *testing.T) {
	for _, version := range []string{"6", "10", "11", "12"} {
		for seed := range uint64(2) {
			t.Run(fmt.Sprintf("%s/%d", version, seed), func(t *testing.T) {
				everyOrder(t, func() string { return sqldbtest.SQLite(t) }, version, seed, 50)
			})
		}
	}
}

func TestEveryOrderOnEachDatabase(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) { everyOrder(t, fresh, "12", 77, 30) })
}

func everyOrder(t *testing.T, fresh func() string, version string, seed uint64, steps int) {
	w := newNetwork(t)
	oracle := w.addAt(north, fresh())
	h := newHistory(w, oracle, version, seed)
	nodes := []*netNode{w.addAt(south, fresh()), w.addAt(east, fresh())}
	for i, n := range nodes {
		n.join(h.roomID, n.user("reader"), north)
		for _, other := range nodes[:i] {
			require.NoError(t, other.receive(north, oracle.tips(h.roomID)...)[0].Err)
		}
	}
	h.begin()
	for range steps {
		h.step()
	}
	merged := h.merge()
	h.events = h.events[:len(h.events)-1]
	require.Equal(t, []string{merged.ID}, idsOf(oracle.tips(h.roomID)))
	require.Equal(t, oracle.after(merged.ID), oracle.current(h.roomID))
	for i, n := range nodes {
		sent := h.deliver(n, rand.New(rand.NewPCG(seed, uint64(i))), 4*i)
		require.NoError(t, n.receive(north, merged)[0].Err)
		n.settle()
		require.Equal(t, Accepted, n.outcome(merged.ID))
		n.fillGaps(h.roomID) // events that were left out show how the forks hang together
		for _, ev := range sent {
			require.Equal(t, ev.Outcome == Rejected, n.outcome(ev.ID) == Rejected, "%s %s %s: %s here, %s there", ev.Type, ev.ID, ev.JSON, n.outcome(ev.ID), ev.Outcome)
			require.NotEqual(t, Awaiting, n.outcome(ev.ID))
		}
		for _, ev := range append(slices.Clone(sent), merged) {
			require.Equal(t, oracle.after(ev.ID), n.after(ev.ID), "state after %s of node %d", ev.ID, i)
		}
		require.Equal(t, n.after(merged.ID), n.current(h.roomID), "node %d", i)
		require.Equal(t, oracle.current(h.roomID), n.current(h.roomID), "node %d", i)
		require.Equal(t, []string{merged.ID}, idsOf(n.tips(h.roomID)), "node %d", i)
		n.requireConsistent(h.roomID)
	}
	oracle.requireConsistent(h.roomID)
}

// fillGaps fetches what the room's gaps miss, down to the event by which the node joined.
func (n *netNode) fillGaps(roomID string) {
	n.t.Helper()
	ref, err := n.roomRef(context.Background(), roomID)
	require.NoError(n.t, err)
	for range 100 {
		gaps, err := n.openGaps(context.Background(), ref.nid, 100)
		require.NoError(n.t, err)
		if len(gaps) <= 1 {
			return
		}
		require.NoError(n.t, n.fillGap(context.Background(), ref, &gaps[0]))
	}
}

// after returns the state after an event, as current does; nil if it is not known.
func (n *netNode) after(id string) map[string]string {
	n.t.Helper()
	nid, err := n.StateAfter(context.Background(), n.event(id))
	require.NoError(n.t, err)
	events, err := n.StateAt(context.Background(), nid, nil)
	require.NoError(n.t, err)
	state := map[string]string{}
	for _, ev := range events {
		state[ev.Type+"|"+*ev.StateKey] = ev.ID
	}
	return state
}

// requireConsistent compares what is kept beside the state with it, and with what a new start reads.
func (n *netNode) requireConsistent(roomID string) {
	n.t.Helper()
	snap := n.snap(roomID)
	joined := 0
	var servers []string
	snap.EachMember(func(user, membership string, nid int64) bool {
		ev, err := n.eventByNID(context.Background(), nid)
		require.NoError(n.t, err)
		require.Equal(n.t, ev.Membership(), membership)
		require.Equal(n.t, 1, n.count(`SELECT COUNT(*) FROM memberships WHERE room_nid = $1 AND user_id = $2 AND event_nid = $3 AND membership = $4`,
			snap.RoomNID, user, nid, membership))
		if membership == "join" {
			joined++
			servers = append(servers, serverOf(user))
		}
		intervals, err := n.Intervals(context.Background(), roomID, user)
		require.NoError(n.t, err)
		require.Equal(n.t, membership, intervals[len(intervals)-1].Membership, "the last interval of %s", user)
		return true
	})
	slices.Sort(servers)
	require.Equal(n.t, joined, snap.Joined)
	require.Equal(n.t, slices.Compact(servers), snap.Servers())
	n.requireDeltasAddUp(roomID)
	state := n.current(roomID)
	n.restart()
	require.Equal(n.t, state, n.current(roomID))
}

// requireDeltasAddUp replays the room's state deltas.
func (n *netNode) requireDeltasAddUp(roomID string) {
	n.t.Helper()
	snap := n.snap(roomID)
	deltas, err := n.selectDeltas(context.Background(), snap.RoomNID, 0, n.db.Position())
	require.NoError(n.t, err)
	replayed := map[string]int64{}
	for _, d := range deltas {
		place := d.Type + "|" + d.StateKey
		require.Equal(n.t, replayed[place], d.Old, "what the delta of %s at %d replaces", place, d.Position)
		if replayed[place] = d.New; d.New == 0 {
			delete(replayed, place)
		}
	}
	want := map[string]int64{}
	snap.EachState(func(typ, key string, nid int64) bool { want[typ+"|"+key] = nid; return true })
	snap.EachMember(func(user, _ string, nid int64) bool { want["m.room.member|"+user] = nid; return true })
	require.Equal(n.t, want, replayed)
}
