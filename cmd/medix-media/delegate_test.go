package main

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/testhospital"
)

// delayedLeave schedules that somebody leaves the call in an hour, and returns the delay id.
func delayedLeave(u *testhospital.User, room string) string {
	return u.Must(http.MethodPut, "/_matrix/client/v3/rooms/"+url.PathEscape(room)+"/state/org.matrix.msc3401.call.member/"+
		url.PathEscape("_"+u.ID+"_"+u.DeviceID)+"?org.matrix.msc4140.delay=3600000", map[string]any{}).Get("delay_id").Str
}

func delegate(u *testhospital.User, sfu, room, delayID string) (int, gjson.Result) {
	return u.Do(http.MethodPost, "/_matrix/client/v1/rtc/livekit/delegate_delayed_leave", map[string]any{
		"url": sfu, "room_id": room, "slot_id": "m.call#ROOM", "member_id": "m-" + u.DeviceID, "delay_id": delayID,
	})
}

func TestALeaveThatWasHandedOverIsSentWhenTheParticipantIsGone(t *testing.T) {
	m := meet(t)
	m.ana.SetState(m.room, "org.matrix.msc3401.call.member", "_"+m.ana.ID+"_"+m.ana.DeviceID, map[string]any{"application": "m.call"})
	id := delayedLeave(m.ana, m.room)
	require.NotEmpty(t, id)
	status, _ := delegate(m.bo, m.urlB, m.room, id)
	require.Equal(t, http.StatusBadRequest, status, "it is not bo's")
	status, _ = delegate(m.ana, "wss://evil.example", m.room, id)
	require.Equal(t, http.StatusBadRequest, status)
	status, answer := delegate(m.ana, m.urlA, m.room, id)
	require.Equal(t, http.StatusOK, status, answer.Raw)

	ana := m.joins(t, m.ana, m.a)
	require.Eventually(t, func() bool { return len(people(m.ana, m.room)) == 1 }, patience, pause)
	ana.room.Disconnect()
	m.bo.WaitUntil("the leave", func(sync gjson.Result) bool {
		for _, ev := range append(testhospital.Timeline(sync, m.room), testhospital.State(sync, m.room)...) {
			if ev.Get("type").Str == "org.matrix.msc3401.call.member" && ev.Get("content").Raw == "{}" {
				return true
			}
		}
		return false
	})
}
