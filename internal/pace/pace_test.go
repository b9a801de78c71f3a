package pace

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAPauseEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	require.True(t, Pause(ctx, time.Millisecond))
	time.AfterFunc(time.Millisecond, cancel)
	require.False(t, Pause(ctx, time.Hour))
	require.False(t, Pause(ctx, time.Hour))
}

func TestTurnsEndWithTheirContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	turns := 0
	Every(ctx, time.Millisecond, func() {
		if turns++; turns == 3 {
			cancel()
		}
	})
	require.Equal(t, 3, turns)
}

func TestATroubleIsSpokenOfLessAndLess(t *testing.T) {
	var r Reminder
	start := time.Unix(1_800_000_000, 0)
	var said []time.Duration
	for at := time.Duration(0); at < 6*time.Hour; at += 2 * time.Second {
		if r.Due(start.Add(at)) {
			said = append(said, at)
		}
	}
	minutes := []time.Duration{0, 1, 3, 7, 15, 31, 63, 123, 183, 243, 303}
	require.Len(t, said, len(minutes))
	for i := range minutes {
		require.Equal(t, minutes[i]*time.Minute, said[i])
	}
	lasted, was := r.Over(start.Add(6 * time.Hour))
	require.True(t, was)
	require.Equal(t, 6*time.Hour, lasted)
	_, was = r.Over(start.Add(6 * time.Hour))
	require.False(t, was)
	require.True(t, r.Due(start.Add(6*time.Hour)), "the next one begins anew")
}
