package conform

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/federation"
	"medixchange/internal/config"
)

// at answers one path in a way of its own.
func at(prefix string, a *answer) func(*peer, *http.Request) *answer {
	return func(_ *peer, r *http.Request) *answer {
		if strings.HasPrefix(r.URL.Path, prefix) {
			return a
		}
		return nil
	}
}

// keysWith publishes keys that are changed before they are signed.
func keysWith(change func(page map[string]any)) func(*peer, *http.Request) *answer {
	return func(p *peer, r *http.Request) *answer {
		if r.URL.Path == pathKeys {
			return &answer{200, p.keyPage(change)}
		}
		return nil
	}
}

// believing takes requests that do not prove what they claim, as far as they have an authorization that says so much.
func believing(words string) func(*peer, *http.Request) *answer {
	return func(_ *peer, r *http.Request) *answer {
		if r.URL.Path == pathProfile && strings.Contains(r.Header.Get("Authorization"), words) {
			return matrixError(404, "M_NOT_FOUND")
		}
		return nil
	}
}

func TestEachFaultOfAServerIsFound(t *testing.T) {
	const v1 = "/_matrix/federation/v1/"
	empty, html := &answer{404, ""}, &answer{200, "<html>"}
	old := func(key map[string]any) func(map[string]any) {
		return func(page map[string]any) { page["old_verify_keys"] = map[string]any{"ed25519:old": key} }
	}
	public := strings.Repeat("A", 43)
	p := newPeer(t, nil)
	for name, c := range map[string]struct {
		check  string
		broken func(*peer, *http.Request) *answer
		found  string
	}{
		"version is a page of a web server":   {"version", at(pathVersion, html), "names no program"},
		"version is not handed on":            {"version", at(pathVersion, empty), "404"},
		"keys are not handed on":              {"keys", at(pathKeys, empty), "404"},
		"keys are no JSON":                    {"keys", at(pathKeys, html), "form"},
		"keys are unsigned":                   {"keys", unsignedKeys, "not rightly signed"},
		"keys are another server's":           {"keys", keysWith(func(page map[string]any) { page["server_name"] = "other.example" }), "other.example"},
		"keys are none":                       {"keys", keysWith(func(page map[string]any) { page["verify_keys"] = map[string]any{} }), "no Ed25519 key"},
		"a second key did not sign":           {"keys", keysWith(secondKey), "ed25519:second"},
		"keys have ended":                     {"key-validity", keysWith(func(page map[string]any) { page["valid_until_ts"] = 1_700_000_000_000 }), "valid until"},
		"keys have no end":                    {"key-validity", keysWith(func(page map[string]any) { delete(page, "valid_until_ts") }), "missing"},
		"keys hold for a thousand years":      {"key-validity", keysWith(func(page map[string]any) { page["valid_until_ts"] = 33_000_000_000_000 }), "a year"},
		"an old key has no end":               {"old-keys", keysWith(old(map[string]any{"key": public})), "expired_ts"},
		"an old key ends in the future":       {"old-keys", keysWith(old(map[string]any{"key": public, "expired_ts": 33_000_000_000_000})), "future"},
		"an old key is no key":                {"old-keys", keysWith(old(map[string]any{"key": "AAAA", "expired_ts": 1})), "no Ed25519"},
		"the notary cannot reach us":          {"notary", at(pathNotary, &answer{200, `{"server_keys":[]}`}), "has not"},
		"the notary knows another key":        {"notary", anotherKey, "another key"},
		"the notary does not sign":            {"notary", unsignedNotary, "not signed"},
		"who signs nothing is let in":         {"unsigned", at(pathProfile, matrixError(404, "M_NOT_FOUND")), "404"},
		"our signature is not believed":       {"admitted", at(v1+"query/", matrixError(401, "M_UNAUTHORIZED")), "401"},
		"we are not let in":                   {"admitted", at(v1+"query/", matrixError(403, "M_FORBIDDEN")), "403"},
		"a wrong signature is believed":       {"forged", believing("X-Matrix"), "404"},
		"what is for another server is taken": {"elsewhere", believing("elsewhere.invalid"), "404"},
		"an alias is made up":                 {"alias", at(pathDirectory, &answer{200, `{}`}), "200"},
		"no alias is a page of a web server":  {"alias", at(pathDirectory, empty), "404 Not Found, not 404 with M_NOT_FOUND"},
		"a profile is made up":                {"profile", at(pathProfile, &answer{200, `{}`}), "200"},
		"an event is made up":                 {"event", at(v1+"event/", &answer{200, `{}`}), "200"},
		"a room is made up":                   {"make-join", at(v1+"make_join/", &answer{200, `{}`}), "200"},
		"a room is a fault of the program":    {"make-join", at(v1+"make_join/", matrixError(500, "M_UNKNOWN")), "500"},
		"unknown paths have a page":           {"unknown-path", at(v1+"medix-conform-", html), "200"},
		"unknown paths have no errcode":       {"unknown-path", at(v1+"medix-conform-", empty), "M_UNRECOGNIZED"},
		"methods do not matter":               {"method", deleteTaken, "200"},
		"malformed JSON is taken":             {"malformed", at(pathSend, &answer{200, `{"pdus":{}}`}), "200"},
		"malformed JSON is a fault":           {"malformed", at(pathSend, matrixError(500, "M_UNKNOWN")), "500"},
		"too many events are taken":           {"too-many", at(pathSend, &answer{200, `{"pdus":{}}`}), "200"},
		"large bodies are taken":              {"too-large", at(pathNotary, &answer{200, `{"server_keys":[]}`}), "MiB"},
		"it is in another alliance":           {"alliance", at(federation.AllianceHead, &answer{200, `{"alliance":"other.example"}`}), "other.example"},
		"the alliance's page is none":         {"alliance", at(federation.AllianceHead, html), "names no alliance"},
	} {
		t.Run(name, func(t *testing.T) {
			p.breaks(c.broken)
			v := p.examine(c.check)
			require.Equal(t, Bad, v.State, "%+v", v)
			require.Contains(t, v.Found, c.found)
			require.NotEmpty(t, v.Fix)
			require.NotEmpty(t, v.Section)
		})
	}
}

