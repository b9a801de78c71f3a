package engine

import "time"

// State says how an engine is.
type State string

// The states of an engine.
const (
	StateNew     State = "new"          // not asked yet
	StateOK      State = "ok"           // did what it was asked last
	StateFailing State = "failing"      // failed last, and is asked all the same
	StateOpen    State = "circuit_open" // failed so often that it is left alone for a while
	StateWaiting State = "waiting"      // asked to be left alone for a while
	StateQuota   State = "quota"        // has nothing left of what it may translate
	StateKey     State = "key_refused"  // does not take our key; it is not asked again before the next start
)

// States lists all states.
var States = []State{StateNew, StateOK, StateFailing, StateOpen, StateWaiting, StateQuota, StateKey}

// Health is how an engine is, at a moment.
type Health struct {
	State    State
	Until    time.Time // when it is asked again, if it is left alone; zero otherwise
	Failures int       // in a row
	Heard    time.Time // when it last did what it was asked; zero: never
	Fault    string    // its last error since then; holds no text and no key
}

// Health tells how the engine is.
func (g *Guard) Health() Health {
	g.mu.Lock()
	defer g.mu.Unlock()
	h := Health{State: g.state, Failures: g.failures, Heard: g.heard, Fault: g.fault}
	if g.now().Before(g.closedAt) {
		h.Until = g.closedAt
	}
	return h
}
