package rooms

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
)

func TestEnsureEvent(t *testing.T) {
	ctx := context.Background()
	w := newTwoNodes(t, sqldbtest.SQLite(t), sqldbtest.SQLite(t), "12", 250)
	all := w.history(w.north, false, 100)
	next := w.event(all[1]) // the one that the newest gap misses
	got, err := w.south.EnsureEvent(ctx, w.roomID, next.ID)
	require.NoError(t, err)
	require.NotZero(t, got.Key, "it came with its gap and has its place")

	far := w.event(all[len(all)/2])
	got, err = w.south.EnsureEvent(ctx, w.roomID, far.ID)
	require.NoError(t, err)
	if got.Key == (HistoryKey{}) {
		require.Equal(t, Outlier, got.Outcome)
	}
	require.Equal(t, all, w.history(w.south, true, 100), "as an outlier it does not stand in the way of its place")
	got, err = w.south.EnsureEvent(ctx, w.roomID, far.ID)
	require.NoError(t, err)
	require.NotZero(t, got.Key)

	_, err = w.south.EnsureEvent(ctx, w.roomID, "$nobody-has-it")
	require.ErrorIs(t, err, ErrNotFound)
	_, err = w.south.EnsureEvent(ctx, "!other:north.example", far.ID)
	require.ErrorIs(t, err, ErrNotFound)
}

func TestEventNear(t *testing.T) {
	ctx := context.Background()
	b := newReadNode(t).bareRoom("!time:north.example")
	b.put(bareEvent{id: "$10", ts: 10}, bareEvent{id: "$30", ts: 30}, bareEvent{id: "$20", ts: 20}, bareEvent{id: "$25", ts: 25, outcome: Rejected})
	for _, c := range []struct {
		ts   int64
		dir  Direction
		want string
	}{{5, Forward, "$10"}, {11, Forward, "$20"}, {25, Forward, "$30"}, {25, Backward, "$20"}, {30, Backward, "$30"}, {99, Backward, "$30"}} {
		ev, err := b.EventNear(ctx, b.id, c.ts, c.dir)
		require.NoError(t, err)
		require.Equal(t, c.want, ev.ID, "%d %v", c.ts, c.dir)
	}
	_, err := b.EventNear(ctx, b.id, 31, Forward)
	require.ErrorIs(t, err, ErrNotFound)
}

func TestEventNearAsksElsewhereWhileThereAreGaps(t *testing.T) {
	ctx := context.Background()
	w := newTwoNodes(t, sqldbtest.SQLite(t), sqldbtest.SQLite(t), "12", 5)
	all := w.history(w.north, false, 100)
	target := w.event(all[2])
	lie, asked := int64(0), 0
	w.south.remote.near = func(_, _ string, ts int64, dir string) (string, int64, error) {
		asked++
		if lie != 0 {
			return w.event(all[len(all)-1]).ID, ts + lie, nil // the create event, said to be close by
		}
		return target.ID, target.OriginServerTS, nil
	}
	_, err := w.south.EventNearHere(ctx, w.roomID, w.last.OriginServerTS, Forward)
	require.NoError(t, err)
	require.Zero(t, asked, "what another server asks is answered from here alone")
	ev, err := w.south.EventNear(ctx, w.roomID, target.OriginServerTS, Forward)
	require.NoError(t, err)
	require.LessOrEqual(t, ev.OriginServerTS-target.OriginServerTS, w.last.OriginServerTS-target.OriginServerTS)
	lie = 1
	ev, err = w.south.EventNear(ctx, w.roomID, w.last.OriginServerTS+0, Forward)
	require.NoError(t, err)
	require.GreaterOrEqual(t, ev.OriginServerTS, w.last.OriginServerTS)
}
