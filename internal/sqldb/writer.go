package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxGroup bounds the writes of one transaction, and with it the wait of the first of them.
	maxGroup = 256
	// groupTimeout ends a group on PostgreSQL whose connection hangs. SQLite's calls cannot hang on a network.
	groupTimeout = 2 * time.Minute
)

// The states of a job: a cancelled caller may withdraw it only while it waits.
const (
	waiting = iota
	started
	withdrawn
)

// job is one call of Write.
type job struct {
	fn    func(tx *Tx) error
	state atomic.Int32
	done  chan error
	hooks []func()
}

// Write queues fn for the one writer and returns after the transaction with its effects is committed and all hooks
// have run, or with the error of fn or of the commit, and then none of its effects are there.
//
//   - fn shares its transaction with others. It may run more than once, when one of them fails, so it must set what it
//     captures afresh each time and must have no effect outside tx; such effects belong into [Tx.OnCommit].
//   - When fn returns an error or panics, only this call fails.
//   - fn runs on the writer's goroutine: no network, no waiting, no Write inside.
//   - A ctx that ends withdraws fn if it has not started; after that, Write waits for the outcome regardless of ctx.
//   - ErrBusy: the queue is full. ErrClosed: the database closes.
func (db *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := newJob(fn)
	if err := db.writer.enqueue(db.writer.queue, j); err != nil {
		return err
	}
	return j.outcome(ctx)
}

// WriteSoon is [DB.Write] for what can wait a little and comes often: fn goes with the next transaction that others begin, and gets one of
// its own only when there is none within the given time. On a node with much to write it costs no commit.
func (db *DB) WriteSoon(ctx context.Context, within time.Duration, fn func(tx *Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := newJob(fn)
	if err := db.writer.enqueue(db.writer.company, j); err != nil {
		return err
	}
	alone := time.NewTimer(within)
	defer alone.Stop()
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
	case <-alone.C:
		// Where the queue is full others begin a group soon, and where it is closed all that waits is done.
		_ = db.writer.enqueue(db.writer.queue, j)
	}
	return j.outcome(ctx)
}

func newJob(fn func(tx *Tx) error) *job { return &job{fn: fn, done: make(chan error, 1)} }

// outcome waits for the job, unless ctx ends before it has started.
func (j *job) outcome(ctx context.Context) error {
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		if j.state.CompareAndSwap(waiting, withdrawn) {
			return ctx.Err()
		}
		return <-j.done
	}
}

// writer owns the one writing connection.
type writer struct {
	db    *DB
	pool  *sql.DB // opens the writer's connections; holds none itself
	conn  *sql.Conn
	login login

	groups atomic.Int64 // committed so far

	mu      sync.RWMutex
	closed  bool
	queue   chan *job
	company chan *job     // taken along by groups that jobs of the queue begin
	between chan func()   // run between two groups
	ending  chan struct{} // closed when the database starts to close
	ended   chan struct{}
}

func newWriter(db *DB, pool *sql.DB, login login, queue int) *writer {
	return &writer{
		db: db, pool: pool, login: login,
		queue:   make(chan *job, queue),
		company: make(chan *job, queue),
		between: make(chan func()),
		ending:  make(chan struct{}),
		ended:   make(chan struct{}),
	}
}

func (w *writer) enqueue(queue chan<- *job, j *job) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return ErrClosed
	}
	select {
	case queue <- j:
		return nil
	default:
		return ErrBusy
	}
}

// stop refuses further jobs and waits until those that wait are done.
func (w *writer) stop() {
	w.mu.Lock()
	w.closed = true
	close(w.queue)
	close(w.company)
	close(w.ending)
	w.mu.Unlock()
	<-w.ended
}

func (w *writer) release() error {
	w.discard()
	return w.pool.Close()
}

// pause runs fn between two groups, when no transaction is open, and waits for it. It returns false when the
// database closes instead.
func (w *writer) pause(fn func()) bool {
	done := make(chan struct{})
	select {
	case w.between <- func() { defer close(done); fn() }:
		<-done
		return true
	case <-w.ending:
		return false
	}
}

