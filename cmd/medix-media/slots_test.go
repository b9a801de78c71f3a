package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/conference/manifest"
	"medixchange/internal/testhospital"
)

const breakout = "m.call#breakout"

// joinsSlot connects somebody to a slot of the room other than its own, at their own hospital's SFU.
func (m *meeting) joinsSlot(t *testing.T, u *testhospital.User, address, slot string) *caller {
	t.Helper()
	answer := u.Must(http.MethodPost, "/_matrix/client/v1/rtc/livekit/get_token", map[string]any{
		"url": address, "room_id": m.room, "slot_id": slot, "member_id": "m-" + u.DeviceID,
	})
	return connect(t, address, answer.Get("jwt").Str)
}

func (m *meeting) saysInCall(u *testhospital.User, address, callID string) {
	m.saysOfCall(u, callID, map[string]any{
		"application": "m.call", "call_id": callID, "device_id": u.DeviceID, "membershipID": "m-" + u.DeviceID,
		"foci_preferred": []any{map[string]any{"type": "m.livekit", "url": address}},
	})
}

func (m *meeting) saysOfCall(u *testhospital.User, callID string, content map[string]any) {
	u.SetState(m.room, "org.matrix.msc3401.call.member", "_"+u.ID+"_"+u.DeviceID+"_m.call"+callID, content)
}

func (m *meeting) membersMaySayThatTheyAreInCalls() {
	power := m.ana.Must(http.MethodGet, "/_matrix/client/v3/rooms/"+m.room+"/state/m.room.power_levels", nil)
	levels, _ := power.Value().(map[string]any)
	levels["events"] = map[string]any{"org.matrix.msc3401.call.member": 0}
	m.ana.SetState(m.room, "m.room.power_levels", "", levels)
}

func (m *meeting) recordingState(slot string) gjson.Result {
	_, state := m.ana.Do(http.MethodGet, "/_matrix/client/v3/rooms/"+m.room+"/state/org.medixchange.recording/"+url.PathEscape(slot), nil)
	return state
}

// TestTwoCallsOfARoomAreRecordedAtOnce: Ana is in the room's own call and in another one, where Bo is at the SFU of his own hospital. Both
// recordings go on when the node comes back, and each ends by itself.
func TestTwoCallsOfARoomAreRecordedAtOnce(t *testing.T) {
	m := meet(t, recorded)
	m.membersMaySayThatTheyAreInCalls()
	m.joins(t, m.ana, m.a).talk()
	m.saysInCall(m.bo, m.urlB, "breakout")
	m.joinsSlot(t, m.bo, m.urlB, breakout).talk()
	m.joinsSlot(t, m.ana, m.urlA, breakout).talk()

	status, answer := askRecording(m.ana, m.room, "start")
	require.Equal(t, http.StatusOK, status, answer.Raw)
	own := answer.Get("id").Str
	status, answer = m.ana.Do(http.MethodPost, roomPath(m.room, "/recording"), map[string]any{"action": "start", "title": "Round", "slot_id": breakout})
	require.Equal(t, http.StatusOK, status, answer.Raw)
	aside := answer.Get("id").Str
	require.Equal(t, breakout, answer.Get("slot_id").Str)
	require.Equal(t, own, m.recordingState("").Get("id").Str)
	require.Equal(t, aside, m.recordingState(breakout).Get("id").Str)
	status, _ = m.ana.Do(http.MethodPost, roomPath(m.room, "/recording"), map[string]any{"action": "start", "slot_id": breakout})
	require.Equal(t, http.StatusConflict, status)
	within(t, "whoever is at another hospital does not see it", func() bool {
		seen := m.bo.Must(http.MethodGet, roomPath(m.room, "/recording?slot_id="+url.QueryEscape(breakout)), nil)
		return seen.Get("state.id").Str == aside
	})

	recordedOf(t, m.a, own, 1)
	recordedOf(t, m.a, aside, 2)
	m.a.Stop()
	m.a.Start()
	recordedOf(t, m.a, own, 2)
	recordedOf(t, m.a, aside, 3)

	status, answer = askRecording(m.ana, m.room, "stop")
	require.Equal(t, http.StatusOK, status, answer.Raw)
	over := func(slot string) func() bool {
		return func() bool { return m.recordingState(slot).Get("state").Str == manifest.StateFinished }
	}
	within(t, "the recording of the room's own call does not end", over(""))
	require.Equal(t, manifest.StateRecording, m.recordingState(breakout).Get("state").Str, "the other one goes on")
	m.ana.Say(m.room, "!record stop") // the only one
	within(t, "the recording of the other call does not end", over(breakout))

	for id, want := range map[string]struct{ slot, who string }{own: {manifest.OwnSlot, m.ana.ID}, aside: {breakout, m.ana.ID + " " + m.bo.ID}} {
		found := manifestOf(t, m.a, id)
		require.Equal(t, want.slot, found.SlotID)
		who := map[string]bool{}
		for _, track := range found.Tracks {
			who[track.UserID] = true
		}
		var all []string
		for _, user := range []string{m.ana.ID, m.bo.ID} {
			if who[user] {
				all = append(all, user)
			}
		}
		require.Equal(t, want.who, strings.Join(all, " "), "those of its own call")
	}
	shown := page(t, m.bo, "/replay/"+aside+"@"+m.a.Name, http.StatusOK)
	require.Contains(t, shown, "Round · "+breakout)
}

