package replies

import (
	"context"
	"errors"
	"fmt"

	"medixchange/translator/language"
)

// answer carries a command out and says what came of it.
func (d *Desk) answer(ctx context.Context, w *Work) error {
	c, _ := ParseCommand(w.Text)
	if c.Name == CommandLeave {
		return d.leave(ctx, w)
	}
	return d.ask(ctx, w, c)
}

// ask has the host carry a command out. What the host does not answer is not meant for this bot.
func (d *Desk) ask(ctx context.Context, w *Work, c Command) error {
	text, ok, err := d.o.Host.Command(ctx, w.RoomID, w.Sender, c)
	if err != nil {
		return fmt.Errorf("carrying out a command: %w", err)
	}
	if !ok {
		return d.done(ctx, w, func() error { return nil })
	}
	return d.say(ctx, w, text)
}

// say answers a command where it was given.
func (d *Desk) say(ctx context.Context, w *Work, text string) error {
	content := notice(text)
	relates := map[string]any{"m.in_reply_to": map[string]any{"event_id": w.EventID}}
	if w.Thread != "" {
		relates["rel_type"], relates["event_id"] = "m.thread", w.Thread
	}
	content["m.relates_to"] = relates
	if _, err := d.o.Courier.Send(ctx, w.RoomID, txnOf(w, "answer", ""), content, ""); err != nil {
		return fmt.Errorf("answering a command: %w", err)
	}
	return d.done(ctx, w, func() error { return nil })
}

// leave leaves when a moderator says so.
func (d *Desk) leave(ctx context.Context, w *Work) error {
	may, err := d.o.Host.Moderates(ctx, w.RoomID, w.Sender)
	if err != nil {
		return fmt.Errorf("asking who moderates: %w", err)
	}
	if !may {
		return d.say(ctx, w, language.Say(d.o.Host.Reads(ctx, w.Sender, w.RoomID), "error_moderator"))
	}
	return d.goAway(ctx, w)
}

// ignoreRefused lets pass what is gone already or not allowed.
func ignoreRefused(err error) error {
	if errors.Is(err, ErrRefused) {
		return nil
	}
	return err
}

// Notice is the content of what the bot says by itself. It calls nobody.
func Notice(body string) map[string]any { return notice(body) }

// TxnFor names what the bot does about an event, for a Courier: the same each time.
func TxnFor(w *Work, what string) string { return txnOf(w, what, "") }
