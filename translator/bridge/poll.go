package bridge

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"medixchange/rooms"
	"medixchange/translator/compose"
)

// The events of polls that hold words (MSC3381), as clients name them now and as they did before. Votes hold none.
const (
	typePollStart    = "m.poll.start"
	typePollStartOld = "org.matrix.msc3381.poll.start"
	typePollEnd      = "m.poll.end"
	typePollEndOld   = "org.matrix.msc3381.poll.end"
)

// textTypes are the types of events whose words may be translated.
var textTypes = []string{typeMessage, typeTopic, typePollStart, typePollStartOld, typePollEnd, typePollEndOld}

func isTextType(typ string) bool { return typ == typeMessage || isPollType(typ) }

func isPollType(typ string) bool {
	switch typ {
	case typePollStart, typePollStartOld, typePollEnd, typePollEndOld:
		return true
	}
	return false
}

// isEdited reports whether what comes late of an event is an edit of it, as clients show it.
func isEdited(ev *rooms.Event) bool { return ev.Type == typeMessage }

// maxAnswers is how many answers a poll has at most; clients leave out what comes after them.
const maxAnswers = 20

// pollPart is one text of a poll: where it stands in the content, and what it says.
type pollPart struct {
	path string // of the object that holds it, "" for the content itself
	text string
}

// pollParts returns the question and the answers of a poll, in their order, or the one text of a poll's end; nil when the
// content is not well formed: clients show nothing then.
func pollParts(typ string, content gjson.Result) []pollPart {
	if typ == typePollEnd || typ == typePollEndOld {
		if text := blockText(content); text != "" {
			return []pollPart{{"", text}}
		}
		return nil
	}
	for _, block := range []string{`m\.poll`, `m\.poll\.start`, `org\.matrix\.msc3381\.poll\.start`} {
		if poll := content.Get(block); poll.IsObject() {
			return partsOfPoll(block, poll)
		}
	}
	return nil
}

func partsOfPoll(block string, poll gjson.Result) []pollPart {
	question := blockText(poll.Get("question"))
	if question == "" {
		return nil
	}
	found := []pollPart{{block + ".question", question}}
	for i, answer := range poll.Get("answers").Array() {
		if i == maxAnswers {
			break
		}
		text := blockText(answer)
		if text == "" {
			return nil
		}
		found = append(found, pollPart{block + ".answers." + strconv.Itoa(i), text})
	}
	return found
}

// The forms in which an object may hold a text (MSC1767): a list of representations, one text, and that of messages.
const (
	pathText       = `m\.text`
	pathTextOld    = `org\.matrix\.msc1767\.text`
	pathMessageOld = `org\.matrix\.msc1767\.message`
	pathHTML       = `m\.html`
	pathHTMLOld    = `org\.matrix\.msc1767\.html`
)

// blockText returns the plain text of an object; "" without one.
func blockText(object gjson.Result) string {
	for _, path := range []string{pathText, pathTextOld, pathMessageOld, "body"} {
		switch found := object.Get(path); {
		case found.Type == gjson.String:
			return found.Str
		case found.IsArray():
			for _, form := range found.Array() {
				if kind := form.Get("mimetype").Str; kind == "" || kind == "text/plain" {
					return form.Get("body").Str
				}
			}
		}
	}
	return ""
}

// withBlockText returns content with the text of the object at path replaced in every form that it has. Other
// representations of the old text go.
func withBlockText(content []byte, path, text string) ([]byte, error) {
	object, prefix := gjson.ParseBytes(content), ""
	if path != "" {
		object, prefix = object.Get(path), path+"."
	}
	var err error
	for _, form := range []string{pathText, pathTextOld, pathMessageOld, "body"} {
		switch found := object.Get(form); {
		case err != nil:
			return nil, err
		case found.Type == gjson.String:
			content, err = sjson.SetBytes(content, prefix+form, text)
		case found.IsArray():
			content, err = sjson.SetBytes(content, prefix+form, []map[string]string{{"body": text}})
		}
	}
	for _, form := range []string{pathHTML, pathHTMLOld, "format", "formatted_body"} {
		if err != nil {
			return nil, err
		}
		if object.Get(form).Exists() {
			content, err = sjson.DeleteBytes(content, prefix+form)
		}
	}
	return content, err
}

