package federation

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBodiesShareBoundedMemory(t *testing.T) {
	b := newBodies(1000)
	read := func(size int) (*reserved, error) {
		r := httptest.NewRequest("PUT", "/", strings.NewReader(strings.Repeat("a", size)))
		counted := b.reserve(r)
		_, err := io.ReadAll(r.Body)
		return counted, err
	}
	first, err := read(900)
	require.NoError(t, err)
	second, err := read(200)
	require.ErrorIs(t, err, errCrowded)
	require.ErrorIs(t, second.refused, errCrowded)
	second.release()
	first.release()
	third, err := read(1000)
	require.NoError(t, err, "all of it came back")
	third.release()

	late := httptest.NewRequest("PUT", "/", strings.NewReader("slow"))
	counted := b.reserve(late)
	counted.until = time.Now().Add(-time.Second)
	_, err = io.ReadAll(late.Body)
	require.ErrorContains(t, err, "in time")
	require.Equal(t, err, counted.refused)
	counted.release()
}

func TestWaitingAtAGateIsBounded(t *testing.T) {
	g := newGates(1)
	g.waiting = 1
	leave, err := g.enter(t.Context(), "a")
	require.NoError(t, err)
	entered := make(chan func())
	go func() {
		leave, _ := g.enter(t.Context(), "a")
		entered <- leave
	}()
	require.Eventually(t, func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.open["a"].users == 2
	}, 30*time.Second, time.Millisecond)
	_, err = g.enter(t.Context(), "a")
	require.ErrorIs(t, err, errCrowded)
	leave()
	(<-entered)()
	require.Empty(t, g.open)
}
