package tests

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/admin"
	"medixchange/conference/audit"
	"medixchange/conference/replay/sample"
	"medixchange/internal/testhospital"
)

const sampleID = "sample0recording"

// recorded is a room over two hospitals with a recording that the first one made.
type recorded struct {
	a, b   *testhospital.Hospital
	zh, es *testhospital.User
	room   string
}

func newRecorded(t *testing.T, options ...testhospital.Option) *recorded {
	t.Helper()
	hospitals := testhospital.Alliance(t, 2, options...)
	c := &recorded{a: hospitals[0], b: hospitals[1]}
	c.zh, c.es = c.a.User("doctor-zh"), c.b.User("doctor-es")
	c.room = c.zh.CreateRoom(testhospital.Room{Invite: []string{c.es.ID}})
	c.es.WaitForInvite(c.room)
	c.es.Join(c.room)
	c.zh.WaitUntil("the colleague to be there", func(sync gjson.Result) bool {
		return strings.Contains(sync.Get("rooms.join").Raw, c.es.ID)
	})
	require.NoError(t, sample.Write(filepath.Join(c.a.Config.DataDir, "recordings"), sample.Recording{
		ID: sampleID, RoomID: c.room, Title: "Sepsis", StartedTS: time.Now().Add(-time.Second).UnixMilli(),
		Speakers: [2]sample.Speaker{{UserID: c.zh.ID, Name: "李医生", Server: c.a.Name}, {UserID: c.es.ID, Name: "Dra. Ana", Server: c.b.Name}},
	}))
	return c
}

// there is the recording's address at the hospital that did not make it.
func (c *recorded) there() string { return sampleID + "@" + c.a.Name }

// asks gets a file of a recording, with an access token.
func asks(t *testing.T, u *testhospital.User, path string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.Hospital.URL+"/replay/"+path, nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+u.Token)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return res, string(body)
}

func TestMembersOfBothHospitalsReplayARecordingEachThroughTheirOwn(t *testing.T) {
	c := newRecorded(t)
	whole, all := asks(t, c.zh, sampleID+"/tracks/a1.ogg")
	require.Equal(t, http.StatusOK, whole.StatusCode)
	require.Equal(t, "audio/ogg", whole.Header.Get("Content-Type"))
	require.Equal(t, "nosniff", whole.Header.Get("X-Content-Type-Options"))
	require.Contains(t, whole.Header.Get("Content-Security-Policy"), "sandbox")

	for name, who := range map[string]*testhospital.User{sampleID: c.zh, c.there(): c.es} {
		res, body := asks(t, who, name+"/manifest.json")
		require.Equal(t, http.StatusOK, res.StatusCode, body)
		require.Equal(t, c.room, gjson.Get(body, "room_id").Str)

		res, body = asks(t, who, name+"/tracks/a1.ogg")
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Equal(t, all, body)
		res, body = asks(t, who, name+"/tracks/a1.ogg", "Range", "bytes=100-199")
		require.Equal(t, http.StatusPartialContent, res.StatusCode)
		require.Equal(t, all[100:200], body)
		require.Regexp(t, `^bytes 100-199/\d+$`, res.Header.Get("Content-Range"))
		res, _ = asks(t, who, name+"/tracks/a1.ogg", "Range", "bytes=99999999-")
		require.Equal(t, http.StatusRequestedRangeNotSatisfiable, res.StatusCode)

		res, body = asks(t, who, name+"/captions/es.vtt")
		require.Equal(t, "text/vtt; charset=utf-8", res.Header.Get("Content-Type"))
		require.Contains(t, body, "Ceftriaxona dos gramos")
		_, body = asks(t, who, name+"/transcript.json")
		require.Equal(t, c.es.ID, gjson.Get(body, "utterances.1.user_id").Str)
	}

	tag := whole.Header.Get("ETag")
	require.NotEmpty(t, tag)
	res, _ := asks(t, c.zh, sampleID+"/tracks/a1.ogg", "If-None-Match", tag)
	require.Equal(t, http.StatusNotModified, res.StatusCode)
}

func TestOnlyMembersOfTheRoomReplay(t *testing.T) {
	c := newRecorded(t)
	stranger, distant := c.a.User("stranger"), c.b.User("distant")
	for _, path := range []string{"", "/manifest.json", "/tracks/a1.ogg", "/captions/es.vtt", "/transcript.json", "/download"} {
		res, _ := asks(t, stranger, sampleID+path)
		require.Equal(t, http.StatusNotFound, res.StatusCode, path)
		res, _ = asks(t, distant, c.there()+path)
		require.Equal(t, http.StatusNotFound, res.StatusCode, path)
	}

	res, _ := asks(t, c.es, c.there()+"/tracks/a1.ogg")
	require.Equal(t, http.StatusOK, res.StatusCode)
	c.zh.Must(http.MethodPost, "/_matrix/client/v3/rooms/"+c.room+"/kick", map[string]string{"user_id": c.es.ID})
	require.Eventually(t, func() bool {
		res, _ := asks(t, c.es, c.there()+"/tracks/a1.ogg")
		return res.StatusCode == http.StatusNotFound
	}, clientPatience, 50*time.Millisecond, "who was removed replays nothing any more")
}

