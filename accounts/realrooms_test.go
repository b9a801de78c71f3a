package accounts

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

// hospital is accounts on real rooms.
type hospital struct {
	*Accounts
	rooms *rooms.Rooms
	hub   *stream.Hub
}

func openHospital(t *testing.T, address string) *hospital {
	db, err := sqldb.Open(ctx, sqldb.Options{URL: address, Logger: sqldbtest.Quiet()})
	require.NoError(t, err)
	key, err := signing.GenerateKey()
	require.NoError(t, err)
	h := &hospital{hub: stream.New(db, stream.Options{Logger: sqldbtest.Quiet()})}
	h.rooms, err = rooms.New(ctx, rooms.Options{DB: db, Hub: h.hub, ServerName: "a.example",
		Signer: &signing.Signer{ServerName: "a.example", Key: key}, DefaultVersion: "12", Now: time.Now, Log: sqldbtest.Quiet()})
	require.NoError(t, err)
	h.Accounts, err = New(ctx, Options{DB: db, Hub: h.hub, Rooms: h.rooms, ServerName: "a.example", Log: sqldbtest.Quiet(),
		FastHash: true, Language: "en"})
	require.NoError(t, err)
	t.Cleanup(func() {
		ending, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		require.NoError(t, h.Accounts.Close(ending))
		require.NoError(t, h.rooms.Close(ending))
		require.NoError(t, db.Close())
	})
	return h
}

func (h *hospital) user(t *testing.T, localpart string) string {
	_, err := h.Register(ctx, Registration{Localpart: localpart, NoLogin: true})
	require.NoError(t, err)
	return h.UserID(localpart)
}

func (h *hospital) say(t *testing.T, roomID, sender, body string) {
	content, err := json.Marshal(map[string]string{"msgtype": "m.text", "body": body})
	require.NoError(t, err)
	_, err = h.rooms.Send(ctx, rooms.SendRequest{RoomID: roomID, Sender: sender, Type: "m.room.message", Content: content})
	require.NoError(t, err)
}

func (h *hospital) membership(t *testing.T, roomID, sender, target, membership string) {
	_, err := h.rooms.SetMembership(ctx, rooms.MembershipRequest{RoomID: roomID, Sender: sender, Target: target, Membership: membership})
	require.NoError(t, err)
}

func TestOnRealRooms(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		h := openHospital(t, fresh())
		ana, bo := h.user(t, "ana"), h.user(t, "bo")
		ward, err := h.rooms.Create(ctx, rooms.CreateRequest{Creator: ana, Preset: "private_chat", Name: "Ward 3", Invite: []string{bo}})
		require.NoError(t, err)
		before := h.hub.Position()
		h.membership(t, ward, bo, bo, "join")
		changed, left, err := h.KeyChanges(ctx, ana, before, h.hub.Position())
		require.NoError(t, err)
		require.Equal(t, []string{bo}, changed)
		require.Empty(t, left)

		h.say(t, ward, ana, "one")
		h.say(t, ward, ana, "two")
		count := func() int {
			c, err := h.Counts(ctx, bo, ward, h.hub.Position())
			require.NoError(t, err)
			return c.Notify
		}
		require.Equal(t, 2, count())
		h.say(t, ward, ana, "three")
		require.Equal(t, 3, count())
		anew := h.Accounts.counts
		h.Accounts.counts = newCountCache()
		require.Equal(t, 3, count(), "counted from the database")
		h.Accounts.counts = anew
		h.say(t, ward, bo, "seen")
		require.Zero(t, count())

		require.NoError(t, h.SetProfileField(ctx, bo, "displayname", json.RawMessage(`"Dr Bo"`)))
		require.Eventually(t, func() bool {
			ev, err := h.rooms.StateEvent(ctx, ward, "m.room.member", bo)
			return err == nil && ev.Content().Get("displayname").Str == "Dr Bo"
		}, 30*time.Second, 5*time.Millisecond)
		found, _, err := h.SearchUsers(ctx, ana, "dr bo", 0)
		require.NoError(t, err)
		require.Equal(t, []DirectoryUser{{UserID: bo, DisplayName: "Dr Bo"}}, found)

		require.NoError(t, h.SetAccountData(ctx, bo, "", typeLanguage, json.RawMessage(`{"language":"es"}`)))
		readers, err := h.LanguagesInRoom(ctx, ward)
		require.NoError(t, err)
		require.Equal(t, map[string][]RoomReader{"en": {{UserID: ana, Mode: "in_place"}}, "es": {{UserID: bo, Mode: "in_place"}}}, readers)

		before = h.hub.Position()
		require.NoError(t, h.Deactivate(ctx, bo, false))
		membership, _, err := h.rooms.Membership(ctx, ward, bo)
		require.NoError(t, err)
		require.Equal(t, "leave", membership)
		changed, left, err = h.KeyChanges(ctx, ana, before, h.hub.Position())
		require.NoError(t, err)
		require.Empty(t, changed)
		require.Equal(t, []string{bo}, left)
	})
}
