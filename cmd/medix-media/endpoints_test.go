package main

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/testhospital"
)

// answered is what an endpoint said.
type answered struct {
	status int
	code   string
	body   string
	header http.Header
}

// send asks as a browser does, with a body as it is.
func send(t *testing.T, h *testhospital.Hospital, method, path, token, body string) answered {
	t.Helper()
	var reader io.Reader
	if method != http.MethodGet && method != http.MethodOptions {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, h.URL+path, reader)
	require.NoError(t, err)
	req.Header.Set("Origin", "https://client.example")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return answered{res.StatusCode, gjson.GetBytes(raw, "errcode").Str, string(raw), res.Header}
}

// endpoint is one of those of conferences.
type endpoint struct {
	method, path string
	good         string // a body that is right but for the room
	open         bool   // asks for no access token
	wrong        string // a body with wrong types
	missing      string // one that lacks something
}

// endpoints are those that clients reach, in a room.
func endpoints(room string) []endpoint {
	const client = "/_matrix/client"
	token := `{"room_id":"` + room + `","slot_id":"m.call#ROOM","member_id":"m","url":"ws://x"}`
	const types, none = `{"room_id":1,"slot_id":[],"member_id":{},"url":true,"room":5,"openid_token":"x","device_id":[]}`, `{}`
	all := []endpoint{
		{method: http.MethodGet, path: client + "/v1/rtc/transports"},
		{method: http.MethodGet, path: client + "/unstable/org.matrix.msc4143/rtc/transports"},
		{method: http.MethodGet, path: client + "/v3/voip/turnServer"},
		{method: http.MethodGet, path: roomPath(room, "")},
		{method: http.MethodPost, path: roomPath(room, "/mute"), good: `{"user_id":"@x:y"}`, wrong: `{"user_id":7}`, missing: none},
		{method: http.MethodPost, path: roomPath(room, "/remove"), good: `{"user_id":"@x:y"}`, wrong: `{"user_id":7}`, missing: none},
		{method: http.MethodGet, path: roomPath(room, "/recording")},
		{method: http.MethodPost, path: roomPath(room, "/recording"), good: `{"action":"start"}`, wrong: `{"action":[]}`, missing: none},
		{method: http.MethodPost, path: roomPath(room, "/recording/consent"), good: `{"answer":"yes"}`, wrong: `{"answer":1}`, missing: none},
		{method: http.MethodGet, path: roomPath(room, "/recordings")},
		{method: http.MethodPost, path: "/livekit/jwt/sfu/get", open: true, wrong: types, missing: none},
		{method: http.MethodPost, path: "/livekit/jwt/get_token", open: true, wrong: types, missing: none},
		{method: http.MethodPost, path: "/livekit/jwt/delegate_delayed_leave", open: true, wrong: types, missing: none},
		{method: http.MethodGet, path: "/livekit/jwt/healthz", open: true},
	}
	for _, prefix := range []string{client + "/v1", client + "/unstable/io.element.msc4195"} {
		for _, what := range []string{"get_token", "delegate_delayed_leave"} {
			all = append(all, endpoint{method: http.MethodPost, path: prefix + "/rtc/livekit/" + what, good: token, wrong: types, missing: none})
		}
	}
	return all
}

// isMatrixError checks what every refusal has: a code, a text, the content type and the headers by which browsers read it.
func isMatrixError(t *testing.T, a answered, status int, codes ...string) {
	t.Helper()
	require.Equal(t, status, a.status, a.body)
	require.Contains(t, codes, a.code, a.body)
	require.NotEmpty(t, gjson.Get(a.body, "error").Str)
	require.Equal(t, "application/json", a.header.Get("Content-Type"))
	require.Equal(t, "*", a.header.Get("Access-Control-Allow-Origin"), "browsers show the answer to nobody")
}

