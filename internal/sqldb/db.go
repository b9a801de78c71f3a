package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
)

// Options say which database to open and how. Zero values take the defaults.
type Options struct {
	// URL is "sqlite:///absolute/path.db", "sqlite:relative.db" or "postgres://…".
	URL string
	// MaxReaders bounds the connections that read at the same time; 8 by default.
	MaxReaders int
	// ReadTimeout bounds each read whose context has no earlier deadline; 30 seconds by default.
	ReadTimeout time.Duration
	// MaxQueue bounds the writes that wait; 4096 by default. More are refused with ErrBusy.
	MaxQueue int
	// Logger takes what happens outside of any call; the standard logger by default.
	Logger *logrus.Entry
	// Registerer takes the metrics; nil for none.
	Registerer prometheus.Registerer
}

func (o Options) withDefaults() Options {
	if o.MaxReaders <= 0 {
		o.MaxReaders = 8
	}
	if o.ReadTimeout <= 0 {
		o.ReadTimeout = 30 * time.Second
	}
	if o.MaxQueue <= 0 {
		o.MaxQueue = 4096
	}
	if o.Logger == nil {
		o.Logger = logrus.NewEntry(logrus.StandardLogger())
	}
	return o
}

// DB is an open database. All methods are safe for concurrent use.
type DB struct {
	dialect     Dialect
	logger      *logrus.Entry
	metrics     *metrics
	texts       *texts
	readers     *sql.DB
	maxReaders  int
	readTimeout time.Duration
	writer      *writer
	lite        *liteFiles // nil on PostgreSQL

	position atomic.Int64
	slot     deadlineSlot

	idsMu sync.Mutex
	ids   map[string]*IDs

	callbacksMu sync.Mutex
	callbacks   []func(position int64)

	closeOnce sync.Once
	closeErr  error
}

// Open opens the database, refuses it when another process has it open (ErrInUse) or when a newer program has
// migrated it (ErrNewer), applies the migrations that are missing and loads the position counter. ctx bounds only
// the opening.
func Open(ctx context.Context, o Options) (*DB, error) {
	o = o.withDefaults()
	db := &DB{logger: o.Logger, readTimeout: o.ReadTimeout, maxReaders: o.MaxReaders, metrics: newMetrics(), ids: map[string]*IDs{}}
	var err error
	switch {
	case strings.HasPrefix(o.URL, "sqlite:"):
		err = db.openSQLite(ctx, o)
	case strings.HasPrefix(o.URL, "postgres://"), strings.HasPrefix(o.URL, "postgresql://"):
		err = db.openPostgres(ctx, o)
	default:
		err = fmt.Errorf("opening the database: its URL must start with sqlite: or postgres://")
	}
	if err != nil {
		return nil, err
	}
	if err := db.start(ctx, o); err != nil {
		db.release()
		return nil, err
	}
	return db, nil
}

// start migrates, loads what memory needs and starts the writer.
func (db *DB) start(ctx context.Context, o Options) error {
	if err := db.metrics.register(o.Registerer, db); err != nil {
		return fmt.Errorf("registering database metrics: %w", err)
	}
	if err := db.writer.ensure(ctx); err != nil {
		return err
	}
	if err := migrate(ctx, db.dialect, db.writer.pool); err != nil {
		return err
	}
	if err := db.load(ctx); err != nil {
		return fmt.Errorf("loading the position counter: %w", err)
	}
	go db.writer.run()
	if db.lite != nil {
		db.lite.start(db.writer)
	}
	return nil
}

// load reads the counter and the reserved identities through the writer's own connection.
func (db *DB) load(ctx context.Context) error {
	row := db.writer.conn.QueryRowContext(ctx, "SELECT position FROM stream_counter WHERE id = 1")
	var position int64
	if err := row.Scan(&position); err != nil {
		return err
	}
	db.position.Store(position)
	rows, err := db.writer.conn.QueryContext(ctx, "SELECT name, next FROM id_blocks")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		var next int64
		if err := rows.Scan(&name, &next); err != nil {
			return err
		}
		db.ids[name] = newIDs(name, next)
	}
	return rows.Err()
}

// Close refuses new writes, waits for those that are queued, checkpoints and closes. Further calls return the same
// error.
func (db *DB) Close() error {
	db.closeOnce.Do(func() {
		db.writer.stop()
		db.closeErr = db.release()
	})
	return db.closeErr
}

// release closes files and connections after the writer has ended or before it was started.
func (db *DB) release() error {
	db.slot.close()
	err := db.readers.Close()
	if db.lite != nil {
		db.lite.stop()
	}
	if werr := db.writer.release(); err == nil {
		err = werr
	}
	if db.lite != nil {
		if lerr := db.lite.release(); err == nil {
			err = lerr
		}
	}
	db.metrics.unregister()
	if err != nil {
		return fmt.Errorf("closing the database: %w", err)
	}
	return nil
}

// Dialect tells which database this is. Only packages that need to say so (status pages, tests) should ask.
func (db *DB) Dialect() Dialect { return db.dialect }

// Position is the last position that is committed and whose hooks have run.
func (db *DB) Position() int64 { return db.position.Load() }

// OnCommit registers fn to run after each committed group, in order, behind the hooks of the group's own writes and
// before their callers return. position is the last one given, unchanged when the group gave none. Register before
// traffic. fn runs on the writer's goroutine: it must be short and must not write.
func (db *DB) OnCommit(fn func(position int64)) {
	db.callbacksMu.Lock()
	defer db.callbacksMu.Unlock()
	db.callbacks = append(db.callbacks, fn)
}

// announce publishes the position of a committed group.
func (db *DB) announce(position int64) {
	db.position.Store(position)
	db.callbacksMu.Lock()
	callbacks := db.callbacks
	db.callbacksMu.Unlock()
	for _, fn := range callbacks {
		db.guard("commit callback", func() { fn(position) })
	}
}

// guard keeps a panic of a hook from ending the writer: the commit has happened and the others must hear of it.
func (db *DB) guard(what string, fn func()) {
	defer func() {
		if r := recover(); r != nil {
			db.logger.WithField("panic", fmt.Sprint(r)).WithField("stack", stack()).Error("panic in a " + what)
		}
	}()
	fn()
}
