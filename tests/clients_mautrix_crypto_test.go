package tests

import (
	"fmt"
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
	// The library looks for them when they are needed first, unguarded, be it while it sends or while it syncs.
	_, err = helper.Machine().GetOwnCrossSigningPublicKeys(c.t.Context())
	require.NoError(c.t, err)
	helper.DecryptErrorCallback = c.cannotRead
	c.Crypto = helper
	c.t.Cleanup(func() { require.NoError(c.t, helper.Close()) })
	return c
}

// cannotRead keeps what cannot be decrypted for the message of a wait that fails. It may be called after the test, when
// nothing may be logged any more: the library goes on waiting for the keys of what nobody asked for.
func (c *mautrixClient) cannotRead(ev *event.Event, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unreadable = append(c.unreadable, fmt.Sprintf("%s: %v", ev.ID, err))
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

// knowsDevice waits until the client has the keys of another user's device from the servers, and will use a new session
// in the room: the library forgets the old one, which the device was not given, a moment after it stores the keys.
func (c *mautrixClient) knowsDevice(room id.RoomID, user id.UserID, device id.DeviceID) {
	c.t.Helper()
	store := c.Crypto.(*cryptohelper.CryptoHelper).Machine().CryptoStore
	require.Eventually(c.t, func() bool {
		devices, err := store.GetDevices(c.t.Context(), user)
		if err != nil || devices[device] == nil {
			return false
		}
		session, err := store.GetOutboundGroupSession(c.t.Context(), room)
		return err == nil && session == nil
	}, clientPatience, 10*time.Millisecond, "%s does not get the keys of %s", c.UserID, user)
}

// knowsEncryption waits until the client knows that the room is encrypted. It has synced once then, and waits for the keys
// of whatever comes from now on: the library waits for none of what its first sync brings.
func (c *mautrixClient) knowsEncryption(room id.RoomID) {
	c.t.Helper()
	c.wait("the encryption", func(ev *event.Event) bool { return ev.RoomID == room && ev.Type == event.StateEncryption })
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
			ana.knowsEncryption(room)
			bo.knowsEncryption(room)

			bo.reads(ana.say(room, "Nobody else can read this."), "Nobody else can read this.")
			ana.reads(bo.say(room, "Nor this."), "Nor this.")

			later := newMautrix(t, hospitals[at], "bo").encrypting().syncing()
			later.knowsEncryption(room)
			ana.knowsDevice(room, bo.UserID, later.DeviceID)
			said := ana.say(room, "Now on both devices.")
			bo.reads(said, "Now on both devices.")
			later.reads(said, "Now on both devices.")
			later.knowsDevice(room, ana.UserID, ana.DeviceID)
			ana.reads(later.say(room, "Also from the new one."), "Also from the new one.")
		})
	}
}
