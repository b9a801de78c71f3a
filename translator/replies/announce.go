package replies

import (
	"context"
	"fmt"
	"slices"

	"medixchange/translator/compose"
	"medixchange/translator/language"
)

// announce says one thing to a room, in every language that its members read, and ends the work.
func (d *Desk) announce(ctx context.Context, w *Work, key string) error {
	if err := d.sayToAll(ctx, w, key, Readers{}); err != nil {
		return err
	}
	return d.done(ctx, w, func() error { return nil })
}

// greet says what the bot does in a room from now on, and for whom.
func (d *Desk) greet(ctx context.Context, w *Work) error {
	readers, err := d.o.Host.Readers(ctx, w.RoomID)
	if err != nil {
		return fmt.Errorf("asking who reads translations: %w", err)
	}
	if err := d.sayToAll(ctx, w, "encrypted_joined", readers); err != nil {
		return err
	}
	return d.done(ctx, w, func() error { return d.remember(w.RoomID, d.told(readers)) })
}

// arrive has the host take an invitation. What its greeting told of readers is not said again with the first message.
func (d *Desk) arrive(ctx context.Context, w *Work) error {
	readers, err := d.o.Arrive(ctx, w)
	if err != nil {
		return err
	}
	return d.done(ctx, w, func() error {
		if readers == nil {
			return nil
		}
		return d.remember(w.RoomID, d.told(*readers))
	})
}

// sayToAll says one thing and, if there are any, who reads translations.
func (d *Desk) sayToAll(ctx context.Context, w *Work, key string, readers Readers) error {
	read, err := d.o.Host.Languages(ctx, w.RoomID, "")
	if err != nil {
		return err
	}
	if len(read) == 0 {
		read = []language.Code{d.o.Host.Reads(ctx, "", w.RoomID)}
	}
	slices.Sort(read)
	content := notice(compose.Together(read, func(code language.Code) string {
		return language.Sentences(code, language.Say(code, key), readers.Say(code))
	}))
	if w.Replaces != "" {
		content["m.relates_to"] = map[string]any{"m.in_reply_to": map[string]any{"event_id": w.Replaces}}
	}
	if _, err := d.o.Courier.Send(ctx, w.RoomID, txnOf(w, string(w.Task), ""), content, ""); err != nil {
		return fmt.Errorf("telling a room something: %w", err)
	}
	return nil
}

// depart leaves a room in which nobody needs a translation, unless somebody does by now.
func (d *Desk) depart(ctx context.Context, w *Work) error {
	needed, err := d.o.Host.Needed(ctx, w.RoomID)
	if err != nil {
		return fmt.Errorf("asking who needs a translation: %w", err)
	}
	if needed {
		return d.done(ctx, w, func() error { return nil })
	}
	if err := ignoreRefused(d.sayToAll(ctx, w, "encrypted_left", Readers{})); err != nil {
		return err
	}
	return d.goAway(ctx, w)
}

// goAway leaves a room and forgets what it was told.
func (d *Desk) goAway(ctx context.Context, w *Work) error {
	if err := ignoreRefused(d.o.Courier.Leave(ctx, w.RoomID)); err != nil {
		return fmt.Errorf("leaving: %w", err)
	}
	return d.done(ctx, w, func() error {
		return d.Forget(ctx, w.RoomID)
	})
}
