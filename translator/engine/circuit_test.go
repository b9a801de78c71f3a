package engine

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// gated is an engine whose first request waits for the gate, and then succeeds.
type gated struct {
	*blocking
	gate  chan struct{}
	began chan struct{}
}

func newGated(others func() error) *gated {
	g := &gated{gate: make(chan struct{}), began: make(chan struct{}, 1)}
	var first sync.Once
	g.blocking = &blocking{do: func(context.Context) error {
		waits := false
		first.Do(func() { waits = true })
		if !waits {
			return others()
		}
		g.began <- struct{}{}
		<-g.gate
		return nil
	}}
	return g
}

// TestAnOlderSuccessUndoesNothing that the engine said while it was on its way.
func TestAnOlderSuccessUndoesNothing(t *testing.T) {
	for want, fault := range map[State]error{
		StateQuota: usedUp("status 456"), StateKey: ErrKey, StateWaiting: &RetryAfter{Wait: time.Hour, Err: ErrBusy}, StateOpen: errors.New("broken"),
	} {
		synctest.Test(t, func(t *testing.T) {
			e := newGated(func() error { return fault })
			g := NewGuard(e, Limits{Failures: 1})
			older := make(chan error)
			go func() {
				_, err := g.Translate(context.Background(), Request{})
				older <- err
			}()
			<-e.began
			_, err := g.Translate(t.Context(), Request{})
			require.ErrorIs(t, err, fault)
			shut := g.Health()
			require.Equal(t, want, shut.State)
			close(e.gate)
			require.NoError(t, <-older)
			shut.Heard = time.Now()
			require.Equal(t, shut, g.Health())
		})
	}
}

// TestAnOlderFailureSaysNothingNew: neither is the circuit open for longer, nor a pause shorter, nor a refused key good again.
func TestAnOlderFailureSaysNothingNew(t *testing.T) {
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		then, older error
		want        State
		rest        time.Duration
	}{
		"failures":              {broken, broken, StateOpen, 5 * time.Second},
		"a failure and a key":   {ErrKey, broken, StateKey, 0},
		"a pause and a quota":   {usedUp("x"), &RetryAfter{Wait: time.Second, Err: ErrBusy}, StateQuota, quotaRest},
		"a quota and a pause":   {&RetryAfter{Wait: time.Second, Err: ErrBusy}, usedUp("x"), StateQuota, quotaRest},
		"a key and a pause":     {&RetryAfter{Wait: time.Second, Err: ErrBusy}, ErrKey, StateKey, 0},
		"a pause and a failure": {&RetryAfter{Wait: time.Minute, Err: ErrBusy}, broken, StateWaiting, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			fault := test.then
			gate := make(chan struct{})
			waits := make(chan struct{}, 1)
			waits <- struct{}{}
			g := NewGuard(&blocking{do: func(context.Context) error {
				select {
				case <-waits:
					<-gate
					return test.older
				default:
					return fault
				}
			}}, Limits{Failures: 1})
			older := make(chan error)
			go func() {
				_, err := g.Translate(context.Background(), Request{})
				older <- err
			}()
			synctest.Wait()
			_, err := g.Translate(t.Context(), Request{})
			require.Error(t, err)
			close(gate)
			require.Error(t, <-older)
			health := g.Health()
			require.Equal(t, test.want, health.State, name)
			if test.rest > 0 {
				require.Equal(t, test.rest, time.Until(health.Until), name)
			}
		})
	}
}

// TestAGoodCheckClosesNoCircuit: a service may list its languages and fail at every translation. It is tried less and less.
func TestAGoodCheckClosesNoCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &checking{check: func() error { return nil }}
		c.do = func(context.Context) error { return errors.New("status 500") }
		g := NewGuard(c, Limits{Failures: 2, Cooldown: 10 * time.Second})
		for range 2 {
			_, _ = g.Translate(t.Context(), Request{})
			require.NoError(t, g.Check(t.Context()))
		}
		require.Equal(t, StateOpen, g.Health().State, "a good check forgets no failures")
		for end := time.Now().Add(time.Hour); time.Now().Before(end); time.Sleep(time.Second) {
			require.NoError(t, g.Check(t.Context()))
			_, _ = g.Translate(t.Context(), Request{})
			require.Equal(t, StateOpen, g.Health().State)
		}
		require.Less(t, c.asked, 20, "the pauses grow")
		c.do = func(context.Context) error { return nil }
		time.Sleep(maxCooldown)
		_, err := g.Translate(t.Context(), Request{})
		require.NoError(t, err)
		require.Equal(t, StateOK, g.Health().State)
	})
}

// TestACheckThatIsGoodAgainAllowsOneTrial, and no more.
func TestACheckThatIsGoodAgainAllowsOneTrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := errors.New("away")
		fault := away
		c := &checking{check: func() error { return fault }}
		c.do = func(context.Context) error { return away }
		g := NewGuard(c, Limits{Failures: 1, Cooldown: time.Hour})
		ask := func() error { _, err := g.Translate(t.Context(), Request{}); return err }
		require.ErrorIs(t, ask(), away)
		require.ErrorIs(t, g.Check(t.Context()), away)
		require.ErrorIs(t, ask(), ErrBusy)
		fault = nil
		require.NoError(t, g.Check(t.Context()))
		require.Equal(t, StateOpen, g.Health().State)
		require.False(t, g.HasRoom())
		require.ErrorIs(t, ask(), away)
		require.NoError(t, g.Check(t.Context()))
		require.ErrorIs(t, ask(), ErrBusy)
		require.Equal(t, 2, c.asked)
	})
}

// TestAQueueOpensNoCircuit: an engine that answers each request in time is not failing because there are too many.
func TestAQueueOpensNoCircuit(t *testing.T) {
	for _, perSecond := range []int{3, 8} {
		synctest.Test(t, func(t *testing.T) {
			g := NewGuard(&blocking{do: func(ctx context.Context) error {
				select {
				case <-time.After(2 * time.Second):
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}}, Limits{Concurrent: 4})
			var wg sync.WaitGroup
			var mu sync.Mutex
			done := 0
			for range 300 * perSecond {
				wg.Go(func() {
					if _, err := g.Translate(context.Background(), Request{}); err == nil {
						mu.Lock()
						defer mu.Unlock()
						done++
					}
				})
				time.Sleep(time.Second / time.Duration(perSecond))
				require.NotEqual(t, StateOpen, g.Health().State)
			}
			wg.Wait()
			require.Greater(t, done, 500, "of the 600 that it has the time for")
		})
	}
}

// TestAnEngineThatHangsOpensItsCircuit, also behind a queue.
func TestAnEngineThatHangsOpensItsCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGuard(&blocking{do: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}, Limits{Concurrent: 2})
		var wg sync.WaitGroup
		for range 60 {
			wg.Go(func() { _, _ = g.Translate(context.Background(), Request{}) })
			time.Sleep(time.Second)
		}
		wg.Wait()
		require.Equal(t, StateOpen, g.Health().State)
	})
}

// TestACallerInAHurryIsNoFailure of the engine.
func TestACallerInAHurryIsNoFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGuard(&blocking{do: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}, Limits{Failures: 1})
		for _, test := range []struct {
			has  time.Duration
			want State
		}{{time.Second, StateNew}, {DefaultLimits.Deadline / 2, StateOpen}} {
			ctx, cancel := context.WithTimeout(t.Context(), test.has)
			_, err := g.Translate(ctx, Request{})
			cancel()
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, test.want, g.Health().State)
		}
	})
}
