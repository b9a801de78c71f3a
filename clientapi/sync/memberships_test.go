package sync

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNewlyJoinedRoomComesWhole(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	w.state(room, "m.room.name", alice, "", `{"name":"old"}`)
	w.say(room, alice, "before")
	c := w.client(w.handler(0), bob)
	c.sync()
	require.Empty(t, c.last.Get("rooms.join").Map())
	w.member(room, bob, bob, "join")
	c.sync()
	require.Equal(t, w.eventIDs(room), c.joined[room.id], "also state that is older than the token")
	require.Equal(t, []string{"before"}, c.bodies(room), "shared history")
	w.state(room, memberType, bob, bob, `{"membership":"join","displayname":"Bob"}`)
	c.sync()
	require.Empty(t, c.section("join", room).Get("state.events").Array(), "a new name is no new join")
}

func (w *world) eventIDs(room *modelRoom) map[string]string {
	defer w.lock()()
	out := map[string]string{}
	for k, nid := range room.current {
		out[k] = w.byNID[nid].ID
	}
	return out
}

func TestLeavingAwayAndWhatComesAfter(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	w.member(room, bob, bob, "join")
	c := w.client(w.handler(0), bob)
	c.sync()
	said := w.say(room, alice, "before the kick")
	kick := w.member(room, alice, bob, "leave")
	w.say(room, alice, "after the kick")
	c.sync()
	s := c.section("leave", room)
	require.Equal(t, []string{said.ID, kick.ID}, ids(s.Get("timeline.events").Array()))
	require.False(t, c.section("join", room).Exists())
	w.say(room, alice, "much later")
	c.sync("timeout", "0")
	require.False(t, c.section("leave", room).Exists())

	again := w.client(w.handler(0), bob)
	again.sync()
	require.False(t, again.section("leave", room).Exists())
	archive := w.client(w.handler(0), bob, "filter", `{"room":{"include_leave":true}}`)
	archive.sync()
	s = archive.section("leave", room)
	require.Equal(t, kick.ID, s.Get("timeline.events").Array()[len(s.Get("timeline.events").Array())-1].Get("event_id").Str)
	require.NotContains(t, s.Raw, "after the kick")
}

func TestJoinedAndLeftBetweenTwoTokensIsTold(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	c := w.client(w.handler(0), bob, "filter", `{"room":{"timeline":{"limit":2}}}`)
	c.sync()
	w.member(room, bob, bob, "join")
	w.say(room, alice, "hello bob")
	leave := w.member(room, bob, bob, "leave")
	c.sync()
	require.Contains(t, ids(c.section("leave", room).Get("timeline.events").Array()), leave.ID)
	require.NotEmpty(t, c.section("leave", room).Get("state.events").Array())
}

func TestInviteAndItsRejection(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	w.state(room, "m.room.name", alice, "", `{"name":"ward"}`)
	c := w.client(w.handler(0), bob)
	c.sync()
	w.member(room, alice, bob, "invite")
	c.sync()
	events := c.section("invite", room).Get("invite_state.events").Array()
	require.Equal(t, bob, events[len(events)-1].Get("state_key").Str)
	require.Contains(t, c.section("invite", room).Raw, "ward")
	reject := w.member(room, bob, bob, "leave")
	c.sync()
	s := c.section("leave", room)
	require.Equal(t, []string{reject.ID}, ids(s.Get("timeline.events").Array()))
	require.Empty(t, s.Get("state.events").Array(), "bob was never in the room")
}

func TestInviteOfAnIgnoredUserIsNotTold(t *testing.T) {
	w := newWorld(t)
	w.ignored = map[string]struct{}{alice: {}}
	room := w.newRoom(alice)
	w.member(room, alice, bob, "invite")
	c := w.client(w.handler(0), bob)
	c.sync()
	require.False(t, c.section("invite", room).Exists())
}

func TestInvitesToRoomsElsewhere(t *testing.T) {
	w := newWorld(t)
	c := w.client(w.handler(0), bob)
	c.sync()
	w.invite(bob, "!far:b", "invite")
	c.sync()
	events := c.last.Get(`rooms.invite.\!far:b.invite_state.events`).Array()
	require.Len(t, events, 2)
	require.Equal(t, "invite", events[1].Get("content.membership").Str)
	w.invite(bob, "!far:b", "leave")
	c.sync()
	require.Equal(t, "$outside", c.last.Get(`rooms.leave.\!far:b.timeline.events.0.event_id`).Str)
	fresh := w.client(w.handler(0), bob)
	fresh.sync()
	require.NotContains(t, fresh.last.Raw, "!far:b")
	archive := w.client(w.handler(0), bob, "filter", `{"room":{"include_leave":true}}`)
	archive.sync()
	require.Equal(t, "$outside", archive.last.Get(`rooms.leave.\!far:b.timeline.events.0.event_id`).Str,
		"also when the invite was withdrawn before the first answer")
	archive.sync()
	require.NotContains(t, archive.last.Raw, "!far:b")
}

func TestAcceptedInviteFromElsewhereIsNotToldAsLeft(t *testing.T) {
	w := newWorld(t)
	c := w.client(w.handler(0), bob)
	c.sync()
	room := w.newRoom(alice)
	w.invite(bob, room.id, "invite")
	w.member(room, bob, bob, "join")
	w.invite(bob, room.id, "leave")
	c.sync()
	require.True(t, c.section("join", room).Exists())
	require.False(t, c.section("leave", room).Exists())
	require.False(t, c.section("invite", room).Exists())
}

// TestWhoIsRemovedAndInvitedAgainIsToldTheInviteAlone: clients read what is left after what is invited to, and would show nothing.
func TestWhoIsRemovedAndInvitedAgainIsToldTheInviteAlone(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	w.member(room, bob, bob, "join")
	c := w.client(w.handler(0), bob)
	c.sync()
	w.member(room, alice, bob, "leave")
	w.invite(bob, room.id, "invite")
	c.sync()
	require.True(t, c.section("invite", room).Exists())
	require.False(t, c.section("leave", room).Exists())
	w.invite(bob, room.id, "leave")
	c.sync()
	require.Equal(t, "$outside", c.section("leave", room).Get("timeline.events.0.event_id").Str)
	require.False(t, c.section("invite", room).Exists())
}
