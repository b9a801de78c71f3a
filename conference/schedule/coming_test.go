package schedule

import (
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/rooms"
)

func TestWhatAnswersAConference(t *testing.T) {
	key := ""
	for _, c := range []struct {
		name, want string
		ev         rooms.Event
	}{
		{"a reaction", yes, rooms.Event{Type: "m.reaction", Relation: rooms.Relation{Type: "m.annotation", EventID: "$c", Key: "✅"}}},
		{"with a skin tone", yes, rooms.Event{Type: "m.reaction", Relation: rooms.Relation{Type: "m.annotation", EventID: "$c", Key: "👍🏿"}}},
		{"as a picture", no, rooms.Event{Type: "m.reaction", Relation: rooms.Relation{Type: "m.annotation", EventID: "$c", Key: "✖️"}}},
		{"another reaction", "", rooms.Event{Type: "m.reaction", Relation: rooms.Relation{Type: "m.annotation", EventID: "$c", Key: "🎉"}}},
		{"a mark in a long text", "", rooms.Event{Type: "m.reaction", Relation: rooms.Relation{Type: "m.annotation", EventID: "$c", Key: "✅ ✅"}}},
		{"a reaction that is none", "", rooms.Event{Type: "m.reaction", Relation: rooms.Relation{Type: "m.reference", EventID: "$c", Key: "✅"}}},
		{"an answer", no, rooms.Event{Type: AnswerType, Relation: rooms.Relation{Type: "m.reference", EventID: "$c"}, JSON: []byte(`{"content":{"answer":"no"}}`)}},
		{"neither", "", rooms.Event{Type: AnswerType, Relation: rooms.Relation{Type: "m.reference", EventID: "$c"}, JSON: []byte(`{"content":{"answer":"perhaps"}}`)}},
		{"about nothing", "", rooms.Event{Type: AnswerType, JSON: []byte(`{"content":{"answer":"yes"}}`)}},
		{"as state", "", rooms.Event{Type: AnswerType, StateKey: &key, Relation: rooms.Relation{Type: "m.reference", EventID: "$c"}, JSON: []byte(`{"content":{"answer":"yes"}}`)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, answer := answerOf(&c.ev)
			require.Equal(t, c.want, answer)
		})
	}
}

// TestWhoeverCameFirstRings: the hospital of the first rings for them, and the others wait whether it does.
func TestWhoeverCameFirstRings(t *testing.T) {
	start := time.Date(2026, 12, 1, 14, 0, 0, 0, time.UTC)
	at := func(user string, after time.Duration) Present {
		return Present{UserID: user, EventID: "$" + user, Since: start.Add(after)}
	}
	s := &Schedule{o: Options{Rooms: &rooms.Rooms{}, Log: logrus.NewEntry(logrus.New())}} // a server without a name: "@x:" is ours
	for _, c := range []struct {
		name    string
		present []Present
		caller  string
		after   time.Duration // the opening
	}{
		{"ours came first", []Present{at("@bo:b", 20*time.Second), at("@ana:", 10*time.Second)}, "@ana:", 12 * time.Second},
		{"ours came before it was time", []Present{at("@ana:", -time.Hour)}, "@ana:", 2 * time.Second},
		{"theirs came first", []Present{at("@ana:", 20*time.Second), at("@bo:b", 10*time.Second)}, "@ana:", 30 * time.Second},
		{"two of theirs came first", []Present{at("@ana:", 0), at("@bo:b", -9), at("@ed:b", -8), at("@di:c", -7)}, "@ana:", 18 * time.Second},
		{"none of ours", []Present{at("@bo:b", 0)}, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			caller, from, ours := s.turn(c.present, start)
			require.Equal(t, c.caller, caller.UserID)
			require.Equal(t, c.caller != "", ours)
			if ours {
				require.Equal(t, c.after, from.Sub(start))
			}
		})
	}
}
