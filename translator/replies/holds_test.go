package replies

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/translator"
	"medixchange/translator/check"
	"medixchange/translator/compose"
	"medixchange/translator/identifiers"
	"medixchange/translator/language"
)

// outside is a pipeline with an engine of others: what has a telephone number in it goes there when it is released, or with
// warn after its author was told.
type outside struct {
	warn bool
	told func() int // how often authors were told so far

	mu    sync.Mutex
	went  []string
	after []int // told, as each of them went
}

func (o *outside) Translate(ctx context.Context, r translator.Request) (translator.Result, error) {
	untold := o.warn && r.Unwarned
	if strings.Contains(r.Text, "tel.") && !r.Released && (!o.warn || untold) {
		return translator.Result{
			State: translator.None, From: "en", To: r.Target, Reasons: []check.Reason{{Code: translator.ReasonIdentifiers}},
			Identifiers: []identifiers.Kind{identifiers.Phone}, Withheld: true, Untold: untold, Original: compose.Original{Body: r.Text},
		}, nil
	}
	o.mu.Lock()
	o.went, o.after = append(o.went, r.Text), append(o.after, o.told())
	o.mu.Unlock()
	return echo{}.Translate(ctx, r)
}

func (o *outside) texts() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.went
}

func newOutsideWorld(t *testing.T) (*deskWorld, *outside) {
	w := newDeskWorld(t)
	engines := &outside{told: func() int { return len(w.warnings()) }}
	w.restart(func() { w.engines = engines })
	return w, engines
}

