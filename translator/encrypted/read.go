package encrypted

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/sirupsen/logrus"
	"github.com/tidwall/gjson"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/translator/replies"
)

// takeEvent makes work of what concerns the bot.
func (b *Bot) takeEvent(ctx context.Context, room id.RoomID, ev *event.Event) error {
	ev.RoomID = room
	switch {
	case ev.Type.Type == event.StateEncryption.Type && ev.StateKey != nil && ev.Sender != b.client.UserID:
		return b.desk.Take(replies.Work{Task: replies.Greet, RoomID: room.String(), EventID: ev.ID.String()})
	case ev.StateKey != nil || ev.Sender == b.client.UserID:
		return nil
	case ev.Type.Type == event.EventRedaction.Type:
		return b.takeRedaction(room, ev)
	case ev.Type.Type == event.EventReaction.Type:
		return b.takeReaction(room, ev)
	case ev.Type.Type == event.EventEncrypted.Type:
		return b.read(ctx, ev)
	}
	return nil
}

// takeReaction hears authors who release a message. Reactions are in the clear in encrypted rooms, too.
func (b *Bot) takeReaction(room id.RoomID, ev *event.Event) error {
	content := gjson.ParseBytes(ev.Content.VeryRaw)
	w, ok := replies.ReleaseOf(replies.Said{RoomID: room.String(), EventID: ev.ID.String(), Sender: ev.Sender.String(), Content: content})
	if !ok {
		return nil
	}
	return b.desk.Take(w)
}

func (b *Bot) takeRedaction(room id.RoomID, ev *event.Event) error {
	w := withdrawal(room, ev)
	b.o.Vault.Delete(kindUnread, room.String(), w.Replaces)
	return b.desk.Take(w)
}

func withdrawal(room id.RoomID, ev *event.Event) replies.Work {
	w := replies.Work{Task: replies.Withdraw, RoomID: room.String(), EventID: ev.ID.String(), Sender: ev.Sender.String(), Replaces: ev.Redacts.String()}
	if w.Replaces == "" {
		w.Replaces = gjson.GetBytes(ev.Content.VeryRaw, "redacts").Str
	}
	return w
}

// heeded leaves out redactions that have no effect.
func (b *Bot) heeded(ctx context.Context, room id.RoomID, events []*event.Event) []*event.Event {
	return slices.DeleteFunc(events, func(ev *event.Event) bool {
		if ev.Type.Type != event.EventRedaction.Type || ev.StateKey != nil {
			return false
		}
		w := withdrawal(room, ev)
		return w.Replaces == "" || !b.desk.Heeds(ctx, &w)
	})
}

// read decrypts a message. One whose key has not come waits for it; nobody is asked.
func (b *Bot) read(ctx context.Context, ev *event.Event) error {
	ev.Type.Class = event.MessageEventType
	if len(ev.Content.VeryRaw) == 0 || string(ev.Content.VeryRaw) == "{}" {
		return nil // redacted
	}
	if ev.Content.Parsed == nil {
		if err := ev.Content.ParseRaw(ev.Type); err != nil {
			return nil // it is no encrypted event
		}
	}
	clear, err := b.machine.DecryptMegolmEvent(ctx, ev)
	if errors.Is(err, crypto.ErrNoSessionFound) {
		return b.awaitKey(ctx, ev)
	}
	if err != nil {
		b.o.Log.WithFields(logrus.Fields{"room": ev.RoomID, "event": ev.ID, "reason": reasonOf(err)}).Info("a message could not be decrypted")
		if errors.Is(err, crypto.ErrDuplicateMessageIndex) || errors.Is(err, crypto.ErrWrongRoom) {
			return nil // somebody repeats what was said elsewhere
		}
		return b.tellUnreadable(ctx, ev.RoomID.String(), ev.ID.String())
	}
	if clear.Mautrix.TrustState == id.TrustStateDeviceKeyMismatch {
		return nil
	}
	if clear.Type.Type != event.EventMessage.Type {
		return nil
	}
	said := replies.Said{RoomID: ev.RoomID.String(), EventID: ev.ID.String(), Sender: ev.Sender.String(), Content: gjson.ParseBytes(clear.Content.VeryRaw)}
	if work, ok := replies.WorkOf(said, b.o.ClinicalBots); ok {
		return b.desk.Take(work)
	}
	return nil
}

// maxUnread bounds the messages of a room that wait for their keys.
const maxUnread = 500

// awaitKey keeps a message until its key comes. Of one that is too many the room is told as of one whose key does not come.
func (b *Bot) awaitKey(ctx context.Context, ev *event.Event) error {
	waiting, err := b.o.Vault.Count(ctx, kindUnread, ev.RoomID.String())
	if err != nil {
		return err
	}
	if waiting >= maxUnread {
		return b.tellUnreadable(ctx, ev.RoomID.String(), ev.ID.String())
	}
	return b.o.Vault.Write(kindUnread, ev.RoomID.String(), ev.ID.String(), ev)
}

// reasonOf names a failure without what the library says of the message.
func reasonOf(err error) string {
	for _, known := range []error{crypto.ErrGroupSessionWithheld, crypto.ErrDuplicateMessageIndex, crypto.ErrWrongRoom} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "bad ciphertext"
}

// takeUnread reads what waited for keys that have come.
func (b *Bot) takeUnread(ctx context.Context) error {
	rooms := map[string]bool{}
	for of := range b.came {
		rooms[of[0]] = true
	}
	for room := range rooms {
		waiting, err := b.o.Vault.List(ctx, kindUnread, room)
		if err != nil {
			return err
		}
		var events []*event.Event
		for _, record := range waiting {
			ev := &event.Event{}
			if err := json.Unmarshal(record.Value, ev); err != nil {
				return fmt.Errorf("reading a message that waits for its key: %w", err)
			}
			if b.came[[2]string{room, gjson.GetBytes(ev.Content.VeryRaw, "session_id").Str}] {
				events = append(events, ev)
			}
		}
		slices.SortFunc(events, func(x, y *event.Event) int { return int(min(max(x.Timestamp-y.Timestamp, -1), 1)) })
		for _, ev := range events {
			b.o.Vault.Delete(kindUnread, room, ev.ID.String())
			ev.RoomID = id.RoomID(room)
			if err := b.read(ctx, ev); err != nil {
				return err
			}
		}
	}
	return nil
}
