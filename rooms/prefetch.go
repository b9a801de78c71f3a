package rooms

import (
	"fmt"

	"medixchange/rooms/resolve"
)

// expect reads in bulk what admitting the events would look up one by one: whether they are known, and the numbers of
// their places in the state.
func (b *batch) expect(events []*incoming) error {
	ids := make([]string, 0, len(events))
	keys := make([]resolve.StateKey, 0, len(events))
	for _, in := range events {
		ids = append(ids, in.event.ID)
		if in.event.StateKey != nil {
			keys = append(keys, resolve.StateKey{Type: in.event.Type, Key: *in.event.StateKey})
		}
	}
	found, err := b.rm.r.EventsByID(b.ctx, ids)
	if err != nil {
		return fmt.Errorf("looking up events that came together: %w", err)
	}
	if b.absent == nil {
		b.absent = make(map[string]bool, len(ids))
	}
	for _, id := range ids {
		if found[id] == nil {
			b.absent[id] = true
		}
	}
	if err := b.rm.r.keys.expect(b.ctx, keys); err != nil {
		return fmt.Errorf("looking up state keys: %w", err)
	}
	return nil
}
