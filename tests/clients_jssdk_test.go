package tests

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
)

// TestJSChatsAcrossHospitals drives matrix-js-sdk, on which Element Web stands, with lazy loading of members and threads.
func TestJSChatsAcrossHospitals(t *testing.T) {
	a, b := twoHospitals(t)
	ana, bo := newSeat(a, "ana", ""), newSeat(b, "bo", "")
	steps := runScript(t, "js-chat.mjs", map[string]any{"ana": ana, "bo": bo})

	want := map[string]string{
		"login":     `{"ana":"` + ana.id() + `","bo":"` + bo.id() + `"}`,
		"room":      `{"name":"Ward 3","members":["` + ana.id() + `","` + bo.id() + `"]}`,
		"message":   `{"body":"How is bed 7?","sender":"` + ana.id() + `","unread":1}`,
		"edit":      `{"body":"How is bed 8?"}`,
		"reaction":  `{"key":"👍","by":["` + bo.id() + `"]}`,
		"thread":    `{"length":1,"root":"How is bed 8?","body":"Stable, sat 97 %.","unread":1}`,
		"redaction": `{"content":{},"reason":"wrong room"}`,
		"leave":     `{"membership":"leave"}`,
	}
	require.Len(t, steps, len(want))
	for step, seen := range want {
		require.JSONEq(t, seen, withoutStep(t, steps[step]), step)
	}
}

// withoutStep is what a step saw.
func withoutStep(t *testing.T, line gjson.Result) string {
	t.Helper()
	seen, ok := line.Value().(map[string]any)
	require.True(t, ok, "no such step")
	delete(seen, "step")
	raw, err := json.Marshal(seen)
	require.NoError(t, err)
	return string(raw)
}

// TestJSScrollsBackToTheBeginning pages with the library's own timeline over history that comes by backfill.
func TestJSScrollsBackToTheBeginning(t *testing.T) {
	a, b := twoHospitals(t)
	const messages = 60
	steps := runScript(t, "js-history.mjs", map[string]any{
		"ana": newSeat(a, "ana", ""), "bo": newSeat(b, "bo", ""), "messages": messages,
	})
	require.JSONEq(t, `{"first":"m.room.create","messages":60,"sameOrder":true,"doubled":0}`, withoutStep(t, steps["history"]))
}

// TestJSReadsTranslations shows that the library gives an application the translated text, with the original one step away.
func TestJSReadsTranslations(t *testing.T) {
	a, b := twoHospitals(t, translating)
	const chinese, negated = "患者需要吸氧。", "患者不需要吸氧。"
	steps := runScript(t, "js-translation.mjs", map[string]any{
		"ana": newSeat(a, "ana", "zh"), "bo": newSeat(b, "bo", "es"), "message": chinese, "edit": negated,
	})

	read := steps["read"].Get("content")
	require.Contains(t, read.Get("body").Str, "El paciente necesita oxígeno.")
	require.False(t, steps["read"].Get("edited").Bool(), "the translation came with the event itself")
	checkKey(t, read, chinese, "phrases")

	own := steps["own"].Get("content")
	require.Equal(t, chinese, own.Get("body").Str, "the author reads their own words")
	require.False(t, translationOf(own).Exists())

	edited := steps["edit"].Get("content")
	require.Contains(t, edited.Get("body").Str, "El paciente no necesita oxígeno.")
	checkKey(t, edited, negated, "phrases")
}

func translationOf(content gjson.Result) gjson.Result {
	return content.Get(`org\.medixchange\.translation`)
}

// checkKey checks what tools read of a translation from Chinese to Spanish.
func checkKey(t *testing.T, content gjson.Result, original, engine string) {
	t.Helper()
	key := translationOf(content)
	require.Equal(t, "translated", key.Get("state").Str, content.Raw)
	require.Equal(t, "zh", key.Get("from").Str)
	require.Equal(t, "es", key.Get("to").Str)
	require.Equal(t, engine, key.Get("engine").Str)
	require.Equal(t, original, key.Get("original.body").Str)
}

// TestJSShowsLateTranslations has an engine slower than a message waits: the original comes at once, the translation as an
// edit that the library shows in its place, and reading that edit reads the message.
func TestJSShowsLateTranslations(t *testing.T) {
	engine := httptest.NewServer(slowEngine(t, 1500*time.Millisecond))
	t.Cleanup(engine.Close)
	host, err := url.Parse(engine.URL)
	require.NoError(t, err)
	a, b := twoHospitals(t, func(cfg *config.Config) {
		cfg.Translator.Enabled = true
		cfg.Translator.HoldBudget = config.Duration(200 * time.Millisecond)
		cfg.Translator.AllowExternal = []string{host.Hostname()}
		cfg.Translator.AllowPivot = true // from Chinese into Spanish, LibreTranslate goes through English
		cfg.Translator.Engines = []config.Engine{{Type: "libretranslate", URL: engine.URL, Timeout: config.Duration(10 * time.Second)}}
	})
	const chinese = "今天天气很好，我们在花园里。"
	steps := runScript(t, "js-translation.mjs", map[string]any{
		"ana": newSeat(a, "ana", "zh"), "bo": newSeat(b, "bo", "es"), "message": chinese, "late": true,
	})

	first := steps["first"].Get("content")
	require.Equal(t, chinese, first.Get("body").Str)
	require.Equal(t, "pending", translationOf(first).Get("state").Str)
	read := steps["read"].Get("content")
	require.Contains(t, read.Get("body").Str, "Hace buen tiempo hoy")
	require.True(t, steps["read"].Get("edited").Bool())
	checkKey(t, read, chinese, "libretranslate")
}

// slowEngine speaks LibreTranslate's HTTP interface, translates into one sentence, and takes its time.
func slowEngine(t *testing.T, delay time.Duration) http.Handler {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(v); err != nil {
			t.Logf("answering the translator: %v", err)
		}
	}
	mux.HandleFunc("GET /languages", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, []map[string]any{{"code": "zh", "targets": []string{"es", "zh"}}, {"code": "es", "targets": []string{"es", "zh"}}})
	})
	mux.HandleFunc("POST /translate", func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		time.Sleep(delay)
		const spanish = "Hace buen tiempo hoy, estamos en el jardín."
		if gjson.GetBytes(raw, "q").IsArray() {
			answer(w, map[string]any{"translatedText": []string{spanish}})
			return
		}
		answer(w, map[string]any{"translatedText": spanish})
	})
	return mux
}
