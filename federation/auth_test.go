package federation

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
	"medixchange/internal/signing"
	"medixchange/rooms"
)

// post sends a request to an endpoint's handler as it is.
func post(e *endpoint, method, uri, body string, authorization ...string) (int, string) {
	req := httptest.NewRequest(method, uri, strings.NewReader(body))
	for _, a := range authorization {
		req.Header.Add("Authorization", a)
	}
	w := httptest.NewRecorder()
	e.server.Handler().ServeHTTP(w, req)
	answer, _ := io.ReadAll(w.Body)
	return w.Code, string(answer)
}

// signedBy makes the header of a request in the name of signer.
func signedBy(signer *signing.Signer, destination, method, uri, body string) string {
	canonical, err := canonicalBody([]byte(body))
	if err != nil {
		panic(err)
	}
	payload := requestPayload(method, uri, signer.ServerName, destination, canonical)
	return xMatrix{origin: signer.ServerName, destination: destination, keyID: signer.KeyID(),
		signature: signing.EncodeBase64(ed25519.Sign(signer.Key.Private, payload))}.String()
}

const sendURI = "/_matrix/federation/v1/send/1"

func TestOriginsAreProved(t *testing.T) {
	a := newAuthority(t)
	alpha, beta := newEndpoint(t, a), newEndpoint(t, a)
	body := `{"pdus":[],"edus":[]}`
	good := signedBy(alpha.signer, beta.name, "PUT", sendURI, body)
	other, err := signing.GenerateKey()
	require.NoError(t, err)
	forged := &signing.Signer{ServerName: alpha.name, Key: signing.Key{ID: alpha.signer.KeyID(), Private: other.Private}}
	unknown := &signing.Signer{ServerName: alpha.name, Key: other}

	status, answer := post(beta, "PUT", sendURI, body, good)
	require.Equal(t, 200, status, answer)
	require.Equal(t, alpha.name, <-beta.heard)
	status, _ = post(beta, "PUT", sendURI, "{ \"edus\": [],\n\"pdus\" : [] }", good)
	require.Equal(t, 200, status, "the form of the JSON does not count")
	status, _ = post(beta, "PUT", sendURI, body, signedBy(unknown, beta.name, "PUT", sendURI, body), good)
	require.Equal(t, 200, status, "one right signature is enough")
	status, _ = post(beta, "PUT", sendURI, body, strings.Replace(signedBy(alpha.signer, "", "PUT", sendURI, body), `destination="",`, "", 1))
	require.Equal(t, 200, status, "older servers name no destination")

	for name, tc := range map[string]struct {
		uri, body, header string
	}{
		"no header":         {sendURI, body, ""},
		"malformed":         {sendURI, body, "X-Matrix origin="},
		"other scheme":      {sendURI, body, "Bearer abc"},
		"other destination": {sendURI, body, signedBy(alpha.signer, "c.example", "PUT", sendURI, body)},
		"forged":            {sendURI, body, signedBy(forged, beta.name, "PUT", sendURI, body)},
		"unknown key":       {sendURI, body, signedBy(unknown, beta.name, "PUT", sendURI, body)},
		"other body":        {sendURI, `{"pdus":[{}],"edus":[]}`, good},
		"other path":        {"/_matrix/federation/v1/send/2", body, good},
		"other method":      {sendURI, body, signedBy(alpha.signer, beta.name, "POST", sendURI, body)},
		"ourselves":         {sendURI, body, signedBy(beta.signer, beta.name, "PUT", sendURI, body)},
		"no name":           {sendURI, body, signedBy(&signing.Signer{ServerName: "a b", Key: other}, beta.name, "PUT", sendURI, body)},
		"nobody there":      {sendURI, body, signedBy(&signing.Signer{ServerName: "127.0.0.1:1", Key: other}, beta.name, "PUT", sendURI, body)},
	} {
		status, answer := post(beta, "PUT", tc.uri, tc.body, tc.header)
		require.Equal(t, http.StatusUnauthorized, status, "%s: %s", name, answer)
		require.Contains(t, answer, "M_UNAUTHORIZED", name)
	}
	status, _ = post(beta, "PUT", sendURI, `{"pdus":[],"pdus":[]}`, good)
	require.Equal(t, 400, status)
	status, _ = post(beta, "PUT", "/_matrix/federation/v1/nothing", body, good)
	require.Equal(t, 404, status)
	status, _ = post(beta, "GET", sendURI, "", good)
	require.Equal(t, 405, status)
	require.Empty(t, beta.rooms.batches)
}

