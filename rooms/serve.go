package rooms

import (
	"container/heap"
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/tidwall/gjson"
)

const (
	maxServed     = 100 // events of an answer to backfill and get_missing_events
	standardServe = 10
	maxServeFrom  = 50 // event ids that such a request may start from
	// maxServeWalk bounds the events that are looked at for one answer.
	maxServeWalk = 1000
)

// ServerMayRead returns nil if the server may ask for events of the room: the room's access list lets it in, and one of
// its users is joined or was once. What it may see of them is decided later, event by event. ErrForbidden, ErrNotFound.
func (r *Rooms) ServerMayRead(ctx context.Context, server, roomID string) error {
	snap, err := r.Snapshot(ctx, roomID)
	if err != nil {
		return err
	}
	allowed, err := r.ServerACLAllows(ctx, server, roomID)
	if err != nil {
		return err
	}
	if !allowed {
		return fmt.Errorf("the room's access list denies the server: %w", ErrForbidden)
	}
	if snap.sharedWith(server) {
		return nil
	}
	if was, err := r.serverWasJoined(ctx, snap.RoomNID, server); err != nil || was {
		return err
	}
	return fmt.Errorf("the server is not in the room: %w", ErrForbidden)
}

// servable reports whether an event is part of what this node vouches for: rejected and incomplete ones are not.
func servable(ev *Event) bool { return ev.Outcome == Accepted || ev.Outcome == SoftFailed }

// prevOf returns the prev_events of a PDU, at most the number that an event may have.
func prevOf(ev *Event) []string { return referencesOf(ev.JSON, "prev_events") }

// referencesOf reads a list of event ids; in room versions 1 and 2 each is a pair of id and hashes.
func referencesOf(pdu []byte, key string) []string {
	var ids []string
	gjson.GetBytes(pdu, key).ForEach(func(_, value gjson.Result) bool {
		if value.IsArray() {
			value = value.Get("0")
		}
		if value.Type == gjson.String {
			ids = append(ids, value.Str)
		}
		return true
	})
	return ids
}

// ServeBackfill returns the events named and those before them along prev_events, deepest first, at most limit (100) of
// them, for a server that asks for history (Server-Server API, Backfilling and retrieving missing events).
func (r *Rooms) ServeBackfill(ctx context.Context, server, roomID string, from []string, limit int) ([]*Event, error) {
	room, err := r.readable(ctx, server, roomID)
	if err != nil {
		return nil, err
	}
	limit = bounded(limit, standardServe, maxServed)
	w := &backwardWalk{Rooms: r, room: room.nid, seen: map[string]bool{}}
	if err := w.reach(ctx, from[:min(len(from), maxServeFrom)]); err != nil {
		return nil, err
	}
	var events []*Event
	for len(w.queue) > 0 && len(events) < limit {
		ev := heap.Pop(&w.queue).(*Event)
		events = append(events, ev)
		if err := w.reach(ctx, prevOf(ev)); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// readable checks that the server may read the room and returns the room.
func (r *Rooms) readable(ctx context.Context, server, roomID string) (roomRef, error) {
	if err := r.ServerMayRead(ctx, server, roomID); err != nil {
		return roomRef{}, err
	}
	return r.roomRef(ctx, roomID)
}

// backwardWalk goes from events to those before them, the deepest first.
type backwardWalk struct {
	*Rooms
	room  int64
	seen  map[string]bool
	queue deepestFirst
}

// reach queues the events with these ids that are new to the walk and of its room.
func (w *backwardWalk) reach(ctx context.Context, ids []string) error {
	var next []string
	for _, id := range ids {
		if !w.seen[id] {
			w.seen[id] = true
			next = append(next, id)
		}
	}
	if len(next) == 0 {
		return nil
	}
	found, err := w.EventsByID(ctx, next)
	if err != nil {
		return err
	}
	for _, ev := range found {
		if ev.RoomNID == w.room && servable(ev) {
			heap.Push(&w.queue, ev)
		}
	}
	return nil
}

// deepestFirst is a heap of events by depth, then id.
type deepestFirst []*Event

func (q deepestFirst) Len() int { return len(q) }
func (q deepestFirst) Less(i, j int) bool {
	if q[i].Depth != q[j].Depth {
		return q[i].Depth > q[j].Depth
	}
	return q[i].ID > q[j].ID
}
func (q deepestFirst) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *deepestFirst) Push(ev any)  { *q = append(*q, ev.(*Event)) }
func (q *deepestFirst) Pop() any {
	last := len(*q) - 1
	ev := (*q)[last]
	*q = (*q)[:last]
	return ev
}

// ServeMissing returns events between those that the server has (earliest) and those it got (latest): breadth first along
// prev_events from latest, leaving out both and what is not as deep as minDepth, at most limit (100), lowest depth first.
func (r *Rooms) ServeMissing(ctx context.Context, server, roomID string, earliest, latest []string, limit int, minDepth int64) ([]*Event, error) {
	room, err := r.readable(ctx, server, roomID)
	if err != nil {
		return nil, err
	}
	limit = bounded(limit, standardServe, maxServed)
	latest = latest[:min(len(latest), maxServeFrom)]
	seen := map[string]bool{}
	for _, id := range earliest[:min(len(earliest), maxServeWalk)] {
		seen[id] = true
	}
	for _, id := range latest {
		seen[id] = true
	}
	var events []*Event
	level := latest
	for start := true; len(level) > 0 && len(events) < limit; start = false {
		found, err := r.EventsByID(ctx, level)
		if err != nil {
			return nil, err
		}
		var next []string
		for _, id := range level {
			ev := found[id]
			if ev == nil || ev.RoomNID != room.nid || !servable(ev) || ev.Depth < minDepth {
				continue
			}
			if !start && len(events) < limit {
				events = append(events, ev)
			}
			next = appendUnseen(next, seen, prevOf(ev))
		}
		level = next[:min(len(next), maxServeWalk)]
	}
	sort.Slice(events, func(i, j int) bool {
		if events[i].Depth != events[j].Depth {
			return events[i].Depth < events[j].Depth
		}
		return events[i].ID < events[j].ID
	})
	return events, nil
}

func appendUnseen(to []string, seen map[string]bool, ids []string) []string {
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			to = append(to, id)
		}
	}
	return to
}

