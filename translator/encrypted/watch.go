package encrypted

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"maunium.net/go/mautrix/id"

	"medixchange/internal/pace"
	"medixchange/translator/replies"
)

const (
	// watchAtMost and watchAtLeast bound how often the bot looks whether it is needed and what has waited too long.
	watchAtMost  = 10 * time.Minute
	watchAtLeast = 250 * time.Millisecond
	// toldEvery is how long a room is not told again that a message could not be decrypted.
	toldEvery = 24 * time.Hour
)

func (b *Bot) watchEvery() time.Duration {
	every := min(watchAtMost, b.o.KeyWait/4)
	if b.o.LeaveAfter > 0 {
		every = min(every, b.o.LeaveAfter/4)
	}
	return max(every, watchAtLeast)
}

// watchLoop does what nothing that happens in a room asks for.
func (b *Bot) watchLoop(ctx context.Context) error {
	for pace.Pause(ctx, b.watchEvery()) {
		if err := errors.Join(b.giveUpUnread(ctx), b.leaveUnneeded(ctx), b.leaveHeld(ctx)); err != nil && ctx.Err() == nil {
			b.o.Log.WithError(err).Warn("looking after the translation bot's rooms")
		}
	}
	return ctx.Err()
}

// giveUpUnread tells rooms of messages whose keys have not come in time.
func (b *Bot) giveUpUnread(ctx context.Context) error {
	before := b.o.Now().Add(-b.o.KeyWait)
	for {
		late, err := b.o.Vault.Older(ctx, kindUnread, before)
		if err != nil || len(late) == 0 {
			return err
		}
		if err := b.takeWork(ctx, func() error { return b.giveUp(ctx, late) }); err != nil {
			return err
		}
	}
}

func (b *Bot) giveUp(ctx context.Context, late []replies.Record) error {
	for _, record := range late {
		still, err := b.o.Vault.Get(ctx, kindUnread, record.Owner, record.Name)
		if err != nil {
			return err
		}
		if still == nil {
			continue // its key came meanwhile
		}
		b.o.Vault.Delete(kindUnread, record.Owner, record.Name)
		if err := b.tellUnreadable(ctx, record.Owner, record.Name); err != nil {
			return err
		}
	}
	return nil
}

// tellUnreadable has a room told, once a day at most, that a message could not be decrypted. Its caller is in takeWork.
func (b *Bot) tellUnreadable(ctx context.Context, room, eventID string) error {
	told, err := b.o.Vault.Get(ctx, kindTold, "", room)
	if err != nil {
		return err
	}
	now := b.o.Now()
	if told != nil {
		last, err := strconv.ParseInt(string(told), 10, 64)
		if err == nil && now.Sub(time.UnixMilli(last)) < toldEvery {
			return nil
		}
	}
	b.o.Vault.Put(kindTold, "", room, strconv.AppendInt(nil, now.UnixMilli(), 10))
	return b.desk.Take(replies.Work{Task: replies.Unreadable, RoomID: room, EventID: "unreadable " + eventID, Replaces: eventID})
}

// leaveUnneeded has the bot say where nobody needs a translation any more that it will leave, and leave when that stays so.
func (b *Bot) leaveUnneeded(ctx context.Context) error {
	if b.o.LeaveAfter <= 0 {
		return nil
	}
	joined, err := b.client.JoinedRooms(ctx)
	if err != nil {
		return fmt.Errorf("asking for the bot's rooms: %w", err)
	}
	var errs []error
	for _, room := range joined.JoinedRooms {
		if err := b.leaveIfUnneeded(ctx, room); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (b *Bot) leaveIfUnneeded(ctx context.Context, room id.RoomID) error {
	if encrypted, err := b.isEncrypted(ctx, room); err != nil || !encrypted || b.isHeld(room) {
		return err
	}
	needed, err := b.o.Host.Needed(ctx, room.String())
	if err != nil {
		return fmt.Errorf("asking who needs a translation: %w", err)
	}
	known, err := b.o.Vault.Get(ctx, kindUnneeded, "", room.String())
	if err != nil || needed && known == nil {
		return err
	}
	return b.takeWork(ctx, func() error {
		now := b.o.Now()
		since, err := strconv.ParseInt(string(known), 10, 64)
		switch {
		case needed:
			b.o.Vault.Delete(kindUnneeded, "", room.String())
		case known == nil || err != nil:
			value := strconv.AppendInt(nil, now.UnixMilli(), 10)
			b.o.Vault.Put(kindUnneeded, "", room.String(), value)
			return b.desk.Take(replies.Work{Task: replies.Unneeded, RoomID: room.String(), EventID: "unneeded " + string(value)})
		case now.Sub(time.UnixMilli(since)) >= b.o.LeaveAfter:
			b.o.Vault.Delete(kindUnneeded, "", room.String())
			return b.desk.Take(replies.Work{Task: replies.Depart, RoomID: room.String(), EventID: "depart " + string(known)})
		}
		return nil
	})
}
