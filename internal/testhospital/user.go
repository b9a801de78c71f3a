package testhospital

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// patience bounds what a test waits for; nothing that works takes so long.
const patience = 20 * time.Second

// client keeps a connection for each user that waits in a long poll; the default would open a new one for most requests.
var client = http.Client{
	Timeout: 2 * patience,
	Transport: &http.Transport{
		MaxIdleConnsPerHost: 10_000, IdleConnTimeout: patience, DialContext: (&net.Dialer{Timeout: patience}).DialContext,
	},
}

// Disconnect closes the connections that users and the libraries of other clients keep and do not use now.
func Disconnect() {
	client.CloseIdleConnections()
	http.DefaultClient.CloseIdleConnections()
}

// User is a clinician with one device. Its methods fail the test when the server refuses.
type User struct {
	ID       string
	DeviceID string
	Token    string
	Hospital *Hospital

	t     testing.TB
	txn   atomic.Int64
	since string
}

// User registers an account.
func (h *Hospital) User(name string) *User {
	h.t.Helper()
	u := &User{Hospital: h, t: h.t}
	body := u.Must(http.MethodPost, "/_matrix/client/v3/register", map[string]any{
		"username": name, "password": "pw-" + name, "auth": map[string]string{"type": "m.login.dummy"},
	})
	u.ID, u.DeviceID, u.Token = body.Get("user_id").Str, body.Get("device_id").Str, body.Get("access_token").Str
	require.NotEmpty(h.t, u.Token, "registering %s: %s", name, body.Raw)
	return u
}

// With is somebody who got an access token in another way; both may be empty, for somebody who is not logged in.
func (h *Hospital) With(userID, token string) *User {
	return &User{Hospital: h, t: h.t, ID: userID, Token: token}
}

// Login gives the user another device.
func (u *User) Login() *User {
	u.t.Helper()
	other := &User{Hospital: u.Hospital, t: u.t}
	local := u.ID[1:bytes.IndexByte([]byte(u.ID), ':')]
	body := other.Must(http.MethodPost, "/_matrix/client/v3/login", map[string]any{
		"type": "m.login.password", "identifier": map[string]string{"type": "m.id.user", "user": local}, "password": "pw-" + local,
	})
	other.ID, other.DeviceID, other.Token = body.Get("user_id").Str, body.Get("device_id").Str, body.Get("access_token").Str
	return other
}

// Do sends a request and returns status and body. A nil body sends none.
func (u *User) Do(method, path string, body any) (int, gjson.Result) {
	u.t.Helper()
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		require.NoError(u.t, err)
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, u.Hospital.URL+path, reader)
	require.NoError(u.t, err)
	if u.Token != "" {
		req.Header.Set("Authorization", "Bearer "+u.Token)
	}
	res, err := client.Do(req)
	require.NoError(u.t, err, "%s %s", method, path)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(u.t, err)
	return res.StatusCode, gjson.ParseBytes(raw)
}

// Must is Do for requests that must succeed.
func (u *User) Must(method, path string, body any) gjson.Result {
	u.t.Helper()
	status, answer := u.Do(method, path, body)
	require.Equal(u.t, http.StatusOK, status, "%s %s: %s", method, path, answer.Raw)
	return answer
}

// Room says what room to create; the zero value is a private chat.
type Room struct {
	Preset  string
	Name    string
	Invite  []string
	Version string
	Direct  bool
	State   []map[string]any
	Extra   map[string]any
}

// CreateRoom creates a room and returns its id.
func (u *User) CreateRoom(r Room) string {
	u.t.Helper()
	body := map[string]any{"is_direct": r.Direct}
	for key, value := range map[string]string{"preset": r.Preset, "name": r.Name, "room_version": r.Version} {
		if value != "" {
			body[key] = value
		}
	}
	if r.Invite != nil {
		body["invite"] = r.Invite
	}
	if r.State != nil {
		body["initial_state"] = r.State
	}
	for key, value := range r.Extra {
		body[key] = value
	}
	return u.Must(http.MethodPost, "/_matrix/client/v3/createRoom", body).Get("room_id").Str
}