// pollText is how a poll reads in clients that know none: the question, and the answers with their numbers.
func pollText(texts []string) string {
	var out strings.Builder
	for i, text := range texts {
		if i > 0 {
			out.WriteString("\n" + strconv.Itoa(i) + ". ")
		}
		out.WriteString(text)
	}
	return out.String()
}

func textsOf(found []pollPart) []string {
	texts := make([]string, 0, len(found))
	for _, part := range found {
		texts = append(texts, part.text)
	}
	return texts
}

// pollContents is contents for a poll. Nobody's votes are lost: only words change, in their places. Clients do not show
// edits of a poll that they have (matrix-js-sdk makes its poll once), so those who have the raw text get the translation as
// an answer of the bot that exists for them alone.
func pollContents(ev *rooms.Event, message compose.Message) (placed, late json.RawMessage, err error) {
	version := without(json.RawMessage(versionOf(ev).Raw), pathReadAs)
	found := pollParts(ev.Type, gjson.ParseBytes(version))
	if len(message.Items) == 0 { // nobody was asked for its parts
		for _, text := range textsOf(found) {
			message.Items = append(message.Items, compose.Message{State: compose.StateNone, Original: compose.Original{Body: text}})
		}
	}
	texts := compose.PartTexts(message)
	translated := []byte(version)
	for i, part := range found {
		if i == len(texts) {
			break
		}
		if translated, err = withBlockText(translated, part.path, texts[i]); err != nil {
			return nil, nil, fmt.Errorf("writing a translated poll: %w", err)
		}
	}
	if translated, err = withBlockText(translated, "", pollText(texts)); err != nil {
		return nil, nil, fmt.Errorf("writing a translated poll: %w", err)
	}
	composed := compose.Compose(message)
	key, err := pollKey(composed.Key, version)
	if err != nil {
		return nil, nil, err
	}
	if translated, err = sjson.SetRawBytes(translated, pathKey, key); err != nil {
		return nil, nil, fmt.Errorf("writing a translated poll: %w", err)
	}
	if placed, err = pollInPlace(ev, translated, pollText(texts)); err != nil || silent(message) {
		return placed, nil, err
	}
	late, err = pollAnswer(ev, message)
	return placed, late, err
}

// pollKey is the key of a poll, with the whole of it.
func pollKey(key compose.Key, version json.RawMessage) (json.RawMessage, error) {
	encoded, err := json.Marshal(key)
	if err != nil {
		return nil, fmt.Errorf("writing a translation key: %w", err)
	}
	if encoded, err = sjson.SetRawBytes(encoded, pathWhole, wholeOriginal(version)); err != nil {
		return nil, fmt.Errorf("writing a translation key: %w", err)
	}
	return encoded, nil
}

// pollInPlace is inPlace for a poll.
func pollInPlace(ev *rooms.Event, version json.RawMessage, text string) (json.RawMessage, error) {
	if ev.Relation.Type != relReplace {
		return version, nil
	}
	content := []byte(without(json.RawMessage(ev.Content().Raw), pathReadAs))
	content, err := sjson.SetRawBytes(content, pathNewContent, version)
	if err == nil {
		content, err = withBlockText(content, "", "* "+text)
	}
	for i, part := range pollParts(ev.Type, gjson.ParseBytes(content)) {
		found := pollParts(ev.Type, gjson.ParseBytes(version))
		if err == nil && part.path != "" && i < len(found) { // some clients repeat the poll beside m.new_content
			content, err = withBlockText(content, part.path, found[i].text)
		}
	}
	if err == nil {
		content, err = sjson.SetRawBytes(content, pathKey, []byte(gjson.GetBytes(version, pathKey).Raw))
	}
	if err != nil {
		return nil, fmt.Errorf("writing a translated edit of a poll: %w", err)
	}
	return content, nil
}

// pollAnswer is the message of the bot that brings the translation of a poll to those who have its raw text.
func pollAnswer(ev *rooms.Event, message compose.Message) (json.RawMessage, error) {
	about := ev.ID
	if ev.Relation.Type == relReplace {
		about = ev.Relation.EventID
	}
	message.Form = compose.FormReply
	shown := compose.Compose(message)
	content, err := json.Marshal(map[string]any{
		"msgtype": "m.notice", "body": shown.Body, "m.mentions": struct{}{}, compose.KeyName: shown.Key,
		"m.relates_to": map[string]any{"m.in_reply_to": map[string]any{"event_id": about}},
	})
	if err != nil {
		return nil, fmt.Errorf("writing a late translation of a poll: %w", err)
	}
	return content, nil
}
