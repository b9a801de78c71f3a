package replies

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"medixchange/translator/language"
)

// redacts reports whether work is the redaction of what other work is about: of its event, or of the message that it edits.
func (w *Work) redacts(other *Work) bool {
	if w.Task != Withdraw || w.RoomID != other.RoomID {
		return false
	}
	switch other.Task {
	case Translate, Caution:
		return other.EventID == w.Replaces || other.Replaces == w.Replaces || other.Version == w.Replaces
	case Answer:
		return other.EventID == w.Replaces
	}
	return false
}

// Heeds reports whether a redaction takes effect, so that it is work at all. Where nobody can say it counts: rather too much is
// taken back than too little. It may take as long as a homeserver does.
func (d *Desk) Heeds(ctx context.Context, redaction *Work) bool {
	redacts, err := d.o.Host.Redacts(ctx, redaction.RoomID, redaction.Sender, redaction.Replaces)
	if err != nil {
		d.logOf(redaction).WithError(err).Info("it is not known whether a redaction takes effect: it counts")
	}
	return redacts || err != nil
}

// drop takes what a redaction is about from the desk: no engine gets it any more, and nothing is said of it. Where something
// may have been said, the job stays until it is known what, and the redaction waits for it. It is called with d.mu held, in
// Vault.Together.
func (d *Desk) drop(redaction *Work) {
	dropped := func(w *Work) bool {
		if !redaction.redacts(w) {
			return false
		}
		d.delete(w)
		return true
	}
	d.taken = slices.DeleteFunc(d.taken, dropped)
	before := len(d.early)
	d.early = slices.DeleteFunc(d.early, dropped)
	d.count -= before - len(d.early)
	room := d.rooms[redaction.RoomID]
	if room == nil {
		return
	}
	for _, j := range room.jobs {
		if !redaction.redacts(j.Work) {
			continue
		}
		j.gone = true
		j.cancel()
		if !j.begun {
			d.delete(j.Work)
		}
	}
}

// begin notes that something may be said from now on; false when the event is gone.
func (d *Desk) begin(j *job) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	j.begun = j.begun || !j.gone
	return !j.gone
}

func (d *Desk) isGone(j *job) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return j.gone
}

// begunInVain reports whether something may have been said of a message that is gone.
func (d *Desk) begunInVain(j *job) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return j.gone && j.begun
}

// settle ends the work on a message that is gone, so that what was said of it can be withdrawn. Where it is not known whether
// an answer was sent, as after a crash, its transaction id finds it; had it not been sent, three dots go out in its place.
func (d *Desk) settle(ctx context.Context, j *job) error {
	for _, code := range slices.Sorted(maps.Keys(j.sent)) {
		if j.sent[code] != "" {
			continue
		}
		if err := d.send(ctx, j, code, notice("…")); err != nil {
			return err
		}
	}
	return d.done(ctx, j.Work, func() error {
		switch {
		case j.Replaces != "":
			return d.recordEdit(ctx, j.Work, j.sent)
		case len(j.sent) > 0:
			return d.o.Vault.Write(d.o.Kinds+kindReplies, j.RoomID, j.EventID, j.sent)
		}
		return nil
	})
}

// withdraw takes back what was said for a message or an edit that is gone; for a message also what its edits changed, which
// says what it said.
func (d *Desk) withdraw(ctx context.Context, w *Work) error {
	edits, err := d.editsOf(ctx, w.RoomID, w.Replaces)
	if err != nil {
		return err
	}
	versions := append(edits, w.Replaces)
	for _, version := range versions {
		gone := given{}
		if _, err := d.o.Vault.Read(ctx, d.o.Kinds+kindReplies, w.RoomID, version, &gone); err != nil {
			return err
		}
		if err := d.redactAll(ctx, w, "withdraw "+version, gone, func(language.Code) bool { return true }); err != nil {
			return err
		}
	}
	held, err := d.takeBackWarning(ctx, w, w.Replaces)
	if err != nil {
		return err
	}
	return d.done(ctx, w, func() error {
		if held != "" {
			d.o.Vault.Delete(d.o.Kinds+kindHold, w.RoomID, held)
		}
		for _, version := range versions {
			d.o.Vault.Delete(d.o.Kinds+kindReplies, w.RoomID, version)
		}
		d.o.Vault.Delete(d.o.Kinds+kindEdits, w.RoomID, w.Replaces)
		return nil
	})
}

// redactAll redacts answers in those languages.
func (d *Desk) redactAll(ctx context.Context, w *Work, what string, said given, in func(language.Code) bool) error {
	for _, code := range slices.Sorted(maps.Keys(said)) {
		if !in(code) {
			continue
		}
		err := d.o.Courier.Redact(ctx, w.RoomID, said[code], txnOf(w, what, code), code)
		if err := ignoreRefused(err); err != nil {
			return fmt.Errorf("taking back a reply: %w", err)
		}
	}
	return nil
}
