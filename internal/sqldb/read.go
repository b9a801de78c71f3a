package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"
)

// Querier is what reads inside a transaction have in common: [*Tx] and [*Snapshot].
type Querier interface {
	Query(query string, args ...any) (*sql.Rows, error)
	QueryRow(query string, args ...any) *sql.Row
}

// Query runs one read on the pool of read-only connections. It ends with ctx, at the latest after
// Options.ReadTimeout; the caller closes the rows.
func (db *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	query, args = db.texts.prepare(query, args)
	return db.readers.QueryContext(db.deadline(ctx), query, args...)
}

// QueryRow is Query for at most one row; Scan returns ErrNoRows when there is none.
func (db *DB) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	query, args = db.texts.prepare(query, args)
	return db.readers.QueryRowContext(db.deadline(ctx), query, args...)
}

// Read runs fn with a consistent snapshot: all its reads see the same committed state, however many writes happen
// meanwhile. The snapshot holds one of the few reading connections and, on SQLite, keeps the write-ahead log from
// being emptied, so fn should be short.
func (db *DB) Read(ctx context.Context, fn func(q *Snapshot) error) error {
	ctx, cancel := context.WithTimeout(ctx, db.readTimeout)
	defer cancel()
	options := &sql.TxOptions{}
	if db.dialect == Postgres {
		options.Isolation, options.ReadOnly = sql.LevelRepeatableRead, true
	}
	tx, err := db.readers.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("starting a read: %w", err)
	}
	defer tx.Rollback() // there is nothing to commit
	return fn(&Snapshot{db: db, ctx: ctx, tx: tx})
}

// Snapshot reads one consistent state; see [DB.Read]. It is not safe for concurrent use and ends with the function
// that it was given to.
type Snapshot struct {
	db  *DB
	ctx context.Context
	tx  *sql.Tx
}

// Query reads rows, which must be closed before the next call.
func (s *Snapshot) Query(query string, args ...any) (*sql.Rows, error) {
	query, args = s.db.texts.prepare(query, args)
	return s.tx.QueryContext(s.ctx, query, args...)
}

// QueryRow reads at most one row.
func (s *Snapshot) QueryRow(query string, args ...any) *sql.Row {
	query, args = s.db.texts.prepare(query, args)
	return s.tx.QueryRowContext(s.ctx, query, args...)
}

// deadline bounds a read whose rows outlive the call, so that nobody could cancel a context of its own in time.
func (db *DB) deadline(ctx context.Context) context.Context {
	if at, ok := ctx.Deadline(); ok && time.Until(at) <= db.readTimeout {
		return ctx
	}
	if ctx.Done() == nil {
		return db.slot.context(db.readTimeout)
	}
	// Released with the caller's own context or by its timer, whichever comes first.
	bounded, cancel := context.WithTimeout(ctx, db.readTimeout)
	_ = cancel
	return bounded
}

// deadlineSlot shares one deadline among all reads that start within a second and whose callers cannot be cancelled:
// a timer for each of them would live on long after the read.
type deadlineSlot struct {
	mu     sync.Mutex
	ctx    context.Context
	cancel context.CancelFunc
	born   time.Time
}

func (s *deadlineSlot) context(timeout time.Duration) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); s.ctx == nil || now.Sub(s.born) > time.Second || now.Sub(s.born) > timeout/4 {
		// The earlier slot ends by its own timer; reads may still be under way in it.
		s.ctx, s.cancel = context.WithTimeout(context.Background(), timeout)
		s.born = now
	}
	return s.ctx
}

func (s *deadlineSlot) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil {
		s.cancel()
	}
}
