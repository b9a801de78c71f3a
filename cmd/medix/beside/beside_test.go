package beside

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/translator/appservice"
)

// running is a bot that runs until the test ends. Its homeserver is not there.
func running(t *testing.T, change func(*config.Config)) *Beside {
	t.Helper()
	dir := t.TempDir()
	cfg := config.Default("b.example")
	cfg.DataDir, cfg.Database.URL = dir, "sqlite://"+filepath.Join(dir, "bot.db")
	cfg.Translator.Encrypted.KeyFile = filepath.Join(dir, "translator.key")
	cfg.Translator.Engines = []config.Engine{{Type: "phrases"}}
	cfg.Bridge.Registration, cfg.Bridge.Listen = filepath.Join(dir, "registration.yaml"), "127.0.0.1:0"
	encoded, err := appservice.NewRegistration(cfg.Translator.BotLocalpart, "b.example", "http://127.0.0.1").Encode()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(cfg.Bridge.Registration, encoded, 0o600))
	change(cfg)
	log := logrus.New()
	log.SetOutput(io.Discard)
	b, err := New(t.Context(), cfg, Options{Log: log})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-ended) })
	return b
}

func asked(t *testing.T, address, path string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, nil)
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(said)
}

func TestMetricsAreServedAtTheBotsAddressForTheirReaders(t *testing.T) {
	b := running(t, func(*config.Config) {})
	status, _ := asked(t, b.Address(), "/_matrix/app/v1/users/@x:b.example")
	require.Equal(t, http.StatusUnauthorized, status)
	status, body := asked(t, b.Address(), "/metrics")
	require.Equal(t, http.StatusOK, status)
	for _, name := range []string{"medix_translator_engine_state", "medix_http_requests_total", "medix_sqldb_", "go_goroutines"} {
		require.Contains(t, body, name)
	}
}

func TestMetricsAreForTheirReadersOnly(t *testing.T) {
	b := running(t, func(c *config.Config) { c.Metrics.AllowFrom = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
	status, _ := asked(t, b.Address(), "/metrics")
	require.Equal(t, http.StatusNotFound, status)
	b = running(t, func(c *config.Config) { c.Metrics.Enabled = false })
	status, _ = asked(t, b.Address(), "/metrics")
	require.Equal(t, http.StatusNotFound, status)
}

func TestMetricsMayHaveAnAddressOfTheirOwn(t *testing.T) {
	b := running(t, func(c *config.Config) { c.Metrics.Listen = "127.0.0.1:0" })
	status, _ := asked(t, b.Address(), "/metrics")
	require.Equal(t, http.StatusNotFound, status)
	status, body := asked(t, b.scraped.Addr().String(), "/metrics")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, "medix_translator_engine_state")
}

// namesOf is a homeserver that takes the bot and hands on the name that it gives itself.
func namesOf(t *testing.T) (address string, names <-chan string) {
	t.Helper()
	named := make(chan string, 1)
	homeserver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if body, err := io.ReadAll(r.Body); err == nil && strings.HasSuffix(r.URL.Path, "/displayname") {
			select {
			case named <- gjson.GetBytes(body, "displayname").Str:
			default:
			}
		}
		_, _ = w.Write([]byte(`{}`))
	}))
	t.Cleanup(homeserver.Close)
	return homeserver.URL, named
}

// TestTheBotSpeaksTheLanguageOfTheHospitalHoweverItIsNamed: with a country, too.
func TestTheBotSpeaksTheLanguageOfTheHospitalHoweverItIsNamed(t *testing.T) {
	for tag, name := range map[string]string{"es": "Traductor", "es-MX": "Traductor", "zh-TW": "翻譯"} {
		address, names := namesOf(t)
		running(t, func(c *config.Config) {
			c.Bridge.Homeserver = address
			c.Translator.DefaultLanguage, c.Translator.Languages = tag, append(c.Translator.Languages, tag)
		})
		select {
		case got := <-names:
			require.Equal(t, name, got, tag)
		case <-time.After(time.Minute):
			require.Fail(t, "the bot gave itself no name", tag)
		}
	}
}

// TestASupervisorCanAskForTheHealth: no token is needed, and the homeserver, which is not there, need not be.
func TestASupervisorCanAskForTheHealth(t *testing.T) {
	b := running(t, func(*config.Config) {})
	for _, path := range []string{"/livez", "/readyz"} {
		status, body := asked(t, b.Address(), path)
		require.Equal(t, http.StatusOK, status)
		require.Equal(t, "ok\n", body)
	}
	require.NoError(t, b.db.Close())
	status, _ := asked(t, b.Address(), "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	status, _ = asked(t, b.Address(), "/livez")
	require.Equal(t, http.StatusOK, status)
}
