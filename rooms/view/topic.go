package view

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"medixchange/rooms"
)

const typeTopic = "m.room.topic"

// ErrTranslated is what a topic is refused with that was made from a translation. Its text is in the sender's language.
var ErrTranslated = errors.New("the topic is a translation")

func isTopic(ev *rooms.Event) bool {
	return ev.Type == typeTopic && ev.StateKey != nil && *ev.StateKey == ""
}

// topicsFor leaves topics out for a viewer who reads them as they were written.
func topicsFor(viewer Viewer, events []*rooms.Event) []*rooms.Event {
	if viewer.Topics || !slices.ContainsFunc(events, isTopic) {
		return events
	}
	return slices.DeleteFunc(slices.Clone(events), isTopic)
}

// TopicFromClient is what FromClient is for the content of a room's topic, before it: the editors of clients begin with the
// topic that they were shown. For one that is still the translation, unchanged, it returns the id of the topic that the room
// has: there is nothing to store. One that was changed but still bears the mark of a translation is refused with an error
// that wraps [ErrTranslated].
func (v *View) TopicFromClient(ctx context.Context, viewer Viewer, roomID string, content json.RawMessage) (unchanged string, err error) {
	if v.plain {
		return "", nil
	}
	if viewer, err = v.InRoom(ctx, viewer, roomID); err != nil {
		return "", err
	}
	current, err := v.rooms.StateEvent(ctx, roomID, typeTopic, "")
	if errors.Is(err, rooms.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the topic: %w", err)
	}
	visible, err := v.Visible(ctx, viewer, roomID, []*rooms.Event{current})
	if err != nil || len(visible) == 0 {
		return "", err
	}
	own, err := v.renderer.OwnTopic(ctx, viewer.Language, current, content)
	if err != nil {
		return "", err
	}
	if own == nil {
		return current.ID, nil
	}
	return "", nil
}