// TestEveryEndpointOfConferencesRefusesInMatrixForm: browsers may ask before they ask, and read every refusal.
func TestEveryEndpointOfConferencesRefusesInMatrixForm(t *testing.T) {
	m := meet(t, recorded)
	stranger := m.a.User("stranger")
	for _, e := range endpoints(m.room) {
		t.Run(e.method+" "+e.path, func(t *testing.T) {
			before := send(t, m.a, http.MethodOptions, e.path, "", "")
			require.Less(t, before.status, 300)
			require.Equal(t, "*", before.header.Get("Access-Control-Allow-Origin"))
			require.Contains(t, before.header.Get("Access-Control-Allow-Methods"), e.method)
			require.Contains(t, before.header.Get("Access-Control-Allow-Headers"), "Authorization")

			isMatrixError(t, send(t, m.a, http.MethodPatch, e.path, m.ana.Token, "{}"), http.StatusMethodNotAllowed, "M_UNRECOGNIZED")
			if !e.open {
				isMatrixError(t, send(t, m.a, e.method, e.path, "", e.good), http.StatusUnauthorized, "M_MISSING_TOKEN")
				isMatrixError(t, send(t, m.a, e.method, e.path, "nonsense", e.good), http.StatusUnauthorized, "M_UNKNOWN_TOKEN")
			}
			if e.method != http.MethodPost {
				return
			}
			isMatrixError(t, send(t, m.a, e.method, e.path, m.ana.Token, "no JSON"), http.StatusBadRequest, "M_NOT_JSON")
			isMatrixError(t, send(t, m.a, e.method, e.path, m.ana.Token, `[]`), http.StatusBadRequest, "M_BAD_JSON")
			isMatrixError(t, send(t, m.a, e.method, e.path, m.ana.Token, e.wrong), http.StatusBadRequest, "M_BAD_JSON")
			isMatrixError(t, send(t, m.a, e.method, e.path, m.ana.Token, e.missing), http.StatusBadRequest, "M_MISSING_PARAM", "M_BAD_JSON", "M_INVALID_PARAM")
			huge := `{"room_id":"` + strings.Repeat("x", 1<<20) + `"}`
			isMatrixError(t, send(t, m.a, e.method, e.path, m.ana.Token, huge), http.StatusRequestEntityTooLarge, "M_TOO_LARGE")
		})
	}
	for _, room := range []string{m.room, "!nowhere:" + m.a.Name, "nonsense", "!" + strings.Repeat("x", 300)} {
		for _, e := range endpoints(room) {
			if strings.Contains(e.path, url.PathEscape(room)) {
				isMatrixError(t, send(t, m.a, e.method, e.path, stranger.Token, e.good), http.StatusForbidden, "M_FORBIDDEN")
			}
		}
		for _, who := range []*testhospital.User{stranger, m.ana} {
			if who == m.ana && room == m.room {
				continue
			}
			status, _, code := askToken(who, m.a, m.urlA, room)
			require.Equal(t, http.StatusForbidden, status, room)
			require.Equal(t, "M_FORBIDDEN", code)
		}
	}
}

// TestTheSFUsDoorRefusesInMatrixForm: the SFU's own answers lie behind it.
func TestTheSFUsDoorRefusesInMatrixForm(t *testing.T) {
	m := meet(t)
	_, jwt, _ := askToken(m.ana, m.a, m.urlA, m.room)
	const rtc = "/livekit/sfu/rtc"
	require.Equal(t, http.StatusNoContent, send(t, m.a, http.MethodOptions, rtc, "", "").status)
	isMatrixError(t, send(t, m.a, http.MethodGet, rtc, "", ""), http.StatusUnauthorized, "M_MISSING_TOKEN")
	isMatrixError(t, send(t, m.a, http.MethodGet, rtc, "nonsense", ""), http.StatusUnauthorized, "M_UNKNOWN_TOKEN")
	isMatrixError(t, send(t, m.a, http.MethodPost, rtc, jwt, "{}"), http.StatusNotFound, "M_UNRECOGNIZED")
	isMatrixError(t, send(t, m.a, http.MethodGet, "/livekit/sfu/settings", jwt, ""), http.StatusNotFound, "M_UNRECOGNIZED")
	there := send(t, m.a, http.MethodGet, rtc+"/validate", jwt, "")
	require.Equal(t, http.StatusOK, there.status, there.body)
	require.Equal(t, []string{"*"}, there.header.Values("Access-Control-Allow-Origin"), "once, or browsers take it for none")
}

// TestReplayRefusesInMatrixForm: no page of others reads recordings, so that there are no such headers.
func TestReplayRefusesInMatrixForm(t *testing.T) {
	m := meet(t, recorded)
	for _, c := range []struct {
		method, path, token string
		status              int
		code                string
	}{
		{http.MethodGet, "/replay/abcdefgh/manifest.json", "", http.StatusUnauthorized, "M_MISSING_TOKEN"},
		{http.MethodGet, "/replay/abcdefgh/manifest.json", "nonsense", http.StatusUnauthorized, "M_UNKNOWN_TOKEN"},
		{http.MethodGet, "/replay/abcdefgh/manifest.json", m.ana.Token, http.StatusNotFound, "M_NOT_FOUND"},
		{http.MethodPost, "/replay/abcdefgh/manifest.json", m.ana.Token, http.StatusMethodNotAllowed, "M_UNRECOGNIZED"},
		{http.MethodPut, "/replay/abcdefgh/transcript/u1", m.ana.Token, http.StatusForbidden, "M_FORBIDDEN"}, // from a page of others
	} {
		a := send(t, m.a, c.method, c.path, c.token, "{}")
		require.Equal(t, c.status, a.status, c.method+" "+c.path+a.body)
		require.Equal(t, c.code, a.code)
		require.Equal(t, "application/json", a.header.Get("Content-Type"))
	}
}
