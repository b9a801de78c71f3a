package view

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"medixchange/rooms"
)

const (
	// maxOwed bounds the late edits that a device is owed in a room; the oldest go.
	maxOwed = 200
	// owedFor is how long a late edit is owed: a phone that slept over night is told.
	owedFor = 24 * time.Hour
	// repeatedFor is how long one that was given is remembered: a client that ends at once goes on from an older answer.
	repeatedFor = 10 * time.Minute
)

// lateKey is a device and a room.
type lateKey struct {
	device lateDevice
	roomID string
}

type lateDevice struct{ userID, deviceID string }

// owedEdit is a late edit that was over the limit of its device and room.
type owedEdit struct {
	position int64
	message  string    // id of the message that it edits
	number   int64     // that it was given under; 0: it waits
	at       time.Time // since when it is so
}

// awaitedBy reports whether a device that has come to since, and has what was given up to the number arrived, awaits the edit still.
// What comes after since is not owed: it is told as of what is new.
func (e *owedEdit) awaitedBy(since, arrived int64) bool {
	return e.position <= since && !e.hasArrived(arrived)
}

// hasArrived reports whether a device that has what was given up to a number has the edit.
func (e *owedEdit) hasArrived(upto int64) bool { return e.number != 0 && e.number <= upto }

// owedTo is what one device is owed, by room, and what was last found out about it: a device asks for each of its answers.
type owedTo struct {
	in    map[string][]owedEdit
	found *dueAt // nil once something is different
}

// dueAt says when the first of what a device awaits may go to it, having what was given up to a number: zero when it awaits nothing.
type dueAt struct {
	arrived int64
	asked   time.Time
	first   time.Time
}

// holds reports whether it is still so for a device that has what was given up to the number arrived. It does not when something
// given before did not arrive, and when the clock was put back.
func (d *dueAt) holds(arrived int64, now time.Time) bool {
	return d != nil && arrived >= d.arrived && !now.Before(d.asked) && (d.first.IsZero() || now.Before(d.first))
}

// owedEdits are those of all devices, under the lock of the lateLimit that they are in.
type owedEdits struct {
	devices atomic.Int64 // how many there are, for who looks without the lock
	of      map[lateDevice]*owedTo
	changes atomic.Int64 // to what any device is owed, see OwedLate
	rooms   int          // of all devices
	number  int64        // the last that was given
	swept   time.Time
}

func (o *owedEdits) in(key lateKey) []owedEdit {
	if to := o.of[key.device]; to != nil {
		return to.in[key.roomID]
	}
	return nil
}

// put replaces what a device is owed in a room, ascending by position.
func (o *owedEdits) put(key lateKey, edits []owedEdit, now time.Time) {
	o.rooms -= min(1, len(o.in(key)))
	if len(edits) == 0 {
		o.drop(key)
		return
	}
	o.makeRoom(now)
	to := o.of[key.device]
	if to == nil {
		to = &owedTo{in: map[string][]owedEdit{}}
		o.of[key.device] = to
	}
	to.in[key.roomID] = bounded(edits)
	o.changed(to)
	o.rooms++
	o.devices.Store(int64(len(o.of)))
}

func (o *owedEdits) drop(key lateKey) {
	to := o.of[key.device]
	if to == nil {
		return
	}
	delete(to.in, key.roomID)
	o.changed(to)
	if len(to.in) == 0 {
		delete(o.of, key.device)
	}
	o.devices.Store(int64(len(o.of)))
}

// changed has what was found out about a device found out again.
func (o *owedEdits) changed(to *owedTo) {
	to.found = nil
	o.changes.Add(1)
}

// bounded leaves as many as there may be: what was given goes first, that which was given first before the rest, then the oldest.
func bounded(edits []owedEdit) []owedEdit {
	for i := len(edits) - 1; i >= 0 && len(edits) > maxOwed; i-- {
		if edits[i].number != 0 {
			edits = slices.Delete(edits, i, i+1)
		}
	}
	return edits[max(0, len(edits)-maxOwed):]
}

// makeRoom forgets what is old where there is no room, and if that is not enough, all.
func (o *owedEdits) makeRoom(now time.Time) {
	if o.rooms >= maxLimited {
		o.sweep(now)
	}
	if o.of == nil || o.rooms >= maxLimited {
		o.of, o.rooms = map[lateDevice]*owedTo{}, 0
	}
}

