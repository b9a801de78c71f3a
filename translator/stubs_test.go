package translator

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"medixchange/translator/engine"
	"medixchange/translator/language"
)

// protocol is what a service's stub needs to know of it.
type protocol struct {
	name  string
	build func(engine.Remote, engine.Doer, options) (engine.Engine, error)
	// lists answers what is no translation: languages, models, usage. It reports false for a translation.
	lists func(http.ResponseWriter, *http.Request) bool
	// texts reads what is to be translated; answer writes translations of it.
	texts  func(*http.Request, []byte) []string
	answer func(texts []string) any
	// wrongKey and quota write the service's way of saying so; nil where it has none.
	wrongKey, quota func(http.ResponseWriter)
}

// options are what a test wants of an engine beside its address.
type options struct {
	variants []string
	glossary string
	key      string
	pivot    bool
}

const stubKey = "k3y-that-nobody-may-see"

// stub speaks the protocol of a service. Its "Spanish" comes from a small dictionary; faults are what a test asks for.
type stub struct {
	*httptest.Server
	protocol protocol
	requests atomic.Int64
	fault    func(w http.ResponseWriter, r *http.Request, texts []string) bool // true: it has answered
	spoil    func(text string) string                                          // changes each translation

	mu     sync.Mutex
	last   *http.Request
	bodies [][]byte
}

// stubPairs are words and what the stubs make of them.
var stubPairs = []string{
	"Give", "Administre", "give", "administre", " every ", " cada ", " hours", " horas", "The patient", "El paciente", "the patient", "el paciente",
	" has no ", " no tiene ", " has ", " tiene ", "fever", "fiebre", " and ", " y ", " then ", " luego ", "pain", "dolor", "in the left arm", "en el brazo izquierdo",
	" of ", " de ", "now", "ahora", "Please call", "Llame por favor", "tomorrow morning", "mañana por la mañana", "doctor", "médico",
}

var stubWords = strings.NewReplacer(stubPairs...)

func newStub(t testing.TB, p protocol) *stub {
	t.Helper()
	s := &stub{protocol: p}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.protocol.lists(w, r) {
		return
	}
	s.requests.Add(1)
	var body bytes.Buffer
	if _, err := body.ReadFrom(r.Body); err != nil {
		http.Error(w, "{}", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.last, s.bodies = r, append(s.bodies, body.Bytes())
	s.mu.Unlock()
	texts := s.protocol.texts(r, body.Bytes())
	if s.fault != nil && s.fault(w, r, texts) {
		return
	}
	for i := range texts {
		texts[i] = stubWords.Replace(texts[i])
		if s.spoil != nil {
			texts[i] = s.spoil(texts[i])
		}
	}
	say(w, http.StatusOK, s.protocol.answer(texts))
}

// say writes a JSON answer.
func say(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	writer := json.NewEncoder(w)
	writer.SetEscapeHTML(false)
	_ = writer.Encode(answer)
}

// engineOf is the engine that speaks to a stub.
func (s *stub) engineOf(t testing.TB, o options) engine.Engine {
	t.Helper()
	if o.key == "" {
		o.key = stubKey
	}
	e, err := s.protocol.build(engine.Remote{URL: s.URL, APIKey: o.key}, s.Client(), o)
	require.NoError(t, err)
	return e
}

// pipelineFor puts the stub behind a pipeline with a short deadline, before other engines.
func pipelineFor(t testing.TB, s *stub, limits engine.Limits, others ...engine.Engine) *Pipeline {
	t.Helper()
	return chainOf(t, s.engineOf(t, options{}), limits, others...)
}

func chainOf(t testing.TB, first engine.Engine, limits engine.Limits, others ...engine.Engine) *Pipeline {
	t.Helper()
	config := Config{Engines: []EngineConfig{{Engine: first, Limits: limits}}, Deadline: time.Minute}
	for _, e := range others {
		config.Engines = append(config.Engines, EngineConfig{Engine: e})
	}
	p, err := New(config, prometheus.NewRegistry())
	require.NoError(t, err)
	return p
}

// object is a JSON object.
type object = map[string]any

func objects[T any](list []T, make func(T) object) []object {
	out := []object{}
	for _, element := range list {
		out = append(out, make(element))
	}
	return out
}

func field(name string) func(string) object {
	return func(text string) object { return object{name: text} }
}

func parsed[T any](body []byte) T {
	var out T
	_ = json.Unmarshal(body, &out)
	return out
}

func refuses(status int, answer any) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { say(w, status, answer) }
}

// get answers paths with what lists of them say.
func get(answers map[string]any) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		answer, ok := answers[r.URL.RequestURI()]
		if ok {
			say(w, http.StatusOK, answer)
		}
		return ok
	}
}

