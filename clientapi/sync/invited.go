package sync

import (
	"encoding/json"
	"fmt"

	"medixchange/rooms"
)

// invited reads an invite to a room that this node is in. Invites of ignored users are not told.
func (r *round) invited(ur rooms.UserRoom) error {
	events, err := r.events([]int64{ur.EventNID})
	if err != nil || len(events) == 0 {
		return err
	}
	inviter := events[0].Sender
	if r.viewer.Ignored != nil && r.viewer.Ignored(inviter) {
		return nil
	}
	stripped, err := r.h.view.Stripped(r.ctx, ur.RoomID, inviter, r.q.device.UserID)
	if err != nil {
		return fmt.Errorf("reading the state of an invite: %w", err)
	}
	r.invite = appendStripped(r.invite, ur.RoomID, "invite_state", stripped)
	return nil
}

// knocked reads a knock at a room that this node is in.
func (r *round) knocked(ur rooms.UserRoom) error {
	stripped, err := r.h.view.Stripped(r.ctx, ur.RoomID, r.q.device.UserID)
	if err != nil {
		return fmt.Errorf("reading the state of a knock: %w", err)
	}
	r.knock = appendStripped(r.knock, ur.RoomID, "knock_state", stripped)
	return nil
}

func appendStripped(dst []byte, roomID, name string, events []json.RawMessage) []byte {
	dst = append(stringKey(dst, roomID), '{')
	dst = append(key(dst, name), `{"events":[`...)
	for _, event := range events {
		dst = append(comma(dst), event...)
	}
	return append(dst, "]}}"...)
}
