package replies

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"medixchange/internal/pace"
	"medixchange/translator"
	"medixchange/translator/compose"
	"medixchange/translator/language"
)

// given is what the bot has said for one version of a message, by language.
type given map[language.Code]string

// txnOf names what answers an event: the same each time it is tried.
func txnOf(w *Work, what string, code language.Code) string {
	sum := sha256.Sum256([]byte(w.RoomID + "\x00" + w.EventID + "\x00" + what + "\x00" + string(code)))
	return "translator-" + base64.RawURLEncoding.EncodeToString(sum[:15])
}

// translate replies to a message once for each language that is read, or changes its replies when it was edited.
func (d *Desk) translate(ctx context.Context, w *Work) error {
	message, before, err := d.saidBefore(ctx, w)
	if err != nil {
		return err
	}
	results, err := d.results(ctx, w, before)
	if err != nil {
		return err
	}
	sent := given{}
	for _, code := range slices.Sorted(maps.Keys(results)) {
		if err := d.reply(ctx, w, message, code, results[code], before[code], sent); err != nil {
			return err
		}
	}
	if err := d.takeBack(ctx, w, before, sent); err != nil {
		return err
	}
	var told *toldReaders
	if len(results) > 0 {
		if told, err = d.tellReaders(ctx, w); err != nil {
			return err
		}
	}
	return d.done(ctx, w, func() error {
		if err := d.remember(w.RoomID, told); err != nil {
			return err
		}
		return d.record(w, message, before, sent)
	})
}

// saidBefore returns which message is answered, and what was said of it before it was edited.
func (d *Desk) saidBefore(ctx context.Context, w *Work) (message string, before given, err error) {
	if w.Replaces == "" {
		return w.EventID, nil, nil // if it was tried before, the transaction ids find what was sent
	}
	_, err = d.o.Vault.Read(ctx, d.o.Kinds+kindReplies, w.RoomID, w.Replaces, &before)
	return w.Replaces, before, err
}

// takeBack redacts what was said of a message before it was edited where nothing was said of the edit.
func (d *Desk) takeBack(ctx context.Context, w *Work, before, sent given) error {
	for _, code := range slices.Sorted(maps.Keys(before)) {
		if sent[code] != "" {
			continue
		}
		err := d.o.Courier.Redact(ctx, w.RoomID, before[code], txnOf(w, "withdraw", code), code)
		if err := ignoreRefused(err); err != nil {
			return fmt.Errorf("taking back a reply: %w", err)
		}
	}
	return nil
}

// record remembers what was said: for a message its replies, for an edit those of them that are left, and what changed them.
func (d *Desk) record(w *Work, message string, before, sent given) error {
	kind := d.o.Kinds + kindReplies
	if w.Replaces != "" && len(sent) > 0 {
		if err := d.o.Vault.Write(kind, w.RoomID, w.EventID, sent); err != nil {
			return err
		}
	}
	left := maps.Clone(sent)
	for code := range left {
		if before[code] != "" {
			left[code] = before[code]
		}
	}
	if len(left) > 0 {
		return d.o.Vault.Write(kind, w.RoomID, message, left)
	}
	if len(before) > 0 {
		d.o.Vault.Delete(kind, w.RoomID, message)
	}
	return nil
}

const (
	// translateTimeout bounds the wait for engines.
	translateTimeout = 55 * time.Second
	// busyPause is how long overloaded engines may rest.
	busyPause = 500 * time.Millisecond
	// languagesAtOnce bounds the translations of one message that are under way.
	languagesAtOnce = 8
)

// results translates a message into all languages that are read or were said before; into none where the room is not
// translated.
func (d *Desk) results(ctx context.Context, w *Work, before given) (map[language.Code]translator.Result, error) {
	setting, err := d.o.Host.Translation(ctx, w.RoomID)
	if err != nil {
		return nil, fmt.Errorf("asking whether a room is translated: %w", err)
	}
	if setting == TranslationOff {
		return nil, nil
	}
	wanted, err := d.o.Host.Languages(ctx, w.RoomID, w.Sender)
	if err != nil {
		return nil, err
	}
	for code := range before {
		if !slices.Contains(wanted, code) {
			wanted = append(wanted, code)
		}
	}
	writes := d.o.Host.Reads(ctx, w.Sender, w.RoomID)
	limited, cancel := context.WithTimeout(ctx, translateTimeout)
	defer cancel()
	var mu sync.Mutex
	var working sync.WaitGroup
	slots := make(chan struct{}, languagesAtOnce)
	results := make(map[language.Code]translator.Result, len(wanted))
	for _, code := range wanted {
		working.Add(1)
		slots <- struct{}{}
		go func() {
			defer working.Done()
			defer func() { <-slots }()
			result := d.result(limited, translator.Request{Text: w.Text, HTML: w.HTML, SenderLanguage: writes, Target: code, Local: setting == TranslationLocal})
			mu.Lock()
			defer mu.Unlock()
			results[code] = result
		}()
	}
	working.Wait()
	return results, ctx.Err()
}

func (d *Desk) result(ctx context.Context, request translator.Request) translator.Result {
	for {
		result, err := d.o.Pipeline.Translate(ctx, request)
		switch {
		case err != nil:
			return translator.TimedOut(request)
		case !result.Because(translator.ReasonBusy):
			return result
		}
		if !pace.Pause(ctx, busyPause) {
			return result
		}
	}
}

// reply says one language's result: in the thread of the message, or as an edit of what was said there before.
func (d *Desk) reply(ctx context.Context, w *Work, message string, code language.Code, result translator.Result, before string, sent given) error {
	content := contentOf(result)
	if content == nil {
		return nil
	}
	if before != "" {
		content = editOf(before, content)
	} else {
		content["m.relates_to"] = inThread(message, w.Thread)
	}
	id, err := d.o.Courier.Send(ctx, w.RoomID, txnOf(w, "reply", code), content, code)
	if err != nil {
		return fmt.Errorf("replying in %s: %w", code, err)
	}
	sent[code] = id
	return nil
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

// withdraw takes back what was said for a message or an edit that is gone.
func (d *Desk) withdraw(ctx context.Context, w *Work) error {
	gone := given{}
	found, err := d.o.Vault.Read(ctx, d.o.Kinds+kindReplies, w.RoomID, w.Replaces, &gone)
	if err != nil {
		return err
	}
	if !found {
		return d.done(ctx, w, func() error { return nil })
	}
	for _, code := range slices.Sorted(maps.Keys(gone)) {
		err := d.o.Courier.Redact(ctx, w.RoomID, gone[code], txnOf(w, "withdraw", code), code)
		if err := ignoreRefused(err); err != nil {
			return fmt.Errorf("taking back a reply: %w", err)
		}
	}
	return d.done(ctx, w, func() error {
		d.o.Vault.Delete(d.o.Kinds+kindReplies, w.RoomID, w.Replaces)
		return nil
	})
}
