package schedule

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"medixchange/internal/sqldb"
	"medixchange/rooms"
)

// AnswerType is the event by which somebody says whether they come: {"answer": "yes"} or "no", with a reference to the conference's
// event. A reaction to that event, or to what the bot said of it, says the same.
const AnswerType = "org.medixchange.conference.answer"

const (
	reactionType = "m.reaction"
	yes, no      = "yes", "no"
)

// marks are the reactions that answer; skin tones and the mark for a picture are left out before.
var marks = map[string]string{"✅": yes, "✔": yes, "☑": yes, "👍": yes, "❌": no, "✖": no, "✗": no, "👎": no}

// unmarked takes out what only changes how an emoji looks.
var unmarked = strings.NewReplacer("\ufe0f", "", "\ufe0e", "", "🏻", "", "🏼", "", "🏽", "", "🏾", "", "🏿", "")

// answerOf reads what an event says to a conference: which event it is about and yes or no, "" for nothing.
func answerOf(ev *rooms.Event) (about, answer string) {
	if ev.StateKey != nil {
		return "", ""
	}
	switch ev.Type {
	case reactionType:
		if ev.Relation.Type == "m.annotation" && len(ev.Relation.Key) <= 40 {
			return ev.Relation.EventID, marks[unmarked.Replace(strings.TrimSpace(ev.Relation.Key))]
		}
	case AnswerType:
		if said := ev.Content().Get("answer").Str; ev.Relation.Type == "m.reference" && (said == yes || said == no) {
			return ev.Relation.EventID, said
		}
	}
	return "", ""
}

// heed takes what members answered in (from, upto], and sees to it that calls which begin are noticed; those that memory has
// forgotten are found by the clock.
func (s *Schedule) heed(ctx context.Context, from, upto int64) error {
	events, err := s.o.Rooms.EventsHeard(ctx, from, upto, heeds, reactionType, AnswerType)
	if err != nil {
		return fmt.Errorf("reading answers to conferences: %w", err)
	}
	for _, ev := range events {
		if isCall(ev.Type) {
			s.wake()
		} else if isRing(ev.Type) {
			err = s.noteRing(ctx, ev)
		} else if about, answer := answerOf(ev); answer != "" {
			err = s.answered(ctx, ev, about, answer)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func heeds(typ string) bool {
	return typ == reactionType || typ == AnswerType || isRing(typ) || isCall(typ)
}

// answered writes down what a member says, if it is about a conference of their room, and tells our own that it was understood.
func (s *Schedule) answered(ctx context.Context, ev *rooms.Event, about, answer string) error {
	found, err := s.o.Rooms.EventsByID(ctx, []string{about})
	if err != nil {
		return fmt.Errorf("reading what was answered: %w", err)
	}
	target := found[about]
	if target == nil || target.RoomID != ev.RoomID || target.Type != EventType || target.StateKey == nil {
		return nil
	}
	conf, err := s.conferenceOf(ctx, target)
	if err != nil || conf == nil {
		return err
	}
	kept := false
	err = s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		var err error
		kept, err = storeAnswer(tx, ev, conf.ID, answer)
		return err
	})
	if err != nil || !kept || ev.Type != reactionType || !s.isOurs(ev.Sender) {
		return err
	}
	content, _ := json.Marshal(map[string]any{ // texts
		"msgtype": "m.notice", "body": s.saidText(s.o.Bot.Language(ctx, ev.Sender, ev.RoomID), conf, answer), "m.mentions": struct{}{},
		EventType: map[string]any{"id": conf.ID, "event_id": about, "kind": "conference_said_" + answer},
	})
	return s.o.Bot.Tell(ctx, ev.Sender, ev, "conference_answer", content)
}

func (s *Schedule) saidText(language string, conf *Conference, answer string) string {
	return s.o.Words(language, "conference_said_"+answer, "title", conf.Title)
}

func (s *Schedule) isOurs(userID string) bool {
	return strings.HasSuffix(userID, ":"+s.o.Rooms.ServerName())
}

// coming is what the members of a room answered, by user; hosts who said nothing come.
func (s *Schedule) coming(ctx context.Context, roomID string, conf *Conference) (map[string]string, error) {
	given, err := answersTo(ctx, s.o.DB, roomID, conf.ID)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(given))
	for _, g := range given {
		ids = append(ids, g.eventID)
	}
	redacted, err := s.o.Rooms.Redacted(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading which answers were taken back: %w", err)
	}
	answers := map[string]string{}
	for _, host := range conf.Hosts {
		answers[host] = yes
	}
	for _, g := range given {
		if redacted[g.eventID] == nil {
			answers[g.userID] = g.answer
		}
	}
	return answers, nil
}

func count(answers map[string]string, answer string) (n int) {
	for _, said := range answers {
		if said == answer {
			n++
		}
	}
	return n
}