func TestWhoCameLaterReplaysWhereTheRoomShowsItsHistory(t *testing.T) {
	for visibility, status := range map[string]int{"shared": http.StatusOK, "joined": http.StatusNotFound} {
		t.Run(visibility, func(t *testing.T) {
			a := testhospital.Start(t)
			zh, later := a.User("doctor-zh"), a.User("later")
			room := zh.CreateRoom(testhospital.Room{})
			zh.SetState(room, "m.room.history_visibility", "", map[string]string{"history_visibility": visibility})
			at := zh.Must(http.MethodGet, "/_matrix/client/v3/rooms/"+room+"/event/"+zh.Say(room, "the conference"), nil).Get("origin_server_ts").Int()
			require.NoError(t, sample.Write(filepath.Join(a.Config.DataDir, "recordings"), sample.Recording{
				ID: sampleID, RoomID: room, StartedTS: at - sample.Duration,
				Speakers: [2]sample.Speaker{{UserID: zh.ID}, {UserID: zh.ID}},
			}))
			require.Eventually(t, func() bool { return time.Now().UnixMilli() > at }, clientPatience, time.Millisecond)
			zh.Invite(room, later.ID)
			later.Join(room)
			res, _ := asks(t, later, sampleID+"/manifest.json")
			require.Equal(t, status, res.StatusCode)
			res, _ = asks(t, zh, sampleID+"/manifest.json")
			require.Equal(t, http.StatusOK, res.StatusCode)
		})
	}
}

func TestTricksWithPathsOfRecordingsLeadNowhere(t *testing.T) {
	c := newRecorded(t)
	for _, path := range []string{
		"..%2f" + sampleID + "/manifest.json", sampleID + "/tracks/..%2fmanifest.json", sampleID + "/tracks/..%2f..%2f..%2fmedix.db",
		sampleID + "/tracks/%2e%2e", sampleID + "/captions/..%2f..%2fmanifest.json", sampleID + "/captions/..%2ftranscript.vtt",
		sampleID + "/tracks/events.jsonl", sampleID + "/events.jsonl", sampleID + "/tracks/a9.ogg", "%2e%2e/signing.key",
		"static/..%2fpage.go", sampleID + "/captions/es.vtt%00", sampleID + "@" + c.b.Name + "/manifest.json", sampleID + "@/manifest.json",
		sampleID + "@127.0.0.1:1/manifest.json", sampleID + "/tracks/a1.ogg/..", "./" + sampleID,
	} {
		res, body := asks(t, c.zh, path)
		require.GreaterOrEqual(t, res.StatusCode, 300, "%s: %s", path, body)
		require.NotContains(t, body, "room_id", path)
	}
}

func TestEveryLookAtARecordingIsInTheLog(t *testing.T) {
	c := newRecorded(t)
	for range 3 {
		asks(t, c.es, c.there()+"/tracks/a2.ogg", "Range", "bytes=0-9")
	}
	asks(t, c.a.User("stranger"), sampleID+"/manifest.json")
	var page audit.Page
	require.NoError(t, admin.NewClient(c.a.Node().AdminSocket()).Call(t.Context(), http.MethodGet, audit.PathAccesses, nil, &page))
	require.Empty(t, page.Broken)
	var lines []string
	for _, e := range page.Entries {
		lines = append(lines, e.Actor+" "+e.Action+" "+e.Subject+" "+e.Detail)
	}
	require.Equal(t, []string{
		c.es.ID + " recording opened " + sampleID + " manifest.json",
		c.es.ID + " recording played " + sampleID + " tracks/a2.ogg",
	}, lines, "each file once, and nothing of who was not let in")
	require.NoError(t, admin.NewClient(c.b.Node().AdminSocket()).Call(t.Context(), http.MethodGet, audit.PathAccesses, nil, &page))
	require.Equal(t, c.there(), page.Entries[0].Subject, "the own hospital knows, too")
}

func TestARecordingComesAsOneFileWhereFFmpegIs(t *testing.T) {
	c := newRecorded(t)
	res, body := asks(t, c.zh, sampleID+"/download")
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		require.Equal(t, http.StatusNotFound, res.StatusCode)
		return
	}
	isOneFile(t, res, body)
	res, body = asks(t, c.es, c.there()+"/download")
	isOneFile(t, res, body)
	res, body = asks(t, c.es, c.there())
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Contains(t, body, "/download", "the page offers it")

	// The manifest is remembered for a minute, the tracks are not there any more.
	c.a.Stop()
	res, body = asks(t, c.es, c.there()+"/download")
	require.Equal(t, http.StatusBadGateway, res.StatusCode, body)
	require.Contains(t, body, "cannot be reached")
	require.Empty(t, res.Header.Get("Content-Disposition"))
}

// isOneFile looks into a file for sound and picture, and whether it ends where it says.
func isOneFile(t *testing.T, res *http.Response, body string) {
	t.Helper()
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, "video/webm", res.Header.Get("Content-Type"))
	require.Contains(t, res.Header.Get("Content-Disposition"), "attachment")
	require.Equal(t, "\x1a\x45\xdf\xa3", body[:4], "EBML")
	require.Contains(t, body, "A_OPUS")
	require.Contains(t, body, "V_VP8")
	path := filepath.Join(t.TempDir(), "one.webm")
	require.NoError(t, os.WriteFile(path, []byte(body), 0o600))
	said, err := exec.Command("ffmpeg", "-v", "error", "-i", path, "-f", "null", "-").CombinedOutput()
	require.NoError(t, err)
	require.Empty(t, string(said))
}