// run takes everything that waits, again and again. Nobody is kept waiting for company: a lone job commits at once,
// and those who come during its commit form the next group.
func (w *writer) run() {
	defer close(w.ended)
	for {
		select {
		case fn := <-w.between:
			w.db.guard("pause of the writer", fn)
		case j, ok := <-w.queue:
			if !ok {
				w.runCompany()
				return
			}
			w.runGroup(w.collect(j))
		}
	}
}

// runCompany ends what waited for company when the queue was closed.
func (w *writer) runCompany() {
	for j := range w.company {
		w.runGroup(w.collect(j))
	}
}

// collect adds what waits behind the first job, and whoever waits for company, and leaves out what was withdrawn.
func (w *writer) collect(first *job) []*job {
	var jobs []*job
	if first.state.CompareAndSwap(waiting, started) {
		jobs = append(jobs, first)
	}
	jobs = take(jobs, w.queue)
	if len(jobs) == 0 {
		return nil
	}
	return take(jobs, w.company)
}

// take adds what waits in a queue, as far as there is room in a group.
func take(jobs []*job, queue <-chan *job) []*job {
	for len(jobs) < maxGroup {
		select {
		case j, ok := <-queue:
			if !ok {
				return jobs
			}
			if j.state.CompareAndSwap(waiting, started) {
				jobs = append(jobs, j)
			}
		default:
			return jobs
		}
	}
	return jobs
}

// runGroup commits the jobs together; if that fails, each alone.
func (w *writer) runGroup(jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	result := w.attempt(jobs)
	if result.err == nil || result.final || (len(jobs) == 1 && !result.lost) {
		w.answer(jobs, result)
		return
	}
	w.db.metrics.reruns.Inc()
	for i := range jobs {
		result := w.attempt(jobs[i : i+1])
		if result.final {
			w.answer(jobs[i:], result)
			return
		}
		w.answer(jobs[i:i+1], result)
	}
}

// answer runs the hooks of a committed group, announces it and lets the callers go.
func (w *writer) answer(jobs []*job, result outcome) {
	if result.err == nil {
		for _, j := range jobs {
			for _, hook := range j.hooks {
				w.db.guard("commit hook", hook)
			}
		}
		w.db.announce(result.position)
	}
	for _, j := range jobs {
		j.done <- result.err
	}
}

// outcome of one transaction.
type outcome struct {
	err      error
	position int64 // the last position given, when err is nil
	lost     bool  // the connection was lost before COMMIT; nothing is there
	final    bool  // trying again would be wrong (the outcome is unknown) or in vain (there is no connection)
}

// attempt runs the jobs in one transaction.
func (w *writer) attempt(jobs []*job) outcome {
	ctx, cancel := w.groupContext()
	defer cancel()
	start := time.Now()
	if err := w.begin(ctx); err != nil {
		return outcome{err: fmt.Errorf("beginning a write: %w", err), final: true}
	}
	g := &group{writer: w, ctx: ctx, last: w.db.position.Load()}
	for _, j := range jobs {
		if err := g.runJob(j); err != nil {
			return outcome{err: err, lost: !w.rollback(ctx)}
		}
	}
	result := w.commit(g)
	if result.err == nil {
		w.groups.Add(1)
		w.db.metrics.groupSize.Observe(float64(len(jobs)))
		w.db.metrics.commitSeconds.Observe(time.Since(start).Seconds())
	}
	return result
}

// groupContext is the writer's own: no caller's.
func (w *writer) groupContext() (context.Context, context.CancelFunc) {
	if w.db.dialect == SQLite {
		// Without Done the driver needs no goroutine for each statement.
		return context.Background(), func() {}
	}
	return context.WithTimeout(context.Background(), groupTimeout)
}

// runJob runs one job inside the group's transaction.
func (g *group) runJob(j *job) (err error) {
	j.hooks = nil
	tx := &Tx{group: g, job: j}
	defer func() {
		tx.ended = true
		if r := recover(); r != nil {
			g.writer.db.logger.WithField("panic", fmt.Sprint(r)).WithField("stack", stack()).Error("panic in a write")
			err = fmt.Errorf("panic in a write: %v", r)
		}
	}()
	return j.fn(tx)
}

func stack() string { return string(debug.Stack()) }
