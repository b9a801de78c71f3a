package replies

import (
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
