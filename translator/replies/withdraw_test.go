package replies

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator"
)

func TestAMessageThatIsRedactedWhileItWaitsIsGivenToNoEngineAndNotAnswered(t *testing.T) {
	w := newDeskWorld(t)
	engines, letGo := w.hang()
	w.happens(Work{Task: Answer, EventID: "$0", Text: "!who"}, Work{Task: Translate, EventID: "$1", Text: "slow"})
	for i := range messagesAtOnce - 1 { // no turn is left
		w.happens(Work{Task: Translate, EventID: "$more" + string(rune('a'+i)), Text: "slow"})
	}
	w.eventually(engines.heardOf("slow"), "the first")
	w.happens(Work{Task: Translate, EventID: "$2", Text: "by mistake"}, Work{Task: Translate, EventID: "$3", Replaces: "$2", Text: "edited"})
	w.happens(Work{Task: Withdraw, EventID: "$4", Replaces: "$2"})
	w.happens(Work{Task: Translate, EventID: "$5", Text: "taken with its redaction"}, Work{Task: Withdraw, EventID: "$6", Replaces: "$5"})
	left, err := w.vault.All(t.Context(), kindWork)
	require.NoError(t, err)
	for _, record := range left {
		require.NotContains(t, []string{"$2", "$3", "$5"}, record.Name, "nor is it kept")
	}
	close(letGo)
	w.idle()
	for _, text := range engines.texts() {
		require.Equal(t, "slow", text)
	}
	require.Len(t, w.room.bodies(), 2*messagesAtOnce)
	require.Empty(t, w.room.redacted)
}

// leaving are engines that say when nobody waits for their answer any more.
type leaving struct{ asked, left chan struct{} }

func (l leaving) Translate(ctx context.Context, _ translator.Request) (translator.Result, error) {
	l.asked <- struct{}{}
	<-ctx.Done()
	l.left <- struct{}{}
	return translator.Result{}, ctx.Err()
}

func TestAMessageThatIsRedactedWhileEnginesHaveItIsNotAnswered(t *testing.T) {
	w := newDeskWorld(t)
	engines := leaving{make(chan struct{}, 2), make(chan struct{}, 2)}
	w.restart(func() { w.engines = engines })
	w.happens(Work{Task: Translate, EventID: "$1", Text: "by mistake"})
	w.eventually(func() bool { return len(engines.asked) == 2 }, "engines have it in both languages")
	w.happens(Work{Task: Withdraw, EventID: "$2", Replaces: "$1"})
	w.eventually(func() bool { return len(engines.left) == 2 }, "they are left")
	w.idle()
	require.Empty(t, w.room.bodies())
}

func TestAMessageThatIsRedactedWhileItIsAnsweredIsAnsweredNoFurther(t *testing.T) {
	w := newDeskWorld(t)
	sending, letGo := make(chan struct{}), make(chan struct{})
	w.room.fail = func(string) error { sending <- struct{}{}; <-letGo; return nil }
	w.happens(Work{Task: Translate, EventID: "$1", Text: "by mistake"})
	<-sending
	w.happens(Work{Task: Withdraw, EventID: "$2", Replaces: "$1"})
	close(letGo)
	w.idle()
	require.Equal(t, w.room.order, w.room.redacted)
	require.Len(t, w.room.order, 1, "the other language was never sent")
}

// TestARedactionTakesBackWhatEditsChanged: their events say what the message said as the first answers do.
func TestARedactionTakesBackWhatEditsChanged(t *testing.T) {
	w := newDeskWorld(t)
	w.happens(Work{Task: Translate, EventID: "$1", Text: "hello"})
	w.happens(Work{Task: Translate, EventID: "$2", Replaces: "$1", Text: "by mistake"}, Work{Task: Translate, EventID: "$3", Replaces: "$1", Text: "again"})
	w.idle()
	require.Len(t, w.room.order, 6)
	w.happens(Work{Task: Withdraw, EventID: "$4", Replaces: "$1"})
	w.idle()
	require.ElementsMatch(t, w.room.order, w.room.redacted)
	for _, kind := range []Kind{kindReplies, kindEdits, kindWork} {
		left, err := w.vault.All(t.Context(), kind)
		require.NoError(t, err)
		require.Empty(t, left)
	}
}

// TestWhatWasSentBeforeACrashIsWithdrawnAfterIt: although nobody had been told its id, and without asking an engine again.
func TestWhatWasSentBeforeACrashIsWithdrawnAfterIt(t *testing.T) {
	w := newDeskWorld(t)
	sent := make(chan struct{}, 100)
	w.room.fail = func(string) error { sent <- struct{}{}; return errors.New("the answer was lost") }
	w.happens(Work{Task: Translate, EventID: "$1", Text: "by mistake"})
	<-sent
	w.happens(Work{Task: Withdraw, EventID: "$2", Replaces: "$1"})
	engines := &listening{next: echo{}}
	w.restart(func() { w.room.fail, w.engines = nil, engines })
	w.idle()
	require.Empty(t, engines.texts())
	require.ElementsMatch(t, w.room.order, w.room.redacted)
	require.Contains(t, w.room.bodies()[0], "de by mistake")
	w.nothingLeft()
}

// TestARedactionOfBeforeACrashIsKnownAfterIt: also where the desk had not begun when it was taken.
func TestARedactionOfBeforeACrashIsKnownAfterIt(t *testing.T) {
	w := newDeskWorld(t)
	w.stop()
	w.happens(Work{Task: Translate, EventID: "$1", Text: "by mistake"})
	engines := &listening{next: echo{}}
	w.engines = engines
	w.start() // the work is the last run's for this desk
	w.idle()
	require.Len(t, w.room.bodies(), 2)

	w.stop()
	w.happens(Work{Task: Translate, EventID: "$2", Text: "by mistake, too"})
	w.desk = nil
	w.startAfter(func() { w.happens(Work{Task: Withdraw, EventID: "$3", Replaces: "$2"}) })
	w.idle()
	require.Equal(t, []string{"by mistake", "by mistake"}, engines.texts())
	require.Len(t, w.room.bodies(), 2)
	w.nothingLeft()
}

func (w *deskWorld) nothingLeft() {
	w.t.Helper()
	left, err := w.vault.All(w.t.Context(), kindWork)
	require.NoError(w.t, err)
	require.Empty(w.t, left)
}
