package rooms

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"medixchange/internal/sqldb"
	"medixchange/internal/stackroom"
	"medixchange/rooms/resolve"
)

// Bounds of a room's work. A batch takes what waits, local requests first, so that one commit serves many; what other
// servers sent is taken for one slice of time, so that a long merge does not hold up a local user for longer.
const (
	laneSize    = 512                   // tasks that may wait in each lane; more are refused with ErrBusy
	batchTasks  = 64                    // local tasks in a batch
	batchEvents = 128                   // events after which a batch takes no further task
	remoteSlice = 20 * time.Millisecond // of work for the remote lane in one batch
	loopTimeout = 30 * time.Second      // of one database read within the loop
	staleTries  = 3                     // how often a batch is made anew when the room changed elsewhere
)

// room is a room in memory. The fields below loop belong to the goroutine that works on it, of which there is at most one
// and, while nothing waits, none: an idle room costs the memory of its state until it is evicted.
type room struct {
	r        *Rooms
	nid      int64
	id       string
	format   *format
	snapshot atomic.Pointer[Snapshot]
	used     atomic.Int64 // Unix seconds of the last use

	mu      sync.Mutex // guards the next fields and sending to the lanes
	running bool
	gone    bool // evicted: whoever holds it gets the room anew
	local   []*task
	remote  []*task

	// loop
	st       roomState
	epoch    int64
	reload   bool // what is in memory may differ from the database
	resolver *resolve.Resolver
	batch    *batch // in work, for the resolver
}

// task is work on a room. run adds to the batch or refuses; nothing of a refused task stays. It may run more than once and
// must set what it captures afresh. finish is called once, after the commit or with the error.
type task struct {
	run    func(b *batch) error
	finish func(err error)
}

var errGone = errors.New("the room was evicted")

// submit puts a task into a lane and sees to it that someone works. ErrBusy: the lane is full.
func (rm *room) submit(t *task, remote bool) error {
	rm.mu.Lock()
	defer rm.mu.Unlock()
	if rm.gone {
		return errGone
	}
	lane := &rm.local
	if remote {
		lane = &rm.remote
	}
	if len(*lane) >= laneSize {
		return fmt.Errorf("room %s: %w", rm.id, ErrBusy)
	}
	if !rm.running {
		if !rm.r.active.begin() {
			return fmt.Errorf("the node is stopping: %w", ErrBusy)
		}
		rm.running = true
		go rm.loop()
	}
	*lane = append(*lane, t)
	return nil
}

// do runs a task in the room and waits for its commit. If ctx ends first the task goes on without its caller, who then may
// not touch what the task writes: results are no named results.
func (r *Rooms) do(ctx context.Context, roomID string, remote bool, run func(b *batch) error) error {
	done, err := r.start(ctx, roomID, remote, run)
	if err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// start gives a task to the room; done tells once it is committed or refused. ctx bounds only the loading of the room.
func (r *Rooms) start(ctx context.Context, roomID string, remote bool, run func(b *batch) error) (done <-chan error, err error) {
	for {
		rm, err := r.active.get(ctx, roomID)
		if err != nil {
			return nil, err
		}
		done := make(chan error, 1)
		err = rm.submit(&task{run: run, finish: func(err error) { done <- err }}, remote)
		if errors.Is(err, errGone) {
			continue
		}
		return done, err
	}
}

// loop works until nothing waits.
func (rm *room) loop() {
	stackroom.Take()
	defer rm.r.active.end()
	for {
		rm.work()
		rm.mu.Lock()
		if len(rm.local) == 0 && len(rm.remote) == 0 {
			rm.running = false
			rm.mu.Unlock()
			return
		}
		rm.mu.Unlock()
	}
}

// work makes and commits one batch.
func (rm *room) work() {
	b, done, err := rm.gather()
	for try := 1; err == nil && !b.empty(); try++ {
		err = rm.commit(b)
		if !errors.Is(err, errStale) || try == staleTries {
			break
		}
		b, done, err = rm.again(done)
	}
	if errors.Is(err, sqldb.ErrBusy) {
		err = fmt.Errorf("room %s: the database is busy: %w", rm.id, ErrBusy)
	}
	for _, t := range done {
		t.finish(err)
	}
}

// gather takes tasks into a new batch. It finishes those that are refused and returns the others.
func (rm *room) gather() (*batch, []*task, error) {
	if err := rm.fresh(); err != nil {
		return nil, rm.takeAll(), err
	}
	b := newBatch(rm)
	var done []*task
	for n := 0; n < batchTasks && len(b.admitted) < batchEvents; n++ {
		t := rm.take(&rm.local)
		if t == nil {
			break
		}
		done = b.add(t, done)
	}
	for until := time.Now().Add(remoteSlice); len(b.admitted) < 2*batchEvents; {
		t := rm.take(&rm.remote)
		if t == nil {
			break
		}
		done = b.add(t, done)
		if time.Now().After(until) {
			break
		}
	}
	defer b.end()
	return b, done, b.finish()
}

// again makes a batch of the same tasks after the room was loaded anew.
func (rm *room) again(tasks []*task) (*batch, []*task, error) {
	if err := rm.fresh(); err != nil {
		return nil, tasks, err
	}
	b := newBatch(rm)
	var done []*task
	for _, t := range tasks {
		done = b.add(t, done)
	}
	defer b.end()
	return b, done, b.finish()
}

// fresh loads the room again if what is in memory may be wrong.
func (rm *room) fresh() error {
	if !rm.reload {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), loopTimeout)
	defer cancel()
	if err := rm.load(ctx); err != nil {
		return fmt.Errorf("loading room %s again: %w", rm.id, err)
	}
	rm.reload = false
	return nil
}

func (rm *room) take(lane *[]*task) *task {
	rm.mu.Lock()
	defer rm.mu.Unlock()
	if len(*lane) == 0 {
		return nil
	}
	t := (*lane)[0]
	(*lane)[0] = nil
	if *lane = (*lane)[1:]; len(*lane) == 0 {
		*lane = nil
	}
	return t
}

// takeAll empties the lanes: with the database out of reach everybody is told so.
func (rm *room) takeAll() []*task {
	rm.mu.Lock()
	defer rm.mu.Unlock()
	all := append(rm.local, rm.remote...)
	rm.local, rm.remote = nil, nil
	return all
}

// add runs a task in the batch; a refused one is finished and leaves nothing behind.
func (b *batch) add(t *task, done []*task) []*task {
	mark := b.mark()
	if err := b.attempt(t); err != nil {
		b.rollback(mark)
		t.finish(err)
		return done
	}
	return append(done, t)
}

func (b *batch) attempt(t *task) (err error) {
	defer func() {
		if p := recover(); p != nil {
			b.rm.r.log.WithField("room_id", b.rm.id).WithField("stack", string(debug.Stack())).Errorf("panic in a room: %v", p)
			err = fmt.Errorf("internal error in room %s", b.rm.id)
		}
	}()
	return t.run(b)
}
