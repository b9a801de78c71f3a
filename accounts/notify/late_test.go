package notify_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
	"medixchange/rooms/view"
)

// TestALateTranslationIsNotTold has an engine that answers after the time for which a message is held: the original is told
// in time, and the edit that brings the translation to its reader causes nothing.
func TestALateTranslationIsNotTold(t *testing.T) {
	release := make(chan struct{})
	w, g := lateWard(t, 200*time.Millisecond, release), newGateway(t)
	g.pusher(w.bo, "key", "")
	w.bo.Sync(0)
	sent := w.ana.Say(w.room, chinese)
	require.Equal(t, chinese, g.about(sent).Get("content.body").Str)
	w.bo.WaitFor(w.room, sent)

	close(release)
	w.bo.WaitUntil("the late translation", func(sync gjson.Result) bool {
		for _, ev := range testhospital.Timeline(sync, w.room) {
			if ev.Get(`content.m\.relates_to.event_id`).Str == sent {
				return true
			}
		}
		return false
	})
	last := w.ana.Say(w.room, "👍")
	g.about(last)
	require.Equal(t, []string{sent, last}, g.events())
}

// TestWhoHasNothingToWaitForLetsNobodyElseHaveTheOriginal: in threads translations come as messages of their own, so nothing is
// held for those who read there; a colleague who reads the language in place is told after the same message was translated.
func TestWhoHasNothingToWaitForLetsNobodyElseHaveTheOriginal(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	w := lateWard(t, patience, release)
	sent := w.ana.Say(w.room, chinese)
	found, err := w.Node().Rooms.EventsByID(t.Context(), []string{sent})
	require.NoError(t, err)
	n := newNotifier(t, w.Hospital)
	reader := func(userID, mode string) view.Viewer { return view.Viewer{UserID: userID, Language: "es", Mode: mode} }
	held, err := n.Held(t.Context(), found[sent], reader(w.bo.ID, view.ModeThread), reader(w.cy.ID, view.ModeInPlace), reader(w.bo.ID, view.ModeThread))
	require.NoError(t, err)
	require.Equal(t, []bool{false, true, false}, held)
}

const chinese = "今天天气很好，我们在花园里。"

// lateWard is a ward in which bo reads the Chinese of ana in Spanish, once the engine may translate it.
func lateWard(t *testing.T, hold time.Duration, release <-chan struct{}) ward {
	engine := httptest.NewServer(heldEngine(release))
	t.Cleanup(engine.Close)
	host, err := url.Parse(engine.URL)
	require.NoError(t, err)
	w := newWard(t, func(cfg *config.Config) {
		cfg.Translator.Enabled = true
		cfg.Translator.AllowPivot = true // LibreTranslate goes from Chinese to Spanish through English
		cfg.Translator.HoldBudget = config.Duration(hold)
		cfg.Translator.AllowExternal = []string{host.Hostname()}
		cfg.Translator.Engines = []config.Engine{{Type: "libretranslate", URL: engine.URL, Timeout: config.Duration(10 * time.Second)}}
	})
	for user, language := range map[*testhospital.User]string{w.bo: "es", w.ana: "zh"} {
		user.Must(http.MethodPut, path("/user/%s/account_data/org.medixchange.language", user.ID), map[string]any{"language": language})
	}
	return w
}

// heldEngine speaks LibreTranslate's HTTP interface and translates everything into one sentence, once it may.
func heldEngine(release <-chan struct{}) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /languages", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode([]map[string]any{{"code": "zh", "targets": []string{"es"}}, {"code": "es", "targets": []string{"zh"}}})
	})
	mux.HandleFunc("POST /translate", func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Q json.RawMessage }
		if json.NewDecoder(r.Body).Decode(&body) != nil {
			return
		}
		select {
		case <-release:
		case <-r.Context().Done():
			return
		}
		w.Header().Set("Content-Type", "application/json")
		const spanish = "Hace buen tiempo hoy, estamos en el jardín."
		var text any = spanish
		if gjson.ParseBytes(body.Q).IsArray() {
			text = []string{spanish}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"translatedText": text})
	})
	return mux
}
