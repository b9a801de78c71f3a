package tests

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
	"medixchange/translator/language"
)

// surgery is a room of two hospitals: one writes Chinese at the first, one reads Spanish at the second, topics too.
type surgery struct {
	wen, ana *testhospital.User
	room     string
	words    func(n int, code language.Code) string
}

func newSurgery(t *testing.T, options ...testhospital.Option) *surgery {
	t.Helper()
	own := newInterpreter(t)
	hospitals := testhospital.Alliance(t, 2, append(options, func(cfg *config.Config) {
		own.engine(t, cfg)
		cfg.Translator.HoldBudget = config.Duration(20 * time.Second)
	})...)
	s := &surgery{wen: hospitals[0].User("wen"), ana: hospitals[1].User("ana")}
	s.words = func(n int, code language.Code) string { return own.memory.Forms(said[n], code)[0] }
	chooses(s.wen, map[string]any{"language": "zh"})
	chooses(s.ana, map[string]any{"language": "es", "topics": true})
	s.room = s.wen.CreateRoom(testhospital.Room{Preset: "public_chat"})
	s.ana.Join(s.room, hospitals[0].Name)
	s.ana.Sync(0)
	s.wen.Sync(0)
	return s
}

func chooses(u *testhospital.User, choice map[string]any) {
	u.Must(http.MethodPut, "/_matrix/client/v3/user/"+url.PathEscape(u.ID)+"/account_data/org.medixchange.language", choice)
}

func (s *surgery) path(rest string) string {
	return "/_matrix/client/v3/rooms/" + url.PathEscape(s.room) + rest
}

// scheduling is where a topic is scheduled.
func (s *surgery) scheduling(txn string) string {
	return unstableDelayed + "/rooms/" + url.PathEscape(s.room) + "/delayed_event/m.room.topic/" + txn
}

// TestTopicEditorDoesNotWriteATranslationBack: a client's editor begins with the topic that its user was shown.
func TestTopicEditorDoesNotWriteATranslationBack(t *testing.T) {
	s := newSurgery(t)
	written := s.words(0, "zh")
	s.wen.Must(http.MethodPut, s.path("/state/m.room.power_levels"), map[string]any{"users": map[string]int{s.ana.ID: 50}})
	set := s.wen.Must(http.MethodPut, s.path("/state/m.room.topic"), map[string]any{"topic": written}).Get("event_id").Str
	came := s.ana.WaitFor(s.room, set)
	shown := came.Get("content.topic").Str
	require.True(t, strings.HasPrefix(shown, s.words(0, "es")+"\n🌐 del chino"), shown)

	original := func() string {
		return s.wen.Must(http.MethodGet, s.path("/state/m.room.topic"), nil).Get("topic").Str
	}
	content := s.ana.Must(http.MethodGet, s.path("/state/m.room.topic"), nil)
	require.Equal(t, shown, content.Get("topic").Str, "/state shows what /sync does")
	for what, body := range map[string]any{
		"what the editor shows": map[string]any{"topic": shown, "m.topic": map[string]any{"m.text": []map[string]string{{"body": shown}}}},
		"the words alone":       map[string]any{"topic": s.words(0, "es")},
		"all that /state gave":  content.Value(),
	} {
		again := s.ana.Must(http.MethodPut, s.path("/state/m.room.topic"), body)
		require.Equal(t, set, again.Get("event_id").Str, what)
		again = s.ana.Must(http.MethodPut, s.scheduling("1"), map[string]any{"delay_ms": 1, "state_key": "", "content": body})
		require.Equal(t, set, again.Get("event_id").Str, "%s, scheduled", what)
	}
	status, refused := s.ana.Do(http.MethodPut, s.path("/state/m.room.topic"), map[string]any{"topic": "Ojo: " + shown})
	require.Equal(t, http.StatusBadRequest, status, refused.Raw)
	require.Equal(t, language.String("es", "topic_translated"), refused.Get("error").Str)
	status, refused = s.ana.Do(http.MethodPut, s.scheduling("2"), map[string]any{"delay_ms": 1, "state_key": "", "content": map[string]any{"topic": "Ojo: " + shown}})
	require.Equal(t, http.StatusBadRequest, status, refused.Raw)
	require.Equal(t, written, original())

	listed := s.ana.Must(http.MethodGet, "/_matrix/client/v1/rooms/"+url.PathEscape(s.room)+"/hierarchy", nil)
	require.Equal(t, written, listed.Get("rooms.0.topic").Str, "lists of rooms show topics as they were written")
	own := s.ana.Must(http.MethodPut, s.path("/state/m.room.topic"), map[string]any{"topic": s.words(1, "es")}).Get("event_id").Str
	require.NotEqual(t, set, own)
	require.Equal(t, s.words(1, "es"), s.wen.WaitFor(s.room, own).Get("content.topic").Str, "wen did not ask for topics")
}

// poll is a question with two answers, in Chinese.
func (s *surgery) poll() map[string]any {
	text := func(n int) map[string]any {
		return map[string]any{"m.text": []map[string]string{{"body": s.words(n, "zh")}}}
	}
	answer := func(id string, n int) map[string]any {
		a := text(n)
		a["m.id"] = id
		return a
	}
	poll := text(0)
	poll["m.poll"] = map[string]any{
		"kind": "m.disclosed", "max_selections": 1, "question": text(0), "answers": []any{answer("yes", 1), answer("no", 2)},
	}
	return poll
}

// readsPollInSpanish checks what a reader of Spanish is shown of the poll.
func (s *surgery) readsPollInSpanish(t *testing.T, shown gjson.Result) {
	t.Helper()
	require.True(t, strings.HasPrefix(shown.Get(`m\.poll.question.m\.text.0.body`).Str, s.words(0, "es")+"\n🌐 del chino"), shown.Raw)
	require.Equal(t, s.words(1, "es"), shown.Get(`m\.poll.answers.0.m\.text.0.body`).Str)
	require.Equal(t, s.words(2, "es"), shown.Get(`m\.poll.answers.1.m\.text.0.body`).Str)
}

// TestVotesOfAPollCountAcrossLanguages: each reads question and answers in their language, and the votes name the same answers.
func TestVotesOfAPollCountAcrossLanguages(t *testing.T) {
	s := newSurgery(t)
	id := s.wen.Send(s.room, "m.poll.start", s.poll())
	shown := s.ana.WaitFor(s.room, id).Get("content")
	s.readsPollInSpanish(t, shown)
	chosen := shown.Get(`m\.poll.answers.1.m\.id`).Str
	vote := s.ana.Send(s.room, "m.poll.response", map[string]any{
		"m.selections": []string{chosen}, "m.relates_to": map[string]string{"rel_type": "m.reference", "event_id": id},
	})
	require.Equal(t, "no", s.wen.WaitFor(s.room, vote).Get(`content.m\.selections.0`).Str)
	related := s.wen.Must(http.MethodGet, "/_matrix/client/v1/rooms/"+url.PathEscape(s.room)+"/relations/"+url.PathEscape(id)+"/m.reference", nil)
	require.Equal(t, vote, related.Get("chunk.0.event_id").Str)
}
