package appservice

import (
	"context"
	"fmt"
	"strings"

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
func (s *Service) arrive(ctx context.Context, w *replies.Work) error {
	room := id.RoomID(w.RoomID)
	local := strings.HasSuffix(w.Sender, ":"+s.o.ServerName)
	if !local && !s.o.RemoteInvites {
		return s.decline(ctx, room, language.String(s.o.Home, "encrypted_moderator"))
	}
	if _, err := s.client.JoinRoomByID(ctx, room); err != nil {
		return fmt.Errorf("joining: %w", encrypted.Final(err))
	}
	s.house.forget(w.RoomID)
	reader := s.house.Reads(ctx, w.Sender, w.RoomID)
	hidden, err := s.house.isEncrypted(ctx, w.RoomID)
	switch {
	case err != nil:
		return err
	case hidden && s.device == nil:
		return s.decline(ctx, room, language.String(reader, "encrypted_unable"))
	case hidden:
		return s.stayIfModerated(ctx, w, reader)
	}
	readers, err := s.house.Readers(ctx, w.RoomID)
	if err != nil {
		return err
	}
	text := readers.Under(language.Say(reader, "bot_joined"), reader) + "\n" + s.house.help(reader)
	_, err = courier{s}.Send(ctx, w.RoomID, replies.TxnFor(w, "greet"), replies.Notice(text), "")
	return err
}

func (s *Service) stayIfModerated(ctx context.Context, w *replies.Work, reader language.Code) error {
	moderated, err := s.house.Moderates(ctx, w.RoomID, w.Sender)
	if err != nil || moderated {
		return err
	}
	return s.decline(ctx, id.RoomID(w.RoomID), language.String(reader, "encrypted_moderator"))
}

func (s *Service) decline(ctx context.Context, room id.RoomID, reason string) error {
	_, err := s.client.LeaveRoom(ctx, room, &mautrix.ReqLeave{Reason: reason})
	return encrypted.Final(err)
}
