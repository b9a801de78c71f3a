package sync

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadersTakeTurnsAndNobodyWaitsForLong(t *testing.T) {
	all := make(turns, 1)
	first := all.take()
	late := all.take() // returns although the first does not end
	require.Len(t, all, 1)
	late()
	require.Len(t, all, 1, "it had no turn to end")
	first()
	require.Empty(t, all)

	first = all.take()
	next := make(chan func())
	go func() { next <- all.take() }()
	first()
	(<-next)()
	require.Empty(t, all)
	require.Positive(t, cap(newTurns()))
}
