package replies

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator"
)

// listening notes what engines are asked, and asks next.
type listening struct {
	next  Pipeline
	mu    sync.Mutex
	heard []translator.Request
}

func (l *listening) Translate(ctx context.Context, r translator.Request) (translator.Result, error) {
	l.mu.Lock()
	l.heard = append(l.heard, r)
	l.mu.Unlock()
	return l.next.Translate(ctx, r)
}

func (l *listening) texts() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var texts []string
	for _, r := range l.heard {
		texts = append(texts, r.Text)
	}
	return texts
}

// TestARoomThatIsNotTranslatedGivesEnginesNoEditEither: not of a message that was answered before, whose answers, which say
// what it no longer says, are taken back.
func TestARoomThatIsNotTranslatedGivesEnginesNoEditEither(t *testing.T) {
	engines := &listening{next: echo{}}
	w := newDeskWorld(t)
	w.restart(func() { w.engines = engines })
	w.happens(Work{Task: Translate, EventID: "$1", Text: "hello"})
	w.idle()
	answers := w.room.order[:2]

	w.setting.set(TranslationOff, nil)
	w.happens(Work{Task: Translate, EventID: "$2", Replaces: "$1", Text: "kept back"}, Work{Task: Translate, EventID: "$3", Text: "kept back"})
	w.idle()
	require.Equal(t, []string{"hello", "hello"}, engines.texts())
	require.Len(t, w.room.bodies(), 2)
	require.ElementsMatch(t, answers, w.room.redacted)

	w.setting.set(TranslationLocal, nil)
	w.happens(Work{Task: Translate, EventID: "$4", Replaces: "$1", Text: "again"})
	w.idle()
	require.Len(t, w.room.bodies(), 4)
	require.Equal(t, inThread("$1", ""), w.room.said[w.room.order[2]]["m.relates_to"], "what was taken back cannot be edited")
	require.True(t, engines.heard[2].Local)
}

// TestASettingThatCannotBeReadIsAskedForAgain: until then no engine hears anything.
func TestASettingThatCannotBeReadIsAskedForAgain(t *testing.T) {
	engines := &listening{next: echo{}}
	w := newDeskWorld(t)
	w.restart(func() { w.engines = engines })
	asked := make(chan struct{}, 100)
	busy := func() (string, error) { asked <- struct{}{}; return "", errors.New("the database is busy") }
	w.setting.answer.Store(&busy)
	w.happens(Work{Task: Translate, EventID: "$1", Text: "hello"})
	<-asked
	require.Empty(t, engines.texts())
	w.setting.set("", nil)
	w.idle()
	require.Len(t, w.room.bodies(), 2)
}
