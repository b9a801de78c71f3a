package translator

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/translator/check"
	"medixchange/translator/engine"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// lastBody is the body of the last translation request.
func (s *stub) lastBody() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.bodies[len(s.bodies)-1])
}

func (s *stub) lastRequest() *http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func textOf(text string) []protect.Segment {
	return []protect.Segment{{{Kind: protect.Text, Text: text}}}
}

// marked is a segment with a protected part and markup.
func marked() []protect.Segment {
	return []protect.Segment{{
		{Kind: protect.Text, Text: "Give "}, {Kind: protect.Open, ID: 2}, {Kind: protect.Atom, ID: 1, Text: "0.5 mg"}, {Kind: protect.Close, ID: 2},
		{Kind: protect.Text, Text: " of aspirin & <water now"},
	}}
}

// TestWhatIsSent is the form of each service's requests, to the letter.
func TestWhatIsSent(t *testing.T) {
	for _, test := range []struct {
		protocol protocol
		options  options
		segments []protect.Segment
		terms    []engine.Term
		to       language.Code
		path     string
		header   map[string]string
		body     string
	}{
		{protocol: libreProtocol, segments: textOf("It's 5 < 6"), path: "/translate", body: `{"q":"It's 5 < 6","source":"en","target":"es","format":"text","api_key":"` + stubKey + `"}`},
		{protocol: libreProtocol, segments: marked(), path: "/translate",
			body: `{"q":"Give <b id=\"mx2\"><code id=\"mx1\">0.5 mg</code></b> of aspirin &amp; &lt;water now","source":"en","target":"es","format":"html","api_key":"` + stubKey + `"}`},
		{protocol: libreProtocol, segments: textOf("x"), to: "zh", path: "/translate", body: `{"q":"x","source":"en","target":"zh-Hans","format":"text","api_key":"` + stubKey + `"}`},
		{protocol: deeplProtocol, segments: textOf("It's"), path: "/v2/translate", header: map[string]string{"Authorization": "DeepL-Auth-Key " + stubKey},
			body: `{"text":["It's"],"source_lang":"EN","target_lang":"ES","preserve_formatting":true}`},
		{protocol: deeplProtocol, segments: marked(), to: "pt", terms: []engine.Term{{Source: "Aspirin", Target: "AAS"}}, path: "/v2/translate",
			body: `{"text":["Give <b id=\"mx2\"><x id=\"mx1\">0.5 mg</x></b> of <x>AAS</x> &amp; &lt;water now"],"source_lang":"EN","target_lang":"PT-BR","tag_handling":"xml","ignore_tags":["x"],"preserve_formatting":true}`},
		{protocol: deeplProtocol, segments: textOf("x"), to: "pt", options: options{variants: []string{"pt-PT"}}, path: "/v2/translate",
			body: `{"text":["x"],"source_lang":"EN","target_lang":"PT-PT","preserve_formatting":true}`},
		{protocol: deeplProtocol, segments: textOf("x"), to: "zh", options: options{variants: []string{"zh-Hant"}}, path: "/v2/translate",
			body: `{"text":["x"],"source_lang":"EN","target_lang":"ZH-HANT","preserve_formatting":true}`},
		{protocol: azureProtocol, segments: textOf("It's"), to: "zh", path: "/translate?api-version=3.0&from=en&textType=plain&to=zh-Hans",
			header: map[string]string{"Ocp-Apim-Subscription-Key": stubKey, "Ocp-Apim-Subscription-Region": "westeurope"}, body: `[{"Text":"It's"}]`},
		{protocol: azureProtocol, segments: marked(), terms: []engine.Term{{Source: "aspirin", Target: `"AAS"`}}, path: "/translate?api-version=3.0&from=en&textType=html&to=es",
			body: `[{"Text":"Give <b id=\"mx2\"><span id=\"mx1\" translate=\"no\" class=\"notranslate\">0.5 mg</span></b> of <mstrans:dictionary translation=\"&quot;AAS&quot;\">aspirin</mstrans:dictionary> &amp; &lt;water now"}]`},
		{protocol: azureProtocol, segments: textOf("x"), to: "sr", options: options{variants: []string{"sr-Latn"}}, path: "/translate?api-version=3.0&from=en&textType=plain&to=sr-Latn", body: `[{"Text":"x"}]`},
		{protocol: azureProtocol, segments: textOf("x"), to: "sr", path: "/translate?api-version=3.0&from=en&textType=plain&to=sr-Cyrl", body: `[{"Text":"x"}]`},
		{protocol: googleProtocol, segments: textOf("It's"), to: "zh", path: "/language/translate/v2", header: map[string]string{"X-Goog-Api-Key": stubKey},
			body: `{"q":["It's"],"source":"en","target":"zh-CN","format":"text"}`},
		{protocol: googleProtocol, segments: textOf("x"), to: "pt", options: options{variants: []string{"pt-PT"}}, path: "/language/translate/v2", body: `{"q":["x"],"source":"en","target":"pt-PT","format":"text"}`},
		{protocol: accountProtocol, segments: marked(), path: "/v3/projects/ward-7/locations/global:translateText", header: map[string]string{"Authorization": "Bearer t0ken"},
			body: `{"contents":["Give <b id=\"mx2\"><span id=\"mx1\" translate=\"no\" class=\"notranslate\">0.5 mg</span></b> of aspirin &amp; &lt;water now"],"mimeType":"text/html","sourceLanguageCode":"en","targetLanguageCode":"es"}`},
	} {
		s := newStub(t, test.protocol)
		to := test.to
		if to == "" {
			to = "es"
		}
		e := s.engineOf(t, test.options)
		_, err := e.Translate(t.Context(), engine.Request{From: "en", To: to, Segments: test.segments, Terms: test.terms})
		require.NoError(t, err, test.body)
		require.Equal(t, test.path, s.lastRequest().URL.RequestURI())
		require.Equal(t, test.body, strings.TrimSpace(s.lastBody()), test.protocol.name)
		for name, value := range test.header {
			require.Equal(t, value, s.lastRequest().Header.Get(name))
		}
	}
}

