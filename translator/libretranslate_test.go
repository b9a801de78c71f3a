package translator

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"medixchange/translator/check"
	"medixchange/translator/engine"
	"medixchange/translator/language"
	"medixchange/translator/phrases"
)

// libreStub speaks LibreTranslate's protocol. Its "Spanish" comes from a small dictionary; faults are
// what a test asks for.
type libreStub struct {
	*httptest.Server
	requests atomic.Int64
	fault    func(w http.ResponseWriter, r *http.Request, texts []string) bool // true: it has answered
	spoil    func(text string) string                                          // changes each translation
}

var stubWords = strings.NewReplacer(
	"Give", "Administre", "give", "administre", " every ", " cada ", " hours", " horas", "The patient", "El paciente", "the patient", "el paciente",
	" has no ", " no tiene ", " has ", " tiene ", "fever", "fiebre", " and ", " y ", " then ", " luego ", "pain", "dolor", "in the left arm", "en el brazo izquierdo",
	" of ", " de ", "now", "ahora", "Please call", "Llame por favor", "tomorrow morning", "mañana por la mañana", "doctor", "médico")

func newStub(t testing.TB) *libreStub {
	t.Helper()
	s := &libreStub{}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

func (s *libreStub) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/languages" {
		_, _ = w.Write([]byte(`[{"code":"en","name":"English","targets":["es","zh-Hans"]},{"code":"es","name":"Spanish","targets":["en"]},{"code":"zh-Hans","name":"Chinese","targets":["en"]}]`))
		return
	}
	s.requests.Add(1)
	var request struct {
		Q      json.RawMessage
		Source string
		Target string
		Format string
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, `{"error":"bad request"}`, http.StatusBadRequest)
		return
	}
	var texts []string
	list := json.Unmarshal(request.Q, &texts) == nil
	if !list {
		texts = []string{""}
		_ = json.Unmarshal(request.Q, &texts[0])
	}
	if s.fault != nil && s.fault(w, r, texts) {
		return
	}
	for i := range texts {
		texts[i] = stubWords.Replace(texts[i])
		if s.spoil != nil {
			texts[i] = s.spoil(texts[i])
		}
	}
	var answer any = texts
	if !list {
		answer = texts[0]
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"translatedText": answer})
}

// pipelineFor puts the stub behind a pipeline with a short deadline.
func pipelineFor(t testing.TB, s *libreStub, limits engine.Limits) *Pipeline {
	t.Helper()
	libre, err := engine.NewLibreTranslate(engine.LibreTranslateConfig{URL: s.URL}, s.Client())
	require.NoError(t, err)
	p, err := New(Config{Engines: []EngineConfig{{Engine: libre, Limits: limits}}, Deadline: 2 * time.Second}, prometheus.NewRegistry())
	require.NoError(t, err)
	return p
}

func read(t testing.TB, p *Pipeline, text, html string) Result {
	t.Helper()
	result, err := p.Translate(context.Background(), Request{Text: text, HTML: html, SenderLanguage: "en", Target: "es"})
	require.NoError(t, err)
	return result
}

func TestLibreTranslate(t *testing.T) {
	stub := newStub(t)
	p := pipelineFor(t, stub, engine.Limits{})
	result := read(t, p, "The patient has fever", "")
	require.Equal(t, Translated, result.State)
	require.Equal(t, "El paciente tiene fiebre", result.Body)
	require.Empty(t, result.FormattedBody)
	require.Equal(t, check.Pass, result.Verdict)
	require.Equal(t, "libretranslate", result.Engine)

	result = read(t, p, "x", "<p>Give <b>0.5 mg</b> of adrenaline now, see <a href=\"https://a.example/\">https://a.example/</a></p><p>The patient has fever &amp; pain</p>")
	require.Equal(t, "<p>Administre <b>0.5 mg</b> de adrenaline ahora, see <a href=\"https://a.example/\">https://a.example/</a></p><p>El paciente tiene fiebre &amp; dolor</p>", result.FormattedBody)
	require.Equal(t, "Administre 0.5 mg de adrenaline ahora, see https://a.example/\nEl paciente tiene fiebre & dolor", result.Body)
	require.EqualValues(t, 2, stub.requests.Load(), "one request for a message of two blocks")
	require.Equal(t, []check.Invariant{{Kind: check.KindDose, Text: "0.5 mg"}, {Kind: check.KindDrug, Text: "adrenaline"}}, result.Invariants)
	require.False(t, p.Offers("es", "fr"))
}

