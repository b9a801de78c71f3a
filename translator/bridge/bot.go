package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/sirupsen/logrus"
	"github.com/tidwall/gjson"

	"medixchange/internal/pace"
	"medixchange/internal/stream"
	"medixchange/rooms"
	"medixchange/rooms/view"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// talk is the bot: it joins where it is invited and answers commands of this node's users. It reads the stream with a
// cursor of its own; an answer carries a transaction id made of the command's event id, so it never comes twice.
type talk struct {
	b        *Bridge
	view     *view.View
	commands *replies.Allowances
	reports  *replies.Allowances // apart from commands: who goes through a long history may find many bad translations
}

const viewCacheBytes = 1 << 20

func newTalk(b *Bridge) (*talk, error) {
	commands, err := replies.NewAllowances(replies.CommandEvery, replies.CommandBurst)
	if err != nil {
		return nil, err
	}
	reports, err := replies.NewAllowances(reportEvery, reportBurst)
	if err != nil {
		return nil, err
	}
	shown := view.New(view.Options{Rooms: b.o.Rooms, Renderer: b, Reader: b.o.Accounts, Now: b.o.Now, CacheBytes: viewCacheBytes, Log: b})
	return &talk{b: b, view: shown, commands: commands, reports: reports}, nil
}

// run is the bot's life until ctx ends.
func (t *talk) run(ctx context.Context) error {
	for {
		err := t.appear(ctx)
		if err == nil {
			return t.b.o.Hub.Follow(ctx, cursorBot, stream.FollowOptions{Step: 100, Gather: stream.Unhurried}, t.read)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		t.b.o.Log.WithError(err).Error("the translation bot could not start, trying again")
		if !pace.Pause(ctx, storePause) {
			return ctx.Err()
		}
	}
}

// appear makes the bot's account, named in the hospital's language, and takes the invitations that wait.
func (t *talk) appear(ctx context.Context) error {
	name := language.String(t.b.home, "bot_name")
	if _, err := t.b.o.Accounts.EnsureUser(ctx, t.b.o.Config.BotLocalpart, name); err != nil {
		return fmt.Errorf("making the bot's account: %w", err)
	}
	return t.takeInvites(ctx)
}

func (t *talk) takeInvites(ctx context.Context) error {
	memberships, err := t.b.o.Rooms.UserRooms(ctx, t.b.bot)
	if err != nil {
		return fmt.Errorf("reading the bot's rooms: %w", err)
	}
	for _, m := range memberships {
		if m.Membership != "invite" {
			continue
		}
		if err := t.join(ctx, m.RoomID, m.EventNID); err != nil {
			return err
		}
	}
	return nil
}

// read takes what happened in (from, upto].
func (t *talk) read(ctx context.Context, from, upto int64) error {
	complete, err := t.b.o.Hub.Walk(from, upto, func(e stream.Entry) error {
		switch value := e.Value.(type) {
		case *rooms.Event:
			if e.Kind == rooms.EntryEvent {
				return t.hear(ctx, value)
			}
		case *row:
			return t.sayInThread(ctx, value)
		case *rooms.Redaction:
			return t.unsay(ctx, value.TargetID)
		case *rooms.MembershipChange:
			if value.UserID == t.b.bot && value.Membership == "invite" {
				return t.join(ctx, value.RoomID, value.EventNID)
			}
		}
		return nil
	})
	if err != nil || complete {
		return err
	}
	if err := t.takeInvites(ctx); err != nil {
		return err
	}
	for _, typ := range []string{typeMessage, typeReaction} {
		events, err := t.b.o.Rooms.EventsSince(ctx, from, upto, typ, int(upto-from))
		if err != nil {
			return err
		}
		for _, ev := range events {
			if err := t.hear(ctx, ev); err != nil {
				return err
			}
		}
	}
	return t.readStoredThreads(ctx, from, upto)
}

// readStoredThreads says and takes back in threads what the ring has forgotten, in the order in which it happened: what is said
// anew after something is gone stands.
func (t *talk) readStoredThreads(ctx context.Context, from, upto int64) error {
	rows, err := t.b.selectThreaded(ctx, from, upto)
	if err != nil {
		return err
	}
	redactions, err := t.b.o.Rooms.RedactionsSince(ctx, from, upto, int(upto-from))
	if err != nil {
		return err
	}
	for _, r := range rows {
		if redactions, err = t.unsayBefore(ctx, redactions, r.Position); err != nil {
			return err
		}
		if err := t.sayInThread(ctx, r); err != nil {
			return err
		}
	}
	_, err = t.unsayBefore(ctx, redactions, upto+1)
	return err
}

// unsayBefore takes back what is gone by redactions before a position, and returns the others.
func (t *talk) unsayBefore(ctx context.Context, redactions []rooms.Redaction, position int64) (left []rooms.Redaction, err error) {
	for i, redaction := range redactions {
		if redaction.Position >= position {
			return redactions[i:], nil
		}
		if err := t.unsay(ctx, redaction.TargetID); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// join accepts an invitation by a user of this node, and by others where the configuration lets them.
func (t *talk) join(ctx context.Context, roomID string, inviteNID int64) error {
	events, err := t.b.o.Rooms.Events(ctx, []int64{inviteNID})
	if err != nil {
		return fmt.Errorf("reading an invitation: %w", err)
	}
	invite := events[inviteNID]
	if invite == nil {
		return nil
	}
	room, err := t.b.o.Rooms.Snapshot(ctx, roomID)
	if err != nil || room.Membership(t.b.bot) != "invite" {
		return ignoreMissing(err)
	}
	local := t.isLocal(invite.Sender)
	device := room.Encrypted && t.b.o.Config.Encrypted.Enabled // it greets and answers by itself
	switch {
	case device && !t.mayInvite(room, invite):
		return t.decline(ctx, roomID, invite)
	case device:
	case !local && !(t.b.o.RemoteInvites && room.LocalJoined() > 0):
		return nil
	}
	_, err = t.b.o.Rooms.SetMembership(ctx, rooms.MembershipRequest{
		RoomID: roomID, Sender: t.b.bot, Target: t.b.bot, Membership: "join",
		Profile: rooms.MemberProfile{DisplayName: language.String(t.b.home, "bot_name")},
	})
	if err != nil {
		return t.refused(err, "joining", roomID)
	}
	if device {
		return nil
	}
	reader := t.b.home
	if local {
		reader = t.languageOf(ctx, invite.Sender, roomID)
	}
	text := language.Say(reader, "bot_encrypted", "bot", t.b.bot)
	if !room.Encrypted {
		readers, err := t.b.People().Readers(ctx, roomID)
		if err != nil {
			return err
		}
		text = readers.Under(language.Say(reader, "bot_joined"), reader) + "\n" + t.help(reader)
	}
	return t.send(ctx, roomID, invite.ID, map[string]any{"msgtype": "m.notice", "body": text, "m.mentions": struct{}{}})
}

func ignoreMissing(err error) error {
	if errors.Is(err, rooms.ErrNotFound) {
		return nil
	}
	return err
}

// hear answers an event if it is a command to the bot, or takes it as a report.
func (t *talk) hear(ctx context.Context, ev *rooms.Event) error {
	if ev.Type == typeReaction && ev.StateKey == nil {
		if err := t.hearRelease(ctx, ev); err != nil {
			return err
		}
		return t.hearReaction(ctx, ev)
	}
	if w, ok := t.b.wordsOf(ev); ok && !replies.LooksLikeCommand(w.text) {
		return nil // as nearly all of them, of which that is at hand
	}
	content := ev.Content()
	body := content.Get("body")
	if ev.Type != typeMessage || ev.StateKey != nil || content.Get("msgtype").Str != "m.text" || ev.Relation.Type == relReplace ||
		body.Type != gjson.String || !replies.LooksLikeCommand(body.Str) {
		return nil
	}
	if ev.Sender == t.b.bot || !t.isLocal(ev.Sender) || t.b.o.Appservice(ev.Sender) {
		return nil
	}
	room, err := t.b.o.Rooms.Snapshot(ctx, ev.RoomID)
	if err != nil || room.Membership(ev.Sender) != "join" {
		return ignoreMissing(err)
	}
	a := &asked{ev: ev, room: room, direct: room.Joined+room.Invited <= 2, reader: t.languageOf(ctx, ev.Sender, ev.RoomID)}
	var known bool
	a.Command, known = parseCommand(body.Str)
	if room.Membership(t.b.bot) != "join" {
		return t.answerApart(ctx, a, known)
	}
	_, answered, err := t.b.o.Rooms.EventByTxn(ctx, t.b.bot, txnOf(ev.ID))
	if err != nil || answered {
		return err
	}
	if !known && !a.direct {
		return nil // in a room with others it may be meant for another bot
	}
	answer, ok, err := t.answerAllowed(ctx, a)
	if err != nil || !ok {
		return err
	}
	return t.respond(ctx, a, answer)
}

// answerApart answers where the bot is no member. Our marks name one command in every room: who gives it is told alone.
func (t *talk) answerApart(ctx context.Context, a *asked, known bool) error {
	if !known || a.Name != replies.CommandOriginal || a.room.Encrypted {
		return nil
	}
	answer, ok, err := t.answerAllowed(ctx, a)
	if err != nil || !ok {
		return err
	}
	return t.b.tellWith(ctx, a.ev.Sender, telling{about: a.ev, kind: noticeOriginal, text: answer, words: a.words})
}

// asked is a command with where it was given.
type asked struct {
	replies.Command
	ev     *rooms.Event
	room   *rooms.Snapshot
	direct bool // the chat of the asker and the bot alone
	reader language.Code
	// encrypted says that the command was read by the bot's device: ev has no id, and what was said before is not known.
	encrypted bool
	words     *subject // what the answer repeats, once it is known
}

// answerAllowed carries a command out, unless its sender has given too many: who has is told so once. A command that fails
// is answered, too, and not tried again: others wait behind it. It fails only when ctx ends.
func (t *talk) answerAllowed(ctx context.Context, a *asked) (answer string, ok bool, err error) {
	allowed, wait := t.commands.Of(a.ev.Sender).Take(t.b.o.Now())
	if !allowed {
		t.b.metrics.commands.WithLabelValues(a.Name, "limited").Inc()
		return language.Say(a.reader, "error_wait", "count", strconv.Itoa(wait)), wait > 0, nil
	}
	limited, cancel := context.WithTimeout(ctx, replies.CommandTimeout)
	defer cancel()
	answer, err = t.answer(limited, a)
	if ctx.Err() != nil {
		return "", false, ctx.Err()
	}
	if err != nil {
		t.b.metrics.commands.WithLabelValues(a.Name, "failed").Inc()
		t.b.o.Log.WithError(err).WithFields(logrus.Fields{"room": a.ev.RoomID, "command": a.Name}).Error("a command to the translation bot failed")
		return language.Say(a.reader, "error_failed"), true, nil
	}
	t.b.metrics.commands.WithLabelValues(a.Name, "ok").Inc()
	return answer, true, nil
}

// respond sends the answer to a command.
func (t *talk) respond(ctx context.Context, a *asked, answer string) error {
	relates := map[string]any{"m.in_reply_to": map[string]any{"event_id": a.ev.ID}}
	if a.ev.Relation.Type == "m.thread" {
		relates["rel_type"], relates["event_id"] = "m.thread", a.ev.Relation.EventID
	}
	return t.send(ctx, a.ev.RoomID, a.ev.ID, map[string]any{
		"msgtype": "m.notice", "body": answer, "m.mentions": struct{}{}, "m.relates_to": relates,
	})
}

func txnOf(eventID string) rooms.Txn {
	return rooms.Txn{Scope: "translator", Path: "answer", ID: eventID}
}

// send sends the bot's answer to an event, once whatever happens in between.
func (t *talk) send(ctx context.Context, roomID, to string, content map[string]any) error {
	return t.sendTxn(ctx, roomID, txnOf(to), content)
}

func (t *talk) sendTxn(ctx context.Context, roomID string, txn rooms.Txn, content map[string]any) error {
	encoded, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("writing an answer: %w", err)
	}
	_, err = t.b.o.Rooms.Send(ctx, rooms.SendRequest{RoomID: roomID, Sender: t.b.bot, Type: typeMessage, Content: encoded, Txn: &txn})
	return t.refused(err, "answering", roomID)
}

// refused lets pass what the room does not allow, and returns what may go better another time.
func (t *talk) refused(err error, doing, roomID string) error {
	if err == nil {
		return nil
	}
	for _, final := range []error{rooms.ErrForbidden, rooms.ErrNotFound, rooms.ErrTooLarge, rooms.ErrBadEvent, rooms.ErrInvalidParam} {
		if errors.Is(err, final) {
			t.b.o.Log.WithError(err).WithField("room", roomID).Info("the translation bot was refused " + doing)
			return nil
		}
	}
	return fmt.Errorf("the translation bot %s: %w", doing, err)
}

func (t *talk) isLocal(userID string) bool {
	_, server, _ := strings.Cut(userID, ":")
	return server == t.b.o.Rooms.ServerName()
}

// languageOf returns in which language a user is answered.
func (t *talk) languageOf(ctx context.Context, userID, roomID string) language.Code {
	tag, _, err := t.b.o.Accounts.RoomLanguage(ctx, userID, roomID)
	if code := t.b.code(tag); err == nil && code != "" {
		return code
	}
	return t.b.home
}
