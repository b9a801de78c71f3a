package replies

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"

	"medixchange/translator/language"
)

// given is what the bot has said for one version of a message, by language.
type given map[language.Code]string

// txnOf names what answers an event: the same each time it is tried.
func txnOf(w *Work, what string, code language.Code) string {
	sum := sha256.Sum256([]byte(w.RoomID + "\x00" + w.EventID + "\x00" + what + "\x00" + string(code)))
	return "translator-" + base64.RawURLEncoding.EncodeToString(sum[:15])
}

// answers are what is to be said of a message.
type answers struct {
	before   given                            // what was said of it before it was edited
	contents map[language.Code]map[string]any // what is still to be sent
}

// sendAnswers replies to a message once for each language that is read, or changes its replies when it was edited. It stops
// when the message is redacted.
func (d *Desk) sendAnswers(ctx context.Context, j *job) error {
	if err := d.askAuthor(ctx, j); err != nil {
		return err
	}
	if j.foreign {
		return d.done(ctx, j.Work, func() error { return nil })
	}
	if len(j.results) == 0 && j.Replaces == "" && LooksLikeCommand(j.Text) {
		return d.ask(ctx, j.Work, Command{}) // nobody reads it in another language: who is alone with the bot is told
	}
	if j.answers == nil {
		if err := d.beginAnswers(ctx, j); err != nil {
			return err
		}
	}
	for _, code := range slices.Sorted(maps.Keys(j.answers.contents)) {
		if d.isGone(j) {
			break
		}
		if err := d.send(ctx, j, code, j.answers.contents[code]); err != nil {
			return err
		}
		delete(j.answers.contents, code)
	}
	switch {
	case d.begunInVain(j):
		return d.settle(ctx, j)
	case d.isGone(j):
		return nil
	}
	return d.finish(ctx, j)
}

// beginAnswers finds what is to be said, and stores that it may have been said from now on.
func (d *Desk) beginAnswers(ctx context.Context, j *job) error {
	before, err := d.saidBefore(ctx, j.Work)
	if err != nil {
		return err
	}
	found := &answers{before: before, contents: map[language.Code]map[string]any{}}
	for code, result := range j.results {
		content := fitting(result, func(content map[string]any) map[string]any { return related(j.Work, before[code], content) })
		if content != nil {
			found.contents[code] = content
		}
	}
	if len(found.contents) > 0 {
		err = d.o.Vault.Together(ctx, func() error {
			if !d.begin(j) {
				return nil
			}
			j.Sending = slices.Sorted(maps.Keys(found.contents))
			return d.write(j.Work)
		})
	}
	if err != nil {
		return err
	}
	j.answers = found
	return nil
}

// saidBefore returns what was said of a message before it was edited; nothing for what is no edit: if it was tried before,
// the transaction ids find what was sent.
func (d *Desk) saidBefore(ctx context.Context, w *Work) (before given, err error) {
	if w.Replaces == "" {
		return nil, nil
	}
	_, err = d.o.Vault.Read(ctx, d.o.Kinds+kindReplies, w.RoomID, w.Replaces, &before)
	return before, err
}

// send says something in one language. What the room refuses is left out, and other languages are said all the same.
func (d *Desk) send(ctx context.Context, j *job, code language.Code, content map[string]any) error {
	j.sent[code] = "" // nobody knows, until there is an answer
	id, err := d.o.Courier.Send(ctx, j.RoomID, txnOf(j.Work, "reply", code), content, code)
	switch {
	case errors.Is(err, ErrRefused):
		d.logOf(j.Work).WithError(err).WithField("language", code).Warn("the translation bot gives up an answer in one language")
		delete(j.sent, code)
		return nil
	case err != nil:
		return fmt.Errorf("replying in %s: %w", code, err)
	}
	j.sent[code] = id
	return nil
}

// finish takes back what was said before an edit and is not said any more, tells the room who reads translations, and ends
// the work.
func (d *Desk) finish(ctx context.Context, j *job) error {
	before := j.answers.before
	if err := d.redactAll(ctx, j.Work, "withdraw", before, func(code language.Code) bool { return j.sent[code] == "" }); err != nil {
		return err
	}
	if j.Replaces != "" && !j.Released {
		if _, err := d.takeBackWarning(ctx, j.Work, j.Replaces); err != nil {
			return err
		}
	}
	told, err := d.tellReaders(ctx, j.Work, len(j.results) > 0)
	if err != nil {
		return err
	}
	return d.done(ctx, j.Work, func() error {
		if err := d.remember(j.RoomID, told); err != nil {
			return err
		}
		if err := d.noteHold(j); err != nil {
			return err
		}
		return d.record(ctx, j.Work, before, j.sent)
	})
}

// record remembers what was said: for a message its replies, for an edit those of them that are left, and what changed them.
func (d *Desk) record(ctx context.Context, w *Work, before, sent given) error {
	kind, message, left := d.o.Kinds+kindReplies, w.EventID, given{}
	maps.DeleteFunc(sent, func(_ language.Code, id string) bool { return id == "" })
	for code, id := range sent {
		if left[code] = before[code]; left[code] == "" {
			left[code] = id
		}
	}
	if w.Replaces != "" {
		message = w.Replaces
		if err := d.recordEdit(ctx, w, sent); err != nil {
			return err
		}
	}
	switch {
	case len(left) > 0:
		return d.o.Vault.Write(kind, w.RoomID, message, left)
	case len(before) > 0:
		d.o.Vault.Delete(kind, w.RoomID, message)
	}
	return nil
}

// recordEdit remembers what an edit changed, for its own redaction and for that of the message.
func (d *Desk) recordEdit(ctx context.Context, w *Work, sent given) error {
	if len(sent) == 0 {
		return nil
	}
	if err := d.addEdit(ctx, w, w.Replaces); err != nil {
		return err
	}
	if w.Version != "" && w.Version != w.Replaces { // what an edit said once it was released goes with the edit, too
		if err := d.addEdit(ctx, w, w.Version); err != nil {
			return err
		}
	}
	return d.o.Vault.Write(d.o.Kinds+kindReplies, w.RoomID, w.EventID, sent)
}

// addEdit remembers that an edit changed the replies of a message.
func (d *Desk) addEdit(ctx context.Context, edit *Work, message string) error {
	edits, err := d.editsOf(ctx, edit.RoomID, message)
	if err != nil || slices.Contains(edits, edit.EventID) {
		return err
	}
	return d.o.Vault.Write(d.o.Kinds+kindEdits, edit.RoomID, message, append(edits, edit.EventID))
}

// editsOf returns the edits of a message that changed its replies.
func (d *Desk) editsOf(ctx context.Context, roomID, message string) (edits []string, err error) {
	_, err = d.o.Vault.Read(ctx, d.o.Kinds+kindEdits, roomID, message, &edits)
	return edits, err
}
