package recording

import (
	"context"
	"errors"
	"strings"

	"github.com/tidwall/gjson"

	"medixchange/conference/manifest"
	"medixchange/internal/stream"
	"medixchange/internal/web"
	"medixchange/rooms"
)

const (
	cursorName = "conference.recording"
	// command is the same word in every language, as ids are; so is what follows it.
	command     = "!record"
	typeMessage = "m.room.message"
	// maxHeard bounds the messages of one step.
	maxHeard = 500
)

// followOptions begin at the stream's end: what was commanded before this node had recordings is over.
func (s *Service) followOptions() stream.FollowOptions {
	return stream.FollowOptions{Start: s.o.Hub.Position(), Step: maxHeard, Gather: stream.Unhurried}
}

// hearAll answers commands in (from, upto].
func (s *Service) hearAll(ctx context.Context, from, upto int64) error {
	events, err := s.o.Rooms.EventsHeard(ctx, from, upto, heeds, typeMessage, consentType)
	if err != nil {
		return wrap(err, "reading messages for commands")
	}
	for _, ev := range events {
		if err := s.hearCommand(ctx, ev); err != nil {
			return err
		}
	}
	return nil
}

func heeds(typ string) bool { return typ == typeMessage || typ == consentType }

// hearCommand carries out "!record start" and the like by members here, and answers; of members of other hospitals only whether they may be
// recorded. An answer comes once, also after a crash.
func (s *Service) hearCommand(ctx context.Context, ev *rooms.Event) error {
	local := strings.HasSuffix(ev.Sender, ":"+s.o.ServerName)
	if ev.Type == consentType && ev.StateKey == nil {
		if local {
			return nil // it is for another hospital
		}
		return s.hearConsent(ctx, ev, "")
	}
	content := ev.Content()
	body := content.Get("body")
	if ev.StateKey != nil || content.Get("msgtype").Str != "m.text" || body.Type != gjson.String || len(body.Str) > 4*maxTitle {
		return nil
	}
	word, rest, _ := strings.Cut(strings.TrimSpace(strings.Replace(body.Str, "！", "!", 1)), " ")
	if !strings.EqualFold(word, command) || ev.Sender == s.o.Bot {
		return nil
	}
	if !local {
		return s.hearConsent(ctx, ev, strings.TrimSpace(rest))
	}
	txn := rooms.Txn{Scope: "recording", Path: "answer", ID: ev.ID}
	speaker := s.speaker(ctx, ev.RoomID, ev.Sender)
	_, answered, err := s.o.Rooms.EventByTxn(ctx, speaker, txn)
	if err != nil || answered {
		return wrap(err, "looking whether a command was answered")
	}
	key, err := s.obey(ctx, ev, strings.TrimSpace(rest))
	if err != nil || key == "" {
		return err
	}
	tag, _, err := s.o.Accounts.RoomLanguage(ctx, ev.Sender, ev.RoomID)
	if err != nil {
		return wrap(err, "reading a member's language")
	}
	s.send(ctx, ev.RoomID, speaker, txn, map[string]any{
		"msgtype": "m.notice", "body": words.Of(tag).Text(key), "m.mentions": struct{}{},
		"m.relates_to": map[string]any{"m.in_reply_to": map[string]any{"event_id": ev.ID}},
	})
	return nil
}

// obey returns the key of the answer, "" where the room's notice is answer enough. Errors are those that may pass.
func (s *Service) obey(ctx context.Context, ev *rooms.Event, rest string) (key string, err error) {
	what, rest, _ := strings.Cut(rest, " ")
	slotID, title := cutSlot(rest)
	switch strings.ToLower(what) {
	case "start":
		_, err = s.Start(ctx, Request{RoomID: ev.RoomID, SlotID: slotID, UserID: ev.Sender, Title: title})
	case "ask":
		_, err = s.Start(ctx, Request{RoomID: ev.RoomID, SlotID: slotID, UserID: ev.Sender, Title: title, Consent: manifest.ConsentExplicit})
	case "stop":
		key, err = "stopped", s.Stop(ctx, ev.RoomID, slotID, ev.Sender)
	case "yes", "no":
		key, err = "said_"+strings.ToLower(what), s.Consent(ctx, ev.RoomID, slotID, ev.Sender, strings.ToLower(what))
	default:
		return "usage", nil
	}
	var refused *web.Error
	if errors.As(err, &refused) {
		if reason, ok := refused.Extra["org.medixchange.reason"].(string); ok {
			return reason, nil
		}
		return "refused_power", nil
	}
	return key, err
}