// Join joins a room, over federation through the servers in via.
func (u *User) Join(room string, via ...string) {
	u.t.Helper()
	u.Must(http.MethodPost, "/_matrix/client/v3/join/"+url.PathEscape(room)+"?"+url.Values{"via": via}.Encode(), map[string]any{})
}

// Invite invites another user.
func (u *User) Invite(room, userID string) {
	u.t.Helper()
	u.Must(http.MethodPost, "/_matrix/client/v3/rooms/"+url.PathEscape(room)+"/invite", map[string]any{"user_id": userID})
}

// Leave leaves a room.
func (u *User) Leave(room string) {
	u.t.Helper()
	u.Must(http.MethodPost, "/_matrix/client/v3/rooms/"+url.PathEscape(room)+"/leave", map[string]any{})
}

// Say sends a text and returns its event id.
func (u *User) Say(room, text string) string {
	u.t.Helper()
	return u.Send(room, "m.room.message", map[string]any{"msgtype": "m.text", "body": text})
}

// Send sends a message event and returns its event id.
func (u *User) Send(room, typ string, content any) string {
	u.t.Helper()
	path := fmt.Sprintf("/_matrix/client/v3/rooms/%s/send/%s/t%d-%d", url.PathEscape(room), typ, time.Now().UnixNano(), u.txn.Add(1))
	return u.Must(http.MethodPut, path, content).Get("event_id").Str
}

// SetState sends a state event and returns its event id.
func (u *User) SetState(room, typ, key string, content any) string {
	u.t.Helper()
	path := fmt.Sprintf("/_matrix/client/v3/rooms/%s/state/%s/%s", url.PathEscape(room), typ, url.PathEscape(key))
	return u.Must(http.MethodPut, path, content).Get("event_id").Str
}

// Sync syncs on from the last Sync, waiting up to timeout for news.
func (u *User) Sync(timeout time.Duration) gjson.Result {
	u.t.Helper()
	query := url.Values{"timeout": {fmt.Sprint(timeout.Milliseconds())}}
	if u.since != "" {
		query.Set("since", u.since)
	}
	answer := u.Must(http.MethodGet, "/_matrix/client/v3/sync?"+query.Encode(), nil)
	u.since = answer.Get("next_batch").Str
	require.NotEmpty(u.t, u.since)
	return answer
}

// WaitUntil syncs on until seen returns true for an answer, and returns that answer.
func (u *User) WaitUntil(what string, seen func(sync gjson.Result) bool) gjson.Result {
	u.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if answer := u.Sync(time.Second); seen(answer) {
			return answer
		}
	}
	require.FailNow(u.t, "not seen in time", "%s waits for %s", u.ID, what)
	return gjson.Result{}
}

// WaitFor syncs on until an event arrives in a joined room's timeline, and returns it as this user sees it.
func (u *User) WaitFor(room, eventID string) gjson.Result {
	u.t.Helper()
	var found gjson.Result
	u.WaitUntil("event "+eventID, func(sync gjson.Result) bool {
		for _, ev := range Timeline(sync, room) {
			if ev.Get("event_id").Str == eventID {
				found = ev
				return true
			}
		}
		return false
	})
	return found
}

// WaitForInvite syncs on until the user is invited to the room.
func (u *User) WaitForInvite(room string) {
	u.t.Helper()
	u.WaitUntil("an invite to "+room, func(sync gjson.Result) bool {
		return sync.Get("rooms.invite." + escape(room)).Exists()
	})
}

// Timeline returns the events of a joined room in an answer of sync.
func Timeline(sync gjson.Result, room string) []gjson.Result {
	return sync.Get("rooms.join." + escape(room) + ".timeline.events").Array()
}

// State returns the state events of a joined room in an answer of sync.
func State(sync gjson.Result, room string) []gjson.Result {
	return sync.Get("rooms.join." + escape(room) + ".state.events").Array()
}

// escape makes an id a literal part of a gjson path.
func escape(id string) string {
	var out []byte
	for i := range len(id) {
		switch id[i] {
		case '.', '*', '?', '|', '#', '@', '\\', '!', '{', '}', '[', ']', '(', ')', '=', '<', '>', '%', ':':
			out = append(out, '\\')
		}
		out = append(out, id[i])
	}
	return string(out)
}
