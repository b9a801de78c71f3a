package sync

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLongPollsOfOneSecondEndTogetherAndNeverLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := alarms{at: map[int64]*alarm{}}
		start := time.Now()
		deadlines := []time.Duration{30*time.Second + 10*time.Millisecond, 30*time.Second + 900*time.Millisecond, 31*time.Second + 100*time.Millisecond}
		ends := make([]<-chan struct{}, len(deadlines))
		for i, d := range deadlines {
			ends[i] = a.before(time.Now(), start.Add(d))
		}
		require.Equal(t, ends[0], ends[1])
		require.NotEqual(t, ends[1], ends[2])
		for i, d := range deadlines {
			<-ends[i]
			took := time.Since(start)
			require.LessOrEqual(t, took, d)
			require.Greater(t, took, d-together)
		}
		require.Empty(t, a.at, "what has rung is forgotten")
	})
}

func TestAShortPollMayTakeAllItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &Handler{now: time.Now, alarms: alarms{at: map[int64]*alarm{}}}
		start := time.Now()
		p := &poll{h: h, q: &query{timeout: 1500 * time.Millisecond}, deadline: start.Add(1500 * time.Millisecond)}
		end, stop, why := p.alarm(true)
		defer stop()
		require.Equal(t, over, why)
		<-end
		require.Equal(t, 1500*time.Millisecond, time.Since(start))

		p.q.timeout, p.deadline, p.wake = time.Minute, start.Add(time.Minute), start.Add(1700*time.Millisecond)
		held, stopHeld, why := p.alarm(true)
		defer stopHeld()
		require.Equal(t, changed, why, "a held translation is due first")
		<-held
		require.Equal(t, 1700*time.Millisecond, time.Since(start))
	})
}
