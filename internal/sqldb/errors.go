package sqldb

import (
	"database/sql"
	"errors"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/mattn/go-sqlite3"
)

var (
	// ErrBusy says that the writer's queue is full; the caller answers 429 or 503 and nothing was written.
	ErrBusy = errors.New("the database writer is busy: its queue is full")
	// ErrClosed says that the database is closing; nothing was written.
	ErrClosed = errors.New("the database is closed")
	// ErrInUse says that another process has the database open.
	ErrInUse = errors.New("the database is in use by another process")
	// ErrNewer says that the database was migrated by a newer version of the program.
	ErrNewer = errors.New("the database was written by a newer version of this program")
	// ErrOutcomeUnknown says that the connection was lost during COMMIT and that the database was closed before the
	// outcome could be looked up: the write may or may not be there.
	ErrOutcomeUnknown = errors.New("the outcome of the commit is not known")
	// ErrNoRows is [sql.ErrNoRows].
	ErrNoRows = sql.ErrNoRows
)

// IsConstraint reports whether err is the violation of a constraint (unique, primary key, foreign key, not null,
// check) on either database.
func IsConstraint(err error) bool {
	var lite sqlite3.Error
	if errors.As(err, &lite) {
		return lite.Code == sqlite3.ErrConstraint
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && len(pg.Code) == 5 && pg.Code[:2] == "23"
}

// IsDiskFull reports whether err says that the database has no room left on its disk (or its quota or file size
// limit is reached). Reads still work, and writes work again as soon as there is room.
func IsDiskFull(err error) bool {
	var lite sqlite3.Error
	if errors.As(err, &lite) {
		if lite.Code == sqlite3.ErrFull {
			return true
		}
		switch lite.SystemErrno {
		case syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG:
			return lite.Code == sqlite3.ErrIoErr
		}
		return false
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "53100"
}

// IsUnstorableText reports whether err says that an argument held a text with NUL, which PostgreSQL does not take. No row
// can have such a text, so whoever asked for one asked for nothing.
func IsUnstorableText(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "22021"
}
