package sync

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/rooms"
)

func TestInitialSyncGivesStateTimelineAndSummary(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	w.state(room, "m.room.name", alice, "", `{"name":"ward"}`)
	w.member(room, alice, bob, "invite")
	for i := range 5 {
		w.say(room, alice, fmt.Sprint(i))
	}
	c := w.client(w.handler(0), alice, "filter", `{"room":{"timeline":{"limit":3}}}`)
	c.sync()
	s := c.section("join", room)
	require.Equal(t, []string{"2", "3", "4"}, c.bodies(room))
	require.True(t, s.Get("timeline.limited").Bool())
	require.Len(t, s.Get("state.events").Array(), 4)
	require.Equal(t, int64(1), s.Get(`summary.m\.joined_member_count`).Int())
	require.Equal(t, bob, s.Get(`summary.m\.heroes.0`).Str)
	require.False(t, s.Get("state_after").Exists())
	prev, err := ParseHistory(s.Get("timeline.prev_batch").Str, room.nid)
	require.NoError(t, err)
	require.Equal(t, rooms.HistoryKey{Anchor: room.events[5].Position + 1, Sub: -1}, prev)
}

func TestStateOfTheTimelineIsNotRepeatedInState(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	first := w.state(room, "m.room.name", alice, "", `{"name":"one"}`)
	w.say(room, alice, "x")
	second := w.state(room, "m.room.name", alice, "", `{"name":"two"}`)
	filter := `{"room":{"timeline":{"limit":2}}}`
	c := w.client(w.handler(0), alice, "filter", filter)
	c.sync()
	state := ids(c.section("join", room).Get("state.events").Array())
	require.Contains(t, state, first.ID, "as it was at the start of the timeline")
	require.NotContains(t, state, second.ID)

	after := w.client(w.handler(0), alice, "filter", filter, "use_state_after", "true")
	after.sync()
	s := after.section("join", room)
	require.False(t, s.Get("state").Exists())
	require.Contains(t, ids(s.Get("state_after.events").Array()), second.ID)
	require.NotContains(t, ids(s.Get("state_after.events").Array()), first.ID)
}

func TestLimitedTimelineBringsTheStateOfTheGap(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	c := w.client(w.handler(0), alice, "filter", `{"room":{"timeline":{"limit":2}}}`)
	c.sync()
	topic := w.state(room, "m.room.topic", alice, "", `{"topic":"in the gap"}`)
	joined := w.member(room, bob, bob, "join")
	for i := range 4 {
		w.say(room, alice, fmt.Sprint(i))
	}
	c.sync()
	s := c.section("join", room)
	require.True(t, s.Get("timeline.limited").Bool())
	require.ElementsMatch(t, []string{topic.ID, joined.ID}, ids(s.Get("state.events").Array()))
	require.Equal(t, int64(2), s.Get(`summary.m\.joined_member_count`).Int())
}

func TestMergeOfForksReachesTheClientWithoutAnEvent(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	old := w.state(room, "m.room.topic", alice, "", `{"topic":"old"}`)
	w.state(room, "m.room.topic", alice, "", `{"topic":"new"}`)
	c := w.client(w.handler(0), alice)
	c.sync()
	w.merge(room, "m.room.topic", "", old.NID)
	c.sync()
	s := c.section("join", room)
	require.Empty(t, s.Get("timeline.events").Array())
	require.Equal(t, []string{old.ID}, ids(s.Get("state.events").Array()))
}

func TestRepeatedRequestGivesTheSameOrMore(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	c := w.client(w.handler(0), alice)
	c.sync()
	w.say(room, alice, "one")
	w.tell(alice, "D"+alice, "secret")
	first, err := c.request(c.since)
	require.NoError(t, err)
	w.say(room, alice, "two")
	second, err := c.request(c.since)
	require.NoError(t, err)
	one := ids(first.Get("rooms.join." + escaped(room.id) + ".timeline.events").Array())
	two := ids(second.Get("rooms.join." + escaped(room.id) + ".timeline.events").Array())
	require.Equal(t, one, two[:1])
	require.Len(t, two, 2)
	require.Equal(t, first.Get("to_device.events").Raw, second.Get("to_device.events").Raw)
}

