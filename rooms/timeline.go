package rooms

import (
	"context"
	"fmt"
	"math"
	"time"
)

const (
	maxPage      = 1000 // events of a page
	standardPage = 10
	maxFills     = 4 // requests for older events while making one page
	fillDeadline = 10 * time.Second
)

// before returns the key just before k: everything at or before it is everything before k.
func (k HistoryKey) before() HistoryKey { return HistoryKey{k.Anchor, k.Sub - 1} }

// Timeline returns a page of the room's accepted events by their history keys, without looking at who may see them.
// Backward gives the events with to < key ≤ from, newest first; Forward those with from < key ≤ to, oldest first (a zero
// to stands for now). Page.Next continues the page; pages neither lose nor repeat an event at their borders, whatever is
// sent or fetched meanwhile.
//
// At a gap in the history the page ends. With cross, other servers are first asked for what is missing, with a deadline; a
// page that starts at a gap which cannot be filled goes on behind it, so that what is older stays within reach.
func (r *Rooms) Timeline(ctx context.Context, roomID string, from, to HistoryKey, dir Direction, limit int, cross bool) (*Page, error) {
	room, err := r.roomRef(ctx, roomID)
	if err != nil {
		return nil, err
	}
	now := HistoryKey{Anchor: r.hub.Position()}
	from.Sub = min(from.Sub, 0) // no event has a larger one
	w := &walk{Rooms: r, room: room, limit: bounded(limit, standardPage, maxPage), cross: cross, passed: noGap}
	if dir == Backward {
		if now.Less(from) {
			from = now
		}
		w.to, w.page.Next = to, from
		return w.run(ctx, w.backward)
	}
	if to == (HistoryKey{}) || now.Less(to) {
		to = now
	}
	w.to, w.page.Next = to, from
	return w.run(ctx, w.forward)
}

// noGap is a key before every event.
var noGap = HistoryKey{Anchor: math.MinInt64}

// walk is the making of one page.
type walk struct {
	*Rooms
	room   roomRef
	to     HistoryKey
	limit  int
	cross  bool
	page   Page
	nids   []int64
	fills  int
	passed HistoryKey // the gap that the page goes on behind
}

// run takes steps until the page is complete. A step reads up to the next gap and returns it, nil when the page is done.
func (w *walk) run(ctx context.Context, step func(context.Context) (*gap, error)) (*Page, error) {
	for {
		gap, err := step(ctx)
		if err != nil {
			return nil, err
		}
		if gap == nil {
			break
		}
		if len(w.nids) == w.limit && w.cross {
			break // the next page starts at the gap
		}
		if !w.cross {
			w.page.Gap = true
			break
		}
		filled, err := w.fill(ctx, gap)
		if err != nil {
			return nil, err
		}
		if filled {
			continue
		}
		if len(w.nids) > 0 || w.passed != noGap {
			w.page.Gap = true
			break
		}
		w.passed = gap.key
		w.page.Gap = true
	}
	events, err := w.inOrder(ctx, w.nids)
	if err != nil {
		return nil, err
	}
	w.page.Events = events
	return &w.page, nil
}

// fill reports whether events came in at the gap. It fails only if the caller gave up.
func (w *walk) fill(ctx context.Context, g *gap) (bool, error) {
	if w.fills++; w.fills > maxFills {
		return false, nil
	}
	err := w.fillGap(ctx, w.room, g)
	if err != nil && ctx.Err() != nil {
		return false, fmt.Errorf("filling a gap: %w", ctx.Err())
	}
	return err == nil, nil
}

// backward reads from the page's end down to the next gap. The gap is read before the events: one that is filled in
// between only adds events below the part that is read.
func (w *walk) backward(ctx context.Context) (*gap, error) {
	ceiling := HistoryKey{w.page.Next.Anchor, w.page.Next.Sub + 1}
	if w.passed != noGap && !ceiling.Less(w.passed) {
		ceiling = w.passed.before()
	}
	gap, err := w.gapBelow(ctx, w.room.nid, ceiling, w.to)
	if err != nil {
		return nil, err
	}
	floor := w.to
	if gap != nil {
		floor = gap.key.before()
	}
	want := w.limit - len(w.nids)
	found, err := w.historyDown(ctx, w.room.nid, w.page.Next, floor, want+1)
	if err != nil {
		return nil, err
	}
	if len(found) > want {
		w.take(found[:want])
		if want > 0 {
			w.page.Next = found[want-1].key.before()
		}
		return nil, nil
	}
	if len(found) == 0 && gap == nil && w.passed != noGap {
		return nil, nil // nothing behind it either: the next page tries the gap again
	}
	w.take(found)
	w.page.Next = floor
	w.page.Done = gap == nil
	return gap, nil
}

