package encrypted

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/sirupsen/logrus"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/internal/pace"
	"medixchange/translator/replies"
)

// filter is what the device wants of /sync, with so many events a room: what concerns encrypted rooms, and nothing of the
// others.
func filter(limit int) string {
	return `{"presence":{"types":[]},"account_data":{"types":[]},"room":{"ephemeral":{"types":[]},"account_data":{"types":[]},` +
		`"state":{"types":["m.room.encryption","` + replies.TypeSettings + `"],"lazy_load_members":true},"timeline":{"types":["m.room.encrypted",` +
		`"m.room.encryption","m.room.member","m.room.redaction","m.reaction","` + replies.TypeSettings + `"],"limit":` + strconv.Itoa(limit) + `}}}`
}

const (
	syncTimeout = 30 * time.Second
	// timelineLimit keeps an answer small when the device was away for long: what is missing is fetched by room.
	timelineLimit = 20
	// maxMissed bounds the events of a room that are fetched because one answer did not hold them.
	maxMissed = 1000
	pageSize  = 100
)

// syncLoop takes one answer of /sync after the other.
func (b *Bot) syncLoop(ctx context.Context) error {
	var trouble pace.Reminder
	for ctx.Err() == nil {
		if b.desk.Full() {
			pace.Pause(ctx, retryPause)
			continue
		}
		err := b.step(ctx)
		if err == nil {
			b.readsAgain(&trouble)
			continue
		}
		b.complain(ctx, &trouble, err, logrus.WarnLevel, "the translation bot could not read what happened, trying again")
		pace.Pause(ctx, retryPause)
	}
	return ctx.Err()
}

// complain says what failed and is tried again, less and less often.
func (b *Bot) complain(ctx context.Context, trouble *pace.Reminder, err error, level logrus.Level, what string) {
	if ctx.Err() != nil || errors.Is(err, ErrUnreachable) || !trouble.Due(b.o.Now()) {
		return
	}
	b.o.Log.WithError(err).Log(level, what)
}

func (b *Bot) readsAgain(trouble *pace.Reminder) {
	if lasted, was := trouble.Over(b.o.Now()); was {
		b.o.Log.WithField("after", lasted.Round(time.Second).String()).Info("the translation bot reads what happens again")
	}
}

// step takes one answer: what it brings and the token after it are stored together.
func (b *Bot) step(ctx context.Context) error {
	req := mautrix.ReqSync{Since: b.since, FilterID: filter(timelineLimit), Timeout: int(syncTimeout.Milliseconds()), SetPresence: event.PresenceOffline}
	if b.since == "" { // nothing of what was said before is read
		req.Timeout, req.FilterID = 0, filter(1)
	}
	answer, err := b.client.FullSyncRequest(ctx, req)
	if err != nil {
		return fmt.Errorf("asking for what happened: %w", err)
	}
	told, err := b.complete(ctx, answer)
	if err != nil {
		return err
	}
	err = b.takeWork(ctx, func() error {
		if err := b.take(ctx, answer, told); err != nil {
			return err
		}
		b.o.Vault.Put(kindState, "", nameToken, []byte(answer.NextBatch))
		return nil
	})
	if err != nil {
		return fmt.Errorf("taking what happened: %w", err)
	}
	b.since = answer.NextBatch
	return errors.Join(b.restock(ctx, answer.DeviceOTKCount), b.refill(ctx, answer.FallbackKeys))
}

// takeWork runs fn, which takes work, and begins that work when it is on the disk.
func (b *Bot) takeWork(ctx context.Context, fn func() error) error {
	b.taking.Lock()
	defer b.taking.Unlock()
	if err := b.o.Vault.Together(ctx, fn); err != nil {
		return err
	}
	b.desk.Release()
	return nil
}

// restock uploads one-time keys when others have used half of them.
func (b *Bot) restock(ctx context.Context, count mautrix.OTKCount) error {
	if count.SignedCurve25519 >= int(b.machine.GetAccount().Internal.MaxNumberOfOneTimeKeys()/2) {
		return nil
	}
	err := b.o.Vault.Together(ctx, func() error { return b.machine.ShareKeys(committed(ctx), count.SignedCurve25519) })
	if err != nil {
		return fmt.Errorf("uploading one-time keys: %w", err)
	}
	return nil
}

// told is what happened in one room since the last answer, in order.
type told struct {
	room   id.RoomID
	events []*event.Event
	fresh  bool   // the bot has just come
	made   bool   // to a room that it made itself
	since  string // the event by which it came
}

// complete puts each room's events together: those that the answer left out are fetched, those from before the bot came, and
// redactions without effect, are left out.
func (b *Bot) complete(ctx context.Context, answer *mautrix.RespSync) ([]told, error) {
	var rooms []told
	for room, joined := range answer.Rooms.Join {
		b.noteState(room, joined)
		if encrypted, err := b.isEncrypted(ctx, room); err != nil || !encrypted {
			if err != nil {
				return nil, err
			}
			continue
		}
		t := told{room: room, events: joined.Timeline.Events}
		if b.cut(&t); !t.fresh && joined.Timeline.Limited {
			missed, err := b.missed(ctx, room, joined.Timeline.PrevBatch)
			if err != nil {
				return nil, err
			}
			t.events = append(missed, t.events...)
			b.cut(&t)
		}
		if b.since == "" && !t.fresh { // the device is new: what was said before it is not for it
			t.events, t.fresh, t.since = nil, true, b.client.DeviceID.String()
		}
		t.events = b.heeded(ctx, room, t.events)
		rooms = append(rooms, t)
	}
	return rooms, nil
}

