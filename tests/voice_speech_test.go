package tests

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// TestSpeechBecomesACaption is the whole chain: espeak-ng speaks, pocketsphinx hears out of a closed list, Apertium
// translates, and the reader has it as the caption of the recording.
func TestSpeechBecomesACaption(t *testing.T) {
	python := filepath.Join(installed(t), "venv", "bin", "python")
	spoken := filepath.Join(t.TempDir(), "spoken.wav")
	out, err := exec.Command("espeak-ng", "-v", "en-us", "-s", "130", "-w", spoken, "The patient has a headache").CombinedOutput()
	require.NoError(t, err, "is espeak-ng there? %s", out)
	recogniser := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heard, err := hear(t, python, r)
		if err != nil {
			http.Error(w, "it cannot be heard", http.StatusBadRequest)
			t.Logf("hearing: %v", err)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"text": heard, "language": "english"})
	}))
	t.Cleanup(recogniser.Close)
	h := testhospital.Start(t, func(cfg *config.Config) {
		cfg.Translator.Enabled = true
		cfg.Translator.Engines = []config.Engine{{Type: "apertium", Timeout: config.Duration(30 * time.Second), Concurrent: 1}}
		cfg.Translator.Transcription.URL, cfg.Translator.Transcription.Model = recogniser.URL, "pocketsphinx"
	})
	for name, language := range map[string]string{"ana": "en", "bo": "es"} {
		u := h.User(name)
		u.Must(http.MethodPut, "/_matrix/client/v3/user/"+url.PathEscape(u.ID)+"/account_data/org.medixchange.language", map[string]any{"language": language})
	}
	speaker, reader := newMautrix(t, h, "ana").syncing(), newMautrix(t, h, "bo").syncing()
	room := speaker.room(&mautrix.ReqCreateRoom{Preset: "private_chat"}, reader)
	recording, err := os.ReadFile(spoken)
	require.NoError(t, err)
	uploaded, err := speaker.UploadBytes(t.Context(), recording, "audio/wav")
	require.NoError(t, err)
	speaker.send(room, event.EventMessage, map[string]any{
		"msgtype": "m.audio", "body": "spoken.wav", "url": uploaded.ContentURI, "org.matrix.msc3245.voice": map[string]any{},
	})
	reader.wait("the caption", func(ev *event.Event) bool {
		said := string(ev.Content.VeryRaw)
		return ev.Type == event.EventMessage && strings.Contains(said, "El paciente tiene un dolor de cabeza") && strings.Contains(said, "🎤")
	})
}

// hear has pocketsphinx listen to the recording of a request.
func hear(t *testing.T, python string, r *http.Request) (string, error) {
	file, _, err := r.FormFile("file")
	if err != nil {
		return "", err
	}
	recording, err := io.ReadAll(file)
	if err != nil {
		return "", err
	}
	path := filepath.Join(t.TempDir(), "heard.wav")
	if err := os.WriteFile(path, recording, 0o600); err != nil {
		return "", err
	}
	input, err := json.Marshal(map[string]any{"file": path, "sentences": []string{
		"The patient has a headache.", "The patient has a fever.", "The patient has no pain.",
	}})
	if err != nil {
		return "", err
	}
	listen := exec.Command(python, "clients/listen.py")
	listen.Env = append(os.Environ(), "INPUT="+string(input))
	out, err := listen.Output()
	return strings.TrimSpace(string(out)), err
}