// TestSerbianIsToldApartByItsLetters where the service wants to know.
func TestSerbianIsToldApartByItsLetters(t *testing.T) {
	s := newStub(t, azureProtocol)
	e := s.engineOf(t, options{})
	for text, want := range map[string]string{"Pacijent ima groznicu": "from=sr-Latn", "Пацијент има грозницу": "from=sr-Cyrl"} {
		_, err := e.Translate(t.Context(), engine.Request{From: "sr", To: "es", Segments: textOf(text)})
		require.NoError(t, err)
		require.Contains(t, s.lastRequest().URL.RawQuery, want)
	}
}

// TestGlossariesOfTheServices are used for the pairs that they have, and for no other.
func TestGlossariesOfTheServices(t *testing.T) {
	const google = "projects/ward-7/locations/us-central1/glossaries/ward"
	for _, test := range []struct {
		protocol protocol
		glossary string
		with     string
	}{
		{deeplProtocol, "ward", `"glossary_id":"ward"`},
		{accountProtocol, google, `"glossaryConfig":{"glossary":"` + google + `","ignoreCase":true}`},
	} {
		s := newStub(t, test.protocol)
		e := s.engineOf(t, options{glossary: test.glossary})
		require.NoError(t, checked(t, e))
		for to, covered := range map[language.Code]bool{"es": true, "fr": false} {
			_, err := e.Translate(t.Context(), engine.Request{From: "en", To: to, Segments: textOf("x")})
			require.NoError(t, err)
			require.Equal(t, covered, strings.Contains(s.lastBody(), test.with), s.lastBody())
		}
	}
	_, err := googleProtocol.build(engine.Remote{URL: "http://127.0.0.1", APIKey: "k"}, http.DefaultClient, options{glossary: google})
	require.ErrorContains(t, err, "a glossary needs a service account")
}

