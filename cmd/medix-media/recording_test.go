package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/conference/manifest"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// recorded lets hospitals record, and tell by a bot.
func recorded(c *config.Config) {
	c.Conference.Recording.Enabled = true
	c.Conference.Recording.DiskLeft = 0
}

func askRecording(u *testhospital.User, room, action string) (int, gjson.Result) {
	return u.Do(http.MethodPost, roomPath(room, "/recording"), map[string]any{"action": action, "title": "Ward round"})
}

// noticed waits for a message with a mark, and returns its content.
func noticed(u *testhospital.User, room, mark string) (content gjson.Result) {
	path := strings.ReplaceAll(mark, ".", `\.`)
	u.WaitUntil("a notice with "+mark, func(sync gjson.Result) bool {
		sync.Get("rooms.join").ForEach(func(id, joined gjson.Result) bool {
			for _, ev := range joined.Get("timeline.events").Array() {
				if id.Str == room && ev.Get("content."+path).Exists() {
					content = ev.Get("content")
				}
			}
			return true
		})
		return content.Exists()
	})
	return content
}

// manifestOf waits until a recording has every track's checksum.
func manifestOf(t *testing.T, h *testhospital.Hospital, id string) *manifest.Manifest {
	t.Helper()
	var m *manifest.Manifest
	folder := filepath.Join(h.Config.DataDir, "recordings", id)
	require.Eventually(t, func() bool {
		var err error
		m, err = manifest.Read(folder)
		return err == nil && len(manifest.Verify(folder, m)) == 0
	}, patience, pause)
	return m
}

// recordedOf waits until that many tracks have some length on the disk, by the events.
func recordedOf(t *testing.T, h *testhospital.Hospital, id string, tracks int) {
	t.Helper()
	require.Eventually(t, func() bool {
		m, err := manifest.FromFolder(filepath.Join(h.Config.DataDir, "recordings", id))
		if err != nil {
			return false
		}
		long := 0
		for _, track := range m.Tracks {
			if track.Duration > 500 {
				long++
			}
		}
		return long >= tracks
	}, patience, pause)
}

func TestAConferenceOfTwoHospitalsIsRecordedAtOne(t *testing.T) {
	m := meet(t, recorded)
	status, answer := askRecording(m.bo, m.room, "start")
	require.Equal(t, http.StatusForbidden, status, "bo is no moderator: %s", answer)
	require.Equal(t, "refused_power", answer.Get(`org\.medixchange\.reason`).Str)

	anaAtA, boAtB := m.joins(t, m.ana, m.a), m.joins(t, m.bo, m.b)
	anaAtA.talk()
	anaAtA.show()
	boAtB.talk()
	power := m.ana.Must(http.MethodGet, "/_matrix/client/v3/rooms/"+m.room+"/state/m.room.power_levels", nil)
	events := map[string]any{"org.matrix.msc3401.call.member": 0}
	levels, _ := power.Value().(map[string]any)
	levels["events"] = events
	m.ana.SetState(m.room, "m.room.power_levels", "", levels)
	m.bo.SetState(m.room, "org.matrix.msc3401.call.member", "_"+m.bo.ID+"_"+m.bo.DeviceID+"_m.call", map[string]any{
		"application": "m.call", "device_id": m.bo.DeviceID, "membershipID": "m-" + m.bo.DeviceID,
		"foci_preferred": []any{map[string]any{"type": "m.livekit", "url": m.urlB}},
	})

	status, answer = askRecording(m.ana, m.room, "start")
	require.Equal(t, http.StatusOK, status, answer.Raw)
	id := answer.Get("id").Str
	state := m.ana.Must(http.MethodGet, "/_matrix/client/v3/rooms/"+m.room+"/state/org.medixchange.recording", nil)
	require.Equal(t, "recording", state.Get("state").Str)
	told := noticed(m.bo, m.room, "org.medixchange.recording")
	require.Contains(t, told.Get("body").Str, "recorded")
	require.Contains(t, told.Get("body").Str, "aufgezeichnet", "nobody here knows what members of others read")
	status, _ = askRecording(m.ana, m.room, "start")
	require.Equal(t, http.StatusConflict, status)

	recordedOf(t, m.a, id, 3)
	status, answer = askRecording(m.ana, m.room, "stop")
	require.Equal(t, http.StatusOK, status, answer.Raw)
	stopped := time.Now()
	announced := noticed(m.bo, m.room, "org.medixchange.replay")
	t.Logf("replayable %v after the stop", time.Since(stopped))
	require.Equal(t, id, announced.Get(`org\.medixchange\.replay.id`).Str)
	found := manifestOf(t, m.a, id)
	require.Equal(t, manifest.StateFinished, found.State)
	kinds := map[string]int{}
	for _, track := range found.Tracks {
		kinds[track.UserID+" "+track.Kind]++
	}
	require.Equal(t, map[string]int{m.ana.ID + " audio": 1, m.ana.ID + " video": 1, m.bo.ID + " audio": 1}, kinds)
	require.Equal(t, "finished", m.ana.Must(http.MethodGet, roomPath(m.room, "/recordings"), nil).Get("recordings.0.state").Str)
	state = m.ana.Must(http.MethodGet, "/_matrix/client/v3/rooms/"+m.room+"/state/org.medixchange.recording", nil)
	require.Equal(t, "finished", state.Get("state").Str)
}

func TestARecordingGoesOnWhenTheNodeComesBack(t *testing.T) {
	h := hospitals(t, 1, recorded)[0]
	ana := h.User("ana")
	room := ana.CreateRoom(testhospital.Room{Preset: "private_chat"})
	m := &meeting{a: h, ana: ana, room: room, urlA: sfuURL(t, ana)}
	before := m.joins(t, ana, h)
	before.talk()
	ana.Say(room, "!record start Ward round")
	told := noticed(ana, room, "org.medixchange.recording")
	id := told.Get(`org\.medixchange\.recording.id`).Str
	recordedOf(t, h, id, 1)
	h.Stop()
	before.stop()
	before.room.Disconnect()
	h.Start()
	m.joins(t, ana, h).talk()
	recordedOf(t, h, id, 2)
	ana.Say(room, "!record stop")
	noticed(ana, room, "org.medixchange.replay")
	found := manifestOf(t, h, id)
	require.Equal(t, manifest.StateFinished, found.State)
	require.Len(t, found.Tracks, 2)
}

func TestEncryptedRoomsAreNotRecorded(t *testing.T) {
	h := hospitals(t, 1, recorded)[0]
	ana := h.User("ana")
	room := ana.CreateRoom(testhospital.Room{Preset: "private_chat"})
	ana.SetState(room, "m.room.encryption", "", map[string]any{"algorithm": "m.megolm.v1.aes-sha2"})
	status, answer := askRecording(ana, room, "start")
	require.Equal(t, http.StatusForbidden, status)
	require.Equal(t, "refused_encrypted", answer.Get(`org\.medixchange\.reason`).Str)
}
