package main

import (
	"net/http"
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
