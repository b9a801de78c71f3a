package translator

import (
	"bytes"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/internal/netguard"
	"medixchange/translator/engine"
)

// secretWord is one that may pass for a name or a code; nothing but the message has it.
const secretWord = "Quetzalfieber"

// indiscretion is a way in which a service repeats what it was told, words, in what is no translation.
type indiscretion struct {
	name  string
	write func(w http.ResponseWriter, r *http.Request, words string)
}

var indiscretions = []indiscretion{
	{"status 400", fails(http.StatusBadRequest)}, {"status 401", fails(http.StatusUnauthorized)}, {"status 403", fails(http.StatusForbidden)},
	{"status 429", fails(http.StatusTooManyRequests)}, {"status 500", fails(http.StatusInternalServerError)}, {"status 302 to nowhere", fails(http.StatusFound)},
	{"an error with status 200", fails(http.StatusOK)},
	{"a redirect on and on", redirects("/again?q=")},
	{"a redirect to another host", redirects("http://other.example/?q=")},
	{"a redirect to a host of that name", redirects("http://")},
	{"a redirect to another scheme", redirects("ftp://127.0.0.1/")},
	{"a redirect to no address", redirects("http://[")},
	{"half an answer", func(w http.ResponseWriter, _ *http.Request, words string) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(`{"data":[{"translations":[{"text":"` + words))
	}},
	{"half a document", func(w http.ResponseWriter, _ *http.Request, words string) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"translations":[{"text":"` + words))
	}},
	{"a text where there are lists", func(w http.ResponseWriter, _ *http.Request, words string) {
		say(w, http.StatusOK, object{"data": words, "translations": words, "translatedText": object{words: words}, "choices": words, "access_token": words})
	}},
	{"a model's answer", func(w http.ResponseWriter, _ *http.Request, words string) {
		say(w, http.StatusOK, chatSays(words, words))
	}},
	{"a page of an unknown kind", func(w http.ResponseWriter, _ *http.Request, words string) {
		w.Header().Set("Content-Type", words+`;"`)
		_, _ = w.Write([]byte(words))
	}},
	{"no HTTP", hijacks("%s\r\n\r\n")}, {"no status", hijacks("HTTP/1.1 %s\r\n\r\n")},
	{"no header", hijacks("HTTP/1.1 200 OK\r\n%s\r\n\r\n")}, {"no length", hijacks("HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n")},
	{"no encoding", hijacks("HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n")},
	{"no trailer", hijacks("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n%s\r\n\r\n")},
	{"no chunk", hijacks("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n\r\n")},
}

// fails answers with a status and the words wherever the services name or explain an error.
func fails(status int) func(http.ResponseWriter, *http.Request, string) {
	return func(w http.ResponseWriter, _ *http.Request, words string) {
		w.Header().Set("Retry-After", words)
		say(w, status, object{"message": words, "error_description": words, "code": words, "detail": words, "error": object{
			"code": words, "message": words, "status": words, "type": words, "param": words,
			"errors": []object{{"reason": words, "message": words}}, "details": []object{{"reason": words}},
		}})
	}
}

func redirects(prefix string) func(http.ResponseWriter, *http.Request, string) {
	return func(w http.ResponseWriter, _ *http.Request, words string) {
		w.Header().Set("Location", prefix+words)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
}

// hijacks answers with what is no HTTP.
func hijacks(format string) func(http.ResponseWriter, *http.Request, string) {
	return func(w http.ResponseWriter, _ *http.Request, words string) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Write([]byte(strings.Replace(format, "%s", words, 1)))
	}
}

// TestNoEngineHasTextOrKeysInLogsMetricsOrErrors: neither what is translated nor the key, whatever a service answers, to a
// translation or to a question about itself.
func TestNoEngineHasTextOrKeysInLogsMetricsOrErrors(t *testing.T) {
	for _, p := range protocols {
		for _, how := range indiscretions {
			for _, secret := range []string{secretWord, stubKey} {
				t.Run(p.name+"/"+how.name+"/"+secret, func(t *testing.T) {
					t.Parallel()
					said := indiscreetRun(t, p, how, secret)
					require.Contains(t, said, p.name[:5], "it says which engine failed")
					require.NotContains(t, strings.ToLower(said), strings.ToLower(secret))
				})
			}
		}
	}
}

// indiscreetRun is all that is logged, counted and told to the administrator of an engine that says a secret.
func indiscreetRun(t *testing.T, p protocol, how indiscretion, secret string) string {
	t.Helper()
	var said bytes.Buffer
	s := newStub(t, p)
	s.fault = func(w http.ResponseWriter, r *http.Request, _ []string) bool { how.write(w, r, secret); return true }
	translating, counted := overheard(t, s, &said)
	text := "The patient has " + secret
	trial := translating.Try(t.Context(), Request{Text: text, SourceHint: "en", Target: "es"})[0]
	require.Error(t, trial.Err)
	said.WriteString(trial.Err.Error())
	result, err := translating.Translate(t.Context(), Request{Text: text, SenderLanguage: "en", Target: "es"})
	require.NoError(t, err)
	require.Equal(t, None, result.State)

	p.lists = func(w http.ResponseWriter, r *http.Request) bool { how.write(w, r, secret); return true }
	asking, alsoCounted := overheard(t, newStub(t, p), &said)
	asking.Check(t.Context())
	for _, pipeline := range []*Pipeline{translating, asking} {
		said.WriteString(pipeline.Engines()[0].Health.Fault)
	}
	for _, registry := range []*prometheus.Registry{counted, alsoCounted} {
		metrics, err := registry.Gather()
		require.NoError(t, err)
		for _, family := range metrics {
			said.WriteString(family.String())
		}
	}
	return said.String()
}

// overheard is a pipeline that asks a stub as a node does, and writes all that it logs.
func overheard(t *testing.T, s *stub, said io.Writer) (*Pipeline, *prometheus.Registry) {
	t.Helper()
	guarded := netguard.New(netguard.Options{Hosts: []string{"127.0.0.1"}, Policy: netguard.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
	t.Cleanup(guarded.Close)
	built, err := s.protocol.build(engine.Remote{URL: s.URL, APIKey: stubKey}, guarded, options{})
	require.NoError(t, err)
	log := logrus.New()
	log.SetOutput(said)
	log.SetLevel(logrus.TraceLevel)
	registry := prometheus.NewRegistry()
	config := Config{Engines: []EngineConfig{{Engine: built, Limits: engine.Limits{Failures: 1}}}, Deadline: time.Minute, Log: logrus.NewEntry(log)}
	pipeline, err := New(config, registry)
	require.NoError(t, err)
	return pipeline, registry
}
