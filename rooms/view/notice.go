package view

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

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
	// Beside is the position of the event that it is shown beside, where it is: in the event's own content for a reader who
	// gets the event when the notice is there already, and as an event of its own only for one who had it before.
	Beside int64
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

// NoticesOfAll is Notices for all users together, at most limit, the oldest first.
func (v *View) NoticesOfAll(ctx context.Context, since, upto int64, limit int) ([]*Notice, error) {
	if v.plain {
		return nil, nil
	}
	notices, err := v.renderer.NoticesOfAll(ctx, since, upto, limit)
	if err != nil {
		return nil, fmt.Errorf("reading notices: %w", err)
	}
	return notices, nil
}

// NoticeID returns the id under which its user gets a notice.
func (v *View) NoticeID(n *Notice) string { return v.renderer.NoticeID(n) }

// NoticeByID returns the notice of a room that an id stands for, encoded as a single event: a phone that was told of it asks for it. It is
// nil for every other id, and when the viewer ignores the notice's sender.
func (v *View) NoticeByID(ctx context.Context, viewer Viewer, roomID, id string) (json.RawMessage, error) {
	place := v.renderer.NoticePlace(id, viewer.UserID)
	if place == 0 {
		return nil, nil
	}
	found, err := v.Notices(ctx, viewer.UserID, place-1, place)
	if err != nil || len(found) == 0 || found[0].RoomID != roomID {
		return nil, err
	}
	shown := v.Notice(viewer, found[0])
	if shown == nil {
		return nil, nil
	}
	shown, err = sjson.SetBytes(shown, "room_id", roomID)
	if err != nil {
		return nil, fmt.Errorf("encoding a notice: %w", err)
	}
	return shown, nil
}

// Notice returns a notice encoded for /sync; nil when the viewer ignores its sender.
func (v *View) Notice(viewer Viewer, n *Notice) json.RawMessage {
	if viewer.ignores(n.Sender) {
		return nil
	}
	head := syntheticHead{id: v.renderer.NoticeID(n), ts: n.TS, sender: n.Sender, typ: n.Type()}
	out := appendKey(append(make([]byte, 0, len(n.Content)+300), '{'), "content")
	if n.Redacts == 0 {
		out = append(out, n.Content...)
		return append(v.appendHead(out, head), '}')
	}
	target := v.renderer.NoticeID(&Notice{UserID: n.UserID, EventNID: n.EventNID, Position: n.Redacts})
	out = append(appendStringKey(append(out, '{'), "redacts", target), '}')
	out = v.appendHead(out, head)
	return append(appendStringKey(out, "redacts", target), '}')
}

// ReadAsKey is the key in content that says in which translation the sender of an answer read the viewer's message. Only
// this node writes it.
const ReadAsKey = "org.medixchange.read_as"

// readBeside looks up what the viewer is told beside events: answers to their own messages.
func (s *showing) readBeside(ctx context.Context, events []*rooms.Event) error {
	if s.v.plain || s.o.StateSection || s.o.Format == FormatFederation {
		return nil
	}
	var answers []*rooms.Event
	for _, ev := range events {
		if ev.Sender != s.viewer.UserID && ev.Type == "m.room.message" && bytes.Contains(ev.JSON, replyKey) {
			answers = append(answers, ev)
		}
	}
	if len(answers) == 0 {
		return nil
	}
	var err error
	s.beside, err = s.v.renderer.Beside(ctx, s.viewer.UserID, answers, s.o.Upto)
	return err
}

const pathReadAs = `org\.medixchange\.read_as`

// pathTold is the line that stands under the words, as it was said: whoever forwards the answer sends what its author wrote.
const pathTold = pathReadAs + ".told"

// besideIn is a line under the words of an event, in its body and in its formatted_body.
func besideIn(told string) (line, block string) {
	return "\n" + told, "<p>" + html.EscapeString(told) + "</p>"
}

// withBeside returns a shown event with what the viewer is told under its words.
func withBeside(ev *rooms.Event, shown *stable, n *Notice) *stable {
	notice, content := gjson.ParseBytes(n.Content), shown.content
	parsed, told := gjson.ParseBytes(content), notice.Get("body").Str
	line, block := besideIn(told)
	sets := []struct{ path, value string }{{"body", parsed.Get("body").Str + line}}
	if parsed.Get("url").Exists() && !parsed.Get("filename").Exists() { // its body was the name of a file, and is a caption now
		sets = append(sets, struct{ path, value string }{"filename", parsed.Get("body").Str})
	}
	if formatted := parsed.Get("formatted_body"); formatted.Type == gjson.String {
		sets = append(sets, struct{ path, value string }{"formatted_body", formatted.Str + block})
	}
	var err error
	if key := notice.Get(pathReadAs); key.IsObject() {
		if content, err = sjson.SetRawBytes(content, pathReadAs, []byte(key.Raw)); err != nil {
			return shown // what was encoded here always parses
		}
		sets = append(sets, struct{ path, value string }{pathTold, told})
	}
	for _, set := range sets {
		if content, err = sjson.SetBytes(content, set.path, set.value); err != nil {
			return shown
		}
	}
	return encode(ev, content, false)
}

// withoutBeside returns a content that a client copied from what withBeside returned without what was said there under the
// words: it is ours, for one reader, and nothing that the author of the answer wrote.
func withoutBeside(content []byte) []byte {
	if !bytes.Contains(content, readAsKey) {
		return content
	}
	sent := gjson.ParseBytes(content)
	told := sent.Get(pathTold).Str
	if told == "" {
		return content
	}
	out := content
	line, block := besideIn(told)
	for path, added := range map[string]string{"body": line, "formatted_body": block} {
		text, found := strings.CutSuffix(sent.Get(path).Str, added)
		if !found {
			continue
		}
		var err error
		if out, err = sjson.SetBytes(out, path, text); err != nil {
			return content
		}
	}
	return out
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
