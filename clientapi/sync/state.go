package sync

import (
	"errors"
	"fmt"
	"slices"

	"medixchange/rooms"
)

const memberType = "m.room.member"

// readState finds the state events of a joined room's section. A device that begins gets the whole state, others what
// the state deltas say; both up to the start of the timeline, or to its end with use_state_after.
func (r *round) readState(s *section) error {
	deltas, err := r.deltas(s)
	if err != nil {
		return err
	}
	if s.full {
		s.state, err = r.fullState(s)
	} else {
		s.state, err = r.changedState(s, deltas)
	}
	if err != nil {
		return err
	}
	s.summary = s.full || slices.ContainsFunc(deltas, func(d rooms.StateDelta) bool { return d.Type == memberType })
	if s.filter.State.LazyLoadMembers {
		if err := r.lazyMembers(s, deltas); err != nil {
			return err
		}
	}
	s.state = r.filterState(s.state, &s.filter.State, s.ur.RoomID)
	r.noteMembers(s)
	r.notePresence(s, deltas)
	return nil
}

// deltas returns the state changes of the section's range; for a device that begins again, those since it knew the room:
// it may have members that changed while its user was away.
func (r *round) deltas(s *section) ([]rooms.StateDelta, error) {
	if s.fresh && s.known == 0 {
		return nil, nil
	}
	if s.changes.fromSQL {
		deltas, err := r.h.rooms.StateDeltas(r.ctx, s.ur.RoomID, max(s.since, s.known), s.upto)
		if err != nil {
			return nil, fmt.Errorf("reading state deltas: %w", err)
		}
		return deltas, nil
	}
	deltas := s.changes.deltas
	for i := range deltas {
		if deltas[i].Position > s.upto {
			return deltas[:i], nil
		}
	}
	return deltas, nil
}

// inTimeline returns the nids of the state events in the section's timeline.
func (s *section) inTimeline() map[int64]bool {
	var in map[int64]bool
	for _, ev := range s.timeline.events {
		if ev.IsState() {
			if in == nil {
				in = make(map[int64]bool)
			}
			in[ev.NID] = true
		}
	}
	return in
}

// stateChange is what became of one state entry over a range.
type stateChange struct {
	before int64 // the entry at the start of the timeline, if it changed before that; else 0
	final  int64
}

// changedState follows the deltas. What the timeline itself brings to its final value needs no word in state; what
// changed without an event in the timeline (a merge of forks, a filter, a gap) does.
func (r *round) changedState(s *section, deltas []rooms.StateDelta) ([]*rooms.Event, error) {
	if len(deltas) == 0 {
		return nil, nil
	}
	order := make([]int64, 0, len(deltas))
	entries := make(map[int64]*stateChange, len(deltas))
	for _, d := range deltas {
		c := entries[d.KeyNID]
		if c == nil {
			c = &stateChange{}
			entries[d.KeyNID] = c
			order = append(order, d.KeyNID)
		}
		c.final = d.New
		if d.Position < s.timeline.start {
			c.before = d.New
		}
	}
	shown := s.inTimeline()
	var nids []int64
	for _, key := range order {
		c := entries[key]
		switch {
		case r.q.stateAfter || !shown[c.final]:
			nids = append(nids, c.final)
		case c.before != 0:
			nids = append(nids, c.before)
		}
	}
	return r.events(nids)
}

// events returns the events of the nids, in that order; 0 and what is not known are left out.
func (r *round) events(nids []int64) ([]*rooms.Event, error) {
	nids = slices.DeleteFunc(nids, func(nid int64) bool { return nid == 0 })
	if len(nids) == 0 {
		return nil, nil
	}
	found, err := r.h.rooms.Events(r.ctx, nids)
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	out := make([]*rooms.Event, 0, len(nids))
	for _, nid := range nids {
		if ev := found[nid]; ev != nil {
			out = append(out, ev)
		}
	}
	return out, nil
}

// fullState returns the whole state at the section's end, or as it was at the start of its timeline.
func (r *round) fullState(s *section) ([]*rooms.Event, error) {
	keep := r.keepOf(s)
	events, position, err := r.h.rooms.state(r.ctx, s.ur.RoomID, keep)
	if err != nil {
		return nil, err
	}
	if position > s.upto {
		if events, err = r.rewind(s, events, position, keep); err != nil {
			return nil, err
		}
	}
	if r.q.stateAfter {
		return events, nil
	}
	return r.beforeTimeline(s, events)
}

// keepOf says which state is wanted: under lazy loading the members come one by one.
func (r *round) keepOf(s *section) func(typ, key string) bool {
	if !s.filter.State.LazyLoadMembers {
		return nil
	}
	return func(typ, _ string) bool { return typ != memberType }
}

