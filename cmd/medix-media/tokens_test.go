package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"

	"medixchange/internal/testhospital"
)

// claimsOf reads a token without verifying it.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.HS256})
	require.NoError(t, err)
	claims := map[string]any{}
	require.NoError(t, parsed.UnsafeClaimsWithoutVerification(&claims))
	return claims
}

func TestTokensAreForThoseWhoAreJoinedAndForOurOwnSFU(t *testing.T) {
	m := meet(t)
	stranger := m.b.User("stranger")
	for name, c := range map[string]struct {
		who    *testhospital.User
		at     *testhospital.Hospital
		url    string
		room   string
		status int
		code   string
	}{
		"not joined":                    {stranger, m.b, m.urlB, m.room, 403, "M_FORBIDDEN"},
		"not joined, at another server": {stranger, m.a, m.urlA, m.room, 403, "M_FORBIDDEN"},
		"a room that nobody knows":      {m.ana, m.a, m.urlA, "!nowhere:" + m.a.Name, 403, "M_FORBIDDEN"},
		"a foreign SFU":                 {m.ana, m.a, "wss://evil.example", m.room, 400, "M_INVALID_PARAM"},
		"a foreign SFU, at another":     {m.ana, m.b, "wss://evil.example", m.room, 400, "M_INVALID_PARAM"},
		"the other hospital's SFU here": {m.ana, m.a, m.urlB, m.room, 400, "M_INVALID_PARAM"},
	} {
		status, token, code := askToken(c.who, c.at, c.url, c.room)
		require.Equal(t, c.status, status, name)
		require.Equal(t, c.code, code, name)
		require.Empty(t, token, name)
	}
	nobody := m.a.With("", "")
	status, _, code := askToken(nobody, m.a, m.urlA, m.room)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Equal(t, "M_MISSING_TOKEN", code)
}

func TestATokenSaysWhatMSC4195Says(t *testing.T) {
	m := meet(t)
	for _, c := range []struct {
		who     *testhospital.User
		publish bool
	}{{m.ana, true}, {m.bo, false}} {
		_, token, _ := askToken(c.who, m.a, m.urlA, m.room)
		claims := claimsOf(t, token)
		video := claims["video"].(map[string]any)
		require.Equal(t, c.publish, video["canPublish"], "only users of this hospital publish here")
		require.Equal(t, true, video["canSubscribe"])
		require.Equal(t, false, video["roomCreate"])
		require.Equal(t, false, video["canUpdateOwnMetadata"])
		require.LessOrEqual(t, claims["exp"].(float64)-claims["nbf"].(float64), float64(15*60))
	}
}

// openID asks a user's own server for a token that proves who they are.
func openID(u *testhospital.User) map[string]any {
	answer := u.Must(http.MethodPost, "/_matrix/client/v3/user/"+u.ID+"/openid/request_token", map[string]any{})
	return map[string]any{"access_token": answer.Get("access_token").Str, "matrix_server_name": answer.Get("matrix_server_name").Str, "token_type": "Bearer", "expires_in": 3600}
}

func TestDeployedClientsGetTokensWithOpenID(t *testing.T) {
	m := meet(t)
	service := m.ana.Must(http.MethodGet, "/.well-known/matrix/client", nil).Get(`org\.matrix\.msc4143\.rtc_foci.0.livekit_service_url`).Str
	require.Equal(t, m.a.URL+"/livekit/jwt", service)
	legacy := func(u *testhospital.User, device string, proof map[string]any) (int, string) {
		status, answer := m.a.With("", "").Do(http.MethodPost, "/livekit/jwt/sfu/get", map[string]any{"room": m.room, "device_id": device, "openid_token": proof})
		return status, answer.Get("jwt").Str
	}
	status, token := legacy(m.ana, m.ana.DeviceID, openID(m.ana))
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, m.ana.ID+":"+m.ana.DeviceID, claimsOf(t, token)["sub"])
	connect(t, m.urlA, token)

	proof := openID(m.bo)
	status, token = legacy(m.bo, "D2", proof)
	require.Equal(t, http.StatusOK, status, "another hospital says whose token it is")
	require.Equal(t, false, claimsOf(t, token)["video"].(map[string]any)["canPublish"])
	status, _ = legacy(m.bo, "D2", proof)
	require.Equal(t, http.StatusOK, status, "the same client may ask again")

	status, _ = legacy(m.bo, "D3", proof)
	require.Equal(t, http.StatusUnauthorized, status, "somebody else has seen the token and uses it for themselves")
	forged := openID(m.ana)
	forged["access_token"] = "mdxs_forged"
	status, _ = legacy(m.ana, m.ana.DeviceID, forged)
	require.Equal(t, http.StatusUnauthorized, status)
	lying := openID(m.bo)
	lying["matrix_server_name"] = m.a.Name
	status, _ = legacy(m.bo, "D2", lying)
	require.Equal(t, http.StatusUnauthorized, status)
	status, _ = legacy(m.ana, "x:D1", openID(m.ana))
	require.Equal(t, http.StatusBadRequest, status, "a device that would read as another user's identity")

	status, answer := m.a.With("", "").Do(http.MethodPost, "/livekit/jwt/get_token", map[string]any{
		"room_id": m.room, "slot_id": "m.call#ROOM", "openid_token": openID(m.ana),
		"member": map[string]any{"id": "one", "claimed_user_id": m.bo.ID, "claimed_device_id": "D1"},
	})
	require.Equal(t, http.StatusUnauthorized, status, "ana says that she is bo")
	require.Equal(t, "M_UNAUTHORIZED", answer.Get("errcode").Str)
}

func TestWhatIsSaidInTheNameOfTheSFUIsRefusedUnlessItIsSigned(t *testing.T) {
	m := meet(t)
	body, err := json.Marshal(map[string]any{"event": "participant_left", "room": map[string]any{"name": "x"}, "participant": map[string]any{"identity": "y"}})
	require.NoError(t, err)
	_, member, _ := askToken(m.ana, m.a, m.urlA, m.room)
	for _, authorization := range []string{"", "nonsense", member} {
		req, err := http.NewRequest(http.MethodPost, m.a.URL+"/livekit/webhook", bytes.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Authorization", authorization)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	}
}

func TestClientsReachNothingOfTheSFUButItsSignalling(t *testing.T) {
	m := meet(t)
	_, token, _ := askToken(m.ana, m.a, m.urlA, m.room)
	base := "http" + strings.TrimPrefix(m.urlA, "ws")
	for path, want := range map[string]int{
		"/twirp/livekit.RoomService/ListRooms": http.StatusNotFound, "/": http.StatusNotFound, "/rtc/../twirp": http.StatusNotFound,
		"/rtc/validate?access_token=" + token: http.StatusOK, "/rtc/validate?access_token=x": http.StatusUnauthorized, "/rtc/validate": http.StatusUnauthorized,
	} {
		resp, err := http.Get(base + path)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, want, resp.StatusCode, path)
	}
}