// sweep forgets what is old, of all devices.
func (o *owedEdits) sweep(now time.Time) {
	o.swept = now
	for device, to := range o.of {
		for roomID, edits := range to.in {
			o.put(lateKey{device, roomID}, slices.DeleteFunc(edits, func(e owedEdit) bool {
				kept := owedFor
				if e.number != 0 {
					kept = repeatedFor
				}
				return now.Sub(e.at) >= kept
			}), now)
		}
	}
}

// settle notes what became of the edits that were looked at: those of tried that are not in told are none any more, those
// over the limit (by position, with their originals) wait, and of the others it returns the numbers that they go out under.
func (o *owedEdits) settle(key lateKey, tried []owedEdit, told []*Rendering, over map[int64]*rooms.Event, now time.Time) map[int64]int64 {
	if len(tried) == 0 && len(over) == 0 && len(o.in(key)) == 0 {
		return nil
	}
	edits := slices.DeleteFunc(o.in(key), func(e owedEdit) bool {
		gone := func(t owedEdit) bool { return t.position == e.position }
		return slices.ContainsFunc(tried, gone) && !slices.ContainsFunc(told, func(r *Rendering) bool { return r.Position == e.position })
	})
	numbers := map[int64]int64{}
	for _, r := range told {
		i := slices.IndexFunc(edits, func(e owedEdit) bool { return e.position == r.Position })
		original, waits := over[r.Position]
		switch {
		case i < 0 && waits:
			edits = append(edits, owedEdit{position: r.Position, message: editedBy(original), at: now})
		case i < 0:
		case waits:
			edits[i].number, edits[i].at = 0, now
		default:
			numbers[r.Position] = o.give(&edits[i], now)
		}
	}
	slices.SortFunc(edits, func(a, b owedEdit) int { return cmp.Compare(a.position, b.position) })
	o.put(key, edits, now)
	return numbers
}

// give returns the number that an edit goes out under: the same again when the answer got lost.
func (o *owedEdits) give(e *owedEdit, now time.Time) int64 {
	if e.number == 0 {
		o.number++
		e.number, e.at = o.number, now
	}
	return e.number
}

// due returns what of the edits that are owed to key can go to it now, ascending: the newest first, as many as the minute allows.
func (l *lateLimit) due(key lateKey, o LateOptions, now time.Time) []owedEdit {
	if l.owed.devices.Load() == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	given := l.recent(key, now)
	free := maxLatePerMinute - len(given)
	var due []owedEdit
	edits := l.owed.in(key)
	for i := range slices.Backward(edits) {
		e := &edits[i]
		switch {
		case !e.awaitedBy(o.Since, o.Arrived):
			continue
		case wasGiven(given, e.position):
		case free > 0:
			free--
		default:
			e.number = 0 // it did not arrive
			l.owed.changed(l.owed.of[key.device])
			continue
		}
		due = append(due, *e)
	}
	slices.Reverse(due)
	return due
}

