package main

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/testhospital"
)

const policyType = "org.medixchange.conference.policy"

// people is who is in the conference, as somebody sees it.
func people(u *testhospital.User, room string) map[string]gjson.Result {
	out := map[string]gjson.Result{}
	for _, p := range u.Must(http.MethodGet, roomPath(room, ""), nil).Get("participants").Array() {
		out[p.Get("user_id").Str] = p
	}
	return out
}

func TestAModeratorMutesAndRemovesAlsoAtAnotherHospital(t *testing.T) {
	m := meet(t)
	ana, bo := m.joins(t, m.ana, m.a), m.joins(t, m.bo, m.b)
	bo.talk()
	require.Eventually(t, func() bool { return len(people(m.bo, m.room)[m.bo.ID].Get("tracks").Array()) == 1 }, patience, pause)

	status, _ := m.bo.Do(http.MethodPost, roomPath(m.room, "/mute"), map[string]any{"user_id": m.ana.ID})
	require.Equal(t, http.StatusForbidden, status, "bo has no power over ana")
	m.ana.Must(http.MethodPost, roomPath(m.room, "/mute"), map[string]any{"user_id": m.bo.ID, "source": "microphone"})
	require.Eventually(t, func() bool { return people(m.bo, m.room)[m.bo.ID].Get("tracks.0.muted").Bool() }, patience, pause)

	m.ana.Must(http.MethodPost, roomPath(m.room, "/remove"), map[string]any{"user_id": m.bo.ID})
	bo.isGone()
	status, _, _ = askToken(m.bo, m.b, m.urlB, m.room)
	require.Equal(t, http.StatusForbidden, status, "not for the next minute")
	require.Contains(t, people(m.ana, m.room), m.ana.ID)
	require.NotNil(t, ana)
}

func TestALockedConferenceLetsInWhomTheModeratorsAdmit(t *testing.T) {
	m := meet(t)
	m.ana.SetState(m.room, policyType, "", map[string]any{"locked": true})
	m.bo.WaitUntil("the lock", func(sync gjson.Result) bool {
		_, err := m.b.Node().Rooms.StateEvent(t.Context(), m.room, policyType, "")
		return err == nil
	})
	status, answer := m.bo.Do(http.MethodPost, "/_matrix/client/v1/rtc/livekit/get_token", map[string]any{
		"url": m.urlB, "room_id": m.room, "slot_id": "m.call#ROOM", "member_id": "m",
	})
	require.Equal(t, http.StatusForbidden, status)
	require.Equal(t, "locked", answer.Get(`org\.medixchange\.conference`).Str)
	m.ana.WaitUntil("bo's knock", func(sync gjson.Result) bool {
		for _, ev := range testhospital.Timeline(sync, m.room) {
			if ev.Get("type").Str == "org.medixchange.conference.knock" && ev.Get("sender").Str == m.bo.ID {
				return true
			}
		}
		return false
	})
	status, _, _ = askToken(m.ana, m.a, m.urlA, m.room)
	require.Equal(t, http.StatusOK, status, "moderators have the key")

	m.ana.SetState(m.room, policyType, "", map[string]any{"locked": true, "admitted": []string{m.bo.ID}})
	require.Eventually(t, func() bool {
		status, _, _ := askToken(m.bo, m.b, m.urlB, m.room)
		return status == http.StatusOK
	}, patience, pause)
}

func TestAClosedSlotEndsTheConference(t *testing.T) {
	m := meet(t)
	ana := m.joins(t, m.ana, m.a)
	m.ana.SetState(m.room, "org.matrix.msc4143.rtc.slot", "m.call#ROOM", map[string]any{})
	ana.isGone()
	status, _, _ := askToken(m.ana, m.a, m.urlA, m.room)
	require.Equal(t, http.StatusForbidden, status)
	m.ana.SetState(m.room, "org.matrix.msc4143.rtc.slot", "m.call#ROOM", map[string]any{"application": map[string]any{"type": "m.call"}})
	m.joins(t, m.ana, m.a)
}

func TestAudioOnlyAndTheCapOfPictures(t *testing.T) {
	m := meet(t)
	eve := m.a.User("eve")
	eve.Join(m.room)
	ana, other := m.joins(t, m.ana, m.a), m.joins(t, eve, m.a)
	sources := func(u *testhospital.User) (out []string) {
		for _, track := range people(m.ana, m.room)[u.ID].Get("tracks").Array() {
			out = append(out, track.Get("source").Str)
		}
		return out
	}
	ana.talk()
	ana.show()
	require.Eventually(t, func() bool { return len(sources(m.ana)) == 2 }, patience, pause)

	m.ana.SetState(m.room, policyType, "", map[string]any{"max_video": 1})
	other.talk()
	other.triesToShow()
	require.Eventually(t, func() bool { s := sources(eve); return len(s) == 1 && s[0] == "microphone" }, patience, pause, "one picture is enough")
	require.Len(t, sources(m.ana), 2)

	m.ana.SetState(m.room, policyType, "", map[string]any{"audio_only": true})
	require.Eventually(t, func() bool { s := sources(m.ana); return len(s) == 1 && s[0] == "microphone" }, patience, pause)
	_, token, _ := askToken(eve, m.a, m.urlA, m.room)
	require.Equal(t, []any{"microphone"}, claimsOf(t, token)["video"].(map[string]any)["canPublishSources"])
}

// wardOfPowers is a meeting with an ordinary member and a moderator of each hospital, all in the conference of their own one.
type wardOfPowers struct {
	*meeting
	eve, mod     *testhospital.User // of a: ordinary, moderator
	ward, leader *testhospital.User // of b: ordinary, moderator
}

