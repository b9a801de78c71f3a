package main

import (
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/admin"
	"medixchange/conference/manifest"
	"medixchange/conference/recording"
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
func manifestOf(t testing.TB, h *testhospital.Hospital, id string) *manifest.Manifest {
	t.Helper()
	return manifestIn(t, filepath.Join(h.Config.DataDir, "recordings", id))
}

func manifestIn(t testing.TB, folder string) *manifest.Manifest {
	t.Helper()
	var m *manifest.Manifest
	require.Eventually(t, func() bool {
		var err error
		m, err = manifest.Read(folder)
		return err == nil && len(manifest.Verify(folder, m)) == 0
	}, patience, pause)
	return m
}

// recordedOf waits until that many tracks have some length on the disk, by the events.
func recordedOf(t testing.TB, h *testhospital.Hospital, id string, tracks int) {
	t.Helper()
	recordedIn(t, filepath.Join(h.Config.DataDir, "recordings", id), tracks)
}

func recordedIn(t testing.TB, folder string, tracks int) {
	t.Helper()
	require.Eventually(t, func() bool {
		m, err := manifest.FromFolder(folder)
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

// recogniserOf speaks OpenAI's protocol and hears the same words in every recording.
func recogniserOf(t *testing.T, words string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, _, err := r.FormFile("file")
		if err != nil || r.URL.Path != "/v1/audio/transcriptions" {
			http.Error(w, "not the protocol", http.StatusTeapot)
			return
		}
		head := make([]byte, 4)
		if _, err := io.ReadFull(file, head); err != nil || string(head) != "OggS" {
			http.Error(w, "not a recording", http.StatusTeapot)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"text": words, "language": "english"})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// speaks publishes a voice for 600 ms and nothing for a second, again and again.
func (c *caller) speaks() {
	c.t.Helper()
	voice, err := hex.DecodeString("78a28b48ccaf1beec67e30f30fab48115d7d24049e0848dd5254849ae29ae90b1e6e4fa9d8ede2ae5e3bc331368df2f86c64f78bdf1511755fd347737b04")
	require.NoError(c.t, err)
	track, err := lksdk.NewLocalSampleTrack(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000})
	require.NoError(c.t, err)
	_, err = c.room.LocalParticipant.PublishTrack(track, &lksdk.TrackPublicationOptions{Source: livekit.TrackSource_MICROPHONE})
	require.NoError(c.t, err)
	go func() {
		start := time.Now()
		for n := 0; c.ctx.Err() == nil; n++ {
			time.Sleep(time.Until(start.Add(time.Duration(n) * 20 * time.Millisecond)))
			frame := []byte{0xf8, 0xff, 0xfe}
			if n%80 < 30 {
				frame = voice
			}
			_ = track.WriteSample(media.Sample{Data: frame, Duration: 20 * time.Millisecond}, nil)
		}
	}()
}

func TestWhatIsSaidIsReadLiveAndInTheReplay(t *testing.T) {
	url := recogniserOf(t, "Good morning.")
	h := hospitals(t, 1, recorded, func(c *config.Config) {
		c.Conference.Captions.Enabled = true
		c.Translator.Enabled = true
		c.Translator.Transcription.URL, c.Translator.Transcription.Model = url, "whisper"
	})[0]
	ana := h.User("ana")
	ana.Must(http.MethodPut, "/_matrix/client/v3/user/"+ana.ID+"/account_data/org.medixchange.language", map[string]any{"language": "es"})
	room := ana.CreateRoom(testhospital.Room{Preset: "private_chat"})
	m := &meeting{a: h, ana: ana, room: room, urlA: sfuURL(t, ana)}
	live := make(chan string, 100)
	c := m.joins(t, ana, h)
	c.onData = func(topic string, payload []byte) {
		if topic == "org.medixchange.captions" {
			live <- string(payload)
		}
	}
	c.speaks()
	status, answer := askRecording(ana, room, "start")
	require.Equal(t, http.StatusOK, status, answer.Raw)
	id := answer.Get("id").Str
	select {
	case caption := <-live:
		require.Equal(t, "Good morning.", gjson.Get(caption, "text").Str)
		require.Equal(t, ana.ID, gjson.Get(caption, "user_id").Str)
		require.Contains(t, gjson.Get(caption, "texts.es").Str, "Buenos días")
	case <-time.After(patience):
		require.FailNow(t, "no caption came")
	}
	status, _ = askRecording(ana, room, "stop")
	require.Equal(t, http.StatusOK, status)
	noticed(ana, room, "org.medixchange.replay")
	manifestOf(t, h, id)
	body := page(t, ana, "/replay/"+id+"/captions/es.vtt", http.StatusOK)
	require.Contains(t, body, "Buenos días")
	require.Contains(t, body, "Good morning.", "the phrase is not reviewed, so that the original stands beside it")
	utterance := gjson.Get(page(t, ana, "/replay/"+id+"/transcript.json", http.StatusOK), "utterances.0.id").Str
	ask(t, ana, http.MethodPut, "/replay/"+id+"/transcript/"+utterance, `{"text": "Good evening."}`, http.StatusOK)
	require.Contains(t, page(t, ana, "/replay/"+id+"/captions/en.vtt", http.StatusOK), "Good evening.")

	socket := admin.NewClient(h.Config.Listen.AdminSocket)
	order := recording.Order{By: "root", Reason: "case 7"}
	path := recording.PathRecordings + "/" + id
	require.NoError(t, socket.Call(t.Context(), http.MethodPost, path+"/hold", order, nil))
	require.Error(t, socket.Call(t.Context(), http.MethodPost, path+"/delete", order, nil), "it is held")
	require.NoError(t, socket.Call(t.Context(), http.MethodPost, path+"/release", order, nil))
	var verified recording.Verified
	require.NoError(t, socket.Call(t.Context(), http.MethodPost, path+"/verify", struct{}{}, &verified))
	require.Equal(t, 1, verified.Files)
	require.Empty(t, verified.Wrong)
	require.NoError(t, socket.Call(t.Context(), http.MethodPost, path+"/delete", order, nil))
	left, err := os.ReadDir(filepath.Join(h.Config.DataDir, "recordings", id))
	require.NoError(t, err)
	require.Len(t, left, 1, "the tombstone alone")
	page(t, ana, "/replay/"+id+"/captions/es.vtt", http.StatusGone)
	require.Contains(t, page(t, ana, "/replay/"+id+"/manifest.json", http.StatusOK), `"deleted"`)
	for _, trick := range []string{"..", "%2e%2e%2fsigning.key", id + "%2f..", ""} {
		require.Error(t, socket.Call(t.Context(), http.MethodPost, recording.PathRecordings+"/"+trick+"/delete", order, nil), trick)
	}
}

func page(t *testing.T, u *testhospital.User, path string, want int) string {
	t.Helper()
	return ask(t, u, http.MethodGet, path, "", want)
}

// ask asks as a page of the node does, for something that may be no JSON.
func ask(t *testing.T, u *testhospital.User, method, path, body string, want int) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, u.Hospital.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+u.Token)
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, want, res.StatusCode, string(answer))
	return string(answer)
}