// noteState follows what an answer says of a room's state. Work is taken after it, so that a text never goes to engines by a
// setting of before it was said.
func (b *Bot) noteState(room id.RoomID, joined *mautrix.SyncJoinedRoom) {
	changed := joined.Timeline.Limited
	for _, ev := range slices.Concat(joined.State.Events, joined.Timeline.Events) {
		switch {
		case ev.StateKey == nil:
		case ev.Type.Type == event.StateEncryption.Type:
			b.noteEncrypted(room, true)
		case ev.Type.Type == event.StateMember.Type, ev.Type.Type == replies.TypeSettings:
			changed = true
		}
	}
	if changed {
		b.forgetMembers(room)
		b.o.Host.Forget(room.String())
	}
}

// cut leaves what came after the bot's own joining.
func (b *Bot) cut(t *told) {
	for i, ev := range slices.Backward(t.events) {
		if !b.comes(ev) {
			continue
		}
		t.events, t.fresh, t.since = t.events[i+1:], true, ev.ID.String()
		t.made = ev.Sender == b.client.UserID && ev.Unsigned.PrevContent == nil // it was not invited
		return
	}
}

// comes reports whether an event is the bot's joining; another name of it, or a picture, is none.
func (b *Bot) comes(ev *event.Event) bool {
	if ev.Type.Type != event.StateMember.Type || ev.GetStateKey() != b.client.UserID.String() {
		return false
	}
	before := ev.Unsigned.PrevContent
	return membershipIn(ev.Content.VeryRaw) == "join" && (before == nil || membershipIn(before.VeryRaw) != "join")
}

func membershipIn(content json.RawMessage) string {
	var member struct {
		Membership string `json:"membership"`
	}
	if json.Unmarshal(content, &member) != nil {
		return ""
	}
	return member.Membership
}

// missed fetches what lies before an answer's events, back to the last answer or the bot's joining.
func (b *Bot) missed(ctx context.Context, room id.RoomID, from string) ([]*event.Event, error) {
	var events []*event.Event
	for from != "" && len(events) < maxMissed {
		page, err := b.client.Messages(ctx, room, from, b.since, mautrix.DirectionBackward, nil, pageSize)
		if err != nil {
			return nil, fmt.Errorf("fetching what an answer left out: %w", err)
		}
		for _, ev := range page.Chunk {
			events = append(events, ev)
			if b.comes(ev) {
				from, page.End = "", ""
				break
			}
		}
		from = page.End
		if len(page.Chunk) == 0 {
			break
		}
	}
	slices.Reverse(events)
	return events, nil
}

// take does everything that an answer asks for, without waiting for anybody. It runs alone.
func (b *Bot) take(ctx context.Context, answer *mautrix.RespSync, rooms []told) error {
	clear(b.came)
	if err := b.keys.MarkTrackedUsersOutdated(ctx, answer.DeviceLists.Changed); err != nil {
		return err
	}
	for _, ev := range answer.ToDevice.Events {
		b.takeToDevice(ctx, ev)
	}
	if err := b.takeUnread(ctx); err != nil {
		return err
	}
	for _, t := range rooms {
		take := b.takeTold
		if b.isHeld(t.room) {
			take = b.holdBack
		}
		if err := take(ctx, t); err != nil {
			return err
		}
	}
	for room := range answer.Rooms.Leave {
		b.forgetMembers(room)
		if err := b.forget(ctx, room); err != nil {
			return err
		}
	}
	b.keys.untrack(answer.DeviceLists.Left) // after what they may have said before they left
	return nil
}

// takeTold does what happened in one room asks for.
func (b *Bot) takeTold(ctx context.Context, t told) error {
	if t.fresh && !t.made {
		if err := b.desk.Take(replies.Work{Task: replies.Greet, RoomID: t.room.String(), EventID: t.since}); err != nil {
			return err
		}
	}
	for _, ev := range t.events {
		if err := b.takeEvent(ctx, t.room, ev); err != nil {
			return err
		}
	}
	return nil
}

// takeToDevice hands keys to the machine. Requests for keys and secrets, and attempts to verify the bot, are not heard.
func (b *Bot) takeToDevice(ctx context.Context, ev *event.Event) {
	ev.Type.Class = event.ToDeviceEventType
	switch ev.Type {
	case event.ToDeviceEncrypted, event.ToDeviceRoomKeyWithheld, event.ToDeviceOrgMatrixRoomKeyWithheld:
	default:
		return
	}
	if err := ev.Content.ParseRaw(ev.Type); err != nil {
		return // it is not what its type says
	}
	b.machine.HandleToDeviceEvent(ctx, ev)
}

// forget drops the keys of a room that the bot has left.
func (b *Bot) forget(ctx context.Context, room id.RoomID) error {
	if err := b.keys.RemoveOutboundGroupSession(ctx, room); err != nil {
		return err
	}
	if _, err := b.keys.RedactGroupSessions(ctx, room, "", "left"); err != nil {
		return err
	}
	if err := b.dropHeld(ctx, room); err != nil {
		return err
	}
	b.o.Vault.Delete(kindUnneeded, "", room.String())
	return errors.Join(b.o.Vault.ForgetOwner(ctx, kindUnread, room.String()), b.desk.Forget(ctx, room.String()))
}
