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

// reply is a message that repeats another one before its own words.
type reply struct {
	ev      *rooms.Event
	answers string // id of the message that is answered
	edits   string // of an edit that does not say so itself: id of the message that it replaces, which does
}

// replyOf returns what ev repeats; false when it repeats nothing.
func replyOf(ev *rooms.Event) (r reply, repeats bool) {
	edit := ev.Relation.Type == "m.replace"
	if ev.Type != "m.room.message" || !edit && !bytes.Contains(ev.JSON, replyKey) {
		return r, false
	}
	content := ev.Content()
	if !hasFallback(content) && !(edit && hasFallback(content.Get(pathNewContent))) {
		return r, false
	}
	r = reply{ev: ev, answers: content.Get(pathAnswers).Str}
	if edit && r.answers == "" {
		r.edits = ev.Relation.EventID
	}
	return r, r.answers != "" || r.edits != ""
}

const (
	pathAnswers    = `m\.relates_to.m\.in_reply_to.event_id`
	pathNewContent = `m\.new_content`
)

func hasFallback(content gjson.Result) bool {
	_, quoted := cutQuoted(content.Get("body").Str)
	return quoted || strings.Contains(content.Get("formatted_body").Str, mxReply)
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
	var replies []reply
	for _, ev := range events {
		s.wantFallback(&replies, ev)
	}
	for _, b := range s.bundles {
		b.each(func(ev *rooms.Event) { s.wantFallback(&replies, ev) })
	}
	if len(replies) == 0 {
		return nil
	}
	if err := s.readEdited(ctx, replies); err != nil {
		return err
	}
	ids := idsOfReplies(replies, func(r *reply) string { return r.answers })
	found, err := s.v.rooms.EventsByID(ctx, ids)
	if err != nil {
		return err
	}
	edits, err := s.editsOf(ctx, ids)
	if err != nil {
		return err
	}
	s.fallbacks = make(map[int64]*fallback, len(replies))
	for _, r := range replies {
		message := found[r.answers]
		if message == nil || message.RoomID != r.ev.RoomID {
			continue
		}
		f, err := s.fallbackTo(ctx, message, edits[message.ID])
		if err != nil {
			return err
		}
		if f != nil {
			s.fallbacks[r.ev.NID] = f
		}
	}
	return nil
}

func (s *showing) wantFallback(replies *[]reply, ev *rooms.Event) {
	if r, repeats := replyOf(ev); repeats && translatable(s.viewer, ev) {
		*replies = append(*replies, r)
	}
}

// readEdited looks up what is answered by the messages that edits replace.
func (s *showing) readEdited(ctx context.Context, replies []reply) error {
	ids := idsOfReplies(replies, func(r *reply) string { return r.edits })
	if len(ids) == 0 {
		return nil
	}
	found, err := s.v.rooms.EventsByID(ctx, ids)
	if err != nil {
		return err
	}
	for i := range replies {
		if message := found[replies[i].edits]; message != nil {
			replies[i].answers = message.Content().Get(pathAnswers).Str
		}
	}
	return nil
}

// idsOfReplies returns the ids that replies have.
func idsOfReplies(replies []reply, id func(*reply) string) (ids []string) {
	for i := range replies {
		if id := id(&replies[i]); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
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

// encoded is an event as the viewer reads it, with the repeated words of a reply that they read.
func (s *showing) encoded(ev, redaction *rooms.Event) *stable {
	shown := s.v.encoded(ev, redaction, s.renderings[ev.NID])
	f := s.fallbacks[ev.NID]
	if f == nil || redaction != nil {
		return shown
	}
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
		content = content.Get(pathNewContent)
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
	content, err := withoutFallback(content, parsed.Get(pathNewContent))
	if err != nil {
		return nil, err
	}
	content, err = sjson.SetBytes(content, "body", body)
	if err != nil || formatted == "" {
		return content, err
	}
	if words != "" {
		formatted = f.quotedHTML(words) + formatted
	}
	return sjson.SetBytes(content, "formatted_body", formatted)
}

// withoutFallback cuts what the version of an edit repeats: there it has no place, and clients show all that stands there.
func withoutFallback(content []byte, version gjson.Result) ([]byte, error) {
	if !hasFallback(version) {
		return content, nil
	}
	body, _ := cutQuoted(version.Get("body").Str)
	content, err := sjson.SetBytes(content, pathNewContent+".body", body)
	if err != nil || !version.Get("formatted_body").Exists() {
		return content, err
	}
	return sjson.SetBytes(content, pathNewContent+".formatted_body", cutMXReply(version.Get("formatted_body").Str))
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