func unsignedKeys(p *peer, r *http.Request) *answer {
	if r.URL.Path != pathKeys {
		return nil
	}
	return &answer{200, strings.Replace(p.keyPage(nil), `"signatures"`, `"unsigned"`, 1)}
}

func secondKey(page map[string]any) {
	page["verify_keys"].(map[string]any)["ed25519:second"] = map[string]any{"key": strings.Repeat("A", 43)}
}

func anotherKey(p *peer, r *http.Request) *answer {
	if !strings.HasPrefix(r.URL.Path, pathNotary) {
		return nil
	}
	other := *p.ours
	other.Key.Private = newKey(p.t).Private
	return &answer{200, p.notarised(&other)}
}

func unsignedNotary(p *peer, r *http.Request) *answer {
	if !strings.HasPrefix(r.URL.Path, pathNotary) {
		return nil
	}
	return &answer{200, `{"server_keys":[` + p.page(p.ours, nil) + `]}`}
}

func deleteTaken(_ *peer, r *http.Request) *answer {
	if r.Method == http.MethodDelete {
		return &answer{200, `{}`}
	}
	return nil
}

// TestARightServerHasNoFaults: what is not broken is good, so that the table above tells one fault from another.
func TestARightServerHasNoFaults(t *testing.T) {
	p := newPeer(t, nil)
	report, err := p.examiner().Examine(t.Context(), Request{Server: p.name})
	require.NoError(t, err)
	for _, v := range report.Verdicts {
		if v.Check == "times" || strings.HasPrefix(v.Check, "client") {
			continue
		}
		require.Equal(t, Good, v.State, "%+v", v)
	}
	require.Equal(t, len(list), report.Good+report.Bad+report.Unknown)
}

func TestWhatCannotBeJudgedIsUnknown(t *testing.T) {
	p := newPeer(t, nil)
	for name, c := range map[string]struct {
		check  string
		broken func(*peer, *http.Request) *answer
	}{
		"a server that has us wait":                 {"profile", at(pathProfile, matrixError(429, "M_LIMIT_EXCEEDED"))},
		"a server without a notary":                 {"notary", at(pathNotary, matrixError(404, "M_UNRECOGNIZED"))},
		"forgeries where nothing of us is taken":    {"forged", at("/_matrix/federation/v1/query/", matrixError(401, "M_UNAUTHORIZED"))},
		"another homeserver's part in the alliance": {"alliance", at(federation.AllianceHead, matrixError(404, "M_UNRECOGNIZED"))},
	} {
		t.Run(name, func(t *testing.T) {
			p.breaks(c.broken)
			v := p.examine(c.check)
			require.Equal(t, Unknown, v.State, "%+v", v)
		})
	}
}

func TestAServerThatTellsNoProfilesIsFit(t *testing.T) {
	require.Equal(t, Good, newPeer(t, at(pathProfile, matrixError(403, "M_FORBIDDEN"))).examine("profile").State)
}

func TestAnUnknownEventNeedsNoErrorCode(t *testing.T) {
	require.Equal(t, Good, newPeer(t, at("/_matrix/federation/v1/event/", &answer{404, ""})).examine("event").State)
}

// TestANotaryMayNeedAReasonToFetchOurKeys: some answer the first question about a server with nothing.
func TestANotaryMayNeedAReasonToFetchOurKeys(t *testing.T) {
	var heard atomic.Bool
	p := newPeer(t, func(_ *peer, r *http.Request) *answer {
		switch {
		case r.Header.Get("Authorization") != "":
			heard.Store(true)
		case strings.HasPrefix(r.URL.Path, pathNotary) && !heard.Load():
			return &answer{200, `{"server_keys":[]}`}
		}
		return nil
	})
	require.Equal(t, Good, p.examine("notary").State)
}