var libreProtocol = protocol{
	name: "libretranslate",
	build: func(r engine.Remote, c engine.Doer, o options) (engine.Engine, error) {
		return engine.NewLibreTranslate(engine.LibreTranslateConfig{Remote: r, AllowPivot: o.pivot}, c)
	},
	lists: get(map[string]any{"/languages": []object{
		{"code": "en", "targets": []string{"es", "zh-Hans", "fr"}}, {"code": "es", "targets": []string{"en", "fr"}}, {"code": "zh-Hans", "targets": []string{"en"}}, {"code": "fr", "targets": []string{"en", "es"}},
	}}),
	texts: func(_ *http.Request, body []byte) []string {
		request := parsed[struct{ Q json.RawMessage }](body)
		if texts := parsed[[]string](request.Q); texts != nil {
			return texts
		}
		return []string{parsed[string](request.Q)}
	},
	answer: func(texts []string) any {
		if len(texts) == 1 {
			return object{"translatedText": texts[0]}
		}
		return object{"translatedText": texts}
	},
	wrongKey: refuses(http.StatusForbidden, object{"error": "Invalid API key"}),
}

var deeplProtocol = protocol{
	name: "deepl",
	build: func(r engine.Remote, c engine.Doer, o options) (engine.Engine, error) {
		return engine.NewDeepL(engine.DeepLConfig{Remote: r, Glossary: o.glossary, Variants: o.variants}, c)
	},
	lists: get(map[string]any{
		"/v2/usage":                 object{"character_count": 10, "character_limit": 500000},
		"/v2/languages?type=source": objects([]string{"EN", "ES", "PT", "ZH", "FR"}, field("language")),
		"/v2/languages?type=target": objects([]string{"EN-GB", "EN-US", "ES", "ES-419", "PT-PT", "PT-BR", "ZH", "ZH-HANS", "ZH-HANT", "FR"}, field("language")),
		"/v3/glossaries/ward":       object{"dictionaries": []object{{"source_lang": "en", "target_lang": "es", "entry_count": 1}}},
	}),
	texts: func(_ *http.Request, body []byte) []string { return parsed[struct{ Text []string }](body).Text },
	answer: func(texts []string) any {
		return object{"translations": objects(texts, func(text string) object { return object{"detected_source_language": "EN", "text": text} })}
	},
	wrongKey: func(w http.ResponseWriter) { w.WriteHeader(http.StatusForbidden) },
	quota:    refuses(456, object{"message": "Quota Exceeded"}),
}

var azureProtocol = protocol{
	name: "azure",
	build: func(r engine.Remote, c engine.Doer, o options) (engine.Engine, error) {
		return engine.NewAzure(engine.AzureConfig{Remote: r, Region: "westeurope", Variants: o.variants}, c)
	},
	lists: get(map[string]any{"/languages?api-version=3.0&scope=translation": object{"translation": object{
		"en": object{"name": "English"}, "es": object{}, "fr": object{}, "pt": object{}, "pt-pt": object{}, "sr-Cyrl": object{}, "sr-Latn": object{}, "zh-Hans": object{}, "zh-Hant": object{}}}}),
	texts: func(_ *http.Request, body []byte) []string {
		var texts []string
		for _, element := range parsed[[]struct{ Text string }](body) {
			texts = append(texts, element.Text)
		}
		return texts
	},
	answer: func(texts []string) any {
		return objects(texts, func(text string) object { return object{"translations": []object{{"text": text, "to": "es"}}} })
	},
	wrongKey: refuses(http.StatusUnauthorized, object{"error": object{"code": 401000, "message": "The request is not authorized."}}),
	quota:    refuses(http.StatusForbidden, object{"error": object{"code": 403001, "message": "Out of call volume quota."}}),
}

var googleProtocol = protocol{
	name: "google",
	build: func(r engine.Remote, c engine.Doer, o options) (engine.Engine, error) {
		return engine.NewGoogle(engine.GoogleConfig{Remote: r, Glossary: o.glossary, Variants: o.variants}, c)
	},
	lists: get(map[string]any{"/language/translate/v2/languages": object{"data": object{"languages": objects([]string{"en", "es", "fr", "pt", "pt-PT", "sr", "zh", "zh-CN", "zh-TW", "iw", "id"}, field("language"))}}}),
	texts: func(_ *http.Request, body []byte) []string { return parsed[struct{ Q []string }](body).Q },
	answer: func(texts []string) any {
		return object{"data": object{"translations": objects(texts, field("translatedText"))}}
	},
	wrongKey: refuses(http.StatusBadRequest, object{"error": object{"code": 400, "status": "INVALID_ARGUMENT", "details": []object{{"reason": "API_KEY_INVALID"}}}}),
	quota:    refuses(http.StatusForbidden, object{"error": object{"code": 403, "errors": []object{{"domain": "usageLimits", "reason": "dailyLimitExceeded"}}}}),
}

