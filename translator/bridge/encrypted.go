package bridge

import (
	"context"
	"fmt"
	"slices"

	"github.com/tidwall/gjson"

	"medixchange/rooms"
	"medixchange/rooms/view"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

const typeEncrypted = "m.room.encrypted"

// tagPath is where the bot's own events say for readers of which language they are (encrypted.TagKey).
const tagPath = `org\.medixchange\.language_tag`

// notifiesPath is where its encrypted words say that they notify (encrypted.NotifiesKey).
const notifiesPath = `org\.medixchange\.notifies`

// BotID returns the user id of a configuration's bot.
func BotID(localpart, serverName string) string { return "@" + localpart + ":" + serverName }

// ForOthers returns what view.Tagged asks of an event of the bot: whether it is tagged for others than those who read the
// given language, as readers choose it, in the given mode. Where the bot can be read by the server, who does not want
// translations in threads has them elsewhere.
func (b *Bridge) ForOthers(ev *rooms.Event, reads, mode string) bool {
	tag := tagOf(ev)
	return tag != "" && (string(b.code(reads)) != tag || ev.Type == typeMessage && mode != view.ModeThread)
}

func tagOf(ev *rooms.Event) string {
	if ev.StateKey != nil {
		return ""
	}
	tag := ev.Content().Get(tagPath)
	if tag.Type != gjson.String {
		return ""
	}
	return tag.Str
}

// Quiet reports whether an event is one of the bot's own that the server cannot read, or an answer in a thread. They are
// notices, which notify nobody, but the push rules of an encrypted event cannot know it. What it tells somebody alone notifies.
func Quiet(ev *rooms.Event, bot string) bool {
	if ev.Sender != bot || ev.StateKey != nil {
		return false
	}
	return ev.Type == typeEncrypted && !ev.Content().Get(notifiesPath).Bool() || tagOf(ev) != ""
}

// moderatorPower is from which level on a user may decide that the bot reads an encrypted room.
const moderatorPower = 50

// moderates reports whether a user may invite and has a moderator's power.
func moderates(room *rooms.Snapshot, userID string) bool {
	power := room.PowerLevel(userID)
	return room.Membership(userID) == "join" && power >= room.InvitePower() && power >= moderatorPower
}

// mayInvite reports whether an invitation to an encrypted room is taken, for what its sender is.
func (t *talk) mayInvite(room *rooms.Snapshot, invite *rooms.Event) bool {
	if !t.isLocal(invite.Sender) && !t.b.o.Config.Encrypted.RemoteInvites {
		return false
	}
	return moderates(room, invite.Sender)
}

// decline turns an invitation down and says why.
func (t *talk) decline(ctx context.Context, roomID string, invite *rooms.Event) error {
	reader := t.b.home
	if t.isLocal(invite.Sender) {
		reader = t.languageOf(ctx, invite.Sender, roomID)
	}
	_, err := t.b.o.Rooms.SetMembership(ctx, rooms.MembershipRequest{
		RoomID: roomID, Sender: t.b.bot, Target: t.b.bot, Membership: "leave",
		Reason: language.String(reader, "encrypted_moderator"),
	})
	if err != nil {
		return t.refused(err, "declining an invitation", roomID)
	}
	return nil
}

// People is what the bot's device in encrypted rooms asks about the people of this node (replies.Host).
type People struct{ b *Bridge }

// People returns the people of this node.
func (b *Bridge) People() People { return People{b} }

// Languages implements replies.Host: what members of this node read, without who speaks.
func (p People) Languages(ctx context.Context, roomID, sender string) ([]language.Code, error) {
	audiences, err := p.b.audiences(ctx, roomID)
	if err != nil {
		return nil, err
	}
	codes := make([]language.Code, 0, len(audiences))
	for _, a := range audiences {
		if a.hasOther(sender) {
			codes = append(codes, a.language)
		}
	}
	return codes, nil
}

// Readers implements replies.Host: members of this node.
func (p People) Readers(ctx context.Context, roomID string) (replies.Readers, error) {
	var readers replies.Readers
	if p.b.translationIn(ctx, roomID) == translationOff {
		return readers, nil
	}
	room, err := p.b.o.Rooms.Snapshot(ctx, roomID)
	if err != nil || room.Joined+room.Invited <= 2 {
		return readers, ignoreMissing(err)
	}
	audiences, err := p.b.audiences(ctx, roomID)
	if err != nil {
		return readers, err
	}
	for _, a := range audiences {
		readers.Count += len(a.users)
		readers.Languages = append(readers.Languages, a.language)
	}
	return readers, nil
}

// Reads implements replies.Host.
func (p People) Reads(ctx context.Context, userID, roomID string) language.Code {
	if !p.b.talk.isLocal(userID) {
		return p.b.home
	}
	return p.b.talk.languageOf(ctx, userID, roomID)
}

// Needed implements replies.Host: as long as more than one language is read or may be written in a room, or somebody is
// alone with the bot.
func (p People) Needed(ctx context.Context, roomID string) (bool, error) {
	room, err := p.b.o.Rooms.Snapshot(ctx, roomID)
	if err != nil {
		return false, fmt.Errorf("reading a room: %w", err)
	}
	if room.Joined+room.Invited <= 2 {
		return room.Joined == 2 || room.Invited > 0, nil
	}
	read, err := p.b.audiences(ctx, roomID)
	if err != nil || len(read) != 1 {
		return len(read) > 1, err
	}
	// What others write, here or elsewhere, is not known to be in the one language that is read.
	return room.Joined+room.Invited > len(read[0].users)+1, nil
}

// Translation implements replies.Host.
func (p People) Translation(ctx context.Context, roomID string) (string, error) {
	return p.b.translationOf(ctx, roomID)
}

// Forget implements replies.Host: the rooms tell of changes themselves.
func (p People) Forget(string) {}

// Author implements replies.Host.
func (p People) Author(ctx context.Context, roomID, eventID string) (string, error) {
	found, err := p.b.o.Rooms.EventsByID(ctx, []string{eventID})
	if err != nil {
		return "", fmt.Errorf("reading who sent an event: %w", err)
	}
	if ev := found[eventID]; ev != nil && ev.RoomID == roomID {
		return ev.Sender, nil
	}
	return "", nil
}

// CanBeTold implements replies.Host.
func (p People) CanBeTold(userID string) bool {
	return userID != p.b.bot && p.b.talk.isLocal(userID) && !p.b.o.Appservice(userID) && !slices.Contains(p.b.o.Config.ClinicalBots, userID)
}

// Chats implements replies.Host.
func (p People) Chats(ctx context.Context, userID string) (chats []replies.Chat, err error) {
	memberships, err := p.b.o.Rooms.UserRooms(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("reading the rooms of a user: %w", err)
	}
	own, err := p.b.o.Rooms.UserRooms(ctx, p.b.bot)
	if err != nil {
		return nil, fmt.Errorf("reading the bot's rooms: %w", err)
	}
	joined := make(map[string]bool, len(own))
	for _, m := range own {
		joined[m.RoomID] = m.Membership == "join"
	}
	var left []replies.Chat
	for _, m := range memberships {
		if !joined[m.RoomID] {
			continue
		}
		room, err := p.b.o.Rooms.Snapshot(ctx, m.RoomID)
		if err := ignoreMissing(err); err != nil {
			return nil, err
		}
		switch {
		case room == nil || room.JoinRule != "invite":
		case m.Membership == "leave" && room.Joined+room.Invited == 1:
			left = append(left, replies.Chat{RoomID: m.RoomID, Left: true})
		case (m.Membership == "join" || m.Membership == "invite") && room.Joined+room.Invited == 2:
			chats = append(chats, replies.Chat{RoomID: m.RoomID})
		}
	}
	return append(chats, left...), nil
}

// RoomName implements replies.Host.
func (p People) RoomName(ctx context.Context, roomID string) (string, error) {
	named, err := p.b.o.Rooms.StateEvent(ctx, roomID, "m.room.name", "")
	if err := ignoreMissing(err); err != nil {
		return "", fmt.Errorf("reading the name of a room: %w", err)
	}
	if named != nil {
		if name := named.Content().Get("name").Str; name != "" {
			return name, nil
		}
	}
	return roomID, nil
}

// Redacts implements replies.Host: the rooms have decided when the redaction, or its target, came.
func (p People) Redacts(ctx context.Context, roomID, _, eventID string) (bool, error) {
	found, err := p.b.o.Rooms.Redacted(ctx, []string{eventID})
	if err != nil {
		return false, fmt.Errorf("reading whether an event is redacted: %w", err)
	}
	redaction := found[eventID]
	return redaction != nil && redaction.RoomID == roomID, nil
}

// Moderates implements replies.Host.
func (p People) Moderates(ctx context.Context, roomID, userID string) (bool, error) {
	room, err := p.b.o.Rooms.Snapshot(ctx, roomID)
	if err != nil {
		return false, fmt.Errorf("reading a room: %w", err)
	}
	return moderates(room, userID), nil
}

// Command implements replies.Host: those commands that need nothing of what was said before.
func (p People) Command(ctx context.Context, roomID, userID string, c replies.Command) (string, bool, error) {
	t := p.b.talk
	if !t.isLocal(userID) || p.b.o.Appservice(userID) {
		return "", false, nil
	}
	room, err := p.b.o.Rooms.Snapshot(ctx, roomID)
	if err != nil || room.Membership(userID) != "join" {
		return "", false, ignoreMissing(err)
	}
	a := &asked{Command: c, ev: &rooms.Event{RoomID: roomID, Sender: userID}, room: room, direct: room.Joined+room.Invited <= 2, encrypted: true}
	a.reader = t.languageOf(ctx, userID, roomID)
	if c.Name == "" && !a.direct {
		return "", false, nil
	}
	return t.answerAllowed(ctx, a)
}
