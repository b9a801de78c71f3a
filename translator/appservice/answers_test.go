package appservice

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/translator/replies"
)

// answersOf are the messages of the ward whose answers are known (the kind is that of package replies).
func (w *besideWorld) answersOf() []replies.Record {
	w.t.Helper()
	records, err := w.service.o.Vault.List(w.t.Context(), kindsOfService+2, ward)
	require.NoError(w.t, err)
	return records
}

// TestARedactionTakesAnswersBackHoweverOldTheyAre: they have the text, and stay in other servers' hands.
func TestARedactionTakesAnswersBackHoweverOldTheyAre(t *testing.T) {
	ahead := new(atomic.Int64)
	w := newBesideWorld(t, withDevice(ahead))
	w.invited("@ana:b.example")
	w.push("1", w.said("@bo:b.example", "!lang es"))
	w.hs.waitSaid("Usted lee en")
	message := w.said("@ana:b.example", "wrong patient")
	w.push("2", message)
	spanish := w.hs.waitSaid("es wrong patient").Get("event_id").Str
	require.Eventually(t, func() bool { return len(w.answersOf()) == 1 }, patience, time.Millisecond)
	w.stop()
	ahead.Store(int64(2 * 365 * 24 * time.Hour))
	w.start()
	w.hs.happens(object{}) // what is done when it starts is under way
	w.push("3", w.event("@ana:b.example", "m.room.redaction", object{"redacts": message["event_id"]}))
	w.hs.waitFor("redact " + spanish)
}

// TestWhatTheBotSaidIsForgottenWithTheRoom: where it is no more it can take nothing back.
func TestWhatTheBotSaidIsForgottenWithTheRoom(t *testing.T) {
	w := newReaderBeside(t)
	w.push("2", w.said("@ana:b.example", "hello"))
	w.hs.waitSaid("es hello")
	require.Eventually(t, func() bool { return len(w.answersOf()) == 1 }, patience, time.Millisecond)
	w.push("3", w.event("@bo:b.example", "m.room.member", object{"membership": "leave"}, object{"state_key": "@bo:b.example"}))
	require.Len(t, w.answersOf(), 1)
	w.push("4", w.event("@ana:b.example", "m.room.member", object{"membership": "leave"}, object{"state_key": bot}))
	require.Empty(t, w.answersOf())
}
