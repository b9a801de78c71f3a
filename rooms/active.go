package rooms

import (
	"context"
	"fmt"
	"sync"
	"time"

	"medixchange/internal/pace"
)

// Rooms that nobody used for idleRoom leave memory; when more than maxRooms are there, those unused for longest.
const (
	idleRoom  = 10 * time.Minute
	maxRooms  = 4096
	evictTick = time.Minute
)

// activeRooms are the rooms in memory.
type activeRooms struct {
	r       *Rooms
	mu      sync.Mutex
	rooms   map[string]*roomSlot
	closed  bool
	working sync.WaitGroup // loops
}

// roomSlot is a room that is there or being loaded.
type roomSlot struct {
	ready chan struct{} // closed when rm and err are set
	rm    *room
	err   error
	// reserved: the room is about to be made; whoever asks for it waits. Guarded by activeRooms.mu.
	reserved bool
}

func newActiveRooms(r *Rooms) *activeRooms {
	return &activeRooms{r: r, rooms: map[string]*roomSlot{}}
}

// begin counts a loop that starts; false when the node is stopping.
func (a *activeRooms) begin() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return false
	}
	a.working.Add(1)
	return true
}

func (a *activeRooms) end() { a.working.Done() }

// get returns a room, loading it if need be. ErrNotFound for one not known.
func (a *activeRooms) get(ctx context.Context, roomID string) (*room, error) {
	slot := a.slot(roomID)
	if err := slot.wait(ctx); err != nil {
		return nil, err
	}
	if slot.err != nil {
		return nil, slot.err
	}
	slot.rm.used.Store(time.Now().Unix())
	return slot.rm, nil
}

// wait returns when the room is loaded, which it nearly always is.
func (s *roomSlot) wait(ctx context.Context) error {
	select {
	case <-s.ready:
		return nil
	default:
	}
	select {
	case <-s.ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *activeRooms) slot(roomID string) *roomSlot {
	a.mu.Lock()
	defer a.mu.Unlock()
	slot, ok := a.rooms[roomID]
	if !ok {
		slot = &roomSlot{ready: make(chan struct{})}
		a.rooms[roomID] = slot
		// Not in the caller's goroutine: others wait for it too, and theirs must not end with the caller's context.
		go a.load(slot, roomID)
	}
	return slot
}

func (a *activeRooms) load(slot *roomSlot, roomID string) {
	ctx, cancel := context.WithTimeout(context.Background(), loopTimeout)
	defer cancel()
	rm := a.r.newRoom(roomID)
	slot.err = rm.load(ctx)
	if slot.err == nil {
		rm.used.Store(time.Now().Unix())
		slot.rm = rm
	}
	a.mu.Lock()
	if slot.err != nil && a.rooms[roomID] == slot {
		delete(a.rooms, roomID)
	}
	a.mu.Unlock()
	close(slot.ready)
}

// reserve keeps a room that is not known from being loaded while it is made, so that there is never a second one in
// memory. known reports that the room is there already. After the commit release has no effect; without one, those who
// wait are told that the room is not there.
func (a *activeRooms) reserve(ctx context.Context, roomID string) (release func(), known bool, err error) {
	for {
		a.mu.Lock()
		slot := a.rooms[roomID]
		if slot == nil {
			slot = &roomSlot{ready: make(chan struct{}), reserved: true}
			a.rooms[roomID] = slot
			a.mu.Unlock()
			return func() { a.release(roomID, slot) }, false, nil
		}
		a.mu.Unlock()
		select {
		case <-slot.ready:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
		if !notFound(slot.err) {
			return func() {}, slot.err == nil, slot.err
		}
	}
}

func (a *activeRooms) release(roomID string, slot *roomSlot) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !slot.reserved {
		return
	}
	slot.reserved = false
	slot.err = fmt.Errorf("room %s: %w", roomID, ErrNotFound)
	delete(a.rooms, roomID)
	close(slot.ready)
}

// put adds a room that was just made.
func (a *activeRooms) put(rm *room) {
	rm.used.Store(time.Now().Unix())
	a.mu.Lock()
	defer a.mu.Unlock()
	slot := a.rooms[rm.id]
	if slot == nil || !slot.reserved {
		slot = &roomSlot{ready: make(chan struct{})}
		a.rooms[rm.id] = slot
	}
	slot.rm, slot.reserved = rm, false
	close(slot.ready)
}

// evict takes idle rooms out of memory until ctx ends.
func (a *activeRooms) evict(ctx context.Context, stopped chan<- struct{}) {
	defer close(stopped)
	pace.Every(ctx, evictTick, func() {
		now := time.Now()
		a.evictBefore(now.Add(-idleRoom))
		if a.count() > maxRooms {
			a.evictBefore(now.Add(-evictTick))
		}
	})
}

func (a *activeRooms) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.rooms)
}

// evictBefore removes the rooms that were last used before t and have no work.
func (a *activeRooms) evictBefore(t time.Time) {
	a.mu.Lock()
	var idle []*room
	for _, slot := range a.rooms {
		select {
		case <-slot.ready:
			if slot.err == nil && slot.rm.used.Load() < t.Unix() {
				idle = append(idle, slot.rm)
			}
		default:
		}
	}
	a.mu.Unlock()
	for _, rm := range idle {
		a.remove(rm)
	}
}

// remove takes a room out of memory unless it has work. The room's lock comes before the list's.
func (a *activeRooms) remove(rm *room) {
	rm.mu.Lock()
	defer rm.mu.Unlock()
	if rm.running {
		return
	}
	rm.gone = true
	a.mu.Lock()
	defer a.mu.Unlock()
	if slot := a.rooms[rm.id]; slot != nil && slot.rm == rm {
		delete(a.rooms, rm.id)
	}
}

// close refuses new work and waits for the work under way.
func (a *activeRooms) close(ctx context.Context) error {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	done := make(chan struct{})
	go func() {
		a.working.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the rooms to finish: %w", ctx.Err())
	}
}

func (r *Rooms) newRoom(roomID string) *room {
	return &room{r: r, id: roomID, st: newRoomState()}
}
