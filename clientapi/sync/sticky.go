package sync

import (
	"fmt"
	"slices"

	"medixchange/rooms"
	"medixchange/rooms/view"
)

// readSticky takes the sticky events that the device learns of and that are not in its timeline, whether they did not fit,
// were filtered out or lie before the user's joining (MSC4354).
func (r *round) readSticky(s *section) error {
	found := r.h.rooms.Stickies(s.ur.RoomID, s.since, s.upto)
	found = slices.DeleteFunc(found, func(e rooms.Sticky) bool {
		return s.viewer.Ignored != nil && s.viewer.Ignored(e.Sender) ||
			slices.ContainsFunc(s.timeline.events, func(ev *rooms.Event) bool { return ev.NID == e.NID })
	})
	if len(found) == 0 {
		return nil
	}
	nids := make([]int64, 0, len(found))
	for _, e := range found {
		nids = append(nids, e.NID)
	}
	events, err := r.h.rooms.Events(r.ctx, nids)
	if err != nil {
		return fmt.Errorf("reading sticky events: %w", err)
	}
	for _, nid := range nids {
		if ev := events[nid]; ev != nil {
			s.sticky = append(s.sticky, ev)
		}
	}
	return nil
}

// appendSticky appends the section of sticky events.
func (r *round) appendSticky(dst []byte, s *section, o view.ShowOptions) ([]byte, error) {
	if len(s.sticky) == 0 {
		return dst, nil
	}
	dst = append(key(dst, rooms.StickyKey), `{"events":[`...)
	dst, err := r.h.view.Append(r.ctx, dst, s.viewer, s.sticky, o)
	if err != nil {
		return dst, fmt.Errorf("showing sticky events: %w", err)
	}
	return append(dst, ']', '}'), nil
}
