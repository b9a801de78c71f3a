package sqldb

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// group is one transaction of the writer.
type group struct {
	writer *writer
	ctx    context.Context
	last   int64 // the last position given
	given  bool
}

// Tx is one caller's part of the writer's transaction; see [DB.Write]. It is not safe for concurrent use and ends
// with the function that it was given to. Its statements run under the writer's context, never a caller's.
type Tx struct {
	group *group
	job   *job
	ended bool
}

// Exec runs a statement. After an error the function must return it: PostgreSQL accepts nothing more in this
// transaction.
func (tx *Tx) Exec(query string, args ...any) (sql.Result, error) {
	if tx.ended {
		return nil, sql.ErrTxDone
	}
	query, args = tx.group.writer.db.texts.prepare(query, args)
	return tx.group.writer.conn.ExecContext(tx.group.ctx, query, args...)
}

// Query reads rows, among them what this transaction has written. They must be closed before the next statement.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	if tx.ended {
		return nil, sql.ErrTxDone
	}
	query, args = tx.group.writer.db.texts.prepare(query, args)
	return tx.group.writer.conn.QueryContext(tx.group.ctx, query, args...)
}

// QueryRow reads at most one row; the row must be scanned.
func (tx *Tx) QueryRow(query string, args ...any) *sql.Row {
	query, args = tx.group.writer.db.texts.prepare(query, args)
	ctx := tx.group.ctx
	if tx.ended {
		ctx = endedContext
	}
	return tx.group.writer.conn.QueryRowContext(ctx, query, args...)
}

// endedContext makes QueryRow fail after the end of its transaction, since a Row can only carry the driver's error.
var endedContext = func() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(sql.ErrTxDone)
	return ctx
}()

// manyBatch bounds the statements that are under way to PostgreSQL at a time.
const manyBatch = 512

// ExecMany runs one statement for each row of arguments. On PostgreSQL they travel together, without waiting for
// each answer; on SQLite the prepared statement is used again.
func (tx *Tx) ExecMany(query string, rows [][]any) error {
	if tx.ended {
		return sql.ErrTxDone
	}
	w := tx.group.writer
	if w.db.dialect == Postgres && len(rows) > 1 {
		return w.conn.Raw(func(driverConn any) error {
			return pipeline(tx.group.ctx, driverConn.(*stdlib.Conn).Conn(), w.db.texts, query, rows)
		})
	}
	for _, row := range rows {
		if _, err := tx.Exec(query, row...); err != nil {
			return err
		}
	}
	return nil
}

func pipeline(ctx context.Context, conn *pgx.Conn, t *texts, query string, rows [][]any) error {
	for len(rows) > 0 {
		n := min(len(rows), manyBatch)
		batch := &pgx.Batch{}
		for _, row := range rows[:n] {
			batch.Queue(query, t.arguments(row)...)
		}
		if err := conn.SendBatch(ctx, batch).Close(); err != nil {
			return fmt.Errorf("running a batch: %w", err)
		}
		rows = rows[n:]
	}
	return nil
}

// NextPosition gives the next position of the stream. Positions are gapless and in the order of commits; one that
// was given in a transaction that fails is given again.
func (tx *Tx) NextPosition() int64 {
	tx.group.given = true
	tx.group.last++
	return tx.group.last
}

// OnCommit registers fn to run after the commit, in the order of the group's writes, before Write returns and before
// the callbacks of [DB.OnCommit]. It does not run if the write fails. fn must be short and must not write.
func (tx *Tx) OnCommit(fn func()) {
	tx.job.hooks = append(tx.job.hooks, fn)
}