// glossaryOf is what a service is built with, and what its requests have then.
var glossaryOf = []struct {
	protocol             protocol
	glossary, path, with string
}{
	{deeplProtocol, "ward", "/v3/glossaries/ward", `"glossary_id":"ward"`},
	{accountProtocol, "projects/ward-7/locations/us-central1/glossaries/ward", "/v3/projects/ward-7/locations/us-central1/glossaries/ward", `"glossaryConfig":`},
}

// TestTheGlossaryOfAServiceNeedsNoCheck: it is asked for with the first translation.
func TestTheGlossaryOfAServiceNeedsNoCheck(t *testing.T) {
	for _, test := range glossaryOf {
		s := newStub(t, test.protocol)
		e := s.engineOf(t, options{glossary: test.glossary})
		for to, covered := range map[language.Code]bool{"es": true, "fr": false} {
			_, err := e.Translate(t.Context(), engine.Request{From: "en", To: to, Segments: textOf("x")})
			require.NoError(t, err)
			require.Equal(t, covered, strings.Contains(s.lastBody(), test.with), s.lastBody())
		}
	}
}

// TestAGlossaryThatCouldNotBeHadIsAskedForAgain, though steady traffic leaves no room for a check; translations do without
// meanwhile.
func TestAGlossaryThatCouldNotBeHadIsAskedForAgain(t *testing.T) {
	for _, test := range glossaryOf {
		synctest.Test(t, func(t *testing.T) {
			s := &stub{protocol: test.protocol}
			lists, away, asked := s.protocol.lists, true, 0
			s.protocol.lists = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != test.path {
					return lists(w, r)
				}
				if asked++; away {
					w.WriteHeader(http.StatusServiceUnavailable)
					return true
				}
				return lists(w, r)
			}
			e, err := s.protocol.build(engine.Remote{URL: "http://127.0.0.1", APIKey: stubKey}, doer{s}, options{glossary: test.glossary})
			require.NoError(t, err)
			g := engine.NewGuard(e, engine.Limits{CheckEvery: time.Hour})
			require.Error(t, g.Check(t.Context()))
			has := func() bool {
				_, err := g.Translate(t.Context(), engine.Request{From: "en", To: "es", Segments: textOf("x")})
				require.NoError(t, err)
				require.NoError(t, g.Check(t.Context()))
				return strings.Contains(s.lastBody(), test.with)
			}
			for range 20 {
				require.False(t, has())
				time.Sleep(time.Second)
			}
			require.Equal(t, 2, asked, "by the check and the first translation")
			away = false
			time.Sleep(15 * time.Second)
			require.True(t, has())
			away = true
			time.Sleep(time.Hour)
			require.True(t, has(), "what was known is better than nothing")
		})
	}
}

// doer answers without a network.
type doer struct{ http.Handler }

func (d doer) Do(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Result(), nil
}

// TestACheckOfAllEngines tells how each is before anything is translated.
func TestACheckOfAllEngines(t *testing.T) {
	away := newStub(t, deeplProtocol)
	away.protocol.lists = func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusForbidden); return true }
	p := pipelineFor(t, newStub(t, libreProtocol), engine.Limits{}, away.engineOf(t, options{}))
	p.Check(t.Context())
	require.Equal(t, engine.StateOK, p.Engines()[0].Health.State)
	require.Equal(t, engine.StateKey, p.Engines()[1].Health.State)
}

