package tests

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// gate is before an engine, and holds its translations back while a script wants them late.
type gate struct {
	next http.Handler
	mu   sync.Mutex
	shut chan struct{} // closed when it opens; nil: it is open
}

// ServeHTTP takes POST /gate/close and /gate/open, and hands on the rest.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	w.Header().Set("Access-Control-Allow-Origin", "*") // the script may be in a browser
	switch r.URL.Path {
	case "/gate/close":
		g.shut = make(chan struct{})
		g.mu.Unlock()
		return
	case "/gate/open":
		close(g.shut)
		g.shut = nil
		g.mu.Unlock()
		return
	}
	shut := g.shut
	g.mu.Unlock()
	if shut != nil && r.URL.Path == "/translate" {
		select {
		case <-shut:
		case <-r.Context().Done():
			return
		}
	}
	g.next.ServeHTTP(w, r)
}

// lateWards are two hospitals with one engine behind a gate, whose translations are late while it is closed.
type lateWards struct {
	a, b *testhospital.Hospital
	own  *interpreter
	gate string // its URL
}

func newLateWards(t *testing.T) *lateWards {
	t.Helper()
	own := newInterpreter(t)
	gated := httptest.NewServer(&gate{next: own})
	t.Cleanup(gated.Close)
	hospitals := testhospital.Alliance(t, 2, func(cfg *config.Config) {
		own.engine(t, cfg)
		cfg.Translator.Engines[0].URL = gated.URL
		cfg.Translator.HoldBudget = config.Duration(100 * time.Millisecond)
	})
	return &lateWards{a: hospitals[0], b: hospitals[1], own: own, gate: gated.URL}
}

// zh and es are the engine's wordings of one phrase.
func (l *lateWards) zh(n int) string { return l.own.memory.Forms(said[n], "zh")[0] }
func (l *lateWards) es(n int) string { return l.own.memory.Forms(said[n], "es")[0] }

// TestJSLateTranslationsUnderEveryActionOfAClient: a reader with two devices replies to a late translation, reacts to it, marks
// it as read, forwards it and tries to redact it; its author edits the message, and redacts it. A late poll is told by the bot.
// The same script runs in Node.js and in Chromium.
func TestJSLateTranslationsUnderEveryActionOfAClient(t *testing.T) {
	for name, run := range scriptHosts {
		t.Run(name, func(t *testing.T) {
			installed(t)
			wards := newLateWards(t)
			judgeLate(t, wards, run(t, "js-late.mjs", map[string]any{
				"ana": newSeat(wards.a, "ana", "zh"), "bo": newSeat(wards.b, "bo", "es"),
				"bot": "@translator:" + wards.b.Name, "gate": wards.gate, "message": wards.zh(0), "edit": wards.zh(1),
				"reply": wards.es(2), "poll": []string{wards.zh(3), wards.zh(4), wards.zh(5)},
			}))
		})
	}
}

// judgeLate checks what js-late.mjs saw.
func judgeLate(t *testing.T, wards *lateWards, steps map[string]gjson.Result) {
	t.Helper()
	zh, es := wards.zh, wards.es
	late := steps["late"]
	for _, body := range late.Get("bodies").Array() {
		require.Contains(t, body.Str, es(0))
	}
	require.Len(t, late.Get("bodies").Array(), 2)
	require.True(t, late.Get("sameEdit").Bool(), "both devices have the same edit")
	require.Equal(t, "[1,1]", late.Get("unread").Raw, "one message, and the edit does not count")

	require.JSONEq(t, `{"toMessage":true,"reactedTo":"👍"}`, withoutStep(t, steps["answered"]))
	require.JSONEq(t, `{"read":true,"redacting":"M_FORBIDDEN"}`, withoutStep(t, steps["read"]))
	for _, body := range steps["edit"].Get("bodies").Array() {
		require.Contains(t, body.Str, es(1), "the real edit is what is shown")
		require.NotContains(t, body.Str, es(0))
	}
	require.JSONEq(t, `{"body":"`+zh(1)+`","from":{"from":"zh","to":"es"},"key":false}`, withoutStep(t, steps["forward"]))

	poll := steps["poll"]
	require.Equal(t, zh(3), poll.Get("raw").Str, "the library makes a poll once")
	require.Contains(t, poll.Get("said").Str, es(3)+"\n1. "+es(4)+"\n2. "+es(5))
	require.Equal(t, "m.notice", poll.Get("type").Str)
	require.True(t, strings.HasPrefix(poll.Get("later").Str, es(3)+"\n🌐"), poll.Raw)
	require.JSONEq(t, `[["answer-0","`+es(4)+`"],["answer-1","`+es(5)+`"]]`, poll.Get("answers").Raw)
	require.JSONEq(t, `["answer-1"]`, poll.Get("votes").Raw)

	contents := steps["redaction"].Get("contents").Array()
	require.NotEmpty(t, contents)
	for _, content := range contents {
		require.JSONEq(t, `{}`, content.Raw, "no text of it is left")
	}
}
