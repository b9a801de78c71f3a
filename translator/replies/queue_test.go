package replies

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/translator"
	"medixchange/translator/check"
	"medixchange/translator/language"
)

// hanging are engines that do not answer texts with "slow" in them until they are let go, or whoever waits has no time left.
type hanging struct{ letGo chan struct{} }

func (h hanging) Translate(ctx context.Context, r translator.Request) (translator.Result, error) {
	if strings.Contains(r.Text, "slow") {
		select {
		case <-h.letGo:
		case <-ctx.Done():
			return translator.Result{}, ctx.Err()
		}
	}
	return echo{}.Translate(ctx, r)
}

// hang starts the desk anew with engines that hang, and which tell what they hear.
func (w *deskWorld) hang() (engines *listening, letGo chan struct{}) {
	letGo = make(chan struct{})
	engines = &listening{next: hanging{letGo}}
	w.restart(func() { w.engines = engines })
	return engines, letGo
}

func (w *deskWorld) eventually(condition func() bool, what string) {
	w.t.Helper()
	require.Eventually(w.t, condition, 20*time.Second, 2*time.Millisecond, what)
}

func (l *listening) heardOf(text string) func() bool {
	return func() bool { return slices.Contains(l.texts(), text) }
}

func TestRule14MessagesDoNotQueueUpBehindOneThatHangsAndAreAnsweredInOrder(t *testing.T) {
	w := newDeskWorld(t)
	engines, letGo := w.hang()
	w.happens(
		Work{Task: Translate, EventID: "$1", Text: "slow"},
		Work{Task: Translate, EventID: "$2", Text: "second"},
		Work{Task: Translate, EventID: "$3", Text: "third"},
	)
	w.eventually(engines.heardOf("slow"), "the first")
	w.eventually(engines.heardOf("third"), "the last, while the first hangs")
	require.Empty(t, w.room.bodies(), "the answer never comes before its question")
	close(letGo)
	w.idle()
	bodies := w.room.bodies()
	require.Len(t, bodies, 6)
	for i, text := range []string{"slow", "slow", "second", "second", "third", "third"} {
		require.Contains(t, bodies[i], text)
	}
}

// TestRule14EveryMessageIsAnsweredInTimeWhileEnginesHang: as many as may be, and each within the time from its own arrival.
func TestRule14EveryMessageIsAnsweredInTimeWhileEnginesHang(t *testing.T) {
	for name, engines := range map[string]Pipeline{"hang": hanging{}, "busy": busy{}} {
		t.Run(name, func(t *testing.T) {
			w := newDeskWorld(t)
			w.restart(func() { w.engines, w.patience = engines, 50*time.Millisecond })
			var works []Work
			for i := range 20 * messagesAtOnce {
				works = append(works, Work{Task: Translate, EventID: fmt.Sprintf("$%d", i), Text: "slow"})
			}
			w.happens(works...)
			w.idle()
			bodies := w.room.bodies()
			require.Len(t, bodies, 2*len(works))
			reason := map[string]string{"hang": "reason_timeout", "busy": "reason_busy"}[name]
			require.Contains(t, bodies, language.Say("es", "not_translated", "reason", language.String("es", reason)))
		})
	}
}

// busy are engines that never have room.
type busy struct{}

func (busy) Translate(_ context.Context, r translator.Request) (translator.Result, error) {
	return translator.Result{State: translator.None, From: "en", To: r.Target, Reasons: []check.Reason{{Code: translator.ReasonBusy}}}, nil
}

func TestRoomsThatWaitForEnginesLeaveTheOthersTheirPlace(t *testing.T) {
	w := newDeskWorld(t)
	engines, letGo := w.hang()
	defer close(letGo)
	var works []Work
	for i := range 2 * max(sendingAtOnce, commandsAtOnce) {
		works = append(works, Work{Task: Translate, RoomID: fmt.Sprintf("!%d:x", i), EventID: "$1", Text: fmt.Sprint("slow ", i)})
	}
	w.happens(works...)
	for _, work := range works {
		w.eventually(engines.heardOf(work.Text), work.Text)
	}
	w.happens(Work{Task: Translate, EventID: "$1", Text: "quick"})
	w.eventually(func() bool { return len(w.room.bodies()) == 2 }, "the other room is answered")
}

func TestCommandsDoNotWaitForEngines(t *testing.T) {
	w := newDeskWorld(t)
	engines, letGo := w.hang()
	defer close(letGo)
	w.happens(Work{Task: Translate, EventID: "$1", Text: "slow"}, Work{Task: Answer, EventID: "$2", Sender: "@a:x", Text: "!lang de"})
	w.eventually(func() bool { return slices.Equal(w.room.bodies(), []string{"heard lang de"}) }, "the command is answered")
	w.eventually(engines.heardOf("slow"), "the message")
}

// TestAMessageThatWaitedThroughARestartHasTimeAgain: what nobody worked on meanwhile is translated, not given up at once.
func TestAMessageThatWaitedThroughARestartHasTimeAgain(t *testing.T) {
	w := newDeskWorld(t)
	engines, letGo := w.hang()
	w.happens(Work{Task: Translate, EventID: "$1", Text: "slow"})
	w.eventually(engines.heardOf("slow"), "the message")
	started := time.Now()
	w.restart(func() { w.now = func() time.Time { return started.Add(time.Hour) } })
	close(letGo)
	w.idle()
	require.Contains(t, w.room.bodies()[1], "es slow")
}

// counting counts what engines are asked.
type counting struct {
	echo
	asked *atomic.Int64
}

func (c counting) Translate(ctx context.Context, r translator.Request) (translator.Result, error) {
	c.asked.Add(1)
	return c.echo.Translate(ctx, r)
}

// Who was interrupted while they took work takes the same again.
func TestDeskDoesOnceWhatIsTakenTwiceBeforeItBegins(t *testing.T) {
	w := newDeskWorld(t)
	var asked atomic.Int64
	w.restart(func() { w.engines = counting{asked: &asked} })
	hello := Work{Task: Translate, EventID: "$1", Text: "hello"}
	w.take(hello)
	w.take(hello, Work{Task: Translate, EventID: "$1", RoomID: "!other:x", Text: "hello"})
	w.desk.Release()
	w.idle()
	require.EqualValues(t, 4, asked.Load(), "in two rooms, for two languages each")
}

// TestADeskThatStartsBeginsNothingThatIsOnlyTaken: who takes it may be interrupted, and takes it again.
func TestADeskThatStartsBeginsNothingThatIsOnlyTaken(t *testing.T) {
	w := newDeskWorld(t)
	w.stop()
	var asked atomic.Int64
	w.engines = counting{asked: &asked}
	w.startAfter(func() {
		w.happens(Work{Task: Translate, EventID: "$1", Text: "hello"})
		w.take(Work{Task: Translate, EventID: "$2", Text: "again"})
	})
	w.idle()
	require.EqualValues(t, 2, asked.Load(), "one message, for two languages")
	w.desk.Release()
	w.idle()
	require.EqualValues(t, 4, asked.Load())
}
