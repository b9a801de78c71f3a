package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/translator/language"
)

// scripted is an engine that does what its test says.
type scripted struct {
	do    func(ctx context.Context) error
	asked int
}

func (s *scripted) Name() string { return "scripted" }

func (s *scripted) Offers(_, _ language.Code) bool { return true }

func (s *scripted) Translate(ctx context.Context, _ Request) (Answer, error) {
	s.asked++
	return Answer{}, s.do(ctx)
}

func TestCircuitOpensAndCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		failing := true
		s := &scripted{do: func(context.Context) error {
			if failing {
				return broken
			}
			return nil
		}}
		g := NewGuard(s, Limits{Failures: 3, Cooldown: 10 * time.Second})
		ask := func() error { _, err := g.Translate(t.Context(), Request{}); return err }
		for range 3 {
			require.ErrorIs(t, ask(), broken)
		}
		require.ErrorIs(t, ask(), ErrBusy)
		require.Equal(t, 3, s.asked)
		time.Sleep(11 * time.Second)
		require.ErrorIs(t, ask(), broken, "one request tries again")
		require.ErrorIs(t, ask(), ErrBusy, "and its failure opens the circuit for longer")
		time.Sleep(11 * time.Second)
		require.ErrorIs(t, ask(), ErrBusy)
		time.Sleep(10 * time.Second)
		failing = false
		require.NoError(t, ask())
		require.NoError(t, ask())
	})
}

func TestRetryAfterOpensTheCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{do: func(context.Context) error { return &RetryAfter{Wait: time.Minute, Err: ErrBusy} }}
		g := NewGuard(s, Limits{})
		_, err := g.Translate(t.Context(), Request{})
		require.ErrorIs(t, err, ErrBusy)
		time.Sleep(59 * time.Second)
		_, err = g.Translate(t.Context(), Request{})
		require.ErrorIs(t, err, ErrBusy)
		require.Equal(t, 1, s.asked)
		time.Sleep(2 * time.Second)
		_, _ = g.Translate(t.Context(), Request{})
		require.Equal(t, 2, s.asked)
	})
}

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		running, most := 0, 0
		s := &blocking{do: func(ctx context.Context) error {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			<-ctx.Done()
			mu.Lock()
			running--
			mu.Unlock()
			return ctx.Err()
		}}
		g := NewGuard(s, Limits{Concurrent: 2, Waiting: 3, Deadline: time.Second, Failures: 100})
		var wg sync.WaitGroup
		var busy, late int
		for range 20 {
			wg.Go(func() {
				_, err := g.Translate(t.Context(), Request{})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case errors.Is(err, ErrBusy):
					busy++
				case errors.Is(err, context.DeadlineExceeded):
					late++
				}
			})
		}
		wg.Wait()
		require.Equal(t, 2, most)
		require.Equal(t, 15, busy)
		require.Equal(t, 5, late)
	})
}

type blocking struct{ do func(context.Context) error }

func (b *blocking) Name() string { return "blocking" }

func (b *blocking) Offers(_, _ language.Code) bool { return true }

func (b *blocking) Translate(ctx context.Context, _ Request) (Answer, error) {
	return Answer{}, b.do(ctx)
}

func TestRetryAfterHeader(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"7": 7 * time.Second, "": 5 * time.Second, "0": time.Second, "-4": time.Second, "99999999": 6 * time.Hour, "3600": time.Hour,
		"Thu, 01 Jan 2026 00:00:30 GMT": 30 * time.Second, "nonsense": 5 * time.Second, "Wed, 31 Dec 2025 00:00:00 GMT": time.Second,
		"Thu, 01 Jan 2026 02:00:00 GMT": 2 * time.Hour, "Fri, 01 Jan 2100 00:00:00 GMT": 6 * time.Hour,
	} {
		require.Equal(t, want, retryAfter(header, now), header)
	}
}

// checking is an engine with a check.
type checking struct {
	scripted
	check func() error
	times int
}

func (c *checking) Check(context.Context) error {
	c.times++
	return c.check()
}

