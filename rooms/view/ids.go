package view

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"medixchange/internal/pattern"
	"medixchange/internal/strictjson"
	"medixchange/rooms"
)

// MapID returns the real event that an id from a client stands for. Ids that exist for one viewer only (late edits) never
// enter the database: every id in a path, a content, a receipt or a marker passes here or through [View.MapReceipt]
// first. synthetic tells that it was such an id: redacting one is 403.
func (v *View) MapID(viewer Viewer, id string) (eventID string, synthetic bool) {
	return v.renderer.RealID(id, viewer.UserID)
}

// MapReceipt is MapID for read receipts and fully-read markers: a late edit stands for the newest event that the viewer
// could see at or before its place, and so does a notice, so that what lies between does not become unread again (TRANSLATION 4).
func (v *View) MapReceipt(ctx context.Context, viewer Viewer, roomID, id string) (string, error) {
	eventID, synthetic := v.renderer.RealID(id, viewer.UserID)
	if !synthetic {
		return id, nil
	}
	place := v.renderer.NoticePlace(id, viewer.UserID)
	if place == 0 {
		var err error
		if place, err = v.placeOf(ctx, viewer, roomID, eventID); err != nil || place == 0 {
			return eventID, err
		}
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

// FromClient returns a content that a client sends as it may be stored: ids of viewer-only events become real ones,
// wherever they stand (relations, replies, pins, account data, links in a text), a forwarded translation becomes the original
// that it was made from, and translation keys go.
func (v *View) FromClient(viewer Viewer, content json.RawMessage) (json.RawMessage, error) {
	content = withoutForged(forwardedOriginal(content))
	if v.plain || !mayNameEvents(content) {
		return content, nil
	}
	var out []byte
	done := 0
	for _, at := range eventIDs().FindAllSubmatchIndex(content, -1) {
		start, end := at[2], at[3]
		if end < len(content) && isIDByte(content[end]) {
			continue // longer than an id
		}
		real, synthetic := v.MapID(viewer, "$"+string(content[start:end]))
		if !synthetic {
			continue
		}
		name := real[1:]
		if prefix := content[at[0]:start]; bytes.ContainsAny(prefix, "%/") {
			name = url.PathEscape(name) // it stands in a link
		}
		quoted := strictjson.AppendString(nil, []byte(name))
		out = append(append(out, content[done:start]...), quoted[1:len(quoted)-1]...)
		done = end
	}
	if done == 0 {
		return content, nil
	}
	return append(out, content[done:]...), nil
}

// eventIDs finds what has the form of an id that a viewer-only event can have (TRANSLATION 2), also escaped, and in a matrix:
// URI, where it follows /e/ without its sigil.
var eventIDs = pattern.Lazy(`(?:\$|%24|\\u0024|` + slash + `e(?:vent)?` + slash + `)([A-Za-z0-9_-]{43})`)

const slash = `(?:\\?/|%2[Ff]|\\u002[Ff])`

// namingEvents are what a content has one of that may name an event.
var namingEvents = [][]byte{
	[]byte("$"), []byte("%24"), []byte(`\u0024`), []byte("/e"), []byte("%2Fe"), []byte("%2fe"), []byte(`\u002fe`), []byte(`\u002Fe`),
}

func mayNameEvents(content []byte) bool {
	return slices.ContainsFunc(namingEvents, func(mark []byte) bool { return bytes.Contains(content, mark) })
}

func isIDByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
}
