package tests

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
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

// TestJSLateTranslationsUnderEveryActionOfAClient: a reader with two devices replies to a late translation, reacts to it, marks
// it as read, forwards it and tries to redact it; its author edits the message, and redacts it. A late poll is told by the bot.
func TestJSLateTranslationsUnderEveryActionOfAClient(t *testing.T) {
	own := newInterpreter(t)
	gated := httptest.NewServer(&gate{next: own})
	t.Cleanup(gated.Close)
	a, b := twoHospitals(t, func(cfg *config.Config) {
		own.engine(t, cfg)
		cfg.Translator.Engines[0].URL = gated.URL
		cfg.Translator.HoldBudget = config.Duration(100 * time.Millisecond)
	})
	zh := func(n int) string { return own.memory.Forms(said[n], "zh")[0] }
	es := func(n int) string { return own.memory.Forms(said[n], "es")[0] }
	steps := runScript(t, "js-late.mjs", map[string]any{
		"ana": newSeat(a, "ana", "zh"), "bo": newSeat(b, "bo", "es"), "bot": "@translator:" + b.Name, "gate": gated.URL,
		"message": zh(0), "edit": zh(1), "reply": es(2), "poll": []string{zh(3), zh(4), zh(5)},
	})

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
