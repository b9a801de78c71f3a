package sqldb

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
)

var background = context.Background()

func quiet() *logrus.Entry {
	logger := logrus.New()
	logger.SetOutput(io.Discard)
	return logrus.NewEntry(logger)
}

func openLite(t *testing.T, path string) *DB {
	db, err := Open(background, Options{URL: "sqlite://" + path, Logger: quiet()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Write(background, func(tx *Tx) error {
		_, err := tx.Exec(`CREATE TABLE IF NOT EXISTS probe (n BIGINT PRIMARY KEY, data BYTEA NOT NULL)`)
		return err
	}))
	return db
}

func fill(db *DB, n int64, size int) error {
	return db.Write(background, func(tx *Tx) error {
		_, err := tx.Exec(`INSERT INTO probe (n, data) VALUES ($1, $2)`, n, make([]byte, size))
		return err
	})
}

func pragma(t *testing.T, db *DB, name string) (value int64) {
	require.NoError(t, db.Write(background, func(tx *Tx) error { return tx.QueryRow("PRAGMA " + name).Scan(&value) }))
	return value
}

func TestSQLiteSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder", "100% strange?#.db")
	db := openLite(t, path)
	require.EqualValues(t, 2, pragma(t, db, "auto_vacuum"), "INCREMENTAL")
	require.EqualValues(t, 2, pragma(t, db, "synchronous"), "FULL")
	require.EqualValues(t, 1, pragma(t, db, "secure_delete"))
	require.EqualValues(t, 1, pragma(t, db, "foreign_keys"))
	require.EqualValues(t, 0, pragma(t, db, "wal_autocheckpoint"))
	require.NoError(t, fill(db, 1, 10))
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(path + suffix)
		require.NoError(t, err)
		require.EqualValues(t, 0o600, info.Mode().Perm(), suffix)
	}
	require.NoError(t, db.Close())
	require.NoFileExists(t, path+"-wal", "Close leaves everything in one file")
}

func TestCheckpointKeepsTheLogSmall(t *testing.T) {
	db := openLite(t, filepath.Join(t.TempDir(), "medix.db"))
	db.lite.halt() // the test looks itself
	for n := range int64(10) {
		require.NoError(t, fill(db, n, 1<<20))
	}
	full := db.lite.walSize()
	require.Greater(t, full, int64(checkpointBytes))
	db.lite.look(db.writer)
	for n := range int64(8) {
		require.NoError(t, fill(db, 100+n, 1<<20))
	}
	require.Equal(t, full, db.lite.walSize(), "after a checkpoint the log starts again from its beginning")

	db.writer.pause(func() { db.lite.tidyUp(db.writer) })
	require.Zero(t, db.lite.walSize())
}

func TestReaderDoesNotStopTheWriterAtACheckpoint(t *testing.T) {
	db := openLite(t, filepath.Join(t.TempDir(), "medix.db"))
	require.NoError(t, fill(db, 1, 5<<20))
	require.NoError(t, db.Read(background, func(q *Snapshot) error {
		var count int
		require.NoError(t, q.QueryRow(`SELECT COUNT(*) FROM probe`).Scan(&count))
		require.NoError(t, fill(db, 2, 5<<20))
		start := time.Now()
		db.lite.reduce(db.writer, truncateBytes)
		require.NoError(t, fill(db, 3, 10))
		require.Less(t, time.Since(start), 5*time.Second, "the writer would have waited as long as it is patient")
		require.NoError(t, q.QueryRow(`SELECT COUNT(*) FROM probe`).Scan(&count))
		require.Equal(t, 1, count)
		return nil
	}))
}

func TestFreePagesAreGivenBack(t *testing.T) {
	db := openLite(t, filepath.Join(t.TempDir(), "medix.db"))
	db.lite.halt() // the test tidies up itself
	for n := range int64(3) {
		require.NoError(t, fill(db, n, 1<<20))
	}
	require.NoError(t, db.Write(background, func(tx *Tx) error {
		_, err := tx.Exec(`DELETE FROM probe`)
		return err
	}))
	free := pragma(t, db, "freelist_count")
	require.Greater(t, free, int64(700))
	db.writer.pause(func() { db.lite.tidyUp(db.writer) })
	require.Less(t, pragma(t, db, "freelist_count"), free-500)
}

// A full disk fails writes with a clear error, leaves reads alone, and is over as soon as there is room.
func TestFullDisk(t *testing.T) {
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=12m"); err != nil {
		t.Skipf("mounting a small disk needs root: %v", err)
	}
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(folder, syscall.MNT_DETACH)) })
	ballast := filepath.Join(folder, "ballast")
	require.NoError(t, os.WriteFile(ballast, make([]byte, 2<<20), 0o600))
	db := openLite(t, filepath.Join(folder, "medix.db"))

	var err error
	stored := int64(0)
	for ; err == nil; stored++ {
		require.Less(t, stored, int64(1000), "the disk is never full")
		err = fill(db, stored, 100<<10)
	}
	stored--
	require.True(t, IsDiskFull(err), "%v", err)
	require.True(t, IsDiskFull(fill(db, 5000, 100<<10)), "still full")
	require.EqualValues(t, stored, count(t, db))

	require.NoError(t, os.Remove(ballast))
	require.NoError(t, fill(db, 6000, 100<<10))
	require.EqualValues(t, stored+1, count(t, db))
	require.EqualValues(t, 0, db.Position())
}

func count(t *testing.T, db *DB) (n int64) {
	require.NoError(t, db.QueryRow(background, `SELECT COUNT(*) FROM probe`).Scan(&n))
	return n
}

func TestHookPanicsDoNotStopTheWriter(t *testing.T) {
	db := openLite(t, filepath.Join(t.TempDir(), "medix.db"))
	db.OnCommit(func(int64) { panic("callback") })
	after := false
	require.NoError(t, db.Write(background, func(tx *Tx) error {
		tx.OnCommit(func() { panic("hook") })
		tx.OnCommit(func() { after = true })
		return nil
	}))
	require.True(t, after)
	require.NoError(t, fill(db, 1, 1))
}

func TestErrorKinds(t *testing.T) {
	for _, err := range []error{nil, errors.New("x"), ErrNoRows} {
		require.False(t, IsConstraint(err))
		require.False(t, IsDiskFull(err))
	}
}

func TestBackupIsConsistentUnderWrites(t *testing.T) {
	folder := t.TempDir()
	db := openLite(t, filepath.Join(folder, "medix.db"))
	write := func() error {
		return db.Write(background, func(tx *Tx) error {
			_, err := tx.Exec(`INSERT INTO probe (n, data) VALUES ($1, $2)`, tx.NextPosition(), make([]byte, 2000))
			return err
		})
	}
	for range 200 {
		require.NoError(t, write())
	}
	stop, stopped := make(chan struct{}), make(chan error)
	go func() {
		for {
			select {
			case <-stop:
				stopped <- nil
				return
			default:
				if err := write(); err != nil {
					stopped <- err
					return
				}
			}
		}
	}()
	path := filepath.Join(folder, "copy.db")
	require.NoError(t, db.Backup(background, path))
	close(stop)
	require.NoError(t, <-stopped)
	require.Error(t, db.Backup(background, path), "an existing file is never overwritten")
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm())

	copied := openLite(t, path)
	require.GreaterOrEqual(t, copied.Position(), int64(200))
	require.Equal(t, copied.Position(), count(t, copied), "rows and counter are of one moment")
	require.EqualValues(t, 2, pragma(t, copied, "auto_vacuum"))
}
