package encrypted

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// TestWhatWasHeldIsNotLostWhereTheDatabaseFails: it does as the first event of several has been taken.
func TestWhatWasHeldIsNotLostWhereTheDatabaseFails(t *testing.T) {
	fail := func() {}
	b := idleBotAt(t, func() time.Time { fail(); return time.Now() })
	b.client = &mautrix.Client{UserID: "@bot:x", DeviceID: "BOT"}
	silent := zerolog.Nop()
	b.machine = b.newMachine(&silent)
	b.ready = true
	require.NoError(t, b.Hold(t.Context(), ward.String()))
	held := func(name id.EventID, typ event.Type, content string) *event.Event {
		ev := &event.Event{ID: name, Sender: "@a:y", Type: typ}
		require.NoError(t, json.Unmarshal([]byte(content), &ev.Content))
		return ev
	}
	events := []*event.Event{
		held("$1", event.EventReaction, `{"m.relates_to":{"rel_type":"m.annotation","event_id":"$0","key":"✅"}}`),
		held("$2", event.EventEncrypted, `{"algorithm":"m.megolm.v1.aes-sha2","session_id":"`+strings.Repeat("S", 43)+`","ciphertext":"`+strings.Repeat("AwgA", 25)+`","device_id":"PHONE","sender_key":"K"}`),
	}
	require.NoError(t, b.takeWork(t.Context(), func() error { return b.holdBack(t.Context(), told{room: ward, events: events}) }))

	ctx, cancel := context.WithCancel(t.Context())
	fail = cancel
	require.Error(t, b.Approve(ctx, ward.String()))
	fail = func() {}
	require.Zero(t, b.unreadOf(t, ward))
	require.NoError(t, b.Approve(t.Context(), ward.String()))
	require.Equal(t, 1, b.unreadOf(t, ward), "it waits for its key")
	left, err := b.o.Vault.All(t.Context(), kindHeld)
	require.NoError(t, err)
	require.Empty(t, left)
}
