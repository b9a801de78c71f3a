package tests

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/federation"
	"medixchange/internal/signing"
	"medixchange/internal/testhospital"
)

// askingAs returns a client that asks other servers in the hospital's name.
func askingAs(t *testing.T, h *testhospital.Hospital) *federation.Client {
	t.Helper()
	key, err := signing.LoadKey(h.Config.SigningKey)
	require.NoError(t, err)
	c, err := federation.NewClient(federation.ClientOptions{
		ServerName: h.Name, Signer: &signing.Signer{ServerName: h.Name, Key: key}, DB: h.Node().DB,
		Config: h.Config.Federation, Log: logrus.NewEntry(logrus.StandardLogger()), Now: time.Now,
	})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// TestATimeNamesNoEventThatIsHiddenFromTheServer asks, as a hospital that came later, for the event at a time before it may
// see anything.
func TestATimeNamesNoEventThatIsHiddenFromTheServer(t *testing.T) {
	both := testhospital.Alliance(t, 2)
	north, south := both[0], both[1]
	owner, late := north.User("owner"), south.User("late")
	room := owner.CreateRoom(testhospital.Room{Preset: "public_chat", State: []map[string]any{
		{"type": "m.room.history_visibility", "content": map[string]any{"history_visibility": "joined"}},
	}})
	secret := owner.Say(room, "before")
	at := owner.Must(http.MethodGet, "/_matrix/client/v3/rooms/"+url.PathEscape(room)+"/event/"+url.PathEscape(secret), nil).Get("origin_server_ts").Int()
	late.Join(room, north.Name)
	late.WaitFor(room, owner.Say(room, "after"))

	asking := askingAs(t, south)
	id, _, err := asking.TimestampToEvent(t.Context(), north.Name, room, at, "f")
	require.NoError(t, err)
	require.NotEqual(t, secret, id)
	pdu, err := asking.Event(t.Context(), north.Name, id)
	require.NoError(t, err)
	require.Contains(t, string(pdu), `"content"`, "what is named can be had")
}