// rewind takes back what changed after the section's end.
func (r *round) rewind(s *section, events []*rooms.Event, position int64, keep func(typ, key string) bool) ([]*rooms.Event, error) {
	deltas, err := r.h.rooms.StateDeltas(r.ctx, s.ur.RoomID, s.upto, position)
	if err != nil {
		return nil, fmt.Errorf("reading newer state deltas: %w", err)
	}
	old := make(map[[2]string]int64, len(deltas))
	var nids []int64
	for _, d := range deltas {
		key := [2]string{d.Type, d.StateKey}
		if _, ok := old[key]; ok || keep != nil && !keep(d.Type, d.StateKey) {
			continue
		}
		old[key] = d.Old
		nids = append(nids, d.Old)
	}
	kept := make([]*rooms.Event, 0, len(events))
	for _, ev := range events {
		if _, changed := old[[2]string{ev.Type, *ev.StateKey}]; !changed {
			kept = append(kept, ev)
		}
	}
	before, err := r.events(nids)
	return append(kept, before...), err
}

// beforeTimeline replaces what the timeline will bring by what was there before it.
func (r *round) beforeTimeline(s *section, events []*rooms.Event) ([]*rooms.Event, error) {
	shown := s.inTimeline()
	if len(shown) == 0 {
		return events, nil
	}
	before := s.timeline.events[0].StateBefore
	out := make([]*rooms.Event, 0, len(events))
	for _, ev := range events {
		if !shown[ev.NID] {
			out = append(out, ev)
			continue
		}
		if before == 0 {
			continue
		}
		old, err := r.h.rooms.StateEntryAt(r.ctx, before, ev.Type, *ev.StateKey)
		if errors.Is(err, rooms.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the state before the timeline: %w", err)
		}
		out = append(out, old)
	}
	return out, nil
}

func (r *round) filterState(events []*rooms.Event, filter *EventFilter, roomID string) []*rooms.Event {
	if !filter.WantsRoom(roomID) {
		return nil
	}
	if filter.open() {
		return events
	}
	return wanted(events, filter)
}

// lazyMembers adds the member events that the device needs to show the section: of the senders, for a device that begins
// also its user's own and the heroes'. Those it is known to have are left out.
func (r *round) lazyMembers(s *section, deltas []rooms.StateDelta) error {
	users, err := r.needed(s, deltas)
	if err != nil || len(users) == 0 {
		return err
	}
	nids, err := r.h.rooms.members(r.ctx, s.ur.RoomID, users)
	if err != nil {
		return err
	}
	r.asBefore(s, deltas, users, nids)
	there := s.inTimeline()
	if there == nil || r.q.stateAfter {
		there = make(map[int64]bool, len(s.state))
	}
	for _, ev := range s.state {
		there[ev.NID] = true
	}
	device := r.h.devices.of(r.q.device)
	redundant := s.filter.State.IncludeRedundantMembers || s.full
	nids = slices.DeleteFunc(nids, func(nid int64) bool {
		return there[nid] || !redundant && device.has(nid)
	})
	members, err := r.events(nids)
	s.state = append(s.state, members...)
	return err
}

func (r *round) needed(s *section, deltas []rooms.StateDelta) ([]string, error) {
	var users []string
	add := func(user string) {
		if !slices.Contains(users, user) {
			users = append(users, user)
		}
	}
	for _, ev := range s.timeline.events {
		add(ev.Sender)
	}
	if !s.full {
		return users, nil
	}
	for _, d := range deltas {
		if d.Type == memberType {
			add(d.StateKey)
		}
	}
	add(r.q.device.UserID)
	b, err := r.h.rooms.brief(r.ctx, s.ur.RoomID, r.q.device.UserID)
	if err != nil {
		return nil, err
	}
	for _, hero := range b.heroes {
		add(hero)
	}
	return users, nil
}

// asBefore takes members that changed within the timeline as they were before it: the timeline brings the change.
func (r *round) asBefore(s *section, deltas []rooms.StateDelta, users []string, nids []int64) {
	if r.q.stateAfter {
		return
	}
	for i, user := range users {
		for _, d := range deltas {
			if d.Type == memberType && d.StateKey == user && d.Position >= s.timeline.start {
				nids[i] = d.Old
				break
			}
		}
	}
}

// noteMembers remembers which member events the answer holds.
func (r *round) noteMembers(s *section) {
	if !s.filter.State.LazyLoadMembers {
		return
	}
	for _, events := range [][]*rooms.Event{s.state, s.timeline.events} {
		for _, ev := range events {
			if ev.Type == memberType && ev.IsState() {
				r.members = append(r.members, ev.NID)
			}
		}
	}
}
