package main

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/admin"
	"medixchange/conference/manifest"
	"medixchange/conference/recording"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// ward is one hospital with a room of two.
func ward(t *testing.T, options ...testhospital.Option) *meeting {
	t.Helper()
	h := hospitals(t, 1, append([]testhospital.Option{recorded}, options...)...)[0]
	ana, bo := h.User("ana"), h.User("bo")
	room := ana.CreateRoom(testhospital.Room{Preset: "private_chat", Invite: []string{bo.ID}})
	bo.Join(room)
	return &meeting{a: h, b: h, ana: ana, bo: bo, room: room, urlA: sfuURL(t, ana), urlB: sfuURL(t, ana)}
}

func (m *meeting) recorded(t *testing.T, tracks int) string {
	t.Helper()
	var id string
	within(t, "the recording before does not end", func() bool {
		status, answer := askRecording(m.ana, m.room, "start")
		id = answer.Get("id").Str
		return status == http.StatusOK
	})
	recordedOf(t, m.a, id, tracks)
	status, answer := askRecording(m.ana, m.room, "stop")
	require.Equal(t, http.StatusOK, status, answer.Raw)
	manifestOf(t, m.a, id)
	m.isOver(t, id)
	return id
}

// isOver waits until the hospital has noted the end of a recording.
func (m *meeting) isOver(t *testing.T, id string) {
	t.Helper()
	within(t, "the recording does not end", func() bool {
		for _, rec := range m.ana.Must(http.MethodGet, roomPath(m.room, "/recordings"), nil).Get("recordings").Array() {
			if rec.Get("id").Str == id {
				return rec.Get("state").Str == manifest.StateFinished
			}
		}
		return false
	})
}

// TestWithExplicitConsentOnlyWhoSaidYesIsRecorded goes the way that clients go, from the question to the manifest.
func TestWithExplicitConsentOnlyWhoSaidYesIsRecorded(t *testing.T) {
	m := ward(t, func(c *config.Config) { c.Conference.Recording.Consent = manifest.ConsentExplicit })
	ana, bo := m.joins(t, m.ana, m.a), m.joins(t, m.bo, m.a)
	ana.talk()
	bo.talk()
	status, answer := m.bo.Do(http.MethodPost, roomPath(m.room, "/recording/consent"), map[string]any{"answer": "yes"})
	require.Equal(t, http.StatusNotFound, status, "nothing is recorded yet: %s", answer)
	status, answer = askRecording(m.ana, m.room, "start")
	require.Equal(t, http.StatusOK, status, answer.Raw)
	id := answer.Get("id").Str
	require.Equal(t, manifest.ConsentExplicit, m.bo.Must(http.MethodGet, roomPath(m.room, "/recording"), nil).Get("state.consent").Str)
	status, _ = m.bo.Do(http.MethodPost, roomPath(m.room, "/recording/consent"), map[string]any{"answer": "perhaps"})
	require.Equal(t, http.StatusBadRequest, status)
	eve := m.a.User("eve")
	status, _ = eve.Do(http.MethodPost, roomPath(m.room, "/recording/consent"), map[string]any{"answer": "yes"})
	require.Equal(t, http.StatusForbidden, status, "she is not in the room")

	m.ana.Must(http.MethodPost, roomPath(m.room, "/recording/consent"), map[string]any{"answer": "yes"})
	recordedOf(t, m.a, id, 1)
	m.bo.Must(http.MethodPost, roomPath(m.room, "/recording/consent"), map[string]any{"answer": "no"})
	status, _ = askRecording(m.ana, m.room, "stop")
	require.Equal(t, http.StatusOK, status)
	noticed(m.ana, m.room, "org.medixchange.replay")
	found := manifestOf(t, m.a, id)
	require.Equal(t, manifest.ConsentExplicit, found.Consent)
	require.Len(t, found.Tracks, 1, "bo did not say yes")
	require.Equal(t, m.ana.ID, found.Tracks[0].UserID)
	answers := map[string]string{}
	for _, consent := range found.Consents {
		answers[consent.UserID] = consent.Answer
	}
	require.Equal(t, map[string]string{m.ana.ID: "yes", m.bo.ID: "no"}, answers)
}

