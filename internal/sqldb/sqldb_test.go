package sqldb_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

var background = context.Background()

// open opens a fresh database with a table of its own for the test.
func open(t testing.TB, address string) *sqldb.DB {
	db := sqldbtest.Open(t, address)
	require.NoError(t, db.Write(background, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`CREATE TABLE IF NOT EXISTS probe (n BIGINT PRIMARY KEY, label TEXT NOT NULL, data BYTEA, yes BOOLEAN)`)
		return err
	}))
	return db
}

func put(tx *sqldb.Tx, n int64, label string) error {
	_, err := tx.Exec(`INSERT INTO probe (n, label) VALUES ($1, $2)`, n, label)
	return err
}

func numbers(t testing.TB, rows *sql.Rows, err error) []int64 {
	require.NoError(t, err)
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var n int64
		require.NoError(t, rows.Scan(&n))
		out = append(out, n)
	}
	require.NoError(t, rows.Err())
	return out
}

func all(t testing.TB, db *sqldb.DB) []int64 {
	rows, err := db.Query(background, `SELECT n FROM probe ORDER BY n`)
	return numbers(t, rows, err)
}

func TestOneTextForBothDatabases(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		db := open(t, fresh())
		require.NoError(t, db.Write(background, func(tx *sqldb.Tx) error {
			// The arguments go by number, not by order of appearance.
			_, err := tx.Exec(`INSERT INTO probe (label, n, data, yes) VALUES ($2, $1, $3, $4)`, int64(7), "seven", []byte{0, 255}, true)
			if err != nil {
				return err
			}
			return tx.ExecMany(`INSERT INTO probe (n, label) VALUES ($1, $2)`, [][]any{{int64(8), "eight"}, {int64(9), `n"ï`}})
		}))
		var label string
		var data []byte
		var yes bool
		row := db.QueryRow(background, `SELECT label, data, yes FROM probe WHERE label = $2 AND n = $1`, int64(7), "seven")
		require.NoError(t, row.Scan(&label, &data, &yes))
		require.Equal(t, "seven", label)
		require.Equal(t, []byte{0, 255}, data)
		require.True(t, yes)

		rows, err := db.Query(background, `SELECT n FROM probe WHERE n = ANY($1) ORDER BY n`, sqldb.List([]int64{9, 7, 100}))
		require.Equal(t, []int64{7, 9}, numbers(t, rows, err))
		rows, err = db.Query(background, `SELECT n FROM probe WHERE n <> $2 AND label = ANY($1)`, sqldb.List([]string{`n"ï`, "seven"}), int64(7))
		require.Equal(t, []int64{9}, numbers(t, rows, err))
		rows, err = db.Query(background, `SELECT n FROM probe WHERE n <> ALL($1) ORDER BY n`, sqldb.List([]int64{8}))
		require.Equal(t, []int64{7, 9}, numbers(t, rows, err))
		rows, err = db.Query(background, `SELECT n FROM probe WHERE label = ANY($1)`, sqldb.List([]string{}))
		require.Empty(t, numbers(t, rows, err))
		require.ErrorIs(t, db.QueryRow(background, `SELECT n FROM probe WHERE n = 0`).Scan(new(int64)), sqldb.ErrNoRows)
	})
}

func TestReadersCannotWrite(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		db := open(t, fresh())
		rows, err := db.Query(background, `INSERT INTO probe (n, label) VALUES (1, 'x') RETURNING n`)
		if err == nil {
			rows.Next()
			err = rows.Err()
			rows.Close()
		}
		require.Error(t, err)
		require.Empty(t, all(t, db))
	})
}

// block holds the writer until the returned function is called, so that what follows forms one group.
func block(t testing.TB, db *sqldb.DB) func() {
	started, release, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var once sync.Once
	go func() {
		done <- db.Write(background, func(*sqldb.Tx) error {
			once.Do(func() { close(started); <-release })
			return nil
		})
	}()
	<-started
	return func() { close(release); require.NoError(t, <-done) }
}

// queue starts n writes in order, so that they wait in that order.
func queue(db *sqldb.DB, n int, fn func(i int, tx *sqldb.Tx) error) []chan error {
	var results []chan error
	for i := range n {
		result := make(chan error, 1)
		results = append(results, result)
		go func() { result <- db.Write(background, func(tx *sqldb.Tx) error { return fn(i, tx) }) }()
		time.Sleep(2 * time.Millisecond)
	}
	return results
}