// TestLongMessagesAreDivided: as many requests as the service's limits ask for, all segments in their order, and nothing
// of a message of which a part failed.
func TestLongMessagesAreDivided(t *testing.T) {
	for _, test := range []struct {
		protocol protocol
		texts    int // of the message
		length   int // of each
		requests int64
	}{
		{libreProtocol, 101, 10, 2}, {deeplProtocol, 50, 10, 1}, {deeplProtocol, 51, 10, 2}, {deeplProtocol, 3, 70 << 10, 3},
		{azureProtocol, 1001, 5, 2}, {azureProtocol, 3, 20_000, 2}, {googleProtocol, 129, 5, 2}, {googleProtocol, 3, 12_000, 2}, {accountProtocol, 129, 5, 2},
		{chatProtocol, 41, 10, 2}, {chatProtocol, 4, 3000, 2},
	} {
		s := newStub(t, test.protocol)
		e := s.engineOf(t, options{})
		segments := make([]protect.Segment, test.texts)
		for i := range segments {
			segments[i] = protect.Segment{{Kind: protect.Text, Text: strings.Repeat("a", test.length-4) + string(rune('a'+i%26))}}
		}
		answer, err := e.Translate(t.Context(), engine.Request{From: "en", To: "es", Segments: segments})
		require.NoError(t, err)
		require.Equal(t, segments, answer.Segments)
		require.Equal(t, test.requests, s.requests.Load(), "%s: %d of %d", test.protocol.name, test.texts, test.length)

		if test.requests == 1 {
			continue
		}
		s.requests.Store(0)
		s.fault = func(w http.ResponseWriter, _ *http.Request, _ []string) bool {
			if s.requests.Load() == test.requests {
				w.WriteHeader(http.StatusInternalServerError)
				return true
			}
			return false
		}
		answer, err = e.Translate(t.Context(), engine.Request{From: "en", To: "es", Segments: segments})
		require.Error(t, err)
		require.Empty(t, answer.Segments, "half a message is none")
	}
}

// TestATextTooLongForAServiceIsNotSent to it, and says nothing about its health.
func TestATextTooLongForAServiceIsNotSent(t *testing.T) {
	for _, p := range protocols {
		s := newStub(t, p)
		_, err := s.engineOf(t, options{}).Translate(t.Context(), engine.Request{From: "en", To: "es", Segments: textOf(strings.Repeat("a", 200<<10))})
		require.ErrorIs(t, err, engine.ErrRefused, p.name)
		require.Zero(t, s.requests.Load())
	}
}

// TestAWayThroughEnglishIsMarked where a service has no other, and not gone unless it is allowed.
func TestAWayThroughEnglishIsMarked(t *testing.T) {
	s := newStub(t, libreProtocol)
	direct, through := s.engineOf(t, options{}), s.engineOf(t, options{pivot: true})
	require.False(t, direct.Offers("es", "fr"))
	require.True(t, through.Offers("es", "fr"))
	answer, err := through.Translate(t.Context(), engine.Request{From: "es", To: "fr", Segments: textOf("x")})
	require.NoError(t, err)
	require.Equal(t, language.Code("en"), answer.Pivot)
	answer, err = through.Translate(t.Context(), engine.Request{From: "en", To: "fr", Segments: textOf("x")})
	require.NoError(t, err)
	require.Empty(t, answer.Pivot)
}

// TestUnescapedSignsAreText: LibreTranslate gives "<" and "&" back as they are.
func TestUnescapedSignsAreText(t *testing.T) {
	s := newStub(t, libreProtocol)
	s.spoil = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace
	result, err := pipelineFor(t, s, engine.Limits{}).Translate(t.Context(), Request{Text: "The patient has pH <pain and fever & 0.5 mg of aspirin now", SenderLanguage: "en", Target: "es"})
	require.NoError(t, err)
	require.Equal(t, "El paciente tiene pH <dolor y fiebre & 0.5 mg de aspirin ahora", result.Body, "%+v", result)
}

// TestWhatIsOfferedIsLearned from the service.
func TestWhatIsOfferedIsLearned(t *testing.T) {
	for _, p := range protocols {
		s := newStub(t, p)
		e := s.engineOf(t, options{})
		require.True(t, e.Offers("en", "es"), p.name)
		require.NoError(t, checked(t, e), p.name)
		require.True(t, e.Offers("en", "es"), p.name)
		require.False(t, e.Offers("en", "th"), p.name)
		require.False(t, e.Offers("en", "en"), p.name)
	}
}

