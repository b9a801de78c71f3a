package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"medixchange/translator/language"
)

// Limits keep one engine in bounds.
type Limits struct {
	Concurrent int           // requests at a time
	Waiting    int           // requests that may wait for their turn
	Deadline   time.Duration // of one request; it may wait for half of it
	Failures   int           // in a row that open the circuit
	Cooldown   time.Duration // how long it stays open at first; doubles up to ten minutes
	CheckEvery time.Duration // how long an engine that works is believed to live without being asked; 0: it is always asked
}

// DefaultLimits fit a server in the same house.
var DefaultLimits = Limits{Concurrent: 4, Waiting: 256, Deadline: 20 * time.Second, Failures: 5, Cooldown: 5 * time.Second}

// Guard bounds an engine: a queue in front of it, a deadline, and a circuit breaker that spares an
// engine which fails, and lets one request try again after a while (circuit.go).
type Guard struct {
	engine Engine
	limits Limits
	slots  chan struct{}
	seats  chan struct{} // slots and those who wait
	now    func() time.Time

	mu sync.Mutex
	circuit
}

// NewGuard puts limits around an engine; fields that are zero take DefaultLimits.
func NewGuard(engine Engine, limits Limits) *Guard {
	if limits.Concurrent <= 0 {
		limits.Concurrent = DefaultLimits.Concurrent
	}
	if limits.Waiting <= 0 {
		limits.Waiting = DefaultLimits.Waiting
	}
	if limits.Deadline <= 0 {
		limits.Deadline = DefaultLimits.Deadline
	}
	if limits.Failures <= 0 {
		limits.Failures = DefaultLimits.Failures
	}
	if limits.Cooldown <= 0 {
		limits.Cooldown = DefaultLimits.Cooldown
	}
	return &Guard{
		engine: engine, limits: limits, now: time.Now, circuit: circuit{cooldown: limits.Cooldown, state: StateNew},
		slots: make(chan struct{}, limits.Concurrent),
		seats: make(chan struct{}, limits.Concurrent+limits.Waiting),
	}
}

// Name is the engine's.
func (g *Guard) Name() string { return g.engine.Name() }

// Offers is the engine's; an open circuit does not change what it offers.
func (g *Guard) Offers(from, to language.Code) bool { return g.engine.Offers(from, to) }

// HasRoom reports, without waiting, whether a request would soon get its turn: no circuit is open, and less than half of the
// waiting room is taken.
func (g *Guard) HasRoom() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state != StateKey && g.closedAt.IsZero() && len(g.seats) < g.limits.Concurrent+(g.limits.Waiting+1)/2
}

// Rests reports, without waiting, whether a request would be refused at once: the circuit is open, and it is not time to try,
// or another request tries.
func (g *Guard) Rests() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state == StateKey || !g.closedAt.IsZero() && (g.probing || g.now().Before(g.closedAt))
}

// Memory is implemented by engines that only look up what they know.
type Memory interface {
	// Knows reports, without waiting, whether a text may be known; false when it certainly is not.
	Knows(from, to language.Code, text, formatted string) bool
}

// Memory returns the engine if it only looks up what it knows, else nil.
func (g *Guard) Memory() Memory {
	memory, _ := g.engine.(Memory)
	return memory
}

// Check asks the engine whether it lives, if it can tell. An engine that asked to be left alone is left alone, and one that
// refused our key is not asked at all.
func (g *Guard) Check(ctx context.Context) error {
	checker, ok := g.engine.(interface{ Check(context.Context) error })
	if !ok {
		return nil
	}
	a, wanted := g.wantsCheck()
	if !wanted {
		return nil
	}
	err := checker.Check(ctx)
	switch {
	case err == nil:
		g.lives(a)
	case errors.Is(ctx.Err(), context.Canceled):
	case errors.Is(err, ErrQuota) || errors.Is(err, ErrKey):
		g.learn(ctx, a, 0, err)
	default:
		g.noteFault(err)
	}
	return err
}

// Translate waits for a slot and asks the engine. It answers ErrBusy at once when the queue is full or
// the circuit is open.
func (g *Guard) Translate(ctx context.Context, request Request) (Answer, error) {
	a, err := g.admit()
	if err != nil {
		return Answer{}, err
	}
	select {
	case g.seats <- struct{}{}:
		defer func() { <-g.seats }()
	default:
		g.leave(a)
		return Answer{}, fmt.Errorf("%w: its queue is full", ErrBusy)
	}
	ctx, cancel := context.WithTimeout(ctx, g.limits.Deadline)
	defer cancel()
	if err := g.takeSlot(ctx); err != nil {
		g.leave(a)
		return Answer{}, fmt.Errorf("waiting for %s: %w", g.Name(), err)
	}
	defer func() { <-g.slots }()
	began := g.now()
	answer, err := g.engine.Translate(ctx, request)
	g.learn(ctx, a, g.now().Sub(began), err)
	return answer, err
}

// takeSlot waits for a turn, so long that half of the deadline is left: an engine that is asked for what it has no time to
// answer wastes its work, and would seem to fail for being busy.
func (g *Guard) takeSlot(ctx context.Context) error {
	select {
	case g.slots <- struct{}{}:
		return nil
	default:
	}
	waiting, cancel := context.WithTimeout(ctx, g.limits.Deadline/2)
	defer cancel()
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-waiting.Done():
		return waiting.Err()
	}
}
