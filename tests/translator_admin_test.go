package tests

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/admin"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// TestTheAdministratorSeesTheEngines over the node's socket: how each is, what it translates, and what it says.
func TestTheAdministratorSeesTheEngines(t *testing.T) {
	model := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte(`{"data":[{"id":"ward-7b"}]}`))
			return
		}
		content, _ := json.Marshal(`{"translations":[{"id":1,"text":"El paciente tiene fiebre."}]}`)
		_, _ = w.Write([]byte(`{"choices":[{"finish_reason":"stop","message":{"content":` + string(content) + `}}]}`))
	}))
	t.Cleanup(model.Close)
	paid := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(456) }))
	t.Cleanup(paid.Close)
	h := testhospital.Start(t, func(cfg *config.Config) {
		cfg.Translator.Enabled = true
		cfg.Translator.Engines = []config.Engine{
			{Type: "phrases"},
			{Type: "openai", URL: model.URL, Model: "ward-7b", Languages: []string{"en", "es"}, Timeout: config.Duration(20 * time.Second)},
			{Type: "deepl", URL: paid.URL, APIKey: "s3cret-key", Timeout: config.Duration(20 * time.Second)},
		}
	})
	client := admin.NewClient(h.Node().AdminSocket())
	states := func() []admin.EngineState {
		var answer struct{ Engines []admin.EngineState }
		require.NoError(t, client.Call(t.Context(), http.MethodGet, "/translator/engines", nil, &answer))
		return answer.Engines
	}
	require.Eventually(t, func() bool { return states()[2].State == "quota" }, time.Minute, 20*time.Millisecond)
	engines := states()
	require.Equal(t, []string{"phrases", "openai", "deepl"}, []string{engines[0].Engine, engines[1].Engine, engines[2].Engine})
	require.Equal(t, []string{"en-es", "es-en"}, engines[1].Pairs)
	require.Greater(t, engines[2].UntilTS, time.Now().Add(30*time.Minute).UnixMilli())

	var answer struct{ Trials []admin.EngineTrial }
	try := admin.TranslationTry{From: "en", To: "es", Text: "The patient has fever."}
	require.NoError(t, client.Call(t.Context(), http.MethodPost, "/translator/try", try, &answer))
	require.Equal(t, "El paciente tiene fiebre.", answer.Trials[0].Text)
	require.Equal(t, "pass", answer.Trials[1].Verdict)
	require.Equal(t, "translated", answer.Trials[1].State)
	require.Contains(t, answer.Trials[2].Fault, "quota")
	all, err := json.Marshal([]any{states(), answer})
	require.NoError(t, err)
	require.False(t, strings.Contains(string(all), "s3cret-key"))

	for _, wrong := range []admin.TranslationTry{{From: "en", To: "en", Text: "x"}, {From: "english?", To: "es", Text: "x"}, {From: "en", To: "es"}} {
		require.ErrorContains(t, client.Call(t.Context(), http.MethodPost, "/translator/try", wrong, nil), "M_INVALID_PARAM")
	}
}

// TestATranslatorThatIsOffSaysSo to the administrator.
func TestATranslatorThatIsOffSaysSo(t *testing.T) {
	h := testhospital.Start(t, func(cfg *config.Config) { cfg.Translator.Enabled = false })
	client := admin.NewClient(h.Node().AdminSocket())
	require.ErrorContains(t, client.Call(t.Context(), http.MethodGet, "/translator/engines", nil, nil), "translator.enabled is false")
}
