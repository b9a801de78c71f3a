package sync

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

const lazyFilter = `{"room":{"timeline":{"limit":3},"state":{"lazy_load_members":true}}}`

func membersIn(s gjson.Result, name string) []string {
	out := []string{}
	for _, ev := range s.Get(name + ".events").Array() {
		if ev.Get("type").Str == memberType {
			out = append(out, ev.Get("state_key").Str)
		}
	}
	return sorted(out)
}

func lazyWorld(t *testing.T) (*world, *modelRoom, *client) {
	w := newWorld(t)
	room := w.newRoom(alice)
	for _, user := range []string{bob, carol, "@d:a", "@e:a", "@f:a", "@g:a", "@h:a", "@i:a"} {
		w.member(room, user, user, "join")
	}
	for range 3 {
		w.say(room, alice, "x")
	}
	return w, room, w.client(w.handler(0), bob, "filter", lazyFilter)
}

func TestLazyLoadingSendsTheMembersThatAreNeeded(t *testing.T) {
	w, room, c := lazyWorld(t)
	c.sync()
	s := c.section("join", room)
	require.Contains(t, membersIn(s, "state"), alice, "the sender")
	require.Contains(t, membersIn(s, "state"), bob, "the user's own")
	require.NotContains(t, membersIn(s, "state"), "@i:a")
	require.Len(t, s.Get(`summary.m\.heroes`).Array(), 5)
	for _, hero := range s.Get(`summary.m\.heroes`).Array() {
		require.Contains(t, membersIn(s, "state"), hero.Str)
	}
	w.say(room, alice, "again")
	w.say(room, "@i:a", "new here")
	c.sync()
	require.Equal(t, []string{"@i:a"}, membersIn(c.section("join", room), "state"), "alice was sent, and the token proves it")
}

func TestAnAnswerThatWasLostMakesNoMemberRedundant(t *testing.T) {
	w, room, c := lazyWorld(t)
	c.sync()
	w.say(room, "@i:a", "hello")
	for range 2 { // the first answer never arrives
		answer, err := c.request(c.since)
		require.NoError(t, err)
		require.Equal(t, []string{"@i:a"}, membersIn(answer.Get("rooms.join."+escaped(room.id)), "state"))
	}
	c.sync()
	w.say(room, "@i:a", "again")
	c.sync()
	require.Empty(t, membersIn(c.section("join", room), "state"))
}

func TestAnOlderTokenForgetsWhatWasSent(t *testing.T) {
	w, room, c := lazyWorld(t)
	c.sync()
	old := c.since
	w.say(room, "@i:a", "hello")
	c.sync()
	w.say(room, "@i:a", "again")
	c.sync()
	answer, err := c.request(old)
	require.NoError(t, err)
	require.Equal(t, []string{"@i:a"}, membersIn(answer.Get("rooms.join."+escaped(room.id)), "state"))
}

func TestRedundantMembersComeWhenAsked(t *testing.T) {
	w, room, _ := lazyWorld(t)
	c := w.client(w.handler(0), bob, "filter", `{"room":{"state":{"lazy_load_members":true,"include_redundant_members":true}}}`)
	c.sync()
	w.say(room, alice, "again")
	c.sync()
	require.Equal(t, []string{alice}, membersIn(c.section("join", room), "state"))
}

func TestAChangedMemberIsSentAgainAndTheGapsMembersAlways(t *testing.T) {
	w, room, c := lazyWorld(t)
	c.sync()
	w.state(room, memberType, alice, alice, `{"membership":"join","displayname":"Dr. Alice"}`)
	w.member(room, "@h:a", "@h:a", "leave")
	for range 5 {
		w.say(room, carol, "x")
	}
	c.sync()
	require.Subset(t, membersIn(c.section("join", room), "state"), []string{alice, "@h:a"}, "changes in the gap are not lost")
}

func TestIdleTokensKeepWhatWasSent(t *testing.T) {
	w, room, c := lazyWorld(t)
	c.sync()
	c.sync("timeout", "10")
	c.sync("timeout", "0")
	w.say(room, alice, "again")
	c.sync()
	require.Empty(t, membersIn(c.section("join", room), "state"))
}

func TestLazyStateAfterBringsTheMembersOfTheTimeline(t *testing.T) {
	w, room, _ := lazyWorld(t)
	c := w.client(w.handler(0), bob, "filter", lazyFilter, "use_state_after", "true")
	c.sync()
	changed := w.state(room, memberType, "@i:a", "@i:a", `{"membership":"join","displayname":"I"}`)
	w.say(room, "@i:a", "x")
	c.sync()
	require.Equal(t, []string{changed.ID}, ids(c.section("join", room).Get("state_after.events").Array()))
}

func TestMembersThatChangedWhileTheUserWasAwayAreSentOnReturn(t *testing.T) {
	w, room, c := lazyWorld(t)
	w.say(room, "@i:a", "hello")
	c.sync()
	w.member(room, bob, bob, "leave")
	gone := w.member(room, "@i:a", "@i:a", "leave")
	w.member(room, bob, bob, "join")
	for range 5 {
		w.say(room, alice, "x")
	}
	c.sync()
	require.Equal(t, gone.ID, c.joined[room.id][stateKeyOf(memberType, "@i:a")])
}