// accountProtocol is Google's v3 with a service account, whose token service the same stub is.
var accountProtocol = protocol{
	name: "google with a service account",
	build: func(r engine.Remote, c engine.Doer, o options) (engine.Engine, error) {
		r.APIKey = serviceAccount(r.URL + "/token")
		return engine.NewGoogle(engine.GoogleConfig{Remote: r, Glossary: o.glossary, Variants: o.variants}, c)
	},
	lists: func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/token" {
			say(w, http.StatusOK, object{"access_token": "t0ken", "expires_in": 3600, "token_type": "Bearer"})
			return true
		}
		if r.Header.Get("Authorization") != "Bearer t0ken" {
			say(w, http.StatusUnauthorized, object{"error": object{"status": "UNAUTHENTICATED"}})
			return true
		}
		return get(map[string]any{
			"/v3/projects/ward-7/locations/global/supportedLanguages":      object{"languages": objects([]string{"en", "es", "fr", "zh-CN"}, both)},
			"/v3/projects/ward-7/locations/us-central1/supportedLanguages": object{"languages": objects([]string{"en", "es", "fr"}, both)},
			"/v3/projects/ward-7/locations/us-central1/glossaries/ward":    object{"languagePair": object{"sourceLanguageCode": "en", "targetLanguageCode": "es"}},
		})(w, r)
	},
	texts: func(_ *http.Request, body []byte) []string { return parsed[struct{ Contents []string }](body).Contents },
	answer: func(texts []string) any {
		return object{"translations": objects(texts, field("translatedText")), "glossaryTranslations": objects(texts, field("translatedText"))}
	},
	wrongKey: refuses(http.StatusForbidden, object{"error": object{"code": 403, "status": "PERMISSION_DENIED"}}),
	quota:    refuses(http.StatusForbidden, object{"error": object{"code": 403, "errors": []object{{"reason": "dailyLimitExceeded"}}}}),
}

func both(code string) object {
	return object{"languageCode": code, "supportSource": true, "supportTarget": true}
}

var accountKey = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
})

func serviceAccount(tokens string) string {
	account, _ := json.Marshal(object{"type": "service_account", "project_id": "ward-7", "client_email": "medix@ward-7.example",
		"private_key_id": "1", "private_key": accountKey(), "token_uri": tokens})
	return string(account)
}

var chatProtocol = protocol{
	name: "openai",
	build: func(r engine.Remote, c engine.Doer, o options) (engine.Engine, error) {
		return engine.NewChat(engine.ChatConfig{Remote: r, Model: "ward-7b", Variants: o.variants, Languages: []language.Code{"en", "es", "fr", "zh", "pt"}}, c)
	},
	lists: get(map[string]any{"/v1/models": object{"object": "list", "data": []object{{"id": "ward-7b"}}}}),
	texts: func(_ *http.Request, body []byte) []string {
		var texts []string
		for _, segment := range chatTaskOf(body).Segments {
			texts = append(texts, segment.Text)
		}
		return texts
	},
	answer: func(texts []string) any {
		list := []object{}
		for i, text := range texts {
			list = append(list, object{"id": i + 1, "text": text})
		}
		content, _ := json.Marshal(object{"translations": list})
		return chatSays(string(content), "stop")
	},
	wrongKey: refuses(http.StatusUnauthorized, object{"error": object{"code": "invalid_api_key", "message": "Incorrect API key provided: " + stubKey}}),
	quota:    refuses(http.StatusTooManyRequests, object{"error": object{"code": "insufficient_quota", "type": "insufficient_quota"}}),
}

func chatSays(content, reason string) any {
	return object{"object": "chat.completion", "choices": []object{{"index": 0, "finish_reason": reason, "message": object{"role": "assistant", "content": content}}}}
}

// chatTask is what the last message of a request holds.
type chatTask struct {
	From, Into string
	Terms      []engine.Term
	Segments   []struct {
		ID   int
		Text string
	}
}

func chatTaskOf(body []byte) chatTask {
	request := parsed[struct {
		Messages []struct{ Role, Content string }
	}](body)
	return parsed[chatTask]([]byte(request.Messages[len(request.Messages)-1].Content))
}

// protocols are all services that are spoken to over HTTP.
var protocols = []protocol{libreProtocol, deeplProtocol, azureProtocol, googleProtocol, accountProtocol, chatProtocol}
