package stream

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// publishKind announces n entries of one kind, each at the next position.
func publishKind(h *Hub, n int, kind uint8, size int) int64 {
	position := h.Position()
	for range n {
		position++
		h.Append(Entry{Position: position, Topic: room(1), Kind: kind, Size: size})
	}
	h.announce(position)
	return position
}

// walked are the positions that a walk gave.
func walked(t *testing.T, walk func(int64, int64, func(Entry) error) (bool, error), since, upto int64) (positions []int64, complete bool) {
	complete, err := walk(since, upto, func(e Entry) error {
		positions = append(positions, e.Position)
		return nil
	})
	require.NoError(t, err)
	return positions, complete
}

func TestAWalkMeetsEveryEntryOnceAcrossItsSteps(t *testing.T) {
	h := newHub(t)
	events := publishKind(h, 2*walkStep+10, 1, 1)
	end := publishKind(h, 5, Aside, 1)

	all, complete := walked(t, h.Walk, 0, end)
	require.True(t, complete)
	require.Len(t, all, int(end))
	for i, p := range all {
		require.EqualValues(t, i+1, p)
	}
	some, complete := walked(t, h.WalkEvents, 7, end)
	require.True(t, complete, "what lies aside at the end is no gap")
	require.Equal(t, all[7:events], some)
	none, complete := walked(t, h.Walk, end, end)
	require.True(t, complete)
	require.Empty(t, none)
}

func TestAWalkEndsAtAnErrorAndReturnsIt(t *testing.T) {
	h := newHub(t)
	end := publishKind(h, 10, 1, 1)
	broken, met := errors.New("broken"), 0
	complete, err := h.Walk(0, end, func(e Entry) error {
		met++
		if e.Position == 4 {
			return broken
		}
		return nil
	})
	require.ErrorIs(t, err, broken)
	require.True(t, complete, "an error is not what the ring has forgotten")
	require.Equal(t, 4, met)
}

func TestAWalkSaysWhatTheRingHasForgotten(t *testing.T) {
	h := newHub(t)
	h.rings = newRings(40_000, 0)
	first := publishKind(h, 10, 1, 100)
	end := publishKind(h, 1000, Aside, 400)

	_, complete := walked(t, h.Walk, 0, end)
	require.False(t, complete, "receipts are gone")
	events, complete := walked(t, h.WalkEvents, 0, end)
	require.True(t, complete, "no event is")
	require.Len(t, events, int(first))

	end = publishKind(h, 1000, 1, 400)
	_, complete = walked(t, h.WalkEvents, 0, end)
	require.False(t, complete)
}

// What is forgotten while a walk is under way must not look like a walk to the end.
func TestAWalkThatTheRingOvertakesIsIncomplete(t *testing.T) {
	h := newHub(t)
	h.rings = newRings(1<<20, 0)
	end := publishKind(h, 2*walkStep, 1, 1)
	met := 0
	complete, err := h.WalkEvents(0, end, func(Entry) error {
		if met++; met == 1 {
			publishKind(h, 4*walkStep, 1, 1000)
		}
		return nil
	})
	require.NoError(t, err)
	require.False(t, complete)
	require.Equal(t, walkStep, met, "it gave what it had taken, no more")
}