// TestChecksRespectWhatTheEngineSaid: a pause, a quota and a refused key are not cut short by a check that answers.
func TestChecksRespectWhatTheEngineSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for state, fault := range map[State]error{
			StateWaiting: &RetryAfter{Wait: time.Minute, Err: ErrBusy}, StateQuota: usedUp("x"), StateKey: fmt.Errorf("%w: x", ErrKey),
		} {
			c := &checking{check: func() error { return nil }}
			c.do = func(context.Context) error { return fault }
			g := NewGuard(c, Limits{})
			_, err := g.Translate(t.Context(), Request{})
			require.ErrorIs(t, err, fault)
			require.NoError(t, g.Check(t.Context()))
			require.Equal(t, state, g.Health().State)
			require.Zero(t, c.times)
			time.Sleep(2 * time.Hour)
			require.NoError(t, g.Check(t.Context()))
			if state == StateKey {
				require.Equal(t, StateKey, g.Health().State, "not before the next start")
				continue
			}
			require.Equal(t, Health{State: StateOK, Heard: time.Now()}, g.Health())
		}
	})
}

// TestAPaidServiceIsNotCheckedAllTheTime while it works.
func TestAPaidServiceIsNotCheckedAllTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fault error
		c := &checking{check: func() error { return fault }}
		g := NewGuard(c, Limits{CheckEvery: 5 * time.Minute})
		for range 10 {
			require.NoError(t, g.Check(t.Context()))
			time.Sleep(30 * time.Second)
		}
		require.Equal(t, 1, c.times)
		fault = errors.New("away")
		require.ErrorIs(t, g.Check(t.Context()), fault)
		require.Equal(t, StateFailing, g.Health().State)
		require.Error(t, g.Check(t.Context()), "it is asked at once while it fails")
		fault = nil
		require.NoError(t, g.Check(t.Context()))
		require.Equal(t, StateOK, g.Health().State)
	})
}

// TestHealthSaysWhenACircuitCloses.
func TestHealthSaysWhenACircuitCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{do: func(context.Context) error { return errors.New("broken") }}
		g := NewGuard(s, Limits{Failures: 2, Cooldown: 10 * time.Second})
		require.Equal(t, Health{State: StateNew}, g.Health())
		_, _ = g.Translate(t.Context(), Request{})
		require.Equal(t, Health{State: StateFailing, Failures: 1, Fault: "broken"}, g.Health())
		_, _ = g.Translate(t.Context(), Request{})
		require.Equal(t, Health{State: StateOpen, Failures: 2, Fault: "broken", Until: time.Now().Add(10 * time.Second)}, g.Health())
	})
}

func TestAGuardHasRoomUntilHalfOfItsSeatsAreTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		g := NewGuard(&scripted{do: func(context.Context) error { <-gate; return nil }}, Limits{Concurrent: 1, Waiting: 4})
		for taken := range 5 {
			synctest.Wait()
			require.Equal(t, taken < 3, g.HasRoom(), "%d seats are taken", taken)
			go func() { _, _ = g.Translate(context.Background(), Request{}) }()
		}
		synctest.Wait()
		_, err := g.Translate(t.Context(), Request{})
		require.ErrorIs(t, err, ErrBusy)
		close(gate)
		synctest.Wait()
		require.True(t, g.HasRoom())
	})
}

func TestAGuardWithAnOpenCircuitHasNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failing := true
		g := NewGuard(&scripted{do: func(context.Context) error {
			if failing {
				return errors.New("broken")
			}
			return nil
		}}, Limits{Failures: 1, Cooldown: time.Second})
		_, err := g.Translate(t.Context(), Request{})
		require.Error(t, err)
		require.False(t, g.HasRoom())
		require.True(t, g.Rests())
		time.Sleep(2 * time.Second)
		require.False(t, g.HasRoom(), "nobody knows yet whether it is back")
		require.False(t, g.Rests(), "it is time to ask")
		failing = false
		_, err = g.Translate(t.Context(), Request{})
		require.NoError(t, err)
		require.True(t, g.HasRoom())
	})
}