func TestOnlyTheFaultyWriteFails(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		db := open(t, fresh())
		var mu sync.Mutex
		var trace []string
		note := func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			trace = append(trace, fmt.Sprintf(format, args...))
		}
		db.OnCommit(func(p int64) { note("announced %d", p) })
		release := block(t, db)
		faulty := errors.New("faulty")
		results := queue(db, 5, func(i int, tx *sqldb.Tx) error {
			position := tx.NextPosition()
			tx.OnCommit(func() { note("%d got %d", i, position) })
			if err := put(tx, int64(i), "x"); err != nil {
				return err
			}
			switch i {
			case 1:
				return faulty
			case 2:
				panic("broken")
			case 3:
				return put(tx, 0, "there already")
			}
			return nil
		})
		release()
		require.NoError(t, <-results[0])
		require.ErrorIs(t, <-results[1], faulty)
		require.ErrorContains(t, <-results[2], "broken")
		err := <-results[3]
		require.True(t, sqldb.IsConstraint(err), "%v", err)
		require.NoError(t, <-results[4])
		require.Equal(t, []int64{0, 4}, all(t, db))
		require.EqualValues(t, 2, db.Position())
		require.Equal(t, []string{"announced 0", "0 got 1", "announced 1", "4 got 2", "announced 2"}, trace)
	})
}

func TestOneGroupOneCommit(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		db := open(t, fresh())
		var order []int64
		var announced []int64
		db.OnCommit(func(p int64) { announced = append(announced, p) })
		release := block(t, db)
		results := queue(db, 10, func(i int, tx *sqldb.Tx) error {
			position := tx.NextPosition()
			tx.OnCommit(func() { order = append(order, position) })
			return put(tx, position, "x")
		})
		release()
		for _, r := range results {
			require.NoError(t, <-r)
		}
		require.Equal(t, []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, order)
		require.Equal(t, []int64{0, 10}, announced)
	})
}

// Positions must be gapless and committed in order whatever fails on the way, and go on after a restart.
func TestPositionsUnderFailures(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		address := fresh()
		var want int64
		for range 2 {
			db := open(t, address)
			require.Equal(t, want, db.Position())
			var seen []int64
			var wrote atomic.Int64
			db.OnCommit(func(p int64) { seen = append(seen, p) })
			var group sync.WaitGroup
			for worker := range 16 {
				group.Go(func() {
					random := rand.New(rand.NewPCG(1, uint64(worker)))
					for range 15 {
						n, fails := random.IntN(3), random.IntN(12) == 0
						err := db.Write(background, func(tx *sqldb.Tx) error {
							for range n {
								if err := put(tx, tx.NextPosition(), "x"); err != nil {
									return err
								}
							}
							if fails {
								return errors.New("on purpose")
							}
							return nil
						})
						if err == nil {
							wrote.Add(int64(n))
						}
					}
				})
			}
			group.Wait()
			want += wrote.Load()
			require.Equal(t, want, db.Position())
			require.IsNonDecreasing(t, seen)
			rows := all(t, db)
			require.Len(t, rows, int(want))
			for i, n := range rows {
				require.EqualValues(t, i+1, n)
			}
			require.NoError(t, db.Close())
		}
	})
}

func TestCancelledWrites(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		db := open(t, fresh())
		ended, cancel := context.WithCancel(background)
		cancel()
		require.ErrorIs(t, db.Write(ended, func(tx *sqldb.Tx) error { return put(tx, 1, "x") }), context.Canceled)

		release := block(t, db)
		ctx, cancel := context.WithCancel(background)
		result := make(chan error)
		go func() { result <- db.Write(ctx, func(tx *sqldb.Tx) error { return put(tx, 2, "x") }) }()
		time.Sleep(5 * time.Millisecond)
		cancel()
		require.ErrorIs(t, <-result, context.Canceled, "a write that waits is withdrawn")
		release()

		ctx, cancel = context.WithCancel(background)
		require.NoError(t, db.Write(ctx, func(tx *sqldb.Tx) error {
			cancel() // too late: the outcome counts
			return put(tx, 3, "x")
		}))
		require.Equal(t, []int64{3}, all(t, db))
	})
}

func TestFullQueueAndClose(t *testing.T) {
	db, err := sqldb.Open(background, sqldb.Options{URL: sqldbtest.SQLite(t), MaxQueue: 2, Logger: sqldbtest.Quiet()})
	require.NoError(t, err)
	release := block(t, db)
	nothing := func(*sqldb.Tx) error { return nil }
	results := queue(db, 2, func(int, *sqldb.Tx) error { return nil })
	require.ErrorIs(t, db.Write(background, nothing), sqldb.ErrBusy)
	closed := make(chan error)
	go func() { closed <- db.Close() }()
	for !errors.Is(db.Write(background, nothing), sqldb.ErrClosed) {
		time.Sleep(time.Millisecond)
	}
	release()
	for _, r := range results {
		require.NoError(t, <-r, "Close waits for what is queued")
	}
	require.NoError(t, <-closed)
	require.NoError(t, db.Close())
}

