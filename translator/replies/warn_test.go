package replies

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// failWarning lets the warning of work about an event fail from now on, as long as failing says so, and tells of each try.
func (w *deskWorld) failWarning(eventID string, failing *atomic.Bool) (tried chan struct{}) {
	tried = make(chan struct{}, 1000)
	txn := txnOf(&Work{RoomID: "!r:x", EventID: eventID}, "warning", "")
	w.room.mu.Lock()
	defer w.room.mu.Unlock()
	w.room.fail = func(sent string) error {
		if sent != txn || !failing.Load() {
			return nil
		}
		tried <- struct{}{}
		return errors.New("no room can be made now")
	}
	return tried
}

// TestWithWarnNothingGoesUnsaidBeyondTheLimit: what its author is not told of is held, and released on the message itself.
func TestWithWarnNothingGoesUnsaidBeyondTheLimit(t *testing.T) {
	w, engines := newOutsideWorld(t)
	engines.warn = true
	for i := range warningsPerHour + 3 {
		w.happens(Work{Task: Translate, EventID: fmt.Sprint("$", i), Text: fmt.Sprint(heldText, " ", i)})
		w.idle()
	}
	require.Len(t, w.warnings(), warningsPerHour)
	require.Len(t, engines.texts(), 2*warningsPerHour)
	last := warningsPerHour + 2
	w.happens(reacts(t, "!r:x", "$yes", "@a:x", fmt.Sprint("$", last)))
	w.idle()
	text := fmt.Sprint(heldText, " ", last)
	require.Equal(t, []string{text, text}, engines.texts()[2*warningsPerHour:])
}

// TestWithWarnAMessageIsHeldWhoseAuthorCannotBeTold: a warning that fails is tried again while there is time, and the rest of the
// message does not wait longer for it.
func TestWithWarnAMessageIsHeldWhoseAuthorCannotBeTold(t *testing.T) {
	w, engines := newOutsideWorld(t)
	engines.warn = true
	w.restart(func() { w.patience = 1500 * time.Millisecond })
	var failing atomic.Bool
	failing.Store(true)
	w.failWarning("$1", &failing)
	w.happens(Work{Task: Translate, EventID: "$1", Text: heldText})
	w.idle()
	require.Empty(t, engines.texts())
	w.happens(reacts(t, "!r:x", "$yes", "@a:x", "$1"))
	w.idle()
	require.Equal(t, []string{heldText, heldText}, engines.texts(), "its author releases it")

	w.restart(func() { w.patience = patience })
	tried := w.failWarning("$2", &failing)
	w.happens(Work{Task: Translate, EventID: "$2", Text: heldText})
	<-tried
	failing.Store(false)
	w.idle()
	require.Len(t, engines.texts(), 4, "it is tried again")
}

// TestARedactionEndsAWarningThatFails: it neither waits for it nor leaves it to be tried again.
func TestARedactionEndsAWarningThatFails(t *testing.T) {
	w, _ := newOutsideWorld(t)
	w.happens(Work{Task: Translate, EventID: "$1", Text: "call the daughter"})
	w.idle()
	answers := w.room.order
	var failing atomic.Bool
	failing.Store(true)
	tried := w.failWarning("held $2", &failing)
	w.happens(Work{Task: Translate, EventID: "$2", Replaces: "$1", Text: heldText})
	<-tried
	w.happens(Work{Task: Withdraw, EventID: "$gone", Replaces: "$1"})
	w.idle()
	require.Subset(t, w.room.redacted, answers)
	w.nothingLeft()
	w.keepsNo("7946")
}

// TestTheLastWarningOfAnHourIsKnownAfterTheEndOfTheProgram: the desk ends after the author was told and before it is noted of what.
func TestTheLastWarningOfAnHourIsKnownAfterTheEndOfTheProgram(t *testing.T) {
	w, engines := newOutsideWorld(t)
	for i := range warningsPerHour {
		w.happens(Work{Task: Translate, EventID: fmt.Sprint("$", i), Text: heldText})
		w.idle()
	}
	last := w.warnings()[warningsPerHour-1]
	w.forgetNoted("$9", last)
	w.idle()
	require.Len(t, w.warnings(), warningsPerHour)
	w.happens(reacts(t, "!chat of @a:x", "$yes", "@a:x", last))
	w.idle()
	require.Equal(t, []string{heldText, heldText}, engines.texts())
}

// forgetNoted starts the desk anew as if it had ended before it noted what a warning of a message is about.
func (w *deskWorld) forgetNoted(message, warning string) {
	w.t.Helper()
	w.restart(func() {
		require.NoError(w.t, w.vault.Together(w.t.Context(), func() error {
			var held hold
			if _, err := w.vault.Read(w.t.Context(), kindHold, "!r:x", message, &held); err != nil {
				return err
			}
			held.Chat, held.Warning = "", ""
			if err := w.vault.Write(kindHold, "!r:x", message, held); err != nil {
				return err
			}
			w.vault.Delete(kindWarned, "!chat of @a:x", warning)
			return w.vault.Write(kindWork, "!r:x", "held "+message, Work{
				Task: Caution, RoomID: "!r:x", EventID: "held " + message, Sender: "@a:x", Replaces: message, Version: message, Seq: 1,
			})
		}))
	})
}
