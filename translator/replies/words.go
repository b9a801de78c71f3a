package replies

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// WordsOf returns what of a message's content may be read in another language: what people write, captions of files, and
// notices where clinical says that they are those of a clinical bot.
func WordsOf(content gjson.Result, clinical bool) (text, html string, ok bool) {
	body := content.Get("body")
	if body.Type != gjson.String || strings.TrimSpace(body.Str) == "" {
		return "", "", false
	}
	switch content.Get("msgtype").Str {
	case "m.text", "m.emote":
	case "m.notice":
		if !clinical {
			return "", "", false
		}
	case "m.image", "m.file", "m.audio", "m.video":
		if name := content.Get("filename"); name.Type != gjson.String || name.Str == "" || name.Str == body.Str {
			return "", "", false
		}
	default:
		return "", "", false
	}
	if content.Get("format").Str == "org.matrix.custom.html" {
		html = content.Get("formatted_body").Str
	}
	return body.Str, html, true
}

// WithoutFallback cuts the quoted lines before a reply.
func WithoutFallback(body string) string {
	for strings.HasPrefix(body, "> ") {
		_, body, _ = strings.Cut(body, "\n")
	}
	return strings.TrimLeft(body, "\n")
}

// Said is an m.room.message, decrypted.
type Said struct {
	RoomID, EventID, Sender string
	Content                 gjson.Result
}

// WorkOf is what is to be done with a message; false for one that stays as it is. The notices of clinicalBots are read as
// what people write is.
func WorkOf(said Said, clinicalBots []string) (Work, bool) {
	w := Work{Task: Translate, RoomID: said.RoomID, EventID: said.EventID, Sender: said.Sender}
	content := said.Content
	relates := content.Get(`m\.relates_to`)
	switch relates.Get("rel_type").Str {
	case "m.replace":
		w.Replaces = relates.Get("event_id").Str
		content = content.Get(`m\.new_content`)
	case "m.thread":
		w.Thread = relates.Get("event_id").Str
	}
	var ok bool
	if w.Text, w.HTML, ok = WordsOf(content, slices.Contains(clinicalBots, said.Sender)); !ok {
		return Work{}, false
	}
	if _, isCommand := ParseCommand(w.Text); isCommand && w.Replaces == "" {
		w.Task, w.HTML = Answer, ""
	}
	return w, true
}