// TestOnlyOpenSlotsThatTheRoomKnowsAreRecorded: everything else is refused with its reason, and nothing is left of it.
func TestOnlyOpenSlotsThatTheRoomKnowsAreRecorded(t *testing.T) {
	m := ward(t)
	m.ana.SetState(m.room, "m.rtc.slot", "m.call#open", map[string]any{"application": map[string]string{"type": "m.call"}})
	m.ana.SetState(m.room, "m.rtc.slot", "m.call#closed", map[string]any{})
	m.saysInCall(m.bo, m.urlA, "here")
	m.saysInCall(m.bo, m.urlA, "gone")
	m.saysOfCall(m.bo, "gone", map[string]any{})
	for slot, want := range map[string]struct {
		status int
		reason string
	}{
		"ROOM":                               {http.StatusBadRequest, "refused_slot_form"},
		"m.call#":                            {http.StatusBadRequest, "refused_slot_form"},
		"m.call#a b":                         {http.StatusBadRequest, "refused_slot_form"},
		"m.call#" + strings.Repeat("x", 249): {http.StatusBadRequest, "refused_slot_form"},
		"m.call#unknown":                     {http.StatusNotFound, "refused_slot"},
		"m.call#gone":                        {http.StatusNotFound, "refused_slot"},
		"m.call#closed":                      {http.StatusForbidden, "refused_closed"},
	} {
		status, answer := m.ana.Do(http.MethodPost, roomPath(m.room, "/recording"), map[string]any{"action": "start", "slot_id": slot})
		require.Equal(t, want.status, status, "%s: %s", slot, answer)
		require.Equal(t, want.reason, answer.Get(`org\.medixchange\.reason`).Str, slot)
	}
	status, _ := m.ana.Do(http.MethodGet, roomPath(m.room, "/recording?slot_id=ROOM"), nil)
	require.Equal(t, http.StatusBadRequest, status)
	status, answer := m.bo.Do(http.MethodPost, roomPath(m.room, "/recording"), map[string]any{"action": "start", "slot_id": "m.call#open"})
	require.Equal(t, http.StatusForbidden, status, answer.Raw)
	require.Empty(t, m.ana.Must(http.MethodGet, roomPath(m.room, "/recordings"), nil).Get("recordings").Array())

	m.ana.Say(m.room, "!record start m.call#nowhere Round")
	m.ana.WaitUntil("the refusal", func(sync gjson.Result) bool { return strings.Contains(sync.Raw, "no such call") })
	for _, slot := range []string{"m.call#open", "m.call#here"} {
		m.ana.Must(http.MethodPost, roomPath(m.room, "/recording"), map[string]any{"action": "start", "slot_id": slot})
	}
	m.bo.Must(http.MethodPost, roomPath(m.room, "/recording/consent"), map[string]any{"answer": "no"})
	for _, rec := range m.ana.Must(http.MethodGet, roomPath(m.room, "/recordings"), nil).Get("recordings").Array() {
		var answer string
		row := m.a.Node().DB.QueryRow(t.Context(), `SELECT answer FROM recording_consents WHERE recording_id = $1`, rec.Get("id").Str)
		require.NoError(t, row.Scan(&answer))
		require.Equal(t, "no", answer, "a no without a slot is for all that runs in the room")
	}
}

// TestWhoeverIsAtAnotherHospitalDecidesWhetherTheyAreRecorded: only Ana's hospital records, and Bo answers at his own: by its interface, as
// the conference page does, and by a command.
func TestWhoeverIsAtAnotherHospitalDecidesWhetherTheyAreRecorded(t *testing.T) {
	m := meet(t, recorded)
	answer := func(want string) {
		within(t, "the answer does not arrive", func() bool {
			var said string
			row := m.a.Node().DB.QueryRow(t.Context(), `SELECT answer FROM recording_consents WHERE user_id = $1`, m.bo.ID)
			return row.Scan(&said) == nil && said == want
		})
	}
	consent := roomPath(m.room, "/recording/consent")
	status, _ := m.bo.Do(http.MethodPost, consent, map[string]any{"answer": "no"})
	require.Equal(t, http.StatusNotFound, status, "nothing is recorded yet")
	m.ana.Must(http.MethodPost, roomPath(m.room, "/recording"), map[string]any{"action": "start", "consent": "explicit"})
	within(t, "bo does not see that he is asked", func() bool {
		return m.bo.Must(http.MethodGet, roomPath(m.room, "/recording"), nil).Get("recording").Bool()
	})
	m.bo.Must(http.MethodPost, consent, map[string]any{"answer": "yes"})
	answer("yes")
	m.bo.Say(m.room, "!record no")
	m.bo.WaitUntil("his own hospital's answer", func(sync gjson.Result) bool { return strings.Contains(sync.Raw, "You are not recorded.") })
	answer("no")
}