// warnings are the ids of what users were told alone.
func (w *deskWorld) warnings() (ids []string) {
	w.room.mu.Lock()
	defer w.room.mu.Unlock()
	for _, id := range w.room.order {
		if w.room.said[id]["chat"] != nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// reacts is a reaction in a room, by default the ward.
func reacts(t *testing.T, roomID, id, sender, target string) Work {
	t.Helper()
	content := gjson.Parse(fmt.Sprintf(`{"m.relates_to":{"rel_type":"m.annotation","event_id":%q,"key":"✅️"}}`, target))
	w, ok := ReleaseOf(Said{RoomID: roomID, EventID: id, Sender: sender, Content: content})
	require.True(t, ok)
	return w
}

const heldText = "call the daughter, tel. 020 7946 0000"

func TestTheAuthorOfAHeldMessageIsToldAloneAndReleasesIt(t *testing.T) {
	for name, of := range map[string]func(warning string) (room, target string){
		"by a reaction to the warning": func(warning string) (string, string) { return "!chat of @a:x", warning },
		"by one to the message":        func(string) (string, string) { return "!r:x", "$1" },
	} {
		t.Run(name, func(t *testing.T) {
			w, engines := newOutsideWorld(t)
			w.happens(Work{Task: Translate, EventID: "$1", Text: heldText}, Work{Task: Translate, EventID: "$2", Text: "hello"})
			w.idle()
			require.NotContains(t, engines.texts(), heldText)
			require.Len(t, w.warnings(), 1)
			warning := w.warnings()[0]
			told := w.room.said[warning]
			require.Equal(t, "!chat of @a:x", told["chat"])
			require.Contains(t, told["body"], language.Say("en", "privacy_where", "room", "ward 7"))
			require.Contains(t, told["body"], language.Say("en", "privacy_held", "items", language.String("en", "privacy_phone")))
			require.NotContains(t, told["body"], "7946", "no word of the message")

			w.restart(func() {})
			room, target := of(warning)
			w.happens(reacts(t, room, "$no", "@b:x", target))
			w.idle()
			require.NotContains(t, engines.texts(), heldText, "its author alone releases it")
			before := len(w.room.order)
			w.happens(reacts(t, room, "$yes", "@a:x", target))
			w.idle()
			require.Len(t, w.room.order, before+2)
			for _, id := range w.room.order[before:] {
				said := w.room.said[id]
				require.Contains(t, said["m.new_content"].(map[string]any)["body"], heldText, "what was said of it becomes the translation")
			}
			w.happens(reacts(t, room, "$again", "@a:x", target))
			w.idle()
			require.Len(t, w.room.order, before+2)
			require.Len(t, w.warnings(), 1)

			w.happens(Work{Task: Withdraw, EventID: "$gone", Replaces: "$1"})
			w.idle()
			require.Subset(t, w.room.redacted, w.room.order[before:], "what was said of it goes with it")
			w.keepsNo("7946")
		})
	}
}

// keepsNo fails where the vault holds a text.
func (w *deskWorld) keepsNo(text string) {
	w.t.Helper()
	for kind := kindWork; kind <= kindWarnings; kind++ {
		records, err := w.vault.All(w.t.Context(), kind)
		require.NoError(w.t, err)
		for _, record := range records {
			require.NotContains(w.t, string(record.Value), text)
		}
	}
}

func TestAHeldMessageThatIsEditedOrRedactedIsNotReleased(t *testing.T) {
	for name, change := range map[string]Work{
		"edited": {Task: Translate, EventID: "$edit", Replaces: "$1", Text: "call the daughter"}, "redacted": {Task: Withdraw, EventID: "$gone", Replaces: "$1"},
	} {
		t.Run(name, func(t *testing.T) {
			w, engines := newOutsideWorld(t)
			w.happens(Work{Task: Translate, EventID: "$1", Text: heldText})
			w.idle()
			warning := w.warnings()[0]
			w.happens(change, reacts(t, "!chat of @a:x", "$yes", "@a:x", warning))
			w.idle()
			w.happens(reacts(t, "!r:x", "$yes2", "@a:x", "$1"))
			w.idle()
			require.NotContains(t, engines.texts(), heldText)
			require.Contains(t, w.room.redacted, warning, "the warning is taken back")
			w.keepsNo("7946")
		})
	}
}

func TestAnEditThatWasReleasedGoesWithItsRedaction(t *testing.T) {
	w, engines := newOutsideWorld(t)
	w.happens(Work{Task: Translate, EventID: "$1", Text: "call the daughter"})
	w.idle()
	w.happens(Work{Task: Translate, EventID: "$edit", Replaces: "$1", Text: heldText})
	w.idle()
	before := len(w.room.order)
	w.happens(reacts(t, "!r:x", "$yes", "@a:x", "$1"))
	w.idle()
	require.Contains(t, engines.texts(), heldText)
	released := w.room.order[before:]
	require.Len(t, released, 2)
	w.happens(Work{Task: Withdraw, EventID: "$gone", Replaces: "$edit"})
	w.idle()
	require.Subset(t, w.room.redacted, released)
}

func TestNobodyElseIsToldAndNothingIsKept(t *testing.T) {
	w, engines := newOutsideWorld(t)
	w.happens(Work{Task: Translate, EventID: "$1", Sender: "@a:elsewhere", Text: heldText})
	w.idle()
	require.Empty(t, w.warnings(), "nothing that is for one member crosses to another server")
	w.happens(reacts(t, "!r:x", "$yes", "@a:elsewhere", "$1"))
	w.idle()
	require.Empty(t, engines.texts())
	w.keepsNo("7946")
}

func TestAnAuthorIsToldOfSoManyMessagesInAnHourOnly(t *testing.T) {
	w, engines := newOutsideWorld(t)
	for i := range warningsPerHour + 3 {
		w.happens(Work{Task: Translate, EventID: fmt.Sprint("$", i), Text: fmt.Sprint(heldText, " ", i)})
		w.idle()
	}
	require.Len(t, w.warnings(), warningsPerHour)
	last := fmt.Sprint("$", warningsPerHour+2)
	w.happens(reacts(t, "!r:x", "$yes", "@a:x", last))
	w.idle()
	require.Equal(t, []string{heldText + " 12", heldText + " 12"}, engines.texts(), "one that was not told of is released on the message itself")
	started := time.Now()
	w.restart(func() { w.now = func() time.Time { return started.Add(2 * warningsWindow) } })
	w.happens(Work{Task: Translate, EventID: "$later", Text: heldText})
	w.idle()
	require.Len(t, w.warnings(), warningsPerHour+1)
}

// TestWhatIsHeldAndReleasedSurvivesTheEndOfTheProgram: the desk ends while the warning, and then the released message, is under way.
func TestWhatIsHeldAndReleasedSurvivesTheEndOfTheProgram(t *testing.T) {
	w, engines := newOutsideWorld(t)
	failing := func(of string) chan struct{} {
		tried := make(chan struct{}, 100)
		w.room.mu.Lock()
		defer w.room.mu.Unlock()
		w.room.fail = func(txn string) error {
			if strings.Contains(of, txn) {
				tried <- struct{}{}
				return errors.New("the answer was lost")
			}
			return nil
		}
		return tried
	}
	work := &Work{RoomID: "!r:x", EventID: "held $1"}
	tried := failing(txnOf(work, "warning", ""))
	w.happens(Work{Task: Translate, EventID: "$1", Text: heldText})
	<-tried
	w.restart(func() { w.room.fail = nil })
	w.idle()
	require.Len(t, w.warnings(), 1, "once")
	require.Empty(t, engines.texts())

	released := &Work{RoomID: "!r:x", EventID: "$yes"}
	tried = failing(txnOf(released, "reply", "de") + txnOf(released, "reply", "es"))
	before := len(w.room.order)
	w.happens(reacts(t, "!chat of @a:x", "$yes", "@a:x", w.warnings()[0]))
	<-tried
	w.restart(func() { w.room.fail = nil })
	w.idle()
	require.Len(t, w.room.order, before+2, "once")
	require.Contains(t, engines.texts(), heldText)
	left, err := w.vault.All(t.Context(), kindWork)
	require.NoError(t, err)
	require.Empty(t, left)
}

// TestAReleaseWaitsUntilItIsKnownWhatItIsAbout: a desk that ended after a warning was sent learns its id as it warns again.
func TestAReleaseWaitsUntilItIsKnownWhatItIsAbout(t *testing.T) {
	w, engines := newOutsideWorld(t)
	tried := make(chan struct{}, 100)
	var lost atomic.Bool
	lost.Store(true)
	w.room.fail = func(txn string) error {
		if lost.Load() && txn == txnOf(&Work{RoomID: "!r:x", EventID: "held $1"}, "warning", "") {
			tried <- struct{}{}
			return errors.New("the answer was lost")
		}
		return nil
	}
	w.happens(Work{Task: Translate, EventID: "$1", Text: heldText})
	<-tried
	w.restart(func() {})
	w.happens(reacts(t, "!chat of @a:x", "$yes", "@a:x", w.warnings()[0]))
	<-tried
	require.Empty(t, engines.texts())
	lost.Store(false)
	w.idle()
	require.Contains(t, engines.texts(), heldText)
}

func TestWithWarnAnAuthorIsToldBeforeTheTextGoes(t *testing.T) {
	w, engines := newOutsideWorld(t)
	engines.warn = true
	w.happens(Work{Task: Translate, EventID: "$1", Text: heldText})
	w.idle()
	require.Len(t, w.warnings(), 1)
	require.Contains(t, w.room.said[w.warnings()[0]]["body"], language.Say("en", "privacy_sent", "items", language.String("en", "privacy_phone")))
	require.Equal(t, []string{heldText, heldText}, engines.texts())
	require.Equal(t, []int{1, 1}, engines.after)
	w.happens(Work{Task: Translate, EventID: "$2", Sender: "@a:elsewhere", Text: heldText})
	w.idle()
	require.Len(t, engines.texts(), 4, "who cannot be told is not waited for")
	require.Len(t, w.warnings(), 1)
}

func TestTheTextOfAHeldMessageIsForgotten(t *testing.T) {
	for name, forget := range map[string]func(w *deskWorld){
		"after a week": func(w *deskWorld) {
			started := time.Now()
			w.restart(func() { w.now = func() time.Time { return started.Add(keptHolds + time.Hour) } })
			require.NoError(w.t, w.desk.Sweep(w.t.Context()))
		},
		"when the bot leaves": func(w *deskWorld) {
			w.happens(Work{Task: Answer, EventID: "$leave", Sender: "@mod:x", Text: "!leave"})
			w.idle()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, engines := newOutsideWorld(t)
			w.happens(Work{Task: Translate, EventID: "$1", Text: heldText})
			w.idle()
			forget(w)
			w.keepsNo("7946")
			w.happens(reacts(t, "!r:x", "$yes", "@a:x", "$1"))
			w.idle()
			require.Empty(t, engines.texts())
		})
	}
}
