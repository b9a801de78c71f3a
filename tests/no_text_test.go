package tests

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// secretWord stands in everything that is said; nobody else says it.
const secretWord = "Quetzalfieber"

// failures are ways to fail that repeat what was asked. Engines with other protocols are asked in package translator.
var failures = []func(w http.ResponseWriter, r *http.Request, words string){
	func(w http.ResponseWriter, _ *http.Request, words string) {
		w.WriteHeader(http.StatusInternalServerError)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": "cannot translate " + words})
	},
	func(w http.ResponseWriter, r *http.Request, words string) {
		http.Redirect(w, r, "http://elsewhere.example/?q="+url.QueryEscape(words), http.StatusTemporaryRedirect)
	},
	func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.Header().Set("Location", "http://["+secretWord)
		w.WriteHeader(http.StatusFound)
	},
	func(w http.ResponseWriter, _ *http.Request, words string) { // half an answer
		w.Header().Set("Content-Length", "100000")
		_, _ = w.Write([]byte(`{"translatedText":` + words))
	},
	func(w http.ResponseWriter, _ *http.Request, _ string) {
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\n" + secretWord + "\r\n\r\n"))
			_ = conn.Close()
		}
	},
}

// indiscreet is an engine that repeats what it was given in its errors, and changes doses.
func indiscreet(t *testing.T) func(*config.Config) {
	t.Helper()
	var failed atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/languages" {
			_, _ = w.Write([]byte(`[{"code":"en","targets":["es"]},{"code":"es","targets":["en"]}]`))
			return
		}
		var request struct{ Q json.RawMessage }
		_ = json.NewDecoder(r.Body).Decode(&request)
		q := gjson.ParseBytes(request.Q)
		if strings.Contains(q.Raw, "fail") {
			failures[failed.Add(1)%int64(len(failures))](w, r, q.Raw)
			return
		}
		var texts []string
		for _, text := range q.Array() {
			texts = append(texts, strings.NewReplacer("The patient has", "El paciente tiene", "5 mg", "50 mg").Replace(text.Str))
		}
		var answer any = texts
		if !q.IsArray() {
			answer = texts[0]
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"translatedText": answer})
	}))
	t.Cleanup(server.Close)
	return func(cfg *config.Config) {
		at, err := url.Parse(server.URL)
		require.NoError(t, err)
		cfg.Log.Level = "debug"
		cfg.Translator.Enabled = true
		cfg.Translator.AllowExternal = []string{at.Hostname()}
		cfg.Translator.Engines = []config.Engine{{Type: "libretranslate", URL: server.URL, Timeout: config.Duration(5 * time.Second)}}
	}
}

// TestNoTextStandsInLogsOrMetrics: neither what is said nor what it becomes, whatever goes wrong, at the sender's hospital or at
// the readers'; nor anybody's token.
func TestNoTextStandsInLogsOrMetrics(t *testing.T) {
	hospitals := testhospital.Alliance(t, 2, indiscreet(t))
	ana, bo, eve := hospitals[0].User("ana"), hospitals[0].User("bo"), hospitals[1].User("eve")
	reads(ana, "en")
	reads(bo, "es")
	reads(eve, "es")
	room := ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	bo.Join(room)
	eve.Join(room, hospitals[0].Name)
	ana.Invite(room, "@translator:"+hospitals[0].Name)
	for _, u := range []*testhospital.User{ana, bo, eve} {
		u.Sync(0)
	}
	for i := range 8 { // until the engine is not asked any more
		eve.WaitFor(room, ana.Say(room, fmt.Sprintf("The patient has %s, please fail the test number %d.", secretWord, i)))
	}
	var last string
	for _, said := range []string{
		"The patient has %s.", "The patient has %s: give 5 mg of morphine now.", "The patient has %s, tel. +44 7700 900123.",
		"!translate es The patient has %s", "!glossary %s", "!lang %s", "!translate xx %s", "!%s",
	} {
		last = ana.Say(room, fmt.Sprintf(said, secretWord))
		for _, u := range []*testhospital.User{bo, eve} {
			u.WaitFor(room, last)
		}
	}
	bo.Send(room, "m.reaction", object{"m.relates_to": object{"rel_type": "m.annotation", "event_id": last, "key": "👎"}})
	look(bo, secretWord, nil)
	status, _ := bo.Do(http.MethodPut, v3+"/rooms/"+url.PathEscape(room)+"/send/m.room.message/bad", secretWord)
	require.Equal(t, http.StatusBadRequest, status)
	ana.Say(room, "!help")
	ana.WaitUntil("the answers to the commands", func(sync gjson.Result) bool {
		return slices.ContainsFunc(testhospital.Timeline(sync, room), func(ev gjson.Result) bool {
			return ev.Get("sender").Str == "@translator:"+hospitals[0].Name && strings.Contains(ev.Get("content.body").Str, "!help: this list")
		})
	})
	for _, h := range hospitals {
		require.Eventually(t, func() bool { return len(h.Logged("engine=libretranslate")) > 0 }, clientPatience, 20*time.Millisecond,
			"the hospital logs that its engine fails")
		require.NotEmpty(t, h.Logged("level=debug", "Translation engine failed"), "and why, to whoever asks for that much")
		res, err := http.Get(h.URL + "/metrics")
		require.NoError(t, err)
		metrics, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Contains(t, string(metrics), "medix_translator_")
		for _, hidden := range []string{secretWord, strings.ToLower(secretWord), "El paciente", "900123", ana.Token, bo.Token, eve.Token} {
			require.Empty(t, h.Logged(hidden))
			require.NotContains(t, string(metrics), hidden)
		}
	}
}
