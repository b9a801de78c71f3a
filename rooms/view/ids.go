package view

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"medixchange/rooms"
)

// MapID returns the real event that an id from a client stands for. Ids that exist for one viewer only (late edits) never
// enter the database: every id in a path, a content, a receipt or a marker passes here or through [View.MapReceipt]
// first. synthetic tells that it was such an id: redacting one is 403.
func (v *View) MapID(viewer Viewer, id string) (eventID string, synthetic bool) {
	return v.renderer.RealID(id, viewer.UserID)
}

// MapReceipt is MapID for read receipts and fully-read markers: a late edit stands for the newest event that the viewer
// could see at or before its place, so that what lies between does not become unread again (TRANSLATION 4).
func (v *View) MapReceipt(ctx context.Context, viewer Viewer, roomID, id string) (string, error) {
	eventID, synthetic := v.renderer.RealID(id, viewer.UserID)
	if !synthetic {
		return id, nil
	}
	place, err := v.placeOf(ctx, viewer, roomID, eventID)
	if err != nil || place == 0 {
		return eventID, err
	}
	page, err := v.rooms.Timeline(ctx, roomID, rooms.HistoryKey{Anchor: place}, rooms.HistoryKey{}, rooms.Backward, receiptLookBack, false)
	if err != nil {
		return "", fmt.Errorf("reading what came before a late edit: %w", err)
	}
	visible, err := v.Visible(ctx, viewer, roomID, page.Events)
	if err != nil || len(visible) == 0 {
		return eventID, err
	}
	return visible[0].ID, nil
}

// receiptLookBack is how many events before a late edit are looked through for one that the viewer can see.
const receiptLookBack = 50

// placeOf returns the stream position of the rendering of an event for the viewer, 0 if it is gone.
func (v *View) placeOf(ctx context.Context, viewer Viewer, roomID, eventID string) (int64, error) {
	viewer, err := v.InRoom(ctx, viewer, roomID)
	if err != nil {
		return 0, err
	}
	events, err := v.rooms.EventsByID(ctx, []string{eventID})
	if err != nil || events[eventID] == nil {
		return 0, err
	}
	ev := events[eventID]
	found, err := v.renderer.Renderings(ctx, viewer.Language, []*rooms.Event{ev}, newest)
	if err != nil || found[ev.NID] == nil {
		return 0, err
	}
	return found[ev.NID].Position, nil
}

// relatedPaths are where a client's content names other events.
var relatedPaths = []string{
	`m\.relates_to.event_id`, `m\.relates_to.m\.in_reply_to.event_id`,
	`m\.new_content.m\.relates_to.event_id`, `m\.new_content.m\.relates_to.m\.in_reply_to.event_id`,
}

// FromClient returns a content that a client sends as it may enter the room: ids of viewer-only events become real ones
// (in relations, replies, pins and redactions), and translation keys go.
func (v *View) FromClient(viewer Viewer, content json.RawMessage) (json.RawMessage, error) {
	content = withoutForged(content)
	if v.plain || !bytes.Contains(content, []byte(`"$`)) {
		return content, nil
	}
	paths := relatedPaths
	gjson.GetBytes(content, "pinned").ForEach(func(i, _ gjson.Result) bool {
		paths = append(paths[:len(paths):len(paths)], fmt.Sprintf("pinned.%d", len(paths)-len(relatedPaths)))
		return len(paths) < maxMappedIDs
	})
	for _, path := range append(paths[:len(paths):len(paths)], "redacts") {
		id := gjson.GetBytes(content, path)
		if id.Type != gjson.String {
			continue
		}
		real, synthetic := v.MapID(viewer, id.Str)
		if !synthetic {
			continue
		}
		changed, err := sjson.SetBytes(content, path, real)
		if err != nil {
			return nil, fmt.Errorf("naming the real event: %w", err)
		}
		content = changed
	}
	return content, nil
}

const maxMappedIDs = 500
