package translator

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"medixchange/translator/engine"
)

// stateAfter translates twice and gives the engine's health, and how often the service was asked.
func stateAfter(t *testing.T, p protocol, fault func(http.ResponseWriter)) (engine.Health, int64) {
	t.Helper()
	s := newStub(t, p)
	s.fault = func(w http.ResponseWriter, _ *http.Request, _ []string) bool {
		fault(w)
		return true
	}
	pipeline := pipelineFor(t, s, engine.Limits{})
	for _, text := range []string{"The patient has fever", "The patient has pain"} {
		result, err := pipeline.Translate(t.Context(), Request{Text: text, SenderLanguage: "en", Target: "es"})
		require.NoError(t, err)
		require.Equal(t, None, result.State)
	}
	return pipeline.Engines()[0].Health, s.requests.Load()
}

// TestAUsedUpQuotaStopsTheEngine for long, visibly; a pause that a service asks for is short.
func TestAUsedUpQuotaStopsTheEngine(t *testing.T) {
	for _, p := range protocols {
		if p.quota == nil {
			continue
		}
		health, asked := stateAfter(t, p, p.quota)
		require.Equal(t, engine.StateQuota, health.State, p.name)
		require.EqualValues(t, 1, asked, p.name)
		require.Greater(t, time.Until(health.Until), 30*time.Minute)
		require.Contains(t, health.Fault, "quota used up")
	}
}

// TestAWrongKeyIsNotTriedAgain before somebody has changed it.
func TestAWrongKeyIsNotTriedAgain(t *testing.T) {
	for _, p := range protocols {
		health, asked := stateAfter(t, p, p.wrongKey)
		require.Equal(t, engine.StateKey, health.State, p.name)
		require.EqualValues(t, 1, asked, p.name)
		require.Contains(t, health.Fault, "key refused")
		require.NotContains(t, health.Fault, stubKey)
	}
}

func TestAPauseThatWasAskedForIsKept(t *testing.T) {
	for _, p := range protocols {
		health, asked := stateAfter(t, p, func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "60")
			say(w, http.StatusTooManyRequests, object{})
		})
		require.Equal(t, engine.StateWaiting, health.State, p.name)
		require.EqualValues(t, 1, asked, "the server asked to be left alone")
		require.LessOrEqual(t, time.Until(health.Until), time.Minute, "and not longer than it asked")
	}
}

// TestFaultsOfTheServicesAreToldApart: what to wait for shortly, for long, and what will not pass by itself.
func TestFaultsOfTheServicesAreToldApart(t *testing.T) {
	google := func(reason string) object {
		return object{"error": object{"code": 403, "errors": []object{{"reason": reason}}}}
	}
	azure := func(code int) object { return object{"error": object{"code": code, "message": "x"}} }
	for _, test := range []struct {
		protocol protocol
		status   int
		body     object
		state    engine.State
	}{
		{googleProtocol, 403, google("rateLimitExceeded"), engine.StateWaiting},
		{googleProtocol, 403, google("userRateLimitExceeded"), engine.StateWaiting},
		{googleProtocol, 403, google("dailyLimitExceeded"), engine.StateQuota},
		{googleProtocol, 403, google("forbidden"), engine.StateKey},
		{googleProtocol, 403, object{}, engine.StateKey},
		{googleProtocol, 429, object{"error": object{"status": "RESOURCE_EXHAUSTED"}}, engine.StateWaiting},
		{accountProtocol, 403, object{"error": object{"status": "PERMISSION_DENIED", "details": []object{{"reason": "SERVICE_DISABLED"}}}}, engine.StateKey},
		{accountProtocol, 401, object{"error": object{"status": "UNAUTHENTICATED"}}, engine.StateFailing},
		{azureProtocol, 401, azure(401015), engine.StateKey},
		{azureProtocol, 403, azure(403000), engine.StateKey},
		{azureProtocol, 403, azure(403001), engine.StateQuota},
		{azureProtocol, 408, azure(408001), engine.StateFailing},
		{azureProtocol, 429, azure(429001), engine.StateWaiting},
		{azureProtocol, 400, azure(400036), engine.StateOK},
		{azureProtocol, 503, azure(503000), engine.StateWaiting},
		{libreProtocol, 403, object{"error": "Invalid API key"}, engine.StateKey},
		{libreProtocol, 403, object{"error": "Too many request limits violations"}, engine.StateWaiting},
		{libreProtocol, 400, object{"error": "Please contact the server operator to get an API key"}, engine.StateKey},
		{libreProtocol, 400, object{"error": "xx is not supported"}, engine.StateOK},
		{libreProtocol, 429, object{"error": "Slowdown: 80 per 1 minute"}, engine.StateWaiting},
		{deeplProtocol, 456, object{}, engine.StateQuota},
		{deeplProtocol, 529, object{}, engine.StateWaiting},
		{deeplProtocol, 403, object{}, engine.StateKey},
		{deeplProtocol, 413, object{}, engine.StateOK},
		{deeplProtocol, 500, object{}, engine.StateFailing},
		{chatProtocol, 429, object{"error": object{"code": "rate_limit_exceeded"}}, engine.StateWaiting},
		{chatProtocol, 429, object{"error": object{"code": "insufficient_quota"}}, engine.StateQuota},
		{chatProtocol, 404, object{"error": object{"code": "model_not_found"}}, engine.StateOK},
		{chatProtocol, 503, object{"error": object{"code": 503, "message": "Loading model"}}, engine.StateWaiting},
	} {
		health, _ := stateAfter(t, test.protocol, func(w http.ResponseWriter) { say(w, test.status, test.body) })
		require.Equal(t, test.state, health.State, "%s %d %v: %s", test.protocol.name, test.status, test.body, health.Fault)
	}
}

