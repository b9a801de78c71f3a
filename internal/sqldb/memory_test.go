package sqldb

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadersThatAreNotNeededAreClosedAndComeBack(t *testing.T) {
	db := openLite(t, filepath.Join(t.TempDir(), "a.db"))
	readTogether := func() {
		var readers, all sync.WaitGroup
		all.Add(4)
		for range 4 {
			readers.Go(func() {
				err := db.Read(background, func(q *Snapshot) error {
					all.Done()
					all.Wait()
					var one int
					return q.QueryRow("SELECT 1").Scan(&one)
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		readers.Wait()
	}
	readTogether()
	require.Equal(t, 4, db.readers.Stats().OpenConnections)
	db.GiveBack()
	require.Equal(t, idleReaders, db.readers.Stats().OpenConnections)
	require.NoError(t, db.Write(background, func(tx *Tx) error { return nil }))
	readTogether()
	require.Equal(t, 4, db.readers.Stats().OpenConnections)
}
