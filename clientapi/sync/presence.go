package sync

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"medixchange/accounts"
	"medixchange/rooms"
)

// presencePort is what a sync asks of presence, where it is kept; see the methods of the same names in accounts.
type presencePort interface {
	SyncPresence(ctx context.Context, userID, presence string) error
	PresenceNews(ctx context.Context, viewer string, since int64, seen, newcomers []string) (map[string]accounts.PresenceState, error)
}

// noteSync tells presence that the user syncs; set is the parameter set_presence.
func (h *Handler) noteSync(ctx context.Context, userID, set string) error {
	if h.presence == nil {
		return nil
	}
	if set == "" {
		set = "online"
	}
	return h.presence.SyncPresence(ctx, userID, set)
}

// notePresence remembers whose presence the device needs because of the section: of everyone in a room that is new to
// it, else of those who came in.
func (r *round) notePresence(s *section, deltas []rooms.StateDelta) {
	if r.h.presence == nil {
		return
	}
	if s.full {
		r.seen = append(r.seen, s.ur.RoomID)
		return
	}
	for _, d := range deltas {
		if d.Type == memberType {
			r.newcomers = append(r.newcomers, d.StateKey)
		}
	}
}

// presences returns the m.presence events of the answer, by user.
func (r *round) presences() ([]json.RawMessage, error) {
	filter := &r.q.filter.Presence
	if r.h.presence == nil || !filter.WantsType("m.presence") {
		return nil, nil
	}
	since := r.since.Ephemeral
	if !r.epoch {
		since = 0
	}
	found, err := r.h.presence.PresenceNews(r.ctx, r.q.device.UserID, since, r.seen, r.newcomers)
	if err != nil {
		return nil, fmt.Errorf("reading presence: %w", err)
	}
	var events []json.RawMessage
	for _, userID := range slices.Sorted(maps.Keys(found)) {
		if !filter.WantsSender(userID) {
			continue
		}
		event, err := presenceEvent(userID, found[userID], r.h.now().UnixMilli())
		if err != nil {
			return nil, err
		}
		events = append(events, event)
	}
	return events, nil
}

func presenceEvent(userID string, p accounts.PresenceState, now int64) (json.RawMessage, error) {
	content := map[string]any{"presence": p.Presence}
	if p.StatusMsg != "" {
		content["status_msg"] = p.StatusMsg
	}
	if p.LastActive > 0 {
		content["last_active_ago"] = max(now-p.LastActive, 0)
	}
	if p.Presence == "online" {
		content["currently_active"] = true
	}
	event, err := json.Marshal(map[string]any{"type": "m.presence", "sender": userID, "content": content})
	if err != nil {
		return nil, fmt.Errorf("encoding a presence: %w", err)
	}
	return event, nil
}
