package rooms

import (
	"crypto/rand"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sticks makes a sticky event of the ghost on top of others, with the auth events of the time when they were the tips.
func (h *ward) sticks(prev, auth []*Event) *Event {
	d := &draft{typ: "org.matrix.msc4143.rtc.member", sender: h.ghost, content: []byte(`{"msc4354_sticky_key":"` + rand.Text() + `"}`), sticky: time.Hour}
	return h.forge(h.n, d, h.roomID, prev, auth)
}

func (h *ward) ghostAuth() []*Event {
	return h.n.authFor(h.roomID, &draft{typ: "m.room.message", sender: h.ghost, content: []byte("{}")})
}

// forgeNextHere is forgeNext of an event that north takes.
func (h *ward) forgeNextHere(d *draft) *Event {
	h.t.Helper()
	ev := h.forgeNext(d)
	require.Nil(h.t, h.n.receive(north, ev)[0].Err)
	h.n.settle()
	return ev
}

// ghostIs changes the ghost's membership by the creator and tells south.
func (h *ward) ghostIs(membership string) {
	require.NoError(h.t, h.n.member(h.roomID, h.n.user("creator"), h.ghost, membership))
	h.tell(h.n.tips(h.roomID)...)
}

func (h *ward) ghostJoins() *Event {
	join := h.forgeNextHere(&draft{typ: "m.room.member", stateKey: &h.ghost, sender: h.ghost, content: []byte(`{"membership":"join"}`)})
	h.tell(join)
	return join
}

func (h *ward) tell(events ...*Event) {
	h.t.Helper()
	for _, result := range h.s.receive(north, events...) {
		require.Nil(h.t, result.Err)
	}
	h.s.settle() // a busy machine leaves them to the inbox
}

// stuck returns south's sticky events of the room by id.
func (h *ward) stuck() map[string]Sticky {
	found := map[string]Sticky{}
	for _, s := range h.s.Stickies(h.roomID, 0, math.MaxInt64) {
		found[s.EventID] = s
	}
	return found
}

func TestARefusedStickyEventIsAcceptedWhenItsSenderJoins(t *testing.T) {
	for _, version := range []string{"1", "10", "12"} {
		t.Run(version, func(t *testing.T) {
			h := newWard(t, version)
			before, auth := h.n.tips(h.roomID), h.ghostAuth()
			early := h.sticks(before, auth)
			plain := h.says("not sticky", before...)
			h.ghostIs("leave")
			h.tell(early, plain)
			require.Equal(t, SoftFailed, h.s.outcome(early.ID))
			require.Equal(t, SoftFailed, h.s.outcome(plain.ID))
			require.Empty(t, h.stuck())
			until := h.s.count(`SELECT expires FROM sticky_events WHERE event_id = $1`, early.ID)

			h.s.restart()
			h.n.say(h.roomID, h.n.user("creator"), "nothing of the ghost changes")
			h.tell(h.n.tips(h.roomID)...)
			require.Empty(t, h.stuck())
			join := h.ghostJoins()
			got := h.s.event(early.ID)
			require.Equal(t, Accepted, got.Outcome)
			require.Greater(t, got.Position, h.s.event(join.ID).Position, "it comes after the join")
			require.Equal(t, got.Position, h.stuck()[early.ID].Position)
			require.EqualValues(t, until, h.s.StickyUntil(got.NID), "it was sticky since it came, not since the join")
			require.Equal(t, SoftFailed, h.s.outcome(plain.ID), "others stay refused")
			require.Equal(t, []string{join.ID}, idsOf(h.s.tips(h.roomID)), "it is behind what came since")

			h.s.restart()
			require.Contains(t, h.stuck(), early.ID)
			require.Equal(t, Accepted, h.s.outcome(early.ID))
			require.Equal(t, 1, h.s.count(`SELECT COUNT(*) FROM sticky_events`))
			require.Empty(t, h.s.refused.byRoom)
		})
	}
}

func TestABannedUsersStickyEventsAreNeverRaised(t *testing.T) {
	h := newWard(t, "12")
	before, auth := h.n.tips(h.roomID), h.ghostAuth()
	banned, redacted := h.sticks(before, auth), h.sticks(before, auth)
	h.ghostIs("ban")
	h.tell(banned, redacted)
	require.Equal(t, SoftFailed, h.s.outcome(banned.ID))

	creator := h.n.user("creator")
	h.n.join(h.roomID, h.n.user("new"))
	h.tell(h.n.tips(h.roomID)...)
	h.tell(h.n.state(h.roomID, creator, "m.room.power_levels", "", `{"events_default":0,"ban":40}`))
	join := h.forge(h.n, &draft{typ: "m.room.member", stateKey: &h.ghost, sender: h.ghost, content: []byte(`{"membership":"join"}`)},
		h.roomID, before, auth)
	h.tell(join) // from before the ban, which it does not undo
	require.Equal(t, "ban", h.s.snap(h.roomID).Membership(h.ghost))
	h.tell(banned) // and offered again
	require.Equal(t, SoftFailed, h.s.outcome(banned.ID))
	require.Empty(t, h.stuck())

}

func TestNothingRedactedIsRaisedNorWhileItsServerIsShutOut(t *testing.T) {
	h := newWard(t, "12")
	before, auth := h.n.tips(h.roomID), h.ghostAuth()
	refused, redacted := h.sticks(before, auth), h.sticks(before, auth)
	h.ghostIs("leave")
	h.tell(refused, redacted)
	creator := h.n.user("creator")
	h.tell(h.forgeNextHere(&draft{typ: "m.room.redaction", sender: creator, content: []byte(`{"redacts":"` + redacted.ID + `"}`)}))
	h.tell(h.n.state(h.roomID, creator, "m.room.server_acl", "", `{"allow":["*"],"deny":["`+ghostServer+`"]}`))
	h.tell(h.forgeNextHere(&draft{typ: "m.room.member", stateKey: &h.ghost, sender: h.ghost, content: []byte(`{"membership":"join"}`)}))
	require.Equal(t, "join", h.s.snap(h.roomID).Membership(h.ghost))
	require.Empty(t, h.stuck())

	h.tell(h.n.state(h.roomID, creator, "m.room.server_acl", "", `{"allow":["*"]}`))
	require.Contains(t, h.stuck(), refused.ID)
	require.NotContains(t, h.stuck(), redacted.ID)
	require.Equal(t, SoftFailed, h.s.outcome(redacted.ID))
}

func TestAStickyEventIsRaisedWhenForksMeet(t *testing.T) {
	// Bob removes the ghost while Alice removes Bob: whoever heard of Bob first refused the ghost's event.
	h := newWard(t, "12")
	creator, bob := h.n.user("creator"), "@bob:"+ghostServer
	join := &draft{typ: "m.room.member", stateKey: &bob, sender: bob, content: []byte(`{"membership":"join"}`)}
	h.tell(h.forgeNextHere(join))
	h.tell(h.n.state(h.roomID, creator, "m.room.power_levels", "", `{"users":{"`+bob+`":50}}`))
	before, auth := h.n.tips(h.roomID), h.ghostAuth()
	kick := &draft{typ: "m.room.member", stateKey: &h.ghost, sender: bob, content: []byte(`{"membership":"leave"}`)}
	byBob := h.forge(h.n, kick, h.roomID, before, h.n.authFor(h.roomID, kick))
	require.NoError(t, h.n.member(h.roomID, creator, bob, "ban"))
	byAlice := h.n.tips(h.roomID)

	h.tell(byBob)
	early := h.sticks(before, auth)
	h.tell(early)
	require.Equal(t, SoftFailed, h.s.outcome(early.ID))
	h.tell(byAlice...)
	require.Equal(t, "join", h.s.snap(h.roomID).Membership(h.ghost), "the ban comes before what the banned did")
	require.Contains(t, h.stuck(), early.ID)
}

func TestRefusedStickyEventsAreBounded(t *testing.T) {
	h := newWard(t, "12")
	before, auth := h.n.tips(h.roomID), h.ghostAuth()
	var many []*Event
	for range refusedStickies.user + 5 {
		many = append(many, h.sticks(before, auth))
	}
	h.ghostIs("leave")
	h.tell(many...)
	require.Equal(t, refusedStickies.user, h.s.count(`SELECT COUNT(*) FROM sticky_events`))
	h.ghostJoins()
	require.Len(t, h.stuck(), refusedStickies.user)
	require.Empty(t, h.s.refused.byRoom)
}