// TestARecordingIsKeptUntilItsTimeIsOverUnlessItIsHeld: a hold outlasts the retention, and what is deleted leaves a tombstone that
// names nobody who was there.
func TestARecordingIsKeptUntilItsTimeIsOverUnlessItIsHeld(t *testing.T) {
	m := ward(t, func(c *config.Config) { c.Conference.Recording.Retention = config.Duration(time.Millisecond) })
	m.joins(t, m.ana, m.a).talk()
	held, id := m.recorded(t, 1), m.recorded(t, 1)
	socket := admin.NewClient(m.a.Config.Listen.AdminSocket)
	path, order := recording.PathRecordings+"/"+held, recording.Order{By: "root", Reason: "case 7"}
	require.NoError(t, socket.Call(t.Context(), http.MethodPost, path+"/hold", order, nil))
	stateOf := func(id string) string {
		return gjson.Get(page(t, m.bo, "/replay/"+id+"/manifest.json", http.StatusOK), "state").Str
	}
	m.a.Stop()
	m.a.Start() // looks for what is too old
	within(t, "what nobody holds is not deleted", func() bool { return stateOf(id) == manifest.StateDeleted })
	require.Equal(t, manifest.StateFinished, stateOf(held), "it is held")
	require.NoError(t, socket.Call(t.Context(), http.MethodPost, path+"/release", order, nil))
	m.a.Stop()
	m.a.Start()
	within(t, "what nobody holds any more is not deleted", func() bool { return stateOf(held) == manifest.StateDeleted })
	tombstone := page(t, m.bo, "/replay/"+id+"/manifest.json", http.StatusOK)
	require.NotContains(t, tombstone, "microphone")
	page(t, m.bo, "/replay/"+id+"/tracks/a1.ogg", http.StatusNotFound)
	left, err := filepath.Glob(filepath.Join(m.a.Config.DataDir, "recordings", id, "*"))
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Equal(t, "deleted", m.bo.Must(http.MethodGet, roomPath(m.room, "/recordings"), nil).Get("recordings.0.state").Str)
}

func TestWhenTheQuotaIsUsedUpNothingMoreIsRecorded(t *testing.T) {
	m := ward(t, func(c *config.Config) { c.Conference.Recording.Quota = 1 })
	m.joins(t, m.ana, m.a).talk()
	status, answer := askRecording(m.ana, m.room, "start")
	require.Equal(t, http.StatusOK, status, answer.Raw)
	id := answer.Get("id").Str
	recordedOf(t, m.a, id, 1)
	_, _ = askRecording(m.ana, m.room, "stop") // it may have ended by itself: a byte is all that there is room for
	manifestOf(t, m.a, id)
	m.isOver(t, id)
	status, answer = askRecording(m.ana, m.room, "start")
	require.Equal(t, http.StatusInsufficientStorage, status, answer.Raw)
	require.Equal(t, "refused_quota", answer.Get(`org\.medixchange\.reason`).Str)
	socket := admin.NewClient(m.a.Config.Listen.AdminSocket)
	require.NoError(t, socket.Call(t.Context(), http.MethodPost, recording.PathRecordings+"/"+id+"/delete", recording.Order{By: "root"}, nil))
	within(t, "there is no room again", func() bool {
		status, _ = askRecording(m.ana, m.room, "start")
		return status == http.StatusOK
	})
}

// TestAnEndlessTrackEndsTheRecordingAtItsBound: what is there is kept and can be replayed.
func TestAnEndlessTrackEndsTheRecordingAtItsBound(t *testing.T) {
	m := ward(t, func(c *config.Config) { c.Conference.Recording.MaxBytes = 20_000 })
	ana := m.joins(t, m.ana, m.a)
	ana.show()
	ana.talk()
	status, answer := askRecording(m.ana, m.room, "start")
	require.Equal(t, http.StatusOK, status, answer.Raw)
	noticed(m.ana, m.room, "org.medixchange.replay")
	found := manifestOf(t, m.a, answer.Get("id").Str)
	require.NotEmpty(t, found.Tracks)
	bytes := int64(0)
	for _, track := range found.Tracks {
		bytes += track.Bytes
	}
	require.Less(t, bytes, int64(60_000), "it ended by itself near its bound")
	require.NotEmpty(t, found.Reason)
}

// TestAMemberOfAnotherHospitalWhoseEventIsStickyIsRecorded: newer clients say by sticky events (MSC4354) where they are.
func TestAMemberOfAnotherHospitalWhoseEventIsStickyIsRecorded(t *testing.T) {
	m := meet(t, recorded)
	boAtB := m.joins(t, m.bo, m.b)
	boAtB.talk()
	where := "/_matrix/client/v3/rooms/" + url.PathEscape(m.room) + "/send/org.matrix.msc4143.rtc.member/t1?org.matrix.msc4354.sticky_duration_ms=600000"
	sent := m.bo.Must(http.MethodPut, where, map[string]any{
		"msc4354_sticky_key": "k1", "application": map[string]any{"type": "m.call"}, "slot_id": "m.call#ROOM",
		"member":         map[string]any{"id": "m-" + m.bo.DeviceID, "claimed_device_id": m.bo.DeviceID, "claimed_user_id": m.bo.ID},
		"rtc_transports": []any{map[string]any{"type": "livekit_multi_sfu", "livekit_service_url": strings.Replace(strings.TrimSuffix(m.urlB, "/livekit/sfu"), "ws", "http", 1) + "/livekit/jwt"}},
	}).Get("event_id").Str
	m.ana.WaitFor(m.room, sent)
	id := m.recorded(t, 1)
	found := manifestOf(t, m.a, id)
	require.Len(t, found.Tracks, 1)
	require.Equal(t, m.bo.ID, found.Tracks[0].UserID)
}
