package federation

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/accounts"
	"medixchange/internal/media"
	"medixchange/internal/web"
	"medixchange/rooms"
)

func (f *fakeAccounts) LocalProfile(_ context.Context, userID string) (accounts.Profile, error) {
	if f.users[userID] == nil {
		return nil, accounts.ErrNotFound
	}
	return accounts.Profile{"displayname": json.RawMessage(`"B"`), "avatar_url": json.RawMessage(`"mxc://x/y"`)}, nil
}

func (f *fakeAccounts) OwnDeviceList(_ context.Context, userID string) (*accounts.RemoteDeviceList, error) {
	return &accounts.RemoteDeviceList{UserID: userID, StreamID: 5, Devices: []accounts.RemoteDevice{{DeviceID: "D", Keys: json.RawMessage(`{}`)}}}, nil
}

func (f *fakeAccounts) LocalKeys(_ context.Context, users map[string][]string) (*accounts.RemoteKeys, error) {
	keys := &accounts.RemoteKeys{DeviceKeys: map[string]map[string]json.RawMessage{}}
	for u, devices := range users {
		keys.DeviceKeys[u] = map[string]json.RawMessage{"D": encoded(devices)}
	}
	return keys, nil
}

func (f *fakeAccounts) ClaimLocalKeys(_ context.Context, keys map[string]map[string]string) (map[string]map[string]map[string]json.RawMessage, error) {
	out := map[string]map[string]map[string]json.RawMessage{}
	for u, devices := range keys {
		out[u] = map[string]map[string]json.RawMessage{}
		for d, algorithm := range devices {
			out[u][d] = map[string]json.RawMessage{algorithm + ":1": json.RawMessage(`"k"`)}
		}
	}
	return out, nil
}

func (f *fakeAccounts) OpenIDUser(_ context.Context, token string) (string, error) {
	if token != "good" {
		return "", accounts.ErrForbidden
	}
	return "@b:x", nil
}

func TestPeopleOverFederation(t *testing.T) {
	alpha, beta, _ := answeringEndpoints(t)
	c, ctx, b := alpha.client, t.Context(), beta.user("b")
	beta.accounts.users[b] = &accounts.User{}
	profile, err := c.QueryProfile(ctx, beta.name, b, "")
	require.NoError(t, err)
	require.Len(t, profile, 2)
	profile, err = c.QueryProfile(ctx, beta.name, b, "displayname")
	require.NoError(t, err)
	require.Equal(t, map[string]json.RawMessage{"displayname": json.RawMessage(`"B"`)}, profile)
	_, err = c.QueryProfile(ctx, beta.name, beta.user("none"), "")
	require.ErrorIs(t, err, accounts.ErrNotFound)
	_, err = c.QueryProfile(ctx, beta.name, "@x:elsewhere", "")
	require.Error(t, err)

	list, err := c.UserDevices(ctx, beta.name, b)
	require.NoError(t, err)
	require.EqualValues(t, 5, list.StreamID)
	require.Len(t, list.Devices, 1)
	asked := map[string][]string{b: nil, "@x:elsewhere": {"E"}}
	keys, err := c.QueryKeys(ctx, beta.name, asked)
	require.NoError(t, err)
	require.Equal(t, map[string]map[string]json.RawMessage{b: {"D": json.RawMessage(`[]`)}}, keys.DeviceKeys)
	require.Nil(t, asked[b], "the question is not changed")
	claimed, err := c.ClaimKeys(ctx, beta.name, map[string]map[string]string{b: {"D": "signed_curve25519"}, "@x:elsewhere": {"E": "x"}})
	require.NoError(t, err)
	require.Equal(t, map[string]map[string]map[string]json.RawMessage{b: {"D": {"signed_curve25519:1": json.RawMessage(`"k"`)}}}, claimed)
}

func TestDirectoryOverFederation(t *testing.T) {
	alpha, beta, answers := answeringEndpoints(t)
	c, ctx := alpha.client, t.Context()
	roomID, servers, err := c.Directory(ctx, beta.name, "#a:"+beta.name)
	require.NoError(t, err)
	require.Equal(t, "!r:x", roomID)
	require.Equal(t, []string{"x", "y"}, servers)
	_, _, err = c.Directory(ctx, beta.name, "#a:elsewhere")
	require.ErrorIs(t, err, rooms.ErrNotFound)
	page, err := c.PublicRooms(ctx, beta.name, json.RawMessage(`{"limit":3,"since":"s","filter":{"generic_search_term":"x","room_types":[null,"m.space"]}}`))
	require.NoError(t, err)
	require.Equal(t, "!r:x", gjson.GetBytes(page, "chunk.0.room_id").Str)
	require.Equal(t, `"x" ["" "m.space"] 3 s`, answers.asked)
	_, err = c.PublicRooms(ctx, beta.name, nil)
	require.NoError(t, err)

	space, err := c.Hierarchy(ctx, beta.name, "!space:x", false)
	require.NoError(t, err)
	require.Equal(t, "!space:x", gjson.GetBytes(space, "room.room_id").Str)
	require.Equal(t, `[{"c":1},{"c":2},{"c":3}]`, gjson.GetBytes(space, "room.children_state").Raw)
	require.Equal(t, "!a:x", gjson.GetBytes(space, "children.0.room_id").Str)
	require.Equal(t, `["!secret:x"]`, gjson.GetBytes(space, "inaccessible_children").Raw)
	space, err = c.Hierarchy(ctx, beta.name, "!space:x", true)
	require.NoError(t, err)
	require.Equal(t, `[{"c":1}]`, gjson.GetBytes(space, "room.children_state").Raw)
	for _, unseen := range []string{"!secret:x", "!unknown:x"} {
		_, err = c.Hierarchy(ctx, beta.name, unseen, false)
		require.ErrorIs(t, err, rooms.ErrNotFound, unseen)
	}
}

