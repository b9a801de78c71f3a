package stream

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"medixchange/internal/pace"
)

// FollowOptions say how a durable reader goes on. Zero values take the defaults.
type FollowOptions struct {
	// Start is where a reader without a saved cursor begins; 0 is the beginning of the stream.
	Start int64
	// Step bounds the positions of one call; 500 by default.
	Step int64
	// Gather is how long a reader lets news come together before it takes them; 0 takes each at once. Whoever need not be
	// first takes [Unhurried]: a busy node would wake a reader for every message otherwise.
	Gather time.Duration
	// SaveEvery is how long the cursor may lag behind in the database; 1 second by default. After a crash the reader
	// sees that much again.
	SaveEvery time.Duration
	// MaxFailures of one single position make a dead letter; 10 by default, which with the default pauses takes about
	// four minutes. Negative means never.
	MaxFailures int
	// MinPause and MaxPause bound the pause after a failure, which doubles each time; 200 ms and 1 minute by default.
	MinPause, MaxPause time.Duration
	// Describe names what is at a position, for the dead letter, without any content; optional.
	Describe func(position int64) string
}

// Unhurried is the Gather of readers whose work nobody waits for by the millisecond.
const Unhurried = 20 * time.Millisecond

func (o FollowOptions) withDefaults() FollowOptions {
	if o.Step <= 0 {
		o.Step = 500
	}
	if o.SaveEvery <= 0 {
		o.SaveEvery = time.Second
	}
	if o.MaxFailures == 0 {
		o.MaxFailures = 10
	}
	if o.MinPause <= 0 {
		o.MinPause = 200 * time.Millisecond
	}
	if o.MaxPause <= 0 {
		o.MaxPause = time.Minute
	}
	if o.Describe == nil {
		o.Describe = func(int64) string { return "" }
	}
	return o
}

// Handle takes the positions from < p ≤ upto, which it reads from [Hub.All] or from SQL. It may see a range again
// after an error or a crash: its effects carry deterministic identities or commit together with the cursor.
type Handle func(ctx context.Context, from, upto int64) error

// Follow runs a durable reader until ctx ends, whose error it returns: it waits for positions behind the cursor,
// hands them to handle in bounded steps and saves the cursor now and then and at the end. After an error it pauses
// and tries again, with ever smaller steps, so that a single position that cannot be handled is found; after
// MaxFailures that one becomes a dead letter and the reader goes on. Errors of the database other than handle's are
// waited out. Only one Follow may run for a name.
func (h *Hub) Follow(ctx context.Context, name string, o FollowOptions, handle Handle) error {
	o = o.withDefaults()
	f := &follower{hub: h, name: name, options: o, handle: handle, step: o.Step, pause: o.MinPause}
	if err := f.load(ctx); err != nil {
		return err
	}
	w := h.watchAll()
	defer w.Close()
	for {
		for f.cursor < h.Position() && ctx.Err() == nil {
			f.advance(ctx)
		}
		if err := f.wait(ctx, w.C()); err != nil {
			f.saveLast()
			return err
		}
	}
}

// follower is the state of one Follow.
type follower struct {
	hub      *Hub
	name     string
	options  FollowOptions
	handle   Handle
	cursor   int64
	saved    int64
	savedAt  time.Time
	step     int64
	failures int // of the range after cursor, with step 1
	pause    time.Duration
}

func (f *follower) load(ctx context.Context) error {
	for {
		position, ok, err := f.hub.LoadCursor(ctx, f.name)
		if err == nil {
			f.saved = position
			if !ok {
				position, f.saved = f.options.Start, -1
			}
			f.cursor, f.savedAt = position, time.Now()
			return nil
		}
		if err := f.rest(ctx, err); err != nil {
			return err
		}
	}
}

// advance handles one range.
func (f *follower) advance(ctx context.Context) {
	upto := min(f.cursor+f.step, f.hub.Position())
	err := f.call(ctx, f.cursor, upto)
	switch {
	case err == nil:
		f.cursor, f.failures, f.pause = upto, 0, f.options.MinPause
		f.step = min(2*f.step, f.options.Step)
		if time.Since(f.savedAt) >= f.options.SaveEvery {
			f.save(ctx)
		}
	case ctx.Err() != nil:
	default:
		f.failed(ctx, upto, err)
	}
}

// call keeps a panic from ending the reader.
func (f *follower) call(ctx context.Context, from, upto int64) (err error) {
	defer func() {
		if r := recover(); r != nil {
			f.hub.logger.WithField("cursor", f.name).WithField("stack", string(debug.Stack())).Error("panic in a reader of the stream")
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return f.handle(ctx, from, upto)
}

// failed narrows the range down, and gives a single position up after enough failures.
func (f *follower) failed(ctx context.Context, upto int64, cause error) {
	if upto-f.cursor > 1 {
		f.step = max((upto-f.cursor)/8, 1)
		f.rest(ctx, cause)
		return
	}
	f.failures++
	if f.options.MaxFailures < 0 || f.failures < f.options.MaxFailures {
		f.rest(ctx, cause)
		return
	}
	err := f.hub.bury(ctx, deadLetter{f.name, upto, f.options.Describe(upto), cause})
	if err != nil {
		f.rest(ctx, errors.Join(cause, err))
		return
	}
	f.hub.metrics.deadLetters.Inc()
	f.hub.logger.WithField("cursor", f.name).WithField("position", upto).WithError(cause).Error("a reader of the stream passed over a position")
	f.cursor, f.saved, f.savedAt, f.failures, f.pause = upto, upto, time.Now(), 0, f.options.MinPause
}

// rest pauses after a failure, twice as long each time.
func (f *follower) rest(ctx context.Context, cause error) error {
	f.hub.logger.WithField("cursor", f.name).WithField("position", f.cursor).WithError(cause).Warn("a reader of the stream failed, trying again")
	pause := f.pause
	f.pause = min(2*f.pause, f.options.MaxPause)
	pace.Pause(ctx, pause)
	return ctx.Err()
}

// wait waits for news, and saves the cursor when it is due.
func (f *follower) wait(ctx context.Context, news <-chan struct{}) error {
	var due <-chan time.Time
	if f.cursor != f.saved {
		timer := time.NewTimer(max(f.options.SaveEvery-time.Since(f.savedAt), 0))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-news:
		return f.gather(ctx)
	case <-due:
		f.save(ctx)
	}
	return nil
}

// gather lets more news come.
func (f *follower) gather(ctx context.Context) error {
	if f.options.Gather <= 0 {
		return nil
	}
	pace.Pause(ctx, f.options.Gather)
	return ctx.Err()
}

// save stores the cursor; a failure is no harm but work done twice after a crash.
func (f *follower) save(ctx context.Context) {
	f.savedAt = time.Now()
	if err := f.hub.SaveCursor(ctx, f.name, f.cursor); err != nil {
		f.hub.logger.WithField("cursor", f.name).WithError(err).Warn("saving a cursor failed")
		return
	}
	f.saved = f.cursor
}

// saveLast stores the cursor after ctx has ended.
func (f *follower) saveLast() {
	if f.cursor == f.saved {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	f.save(ctx)
}
