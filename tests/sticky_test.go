package tests

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/testhospital"
)

// stick sends a sticky event and returns its id.
func stick(u *testhospital.User, room, typ, key, duration string) string {
	path := v3 + "/rooms/" + url.PathEscape(room) + "/send/" + typ + "/" + rand.Text() + "?org.matrix.msc4354.sticky_duration_ms=" + duration
	return u.Must(http.MethodPut, path, map[string]any{"msc4354_sticky_key": key}).Get("event_id").Str
}

// stuck are the sticky events of a room in an answer, by id.
func stuck(sync gjson.Result, room string) map[string]gjson.Result {
	found := map[string]gjson.Result{}
	for _, ev := range sync.Get("rooms.join").Map()[room].Get("msc4354_sticky.events").Array() {
		found[ev.Get("event_id").Str] = ev
	}
	return found
}

func TestAServerThatJoinsLaterGetsWhatIsSticky(t *testing.T) {
	a, b := twoHospitals(t)
	ana, bo := a.User("ana"), b.User("bo")
	room := ana.CreateRoom(testhospital.Room{Preset: "private_chat", State: []map[string]any{
		{"type": "m.room.history_visibility", "content": map[string]string{"history_visibility": "joined"}},
	}})
	member := stick(ana, room, "org.matrix.msc4143.rtc.member", "m1", "3600000")
	for i := range 30 {
		ana.Say(room, "message "+strconv.Itoa(i))
	}
	ana.Invite(room, bo.ID)
	bo.WaitForInvite(room)
	bo.Join(room, a.Name)

	got := gjson.Result{}
	bo.WaitUntil("the sticky event from before the join", func(sync gjson.Result) bool {
		if ev, ok := stuck(sync, room)[member]; ok {
			got = ev
		}
		for _, ev := range testhospital.Timeline(sync, room) {
			if ev.Get("event_id").Str == member {
				got = ev
			}
		}
		return got.Exists()
	})
	require.EqualValues(t, 3600000, got.Get("msc4354_sticky.duration_ms").Int(), got.Raw)
	require.Positive(t, got.Get("unsigned.msc4354_sticky_duration_ttl_ms").Int())
	require.Equal(t, "m1", got.Get("content.msc4354_sticky_key").Str)

	// What comes while both are there is in the timeline, once.
	next := stick(ana, room, "org.matrix.msc4143.rtc.member", "m1", "3600000")
	answer := bo.WaitFor(room, next)
	require.EqualValues(t, 3600000, answer.Get("msc4354_sticky.duration_ms").Int())
}

// TestAServerThatJoinsJustBeforeARestartGetsWhatIsSticky: the node ends before it has sent what is sticky to the server that joined.
func TestAServerThatJoinsJustBeforeARestartGetsWhatIsSticky(t *testing.T) {
	a, b := twoHospitals(t)
	ana, bo := a.User("ana"), b.User("bo")
	room := ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	member := stick(ana, room, "org.matrix.msc4143.rtc.member", "m1", "3600000")
	for i := range 30 {
		ana.Say(room, "message "+strconv.Itoa(i))
	}
	bo.Join(room, a.Name)
	a.Restart()
	bo.WaitUntil("the sticky event from before the join", func(sync gjson.Result) bool {
		for _, ev := range testhospital.Timeline(sync, room) {
			if ev.Get("event_id").Str == member {
				return true
			}
		}
		return stuck(sync, room)[member].Exists()
	})
}

func TestStickyEventsReachClientsWhateverTheTimelineLimit(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) { sticksAcrossLimits(t, on(fresh)) })
}

func sticksAcrossLimits(t *testing.T, on testhospital.Option) {
	h := testhospital.Start(t, on)
	ana, bo := h.User("ana"), h.User("bo")
	room := ana.CreateRoom(testhospital.Room{Preset: "public_chat", State: []map[string]any{
		{"type": "m.room.history_visibility", "content": map[string]string{"history_visibility": "joined"}},
	}})
	first := stick(ana, room, "org.example.location", "k", "3600000")
	taken := stick(ana, room, "org.example.location", "k2", "3600000")
	gone := stick(ana, room, "org.example.location", "k3", "0") // never sticky
	path := v3 + "/rooms/" + url.PathEscape(room) + "/redact/" + url.PathEscape(taken) + "/r1"
	ana.Must(http.MethodPut, path, map[string]any{})
	bo.Join(room)
	since := bo.Sync(0)
	require.Contains(t, stuck(since, room), first, "also from before the join")
	require.NotContains(t, stuck(since, room), taken, "a redacted event is one like others")
	require.NotContains(t, stuck(since, room), gone)

	second := stick(ana, room, "org.example.location", "k", "600000")
	for range 25 {
		ana.Say(room, "more than the limit")
	}
	last := stick(ana, room, "org.example.location", "k", "600000")
	answer := bo.Sync(0)
	require.True(t, answer.Get("rooms.join").Map()[room].Get("timeline.limited").Bool())
	require.Contains(t, stuck(answer, room), second)
	require.NotContains(t, stuck(answer, room), last, "it is in the timeline")
	require.NotContains(t, stuck(answer, room), first, "clients learn of it once")
	require.Empty(t, stuck(bo.Sync(0), room))

	h.Restart()
	all := bo.Must(http.MethodGet, v3+"/sync?filter="+url.QueryEscape(`{"room":{"timeline":{"limit":1,"not_types":["org.example.location"]}}}`), nil)
	require.Len(t, stuck(all, room), 3, "the three that are sticky, filtered out of the timeline, after a restart")

	status, refused := ana.Do(http.MethodPut, v3+"/rooms/"+url.PathEscape(room)+"/send/m.x/t?org.matrix.msc4354.sticky_duration_ms=3600001", map[string]any{})
	require.Equal(t, http.StatusBadRequest, status, refused.Raw)
}
