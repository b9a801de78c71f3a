package view

import (
	"bytes"
	"context"
	"html"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"medixchange/rooms"
)

// fallback is what a client put before a reply for those that cannot show replies: the words of another message, as that
// client's user read them. Each viewer gets it made anew from what they read (TRANSLATION 12).
type fallback struct {
	message *rooms.Event // that is answered
	target  *rooms.Event // its version whose words are repeated: the edit in force, else the message
}

var replyKey = []byte("m.in_reply_to")

// fallbackOf returns the id of the message that ev repeats before its own words; "" for none.
func fallbackOf(ev *rooms.Event) string {
	if ev.Type != "m.room.message" || !bytes.Contains(ev.JSON, replyKey) {
		return ""
	}
	content := ev.Content()
	if _, own := cutQuoted(content.Get("body").Str); !own && !strings.Contains(content.Get("formatted_body").Str, mxReply) {
		return ""
	}
	return content.Get(`m\.relates_to.m\.in_reply_to.event_id`).Str
}

const (
	mxReply    = "<mx-reply>"
	mxReplyEnd = "</mx-reply>"
)

// cutQuoted cuts the quoted lines before a reply; false when there are none.
func cutQuoted(body string) (rest string, found bool) {
	if !strings.HasPrefix(body, "> <@") && !strings.HasPrefix(body, "> * <@") {
		return body, false
	}
	for strings.HasPrefix(body, ">") {
		_, body, _ = strings.Cut(body, "\n")
	}
	return strings.TrimPrefix(body, "\n"), true
}

func cutMXReply(formatted string) string {
	start := strings.Index(formatted, mxReply)
	if start < 0 {
		return formatted
	}
	end := strings.LastIndex(formatted, mxReplyEnd)
	if end < start {
		return formatted[:start]
	}
	return formatted[:start] + formatted[end+len(mxReplyEnd):]
}

// readFallbacks looks up what replies repeat, as far as the viewer may see it. What is not known here stays as it came.
func (s *showing) readFallbacks(ctx context.Context, events []*rooms.Event) error {
	if s.v.plain || s.o.StateSection || s.o.Format == FormatFederation {
		return nil
	}
	answered := map[int64]string{}
	var ids []string
	for _, ev := range events {
		if id := fallbackOf(ev); id != "" && translatable(s.viewer, ev) {
			answered[ev.NID] = id
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := s.v.rooms.EventsByID(ctx, ids)
	if err != nil {
		return err
	}
	edits, err := s.editsOf(ctx, ids)
	if err != nil {
		return err
	}
	s.fallbacks = make(map[int64]*fallback, len(answered))
	for _, ev := range events {
		message := found[answered[ev.NID]]
		if message == nil || message.RoomID != ev.RoomID {
			continue
		}
		f, err := s.fallbackTo(ctx, message, edits[message.ID])
		if err != nil {
			return err
		}
		if f != nil {
			s.fallbacks[ev.NID] = f
		}
	}
	return nil
}

// fallbackTo returns what a reply to a message repeats; nil when the viewer may not see the message.
func (s *showing) fallbackTo(ctx context.Context, message, edit *rooms.Event) (*fallback, error) {
	versions := []*rooms.Event{message}
	if edit != nil {
		versions = append(versions, edit)
	}
	visible, err := s.v.Visible(ctx, s.viewer, message.RoomID, versions)
	if err != nil || len(visible) == 0 || visible[0] != message {
		return nil, err
	}
	return &fallback{message: message, target: visible[len(visible)-1]}, nil
}

// editsOf returns the edit in force of each message that has one: a reply repeats no dose that its author has corrected
// since. One that is redacted has none any more.
func (s *showing) editsOf(ctx context.Context, ids []string) (map[string]*rooms.Event, error) {
	found, err := s.v.rooms.Aggregates(ctx, ids)
	if err != nil {
		return nil, err
	}
	edits := make(map[string]*rooms.Event, len(found))
	var edited []string
	for id, a := range found {
		if a.Edit != nil {
			edits[id], edited = a.Edit, append(edited, id)
		}
	}
	if len(edited) == 0 {
		return nil, nil
	}
	redacted, err := s.v.rooms.Redacted(ctx, edited)
	if err != nil {
		return nil, err
	}
	for id := range redacted {
		delete(edits, id)
	}
	return edits, nil
}

// withFallback returns a shown event whose repeated words are those that the viewer reads.
func (s *showing) withFallback(ev *rooms.Event, shown *stable, f *fallback) *stable {
	content, err := f.rewrite(shown.content, s.wordsOf(f))
	if err != nil {
		return shown // what was encoded here always parses
	}
	return encode(ev, content, false)
}

// wordsOf is how the viewer reads the message that is repeated; "" for one that is redacted.
func (s *showing) wordsOf(f *fallback) string {
	redaction := s.redactions[f.target.ID]
	if redaction != nil {
		return ""
	}
	content := gjson.ParseBytes(s.v.encoded(f.target, nil, s.renderings[f.target.NID]).content)
	if f.target != f.message {
		content = content.Get(`m\.new_content`)
	}
	for _, path := range []string{"body", `m\.text.0.body`, `org\.matrix\.msc1767\.text`} { // of messages, of polls
		if text := content.Get(path); text.Type == gjson.String {
			words, _ := cutQuoted(text.Str)
			return words
		}
	}
	return ""
}

func (f *fallback) rewrite(content []byte, words string) ([]byte, error) {
	parsed := gjson.ParseBytes(content)
	body, _ := cutQuoted(parsed.Get("body").Str)
	formatted := cutMXReply(parsed.Get("formatted_body").Str)
	if words != "" {
		body = f.quoted(words) + "\n\n" + body
	}
	content, err := sjson.SetBytes(content, "body", body)
	if err != nil || formatted == "" {
		return content, err
	}
	if words != "" {
		formatted = f.quotedHTML(words) + formatted
	}
	return sjson.SetBytes(content, "formatted_body", formatted)
}

func (f *fallback) quoted(words string) string {
	return "> <" + f.message.Sender + "> " + strings.ReplaceAll(words, "\n", "\n> ")
}

func (f *fallback) quotedHTML(words string) string {
	link := func(to, text string) string {
		return `<a href="https://matrix.to/#/` + html.EscapeString(to) + `">` + html.EscapeString(text) + "</a>"
	}
	return mxReply + "<blockquote>" + link(f.message.RoomID+"/"+f.message.ID, "In reply to") + " " + link(f.message.Sender, f.message.Sender) +
		"<br>" + strings.ReplaceAll(html.EscapeString(words), "\n", "<br>") + "</blockquote>" + mxReplyEnd
}