func TestAClockThatIsWrongIsFound(t *testing.T) {
	p := newPeer(t, nil)
	date := time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)
	p.date.Store(&date)
	v := p.examine("clock")
	require.Equal(t, Bad, v.State)
	require.Contains(t, v.Found, "behind")
}

func TestPrivateAddressesAreNotCalled(t *testing.T) {
	p := newPeer(t, nil)
	var asked atomic.Int64
	p.breaks(func(*peer, *http.Request) *answer { asked.Add(1); return nil })
	p.client = p.newClient(config.Federation{TrustedCA: p.authority()})
	report, err := p.examiner().Examine(t.Context(), Request{Server: p.name})
	require.NoError(t, err)
	require.False(t, report.OK)
	for _, v := range report.Verdicts {
		if v.Check == "connect" {
			require.Equal(t, Bad, v.State)
			require.Contains(t, v.Fix, "allow_private")
		}
	}
	require.Zero(t, asked.Load())
}

func TestACertificateThatIsNotTrustedIsSaid(t *testing.T) {
	p := newPeer(t, nil)
	p.client = p.newClient(p.loopback())
	v := p.examine("certificate")
	require.Equal(t, Bad, v.State)
	require.Contains(t, v.Found, "authority")
}

// TestWhatAServerSaysCannotSteerTheTerminal: its words are repeated on the administrator's screen.
func TestWhatAServerSaysCannotSteerTheTerminal(t *testing.T) {
	v := newPeer(t, at(pathVersion, &answer{200, `{"server":{"name":"\u001b[2J` + strings.Repeat("x", 1000) + `"}}`})).examine("version")
	require.Equal(t, Good, v.State)
	require.NotContains(t, v.Found, "\x1b")
	require.Less(t, len(v.Found), 200)
}

func TestRequestsThatMeanNothingAreRefused(t *testing.T) {
	p := newPeer(t, nil)
	for _, q := range []Request{{Server: us}, {Server: "not a name"}, {Server: p.name, Only: []string{"nothing"}}} {
		_, err := p.examiner().Examine(t.Context(), q)
		require.Error(t, err, "%+v", q)
	}
}

func TestOneServerIsExaminedAtATime(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	p := newPeer(t, func(_ *peer, r *http.Request) *answer {
		if r.URL.Path == pathVersion {
			entered <- struct{}{}
			<-leave
		}
		return nil
	})
	e := p.examiner()
	done := make(chan error, 1)
	go func() {
		_, err := e.Examine(context.Background(), Request{Server: p.name, Only: []string{"version"}})
		done <- err
	}()
	<-entered
	_, err := e.Examine(t.Context(), Request{Server: p.name})
	require.ErrorContains(t, err, "being examined")
	close(leave)
	require.NoError(t, <-done)
}

// TestFilesForClients: they lie at the port of the web, which a test may not have; so the requests are led to the stub.
func TestFilesForClients(t *testing.T) {
	const file, versions = "/.well-known/matrix/client", "/_matrix/client/versions"
	p := newPeer(t, nil)
	right := &answer{200, `{"m.homeserver":{"base_url":"https://peer.example/"}}`}
	for name, c := range map[string]struct {
		file, versions   *answer
		client, answered State
	}{
		"both are right":         {right, &answer{200, `{"versions":["v1.1","v1.11"]}`}, Good, Good},
		"there is no file":       {&answer{404, ""}, nil, Unknown, Unknown},
		"the file is no JSON":    {&answer{200, "<html>"}, nil, Bad, Unknown},
		"the address is not TLS": {&answer{200, `{"m.homeserver":{"base_url":"http://peer.example"}}`}, nil, Bad, Unknown},
		"versions are none":      {right, &answer{200, `{}`}, Good, Bad},
		"versions are not there": {right, &answer{502, ""}, Good, Bad},
	} {
		t.Run(name, func(t *testing.T) {
			p.breaks(func(_ *peer, r *http.Request) *answer {
				return map[string]*answer{file: c.file, versions: c.versions}[r.URL.Path]
			})
			v := &visit{o: Options{Fetch: p.led}, server: "peer.example"}
			require.Equal(t, c.client, checkClient(t.Context(), v).state)
			require.Equal(t, c.answered, checkClientVersions(t.Context(), v).state)
		})
	}
}

// led sends to the stub what is for peer.example.
func (p *peer) led(req *http.Request) (*http.Response, error) {
	require.Equal(p.t, "https://peer.example", (&url.URL{Scheme: req.URL.Scheme, Host: req.URL.Host}).String())
	out := req.Clone(req.Context())
	out.URL.Host, out.Host = p.name, ""
	return p.client.Fetch(out)
}
