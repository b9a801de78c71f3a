package tests

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// TestCallsAcrossHospitals: the events of a call reach the other hospital, and its clients get the relay of their own.
func TestCallsAcrossHospitals(t *testing.T) {
	here := testhospital.Start(t, func(c *config.Config) {
		c.Conference.Turn.Listen, c.Conference.Turn.PublicIP = []string{"127.0.0.1:0"}, "127.0.0.1"
		c.Conference.Turn.AllowPrivate = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	there := testhospital.Start(t, func(c *config.Config) {
		c.Conference.Turn.URIs, c.Conference.Turn.SharedSecret = []string{"turn:turn.example:3478"}, "as coturn has it"
	})
	ana, bo := here.User("ana"), there.User("bo")
	room := ana.CreateRoom(testhospital.Room{Direct: true, Preset: "trusted_private_chat", Invite: []string{bo.ID}})
	bo.WaitForInvite(room)
	bo.Join(room, here.Name)

	invite := ana.Send(room, "m.call.invite", map[string]any{
		"call_id": "c1", "party_id": "p1", "version": "1", "lifetime": 60_000, "invitee": bo.ID, "offer": map[string]string{"type": "offer", "sdp": "v=0"},
	})
	require.Equal(t, "c1", bo.WaitFor(room, invite).Get("content.call_id").Str)
	answer := bo.Send(room, "m.call.answer", map[string]any{
		"call_id": "c1", "party_id": "p2", "version": "1", "answer": map[string]string{"type": "answer", "sdp": "v=0"},
	})
	ana.WaitFor(room, answer)
	ana.WaitFor(room, bo.Send(room, "m.call.candidates", map[string]any{"call_id": "c1", "party_id": "p2", "version": "1", "candidates": []any{}}))
	bo.WaitFor(room, ana.Send(room, "m.call.hangup", map[string]any{"call_id": "c1", "party_id": "p1", "version": "1", "reason": "user_hangup"}))

	const at = "/_matrix/client/v3/voip/turnServer"
	external := bo.Must(http.MethodGet, at, nil)
	require.Equal(t, `["turn:turn.example:3478"]`, external.Get("uris").Raw)
	require.True(t, strings.HasSuffix(external.Get("username").Str, ":"+bo.ID))
	require.EqualValues(t, 3600, external.Get("ttl").Int())
	allocates(t, ana.Must(http.MethodGet, at, nil))
	status, _ := here.With("", "").Do(http.MethodGet, at, nil)
	require.Equal(t, http.StatusUnauthorized, status)
}

// allocates uses the credentials that a node gave as a client does.
func allocates(t *testing.T, given gjson.Result) {
	t.Helper()
	uri := given.Get("uris.0").Str
	require.True(t, strings.HasSuffix(uri, "?transport=udp"), uri)
	server := strings.TrimSuffix(strings.TrimPrefix(uri, "turn:"), "?transport=udp")
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	quiet := logging.NewDefaultLoggerFactory()
	quiet.DefaultLogLevel = logging.LogLevelDisabled
	client, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: server, TURNServerAddr: server, Conn: conn, LoggerFactory: quiet, RTO: time.Second,
		Username: given.Get("username").Str, Password: given.Get("password").Str,
	})
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, client.Listen())
	relayed, err := client.Allocate()
	require.NoError(t, err)
	require.NoError(t, relayed.Close())
}

// TestANodeWithoutARelaySaysSo in the way of the specification.
func TestANodeWithoutARelaySaysSo(t *testing.T) {
	u := testhospital.Start(t).User("ana")
	require.JSONEq(t, `{}`, u.Must(http.MethodGet, "/_matrix/client/v3/voip/turnServer", nil).Raw)
}
