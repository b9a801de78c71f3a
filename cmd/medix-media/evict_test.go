package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/testhospital"
)

// atRoom calls an endpoint of a room that changes memberships.
func atRoom(u *testhospital.User, room, what string, body any) {
	u.Must(http.MethodPost, "/_matrix/client/v3/rooms/"+url.PathEscape(room)+"/"+what, body)
}

// removal is a way in which somebody may not take part any more: who does it, to whom, in which room.
type removal struct {
	name string
	does func(m *meeting, u *testhospital.User, room string)
	// localOnly and remoteOnly say for whom of the two it makes sense.
	localOnly, remoteOnly bool
}

// removals are all of them.
func removals(t testing.TB) []removal {
	forTheUser := func(what string) func(*meeting, *testhospital.User, string) {
		return func(m *meeting, u *testhospital.User, room string) {
			atRoom(m.ana, room, what, map[string]any{"user_id": u.ID})
		}
	}
	return []removal{
		{name: "leave", does: func(_ *meeting, u *testhospital.User, room string) { u.Leave(room) }},
		{name: "kick", does: forTheUser("kick")},
		{name: "ban", does: forTheUser("ban")},
		{name: "removed by a moderator", does: func(m *meeting, u *testhospital.User, room string) {
			m.ana.Must(http.MethodPost, roomPath(room, "/remove"), map[string]any{"user_id": u.ID})
		}},
		{name: "access list", remoteOnly: true, does: func(m *meeting, _ *testhospital.User, room string) {
			m.ana.SetState(room, "m.room.server_acl", "", map[string]any{"allow": []string{"*"}, "deny": []string{}, "allow_ip_literals": false})
		}},
		{name: "logout", does: func(_ *meeting, u *testhospital.User, _ string) {
			u.Must(http.MethodPost, "/_matrix/client/v3/logout", map[string]any{})
		}},
		{name: "the device logged out elsewhere", does: func(_ *meeting, u *testhospital.User, _ string) {
			require.NoError(t, u.Hospital.Node().Accounts.DeleteDevices(t.Context(), u.ID, []string{u.DeviceID}))
		}},
		{name: "locked", localOnly: true, does: func(_ *meeting, u *testhospital.User, _ string) {
			require.NoError(t, u.Hospital.Node().Accounts.SetLocked(t.Context(), u.ID, true))
		}},
		{name: "suspended", localOnly: true, does: func(_ *meeting, u *testhospital.User, _ string) {
			require.NoError(t, u.Hospital.Node().Accounts.SetSuspended(t.Context(), u.ID, true))
		}},
		{name: "deactivated", does: func(_ *meeting, u *testhospital.User, _ string) {
			require.NoError(t, u.Hospital.Node().Accounts.Deactivate(t.Context(), u.ID, false))
		}},
	}
}

// withKeys gives a user's device keys, as every client with encryption does: by them other hospitals learn of its end.
func withKeys(u *testhospital.User) {
	u.Must(http.MethodPost, "/_matrix/client/v3/keys/upload", map[string]any{"device_keys": map[string]any{
		"user_id": u.ID, "device_id": u.DeviceID, "algorithms": []string{"m.olm.v1.curve25519-aes-sha2"},
		"keys":       map[string]string{"curve25519:" + u.DeviceID: "Y3VydmU", "ed25519:" + u.DeviceID: "ZWQ"},
		"signatures": map[string]any{u.ID: map[string]string{"ed25519:" + u.DeviceID: "c2ln"}},
	}})
}

// ward is a room of its own with somebody of a hospital in it, who has power there.
func (m *meeting) ward(t testing.TB, at *testhospital.Hospital, name string) (room string, u *testhospital.User) {
	t.Helper()
	room = m.ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	u = at.User(name)
	withKeys(u)
	u.Join(room, m.a.Name)
	m.ana.SetState(room, "m.room.power_levels", "", map[string]any{"users": map[string]int{u.ID: 50}})
	return room, u
}

// isOut looks into the call of a room from inside: whatever the client and the node believe, nobody must be there who was removed.
func isOut(t testing.TB, h *testhospital.Hospital, room string, c *caller) {
	t.Helper()
	address, jwt, err := h.Node().Conferences.Recorder(t.Context(), room, "m.call#ROOM", "witness")
	require.NoError(t, err)
	witness := connect(t, address, jwt)
	defer witness.room.Disconnect()
	require.Equal(t, c.room.Name(), witness.room.Name())
	within(t, "others still have them in the call", func() bool { return witness.room.GetParticipantByIdentity(c.identity()) == nil })
}

// asking asks for tokens again and again until none is given, and keeps the last one.
type asking struct {
	sync.WaitGroup
	last  string
	given int
}

func (a *asking) run(u *testhospital.User, m *meeting, room string) {
	for {
		status, jwt, _ := askToken(u, m.a, m.urlA, room)
		if status != http.StatusOK {
			return
		}
		a.last = jwt
		a.given++
	}
}

