package tests

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

const (
	engineDelay  = 20 * time.Millisecond
	manyReaders  = 20
	englishVisit = "The family of the patient visits the garden today with group"
	spanishVisit = "La familia del paciente visita hoy el jardín con el grupo"
)

// visits speaks LibreTranslate's HTTP interface and knows one sentence.
type visits struct{ requests atomic.Int64 }

func (v *visits) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/languages" {
		_, _ = w.Write([]byte(`[{"code":"en","targets":["es"]},{"code":"es","targets":["en"]}]`))
		return
	}
	var request struct{ Q json.RawMessage }
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, "{}", http.StatusBadRequest)
		return
	}
	v.requests.Add(1)
	time.Sleep(engineDelay)
	translated := strings.ReplaceAll(string(request.Q), englishVisit, spanishVisit)
	_, _ = fmt.Fprintf(w, `{"translatedText":%s}`, translated)
}

// bilingual is a room with a sender who writes English and readers of Spanish.
type bilingual struct {
	b       *testing.B
	engine  *visits
	sender  *testhospital.User
	room    string
	readers int
	arrived chan time.Time // when a reader had a translation
}

func newBilingual(b *testing.B, readers int) *bilingual {
	b.Helper()
	w := &bilingual{b: b, engine: &visits{}, readers: readers, arrived: make(chan time.Time, readers)}
	server := httptest.NewServer(w.engine)
	b.Cleanup(server.Close)
	host, err := url.Parse(server.URL)
	require.NoError(b, err)
	h := testhospital.Start(b, func(cfg *config.Config) {
		cfg.Translator.Enabled = true
		cfg.Translator.HoldBudget = config.Duration(2 * time.Second)
		cfg.Translator.AllowExternal = []string{host.Hostname()}
		cfg.Translator.Engines = []config.Engine{{Type: "libretranslate", URL: server.URL, Timeout: config.Duration(10 * time.Second)}}
	})
	w.sender = h.User("doctor-en")
	w.speaks(w.sender, "en")
	w.room = w.sender.CreateRoom(testhospital.Room{Preset: "public_chat"})
	for _, u := range users(h, "doctor-es", readers) {
		w.speaks(u, "es")
		u.Join(w.room)
		go newPoller(b, h.URL, u.Token, 30*time.Second).run(func(answer []byte) {
			if bytes.Contains(answer, []byte(spanishVisit)) {
				w.arrived <- time.Now()
			}
		})
	}
	time.Sleep(500 * time.Millisecond)
	return w
}

func (w *bilingual) speaks(u *testhospital.User, language string) {
	w.b.Helper()
	u.Must(http.MethodPut, "/_matrix/client/v3/user/"+url.PathEscape(u.ID)+"/account_data/org.medixchange.language",
		map[string]string{"language": language})
}

// say sends a text and returns how long each reader waited for its translation.
func (w *bilingual) say(text string) []time.Duration {
	start := time.Now()
	w.sender.Say(w.room, text)
	took := make([]time.Duration, w.readers)
	for i := range took {
		select {
		case at := <-w.arrived:
			took[i] = at.Sub(start)
		case <-time.After(10 * time.Second):
			require.FailNow(w.b, "a reader did not get the translation")
		}
	}
	return took
}

// BenchmarkTranslation: from the PUT to the /sync of 20 readers of another language. The engine takes 20 ms, which are taken
// off: what is reported is what translating adds, and how often the engine was asked for a message.
func BenchmarkTranslation(b *testing.B) {
	w := newBilingual(b, manyReaders)
	var over []time.Duration
	measure(b, b.N, func() {
		for i := range b.N {
			for _, took := range w.say(fmt.Sprintf("%s %d.", englishVisit, i)) {
				over = append(over, took-engineDelay)
			}
		}
	})
	b.ReportMetric(percentile(over, 0.5), "over-engine-p50-ms")
	b.ReportMetric(percentile(over, 0.95), "over-engine-p95-ms")
	b.ReportMetric(float64(w.engine.requests.Load())/float64(b.N), "engine-requests/message")
	require.EqualValues(b, b.N, w.engine.requests.Load(), "one request for a message and language, however many read it")
}

// BenchmarkTranslationKnown: the same text again, from the PUT to the /sync of a reader; the engine is not asked.
func BenchmarkTranslationKnown(b *testing.B) {
	w := newBilingual(b, 1)
	w.say(englishVisit + " 1.")
	took := make([]time.Duration, 0, b.N)
	measure(b, b.N, func() {
		for range b.N {
			took = append(took, w.say(englishVisit+" 1.")...)
		}
	})
	b.ReportMetric(percentile(took, 0.5), "p50-ms")
	b.ReportMetric(percentile(took, 0.95), "p95-ms")
	require.EqualValues(b, 1, w.engine.requests.Load())
}
