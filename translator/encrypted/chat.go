package encrypted

import (
	"context"
	"errors"
	"fmt"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/translator/replies"
)

// NotifiesKey marks in the clear content of an event what of the bot's own encrypted words notifies who reads it, as other
// messages do: what it tells somebody alone.
const NotifiesKey = "org.medixchange.notifies"

// Tell implements replies.Courier.
func (b *Bot) Tell(ctx context.Context, userID, txn string, content map[string]any) (roomID, eventID string, err error) {
	room, err := b.chatWith(ctx, id.UserID(userID))
	if err != nil {
		return "", "", err
	}
	eventID, err = b.send(ctx, room, txn, content, map[string]any{NotifiesKey: true})
	return room.String(), eventID, err
}

// InviteBack invites a user to a chat that they have left: a room of its own for each time would pile up. It is false where
// they have not.
func InviteBack(ctx context.Context, client *mautrix.Client, chat replies.Chat, user id.UserID) (bool, error) {
	if !chat.Left {
		return false, nil
	}
	if _, err := client.InviteUser(ctx, id.RoomID(chat.RoomID), &mautrix.ReqInviteUser{UserID: user}); err != nil {
		return false, fmt.Errorf("inviting a user back to a chat: %w", Final(err))
	}
	return true, nil
}

// chatWith returns an encrypted room in which the bot and a user are alone.
func (b *Bot) chatWith(ctx context.Context, user id.UserID) (id.RoomID, error) {
	chats, err := b.o.Host.Chats(ctx, user.String())
	if err != nil {
		return "", fmt.Errorf("looking for a chat: %w", err)
	}
	for _, chat := range chats {
		encrypted, err := b.isEncrypted(ctx, id.RoomID(chat.RoomID))
		if err != nil {
			return "", err
		}
		if !encrypted {
			continue
		}
		invited, err := InviteBack(ctx, b.client, chat, user)
		switch {
		case invited:
			b.forgetMembers(id.RoomID(chat.RoomID)) // they get the key of what is said next
		case errors.Is(err, replies.ErrRefused):
			continue
		case err != nil:
			return "", err
		}
		return id.RoomID(chat.RoomID), nil
	}
	made, err := b.client.CreateRoom(ctx, &mautrix.ReqCreateRoom{
		Preset: "private_chat", IsDirect: true, Invite: []id.UserID{user},
		InitialState: []*event.Event{{
			Type: event.StateEncryption, Content: event.Content{Parsed: &event.EncryptionEventContent{Algorithm: id.AlgorithmMegolmV1}},
		}},
	})
	if err != nil {
		return "", fmt.Errorf("making a chat: %w", Final(err))
	}
	b.noteEncrypted(made.RoomID, true)
	return made.RoomID, nil
}