// TestLibreTranslateFaults: whatever the server does, the reader gets the truth.
func TestLibreTranslateFaults(t *testing.T) {
	const dose = "Give 0.5 mg of adrenaline every 8 hours, then 3 times"
	digits := regexp.MustCompile(`\d+`)
	for name, test := range map[string]struct {
		text   string
		fault  func(w http.ResponseWriter, r *http.Request, texts []string) bool
		spoil  func(string) string
		state  State
		reason string
	}{
		"429": {state: None, reason: ReasonBusy, fault: func(w http.ResponseWriter, _ *http.Request, _ []string) bool {
			w.Header().Set("Retry-After", "7")
			http.Error(w, `{"error":"Slow down"}`, http.StatusTooManyRequests)
			return true
		}},
		"500": {state: None, reason: ReasonEngineError, fault: func(w http.ResponseWriter, _ *http.Request, _ []string) bool {
			http.Error(w, "<html>", http.StatusInternalServerError)
			return true
		}},
		"403": {state: None, reason: ReasonEngineError, fault: func(w http.ResponseWriter, _ *http.Request, _ []string) bool {
			http.Error(w, `{"error":"Invalid API key"}`, http.StatusForbidden)
			return true
		}},
		"hanging": {state: None, reason: ReasonTimeout, fault: func(_ http.ResponseWriter, r *http.Request, _ []string) bool {
			<-r.Context().Done()
			return true
		}},
		"half an answer": {state: None, reason: ReasonEngineError, fault: func(w http.ResponseWriter, _ *http.Request, _ []string) bool {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"translatedText": "Admin`))
			return true
		}},
		"too few": {state: None, reason: ReasonEngineError, text: "The patient has fever\nthe patient has pain", fault: func(w http.ResponseWriter, _ *http.Request, _ []string) bool {
			_, _ = w.Write([]byte(`{"translatedText": ["uno"]}`))
			return true
		}},
		"no text": {state: None, reason: ReasonEngineError, fault: func(w http.ResponseWriter, _ *http.Request, _ []string) bool {
			_, _ = w.Write([]byte(`{"translatedText": null}`))
			return true
		}},
		"echo": {state: None, reason: "echo", text: "The patient has fever and pain", fault: func(w http.ResponseWriter, _ *http.Request, texts []string) bool {
			_ = json.NewEncoder(w).Encode(map[string]any{"translatedText": texts[0]})
			return true
		}},
		"digits dropped":    {text: dose, state: None, reason: "placeholder", spoil: func(s string) string { return digits.ReplaceAllString(s, "") }},
		"protected swapped": {text: "Give 5 mg of morphine and 500 mg of paracetamol now", state: None, reason: "placeholder", spoil: strings.NewReplacer(">5 mg<", ">500 mg<", ">500 mg<", ">5 mg<").Replace},
		"bare number lost":  {text: "The patient has pain 8 hours and fever 3 hours", state: Translated, reason: "number", spoil: func(s string) string { return strings.ReplaceAll(s, "8 ", "") }},
		"frequency changed": {text: dose, state: None, reason: "frequency", spoil: strings.NewReplacer("8 horas", "6 horas").Replace},
		"parts eaten":       {text: dose, state: None, reason: "placeholder", spoil: func(s string) string { return regexp.MustCompile(`<code[^>]*>[^<]*</code>`).ReplaceAllString(s, "") }},
		"parts doubled":     {text: dose, state: None, reason: "placeholder", spoil: func(s string) string { return s + s }},
		"negation lost":     {text: "The patient has no fever now", state: Translated, reason: "negation", spoil: func(s string) string { return strings.ReplaceAll(s, "no tiene", "tiene") }},
		"side turned":       {text: "The patient has pain in the left arm", state: None, reason: "side", spoil: func(s string) string { return strings.ReplaceAll(s, "el brazo izquierdo", "el lado derecho") }},
		"other script":      {text: "The patient has fever and pain", state: None, reason: "script", spoil: func(string) string { return "患者发热并且疼痛" }},
		"stuck":             {text: "The patient has fever", state: None, reason: "repetition", spoil: func(s string) string { return strings.Repeat("fiebre ", 30) }},
		"third language": {text: "The patient has fever and the patient has pain now, please call the doctor", state: Translated, reason: "language", spoil: func(string) string {
			return "Der Patient hat Fieber und Schmerzen, bitte rufen Sie jetzt sofort den diensthabenden Arzt an"
		}},
		"nothing": {text: "The patient has fever", state: None, reason: "length", spoil: func(string) string { return "" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stub := newStub(t)
			stub.fault, stub.spoil = test.fault, test.spoil
			text := test.text
			if text == "" {
				text = "The patient has fever"
			}
			result := read(t, pipelineFor(t, stub, engine.Limits{Deadline: 500 * time.Millisecond}), text, "")
			require.Equal(t, test.state, result.State, "%+v", result)
			require.NotEmpty(t, result.Reasons)
			require.Equal(t, test.reason, result.Reasons[0].Code, "%+v", result.Reasons)
			if test.state == Translated {
				require.Equal(t, check.Warn, result.Verdict)
			}
			require.Contains(t, result.Compose(false).Body, text, "the original stays readable")
		})
	}
}