// ServeState returns the state of the room before an event, and its auth chain. ErrNotFound when the event or the state
// before it is not known here.
func (r *Rooms) ServeState(ctx context.Context, server, roomID, eventID string) (state, authChain []*Event, err error) {
	stateNID, err := r.stateToServe(ctx, server, roomID, eventID)
	if err != nil {
		return nil, nil, err
	}
	if stateNID != 0 {
		if state, err = r.StateAt(ctx, stateNID, nil); err != nil {
			return nil, nil, err
		}
	}
	authChain, err = r.authChain(ctx, state)
	return state, authChain, err
}

// ServeStateIDs is ServeState with the ids only.
func (r *Rooms) ServeStateIDs(ctx context.Context, server, roomID, eventID string) (state, authChain []string, err error) {
	events, chain, err := r.ServeState(ctx, server, roomID, eventID)
	if err != nil {
		return nil, nil, err
	}
	return idsOf(events), idsOf(chain), nil
}

func idsOf(events []*Event) []string {
	ids := make([]string, len(events))
	for i, ev := range events {
		ids[i] = ev.ID
	}
	return ids
}

// stateToServe returns the state before an event of the room that the server may ask about; 0 is the empty one before the
// create event.
func (r *Rooms) stateToServe(ctx context.Context, server, roomID, eventID string) (int64, error) {
	ev, err := r.eventToServe(ctx, server, roomID, eventID)
	if err != nil {
		return 0, err
	}
	if !servable(ev) {
		return 0, fmt.Errorf("state before event %s: %w", eventID, ErrNotFound)
	}
	if ev.IsStateOf("m.room.create", "") {
		return 0, nil
	}
	stateNID, err := r.StateBefore(ctx, ev)
	if err == nil && stateNID == 0 {
		err = fmt.Errorf("state before event %s: %w", eventID, ErrNotFound)
	}
	return stateNID, err
}

func (r *Rooms) eventToServe(ctx context.Context, server, roomID, eventID string) (*Event, error) {
	room, err := r.readable(ctx, server, roomID)
	if err != nil {
		return nil, err
	}
	ev, err := r.Event(ctx, eventID)
	if err != nil {
		return nil, err
	}
	if ev.RoomNID != room.nid {
		return nil, fmt.Errorf("event %s in room %s: %w", eventID, roomID, ErrNotFound)
	}
	return ev, nil
}

// ServeEventAuth returns the auth chain of an event of the room. The create event is in it, also where the room's id stands
// for it (from room version 12 on): whoever asks needs it to judge the others.
func (r *Rooms) ServeEventAuth(ctx context.Context, server, roomID, eventID string) ([]*Event, error) {
	ev, err := r.eventToServe(ctx, server, roomID, eventID)
	if err != nil {
		return nil, err
	}
	chain, err := r.authChain(ctx, []*Event{ev})
	if err != nil || ev.IsStateOf("m.room.create", "") {
		return chain, err
	}
	if slices.ContainsFunc(chain, func(a *Event) bool { return a.IsStateOf("m.room.create", "") }) {
		return chain, nil
	}
	create, err := r.StateEvent(ctx, roomID, "m.room.create", "")
	if err != nil {
		return nil, err
	}
	return append(chain, create), nil
}

// ServeEvent returns one event to a server that may read its room. Events that this node refused are not served.
func (r *Rooms) ServeEvent(ctx context.Context, server, eventID string) (*Event, error) {
	ev, err := r.Event(ctx, eventID)
	if err != nil {
		return nil, err
	}
	if err := r.ServerMayRead(ctx, server, ev.RoomID); err != nil {
		return nil, err
	}
	if !servable(ev) && ev.Outcome != Outlier {
		return nil, fmt.Errorf("event %s: %w", eventID, ErrNotFound)
	}
	return ev, nil
}

// authChain returns the auth events of the events, their auth events, and so on. An event is in it only if another names
// it. From room version 12 on the create event, which nobody names, is left out as the specification has it.
func (r *Rooms) authChain(ctx context.Context, events []*Event) ([]*Event, error) {
	seen := map[int64]bool{}
	var chain []*Event
	for level := events; len(level) > 0; {
		var next []int64
		for _, ev := range level {
			for _, nid := range ev.Auth {
				if !seen[nid] {
					seen[nid] = true
					next = append(next, nid)
				}
			}
		}
		found, err := r.inOrder(ctx, next)
		if err != nil {
			return nil, err
		}
		chain = append(chain, found...)
		level = found
	}
	return chain, nil
}