func TestFiltersChooseRoomsTypesAndFields(t *testing.T) {
	w := newWorld(t)
	room, other := w.newRoom(alice), w.newRoom(alice)
	topic := w.state(room, "m.room.topic", alice, "", `{"topic":"x"}`)
	w.send(room, "m.reaction", alice, nil, `{}`)
	message := w.say(room, alice, "hello")
	filter := fmt.Sprintf(`{"event_fields":["type","event_id","content.body"],"account_data":{"not_types":["m.*"]},"room":{"rooms":[%q],"timeline":{"types":["m.room.mess*"]},"state":{"types":["m.room.topic"]}}}`, room.id)
	w.setData(alice, "", "m.direct", `{}`)
	w.setData(alice, "", "org.x", `{}`)
	c := w.client(w.handler(0), alice, "filter", filter)
	c.sync()
	require.False(t, c.section("join", other).Exists())
	require.JSONEq(t, fmt.Sprintf(`[{"type":"m.room.message","event_id":%q,"content":{"body":"hello"}}]`, message.ID), c.section("join", room).Get("timeline.events").Raw)
	require.Equal(t, []string{topic.ID}, ids(c.section("join", room).Get("state.events").Array()))
	require.Equal(t, "org.x", c.last.Get("account_data.events.0.type").Str)
	require.Len(t, c.last.Get("account_data.events").Array(), 1)

	changed := w.state(room, "m.room.topic", alice, "", `{"topic":"y"}`)
	c.sync()
	require.Equal(t, []string{changed.ID}, ids(c.section("join", room).Get("state.events").Array()), "the timeline's filter hides it")
}

func TestLongPollWaitsAndWakes(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	w.member(room, bob, bob, "join")
	c := w.client(w.handler(0), bob)
	c.sync()
	time.AfterFunc(30*time.Millisecond, func() { w.say(room, alice, "wake up") })
	started := time.Now()
	c.sync("timeout", "20000")
	require.Equal(t, []string{"wake up"}, c.bodies(room))
	require.Less(t, time.Since(started), 10*time.Second)

	started = time.Now()
	before := c.since
	c.sync("timeout", "50")
	require.GreaterOrEqual(t, time.Since(started), 45*time.Millisecond)
	require.Empty(t, c.last.Get("rooms.join").Map())
	old, err := ParseToken(before)
	require.NoError(t, err)
	now, err := ParseToken(c.since)
	require.NoError(t, err)
	require.GreaterOrEqual(t, now.Position, old.Position)
}

func TestLongPollEndsWithItsRequest(t *testing.T) {
	w := newWorld(t)
	w.newRoom(bob)
	c := w.client(w.handler(0), bob)
	c.sync()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	q, err := ParseToken(c.since)
	require.NoError(t, err)
	_, err = c.h.poll(ctx, &query{device: c.device, filter: &Filter{}, stateName: "state", since: q, timeout: time.Minute}).answer(false, false)
	require.ErrorIs(t, err, context.Canceled)
}

func TestIdleSyncReadsNoSQL(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	w.member(room, bob, bob, "join")
	c := w.client(w.handler(0), bob)
	c.sync()
	w.reads = 0
	c.sync()
	require.Zero(t, w.reads)
	w.say(room, alice, "x")
	c.sync()
	require.Zero(t, w.reads, "the stream's memory has it all")
	require.Equal(t, []string{"x"}, c.bodies(room))
}

func TestFullStateComesWithAToken(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	w.state(room, "m.room.name", alice, "", `{"name":"ward"}`)
	c := w.client(w.handler(0), alice)
	c.sync()
	c.joined = map[string]map[string]string{}
	c.sync("full_state", "true", "timeout", "30000")
	require.Equal(t, w.eventIDs(room), c.joined[room.id])
	require.Empty(t, c.section("join", room).Get("timeline.events").Array())
}

