package replies

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestWhoAsksTooMuchIsToldOnce: after that it is silent until nearly all that a user may ask at once is there again.
func TestWhoAsksTooMuchIsToldOnce(t *testing.T) {
	now := time.Now()
	all, err := NewAllowances(CommandEvery, CommandBurst)
	require.NoError(t, err)
	a := all.Of("@bob:x")
	takes := func() (allowed, told int) {
		for range CommandBurst + 5 {
			ok, wait := a.Take(now)
			if ok {
				allowed++
			}
			told += wait
		}
		return allowed, told
	}
	allowed, seconds := takes()
	require.Equal(t, []int{CommandBurst, 2}, []int{allowed, seconds}, "told once, to wait for two seconds")
	now = now.Add(2 * CommandEvery)
	allowed, seconds = takes()
	require.Equal(t, []int{2, 0}, []int{allowed, seconds})
	now = now.Add(CommandBurst * CommandEvery)
	allowed, seconds = takes()
	require.Equal(t, []int{CommandBurst, 2}, []int{allowed, seconds})
}
