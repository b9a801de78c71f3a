package node_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/conference/captions"
	"medixchange/conference/manifest"
	"medixchange/internal/config"
	"medixchange/internal/sqldb"
	"medixchange/internal/testhospital"
	"medixchange/rooms"
	"medixchange/translator/language"
)

// recordedCall is a hospital with a call that is being recorded: whatever is said there is heard as a telephone number. ana, who
// speaks English and reads French, and bo, who reads Spanish, are in it.
type recordedCall struct {
	*testhospital.Hospital
	t       *testing.T
	ana, bo *testhospital.User
	room    string
}

const recordingID = "recording0"

func newRecordedCall(t *testing.T) *recordedCall {
	t.Helper()
	recogniser := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"text":"Please call the daughter at +44 7700 900123.","language":"english"}`))
	}))
	t.Cleanup(recogniser.Close)
	engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path != "/languages" {
			t.Errorf("an engine of others was asked: %s", r.URL.Path)
		}
		_, _ = w.Write([]byte(`[{"code":"en","targets":["es","fr"]},{"code":"es","targets":["en"]},{"code":"fr","targets":["en"]}]`))
	}))
	t.Cleanup(engine.Close)
	at, err := url.Parse(engine.URL)
	require.NoError(t, err)
	const host = "0.0.0.0" // leads to this machine, and is none of its names
	c := &recordedCall{t: t, Hospital: testhospital.Start(t, func(cfg *config.Config) {
		cfg.Translator.Enabled = true
		cfg.Translator.AllowExternal = []string{host}
		cfg.Translator.AllowPrivate = []netip.Prefix{netip.MustParsePrefix(host + "/32")}
		cfg.Translator.Engines = []config.Engine{{Type: "libretranslate", URL: "http://" + host + ":" + at.Port(), Timeout: config.Duration(30 * time.Second), Concurrent: 4}}
		cfg.Translator.Transcription.URL, cfg.Translator.Transcription.Model = recogniser.URL, "whisper"
		cfg.Conference.Captions.Enabled = true
	})}
	c.ana, c.bo = c.User("ana"), c.User("bo")
	for u, tag := range map[*testhospital.User]string{c.ana: "fr", c.bo: "es"} {
		u.Must(http.MethodPut, "/_matrix/client/v3/user/"+url.PathEscape(u.ID)+"/account_data/org.medixchange.language", map[string]string{"language": tag})
	}
	c.room = c.ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	c.bo.Join(c.room)
	require.Eventually(t, func() bool { return c.Node().Offers("en", "es") && c.Node().Offers("en", "fr") }, time.Minute, 5*time.Millisecond)
	c.record()
	c.ana.Sync(0)
	c.bo.Sync(0)
	return c
}

// record writes down that the call is recorded, and tells the room, as who starts a recording does.
func (c *recordedCall) record() {
	c.t.Helper()
	err := c.Node().DB.Write(c.t.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`INSERT INTO recordings (recording_id, room_id, slot_id, title, started_by, consent, state, reason, started_ts, ended_ts, duration, bytes,
			held_by, held_reason, held_ts, announced, deleted_ts, deleted_by) VALUES ($1, $2, $3, '', $4, '', $5, '', 1, 0, 0, 0, '', '', 0, 0, 0, '')`,
			recordingID, c.room, manifest.OwnSlot, c.bo.ID, manifest.StateRecording)
		return err
	})
	require.NoError(c.t, err)
	_, err = c.Node().Rooms.Send(c.t.Context(), rooms.SendRequest{
		RoomID: c.room, Sender: c.bo.ID, Type: "m.room.message", Content: []byte(`{"msgtype":"m.notice","body":"recorded"}`),
		Txn: &rooms.Txn{Scope: "recording", Path: "start", ID: recordingID},
	})
	require.NoError(c.t, err)
	folder := filepath.Join(c.Config.DataDir, "recordings", recordingID)
	require.NoError(c.t, os.MkdirAll(filepath.Join(folder, manifest.SpeechFolder), 0o700))
	events := fmt.Sprintf(`{"type":"started","id":%q,"room_id":%q,"ts":1}
{"at":1,"type":"joined","user_id":%q,"device_id":"D","name":"Ana"}
{"at":2,"type":"track","track":"a1","user_id":%q,"device_id":"D","kind":"audio","source":"microphone","file":"a1.ogg"}
`, recordingID, c.room, c.ana.ID, c.ana.ID)
	require.NoError(c.t, os.WriteFile(filepath.Join(folder, manifest.EventsFile), []byte(events), 0o600))
	require.NoError(c.t, os.WriteFile(filepath.Join(folder, "a1.ogg"), []byte("x"), 0o600))
}

// utter has ana say something at a second, and waits until it is written down and everybody was told.
func (c *recordedCall) utter(second int64) {
	c.t.Helper()
	name := manifest.SpeechName("a1", second*1_000, second*1_000+900)
	file := filepath.Join(c.Config.DataDir, "recordings", recordingID, manifest.SpeechFolder, name)
	require.NoError(c.t, os.WriteFile(file, []byte("sound"), 0o600))
	c.Node().Said(captions.Place{ID: recordingID, RoomID: c.room, SlotID: manifest.OwnSlot}, name)
	require.Eventually(c.t, func() bool { return c.Node().CaptionsWaiting() == 0 }, time.Minute, 5*time.Millisecond)
}

// notices are what the bot says to a member until an event comes.
func (c *recordedCall) notices(u *testhospital.User, until string) (found []gjson.Result) {
	c.t.Helper()
	u.WaitUntil("what was said last", func(sync gjson.Result) bool {
		for _, ev := range testhospital.Timeline(sync, c.room) {
			if ev.Get("event_id").Str == until {
				return true
			}
			if ev.Get("sender").Str == "@translator:"+c.Name {
				found = append(found, ev)
			}
		}
		return false
	})
	return found
}

// TestASpeakerIsToldOnceThatACaptionIsNotTranslated, in their language and alone: of the first utterance of a recording that seems
// to tell who a patient is, and not what was found in it.
func TestASpeakerIsToldOnceThatACaptionIsNotTranslated(t *testing.T) {
	c := newRecordedCall(t)
	c.utter(1)
	c.utter(2)
	last := c.bo.Say(c.room, "👍")
	told := c.notices(c.ana, last)
	require.Len(t, told, 1)
	text := told[0].Get("content.body").Str
	require.Equal(t, "🌐 "+language.Say("fr", "privacy_caption", "items", language.String("fr", "privacy_phone")), text)
	require.Empty(t, c.notices(c.bo, last), "nobody else is told")
}
