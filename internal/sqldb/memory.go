package sqldb

import (
	"context"
	"fmt"
)

// GiveBack returns memory to the system that a start or a busy time has left: on SQLite, pages that the connections keep,
// and connections. The database does so itself when nobody has written for half a minute. What is asked for next is read
// from the file again.
func (db *DB) GiveBack() {
	if db.lite != nil {
		db.writer.pause(db.giveBack)
	}
}

// giveBack runs between two groups of the writer.
func (db *DB) giveBack() {
	db.readers.SetMaxIdleConns(idleReaders)
	db.readers.SetMaxIdleConns(db.maxReaders)
	if err := db.writer.shrink(); err != nil {
		db.logger.WithError(err).Warn("giving memory back failed")
	}
	trim()
}

// idleReaders outlive a quiet moment, so that the first read after it need not open one.
const idleReaders = 1

// shrink frees the pages that the writer keeps, as much as 64 MB.
func (w *writer) shrink() error {
	if w.conn == nil {
		return nil
	}
	if _, err := w.conn.ExecContext(context.Background(), "PRAGMA shrink_memory"); err != nil {
		return fmt.Errorf("shrinking the writer's memory: %w", err)
	}
	return nil
}
