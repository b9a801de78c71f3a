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
	Deadline   time.Duration // of one request, waiting included
	Failures   int           // in a row that open the circuit
	Cooldown   time.Duration // how long it stays open at first; doubles up to ten minutes
	CheckEvery time.Duration // how long an engine that works is believed to live without being asked; 0: it is always asked
}

// DefaultLimits fit a server in the same house.
var DefaultLimits = Limits{Concurrent: 4, Waiting: 256, Deadline: 20 * time.Second, Failures: 5, Cooldown: 5 * time.Second}

// maxCooldown is the longest time that a circuit stays open.
const maxCooldown = 10 * time.Minute

// Guard bounds an engine: a queue in front of it, a deadline, and a circuit breaker that spares an
// engine which fails, and lets one request try again after a while.
type Guard struct {
	engine Engine
	limits Limits
	slots  chan struct{}
	seats  chan struct{} // slots and those who wait
	now    func() time.Time

	mu       sync.Mutex
	failures int
	cooldown time.Duration
	closedAt time.Time // the circuit lets requests pass from then on
	probing  bool
	state    State
	heard    time.Time // when the engine last did what it was asked
	fault    string    // the last error
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
		engine: engine, limits: limits, now: time.Now, cooldown: limits.Cooldown, state: StateNew,
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

// Check asks the engine whether it lives, if it can tell; an answer closes a circuit that failures opened. An engine that
// asked to be left alone is left alone, and one that refused our key is not asked at all.
func (g *Guard) Check(ctx context.Context) error {
	checker, ok := g.engine.(interface{ Check(context.Context) error })
	if !ok || !g.wantsCheck() {
		return nil
	}
	err := checker.Check(ctx)
	switch {
	case err == nil:
		g.succeeded()
	case errors.Is(ctx.Err(), context.Canceled):
	case errors.Is(err, ErrQuota) || errors.Is(err, ErrKey):
		g.learn(ctx, err)
	default:
		g.noteFault(err)
	}
	return err
}

func (g *Guard) wantsCheck() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch g.state {
	case StateKey:
		return false
	case StateWaiting, StateQuota:
		return !g.now().Before(g.closedAt)
	case StateOK:
		return g.now().Sub(g.heard) >= g.limits.CheckEvery
	}
	return true
}

// noteFault keeps the error of a check, which opens no circuit: a server may translate though it does not list its models.
func (g *Guard) noteFault(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fault = err.Error()
	if g.state == StateOK || g.state == StateNew {
		g.state = StateFailing
	}
}

// Translate waits for a slot and asks the engine. It answers ErrBusy at once when the queue is full or
// the circuit is open.
func (g *Guard) Translate(ctx context.Context, request Request) (Answer, error) {
	if err := g.admit(); err != nil {
		return Answer{}, err
	}
	select {
	case g.seats <- struct{}{}:
		defer func() { <-g.seats }()
	default:
		g.leave()
		return Answer{}, fmt.Errorf("%w: its queue is full", ErrBusy)
	}
	ctx, cancel := context.WithTimeout(ctx, g.limits.Deadline)
	defer cancel()
	select {
	case g.slots <- struct{}{}:
		defer func() { <-g.slots }()
	case <-ctx.Done():
		g.leave()
		return Answer{}, fmt.Errorf("waiting for %s: %w", g.Name(), ctx.Err())
	}
	answer, err := g.engine.Translate(ctx, request)
	g.learn(ctx, err)
	return answer, err
}

// admit lets a request pass if the circuit is closed, or as the one that tries after the cooldown.
func (g *Guard) admit() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.state == StateKey:
		return fmt.Errorf("%w: not asked again before the next start", ErrKey)
	case g.closedAt.IsZero():
		return nil
	case g.now().Before(g.closedAt) && g.state == StateQuota:
		return fmt.Errorf("%w: not asked again yet", ErrQuota)
	case g.now().Before(g.closedAt) || g.probing:
		return fmt.Errorf("%w: resting after failures", ErrBusy)
	}
	g.probing = true
	return nil
}

// leave ends an attempt that never reached the engine.
func (g *Guard) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.probing = false
}

// learn counts the outcome. What the caller cancelled, and what the engine refused or had nothing for,
// says nothing about its health.
func (g *Guard) learn(ctx context.Context, err error) {
	var later *RetryAfter
	switch {
	case err == nil || errors.Is(err, ErrNoMatch) || errors.Is(err, ErrRefused):
		g.succeeded()
	case errors.Is(err, ErrKey):
		g.shut(StateKey, time.Time{}, err)
	case errors.As(err, &later):
		g.shut(restOf(err), g.now().Add(later.Wait), err)
	case errors.Is(ctx.Err(), context.Canceled):
		g.leave()
	default:
		g.failed(err)
	}
}

// restOf is the state of an engine that said when to come back.
func restOf(err error) State {
	if errors.Is(err, ErrQuota) {
		return StateQuota
	}
	return StateWaiting
}

func (g *Guard) succeeded() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failures, g.probing, g.closedAt, g.cooldown = 0, false, time.Time{}, g.limits.Cooldown
	g.state, g.heard, g.fault = StateOK, g.now(), ""
}

func (g *Guard) failed(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failures++
	g.state, g.fault = StateFailing, err.Error()
	wasProbe := g.probing
	g.probing = false
	if g.failures < g.limits.Failures && !wasProbe {
		return
	}
	g.state = StateOpen
	g.closedAt = g.now().Add(g.cooldown)
	g.cooldown = min(g.cooldown*2, maxCooldown)
}

// shut closes the way to an engine until a time.
func (g *Guard) shut(state State, until time.Time, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.probing = false
	g.state, g.closedAt, g.fault = state, until, err.Error()
}