func checked(t *testing.T, e engine.Engine) error {
	return e.(interface {
		Check(ctx context.Context) error
	}).Check(t.Context())
}

func TestOneRequestForAMessageOfTwoBlocks(t *testing.T) {
	for _, p := range protocols {
		s := newStub(t, p)
		pipeline := pipelineFor(t, s, engine.Limits{})
		result, err := pipeline.Translate(t.Context(), Request{Text: "x", SenderLanguage: "en", Target: "es",
			HTML: "<p>Give <b>0.5 mg</b> of adrenaline now, see <a href=\"https://a.example/\">https://a.example/</a></p><p>The patient has fever &amp; pain</p>"})
		require.NoError(t, err)
		require.Equal(t, "<p>Administre <b>0.5 mg</b> de adrenaline ahora, see <a href=\"https://a.example/\">https://a.example/</a></p><p>El paciente tiene fiebre &amp; dolor</p>", result.FormattedBody, p.name)
		require.Equal(t, "Administre 0.5 mg de adrenaline ahora, see https://a.example/\nEl paciente tiene fiebre & dolor", result.Body)
		require.Equal(t, []check.Invariant{{Kind: check.KindDose, Text: "0.5 mg"}, {Kind: check.KindDrug, Text: "adrenaline"}}, result.Invariants)
		require.EqualValues(t, 1, s.requests.Load())
	}
}

// TestNoKeyAndNoTextInErrors, whatever the service answers.
func TestNoKeyAndNoTextInErrors(t *testing.T) {
	for _, p := range protocols {
		for _, status := range []int{400, 401, 403, 404, 418, 429, 456, 500, 503} {
			s := newStub(t, p)
			s.fault = func(w http.ResponseWriter, r *http.Request, texts []string) bool {
				words, _ := json.Marshal(texts[0] + " " + stubKey)
				say(w, status, object{"error": object{"code": json.RawMessage(words), "message": json.RawMessage(words), "status": json.RawMessage(words), "type": json.RawMessage(words)}, "message": json.RawMessage(words)})
				return true
			}
			_, err := s.engineOf(t, options{}).Translate(t.Context(), engine.Request{From: "en", To: "es", Segments: textOf("mrs Miller")})
			require.Error(t, err)
			require.NotContains(t, err.Error(), stubKey, p.name)
			require.NotContains(t, err.Error(), "Miller", p.name)
		}
	}
}

func TestExternalHostsAreRefused(t *testing.T) {
	for _, p := range protocols {
		if p.name == accountProtocol.name {
			continue // its token service has a test of its own
		}
		for address, allowed := range map[string]bool{
			"http://127.0.0.1:5000": true, "http://localhost:1": true, "http://[::1]:5000": true, "http://10.1.2.3": false,
			"https://translate.example.org": false, "http://8.8.8.8": false, "ftp://127.0.0.1": false, "http://": false, "http://u:p@127.0.0.1": false,
		} {
			_, err := p.build(engine.Remote{URL: address}, http.DefaultClient, options{})
			require.Equal(t, allowed, err == nil, address)
		}
		_, err := p.build(engine.Remote{URL: "https://translate.example.org"}, http.DefaultClient, options{})
		require.ErrorContains(t, err, "translator.allow_external")
		_, err = p.build(engine.Remote{URL: "https://translate.example.org", AllowExternal: []string{"translate.example.org"}}, http.DefaultClient, options{})
		require.NoError(t, err)
	}
	_, err := engine.NewGoogle(engine.GoogleConfig{Remote: engine.Remote{
		URL: "https://translation.googleapis.com", AllowExternal: []string{"translation.googleapis.com"}, APIKey: serviceAccount("https://oauth2.googleapis.com/token"),
	}}, http.DefaultClient)
	require.ErrorContains(t, err, `"oauth2.googleapis.com" is not this machine`)
}
