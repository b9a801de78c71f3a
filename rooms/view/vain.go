package view

import (
	"context"
	"fmt"
	"slices"

	"medixchange/rooms"
)

// withoutVain leaves out redactions whose target is not redacted: clients would redact by them. From room version 3 on the rules
// accept every redaction; one that the server does not apply, since its sender may not redact or its target has not come, is not
// sent to clients (Room Version 3, Handling redactions). Where no event is a redaction nothing is looked up.
func (v *View) withoutVain(ctx context.Context, events []*rooms.Event) ([]*rooms.Event, error) {
	var targets []string
	for _, ev := range events {
		if mayBeVain(ev) {
			targets = append(targets, ev.Redacts)
		}
	}
	if len(targets) == 0 {
		return events, nil
	}
	redacted, err := v.rooms.Redacted(ctx, targets)
	if err != nil {
		return nil, fmt.Errorf("reading whether redactions took effect: %w", err)
	}
	return slices.DeleteFunc(slices.Clone(events), func(ev *rooms.Event) bool {
		if !mayBeVain(ev) {
			return false
		}
		because := redacted[ev.Redacts]
		return because == nil || because.RoomID != ev.RoomID
	}), nil
}

func mayBeVain(ev *rooms.Event) bool {
	return ev.Type == "m.room.redaction" && !ev.IsState() && rulesOf(ev.Version) >= 3
}
