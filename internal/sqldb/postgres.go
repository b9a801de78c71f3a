package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"medixchange/internal/pace"
)

const (
	// processLock is the advisory lock of the one process that writes; advisory locks are per database.
	processLock int64 = 0x6d65646978 // "medix"
	// processLockWait covers the moment in which the server notices that the previous process has died.
	processLockWait = 5 * time.Second
)

// openPostgres prepares the connections: read-only ones, and those of the writer.
func (db *DB) openPostgres(ctx context.Context, o Options) error {
	reading, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	writing := reading.Copy()
	reading.RuntimeParams["default_transaction_read_only"] = "on"
	reading.RuntimeParams["statement_timeout"] = strconv.FormatInt(o.ReadTimeout.Milliseconds(), 10)
	writing.RuntimeParams["synchronous_commit"] = "on"
	for _, config := range []*pgx.ConnConfig{reading, writing} {
		if config.ConnectTimeout == 0 {
			config.ConnectTimeout = reopenTimeout
		}
		if config.RuntimeParams["application_name"] == "" {
			config.RuntimeParams["application_name"] = "medix"
		}
	}
	db.dialect = Postgres
	db.texts = &texts{dialect: Postgres}
	pool := stdlib.OpenDB(*writing)
	pool.SetMaxIdleConns(-1)
	login := &postgresLogin{}
	db.writer = newWriter(db, pool, login.login, o.MaxQueue)
	db.readers = stdlib.OpenDB(*reading)
	db.readers.SetMaxOpenConns(o.MaxReaders)
	db.readers.SetMaxIdleConns(o.MaxReaders)
	return db.checkPostgres(ctx)
}

// checkPostgres refuses a database whose texts could not hold ours and warns of one that sorts otherwise.
func (db *DB) checkPostgres(ctx context.Context) error {
	const query = `SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database WHERE datname = current_database()`
	var encoding, collation string
	if err := db.readers.QueryRowContext(ctx, query).Scan(&encoding, &collation); err != nil {
		db.release()
		return fmt.Errorf("connecting to the database: %w", err)
	}
	if encoding != "UTF8" {
		db.release()
		return fmt.Errorf("opening the database: its encoding is %s, it must be UTF8", encoding)
	}
	if collation != "C" && collation != "POSIX" && collation != "C.UTF-8" && collation != "C.utf8" {
		db.logger.WithField("collation", collation).Warn("the database should be created with LC_COLLATE 'C', so that texts sort by bytes")
	}
	return nil
}

// postgresLogin takes the process lock on each connection of the writer.
type postgresLogin struct {
	previous int // the backend of the connection before, which may still hold the lock
}

// login waits for the lock. When it returns nil, the session before has ended, and what it left open is decided.
func (p *postgresLogin) login(ctx context.Context, conn *sql.Conn) error {
	deadline := time.Now().Add(processLockWait)
	for {
		var locked bool
		var backend int
		row := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1), pg_backend_pid()", processLock)
		if err := row.Scan(&locked, &backend); err != nil {
			return fmt.Errorf("locking the database: %w", err)
		}
		if locked {
			p.previous = backend
			return nil
		}
		if err := p.endPrevious(ctx, conn); err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%w: it holds the advisory lock %d", ErrInUse, processLock)
		}
		if !pace.Pause(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// endPrevious ends our own earlier session, whose connection is lost without the server knowing yet. The look into
// the held locks keeps it from hitting another session that has got the same number.
func (p *postgresLogin) endPrevious(ctx context.Context, conn *sql.Conn) error {
	if p.previous == 0 {
		return nil
	}
	const end = `SELECT pg_terminate_backend(pid) FROM pg_locks
		WHERE locktype = 'advisory' AND pid = $1 AND classid::bigint = $2 AND objid::bigint = $3
		  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`
	if _, err := conn.ExecContext(ctx, end, p.previous, processLock>>32, processLock&0xffffffff); err != nil {
		return fmt.Errorf("ending the lost session: %w", err)
	}
	return nil
}
