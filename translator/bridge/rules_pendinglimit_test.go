package bridge

import (
	"context"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/translator"
)

// mute is a pipeline that answers nothing before it must, and remembers how long it was given.
type mute struct {
	Pipeline
	mu    sync.Mutex
	given []time.Duration
}

func (p *mute) Translate(ctx context.Context, _ translator.Request) (translator.Result, error) {
	given := time.Duration(math.MaxInt64)
	if until, ends := ctx.Deadline(); ends {
		given = time.Until(until)
	}
	p.mu.Lock()
	p.given = append(p.given, given)
	p.mu.Unlock()
	if given > time.Second { // not the limit of the test: nobody need wait for it
		return translator.Result{}, context.DeadlineExceeded
	}
	<-ctx.Done()
	return translator.Result{}, ctx.Err()
}

// Nothing is pending for ever, whatever engines do: after the limit the message says that it is not translated, and why.
func TestRule14ATranslationThatNeverComesEndsAtTheLimit(t *testing.T) {
	const limit = 10 * time.Millisecond
	silent := &mute{}
	w := newWorld(t, func(w *world) {
		w.change = func(o *Options) { silent.Pipeline, o.Pipeline = o.Pipeline, silent }
		w.early = func() {
			require.Less(t, w.bridge.pendingLimit, time.Minute, "the rule's minute, with room to store what came of it")
			w.bridge.pendingLimit = limit
		}
	})
	room := w.ward()
	id := w.say(room, alice, question)
	row := w.rendered(id, "es")
	require.Equal(t, string(translator.None), row.State)
	got := w.device(bob).until(room, 1)[0]
	require.Equal(t, `none ["timeout"]`, keyIn(got).Get("state").Str+" "+keyIn(got).Get("reasons").Raw)
	require.Contains(t, body(got), question+"\n"+notTranslated)
	w.settled() // and its slot is free again
	silent.mu.Lock()
	defer silent.mu.Unlock()
	require.NotEmpty(t, silent.given)
	for _, given := range silent.given {
		require.LessOrEqual(t, given, limit)
	}
}
