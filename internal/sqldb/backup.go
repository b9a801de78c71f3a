package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
)

// Backup writes a consistent copy of a SQLite database, as of one moment, into a new file readable by its owner only.
// Writes go on meanwhile; the write-ahead log cannot shrink before the copy is complete. An unfinished copy is
// removed. PostgreSQL has its own tools: pg_dump.
func (db *DB) Backup(ctx context.Context, path string) error {
	if db.lite == nil {
		return errors.New("backing up the database: use pg_dump for PostgreSQL")
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("backing up the database: %w", err)
	}
	file.Close()
	if err := db.lite.copyTo(ctx, path); err != nil {
		os.Remove(path)
		return fmt.Errorf("backing up the database: %w", err)
	}
	return nil
}

// copyTo copies on a connection of its own, so that neither the writer nor the checkpointer waits.
func (l *liteFiles) copyTo(ctx context.Context, path string) error {
	pool := sql.OpenDB(liteConnector{liteDSN(l.path, "rw"), []string{"busy_timeout = 5000", "wal_autocheckpoint = 0"}})
	defer pool.Close()
	if _, err := pool.ExecContext(ctx, "VACUUM INTO ?1", path); err != nil {
		return err
	}
	return syncFile(path)
}

func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	return file.Sync()
}