func TestDeniedServersAndRates(t *testing.T) {
	a := newAuthority(t)
	alpha, beta := newEndpoint(t, a), newEndpoint(t, a)
	uri := "/_matrix/federation/v1/make_leave/!r:x/" + alpha.user("a")
	ask := func() (int, string) {
		return post(beta, "GET", uri, "", signedBy(alpha.signer, beta.name, "GET", uri, ""))
	}
	beta.rooms.acl[alpha.name] = true
	status, answer := ask()
	require.Equal(t, 403, status)
	require.Contains(t, answer, "access list")

	beta.server.o.AllowServer = AllowServers(config.Federation{Enabled: true, DenyServers: []string{"127.*"}})
	status, answer = ask()
	require.Equal(t, 403, status)
	require.Contains(t, answer, "does not federate")

	limited := NewServer(ServerOptions{Rooms: beta.rooms, Accounts: beta.accounts, View: fakeView{}, Client: beta.client, Log: quiet(),
		Config: &config.Config{ServerName: beta.name, Limits: config.Limits{RatesEnabled: true,
			Rates: config.Rates{Federation: config.Rate{PerSecond: 0.001, Burst: 2}}}}})
	beta.server = limited
	var codes []int
	for range 3 {
		status, _ = ask()
		codes = append(codes, status)
	}
	require.Equal(t, []int{403, 403, 429}, codes)
	for range 5 {
		status, _ = post(beta, "PUT", sendURI, "{}", signedBy(alpha.signer, beta.name, "PUT", sendURI, "{}"))
		require.Equal(t, 200, status, "transactions are not counted")
	}
}

func TestAllowServers(t *testing.T) {
	for _, tc := range []struct {
		allow, deny []string
		server      string
		want        bool
	}{
		{nil, nil, "a.example", true},
		{nil, []string{"a.example"}, "a.example", false},
		{nil, []string{"a.example"}, "a.example:8448", false},
		{nil, []string{"*.evil"}, "x.EVIL", false},
		{nil, []string{"*.evil"}, "evil", true},
		{[]string{"hospital-?.example"}, nil, "hospital-a.example", true},
		{[]string{"hospital-?.example"}, nil, "hospital-ab.example", false},
		{[]string{"*"}, []string{"b*"}, "bad.example", false},
		{[]string{"a.example:1"}, nil, "a.example:1", true},
		{[]string{"a.example:1"}, nil, "a.example:2", false},
	} {
		allowed := AllowServers(config.Federation{Enabled: true, AllowServers: tc.allow, DenyServers: tc.deny})(tc.server)
		require.Equal(t, tc.want, allowed, "%+v", tc)
	}
	require.False(t, AllowServers(config.Federation{})("a.example"), "federation is off")
}

func TestBodiesAreBounded(t *testing.T) {
	a := newAuthority(t)
	alpha, beta := newEndpoint(t, a), newEndpoint(t, a)
	uri := "/_matrix/federation/v1/get_missing_events/!r:x"
	body := `{"x":"` + strings.Repeat("a", smallBody) + `"}`
	status, answer := post(beta, "POST", uri, body, signedBy(alpha.signer, beta.name, "POST", uri, body))
	require.Equal(t, http.StatusRequestEntityTooLarge, status, answer)
}

func TestErrorsOfRooms(t *testing.T) {
	s := &Server{}
	for err, want := range map[error]int{rooms.ErrNotFound: 404, rooms.ErrForbidden: 403, rooms.ErrBusy: 503, rooms.ErrKeysUnreachable: 503,
		rooms.ErrBadEvent: 400, rooms.ErrUnableToAuthorise: 400, signing.ErrSignature: 403} {
		require.Equal(t, want, s.mapError(err).Status, err)
	}
	require.Nil(t, s.mapError(io.EOF))
}

func FuzzTransaction(f *testing.F) {
	f.Add([]byte(`{"origin":"a","pdus":[{"event_id":"$1"}],"edus":[{"edu_type":"m.typing","content":{"room_id":"!r","user_id":"@a:b","typing":true}}]}`))
	f.Add([]byte(`{"pdus":{},"edus":[null]}`))
	f.Add([]byte(`{"edus":[{"edu_type":"m.receipt","content":{"!r":{"m.read":[]}}}]}`))
	a := newAuthority(f)
	alpha, beta := newEndpoint(f, a), newEndpoint(f, a)
	n := 0
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := canonicalBody(body); err != nil || len(body) == 0 {
			return
		}
		n++
		uri := "/_matrix/federation/v1/send/" + time.Now().Format("150405.000000000") + string(rune('a'+n%26))
		status, answer := post(beta, "PUT", uri, string(body), signedBy(alpha.signer, beta.name, "PUT", uri, string(body)))
		if status != 200 && status != 400 {
			t.Fatalf("status %d: %s", status, answer)
		}
		if !json.Valid(bytes.TrimSpace([]byte(answer))) {
			t.Fatalf("no JSON: %s", answer)
		}
		for len(beta.heard) > 0 {
			<-beta.heard
		}
	})
}
