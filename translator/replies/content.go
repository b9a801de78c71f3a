package replies

import (
	"encoding/json"
	"maps"

	"medixchange/translator"
	"medixchange/translator/check"
	"medixchange/translator/compose"
	"medixchange/translator/language"
)

// contentOf is what is said of a result; nil when nothing is to be said.
func contentOf(result translator.Result) map[string]any {
	if result.State == translator.Same || result.Silent() || result.State == translator.None && result.From.Base() == result.To.Base() {
		return nil
	}
	said := result.Message()
	said.Form = compose.FormReply
	composed := compose.Compose(said)
	content := notice(composed.Body)
	content[compose.KeyName] = composed.Key
	if result.State == translator.None && result.Verdict == "" { // the original stands above
		content["body"] = why(result)
		return content
	}
	if composed.FormattedBody != "" {
		content["format"], content["formatted_body"] = "org.matrix.custom.html", composed.FormattedBody
	}
	return content
}

// why says in a few words that and why there is no translation.
func why(result translator.Result) string {
	words := language.String(result.To, "reason_"+result.Reasons[0].Code, "language", result.From.Name(result.To))
	return language.Say(result.To, "not_translated", "reason", words)
}

// notice calls nobody.
func notice(body string) map[string]any {
	return map[string]any{"msgtype": "m.notice", "body": body, "m.mentions": map[string]any{}}
}

// maxContent is the size in bytes up to which an answer's content certainly fits into an event of 64 KiB (Client-Server API,
// Size limits), also when it is encrypted and in base64.
const maxContent = 44 << 10

// fitting is what is said of a result, related to what it answers, in the fullest form that an event has room for; nil when
// nothing is to be said. The original is in the room anyway.
func fitting(result translator.Result, relate func(content map[string]any) map[string]any) map[string]any {
	content := contentOf(result)
	if content == nil {
		return nil
	}
	for _, shorten := range []func(map[string]any) map[string]any{withoutOriginal, withoutHTML} {
		if related := relate(content); fits(related) {
			return related
		}
		content = shorten(content)
	}
	if related := relate(content); fits(related) {
		return related
	}
	return relate(tooLong(result))
}

func fits(content map[string]any) bool {
	encoded, err := json.Marshal(content)
	return err == nil && len(encoded) <= maxContent
}

func withoutOriginal(content map[string]any) map[string]any {
	content = maps.Clone(content)
	key := content[compose.KeyName].(compose.Key)
	key.Original = nil
	content[compose.KeyName] = key
	return content
}

func withoutHTML(content map[string]any) map[string]any {
	content = maps.Clone(content)
	delete(content, "format")
	delete(content, "formatted_body")
	return content
}

// tooLong says that there is a translation for which an event has no room.
func tooLong(result translator.Result) map[string]any {
	result.Reasons = []check.Reason{{Code: translator.ReasonTooLong}}
	content := notice(why(result))
	content[compose.KeyName] = compose.Key{State: compose.StateNone, From: result.From, To: result.To, Reasons: []string{translator.ReasonTooLong}}
	return content
}

// related relates an answer to its message, or to what was said of it before it was edited.
func related(w *Work, before string, content map[string]any) map[string]any {
	if before != "" {
		return editOf(before, content)
	}
	message := w.EventID
	if w.Replaces != "" {
		message = w.Replaces
	}
	content = maps.Clone(content)
	content["m.relates_to"] = inThread(message, w.Thread)
	return content
}

// inThread relates a reply to its message: in the thread that the message is in, else in the one that it begins.
func inThread(message, root string) map[string]any {
	if root == "" {
		root = message
	}
	return map[string]any{
		"rel_type": "m.thread", "event_id": root, "is_falling_back": root == message,
		"m.in_reply_to": map[string]any{"event_id": message},
	}
}

func editOf(eventID string, content map[string]any) map[string]any {
	edit := maps.Clone(content)
	edit["m.new_content"] = content
	edit["body"] = "* " + content["body"].(string)
	if formatted, ok := content["formatted_body"].(string); ok {
		edit["formatted_body"] = "* " + formatted
	}
	edit["m.relates_to"] = map[string]any{"rel_type": "m.replace", "event_id": eventID}
	return edit
}
