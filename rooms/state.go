package rooms

import (
	"context"
	"errors"
	"fmt"

	"medixchange/rooms/resolve"
)

// CurrentState returns the room's current state events, in no particular order. ErrNotFound for a room not known.
func (r *Rooms) CurrentState(ctx context.Context, roomID string) ([]*Event, error) {
	s, err := r.Snapshot(ctx, roomID)
	if err != nil {
		return nil, err
	}
	nids := make([]int64, 0, s.state.entries.len())
	s.state.entries.each(func(_, nid int64) bool {
		nids = append(nids, nid)
		return true
	})
	return r.inOrder(ctx, nids)
}

// StateEvent returns the current state event (typ, key). ErrNotFound if there is none.
func (r *Rooms) StateEvent(ctx context.Context, roomID, typ, key string) (*Event, error) {
	s, err := r.Snapshot(ctx, roomID)
	if err != nil {
		return nil, err
	}
	nid, ok := s.StateNIDOf(typ, key)
	if !ok {
		return nil, fmt.Errorf("state event %s in room %s: %w", typ, roomID, ErrNotFound)
	}
	return r.eventOf(ctx, nid)
}

// eventOf returns one event, ErrNotFound if there is none.
func (r *Rooms) eventOf(ctx context.Context, nid int64) (*Event, error) {
	ev, err := r.eventByNID(ctx, nid)
	if err == nil && ev == nil {
		err = fmt.Errorf("event %d: %w", nid, ErrNotFound)
	}
	return ev, err
}

// StateAt returns the events of a state; keep nil means all of them. ErrNotFound for a state not known.
func (r *Rooms) StateAt(ctx context.Context, stateNID int64, keep func(typ, key string) bool) ([]*Event, error) {
	entries, err := r.fullState(ctx, stateNID)
	if err != nil {
		return nil, err
	}
	var names map[int64]resolve.StateKey
	if keep != nil {
		keys := make([]int64, 0, len(entries))
		for _, e := range entries {
			keys = append(keys, e.Key)
		}
		if names, err = r.keys.names(ctx, keys); err != nil {
			return nil, err
		}
	}
	nids := make([]int64, 0, len(entries))
	for _, e := range entries {
		if keep == nil || keep(names[e.Key].Type, names[e.Key].Key) {
			nids = append(nids, e.NID)
		}
	}
	return r.inOrder(ctx, nids)
}

// StateEntryAt returns the event (typ, key) of a state. ErrNotFound if there is none.
func (r *Rooms) StateEntryAt(ctx context.Context, stateNID int64, typ, key string) (*Event, error) {
	none := fmt.Errorf("state event %s in state %d: %w", typ, stateNID, ErrNotFound)
	keyNID, err := r.keys.find(ctx, resolve.StateKey{Type: typ, Key: key})
	if err != nil {
		return nil, err
	}
	if keyNID == 0 || stateNID == 0 {
		return nil, none
	}
	ref, err := r.stateRef(ctx, stateNID)
	if err != nil {
		return nil, err
	}
	nid, ok := ref.changed(keyNID)
	if !ok {
		whole, err := r.wholeState(ctx, ref.segs[0].nid)
		if err != nil {
			return nil, err
		}
		nid = whole.Get(keyNID)
	}
	if nid == 0 {
		return nil, none
	}
	return r.eventOf(ctx, nid)
}

// StateBefore returns the state before an event. ErrNotFound if it is not known (outliers, some fetched history).
func (r *Rooms) StateBefore(ctx context.Context, ev *Event) (stateNID int64, err error) {
	return r.stateOf(ctx, ev, func(e *Event) int64 { return e.StateBefore })
}

// StateAfter returns the state after an event; otherwise like StateBefore.
func (r *Rooms) StateAfter(ctx context.Context, ev *Event) (stateNID int64, err error) {
	return r.stateOf(ctx, ev, func(e *Event) int64 { return e.StateAfter })
}

// stateOf asks again when the caller's event has no state: the mapping may have been filled since it was read. The state
// before a create event is empty and has no number.
func (r *Rooms) stateOf(ctx context.Context, ev *Event, state func(*Event) int64) (int64, error) {
	if nid := state(ev); nid != 0 {
		return nid, nil
	}
	now, err := r.eventOf(ctx, ev.NID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return 0, err
	}
	if now != nil && (state(now) != 0 || now.IsStateOf("m.room.create", "") && now.StateAfter != 0) {
		return state(now), nil
	}
	return 0, fmt.Errorf("state at event %s: %w", ev.ID, ErrNotFound)
}

// StateDeltas returns the changes of a room's current state in (since, upto], ascending: from memory where that reaches
// back far enough.
func (r *Rooms) StateDeltas(ctx context.Context, roomID string, since, upto int64) ([]StateDelta, error) {
	if entries, complete := r.hub.EventsSince(RoomTopic(roomID), since, upto); complete {
		return deltasOf(entries, func(*StateDelta) bool { return true }), nil
	}
	ref, err := r.roomRef(ctx, roomID)
	if err != nil {
		return nil, err
	}
	return r.selectDeltas(ctx, ref.nid, since, upto)
}
