package replies

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"medixchange/translator"
	"medixchange/translator/identifiers"
)

// A message that seems to tell who a patient is is held: engines of others do not get it (package identifiers). Its author is
// told so in a chat with the bot alone, and may release it.

// hold is a message that is held, as it is when it is released.
type hold struct {
	Version string             `json:"version"` // the message, or its newest edit
	Sender  string             `json:"sender"`
	Text    string             `json:"text"`
	HTML    string             `json:"html,omitempty"`
	Thread  string             `json:"thread,omitempty"`
	Kinds   []identifiers.Kind `json:"kinds"`
	// Chat and Warning are where its author was told of it, once they were.
	Chat    string `json:"chat,omitempty"`
	Warning string `json:"warning,omitempty"`
}

// warned says which message a warning is about.
type warned struct {
	RoomID  string `json:"room"`
	Message string `json:"message"`
	Version string `json:"version"`
}

// keptHolds is how long a message may be released, and its text is kept for it.
const keptHolds = 7 * 24 * time.Hour

// messageOf is the message that a piece of work is about, of an edit the one that is edited.
func messageOf(w *Work) string { return cmp.Or(w.Replaces, w.EventID) }

// heldKinds are what of a message was kept from engines of others.
func heldKinds(j *job) (kinds []identifiers.Kind) {
	for _, result := range j.results {
		if !result.Withheld || result.State == translator.Translated {
			continue
		}
		for _, kind := range result.Identifiers {
			if !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
	}
	slices.Sort(kinds)
	return kinds
}

// noteHold notes that a message is held, and has its author told; what was noted of an earlier version holds no more. It is called in
// Vault.Together as the message's work ends.
func (d *Desk) noteHold(j *job) error {
	kinds := heldKinds(j)
	if len(kinds) == 0 || !d.o.Host.CanBeTold(j.Sender) {
		if j.Replaces != "" && !j.Released {
			d.o.Vault.Delete(d.o.Kinds+kindHold, j.RoomID, j.Replaces)
		}
		return nil
	}
	held := hold{Version: j.EventID, Sender: j.Sender, Text: j.Text, HTML: j.HTML, Thread: j.Thread, Kinds: kinds}
	if err := d.o.Vault.Write(d.o.Kinds+kindHold, j.RoomID, messageOf(j.Work), held); err != nil {
		return err
	}
	return d.follow(&Work{Task: Caution, RoomID: j.RoomID, EventID: "held " + j.EventID, Sender: j.Sender, Replaces: messageOf(j.Work), Version: j.EventID})
}

// caution tells the author of a message that it is held.
func (d *Desk) caution(ctx context.Context, w *Work) error {
	held, ok, err := d.heldVersion(ctx, w)
	if err != nil {
		return err
	}
	if !ok || held.Warning != "" {
		return d.done(ctx, w, func() error { return nil })
	}
	chat, warning, err := d.warn(ctx, w, "privacy_held", held.Kinds)
	if err := ignoreRefused(err); err != nil {
		return err
	}
	return d.done(ctx, w, func() error {
		held, ok, err := d.heldVersion(ctx, w)
		if err != nil || !ok || warning == "" {
			return err
		}
		held.Chat, held.Warning = chat, warning
		if err := d.o.Vault.Write(d.o.Kinds+kindHold, w.RoomID, w.Replaces, held); err != nil {
			return err
		}
		return d.o.Vault.Write(d.o.Kinds+kindWarned, chat, warning, warned{RoomID: w.RoomID, Message: w.Replaces, Version: w.Version})
	})
}

// heldVersion returns the hold of the version that work is about; false when there is none any more.
func (d *Desk) heldVersion(ctx context.Context, w *Work) (held hold, ok bool, err error) {
	ok, err = d.o.Vault.Read(ctx, d.o.Kinds+kindHold, w.RoomID, w.Replaces, &held)
	return held, ok && held.Version == w.Version, err
}

// ReleaseReaction is the reaction by which an author lets engines of others have a message that is held: to the message, or to
// what the bot told them of it.
const ReleaseReaction = "✅"

// IsRelease reports whether the key of a reaction is ReleaseReaction, in any of the forms that clients send.
func IsRelease(key string) bool { return strings.ReplaceAll(key, "\ufe0f", "") == ReleaseReaction }

// ReleaseOf is the work of an m.reaction by which a message may be released; false for any other reaction.
func ReleaseOf(reaction Said) (Work, bool) {
	relates := reaction.Content.Get(`m\.relates_to`)
	target := relates.Get("event_id").Str
	if relates.Get("rel_type").Str != "m.annotation" || target == "" || !IsRelease(relates.Get("key").Str) {
		return Work{}, false
	}
	return Work{Task: Release, RoomID: reaction.RoomID, EventID: releasing + reaction.EventID, Sender: reaction.Sender, Replaces: target}, true
}

// releasing stands before the id of a reaction: the translation that it leads to is the work of the reaction itself.
const releasing = "release "

// release has a message that is held translated by all engines, if it is its author who says so and nothing has come of it
// meanwhile. In the same transaction it is held no more and is work again.
func (d *Desk) release(ctx context.Context, w *Work) error {
	return d.done(ctx, w, func() error {
		of := warned{RoomID: w.RoomID, Message: w.Replaces}
		told, err := d.o.Vault.Read(ctx, d.o.Kinds+kindWarned, w.RoomID, w.Replaces, &of)
		if err != nil {
			return err
		}
		var held hold
		found, err := d.o.Vault.Read(ctx, d.o.Kinds+kindHold, of.RoomID, of.Message, &held)
		switch {
		case err != nil:
			return err
		case !found && !told && d.isWarning(w.Sender):
			return errWarning
		case !found || held.Sender != w.Sender || told && held.Version != of.Version:
			return nil
		}
		again := &Work{
			Task: Translate, RoomID: of.RoomID, EventID: strings.TrimPrefix(w.EventID, releasing), Sender: held.Sender, Text: held.Text, HTML: held.HTML,
			Thread: held.Thread, Replaces: of.Message, Version: held.Version, Released: true,
		}
		if d.isOverdue(again) {
			return nil
		}
		d.o.Vault.Delete(d.o.Kinds+kindHold, of.RoomID, of.Message)
		return d.follow(again)
	})
}

// errWarning says that it is not known yet what an author reacted to: the bot was stopped as it had warned them, and does so again.
var errWarning = errors.New("an author is still being warned")

func (d *Desk) isWarning(userID string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, room := range d.rooms {
		if slices.ContainsFunc(room.jobs, func(j *job) bool { return j.Task == Caution && j.Sender == userID }) {
			return true
		}
	}
	return false
}

// isOverdue reports whether the desk has work by which a released version is gone or was edited. It is called in Vault.Together.
func (d *Desk) isOverdue(released *Work) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	undoes := func(w *Work) bool {
		return w.redacts(released) || w.Task == Translate && w.RoomID == released.RoomID && w.Replaces == released.Replaces
	}
	if room := d.rooms[released.RoomID]; room != nil && slices.ContainsFunc(room.jobs, func(j *job) bool { return undoes(j.Work) }) {
		return true
	}
	return slices.ContainsFunc(slices.Concat(d.early, d.taken), undoes)
}

