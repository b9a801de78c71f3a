package appservice

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/translator/encrypted"
	"medixchange/translator/replies"
)

// CanBeTold implements replies.Host.
func (h *house) CanBeTold(userID string) bool {
	return userID != h.s.bot.String() && strings.HasSuffix(userID, ":"+h.s.o.ServerName) && !slices.Contains(h.s.o.ClinicalBots, userID)
}

// Chats implements replies.Host.
func (h *house) Chats(ctx context.Context, userID string) (chats []string, err error) {
	joined, err := h.s.client.JoinedRooms(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking for the bot's rooms: %w", err)
	}
	for _, room := range joined.JoinedRooms {
		alone, err := h.isChat(ctx, room, userID)
		if err != nil {
			return nil, err
		}
		if alone {
			chats = append(chats, room.String())
		}
	}
	return chats, nil
}

// isChat reports whether nobody is in a room but the bot and a user, who may only be invited.
func (h *house) isChat(ctx context.Context, room id.RoomID, userID string) (bool, error) {
	members, err := h.membersOf(ctx, room.String())
	if err != nil || len(members) > 0 {
		return len(members) == 1 && members[0] == userID, err
	}
	var member event.MemberEventContent
	err = h.s.client.StateEvent(ctx, room, event.StateMember, userID, &member)
	if err != nil && !errors.Is(err, mautrix.MNotFound) {
		return false, fmt.Errorf("asking for an invitation: %w", encrypted.Final(err))
	}
	return member.Membership == event.MembershipInvite, nil
}

// RoomName implements replies.Host.
func (h *house) RoomName(ctx context.Context, roomID string) (string, error) {
	content, err := h.state(ctx, roomID, "m.room.name")
	if err != nil && !errors.Is(err, mautrix.MNotFound) {
		return "", encrypted.Final(err)
	}
	if name := content.Get("name").Str; name != "" {
		return name, nil
	}
	return roomID, nil
}

// Tell implements replies.Courier.
func (c courier) Tell(ctx context.Context, userID, txn string, content map[string]any) (roomID, eventID string, err error) {
	room, err := c.chatWith(ctx, id.UserID(userID))
	if err != nil {
		return "", "", err
	}
	eventID, err = c.Send(ctx, room, txn, content, "")
	return room, eventID, err
}

// chatWith returns a room without encryption in which the bot and a user are alone.
func (c courier) chatWith(ctx context.Context, user id.UserID) (string, error) {
	chats, err := c.s.house.Chats(ctx, user.String())
	if err != nil {
		return "", err
	}
	for _, chat := range chats {
		if hidden, err := c.s.house.isEncrypted(ctx, chat); err != nil || !hidden {
			return chat, err
		}
	}
	if c.s.chatless.Load() {
		return "", fmt.Errorf("%w: the homeserver encrypts every new chat", replies.ErrRefused)
	}
	made, err := c.s.client.CreateRoom(ctx, &mautrix.ReqCreateRoom{Preset: "private_chat", IsDirect: true, Invite: []id.UserID{user}})
	if err != nil {
		return "", fmt.Errorf("making a chat: %w", encrypted.Final(err))
	}
	hidden, err := c.s.house.isEncrypted(ctx, made.RoomID.String())
	if err != nil {
		return "", err
	}
	c.s.chatless.Store(hidden)
	return made.RoomID.String(), nil
}