func TestBadParametersAreRefused(t *testing.T) {
	w := newWorld(t)
	c := w.client(w.handler(0), bob)
	for _, params := range [][]string{
		{"since", "x"}, {"since", "s1"}, {"timeout", "abc"}, {"full_state", "maybe"}, {"set_presence", "asleep"},
		{"filter", "{"}, {"filter", `{"room":7}`}, {"filter", "unknown"}, {"filter", `{"room":{"timeline":{"limit":-1}}}`},
	} {
		_, err := c.request("", params...)
		require.Error(t, err, "%v", params)
	}
}

func TestIgnoredUsersWriteNothing(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	w.member(room, bob, bob, "join")
	c := w.client(w.handler(0), bob)
	c.sync()
	w.ignored = map[string]struct{}{alice: {}}
	w.say(room, alice, "spam")
	w.say(room, bob, "mine")
	c.sync()
	require.Equal(t, []string{"mine"}, c.bodies(room))
}

// Both ways of reading give the same bytes: from the stream's memory and from SQL.
func TestRingAndSQLGiveTheSameAnswer(t *testing.T) {
	w := newWorld(t, 0, 1)
	room, quiet := w.newRoom(alice), w.newRoom(alice)
	w.member(room, bob, bob, "join")
	w.member(quiet, bob, bob, "join")
	c := w.client(w.handler(0), bob)
	c.sync()
	since, err := ParseToken(c.since)
	require.NoError(t, err)

	ev := w.say(room, alice, "one")
	w.state(room, "m.room.topic", alice, "", `{"topic":"x"}`)
	w.state(room, "m.room.topic", alice, "", `{"topic":"y"}`)
	w.member(room, carol, carol, "join")
	w.receipt(room, alice, "m.read", ev)
	w.receipt(room, alice, "m.read", w.say(room, alice, "two"))
	w.receipt(room, bob, "m.read.private", ev)
	w.setData(bob, "", "m.direct", `{"x":1}`)
	w.setData(bob, "", "other", `{"x":1}`)
	w.setData(bob, "", "m.direct", `{"x":2}`)
	w.setData(bob, room.id, "m.tag", `{}`)
	w.tell(bob, "D"+bob, "secret")
	w.changeKeys(alice, room)
	w.merge(quiet, "m.room.topic", "", ev.NID)
	for range 50 {
		w.say(w.rooms[0], carol, "push the memory of the small ring out")
	}

	for _, params := range [][]string{{}, {"use_state_after", "true"}, {"filter", "lazy"}, {"filter", `{"room":{"timeline":{"limit":100}}}`}} {
		var bodies [2]string
		for i, hub := range w.hubs {
			w.reads = 0
			fixed := time.UnixMilli(5_000_000)
			w.now = func() time.Time { return fixed }
			client := w.client(w.handler(i), bob, params...)
			token := since
			token.Epoch, token.Ephemeral = hub.Epoch(), hub.EphemeralPosition()
			answer, err := client.request(token.String())
			require.NoError(t, err)
			bodies[i] = strings.ReplaceAll(answer.Raw, hub.Epoch(), "EPOCH")
			if i == 0 {
				require.Equal(t, 1, w.reads, "only the to-device messages are in SQL")
			} else {
				require.Greater(t, w.reads, 3)
			}
		}
		require.Equal(t, bodies[0], bodies[1], "%v", params)
		require.True(t, gjson.Get(bodies[0], "rooms.join."+escaped(quiet.id)).Exists())
	}
}

func TestStateAfterUnderItsOlderNameAndPDUs(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	c := w.client(w.handler(0), alice, "org.matrix.msc4222.use_state_after", "true", "filter", `{"event_format":"federation"}`)
	c.sync()
	s := c.section("join", room)
	require.True(t, s.Get(`org\.matrix\.msc4222\.state_after.events`).Exists())
	require.False(t, s.Get("state").Exists())
	require.Equal(t, string(room.events[0].JSON), s.Get("timeline.events.0").Raw)
}