// follow begins work that follows from other work, with which it is stored. It is called in Vault.Together while the desk runs.
func (d *Desk) follow(w *Work) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.number(w); err != nil {
		return err
	}
	d.count++
	d.enqueue(w, false)
	return nil
}

// takeBackWarning redacts what an author was told of a version that is no longer there, or of the one before an edit, and
// returns the message whose hold ends with it, "" without one.
func (d *Desk) takeBackWarning(ctx context.Context, w *Work, gone string) (message string, err error) {
	message, held, err := d.holdOf(ctx, w.RoomID, gone)
	if err != nil || message == "" || held.Version == w.EventID || held.Warning == "" {
		return message, err
	}
	err = d.o.Courier.Redact(ctx, held.Chat, held.Warning, txnOf(w, "withdraw warning", ""), "")
	if err := ignoreRefused(err); err != nil {
		return message, fmt.Errorf("taking back a warning: %w", err)
	}
	return message, nil
}

// holdOf finds the hold of a message, or the one of which an event is the version.
func (d *Desk) holdOf(ctx context.Context, roomID, eventID string) (message string, held hold, err error) {
	found, err := d.o.Vault.Read(ctx, d.o.Kinds+kindHold, roomID, eventID, &held)
	if err != nil || found {
		return eventID, held, err
	}
	holds, err := d.o.Vault.List(ctx, d.o.Kinds+kindHold, roomID)
	if err != nil {
		return "", held, err
	}
	for _, record := range holds {
		if err := record.read(&held); err != nil {
			return "", held, err
		}
		if held.Version == eventID {
			return record.Name, held, nil
		}
	}
	return "", hold{}, nil
}