func TestOpenEndpoints(t *testing.T) {
	_, beta, _ := answeringEndpoints(t)
	status, answer := post(beta, "GET", "/_matrix/federation/v1/version", "")
	require.Equal(t, 200, status)
	require.JSONEq(t, `{"server":{"name":"MediXchange","version":"test"}}`, answer)
	status, answer = post(beta, "GET", "/_matrix/federation/v1/openid/userinfo?access_token=good", "")
	require.Equal(t, 200, status)
	require.JSONEq(t, `{"sub":"@b:x"}`, answer)
	status, _ = post(beta, "GET", "/_matrix/federation/v1/openid/userinfo", "")
	require.Equal(t, 401, status)
	status, _ = post(beta, "GET", "/_matrix/federation/v1/openid/userinfo?access_token=bad", "")
	require.Equal(t, 403, status)
}

func TestMediaOverFederation(t *testing.T) {
	alpha, beta, _ := answeringEndpoints(t)
	store, err := media.New(beta.db, nil, media.Options{ServerName: beta.name, Dir: t.TempDir(), MaxUpload: 1 << 20, RemoteCache: 1 << 20,
		RemoteMax: 1 << 20, MaxPixels: 1 << 20, MaxThumbnail: 800, PendingPerUser: 1, PendingLifetime: time.Hour, Log: quiet()})
	require.NoError(t, err)
	beta.server.o.Media = store
	uri, err := store.Upload(t.Context(), media.Upload{Uploader: beta.user("b"), ContentType: "text/plain", Filename: "x.txt", Body: strings.NewReader("bytes"), Size: 5})
	require.NoError(t, err)
	_, id, err := media.ParseURI(uri)
	require.NoError(t, err)

	var file bytes.Buffer
	about, err := alpha.client.FetchMedia(t.Context(), beta.name, id, &file)
	require.NoError(t, err)
	require.Equal(t, "bytes", file.String())
	require.Equal(t, media.RemoteFile{ContentType: "text/plain", Filename: "x.txt"}, about)
	_, err = alpha.client.FetchMedia(t.Context(), beta.name, "none", io.Discard)
	require.True(t, web.IsCode(err, "M_NOT_FOUND"), "%v", err)

	beta.answer(func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.HasPrefix(r.URL.Path, "/_matrix/federation/v1/media/"):
			web.WriteError(w, web.Unrecognized(404))
		case r.URL.Path == "/_matrix/media/v3/download/"+beta.name+"/old" && r.Header.Get("Authorization") == "":
			w.Header().Set("Content-Type", "image/png")
			_, _ = io.WriteString(w, "old bytes")
		default:
			return false
		}
		return true
	})
	file.Reset()
	about, err = alpha.client.FetchMedia(t.Context(), beta.name, "old", &file)
	require.NoError(t, err)
	require.Equal(t, "old bytes", file.String())
	require.Equal(t, "image/png", about.ContentType)
}

func TestAnswersAreBounded(t *testing.T) {
	alpha, beta, _ := answeringEndpoints(t)
	beta.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/event/") {
			_, _ = io.WriteString(w, `{"pdus":["`+strings.Repeat("a", smallAnswer)+`"]}`)
			return true
		}
		if strings.Contains(r.URL.Path, "/state_ids/") {
			_, _ = io.WriteString(w, `<html>not JSON</html>`)
			return true
		}
		if strings.Contains(r.URL.Path, "/event_auth/") {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(429)
			return true
		}
		return false
	})
	_, err := alpha.client.Event(t.Context(), beta.name, "$1")
	require.ErrorIs(t, err, rooms.ErrUnreachable)
	_, _, err = alpha.client.StateIDs(t.Context(), beta.name, "!r:x", "$1")
	require.ErrorIs(t, err, rooms.ErrUnreachable)
	_, err = alpha.client.EventAuth(t.Context(), beta.name, "!r:x", "$1")
	var refusal *RemoteError
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, 7*time.Second, refusal.RetryAfter)
}

func TestGates(t *testing.T) {
	g := newGates(2)
	leave1, err := g.enter(t.Context(), "a")
	require.NoError(t, err)
	leave2, err := g.enter(t.Context(), "a")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = g.enter(ctx, "a")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	leave3, err := g.enter(t.Context(), "b")
	require.NoError(t, err)
	leave1()
	leave1, err = g.enter(t.Context(), "a")
	require.NoError(t, err)
	leave1()
	leave2()
	leave3()
	require.Empty(t, g.open, "gates that nobody uses are gone")
}
