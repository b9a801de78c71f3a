package tests

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/admin"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
	"medixchange/translator/approvals"
)

// othersHost leads to this machine (on Linux), and is none of its names: a server there counts as one of others.
const othersHost = "0.0.0.0"

// othersEngine makes a server that speaks LibreTranslate's interface the only engine of a hospital, and counts what it sees.
func othersEngine(t *testing.T, book map[string]string) (configure func(*config.Config), seen *atomic.Int64) {
	t.Helper()
	seen = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/languages" {
			_, _ = w.Write([]byte(`[{"code":"en","targets":["es"]},{"code":"es","targets":["en"]}]`))
			return
		}
		var request struct{ Q string }
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			http.Error(w, "{}", http.StatusBadRequest)
			return
		}
		seen.Add(1)
		for english, spanish := range book {
			request.Q = strings.ReplaceAll(request.Q, english, spanish)
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"translatedText": request.Q})
	}))
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	require.NoError(t, err)
	return func(cfg *config.Config) {
		cfg.Translator.Enabled = true
		cfg.Translator.AllowExternal = []string{othersHost}
		cfg.Translator.AllowPrivate = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/32")}
		cfg.Translator.Engines = []config.Engine{{Type: "libretranslate", URL: "http://" + othersHost + ":" + at.Port(), Timeout: config.Duration(30 * time.Second), Concurrent: 4}}
	}, seen
}

func reads(u *testhospital.User, tag string) {
	u.Must(http.MethodPut, "/_matrix/client/v3/user/"+url.PathEscape(u.ID)+"/account_data/org.medixchange.language", map[string]any{"language": tag})
}

// TestAMessageWithATelephoneNumberIsTranslatedByOthersOnlyOnceItsAuthorSaysSo, from request to request as clients make them.
func TestAMessageWithATelephoneNumberIsTranslatedByOthersOnlyOnceItsAuthorSaysSo(t *testing.T) {
	const english, spanish, number = "Please call the daughter tomorrow at ", "Por favor, llame a la hija mañana al ", "+44 7700 900123"
	configure, seen := othersEngine(t, map[string]string{strings.TrimSpace(english): strings.TrimSpace(spanish)})
	h := testhospital.Start(t, configure)
	ana, bo := h.User("ana"), h.User("bo")
	reads(ana, "en")
	reads(bo, "es")
	room := ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	bo.Join(room)
	ana.Sync(0)
	bo.Sync(0)
	id := ana.Say(room, english+number)
	shown := bo.WaitFor(room, id)
	require.True(t, strings.HasPrefix(shown.Get("content.body").Str, english+number), shown.Raw)
	require.Equal(t, `["identifiers"]`, shown.Get(`content.org\.medixchange\.translation.reasons`).Raw)
	require.Zero(t, seen.Load())

	var notice gjson.Result
	ana.WaitUntil("the notice", func(sync gjson.Result) bool {
		for _, ev := range testhospital.Timeline(sync, room) {
			if ev.Get("content.msgtype").Str == "m.notice" {
				notice = ev
			}
		}
		return notice.Exists()
	})
	require.Contains(t, notice.Get("content.body").Str, "a phone number")
	require.NotContains(t, notice.Get("content.body").Str, "7700")
	ana.Send(room, "m.reaction", map[string]any{"m.relates_to": map[string]any{
		"rel_type": "m.annotation", "event_id": notice.Get("event_id").Str, "key": "✅",
	}})
	bo.WaitUntil("the translation", func(sync gjson.Result) bool {
		for _, ev := range testhospital.Timeline(sync, room) {
			if strings.Contains(ev.Get(`content.m\.new_content.body`).Str, strings.TrimSpace(spanish)) {
				return true
			}
		}
		return false
	})
	require.EqualValues(t, 1, seen.Load())
	message := bo.Must(http.MethodGet, "/_matrix/client/v3/rooms/"+url.PathEscape(room)+"/event/"+url.PathEscape(id), nil)
	require.Contains(t, message.Get("content.body").Str, strings.TrimSpace(spanish), "in history, too")
}

// TestPhrasesThatReviewersApprovedAreShownAsReviewed at once, to who reads the next message.
func TestPhrasesThatReviewersApprovedAreShownAsReviewed(t *testing.T) {
	h := testhospital.Start(t, func(cfg *config.Config) {
		cfg.Translator.Enabled = true
		cfg.Translator.Engines = []config.Engine{{Type: "phrases", Timeout: config.Duration(30 * time.Second), Concurrent: 4}}
	})
	ana, bo := h.User("ana"), h.User("bo")
	reads(ana, "en")
	reads(bo, "es")
	room := ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	bo.Join(room)
	bo.Sync(0)
	const unreviewed = "frase aún no revisada"
	first := bo.WaitFor(room, ana.Say(room, "The patient has a fever.")).Get("content.body").Str
	require.Contains(t, first, "El paciente tiene fiebre.")
	require.Contains(t, first, unreviewed)

	client := admin.NewClient(h.Node().AdminSocket())
	for _, tag := range []string{"en", "es"} {
		statement := approvals.Statement{Reviewer: "Dr. Ana Ruiz", Subjects: []approvals.Subject{{Phrase: "symptoms.fever", Language: tag}}}
		require.NoError(t, client.Call(t.Context(), http.MethodPost, approvals.PathApprove, statement, nil))
	}
	second := bo.WaitFor(room, ana.Say(room, "The patient has a fever.")).Get("content.body").Str
	require.Contains(t, second, "El paciente tiene fiebre.")
	require.NotContains(t, second, unreviewed)
}