// TestDeepLKnowsBeforehandThatNothingIsLeft by asking for its usage.
func TestDeepLKnowsBeforehandThatNothingIsLeft(t *testing.T) {
	p := deeplProtocol
	p.lists = get(map[string]any{"/v2/usage": object{"character_count": 500000, "character_limit": 500000}})
	guard := engine.NewGuard(newStub(t, p).engineOf(t, options{}), engine.Limits{})
	require.ErrorIs(t, guard.Check(t.Context()), engine.ErrQuota)
	require.Equal(t, engine.StateQuota, guard.Health().State)
}

// TestALostModelIsSeen before anybody asks it to translate.
func TestALostModelIsSeen(t *testing.T) {
	p := chatProtocol
	p.lists = get(map[string]any{"/v1/models": object{"data": []object{{"id": "other"}}}})
	guard := engine.NewGuard(newStub(t, p).engineOf(t, options{}), engine.Limits{})
	require.ErrorContains(t, guard.Check(t.Context()), `no model "ward-7b"`)
	require.Equal(t, engine.StateFailing, guard.Health().State)
}

// TestMetricsTellEnginesPairsAndVerdicts, and no text.
func TestMetricsTellEnginesPairsAndVerdicts(t *testing.T) {
	s := newStub(t, deeplProtocol)
	registry := prometheus.NewRegistry()
	pipeline, err := New(Config{Engines: []EngineConfig{{Engine: s.engineOf(t, options{})}}}, registry)
	require.NoError(t, err)
	_, err = pipeline.Translate(t.Context(), Request{Text: "Give 0.5 mg of adrenaline now", SenderLanguage: "en", Target: "es"})
	require.NoError(t, err)
	require.NoError(t, testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP medix_translator_engine_requests_total Requests to translation engines.
# TYPE medix_translator_engine_requests_total counter
medix_translator_engine_requests_total{engine="deepl",from="en",outcome="ok",to="es"} 1
# HELP medix_translator_verdicts_total Verdicts of the medical checks; dose says whether the message has a drug, dose or the like.
# TYPE medix_translator_verdicts_total counter
medix_translator_verdicts_total{dose="yes",engine="deepl",from="en",to="es",verdict="pass"} 1
# HELP medix_translator_engine_state 1 for the state that an engine is in, 0 for the others.
# TYPE medix_translator_engine_state gauge
medix_translator_engine_state{engine="deepl",state="circuit_open"} 0
medix_translator_engine_state{engine="deepl",state="failing"} 0
medix_translator_engine_state{engine="deepl",state="key_refused"} 0
medix_translator_engine_state{engine="deepl",state="new"} 0
medix_translator_engine_state{engine="deepl",state="ok"} 1
medix_translator_engine_state{engine="deepl",state="quota"} 0
medix_translator_engine_state{engine="deepl",state="waiting"} 0
`), "medix_translator_engine_requests_total", "medix_translator_verdicts_total", "medix_translator_engine_state"))
	require.Equal(t, 1, testutil.CollectAndCount(pipeline.metrics.seconds))
	require.Equal(t, "other", label("tlh"))
}

// TestTwoEnginesOfOneTypeHaveStatesOfTheirOwn.
func TestTwoEnginesOfOneTypeHaveStatesOfTheirOwn(t *testing.T) {
	registry := prometheus.NewRegistry()
	good, refused := newStub(t, deeplProtocol), newStub(t, deeplProtocol)
	refused.protocol.lists = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusForbidden); return true }
	pipeline, err := New(Config{Engines: []EngineConfig{{Engine: good.engineOf(t, options{})}, {Engine: refused.engineOf(t, options{})}}}, registry)
	require.NoError(t, err)
	pipeline.Check(t.Context())
	families, err := registry.Gather()
	require.NoError(t, err)
	in := map[string]string{}
	for _, family := range families {
		if family.GetName() != "medix_translator_engine_state" {
			continue
		}
		for _, metric := range family.GetMetric() {
			if metric.GetGauge().GetValue() == 1 {
				in[metric.GetLabel()[0].GetValue()] = metric.GetLabel()[1].GetValue()
			}
		}
	}
	require.Equal(t, map[string]string{"deepl": "ok", "deepl-2": "key_refused"}, in)
}

// TestTryAsksEveryEngine and shows what each says, in their order.
func TestTryAsksEveryEngine(t *testing.T) {
	good, bad := newStub(t, deeplProtocol), newStub(t, azureProtocol)
	bad.spoil = func(string) string { return "患者发热并且疼痛" }
	pipeline := pipelineFor(t, good, engine.Limits{}, bad.engineOf(t, options{}), &fake{name: "broken", err: engine.ErrBusy}, &fake{name: "other", onlyFrom: "fr"})
	trials := pipeline.Try(t.Context(), Request{Text: "The patient has fever and pain", SourceHint: "en", Target: "es"})
	require.Len(t, trials, 4)
	require.Equal(t, "El paciente tiene fiebre y dolor", trials[0].Result.Body)
	require.Equal(t, "script", trials[1].Result.Reasons[0].Code)
	require.Equal(t, "患者发热并且疼痛", trials[1].Answer)
	require.ErrorIs(t, trials[2].Err, engine.ErrBusy)
	require.ErrorIs(t, trials[3].Err, errNotOffered)
}
