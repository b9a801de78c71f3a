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
func (h *house) Chats(ctx context.Context, userID string) (chats []replies.Chat, err error) {
	joined, err := h.s.client.JoinedRooms(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking for the bot's rooms: %w", err)
	}
	var left []replies.Chat
	for _, room := range joined.JoinedRooms {
		membership, err := h.chatMembership(ctx, room, userID)
		switch {
		case err != nil:
			return nil, err
		case membership == event.MembershipJoin, membership == event.MembershipInvite:
			chats = append(chats, replies.Chat{RoomID: room.String()})
		case membership == event.MembershipLeave:
			left = append(left, replies.Chat{RoomID: room.String(), Left: true})
		}
	}
	return append(chats, left...), nil
}

// chatMembership returns a user's membership of a room; "" where others are there or invited, or may come without an invitation.
func (h *house) chatMembership(ctx context.Context, room id.RoomID, userID string) (event.Membership, error) {
	members, err := h.membersOf(ctx, room.String())
	if err != nil || slices.ContainsFunc(members, func(member string) bool { return member != userID }) {
		return "", err
	}
	state, err := h.s.client.State(ctx, room)
	if err != nil {
		return "", fmt.Errorf("asking who is in a chat: %w", encrypted.Final(err))
	}
	if rules := state[event.StateJoinRules][""]; rules != nil && rules.Content.AsJoinRules().JoinRule != event.JoinRuleInvite {
		return "", nil
	}
	var of event.Membership
	for member, ev := range state[event.StateMember] {
		switch membership := ev.Content.AsMember().Membership; {
		case member == userID:
			of = membership
		case member != h.s.bot.String() && (membership == event.MembershipJoin || membership == event.MembershipInvite):
			return "", nil
		}
	}
	return of, nil
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
		hidden, err := c.s.house.isEncrypted(ctx, chat.RoomID)
		if err != nil {
			return "", err
		}
		if hidden {
			continue
		}
		_, err = encrypted.InviteBack(ctx, c.s.client, chat, user)
		if errors.Is(err, replies.ErrRefused) {
			continue
		}
		return chat.RoomID, err
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