func TestTxEndsWithItsFunction(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		db := open(t, fresh())
		var leaked *sqldb.Tx
		require.NoError(t, db.Write(background, func(tx *sqldb.Tx) error { leaked = tx; return nil }))
		_, err := leaked.Exec(`DELETE FROM probe`)
		require.ErrorIs(t, err, sql.ErrTxDone)
		_, err = leaked.Query(`SELECT 1`)
		require.ErrorIs(t, err, sql.ErrTxDone)
		require.Error(t, leaked.QueryRow(`SELECT 1`).Scan(new(int64)))
		require.ErrorIs(t, leaked.ExecMany(`DELETE FROM probe`, [][]any{{}}), sql.ErrTxDone)
	})
}

func TestSnapshotIsConsistent(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		db := open(t, fresh())
		require.NoError(t, db.Write(background, func(tx *sqldb.Tx) error { return put(tx, 1, "x") }))
		require.NoError(t, db.Read(background, func(q *sqldb.Snapshot) error {
			rows, err := q.Query(`SELECT n FROM probe`)
			require.Equal(t, []int64{1}, numbers(t, rows, err))
			require.NoError(t, db.Write(background, func(tx *sqldb.Tx) error { return put(tx, 2, "x") }))
			var count int
			require.NoError(t, q.QueryRow(`SELECT COUNT(*) FROM probe WHERE n = ANY($1)`, sqldb.List([]int64{1, 2})).Scan(&count))
			require.Equal(t, 1, count)
			return nil
		}))
		require.Equal(t, []int64{1, 2}, all(t, db))
	})
}

func TestReadsEndInTime(t *testing.T) {
	const endless = `WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT COUNT(*) FROM c`
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		db, err := sqldb.Open(background, sqldb.Options{URL: fresh(), ReadTimeout: 150 * time.Millisecond, Logger: sqldbtest.Quiet()})
		require.NoError(t, err)
		defer db.Close()
		require.Error(t, db.QueryRow(background, endless).Scan(new(int64)))
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		require.Error(t, db.QueryRow(ctx, endless).Scan(new(int64)))
		require.Error(t, db.Read(background, func(q *sqldb.Snapshot) error { return q.QueryRow(endless).Scan(new(int64)) }))
		require.NoError(t, db.QueryRow(background, `SELECT 1`).Scan(new(int64)))
	})
}

func TestIdentities(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		address := fresh()
		db := open(t, address)
		ids := db.IDs("probe")
		require.Same(t, ids, db.IDs("probe"))
		require.EqualValues(t, 1, ids.Next())
		// Far more than a block within one write: nothing waits for itself.
		require.NoError(t, db.Write(background, func(tx *sqldb.Tx) error {
			var last int64
			for range 5000 {
				last = ids.Next()
			}
			return put(tx, last, "x")
		}))
		last := all(t, db)[0]
		var mu sync.Mutex
		seen := map[int64]bool{}
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 500 {
					id := ids.Next()
					mu.Lock()
					seen[id] = true
					mu.Unlock()
				}
			})
		}
		group.Wait()
		require.Len(t, seen, 4000)
		require.NoError(t, db.Close())

		db = open(t, address)
		first := db.IDs("probe").Next()
		require.Greater(t, first, last, "an identity in a committed row is never given again")
		require.LessOrEqual(t, first, last+1001, "at most a block is wasted")
	})
}

func TestSecondProcessIsRefused(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		address := fresh()
		db := open(t, address)
		_, err := sqldb.Open(background, sqldb.Options{URL: address, Logger: sqldbtest.Quiet()})
		require.ErrorIs(t, err, sqldb.ErrInUse)
		require.NoError(t, db.Close())
		open(t, address)
	})
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		address := fresh()
		db := open(t, address)
		require.NoError(t, db.Write(background, func(tx *sqldb.Tx) error {
			_, err := tx.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, $2)`, 99999, true)
			return err
		}))
		require.NoError(t, db.Close())
		_, err := sqldb.Open(background, sqldb.Options{URL: address, Logger: sqldbtest.Quiet()})
		require.ErrorIs(t, err, sqldb.ErrNewer)
		require.ErrorContains(t, err, "99999")
	})
}

func TestBadURLs(t *testing.T) {
	for _, address := range []string{"", "mysql://x", "sqlite:", "sqlite::memory:", "postgres://127.0.0.1:1/x?connect_timeout=1"} {
		_, err := sqldb.Open(background, sqldb.Options{URL: address, Logger: sqldbtest.Quiet()})
		require.Error(t, err, address)
	}
}
