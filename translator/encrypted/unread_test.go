package encrypted

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/translator/replies"
)

// idleBot is a bot whose desk does not run.
func idleBot(t *testing.T) *Bot {
	t.Helper()
	return idleBotAt(t, time.Now)
}

func idleBotAt(t *testing.T, now func() time.Time) *Bot {
	t.Helper()
	db := sqldbtest.Open(t, sqldbtest.SQLite(t))
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	vault, err := replies.NewVault(db, bytes.Repeat([]byte{7}, replies.KeyBytes), time.Now)
	require.NoError(t, err)
	log := logrus.New()
	log.SetOutput(io.Discard)
	b, err := New(Options{Vault: vault, Secret: bytes.Repeat([]byte{7}, 32), Host: powers{}, Log: logrus.NewEntry(log), Now: now})
	require.NoError(t, err)
	return b
}

func (b *Bot) unreadOf(t *testing.T, room id.RoomID) int {
	t.Helper()
	records, err := b.o.Vault.List(t.Context(), kindUnread, room.String())
	require.NoError(t, err)
	return len(records)
}

// TestMessagesThatWaitForKeysAreBounded: anybody in a room can send what nobody has the key of.
func TestMessagesThatWaitForKeysAreBounded(t *testing.T) {
	b := idleBot(t)
	for range 2 {
		require.NoError(t, b.takeWork(t.Context(), func() error {
			for i := range maxUnread {
				if err := b.awaitKey(t.Context(), &event.Event{RoomID: ward, ID: id.EventID(fmt.Sprint("$", i))}); err != nil {
					return err
				}
			}
			return b.awaitKey(t.Context(), &event.Event{RoomID: ward, ID: "$more"})
		}))
	}
	require.NoError(t, b.takeWork(t.Context(), func() error { return b.awaitKey(t.Context(), &event.Event{RoomID: "!other:x", ID: "$1"}) }))
	require.Equal(t, maxUnread, b.unreadOf(t, ward))
	require.Equal(t, 1, b.unreadOf(t, "!other:x"), "another room has a bound of its own")
	told, err := b.o.Vault.Get(t.Context(), kindTold, "", ward.String())
	require.NoError(t, err)
	require.NotNil(t, told, "the room is told that one cannot be read")
}

// TestAllMessagesWhoseKeysDoNotComeAreGivenUpTogether: in however many rooms.
func TestAllMessagesWhoseKeysDoNotComeAreGivenUpTogether(t *testing.T) {
	b := idleBot(t)
	rooms := []id.RoomID{"!1:x", "!2:x", "!3:x"}
	require.NoError(t, b.takeWork(t.Context(), func() error {
		for _, room := range rooms {
			for i := range maxUnread - 1 {
				if err := b.awaitKey(t.Context(), &event.Event{RoomID: room, ID: id.EventID(fmt.Sprint("$", i))}); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	b.o.Now = func() time.Time { return time.Now().Add(2 * b.o.KeyWait) }
	require.NoError(t, b.giveUpUnread(t.Context()))
	for _, room := range rooms {
		require.Zero(t, b.unreadOf(t, room))
	}
}
