package notify_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
)

// readingLine is what the reading log says of one reader.
type readingLine struct {
	mode          string
	first, pushed int64
}

func (w ward) reading(t *testing.T, userID string) (found readingLine) {
	t.Helper()
	require.Eventually(t, func() bool {
		return w.Node().DB.QueryRow(t.Context(), `SELECT mode, first_ts, pushed_ts FROM translation_readings WHERE user_id = $1`, userID).
			Scan(&found.mode, &found.first, &found.pushed) == nil
	}, 20*time.Second, 20*time.Millisecond, "no reading of %s", userID)
	return found
}

// TestTheReadingLogSaysWhatAPhoneWasTold: a translation that a gateway took is one that the reader was given; one of which the
// phone gets the id alone is not.
func TestTheReadingLogSaysWhatAPhoneWasTold(t *testing.T) {
	release := make(chan struct{})
	close(release)
	engine := httptest.NewServer(heldEngine(release))
	t.Cleanup(engine.Close)
	host, err := url.Parse(engine.URL)
	require.NoError(t, err)
	w, g := newWard(t, func(cfg *config.Config) {
		cfg.Translator.Enabled, cfg.Translator.AllowPivot = true, true
		cfg.Translator.HoldBudget = config.Duration(20 * time.Second)
		cfg.Translator.AllowExternal = []string{host.Hostname()}
		cfg.Translator.Engines = []config.Engine{{Type: "libretranslate", URL: engine.URL, Timeout: config.Duration(10 * time.Second)}}
	}), newGateway(t)
	ids := newGateway(t)
	w.ana.Must(http.MethodPut, path("/user/%s/account_data/org.medixchange.language", w.ana.ID), map[string]any{"language": "zh"})
	w.bo.Must(http.MethodPut, path("/user/%s/account_data/org.medixchange.language", w.bo.ID), map[string]any{"language": "es"})
	w.cy.Must(http.MethodPut, path("/user/%s/account_data/org.medixchange.language", w.cy.ID), map[string]any{"language": "es"})
	g.pusher(w.bo, "full", "")
	ids.pusher(w.cy, "ids", "event_id_only")
	sent := w.ana.Say(w.room, "今天天气很好，我们在花园里。")
	require.Contains(t, g.about(sent).Get("content.body").Str, "jardín")
	told := w.reading(t, w.bo.ID)
	require.Equal(t, "push", told.mode)
	require.NotZero(t, told.pushed)
	require.Equal(t, told.first, told.pushed)

	w.bo.WaitFor(w.room, sent)
	require.Eventually(t, func() bool { return w.reading(t, w.bo.ID).mode == "in_place" }, 20*time.Second, 20*time.Millisecond)
	read := w.reading(t, w.bo.ID)
	require.Equal(t, told.first, read.first, "what was first stays")
	require.Equal(t, told.pushed, read.pushed)

	ids.about(sent)
	w.cy.WaitFor(w.room, sent)
	require.Zero(t, w.reading(t, w.cy.ID).pushed, "the phone got no words")
}