func newWardOfPowers(t *testing.T) *wardOfPowers {
	t.Helper()
	m := meet(t)
	w := &wardOfPowers{meeting: m, eve: m.a.User("eve"), mod: m.a.User("mod"), ward: m.b.User("ward"), leader: m.b.User("leader")}
	for _, u := range []*testhospital.User{w.eve, w.mod, w.ward, w.leader} {
		u.Join(m.room, m.a.Name)
	}
	levels := m.ana.SetState(m.room, "m.room.power_levels", "", map[string]any{"users": map[string]int{w.mod.ID: 50, w.leader.ID: 50}})
	m.bo.WaitFor(m.room, levels)
	return w
}

// TestModerationGoesByPowerLevelAtBothHospitals: who has the power uses it from wherever they are, and nobody else does.
func TestModerationGoesByPowerLevelAtBothHospitals(t *testing.T) {
	w := newWardOfPowers(t)
	eve, ward := w.joins(t, w.eve, w.a), w.joins(t, w.ward, w.b)
	eve.talk()
	eve.show()
	ward.talk()
	ward.show()
	have := func(by, of *testhospital.User, n int) {
		t.Helper()
		within(t, "the tracks are not there", func() bool { return len(sourcesOf(by, of, w.room)) == n })
	}
	have(w.ana, w.eve, 2)
	have(w.bo, w.ward, 2)

	policy := func(content map[string]any) func(u, _ *testhospital.User) (int, gjson.Result) {
		return func(u, _ *testhospital.User) (int, gjson.Result) {
			return u.Do(http.MethodPut, "/_matrix/client/v3/rooms/"+url.PathEscape(w.room)+"/state/"+policyType+"/", content)
		}
	}
	at := func(what string) func(u, of *testhospital.User) (int, gjson.Result) {
		return func(u, of *testhospital.User) (int, gjson.Result) {
			return u.Do(http.MethodPost, roomPath(w.room, what), map[string]any{"user_id": of.ID})
		}
	}
	acts := map[string]func(u, of *testhospital.User) (int, gjson.Result){
		"mute": at("/mute"), "remove": at("/remove"), "lock": policy(map[string]any{"locked": true}),
		"audio only": policy(map[string]any{"audio_only": true}), "video cap": policy(map[string]any{"max_video": 0}),
		"close": func(u, _ *testhospital.User) (int, gjson.Result) {
			return u.Do(http.MethodPut, "/_matrix/client/v3/rooms/"+url.PathEscape(w.room)+"/state/org.matrix.msc4143.rtc.slot/m.call%23ROOM", map[string]any{})
		},
	}
	for name, does := range acts {
		for _, pair := range [][2]*testhospital.User{{w.eve, w.ward}, {w.eve, w.ana}, {w.ward, w.eve}, {w.bo, w.ward}} {
			status, answer := does(pair[0], pair[1])
			require.Equal(t, http.StatusForbidden, status, "%s by %s: %s", name, pair[0].ID, answer.Raw)
			require.Equal(t, "M_FORBIDDEN", answer.Get("errcode").Str, name)
		}
	}
	for _, pair := range [][2]*testhospital.User{{w.mod, w.leader}, {w.leader, w.ana}, {w.mod, w.ana}} {
		for _, name := range []string{"mute", "remove"} {
			status, answer := acts[name](pair[0], pair[1])
			require.Equal(t, http.StatusForbidden, status, "%s of somebody who has as much power: %s", name, answer.Raw)
		}
	}

	for _, pair := range []struct{ by, of, sees *testhospital.User }{{w.leader, w.eve, w.ana}, {w.mod, w.ward, w.bo}} {
		status, answer := acts["mute"](pair.by, pair.of)
		require.Equal(t, http.StatusOK, status, answer.Raw)
		within(t, "not muted", func() bool {
			tracks := people(pair.sees, w.room)[pair.of.ID].Get("tracks")
			return len(tracks.Array()) == 2 && tracks.Get("0.muted").Bool() && tracks.Get("1.muted").Bool()
		})
	}
	status, answer := acts["audio only"](w.leader, nil)
	require.Equal(t, http.StatusOK, status, answer.Raw)
	have(w.ana, w.eve, 1)
	have(w.bo, w.ward, 1)
	status, answer = acts["lock"](w.leader, nil)
	require.Equal(t, http.StatusOK, status, answer.Raw)
	for _, u := range []*testhospital.User{w.ana, w.bo, w.mod, w.leader} { // two of them have the key
		at, url := w.a, w.urlA
		if u.Hospital == w.b {
			at, url = w.b, w.urlB
		}
		want := http.StatusOK
		if u == w.bo {
			want = http.StatusForbidden
		}
		within(t, "the lock of "+u.ID, func() bool { status, _, _ := askToken(u, at, url, w.room); return status == want })
	}
	for _, pair := range []struct {
		by, of *testhospital.User
		there  *caller
	}{{w.leader, w.eve, eve}, {w.mod, w.ward, ward}} {
		status, answer := acts["remove"](pair.by, pair.of)
		require.Equal(t, http.StatusOK, status, answer.Raw)
		pair.there.isGone()
	}
	status, answer = acts["close"](w.leader, nil)
	require.Equal(t, http.StatusOK, status, answer.Raw)
	within(t, "the slot is not closed", func() bool {
		status, _, _ := askToken(w.ana, w.a, w.urlA, w.room)
		return status == http.StatusForbidden
	})
}
