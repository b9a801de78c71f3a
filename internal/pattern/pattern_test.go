package pattern

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnExpressionIsCompiledOnceForEverybody(t *testing.T) {
	word := Lazy(`^\p{L}+$`)
	first := word()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if word() != first {
				t.Error("compiled again")
			}
		})
	}
	all.Wait()
	require.True(t, first.MatchString("Füße"))
	require.False(t, first.MatchString("5 mg"))
}

func TestAnExpressionThatIsNoneSaysSoWhenItIsAskedFor(t *testing.T) {
	wrong := Lazy(`(`)
	require.Panics(t, func() { wrong() })
	require.Panics(t, func() { wrong() })
}
