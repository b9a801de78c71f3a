package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/mattn/go-sqlite3"
)

// Settings of every connection, in this order: auto_vacuum counts only before the first page is written.
//
//   - synchronous=FULL: a commit is on disk before Write returns, also after a power loss.
//   - secure_delete=ON: what was erased is overwritten, not merely unlinked (FAST would leave it in free pages).
//   - foreign_keys=ON: as on PostgreSQL.
//   - wal_autocheckpoint=0: the checkpointer does it beside the writer instead of inside a commit.
var (
	writerPragmas = []string{
		"busy_timeout = 5000",
		"auto_vacuum = INCREMENTAL",
		"journal_mode = WAL",
		"synchronous = FULL",
		"secure_delete = ON",
		"foreign_keys = ON",
		"wal_autocheckpoint = 0",
		"cache_size = -65536",
		"temp_store = MEMORY",
	}
	readerPragmas = []string{
		"busy_timeout = 5000",
		"query_only = ON",
		"cache_size = -8192",
		"temp_store = MEMORY",
	}
)

// statementCache is the number of prepared statements that the driver keeps for each connection.
const statementCache = 256

// liteConnector opens connections with our settings, without a driver name in the global registry.
type liteConnector struct {
	dsn     string
	pragmas []string
}

func (c liteConnector) Driver() driver.Driver { return &sqlite3.SQLiteDriver{} }

func (c liteConnector) Connect(context.Context) (driver.Conn, error) {
	d := &sqlite3.SQLiteDriver{ConnectHook: func(conn *sqlite3.SQLiteConn) error {
		for _, pragma := range c.pragmas {
			if _, err := conn.Exec("PRAGMA "+pragma, nil); err != nil {
				return fmt.Errorf("setting %s: %w", pragma, err)
			}
		}
		return nil
	}}
	return d.Open(c.dsn)
}

// litePath takes the path from "sqlite:///absolute" or "sqlite:relative".
func litePath(address string) (string, error) {
	path := strings.TrimPrefix(address, "sqlite:")
	path = strings.TrimPrefix(path, "//")
	if path == "" || strings.HasPrefix(path, ":memory:") {
		return "", fmt.Errorf("opening the database: %q names no file", address)
	}
	return path, nil
}

func liteDSN(path, mode string) string {
	return fmt.Sprintf("file:%s?mode=%s&_stmt_cache_size=%d", (&url.URL{Path: path}).EscapedPath(), mode, statementCache)
}

// openSQLite locks and creates the file and prepares the connections.
func (db *DB) openSQLite(ctx context.Context, o Options) error {
	path, err := litePath(o.URL)
	if err != nil {
		return err
	}
	if path, err = filepath.Abs(path); err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	lock, err := lockFile(path)
	if err != nil {
		return err
	}
	if err := createFile(path); err != nil {
		lock.Close()
		return err
	}
	db.dialect = SQLite
	db.texts = &texts{dialect: SQLite, known: map[string]string{}}
	pool := sql.OpenDB(liteConnector{liteDSN(path, "rw"), writerPragmas})
	pool.SetMaxIdleConns(-1)
	db.writer = newWriter(db, pool, nil, o.MaxQueue)
	db.readers = sql.OpenDB(liteConnector{liteDSN(path, "ro"), readerPragmas})
	db.readers.SetMaxOpenConns(o.MaxReaders)
	db.readers.SetMaxIdleConns(o.MaxReaders)
	db.lite = newLiteFiles(path, lock, db.metrics, db.logger)
	return nil
}

// lockFile keeps a second process out. The lock lives as long as the process, whatever ends it.
func lockFile(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("creating the folder of the database: %w", err)
	}
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock of the database: %w", err)
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return lock, nil
	}
	lock.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("%w: %s", ErrInUse, path)
	}
	return nil, fmt.Errorf("locking the database %s: %w", path, err)
}

// createFile makes the file before SQLite does, readable by its owner only; the log beside it inherits the mode.
func createFile(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("creating the database: %w", err)
	}
	defer file.Close()
	if err := file.Chmod(0o600); err != nil {
		return fmt.Errorf("protecting the database: %w", err)
	}
	return nil
}
