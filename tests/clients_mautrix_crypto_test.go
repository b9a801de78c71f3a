package tests

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto/cryptohelper"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/internal/testhospital"
)

// encrypting switches encryption on: device keys and one-time keys are uploaded, and the syncer decrypts from then on.
func (c *mautrixClient) encrypting() *mautrixClient {
	c.t.Helper()
	helper, err := cryptohelper.NewCryptoHelper(c.Client, []byte("only for tests"), filepath.Join(c.t.TempDir(), "crypto.db"))
	require.NoError(c.t, err)
	require.NoError(c.t, helper.Init(c.t.Context()))
	helper.DecryptErrorCallback = func(ev *event.Event, err error) { c.t.Logf("%s cannot decrypt %s: %v", c.UserID, ev.ID, err) }
	c.Crypto = helper
	c.t.Cleanup(func() { require.NoError(c.t, helper.Close()) })
	return c
}

// reads waits until a message is decrypted.
func (c *mautrixClient) reads(eventID id.EventID, text string) {
	c.t.Helper()
	clear := c.wait("decrypting "+eventID.String(), func(ev *event.Event) bool {
		return ev.ID == eventID && ev.Type == event.EventMessage
	})
	require.NotZero(c.t, clear.Mautrix.EventSource&event.SourceDecrypted, "it was sent in the clear")
	require.Equal(c.t, text, clear.Content.AsMessage().Body)
}

// knowsDevice waits until the client has the keys of another user's device from the servers.
func (c *mautrixClient) knowsDevice(user id.UserID, device id.DeviceID) {
	c.t.Helper()
	store := c.Crypto.(*cryptohelper.CryptoHelper).Machine().CryptoStore
	require.Eventually(c.t, func() bool {
		devices, err := store.GetDevices(c.t.Context(), user)
		return err == nil && devices[device] != nil
	}, clientPatience, 10*time.Millisecond, "%s does not get the keys of %s", c.UserID, user)
}

func encryptedRoom() *mautrix.ReqCreateRoom {
	return &mautrix.ReqCreateRoom{Preset: "private_chat", InitialState: []*event.Event{{
		Type:    event.StateEncryption,
		Content: event.Content{Parsed: &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}},
	}}}
}

// TestMautrixTalksEncrypted tries encrypted rooms within one hospital and across two: device lists, one-time keys and room
// keys by to-device messages reach the other side, and a device that logs in later takes part from then on.
func TestMautrixTalksEncrypted(t *testing.T) {
	for name, at := range map[string]int{"one hospital": 0, "two hospitals": 1} {
		t.Run(name, func(t *testing.T) {
			hospitals := testhospital.Alliance(t, at+1)
			hospitals[0].User("ana")
			hospitals[at].User("bo")
			ana := newMautrix(t, hospitals[0], "ana").encrypting().syncing()
			bo := newMautrix(t, hospitals[at], "bo").encrypting().syncing()
			room := ana.room(encryptedRoom(), bo)
			ana.wait("the encryption", func(ev *event.Event) bool { return ev.RoomID == room && ev.Type == event.StateEncryption })
			bo.wait("the encryption", func(ev *event.Event) bool { return ev.RoomID == room && ev.Type == event.StateEncryption })

			bo.reads(ana.say(room, "Nobody else can read this."), "Nobody else can read this.")
			ana.reads(bo.say(room, "Nor this."), "Nor this.")

			later := newMautrix(t, hospitals[at], "bo").encrypting().syncing()
			ana.knowsDevice(bo.UserID, later.DeviceID)
			said := ana.say(room, "Now on both devices.")
			bo.reads(said, "Now on both devices.")
			later.reads(said, "Now on both devices.")
			later.knowsDevice(ana.UserID, ana.DeviceID)
			ana.reads(later.say(room, "Also from the new one."), "Also from the new one.")
		})
	}
}
