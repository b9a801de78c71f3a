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
