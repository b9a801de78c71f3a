package tests

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// TestAVoiceMessageIsReadAtTheOtherHospital: the recording federates as it is; each hospital fetches it and has it written
// down for its own members, who read it in their language under the recording.
func TestAVoiceMessageIsReadAtTheOtherHospital(t *testing.T) {
	var asked atomic.Int64
	recogniser := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, _, err := r.FormFile("file")
		if err != nil || r.URL.Path != "/v1/audio/transcriptions" {
			http.Error(w, "not the protocol", http.StatusBadRequest)
			return
		}
		recording, err := io.ReadAll(file)
		if err != nil || string(recording) != "sound of a voice" {
			http.Error(w, "not the recording", http.StatusBadRequest)
			return
		}
		asked.Add(1)
		_ = json.NewEncoder(w).Encode(map[string]string{"text": threeTongues[0]["en"], "language": "english"})
	}))
	t.Cleanup(recogniser.Close)
	hospitals := testhospital.Alliance(t, 2, translatingWith(t, tongues(t).URL), func(cfg *config.Config) {
		cfg.Translator.Transcription.URL, cfg.Translator.Transcription.Model = recogniser.URL, "whisper"
	})
	ana, bo := hospitals[0].User("ana"), hospitals[1].User("bo")
	for u, language := range map[*testhospital.User]string{ana: "en", bo: "es"} {
		u.Must(http.MethodPut, "/_matrix/client/v3/user/"+url.PathEscape(u.ID)+"/account_data/org.medixchange.language", map[string]any{"language": language})
	}
	speaker, reader := newMautrix(t, hospitals[0], "ana").syncing(), newMautrix(t, hospitals[1], "bo").syncing()
	room := speaker.room(&mautrix.ReqCreateRoom{Preset: "private_chat"}, reader)
	uploaded, err := speaker.UploadBytes(t.Context(), []byte("sound of a voice"), "audio/ogg")
	require.NoError(t, err)
	said := speaker.send(room, event.EventMessage, map[string]any{
		"msgtype": "m.audio", "body": "Voice message.ogg", "url": uploaded.ContentURI, "org.matrix.msc3245.voice": map[string]any{},
		"info": map[string]any{"mimetype": "audio/ogg", "size": 16},
	})
	read := reader.wait("what was said", func(ev *event.Event) bool {
		text := ev.Content.AsMessage()
		late := ev.Type == event.EventMessage && text.OptionalGetRelatesTo().GetReplaceID() == said && text.NewContent != nil &&
			strings.Contains(text.NewContent.Body, threeTongues[0]["es"])
		return late || ev.ID == said && strings.Contains(text.Body, threeTongues[0]["es"])
	}).Content.AsMessage()
	if read.NewContent != nil {
		read = read.NewContent
	}
	require.Contains(t, read.Body, "🎤")
	require.Equal(t, event.MsgAudio, read.MsgType)
	require.Equal(t, "Voice message.ogg", read.FileName)
	require.EqualValues(t, 1, asked.Load(), "nobody at the speaker's hospital needs it")
}
