package sync

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/stream"
)

func TestEphemeralAndAccountData(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	w.member(room, bob, bob, "join")
	ev := w.say(room, alice, "x")
	c := w.client(w.handler(0), bob)
	c.sync()
	w.types(room, alice)
	w.receipt(room, alice, "m.read", ev)
	w.receipt(room, bob, "m.read.private", ev)
	w.receipt(room, alice, "m.read.private", ev)
	w.setData(bob, "", "m.direct", `{"x":1}`)
	w.setData(bob, room.id, "m.tag", `{"tags":{}}`)
	c.sync()
	s := c.section("join", room)
	require.Equal(t, `{"content":{"user_ids":["@alice:a"]},"type":"m.typing"}`, s.Get("ephemeral.events.0").Raw)
	receipt := s.Get(`ephemeral.events.1.content.` + escaped(ev.ID))
	require.Equal(t, int64(5), receipt.Get(`m\.read.`+escaped(alice)+".ts").Int())
	require.True(t, receipt.Get(`m\.read\.private.`+escaped(bob)).Exists())
	require.False(t, receipt.Get(`m\.read\.private.`+escaped(alice)).Exists(), "another's private receipt")
	require.Equal(t, "m.tag", s.Get("account_data.events.0.type").Str)
	require.Equal(t, "m.direct", c.last.Get("account_data.events.0.type").Str)
	w.types(room)
	c.sync()
	require.Equal(t, `{"content":{"user_ids":[]},"type":"m.typing"}`, c.section("join", room).Get("ephemeral.events.0").Raw)
}

// CORE 3: typing takes 1001 in memory, a client stores it, kill -9, the counter reloads at 1000, the next event gets 1001
// and is never seen. Here the sequences are apart, and a token of another start gets all that is ephemeral again.
func TestTypingTakes1001InMemoryAndTheNextEventIsStillSeenAfterARestart(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	w.member(room, bob, bob, "join")
	c := w.client(w.handler(0), bob)
	c.sync()
	for range 10 {
		w.types(room, alice)
	}
	c.sync()

	// The process after the restart has another epoch and counts from the beginning.
	w.hubs = []*stream.Hub{stream.New(w.db, stream.Options{})}
	c.h = w.handler(0)
	w.types(room, alice)
	ev := w.say(room, alice, "seen")
	c.sync()
	s := c.section("join", room)
	require.Equal(t, []string{ev.ID}, ids(s.Get("timeline.events").Array()))
	require.Equal(t, alice, s.Get("ephemeral.events.0.content.user_ids.0").Str, "ephemeral again")
}

func TestToDeviceMessagesComeInHundredsAndTheTokenSaysSo(t *testing.T) {
	w := newWorld(t)
	c := w.client(w.handler(0), bob)
	c.sync()
	for i := range 250 {
		w.tell(bob, "D"+bob, fmt.Sprint(i))
	}
	var got []string
	for range 4 {
		c.sync()
		for _, m := range c.last.Get("to_device.events").Array() {
			got = append(got, m.Get("content.n").Str)
		}
		require.LessOrEqual(t, len(c.last.Get("to_device.events").Array()), 100)
	}
	require.Len(t, got, 250)
	require.Equal(t, "249", got[249])
	require.Equal(t, w.toDevice[bob+"D"+bob][249].position, w.acked[bob+"D"+bob], "acknowledged by the next request")
	since := c.since
	answer, err := c.request(since)
	require.NoError(t, err)
	require.Empty(t, answer.Get("to_device.events").Array())
}

func TestDeviceListsAndKeyCounts(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	w.member(room, bob, bob, "join")
	c := w.client(w.handler(0), bob)
	c.sync()
	require.Equal(t, int64(50), c.last.Get("device_one_time_keys_count.signed_curve25519").Int())
	require.Equal(t, "signed_curve25519", c.last.Get("device_unused_fallback_key_types.0").Str)
	w.changeKeys(alice, room)
	c.sync()
	require.Equal(t, alice, c.last.Get("device_lists.changed.0").Str)
	require.False(t, c.section("join", room).Exists())
}

func TestUnreadCountsFollowTheAnswer(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	w.member(room, bob, bob, "join")
	w.say(room, alice, "x")
	c := w.client(w.handler(0), bob)
	c.sync()
	require.Equal(t, int64(1), c.section("join", room).Get("unread_notifications.notification_count").Int())
}

func TestDeviceListsDoNotDependOnTheRoomsOfTheFilter(t *testing.T) {
	w := newWorld(t)
	room, other := w.newRoom(alice), w.newRoom(alice)
	w.member(room, bob, bob, "join")
	w.member(other, bob, bob, "join")
	c := w.client(w.handler(0), bob, "filter", fmt.Sprintf(`{"room":{"rooms":[%q]}}`, other.id))
	c.sync()
	w.changeKeys(alice, room)
	c.sync()
	require.Equal(t, alice, c.last.Get("device_lists.changed.0").Str)
}
