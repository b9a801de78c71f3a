package rooms

import (
	"fmt"
	"slices"

	"medixchange/rooms/resolve"
)

// ref returns the blobs of a state, of this batch or stored.
func (b *batch) ref(nid int64) (stateRef, error) {
	if nid == b.st.ref.nid {
		return b.st.ref, nil
	}
	if ref, ok := b.refs[nid]; ok {
		return ref, nil
	}
	return b.rm.r.stateRef(b.ctx, nid)
}

// entries returns a state in full.
func (b *batch) entries(ref stateRef) (resolve.State, error) {
	if ref.nid == b.st.ref.nid {
		return b.st.state(), nil
	}
	if len(ref.segs) == 0 {
		return nil, nil
	}
	whole, ok := b.wholes[ref.segs[0].nid]
	if !ok {
		var err error
		if whole, err = b.rm.r.wholeState(b.ctx, ref.segs[0].nid); err != nil {
			return nil, err
		}
	}
	return ref.over(whole), nil
}

// finder looks up single entries of a state, for the authorisation rules.
func (b *batch) finder(ref stateRef) func(resolve.StateKey) (int64, error) {
	if ref.nid == b.st.ref.nid {
		return func(key resolve.StateKey) (int64, error) { return b.st.stateNID(key), nil }
	}
	var full resolve.State
	return func(key resolve.StateKey) (int64, error) {
		nid, err := b.rm.r.keys.find(b.ctx, key)
		if err != nil || nid == 0 {
			return 0, err
		}
		if event, ok := ref.changed(nid); ok {
			return event, nil
		}
		if full == nil {
			if full, err = b.entries(ref); err != nil {
				return 0, err
			}
		}
		return full.Get(nid), nil
	}
}

// with returns the state after ev, given the one before it.
func (b *batch) with(before stateRef, ev *Event) (stateRef, error) {
	if !ev.IsState() {
		return before, nil
	}
	size := b.st.entries.len() + 1
	if before.nid == b.st.ref.nid {
		if _, there := b.st.entries.get(ev.KeyNID); there {
			size--
		}
	}
	change := resolve.State{{Key: ev.KeyNID, NID: ev.NID}}
	return b.derive(before, change, size, func() (resolve.State, error) {
		entries, err := b.entries(before)
		return overlay(entries, change), err
	})
}

// derive stores a state that follows another.
func (b *batch) derive(from stateRef, changes resolve.State, size int, whole func() (resolve.State, error)) (stateRef, error) {
	var failed error
	nid := b.rm.r.nids.state.Next()
	ref, row := from.derive(nid, changes, size, func() resolve.State {
		entries, err := whole()
		failed = err
		entries = present(entries)
		b.wholes[nid] = entries
		return entries
	})
	if failed != nil {
		return stateRef{}, failed
	}
	b.blobs = append(b.blobs, row)
	b.refs[nid] = ref
	return ref, nil
}

// newState stores entries as a state that follows from by the changes.
func (b *batch) newState(from stateRef, changes, entries resolve.State) (stateRef, error) {
	return b.derive(from, changes, len(entries), func() (resolve.State, error) { return entries, nil })
}

// merged returns the state to which several lead, resolving them if they differ.
func (b *batch) merged(nids []int64) (stateRef, error) {
	if len(nids) == 0 {
		return stateRef{}, nil
	}
	first, err := b.ref(nids[0])
	if err != nil || len(nids) == 1 {
		return first, err
	}
	states := make([]resolve.State, 0, len(nids))
	for _, nid := range nids {
		ref, err := b.ref(nid)
		if err != nil {
			return stateRef{}, err
		}
		entries, err := b.entries(ref)
		if err != nil {
			return stateRef{}, err
		}
		states = append(states, entries)
	}
	resolver, err := b.resolver()
	if err != nil {
		return stateRef{}, err
	}
	resolved, err := resolver.Resolve(b.ctx, states)
	if err != nil {
		return stateRef{}, fmt.Errorf("resolving the state of room %s: %w", b.rm.id, err)
	}
	for i, state := range states {
		if slices.Equal(state, resolved) {
			return b.ref(nids[i])
		}
	}
	return b.newState(first, diff(states[0], resolved), resolved)
}

