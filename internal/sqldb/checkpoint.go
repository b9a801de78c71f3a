package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

const (
	// checkpointBytes of write-ahead log are copied into the file beside the writer.
	checkpointBytes = 4 << 20
	// pausedBytes of log make the writer wait for the rest of a checkpoint, so that the log starts again from its
	// beginning: under steady load a checkpoint beside the writer never catches up with it.
	pausedBytes = 32 << 20
	// truncateBytes of log are given back to the disk at once: well over what steady load writes from one look to the next, since a log
	// that is cut off is written anew at the cost of new blocks.
	truncateBytes = 256 << 20
	// checkpointTick is how often the size of the log is looked at.
	checkpointTick = time.Second
	// checkpointIdle without growth empties the log, so that erased content does not linger there, and gives free
	// pages back to the disk and memory to the system.
	checkpointIdle = 30 * time.Second
	// vacuumPages are given back in one pause.
	vacuumPages = 1000
)

// liteFiles looks after the files of a SQLite database: the lock and the write-ahead log.
type liteFiles struct {
	path    string
	lock    *os.File
	pool    *sql.DB // the checkpointer's own connection: it never waits for readers
	metrics *metrics
	logger  *logrus.Entry

	running sync.WaitGroup
	ending  chan struct{}
	end     sync.Once

	seen       int64     // the writer's groups at the last look
	lastChange time.Time // when seen last changed
	tidy       bool      // the log was emptied since
}

func newLiteFiles(path string, lock *os.File, m *metrics, logger *logrus.Entry) *liteFiles {
	pragmas := []string{"busy_timeout = 0", "synchronous = FULL", "secure_delete = ON", "wal_autocheckpoint = 0"}
	pool := sql.OpenDB(liteConnector{liteDSN(path, "rw"), pragmas})
	pool.SetMaxOpenConns(1)
	return &liteFiles{path: path, lock: lock, pool: pool, metrics: m, logger: logger, ending: make(chan struct{})}
}

// start runs the checkpointer until stop.
func (l *liteFiles) start(w *writer) {
	l.lastChange = time.Now()
	l.running.Go(func() {
		tick := time.NewTicker(checkpointTick)
		defer tick.Stop()
		for {
			select {
			case <-l.ending:
				return
			case <-tick.C:
				l.look(w)
			}
		}
	})
}

// halt ends the checkpointer.
func (l *liteFiles) halt() {
	l.end.Do(func() { close(l.ending) })
	l.running.Wait()
}

// stop ends the checkpointer and empties the log; the writer has ended already.
func (l *liteFiles) stop() {
	l.halt()
	if _, err := l.checkpoint("TRUNCATE"); err != nil {
		l.logger.WithError(err).Debug("the write-ahead log stays until the next start")
	}
}

// release closes the last connection and lets other processes in.
func (l *liteFiles) release() error {
	return errors.Join(l.pool.Close(), l.lock.Close())
}

// look checkpoints as the size of the log demands.
func (l *liteFiles) look(w *writer) {
	size := l.walSize()
	l.metrics.walBytes.Set(float64(size))
	if groups := w.groups.Load(); groups != l.seen {
		l.seen, l.lastChange, l.tidy = groups, time.Now(), false
	}
	switch {
	case size >= checkpointBytes && !l.tidy:
		l.reduce(w, size)
	case !l.tidy && time.Since(l.lastChange) >= checkpointIdle:
		w.pause(func() { l.tidyUp(w) })
	}
}

// reduce copies the log into the file, mostly beside the writer.
func (l *liteFiles) reduce(w *writer, size int64) {
	complete, err := l.checkpoint("PASSIVE")
	if err != nil {
		l.logger.WithError(err).Warn("checkpoint failed, the write-ahead log grows")
		return
	}
	if size < pausedBytes || (complete && size < truncateBytes) {
		return
	}
	mode := "PASSIVE"
	if size >= truncateBytes {
		mode = "TRUNCATE"
	}
	w.pause(func() {
		if _, err := l.checkpoint(mode); err != nil {
			l.logger.WithError(err).Warn("checkpoint failed, the write-ahead log grows")
		}
	})
}

// tidyUp gives free pages back and empties the log while nobody writes.
func (l *liteFiles) tidyUp(w *writer) {
	if err := l.vacuum(w); err != nil {
		l.logger.WithError(err).Warn("giving free pages back failed")
	}
	complete, err := l.checkpoint("TRUNCATE")
	if err != nil {
		l.logger.WithError(err).Warn("checkpoint failed, the write-ahead log stays")
	}
	if l.tidy = complete; complete { // else a reader was in the way: at the next look again
		w.db.giveBack()
	}
}

// vacuum gives some free pages back to the disk, on the writer's connection.
func (l *liteFiles) vacuum(w *writer) error {
	if w.conn == nil {
		return nil
	}
	rows, err := w.conn.QueryContext(context.Background(), fmt.Sprintf("PRAGMA incremental_vacuum(%d)", vacuumPages))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() { // each step frees a page
	}
	return rows.Err()
}

// checkpoint copies from the log into the file. complete tells that nothing was left over; readers and the writer
// are never waited for.
func (l *liteFiles) checkpoint(mode string) (complete bool, err error) {
	var busy, frames, copied int64
	row := l.pool.QueryRowContext(context.Background(), "PRAGMA wal_checkpoint("+mode+")")
	if err := row.Scan(&busy, &frames, &copied); err != nil {
		return false, fmt.Errorf("checkpoint: %w", err)
	}
	return busy == 0 && frames == copied, nil
}

func (l *liteFiles) walSize() int64 {
	info, err := os.Stat(l.path + "-wal")
	if err != nil {
		return 0
	}
	return info.Size()
}
