package sqldb_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

// never is longer than any test takes.
const never = time.Hour

// soon queues fn as what can wait, and returns once it waits.
func soon(ctx context.Context, db *sqldb.DB, within time.Duration, fn func(tx *sqldb.Tx) error) (result chan error) {
	result = make(chan error, 1)
	go func() { result <- db.WriteSoon(ctx, within, fn) }()
	time.Sleep(5 * time.Millisecond)
	return result
}

func TestWhatCanWaitGoesWithWhatOthersWrite(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		db := open(t, fresh())
		result := soon(background, db, never, func(tx *sqldb.Tx) error { return put(tx, 2, "soon") })
		require.Empty(t, all(t, db), "nobody else writes")
		for { // until it is known to wait
			require.NoError(t, db.Write(background, func(*sqldb.Tx) error { return nil }))
			select {
			case err := <-result:
				require.NoError(t, err)
				require.Equal(t, []int64{2}, all(t, db))
				return
			default:
			}
		}
	})
}

func TestWhatCanWaitIsWrittenAloneInTheEnd(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		db := open(t, fresh())
		calls := 0
		require.NoError(t, db.WriteSoon(background, time.Millisecond, func(tx *sqldb.Tx) error { calls++; return put(tx, 1, "alone") }))
		require.NoError(t, db.Write(background, func(tx *sqldb.Tx) error { return put(tx, 2, "next") }))
		require.Equal(t, []int64{1, 2}, all(t, db))
		require.Equal(t, 1, calls, "it waited in two places")
	})
}

func TestWhatCanWaitFailsAlone(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		db := open(t, fresh())
		release := block(t, db)
		faulty := errors.New("on purpose")
		result := soon(background, db, never, func(*sqldb.Tx) error { return faulty })
		others := queue(db, 2, func(i int, tx *sqldb.Tx) error { return put(tx, int64(i+1), "others") })
		release()
		require.ErrorIs(t, <-result, faulty)
		for _, other := range others {
			require.NoError(t, <-other)
		}
		require.Equal(t, []int64{1, 2}, all(t, db))
	})
}

func TestWhatCanWaitIsWithdrawn(t *testing.T) {
	db := open(t, sqldbtest.SQLite(t))
	ctx, cancel := context.WithCancel(background)
	result := soon(ctx, db, never, func(tx *sqldb.Tx) error { return put(tx, 1, "withdrawn") })
	cancel()
	require.ErrorIs(t, <-result, context.Canceled)
	require.ErrorIs(t, db.WriteSoon(ctx, never, func(*sqldb.Tx) error { return nil }), context.Canceled)
	require.NoError(t, db.Write(background, func(tx *sqldb.Tx) error { return put(tx, 2, "next") }))
	require.Equal(t, []int64{2}, all(t, db))
}

func TestCloseEndsWhatCanWait(t *testing.T) {
	address := sqldbtest.SQLite(t)
	db := open(t, address)
	result := soon(background, db, never, func(tx *sqldb.Tx) error { return put(tx, 1, "soon") })
	require.NoError(t, db.Close())
	require.NoError(t, <-result)
	require.ErrorIs(t, db.WriteSoon(background, never, func(*sqldb.Tx) error { return nil }), sqldb.ErrClosed)
	require.Equal(t, []int64{1}, all(t, open(t, address)))
}

func TestWhatCanWaitHasABoundToo(t *testing.T) {
	db, err := sqldb.Open(background, sqldb.Options{URL: sqldbtest.SQLite(t), MaxQueue: 1, Logger: sqldbtest.Quiet()})
	require.NoError(t, err)
	nothing := func(*sqldb.Tx) error { return nil }
	release := block(t, db)
	first := soon(background, db, never, nothing)
	require.ErrorIs(t, db.WriteSoon(background, never, nothing), sqldb.ErrBusy)
	queued := queue(db, 1, func(int, *sqldb.Tx) error { return nil })
	release()
	require.NoError(t, <-first)
	require.NoError(t, <-queued[0])
	require.NoError(t, db.Close())
}
