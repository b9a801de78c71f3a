package tests

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
	"medixchange/translator/language"
	"medixchange/translator/phrases"
)

// interpreter speaks LibreTranslate's HTTP interface, knows the wordings of the phrase memory, also with a number behind
// them, and counts how often it was asked for each.
type interpreter struct {
	*httptest.Server
	delay   time.Duration // of each answer
	hanging bool          // it answers no translation at all
	over    chan struct{} // closed when the test is over
	memory  *phrases.Memory
	mu      sync.Mutex
	asked   map[string]int // by pair and text
}

func newInterpreter(t testing.TB) *interpreter {
	t.Helper()
	memory, err := phrases.Embedded()
	require.NoError(t, err)
	i := &interpreter{memory: memory, over: make(chan struct{}), asked: map[string]int{}}
	i.Server = httptest.NewServer(i)
	t.Cleanup(func() {
		close(i.over)
		i.Close()
	})
	return i
}

// engine makes it the only engine of a hospital.
func (i *interpreter) engine(t testing.TB, cfg *config.Config) {
	t.Helper()
	host, err := url.Parse(i.URL)
	require.NoError(t, err)
	cfg.Translator.Enabled, cfg.Translator.AllowPivot = true, true
	cfg.Translator.AllowExternal = []string{host.Hostname()}
	cfg.Translator.Engines = []config.Engine{{Type: "libretranslate", URL: i.URL, Timeout: config.Duration(30 * time.Second), Concurrent: 32}}
}

// ServeHTTP answers /languages, and /translate for one text.
func (i *interpreter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/languages" {
		type entry struct {
			Code string `json:"code"`
		}
		var list []entry
		for _, code := range language.Chat {
			list = append(list, entry{string(code)})
		}
		_ = json.NewEncoder(w).Encode(list)
		return
	}
	var request struct{ Q, Source, Target string }
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, "{}", http.StatusBadRequest)
		return
	}
	translated := i.translate(request.Q, language.Code(request.Source), language.Code(request.Target))
	if i.hanging {
		<-i.over
		return
	}
	time.Sleep(i.delay)
	_ = json.NewEncoder(w).Encode(map[string]string{"translatedText": translated})
}

func (i *interpreter) translate(text string, from, to language.Code) string {
	i.mu.Lock()
	i.asked[fmt.Sprintf("%s to %s: %s", from, to, text)]++
	i.mu.Unlock()
	words := strings.TrimRight(text, " 0123456789")
	for _, id := range said {
		if slices.Contains(i.memory.Forms(id, from), words) {
			return i.memory.Forms(id, to)[0] + text[len(words):]
		}
	}
	return ""
}

// requests are those of so far.
func (i *interpreter) requests() map[string]int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return maps.Clone(i.asked)
}

// total is how many requests there were.
func (i *interpreter) total() (n int) {
	for _, times := range i.requests() {
		n += times
	}
	return n
}
