package engine

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// maxCooldown is the longest time that a circuit stays open.
const maxCooldown = 10 * time.Minute

// circuit is what a guard knows of its engine.
type circuit struct {
	state    State
	closedAt time.Time // the engine is asked again from then on; zero: it is asked
	probing  bool      // by one request, while the others wait for what it learns
	failures int       // of translations, in a row
	cooldown time.Duration
	// generation counts how often the engine was shut. What began before the last time knows nothing of it.
	generation uint64
	unwell     bool      // the last check failed
	heard      time.Time // when the engine last did what it was asked
	fault      string    // the last error
}

// attempt is a request or a check on its way.
type attempt struct {
	generation uint64 // when it began
	probe      bool   // it is the one that tries
}

func (g *Guard) wantsCheck() (attempt, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := attempt{generation: g.generation}
	switch {
	case g.state == StateKey:
		return a, false
	case g.state == StateWaiting || g.state == StateQuota:
		return a, !g.now().Before(g.closedAt)
	case g.state == StateOK || g.state == StateFailing && !g.unwell:
		return a, g.now().Sub(g.heard) >= g.limits.CheckEvery
	}
	return a, true
}

// lives takes notice of a good check. It does not say that the engine can translate, so that a circuit which failed
// translations opened stays open: one request may try at once if the check had failed before, which is news.
func (g *Guard) lives(a attempt) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.heard = g.now()
	news := g.unwell
	g.unwell = false
	switch {
	case a.generation != g.generation:
	case g.state == StateOpen && news && g.now().Before(g.closedAt):
		g.closedAt = g.now()
	case g.state != StateOpen && g.failures == 0:
		g.state, g.closedAt, g.fault = StateOK, time.Time{}, ""
	}
}

// noteFault keeps the error of a check, which opens no circuit: a server may translate though it does not list its models.
func (g *Guard) noteFault(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fault, g.unwell = err.Error(), true
	if g.state == StateOK || g.state == StateNew {
		g.state = StateFailing
	}
}

// admit lets a request pass if the circuit is closed, or as the one that tries after the cooldown.
func (g *Guard) admit() (attempt, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	a := attempt{generation: g.generation}
	switch {
	case g.state == StateKey:
		return a, fmt.Errorf("%w: not asked again before the next start", ErrKey)
	case g.closedAt.IsZero():
		return a, nil
	case g.now().Before(g.closedAt) && g.state == StateQuota:
		return a, fmt.Errorf("%w: not asked again yet", ErrQuota)
	case g.now().Before(g.closedAt) || g.probing:
		return a, fmt.Errorf("%w: resting after failures", ErrBusy)
	}
	g.probing, a.probe = true, true
	return a, nil
}

// leave ends an attempt that says nothing about the engine.
func (g *Guard) leave(a attempt) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over(a)
}

// over ends an attempt. The caller holds the lock.
func (g *Guard) over(a attempt) {
	if a.probe {
		g.probing = false
	}
}

// learn counts the outcome of an attempt for which the engine had some time. What the caller cancelled, and what the engine
// refused or had nothing for, says nothing about its health; nor does a caller who leaves it less than half of its time.
func (g *Guard) learn(ctx context.Context, a attempt, had time.Duration, err error) {
	var later *RetryAfter
	switch {
	case err == nil || errors.Is(err, ErrNoMatch) || errors.Is(err, ErrRefused):
		g.succeeded(a)
	case errors.Is(err, ErrKey):
		g.shut(a, StateKey, time.Time{}, err)
	case errors.As(err, &later):
		g.shut(a, restOf(err), g.now().Add(later.Wait), err)
	case errors.Is(ctx.Err(), context.Canceled), ctx.Err() != nil && had < g.limits.Deadline/2:
		g.leave(a)
	default:
		g.failed(a, err)
	}
}

// restOf is the state of an engine that said when to come back.
func restOf(err error) State {
	if errors.Is(err, ErrQuota) {
		return StateQuota
	}
	return StateWaiting
}

// succeeded clears what was known of the engine when the attempt began.
func (g *Guard) succeeded(a attempt) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over(a)
	g.heard = g.now()
	if a.generation != g.generation {
		return
	}
	g.failures, g.closedAt, g.cooldown = 0, time.Time{}, g.limits.Cooldown
	g.state, g.fault = StateOK, ""
}

func (g *Guard) failed(a attempt, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over(a)
	if a.generation != g.generation {
		return
	}
	g.failures++
	g.state, g.fault = StateFailing, err.Error()
	if g.failures < g.limits.Failures && !a.probe {
		return
	}
	g.generation++
	g.state = StateOpen
	g.closedAt = g.now().Add(g.cooldown)
	g.cooldown = min(g.cooldown*2, maxCooldown)
}

// shut closes the way to an engine until a time. What an older attempt learned makes no pause shorter.
func (g *Guard) shut(a attempt, state State, until time.Time, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over(a)
	older := a.generation != g.generation && state != StateKey && until.Before(g.closedAt)
	if g.state == StateKey || older {
		return
	}
	g.generation++
	g.state, g.closedAt, g.fault = state, until, err.Error()
}
