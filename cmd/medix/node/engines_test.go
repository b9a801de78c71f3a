package node

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
	"medixchange/internal/netguard"
	"medixchange/translator"
	"medixchange/translator/engine"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

func TestEveryTypeOfTheConfigurationIsBuilt(t *testing.T) {
	remote := config.Engine{URL: "http://127.0.0.1:1", APIKey: "k"}
	for _, kind := range config.EngineTypes {
		e := remote
		e.Type = kind
		if kind == "openai" {
			e.Model, e.Languages = "m", []string{"en", "es"}
		}
		chain, closeAll, err := Engines(config.Translator{Engines: []config.Engine{e}}, nil)
		require.NoError(t, err, kind)
		require.Equal(t, kind, chain[0].Engine.Name(), "metrics and readers see the word of the configuration")
		closeAll()
	}
	_, _, err := Engines(config.Translator{Engines: []config.Engine{{Type: "babelfish"}}}, nil)
	require.ErrorContains(t, err, `translator.engines[0]: there is no engine of type "babelfish"`)
}

func TestPairsOfTheConfiguration(t *testing.T) {
	pairs, err := parsePairs([]string{"en-es", "*-fr", "zh-*"})
	require.NoError(t, err)
	require.Equal(t, []translator.Pair{{From: "en", To: "es"}, {To: "fr"}, {From: "zh"}}, pairs)
	for text, want := range map[string]translator.Pair{
		"zh-Hant-en": {From: "zh-Hant", To: "en"}, "en-zh-Hant": {From: "en", To: "zh-Hant"}, "pt-PT-es": {From: "pt-PT", To: "es"}, "en-pt-BR": {From: "en", To: "pt"},
		"zh-TW-en": {From: "zh-Hant", To: "en"}, "*-pt-PT": {To: "pt-PT"}, "sr-Latn-*": {From: "sr-Latn"}, "*-*": {}, "ZH-HANT-EN": {From: "zh-Hant", To: "en"},
	} {
		pairs, err := parsePairs([]string{text})
		require.NoError(t, err, text)
		require.Equal(t, []translator.Pair{want}, pairs, text)
	}
	for text, reason := range map[string]string{
		"en": "names no two languages", "en-en": "names no two languages", "en-xx-yy-zz": "names no two languages", "": "names no two languages",
		"en-es-ar": `"en-es-ar" may mean en to es-ar or en-es to ar; write both languages as short as they can be, such as en-es`,
	} {
		_, err := parsePairs([]string{"en-es", text})
		require.ErrorContains(t, err, "pairs[1]: ", text)
		require.ErrorContains(t, err, reason, text)
	}
}

// TestEveryDirectionThatIsListedIsReadAgain as the node writes it.
func TestEveryDirectionThatIsListedIsReadAgain(t *testing.T) {
	for _, from := range language.All {
		for _, to := range language.All {
			if from == to {
				continue
			}
			pair, err := ParseDirection(string(from) + "-" + string(to))
			require.NoError(t, err)
			require.Equal(t, translator.Pair{From: from, To: to}, pair)
		}
	}
}

// inside finds every name on this machine.
type inside struct{}

func (inside) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
}

// TestANameThatLeadsInsideIsNotCalled unless the configuration names the network, and no host but that of the engine.
func TestANameThatLeadsInsideIsNotCalled(t *testing.T) {
	var calls atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	require.NoError(t, err)
	const name = "translate.example"
	call := func(c config.Translator, engineHost, host string) error {
		b := &engineBuilder{config: c, resolver: inside{}}
		defer b.close()
		client, err := b.client(config.Engine{Type: "openai", URL: "http://" + engineHost + ":" + u.Port()})
		require.NoError(t, err)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+host+":"+u.Port()+"/", nil)
		require.NoError(t, err)
		response, err := client.Do(request)
		if err == nil {
			require.NoError(t, response.Body.Close())
		}
		return err
	}
	named := config.Translator{AllowExternal: []string{name}}
	require.ErrorIs(t, call(named, name, name), netguard.ErrBlocked)
	require.ErrorIs(t, call(named, name, "127.0.0.1"), netguard.ErrBlocked, "another host than that of the engine")
	require.Zero(t, calls.Load())
	require.NoError(t, call(config.Translator{}, "127.0.0.1", "127.0.0.1"), "a server on this machine")
	named.AllowPrivate = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	require.NoError(t, call(named, name, name))
	require.EqualValues(t, 2, calls.Load())
}

// TestAnEngineIsAskedAsManyThingsAtATimeAsTheConfigurationSays and keeps the connections for the next ones.
func TestAnEngineIsAskedAsManyThingsAtATimeAsTheConfigurationSays(t *testing.T) {
	const together = 12 // more than a client has connections to a host by default
	var opened, waiting atomic.Int64
	all := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/languages" {
			_, _ = w.Write([]byte(`[{"code":"en","targets":["es"]},{"code":"es","targets":["en"]}]`))
			return
		}
		if waiting.Add(1) == together {
			close(all)
		}
		select {
		case <-all:
			_, _ = w.Write([]byte(`{"translatedText":"hola"}`))
		case <-r.Context().Done():
		}
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	chain, closeAll, err := Engines(config.Translator{Engines: []config.Engine{
		{Type: "libretranslate", URL: server.URL, Concurrent: together, Timeout: config.Duration(time.Minute)},
	}}, nil)
	require.NoError(t, err)
	t.Cleanup(closeAll)
	guard := engine.NewGuard(chain[0].Engine, chain[0].Limits)
	request := engine.Request{From: "en", To: "es", Segments: []protect.Segment{{{Kind: protect.Text, Text: "hello"}}}}
	for range 2 {
		var asked sync.WaitGroup
		for range together {
			asked.Go(func() {
				_, err := guard.Translate(t.Context(), request)
				assert.NoError(t, err)
			})
		}
		asked.Wait()
	}
	require.LessOrEqual(t, opened.Load(), int64(together+1))
}