// next returns when the next of the edits that are owed to key, as far as it has come, may go to it; zero when there is none.
func (l *lateLimit) next(key lateKey, since, arrived int64, now time.Time) time.Time {
	if l.owed.devices.Load() == 0 {
		return time.Time{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.nextOf(l.owed.in(key), key, since, arrived, now)
}

// nextOf is next of some edits.
func (l *lateLimit) nextOf(edits []owedEdit, key lateKey, since, arrived int64, now time.Time) time.Time {
	given := l.recent(key, now)
	var next time.Time
	for _, e := range edits {
		switch {
		case !e.awaitedBy(since, arrived):
		case len(given) < maxLatePerMinute || wasGiven(given, e.position):
			return now
		default:
			next = freeAgain(given)
		}
	}
	return next
}

// freeAgain is when the oldest of what was given is a minute old.
func freeAgain(given []givenLate) time.Time {
	oldest := slices.MinFunc(given, func(a, b givenLate) int { return a.at.Compare(b.at) })
	return oldest.at.Add(time.Minute)
}

// owes reports whether anything that a device is or was owed is remembered, and when the first of what it awaits of that may go to it,
// having what was given up to the number arrived: zero when it awaits nothing.
func (l *lateLimit) owes(device lateDevice, arrived int64, now time.Time) (remembered bool, first time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.owed.swept) >= repeatedFor {
		l.owed.sweep(now)
	}
	to := l.owed.of[device]
	if to == nil {
		return false, time.Time{}
	}
	if !to.found.holds(arrived, now) {
		to.found = &dueAt{arrived: arrived, asked: now, first: l.firstOwed(device, to, arrived, now)}
	}
	return true, to.found.first
}

// firstOwed returns when the first of what a device awaits, wherever it has come to in its rooms, may go to it.
func (l *lateLimit) firstOwed(device lateDevice, to *owedTo, arrived int64, now time.Time) (first time.Time) {
	for roomID, edits := range to.in {
		at := l.nextOf(edits, lateKey{device, roomID}, math.MaxInt64, arrived, now)
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
		if first.Equal(now) {
			break
		}
	}
	return first
}

// forget forgets what of a room, or of all ("") is owed to a device.
func (l *lateLimit) forget(device lateDevice, roomID string, now time.Time) {
	if l.owed.devices.Load() == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	to := l.owed.of[device]
	if to == nil {
		return
	}
	for in := range to.in {
		if roomID == "" || in == roomID {
			l.owed.put(lateKey{device, in}, nil, now)
		}
	}
}

// replaced forgets what is owed to key of messages of which there is something newer, whatever that says.
func (l *lateLimit) replaced(key lateKey, newest map[string]int64, now time.Time) {
	if l.owed.devices.Load() == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	edits := l.owed.in(key)
	if len(edits) > 0 {
		l.owed.put(key, slices.DeleteFunc(edits, func(e owedEdit) bool { return e.position < newest[e.message] }), now)
	}
}

// OwesLate reports, from memory alone, whether late edits that were over the limit are remembered for a device, which it may ask for
// again, and when the first of those that it awaits still may go to it: zero when it awaits none. arrived is as in [LateOptions]. last is
// what a device's request was told before; it belongs to one goroutine.
func (v *View) OwesLate(userID, deviceID string, arrived int64, last *OwedLate) (remembered bool, first time.Time) {
	if v.late.owed.devices.Load() == 0 {
		return false, time.Time{}
	}
	changes, now := v.late.owed.changes.Load(), v.now()
	if last.found == nil || last.changes != changes || !last.found.holds(arrived, now) {
		remembered, first = v.late.owes(lateDevice{userID, deviceID}, arrived, now)
		*last = OwedLate{changes, remembered, &dueAt{arrived: arrived, asked: now, first: first}}
	}
	return last.remembered, last.found.first
}

// OwedLate is the last answer of [View.OwesLate] to a request, which asks several times; the zero value is none.
type OwedLate struct {
	changes    int64 // as they were before
	remembered bool
	found      *dueAt
}

// LateDue returns when the next of the late edits that a device is owed in a room may go to it; zero when it is owed none.
// since and arrived say how far the device has come (see [LateOptions]).
func (v *View) LateDue(userID, deviceID, roomID string, since, arrived int64) time.Time {
	return v.late.next(lateKey{lateDevice{userID, deviceID}, roomID}, since, arrived, v.now())
}

// ForgetLate forgets what a device is owed in a room, or in all (""): it begins anew, and with translations in place.
func (v *View) ForgetLate(userID, deviceID, roomID string) {
	v.late.forget(lateDevice{userID, deviceID}, roomID, v.now())
}

// stillOwed asks the renderer again for what is due: what is no longer in force, or of a language that the viewer does not read
// any more, is not told.
func (v *View) stillOwed(ctx context.Context, viewer Viewer, roomID string, due []owedEdit) ([]*Rendering, error) {
	if len(due) == 0 {
		return nil, nil
	}
	positions := make([]int64, 0, len(due))
	for _, e := range due {
		positions = append(positions, e.position)
	}
	owed, err := v.renderer.ChangedAt(ctx, roomID, viewer.Language, positions)
	if err != nil {
		return nil, fmt.Errorf("reading what is owed: %w", err)
	}
	return owed, nil
}

// newestPlaces returns the position of the newest rendering of each message, by the message's id.
func newestPlaces(changed []*Rendering, originals map[int64]*rooms.Event) map[string]int64 {
	newest := make(map[string]int64, len(changed))
	for _, r := range changed {
		if ev := originals[r.EventNID]; ev != nil {
			newest[editedBy(ev)] = max(newest[editedBy(ev)], r.Position)
		}
	}
	return newest
}
