package bridge

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"medixchange/rooms"
	"medixchange/translator/compose"
	"medixchange/translator/language"
)

// languageTag is the key in the content of what the bot says in a thread that names the language it is in; hidingTag is the
// one by which this node shows it to those who read that language in threads alone (encrypted.TagKey).
const (
	languageTag = "org.medixchange.language"
	hidingTag   = "org.medixchange.language_tag"
)

// threadTxn is the transaction with which the bot says a version of a message in a thread, for the n-th time.
func threadTxn(message *rooms.Event, code language.Code, version *rooms.Event, n int) rooms.Txn {
	id := version.ID
	if n > 0 {
		id += " " + strconv.Itoa(n)
	}
	return rooms.Txn{Scope: "translator", Path: "thread/" + string(code) + "/" + message.ID, ID: id}
}

// threadTurn returns the transaction with which the bot says a version in a thread, and what it has said with it, "" when that is
// still to be said: what was taken back, since it quoted what is gone, is said anew.
func (t *talk) threadTurn(ctx context.Context, message *rooms.Event, code language.Code, version *rooms.Event) (txn rooms.Txn, said string, err error) {
	for n := 0; ; n++ {
		txn = threadTxn(message, code, version, n)
		said, ok, err := t.b.o.Rooms.EventByTxn(ctx, t.b.bot, txn)
		if err != nil {
			return txn, "", fmt.Errorf("looking for a translation in a thread: %w", err)
		}
		if !ok {
			return txn, "", nil
		}
		redacted, err := t.b.o.Rooms.Redacted(ctx, []string{said})
		if err != nil {
			return txn, "", fmt.Errorf("looking for a translation in a thread: %w", err)
		}
		if redacted[said] == nil {
			return txn, said, nil
		}
	}
}

// sayInThread sends a translation as a reply in the thread of its message, once for each language; that of a later version
// as an edit of it.
func (t *talk) sayInThread(ctx context.Context, r *row) error {
	if !r.placed || !r.Threaded || len(r.Parts) == 0 {
		return nil
	}
	found, err := t.b.o.Rooms.Events(ctx, []int64{r.Version, r.messageNID})
	if err != nil {
		return fmt.Errorf("reading what was translated: %w", err)
	}
	version, message := found[r.Version], found[r.messageNID]
	if version == nil || message == nil {
		return nil
	}
	threads, err := t.b.Threads(ctx, message.RoomID)
	if err != nil || !threads {
		return err
	}
	redacted, err := t.b.o.Rooms.Redacted(ctx, []string{version.ID, message.ID})
	if err != nil || len(redacted) > 0 {
		return err
	}
	txn, said, err := t.threadTurn(ctx, message, language.Code(r.Language), version)
	if err != nil || said != "" {
		return err
	}
	content, err := t.threadContent(ctx, r, message, version)
	if err != nil {
		return err
	}
	return t.sendTxn(ctx, message.RoomID, txn, content)
}

func (t *talk) threadContent(ctx context.Context, r *row, message, version *rooms.Event) (map[string]any, error) {
	said, err := t.b.messageFrom(version, r.Parts)
	if err != nil {
		return nil, err
	}
	said.Form = compose.FormReply
	shown := compose.Compose(said)
	content := map[string]any{
		"msgtype": "m.notice", "body": shown.Body, "format": htmlFormat, "formatted_body": shown.FormattedBody,
		"m.mentions": struct{}{}, languageTag: r.Language, hidingTag: r.Language,
	}
	if version.NID != message.NID {
		_, first, err := t.threadTurn(ctx, message, language.Code(r.Language), message)
		if err != nil {
			return nil, err
		}
		if first != "" {
			return editing(first, content), nil
		}
	}
	content["m.relates_to"] = inThreadOf(message)
	return content, nil
}

// inThreadOf relates an answer to a message: in its thread, or in one that begins with it. What relates to something else
// begins no thread (Client-Server API, Threading).
func inThreadOf(message *rooms.Event) map[string]any {
	relates := map[string]any{"m.in_reply_to": map[string]any{"event_id": message.ID}}
	switch message.Relation.Type {
	case "m.thread":
		relates["rel_type"], relates["event_id"] = "m.thread", message.Relation.EventID
	case "":
		relates["rel_type"], relates["event_id"], relates["is_falling_back"] = "m.thread", message.ID, true
	}
	return relates
}

func editing(first string, content map[string]any) map[string]any {
	return map[string]any{
		"msgtype": "m.notice", "body": "* " + fmt.Sprint(content["body"]), "m.mentions": struct{}{},
		languageTag: content[languageTag], hidingTag: content[hidingTag],
		"m.new_content": content, "m.relates_to": map[string]any{"rel_type": relReplace, "event_id": first},
	}
}

// unsay takes back what the bot said in threads of a message, or of an edit of it, that is gone, and of what quotes it; and a
// report with its reaction.
func (t *talk) unsay(ctx context.Context, targetID string) error {
	found, err := t.b.o.Rooms.EventsByID(ctx, []string{targetID})
	if err != nil {
		return fmt.Errorf("reading what was redacted: %w", err)
	}
	target := found[targetID]
	if target != nil && target.Type == typeReaction {
		return t.withdrawReport(ctx, target)
	}
	if target == nil || !isTextType(target.Type) {
		return nil
	}
	message, err := t.b.messageOf(ctx, target)
	if err != nil {
		return err
	}
	quoting, err := t.b.quotingOf(ctx, target, message)
	if err != nil {
		return err
	}
	for _, q := range append(quoting, requote{subject: subject{message, target}}) {
		if err := t.unsayVersion(ctx, q.message, q.version); err != nil {
			return err
		}
	}
	return nil
}

// unsayVersion takes back what the bot said of a version of a message in threads.
func (t *talk) unsayVersion(ctx context.Context, message, version *rooms.Event) error {
	codes, err := t.b.threadedLanguages(ctx, message.NID)
	if err != nil {
		return err
	}
	for _, code := range codes {
		_, said, err := t.threadTurn(ctx, message, code, version)
		if err != nil {
			return err
		}
		if said == "" {
			continue
		}
		txn := rooms.Txn{Scope: "translator", Path: "unsay", ID: said}
		_, err = t.b.o.Rooms.Send(ctx, rooms.SendRequest{
			RoomID: message.RoomID, Sender: t.b.bot, Type: "m.room.redaction", Content: json.RawMessage("{}"), Redacts: said, Txn: &txn,
		})
		if err := t.refused(err, "taking back a translation", message.RoomID); err != nil {
			return err
		}
	}
	return nil
}
