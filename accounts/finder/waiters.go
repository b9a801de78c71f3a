package finder

import (
	"context"
	"sync"
)

// waiters are those who wait until the index has come to a position.
type waiters struct {
	mu      sync.Mutex
	changed chan struct{} // closed with the next step; nil while nobody waits
}

func (w *waiters) next() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changed == nil {
		w.changed = make(chan struct{})
	}
	return w.changed
}

func (w *waiters) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.changed != nil {
		close(w.changed)
		w.changed = nil
	}
}

// reached says that everything up to a position is indexed.
func (f *Finder) reached(position int64) {
	f.handled.Store(position)
	f.waiters.wake()
}

// CatchUp has what is new indexed at once, and waits until everything up to a position is, or until ctx ends.
func (f *Finder) CatchUp(ctx context.Context, position int64) error {
	for {
		step := f.waiters.next()
		if f.handled.Load() >= position {
			return nil
		}
		select {
		case f.hurry <- struct{}{}:
		default:
		}
		select {
		case <-step:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
