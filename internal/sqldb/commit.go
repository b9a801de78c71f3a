package sqldb

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"
)

const (
	// reopenTimeout bounds how long a write waits for a lost connection to come back.
	reopenTimeout = 10 * time.Second
	// lookupPause is the pause between two attempts to find out what became of a COMMIT.
	lookupPause = 500 * time.Millisecond
)

// login prepares a fresh writing connection, e.g. takes the lock that keeps other processes out.
type login func(ctx context.Context, conn *sql.Conn) error

// ensure opens the writer's connection if there is none.
func (w *writer) ensure(ctx context.Context) error {
	if w.conn != nil {
		return nil
	}
	conn, err := w.pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connecting to the database: %w", err)
	}
	if w.login != nil {
		if err := w.login(ctx, conn); err != nil {
			conn.Close()
			return err
		}
	}
	w.conn = conn
	return nil
}

// discard closes the writer's connection; the next group opens another.
func (w *writer) discard() {
	if w.conn == nil {
		return
	}
	w.conn.Close() // the pool keeps no idle connections: this closes it
	w.conn = nil
}

// begin starts the transaction; on a connection that died while idle, on a fresh one.
func (w *writer) begin(ctx context.Context) error {
	if w.db.dialect == Postgres {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, reopenTimeout)
		defer cancel()
	}
	var err error
	for range 2 {
		if err = w.ensure(ctx); err != nil {
			continue
		}
		statement := "BEGIN"
		if w.db.dialect == SQLite {
			statement = "BEGIN IMMEDIATE"
		}
		if _, err = w.conn.ExecContext(ctx, statement); err == nil {
			return nil
		}
		if w.db.dialect == SQLite && w.rollback(ctx) {
			return err
		}
		w.discard()
	}
	return err
}

// rollback ends the transaction without effects. It returns false if the connection had to be given up, which also
// ends it.
func (w *writer) rollback(ctx context.Context) bool {
	_, err := w.conn.ExecContext(ctx, "ROLLBACK")
	if err == nil || w.outsideTransaction() {
		return true
	}
	w.discard()
	return false
}

// outsideTransaction tells whether SQLite has rolled back by itself, as it does when the disk is full.
func (w *writer) outsideTransaction() bool {
	outside := false
	w.conn.Raw(func(driverConn any) error {
		if c, ok := driverConn.(*sqlite3.SQLiteConn); ok {
			outside = c.AutoCommit()
		}
		return nil
	})
	return outside
}

// commit writes the counter and the reserved identities and commits.
func (w *writer) commit(g *group) outcome {
	due := w.db.reservations()
	if err := reserve(g.ctx, w.conn, w.db.texts, due); err != nil {
		return outcome{err: err, lost: !w.rollback(g.ctx)}
	}
	finish := w.commitSQLite
	if w.db.dialect == Postgres {
		finish = w.commitPostgres
	}
	result := finish(g)
	if result.err != nil {
		result.err = fmt.Errorf("committing: %w", result.err)
		return result
	}
	for _, r := range due {
		r.ids.reserved = r.next
	}
	result.position = g.last
	return result
}

// commitSQLite commits; the outcome is always known.
func (w *writer) commitSQLite(g *group) outcome {
	if g.given {
		const update = "UPDATE stream_counter SET position = ?1, commit_mark = ?2 WHERE id = 1"
		if _, err := w.conn.ExecContext(g.ctx, update, g.last, newMark()); err != nil {
			return outcome{err: err, lost: !w.rollback(g.ctx)}
		}
	}
	if _, err := w.conn.ExecContext(g.ctx, "COMMIT"); err != nil {
		return outcome{err: err, lost: !w.rollback(g.ctx)}
	}
	return outcome{}
}

// commitPostgres writes counter and mark and commits in one round trip: the server stops at the first failing
// statement, so that a transaction that is already broken is not taken for committed.
//
// With several processes the counter row would be locked and read here, and the positions filled in; as long as the
// advisory lock keeps the process alone, memory knows the counter.
func (w *writer) commitPostgres(g *group) outcome {
	mark := newMark()
	text := fmt.Sprintf("UPDATE stream_counter SET position = %d, commit_mark = '%s' WHERE id = 1; COMMIT", g.last, mark)
	_, err := w.conn.ExecContext(g.ctx, text)
	if err == nil {
		return outcome{}
	}
	if refused(err) {
		return outcome{err: err, lost: !w.rollback(g.ctx)}
	}
	w.discard()
	w.db.logger.WithError(err).Warn("connection lost during COMMIT, looking up its outcome")
	return w.lookUp(mark, err)
}

// refused tells that the server answered with an error and lives on: the transaction is not committed.
func refused(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.SeverityUnlocalized == "ERROR"
}

// lookUp finds out whether the group with this mark was committed. The new connection's login waits for the end of
// the old session, so the answer is final. It gives up only when the database closes.
func (w *writer) lookUp(mark string, cause error) outcome {
	for {
		found, err := w.readMark()
		if err == nil {
			if found == mark {
				return outcome{}
			}
			return outcome{err: cause, lost: true}
		}
		w.db.logger.WithError(err).Warn("looking up the outcome of a COMMIT failed, trying again")
		select {
		case <-w.ending:
			return outcome{err: fmt.Errorf("%w: %w", ErrOutcomeUnknown, cause), final: true}
		case <-time.After(lookupPause):
		}
	}
}

func (w *writer) readMark() (mark string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), reopenTimeout)
	defer cancel()
	if err := w.ensure(ctx); err != nil {
		return "", err
	}
	row := w.conn.QueryRowContext(ctx, "SELECT commit_mark FROM stream_counter WHERE id = 1")
	if err := row.Scan(&mark); err != nil {
		w.discard()
		return "", err
	}
	return mark, nil
}

func newMark() string {
	var b [12]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
