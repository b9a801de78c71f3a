package sync

import (
	"runtime"
	"time"
)

// turns lets readers who are woken be answered on half of the processors at most, so that those who write need not wait for
// all who read what was written before. It bounds no work that waits for something else: nobody waits longer than turnPatience.
type turns chan struct{}

const turnPatience = time.Millisecond

func newTurns() turns { return make(turns, max(1, runtime.GOMAXPROCS(0)/2)) }

// take waits for a turn and returns what ends it.
func (t turns) take() (end func()) {
	select {
	case t <- struct{}{}:
		return t.end
	default:
	}
	timer := time.NewTimer(turnPatience)
	defer timer.Stop()
	select {
	case t <- struct{}{}:
		return t.end
	case <-timer.C:
		return func() {}
	}
}

func (t turns) end() { <-t }