func TestInjectedMarkupIsHarmless(t *testing.T) {
	stub := newStub(t)
	stub.spoil = func(s string) string { return s + `<img src="https://evil/" onerror="x()"><script>alert(1)</script>` }
	result := read(t, pipelineFor(t, stub, engine.Limits{}), "x", "Give <b>0.5 mg</b> now, the patient has fever")
	require.NotContains(t, result.FormattedBody, "<img")
	require.NotContains(t, result.FormattedBody, "<script")
}

func TestRetryAfterIsKept(t *testing.T) {
	stub := newStub(t)
	stub.fault = func(w http.ResponseWriter, _ *http.Request, _ []string) bool {
		w.Header().Set("Retry-After", "60")
		http.Error(w, "{}", http.StatusTooManyRequests)
		return true
	}
	p := pipelineFor(t, stub, engine.Limits{})
	require.Equal(t, ReasonBusy, read(t, p, "The patient has fever", "").Reasons[0].Code)
	require.Equal(t, ReasonBusy, read(t, p, "The patient has pain", "").Reasons[0].Code)
	require.EqualValues(t, 1, stub.requests.Load(), "the server asked to be left alone")
}

func TestExternalHostsAreRefused(t *testing.T) {
	for address, allowed := range map[string]bool{
		"http://127.0.0.1:5000": true, "http://10.1.2.3": true, "http://localhost:1": true, "http://[::1]:5000": true,
		"https://translate.example.org": false, "http://8.8.8.8": false, "ftp://127.0.0.1": false, "http://": false,
	} {
		_, err := engine.NewLibreTranslate(engine.LibreTranslateConfig{URL: address}, http.DefaultClient)
		require.Equal(t, allowed, err == nil, address)
	}
	_, err := engine.NewLibreTranslate(engine.LibreTranslateConfig{URL: "https://translate.example.org"}, http.DefaultClient)
	require.ErrorContains(t, err, "translator.allow_external")
	_, err = engine.NewLibreTranslate(engine.LibreTranslateConfig{URL: "https://translate.example.org", AllowExternal: []string{"translate.example.org"}}, http.DefaultClient)
	require.NoError(t, err)
}

// TestPhrasesPassTheChecks takes every phrase through the pipeline, from and into English and in a
// rotating share of the other pairs: each reads exactly as the phrase is written there, with the slots
// filled, and none is doubted.
func TestPhrasesPassTheChecks(t *testing.T) {
	memory, err := phrases.Embedded()
	require.NoError(t, err)
	p, err := New(Config{Engines: []EngineConfig{{Engine: engine.NewPhrases(memory)}}}, nil)
	require.NoError(t, err)
	fill := strings.NewReplacer("{n}", "6", "{drug}", "paracetamol", "{dose}", "500 mg", "{pressure}", "120/80")
	for c, concept := range memory.IDs() {
		for i, from := range language.Chat {
			text := fill.Replace(memory.Forms(concept, from)[0])
			for j, to := range language.Chat {
				if from == to || from != "en" && to != "en" && (c+i+j)%8 != 0 {
					continue
				}
				result, err := p.Translate(context.Background(), Request{Text: text, SourceHint: from, Target: to})
				require.NoError(t, err)
				if want := fill.Replace(memory.Forms(concept, to)[0]); withoutSpaces(result.Body) != withoutSpaces(want) {
					t.Errorf("%s, %s to %s reads\n  %s\n  %s", concept, from, to, result.Body, want)
				}
				if result.Verdict != check.Pass {
					t.Errorf("%s, %s to %s: %s %v\n  %s\n  %s", concept, from, to, result.Verdict, result.Reasons, text, fill.Replace(memory.Forms(concept, to)[0]))
				}
			}
		}
	}
}

// withoutSpaces compares texts of which one has spaces around protected parts.
func withoutSpaces(text string) string { return strings.ReplaceAll(text, " ", "") }

func TestPhrasesInSentences(t *testing.T) {
	memory, err := phrases.Embedded()
	require.NoError(t, err)
	p, err := New(Config{Engines: []EngineConfig{{Engine: engine.NewPhrases(memory)}}}, nil)
	require.NoError(t, err)
	for _, test := range []struct {
		to         language.Code
		say, reads string
	}{
		{"es", "Hello. The patient has fever. Thank you.", "Hola. El paciente tiene fiebre. Gracias"},
		{"zh", "Hello. The patient has fever. Thank you.", "你好。患者发热。谢谢"},
		{"ar", "Oxygen saturation 92% on room air.", "تشبع الأكسجين 92% على هواء الغرفة."},
		{"es", "Temperature 38.5 °C. Weight 70 kg.", "Temperatura 38.5 °C. Peso 70 kg."},
		{"fr", "Give oxygen at 5 L/min.", "Donnez de l'oxygène à 5 L/min."},
	} {
		result, err := p.Translate(context.Background(), Request{Text: test.say, SourceHint: "en", Target: test.to})
		require.NoError(t, err)
		require.Equal(t, test.reads, result.Body)
	}
}
