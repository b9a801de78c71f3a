package sqldb_test

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

func BenchmarkWrite(b *testing.B) {
	addresses := map[string]func(testing.TB) string{"sqlite": sqldbtest.SQLite}
	if os.Getenv(sqldbtest.PostgresVariable) != "" {
		addresses["postgres"] = sqldbtest.Postgres
	}
	for name, fresh := range addresses {
		for _, senders := range []int{1, 32} {
			b.Run(fmt.Sprintf("%s/senders=%d", name, senders), func(b *testing.B) {
				benchmarkWrite(b, open(b, fresh(b)), senders)
			})
		}
	}
}

func benchmarkWrite(b *testing.B, db *sqldb.DB, senders int) {
	data := make([]byte, 800)
	jobs := make(chan struct{})
	var group sync.WaitGroup
	b.ResetTimer()
	for range senders {
		group.Go(func() {
			for range jobs {
				err := db.Write(background, func(tx *sqldb.Tx) error {
					_, err := tx.Exec(`INSERT INTO probe (n, label, data) VALUES ($1, $2, $3)`, tx.NextPosition(), "x", data)
					return err
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	for range b.N {
		jobs <- struct{}{}
	}
	close(jobs)
	group.Wait()
}

func BenchmarkQueryRow(b *testing.B) {
	db := open(b, sqldbtest.SQLite(b))
	require.NoError(b, db.Write(background, func(tx *sqldb.Tx) error { return put(tx, 1, "x") }))
	var label string
	for b.Loop() {
		if err := db.QueryRow(background, `SELECT label FROM probe WHERE n = $1`, int64(1)).Scan(&label); err != nil {
			b.Fatal(err)
		}
	}
}
