package bridge

import (
	"context"
	"encoding/json"
	"fmt"

	"medixchange/internal/sqldb"
	"medixchange/rooms"
	"medixchange/translator/identifiers"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// Conferences plans conferences for those who ask the bot.
type Conferences interface {
	// Plan carries out what follows "!conference" and returns what the bot says. eventID is that of the command.
	Plan(ctx context.Context, userID, roomID, eventID, language, text string) (string, error)
}

func (t *talk) answerConference(ctx context.Context, a *asked) (string, error) {
	if t.b.o.Conferences == nil {
		return language.Say(a.reader, "bot_unknown_command"), nil
	}
	answer, err := t.b.o.Conferences.Plan(ctx, a.ev.Sender, a.ev.RoomID, a.ev.ID, string(a.reader), a.Rest)
	if err != nil {
		return "", fmt.Errorf("planning a conference: %w", err)
	}
	return answer, nil
}

// Tell lets the bot say something to one user of this node in a room, about an event; once for each kind, whatever happens in
// between. Nobody else sees it, and it notifies nobody.
func (b *Bridge) Tell(ctx context.Context, userID string, about *rooms.Event, kind string, content json.RawMessage) error {
	err := b.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return b.tellIn(tx, userID, about, kind, content) })
	if err != nil {
		return fmt.Errorf("telling a user something: %w", err)
	}
	return nil
}

// TellOfCaption tells a speaker of this node alone that what they said in a conference is not translated in captions since it
// seems to tell who a patient is: once for each event, which is the one that says that the conference is recorded. Nobody else can
// be told, and nothing is repeated of what was said.
func (b *Bridge) TellOfCaption(ctx context.Context, userID string, about *rooms.Event, kinds []identifiers.Kind) error {
	if !b.People().CanBeTold(userID) {
		return nil
	}
	reader := b.talk.languageOf(ctx, userID, about.RoomID)
	return b.tell(ctx, userID, about, noticeCaption, replies.IdentifiersNotice(reader, "privacy_caption", kinds))
}

// Language is the language in which the bot speaks to a user in a room.
func (b *Bridge) Language(ctx context.Context, userID, roomID string) string {
	return string((&talk{b: b}).languageOf(ctx, userID, roomID))
}