// forward reads from the page's end up to the next gap.
func (w *walk) forward(ctx context.Context) (*gap, error) {
	floor := w.page.Next
	if floor.Less(w.passed) {
		floor = w.passed
	}
	gap, err := w.gapAbove(ctx, w.room.nid, floor, w.to)
	if err != nil {
		return nil, err
	}
	ceiling := w.to
	if gap != nil {
		// Below the anchor altogether: what is fetched while this reads must come after it, not into the middle.
		ceiling = HistoryKey{gap.key.Anchor, math.MinInt64}
	}
	want := w.limit - len(w.nids)
	found, err := w.historyUp(ctx, w.room.nid, w.page.Next, ceiling, want+1)
	if err != nil {
		return nil, err
	}
	more := len(found) > want
	if more {
		found = found[:want]
	}
	w.take(found)
	switch {
	case more:
		gap = nil
	case gap == nil:
		w.page.Next, w.page.Done = w.to, true
		return nil, nil
	}
	if len(found) > 0 {
		w.page.Next = found[len(found)-1].key
	}
	return gap, nil
}

func (w *walk) take(found []placedNID) {
	for _, p := range found {
		w.nids = append(w.nids, p.nid)
	}
	if len(found) > 0 && w.passed != noGap {
		w.page.Gap = false // it was passed over, the page does not end there
	}
}

// LiveTimeline returns, oldest first, the last events of the room with since < position ≤ upto, at most limit of them:
// from the ring while it reaches back, else from the database, with the same result. limited says that there are more,
// or that history before the first one was not known when it came; then Timeline goes on backward from prev.
func (r *Rooms) LiveTimeline(ctx context.Context, roomID string, since, upto int64, limit int) (events []*Event, limited bool, prev HistoryKey, err error) {
	limit = bounded(limit, standardPage, maxPage)
	if upto <= since {
		return nil, false, HistoryKey{Anchor: since}, nil
	}
	if entries, complete := r.hub.EventsSince(RoomTopic(roomID), since, upto); complete {
		t := newTail(since, limit)
		for i := len(entries) - 1; i >= 0 && !t.limited; i-- {
			ev, ok := entries[i].Value.(*Event)
			if ok && entries[i].Kind == EntryEvent && ev.Outcome == Accepted {
				t.add(ev, ev.AfterGap)
			}
		}
		return t.result()
	}
	return r.storedTimeline(ctx, roomID, since, upto, limit)
}

func (r *Rooms) storedTimeline(ctx context.Context, roomID string, since, upto int64, limit int) ([]*Event, bool, HistoryKey, error) {
	room, err := r.roomRef(ctx, roomID)
	if err != nil {
		return nil, false, HistoryKey{}, err
	}
	cut, err := r.lastCut(ctx, room.nid, since, upto)
	if err != nil {
		return nil, false, HistoryKey{}, err
	}
	nids, err := r.liveDown(ctx, room.nid, since, upto, limit+1)
	if err != nil {
		return nil, false, HistoryKey{}, err
	}
	found, err := r.inOrder(ctx, nids)
	if err != nil {
		return nil, false, HistoryKey{}, err
	}
	t := newTail(since, limit)
	for _, ev := range found {
		if t.limited {
			break
		}
		t.add(ev, ev.Key.Anchor == cut)
	}
	return t.result()
}

// tail collects the end of a timeline, newest first.
type tail struct {
	since   int64
	limit   int
	events  []*Event
	limited bool
}

func newTail(since int64, limit int) *tail { return &tail{since: since, limit: limit} }

// add takes the next older event. cut says that the timeline has to end before it.
func (t *tail) add(ev *Event, cut bool) {
	if len(t.events) == t.limit {
		t.limited = true
		return
	}
	t.events = append(t.events, ev)
	t.limited = cut
}

func (t *tail) result() ([]*Event, bool, HistoryKey, error) {
	for i, j := 0, len(t.events)-1; i < j; i, j = i+1, j-1 {
		t.events[i], t.events[j] = t.events[j], t.events[i]
	}
	if len(t.events) == 0 {
		return nil, false, HistoryKey{Anchor: t.since}, nil
	}
	return t.events, t.limited, t.events[0].Key.before(), nil
}
