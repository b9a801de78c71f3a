package appservice

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/translator/encrypted"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// courier speaks in rooms that are not encrypted.
type courier struct{ s *Service }

// Send implements replies.Courier. A room that was encrypted meanwhile gets nothing in the clear.
func (c courier) Send(ctx context.Context, roomID, txn string, content map[string]any, _ language.Code) (string, error) {
	if hidden, err := c.s.house.isEncrypted(ctx, roomID); err != nil || hidden {
		if err == nil {
			err = fmt.Errorf("%w: the room is encrypted", replies.ErrRefused)
		}
		return "", err
	}
	sent, err := c.s.client.SendMessageEvent(ctx, id.RoomID(roomID), event.EventMessage, content, mautrix.ReqSendEvent{TransactionID: txn})
	if err != nil {
		return "", encrypted.Final(err)
	}
	return sent.EventID.String(), nil
}

// Redact implements replies.Courier.
func (c courier) Redact(ctx context.Context, roomID, eventID, txn string, _ language.Code) error {
	_, err := c.s.client.RedactEvent(ctx, id.RoomID(roomID), id.EventID(eventID), mautrix.ReqRedact{TxnID: txn})
	return encrypted.Final(err)
}

// Leave implements replies.Courier.
func (c courier) Leave(ctx context.Context, roomID string) error {
	_, err := c.s.client.LeaveRoom(ctx, id.RoomID(roomID))
	return encrypted.Final(err)
}

// arrive takes an invitation or declines it with a reason. An encrypted room is read only when a moderator asks for it,
// and only by the bot's device, which greets there.
func (s *Service) arrive(ctx context.Context, w *replies.Work) (told *replies.Readers, err error) {
	room := id.RoomID(w.RoomID)
	local := strings.HasSuffix(w.Sender, ":"+s.o.ServerName)
	if !local && !s.o.RemoteInvites {
		return nil, s.decline(ctx, room, language.String(s.o.Home, "invite_own_server"))
	}
	if err := s.enter(ctx, w.RoomID); err != nil {
		return nil, err
	}
	reader := s.house.Reads(ctx, w.Sender, w.RoomID)
	hidden, objection, err := s.objection(ctx, w)
	switch {
	case err != nil:
		return nil, s.inDoubt(ctx, w, err)
	case objection != "":
		return nil, s.decline(ctx, room, language.String(reader, objection))
	}
	if s.device != nil {
		err = s.device.Approve(ctx, w.RoomID)
	}
	if err != nil || hidden {
		return nil, err
	}
	readers, err := s.house.Readers(ctx, w.RoomID)
	if err != nil {
		return nil, err
	}
	text := readers.Under(language.Say(reader, "bot_joined"), reader) + "\n" + s.house.help(reader)
	_, err = courier{s}.Send(ctx, w.RoomID, replies.TxnFor(w, "greet"), replies.Notice(text), "")
	return &readers, err
}

// enter joins a room, in which the device reads nothing yet: who moderates there is told to members only.
func (s *Service) enter(ctx context.Context, roomID string) error {
	if s.device != nil {
		if err := s.device.Hold(ctx, roomID); err != nil {
			return err
		}
	}
	if _, err := s.client.JoinRoomByID(ctx, id.RoomID(roomID)); err != nil {
		return fmt.Errorf("joining: %w", encrypted.Final(err))
	}
	s.house.forget(roomID)
	return nil
}

// objection returns the key of what speaks against the bot's being in a room that it was invited to, "" for nothing, and whether the
// room is encrypted.
func (s *Service) objection(ctx context.Context, w *replies.Work) (hidden bool, key string, err error) {
	_, err = s.house.state(ctx, w.RoomID, "m.room.encryption")
	switch {
	case errors.Is(err, mautrix.MNotFound):
		return false, "", nil
	case err != nil:
		return false, "", err
	case s.device == nil:
		return true, "encrypted_unable", nil
	}
	moderated, err := s.house.Moderates(ctx, w.RoomID, w.Sender)
	if err != nil || moderated {
		return true, "", err
	}
	return true, "encrypted_moderator", nil
}

// doubtAtMost is how long the bot is in a room of which it cannot be found out whether it may be there.
const doubtAtMost = 5 * time.Minute

// inDoubt has it tried again whether the bot may stay, and leaves when that takes too long.
func (s *Service) inDoubt(ctx context.Context, w *replies.Work, why error) error {
	if !errors.Is(why, replies.ErrRefused) && s.o.Now().Sub(time.Unix(0, w.Seq)) < doubtAtMost {
		return why
	}
	s.o.Log.WithError(why).WithField("room", w.RoomID).Warn("the translation bot leaves a room of which it cannot find out whether it may be there")
	return s.decline(ctx, id.RoomID(w.RoomID), language.String(s.house.Reads(ctx, w.Sender, w.RoomID), "error_failed"))
}

func (s *Service) decline(ctx context.Context, room id.RoomID, reason string) error {
	_, err := s.client.LeaveRoom(ctx, room, &mautrix.ReqLeave{Reason: reason})
	return encrypted.Final(err)
}