func (b *batch) resolver() (*resolve.Resolver, error) {
	rm := b.rm
	rm.batch = b
	if rm.resolver != nil {
		return rm.resolver, nil
	}
	create, err := b.createEvent()
	if err != nil {
		return nil, err
	}
	rm.resolver, err = resolve.NewResolver(rm.format.version, create.NID, loader{rm})
	return rm.resolver, err
}

// settle resolves the current state over the extremities, if that is due, and notes what it changed.
func (b *batch) settle() error {
	cause := b.unresolved
	if cause == nil {
		return nil
	}
	var states []int64
	for _, x := range b.st.extremities {
		if !slices.Contains(states, x.stateAfter) {
			states = append(states, x.stateAfter)
		}
	}
	next, err := b.merged(states)
	if err != nil {
		return err
	}
	b.unresolved = nil
	if next.nid == b.st.ref.nid {
		return nil
	}
	entries, err := b.entries(next)
	if err != nil {
		return err
	}
	changes := diff(b.st.state(), entries)
	b.st.ref = next
	return b.changeAll(changes, cause)
}

func (b *batch) changeAll(changes resolve.State, cause *Event) error {
	if len(changes) == 0 {
		return nil
	}
	nids := make([]int64, 0, len(changes))
	events := make([]int64, 0, len(changes))
	for _, c := range changes {
		nids = append(nids, c.Key)
		if c.NID != 0 && b.events[c.NID] == nil {
			events = append(events, c.NID)
		}
	}
	names, err := b.keyNames(nids)
	if err != nil {
		return err
	}
	if _, err := b.rm.r.Events(b.ctx, events); err != nil { // one read for all; change finds them in the cache
		return err
	}
	for _, c := range changes {
		if err := b.change(c.Key, names[c.Key], c.NID, cause); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) keyNames(nids []int64) (map[int64]resolve.StateKey, error) {
	own := make(map[int64]resolve.StateKey, len(b.newKeys))
	for key, nid := range b.newKeys {
		own[nid] = key
	}
	stored := slices.DeleteFunc(slices.Clone(nids), func(nid int64) bool {
		_, ok := own[nid]
		return ok
	})
	names, err := b.rm.r.keys.names(b.ctx, stored)
	if err != nil {
		return nil, err
	}
	for nid, key := range own {
		names[nid] = key
	}
	return names, nil
}

// change sets one entry of the current state; nid 0 removes it.
func (b *batch) change(keyNID int64, key resolve.StateKey, nid int64, cause *Event) error {
	old, _ := b.st.entries.get(keyNID)
	var ev *Event
	if nid != 0 {
		var err error
		if ev, err = b.event(nid); err != nil {
			return err
		}
	}
	c := &stateChange{
		delta: &StateDelta{
			RoomID: b.rm.id, RoomNID: b.rm.nid, KeyNID: keyNID, Type: key.Type, StateKey: key.Key, Old: old, New: nid,
		},
		cause: cause,
	}
	if key.Type == "m.room.member" {
		c.before = b.st.membership(key.Key)
		if c.member = ev; ev != nil {
			c.after = ev.Membership()
		}
	}
	b.st.put(b.rm.r.server, key, keyNID, ev)
	b.changes = append(b.changes, c)
	return nil
}

// visibilityAt returns the history visibility of a state.
func (b *batch) visibilityAt(ref stateRef) (HistoryVisibility, error) {
	if ref.nid == b.st.ref.nid {
		return b.st.facts.visibility, nil
	}
	nid, err := b.finder(ref)(resolve.StateKey{Type: "m.room.history_visibility"})
	if err != nil || nid == 0 {
		return VisibilityShared, err
	}
	ev, err := b.event(nid)
	if err != nil {
		return VisibilityShared, err
	}
	return parseVisibility(ev.Content().Get("history_visibility").Str), nil
}
