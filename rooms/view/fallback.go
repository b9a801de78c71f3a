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
type fallback struct{ target *rooms.Event }

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
	targets := map[int64]string{}
	var ids []string
	for _, ev := range events {
		if id := fallbackOf(ev); id != "" && translatable(s.viewer, ev) {
			targets[ev.NID] = id
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
	s.fallbacks = make(map[int64]*fallback, len(targets))
	for _, ev := range events {
		target := found[targets[ev.NID]]
		if target == nil || target.RoomID != ev.RoomID {
			continue
		}
		visible, err := s.v.Visible(ctx, s.viewer, ev.RoomID, []*rooms.Event{target})
		if err != nil {
			return err
		}
		if len(visible) > 0 {
			s.fallbacks[ev.NID] = &fallback{target: target}
		}
	}
	return nil
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
	return "> <" + f.target.Sender + "> " + strings.ReplaceAll(words, "\n", "\n> ")
}

func (f *fallback) quotedHTML(words string) string {
	link := func(to, text string) string {
		return `<a href="https://matrix.to/#/` + html.EscapeString(to) + `">` + html.EscapeString(text) + "</a>"
	}
	return mxReply + "<blockquote>" + link(f.target.RoomID+"/"+f.target.ID, "In reply to") + " " + link(f.target.Sender, f.target.Sender) +
		"<br>" + strings.ReplaceAll(html.EscapeString(words), "\n", "<br>") + "</blockquote>" + mxReplyEnd
}