// TestWhoeverMayNotStayIsRemovedAndDoesNotComeBack: with none of the tokens that they had, not even one that was given at the moment of
// the removal.
func TestWhoeverMayNotStayIsRemovedAndDoesNotComeBack(t *testing.T) {
	m := meet(t)
	for i, r := range removals(t) {
		for name, at := range map[string]*testhospital.Hospital{"own": m.a, "other": m.b} {
			if r.localOnly && at == m.b || r.remoteOnly && at == m.a {
				continue
			}
			t.Run(r.name+"/"+name, func(t *testing.T) {
				room, u := m.ward(t, at, fmt.Sprintf("eve%d%s", i, name))
				status, first, code := askToken(u, m.a, m.urlA, room)
				require.Equal(t, http.StatusOK, status, code)
				there := connect(t, m.urlA, first)
				var asks asking
				asks.Go(func() { asks.run(u, m, room) })
				began := time.Now()
				r.does(m, u, room)
				there.isGone()
				t.Logf("gone after %s", time.Since(began).Round(time.Millisecond))
				isOut(t, m.a, room, there)
				asks.Wait()
				t.Logf("%d tokens were given meanwhile", asks.given)
				for _, jwt := range []string{first, asks.last} {
					if jwt != "" {
						again, err := tryConnect(t, m.urlA, jwt)
						require.Error(t, err, "a token that was given before")
						require.Nil(t, again)
					}
				}
			})
		}
	}
}

// unheard is what a client does not hear any more once it is lost.
type unheard struct {
	io.ReadWriteCloser
	lost *atomic.Bool
}

func (u unheard) Read(b []byte) (int, error) {
	for {
		n, err := u.ReadWriteCloser.Read(b)
		if err != nil || !u.lost.Load() {
			return n, err
		}
	}
}

// hardOfHearing is an SFU behind something that loses what the SFU says over connections that are there, once lost is set.
func hardOfHearing(t testing.TB, sfu string, lost *atomic.Bool) (address string) {
	t.Helper()
	to, err := url.Parse("http" + strings.TrimPrefix(sfu, "ws"))
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = func(r *http.Response) error {
		if c, upgraded := r.Body.(io.ReadWriteCloser); upgraded {
			r.Body = unheard{c, lost}
		}
		return nil
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

// TestWhoeverDoesNotHearOfTheirRemovalIsRemovedAllTheSame: and does not come back, which their client tries at once.
func TestWhoeverDoesNotHearOfTheirRemovalIsRemovedAllTheSame(t *testing.T) {
	m := meet(t)
	room, u := m.ward(t, m.a, "eve")
	status, jwt, code := askToken(u, m.a, m.urlA, room)
	require.Equal(t, http.StatusOK, status, code)
	var lost atomic.Bool
	there := connect(t, hardOfHearing(t, m.urlA, &lost), jwt)
	lost.Store(true)
	u.Leave(room)
	there.isGone()
	isOut(t, m.a, room, there)
	select {
	case <-there.gone:
		require.Fail(t, "the client heard it")
	default:
	}
}

// TestARequestThatWasOnItsWayWhenTheDeviceWasLoggedOutGetsNoToken: the device's hospital granted it before, and it comes after the news.
func TestARequestThatWasOnItsWayWhenTheDeviceWasLoggedOutGetsNoToken(t *testing.T) {
	m := meet(t)
	room, u := m.ward(t, m.b, "late")
	status, jwt, code := askToken(u, m.a, m.urlA, room)
	require.Equal(t, http.StatusOK, status, code)
	there := connect(t, m.urlA, jwt)
	u.Must(http.MethodPost, "/_matrix/client/v3/logout", map[string]any{})
	there.isGone()
	ask := func(deviceID string) error {
		body, err := json.Marshal(map[string]any{
			"user_id": u.ID, "org.medixchange.device_id": deviceID, "url": m.urlA, "room_id": room, "slot_id": "m.call#ROOM", "member_id": "m-late",
		})
		require.NoError(t, err)
		_, err = m.a.Node().Conferences.FederationRoutes()["/_matrix/federation/v1/rtc/livekit/get_token"](t.Context(), m.b.Name, body)
		return err
	}
	require.ErrorContains(t, ask(u.DeviceID), "not logged in")
	require.NoError(t, ask("ANOTHER"))
}

// TestATokenForADeviceThatIsNotLoggedInIsNotGiven: else a logout would not end what the device does in conferences.
func TestATokenForADeviceThatIsNotLoggedInIsNotGiven(t *testing.T) {
	m := meet(t)
	service := func(path string, body map[string]any) (int, string) {
		status, answer := m.a.With("", "").Do(http.MethodPost, "/livekit/jwt"+path, body)
		return status, answer.Get("errcode").Str
	}
	other := m.ana.Login()
	status, code := service("/sfu/get", map[string]any{"room": m.room, "device_id": other.DeviceID, "openid_token": openID(m.ana)})
	require.Equal(t, http.StatusUnauthorized, status, code)
	proof := openID(other)
	other.Must(http.MethodPost, "/_matrix/client/v3/logout", map[string]any{})
	status, code = service("/sfu/get", map[string]any{"room": m.room, "device_id": other.DeviceID, "openid_token": proof})
	require.Equal(t, http.StatusUnauthorized, status, code)
	status, answer := m.ana.Do(http.MethodPost, "/_matrix/client/v1/rtc/livekit/get_token", map[string]any{
		"url": m.urlA, "room_id": m.room, "slot_id": "m.call#ROOM", "member": map[string]any{"id": "m", "claimed_device_id": other.DeviceID},
	})
	require.Equal(t, http.StatusBadRequest, status, answer.Raw)
	require.Equal(t, "M_INVALID_PARAM", answer.Get("errcode").Str)
}
