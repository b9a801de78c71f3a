package view

import (
	"context"
	"encoding/json"
	"fmt"

	"medixchange/rooms"
)

// Notice is something that the node says to one user in a room: an event of a bot that exists for that viewer only. It is
// a durable, positioned fact like a rendering, comes to each device once, as /sync passes its position, and never federates.
type Notice struct {
	UserID   string
	RoomID   string
	EventNID int64  // of the event that it is about
	Sender   string // the bot
	Position int64
	TS       int64 // ms
	// Content is that of an m.room.message; of the redaction of an earlier notice it is empty.
	Content json.RawMessage
	// Redacts is the position of the notice that this one takes back; 0 for none.
	Redacts int64
}

// Type is the type of the event that it is shown as.
func (n *Notice) Type() string {
	if n.Redacts != 0 {
		return "m.room.redaction"
	}
	return "m.room.message"
}

// Notices returns what the user was told with since < Position ≤ upto, ascending.
func (v *View) Notices(ctx context.Context, userID string, since, upto int64) ([]*Notice, error) {
	if v.plain {
		return nil, nil
	}
	notices, err := v.renderer.Notices(ctx, userID, since, upto)
	if err != nil {
		return nil, fmt.Errorf("reading notices: %w", err)
	}
	return notices, nil
}

// Notice returns a notice encoded for /sync; nil when the viewer ignores its sender.
func (v *View) Notice(viewer Viewer, n *Notice) json.RawMessage {
	if viewer.ignores(n.Sender) {
		return nil
	}
	out := appendKey(append(make([]byte, 0, len(n.Content)+300), '{'), "content")
	if n.Redacts == 0 {
		out = append(out, n.Content...)
		out = v.syntheticHead(out, v.renderer.NoticeID(n), n.TS, n.Sender, n.Type())
		return append(out, '}')
	}
	target := v.renderer.NoticeID(&Notice{UserID: n.UserID, EventNID: n.EventNID, Position: n.Redacts})
	out = append(appendStringKey(append(out, '{'), "redacts", target), '}')
	out = v.syntheticHead(out, v.renderer.NoticeID(n), n.TS, n.Sender, n.Type())
	return append(appendStringKey(out, "redacts", target), '}')
}

// AsEvent is what filters look at: type, sender and content.
func (n *Notice) AsEvent() *rooms.Event {
	return &rooms.Event{Type: n.Type(), Sender: n.Sender, RoomID: n.RoomID, JSON: n.json()}
}

func (n *Notice) json() []byte {
	if len(n.Content) == 0 {
		return []byte(`{"content":{}}`)
	}
	return append(append([]byte(`{"content":`), n.Content...), '}')
}
