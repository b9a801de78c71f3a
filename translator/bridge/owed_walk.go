package bridge

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"medixchange/rooms"
)

// lane is what is owed in one room for one scope, taken newest first.
type lane struct {
	absence
	roomNID int64
	last    int64 // position of the newest that was not read yet
	left    int   // how many may still be taken
	page    []*rooms.Event
}

// walk pays back what was owed in some absences, in turns between rooms and languages.
type walk struct {
	b     *Bridge
	slots chan struct{}
	under sync.WaitGroup

	mu    sync.Mutex
	busy  map[scope]bool // have no room again
	unmet map[int64]bool // absences, by position, of which something stays owed
}

// payBack translates what is owed of the absences that have ended, where engines have room.
func (b *Bridge) payBack(ctx context.Context, owing []absence) error {
	now := b.o.Now()
	var ended []absence
	for _, a := range owing {
		last, _ := b.absences.last(a.scope)
		if a.lasts() || last.lasts() || b.handled.Load() < a.until || now.Before(b.absences.restUntil(a.position)) {
			continue
		}
		if b.o.Pipeline.HasRoom(a.from, a.to, a.local) {
			ended = append(ended, a)
		}
	}
	if len(ended) == 0 {
		return nil
	}
	lanes, err := b.lanesOf(ctx, ended)
	if err != nil {
		return err
	}
	w := &walk{b: b, slots: make(chan struct{}, owedAtOnce), busy: map[scope]bool{}, unmet: map[int64]bool{}}
	err = w.goOn(ctx, lanes)
	w.under.Wait()
	if err != nil || ctx.Err() != nil {
		return err
	}
	return w.settle(ctx, ended)
}

// lanesOf returns the rooms of absences, the one with the newest message first.
func (b *Bridge) lanesOf(ctx context.Context, ended []absence) ([]*lane, error) {
	var lanes []*lane
	for _, a := range ended {
		found, err := b.o.Rooms.RoomsWith(ctx, typeMessage, a.first, a.until, owedRooms)
		if err != nil {
			return nil, err
		}
		for _, nid := range found {
			l := &lane{absence: a, roomNID: nid, last: a.until, left: owedPerRoom}
			if err := b.readOn(ctx, l); err != nil {
				return nil, err
			}
			if len(l.page) > 0 {
				lanes = append(lanes, l)
			}
		}
	}
	slices.SortStableFunc(lanes, func(x, y *lane) int { return cmp.Compare(y.page[0].Position, x.page[0].Position) })
	return lanes, nil
}

// readOn reads the next messages of a lane that are owed, unless it still has some. It is empty at its end.
func (b *Bridge) readOn(ctx context.Context, l *lane) error {
	for len(l.page) == 0 && l.left > 0 && l.last >= l.first {
		events, err := b.o.Rooms.EventsIn(ctx, l.roomNID, l.first, l.last, typeMessage, min(owedPage, l.left))
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return nil
		}
		l.left -= len(events)
		l.last = events[len(events)-1].Position - 1
		if l.page, err = b.owedOf(ctx, l.scope, events); err != nil {
			return err
		}
	}
	return nil
}

// goOn takes one message of each lane in turn until all are empty or their engines have no room.
func (w *walk) goOn(ctx context.Context, lanes []*lane) error {
	for len(lanes) > 0 {
		left := lanes[:0]
		for _, l := range lanes {
			more, err := w.take(ctx, l)
			if err != nil {
				return err
			}
			if more {
				left = append(left, l)
			}
		}
		lanes = left
	}
	return nil
}

// take begins the next translation of a lane; false when the lane is at its end.
func (w *walk) take(ctx context.Context, l *lane) (more bool, err error) {
	if err := w.b.readOn(ctx, l); err != nil || len(l.page) == 0 {
		return false, err
	}
	select {
	case w.slots <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if w.isBusy(l) {
		<-w.slots
		return false, nil
	}
	ev := l.page[0]
	l.page = l.page[1:]
	w.under.Go(func() {
		defer func() { <-w.slots }()
		w.pay(ctx, l.absence, ev)
	})
	return true, nil
}

// isBusy reports whether the engines of a lane have no room; what is left of it stays owed.
func (w *walk) isBusy(l *lane) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.busy[l.scope] && w.b.o.Pipeline.HasRoom(l.from, l.to, l.local) {
		return false
	}
	w.busy[l.scope], w.unmet[l.position] = true, true
	return true
}

func (w *walk) pay(ctx context.Context, a absence, ev *rooms.Event) {
	result, err := w.b.pay(ctx, ev, a.scope)
	if err == nil && !isOwed(result) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unmet[a.position] = true
	w.busy[a.scope] = w.busy[a.scope] || isBusy(result)
}

// settle notes of which absences nothing is owed any more, and lets the others rest.
func (w *walk) settle(ctx context.Context, ended []absence) error {
	for _, a := range ended {
		if !w.unmet[a.position] {
			if err := w.b.settleAbsence(ctx, a); err != nil {
				return fmt.Errorf("settling what was owed: %w", err)
			}
			continue
		}
		rest := retryEvery
		if w.busy[a.scope] {
			rest = 2 * owedPause
		}
		w.b.absences.rest(a.position, w.b.o.Now().Add(rest))
	}
	return nil
}

// restUntil returns until when an absence is left alone.
func (a *absences) restUntil(position int64) time.Time {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.resting[position]
}

// rest leaves an absence alone for a while.
func (a *absences) rest(position int64, until time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.resting[position] = until
}

// step reports whether nobody knocks for a scope, and knocks then until leave.
func (a *absences) step(of scope) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.knocking[of] {
		return false
	}
	a.knocking[of] = true
	return true
}

func (a *absences) leave(of scope) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.knocking, of)
}
