package tests

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

const pathOfKey = `org\.medixchange\.translation`

// witnesses are members beside those of a surgery: both read what wen writes otherwise than ana does.
type witnesses struct {
	li *testhospital.User // at wen's hospital, reads Chinese, topics too
	cy *testhospital.User // at ana's hospital, reads Spanish, but topics as they were written
}

// withWitnesses has them join. Wen goes on writing Chinese but reads Spanish: what she wrote stays hers all the same.
func (s *surgery) withWitnesses() witnesses {
	chooses(s.wen, map[string]any{"language": "es", "topics": true})
	w := witnesses{s.wen.Hospital.User("li"), s.ana.Hospital.User("cy")}
	chooses(w.li, map[string]any{"language": "zh", "topics": true})
	chooses(w.cy, map[string]any{"language": "es"})
	w.li.Join(s.room)
	w.cy.Join(s.room, s.wen.Hospital.Name)
	for _, u := range []*testhospital.User{w.li, w.cy, s.ana, s.wen} {
		u.Sync(0)
	}
	return w
}

// come syncs until all of some events have come to a member, and returns them as they came.
func (s *surgery) come(u *testhospital.User, ids ...string) map[string]gjson.Result {
	came := map[string]gjson.Result{}
	u.WaitUntil("what was said", func(sync gjson.Result) bool {
		for _, ev := range testhospital.Timeline(sync, s.room) {
			if id := ev.Get("event_id").Str; slices.Contains(ids, id) {
				came[id] = ev
			}
		}
		return len(came) == len(ids)
	})
	return came
}

// surface is one answer in which a client is shown an event, and the events of it.
type surface struct {
	name   string
	events []gjson.Result
}

// timelineSurfaces are those that show any event of a room, where first is older and last is newer than it.
func (s *surgery) timelineSurfaces(u *testhospital.User, id, first, last string) []surface {
	read := func(path string) gjson.Result { return u.Must(http.MethodGet, s.path(path), nil) }
	around := func(of string) gjson.Result { return read("/context/" + url.PathEscape(of) + "?limit=100") }
	fresh := u.Must(http.MethodGet, v3+"/sync?filter="+url.QueryEscape(`{"room":{"timeline":{"limit":50}}}`), nil)
	found := look(u, s.words(7, "zh"), object{"event_context": object{"before_limit": 20, "after_limit": 0}})
	return []surface{
		{"/sync from the beginning", testhospital.Timeline(fresh, s.room)},
		{"/messages, backwards", read("/messages?dir=b&limit=50").Get("chunk").Array()},
		{"/messages, forwards", read("/messages?dir=f&limit=50").Get("chunk").Array()},
		{"/context", []gjson.Result{around(id).Get("event")}},
		{"/context, before another", around(last).Get("events_before").Array()},
		{"/context, after another", around(first).Get("events_after").Array()},
		{"/event", []gjson.Result{read("/event/" + url.PathEscape(id))}},
		{"/search, before a result", found.Get("results.0.context.events_before").Array()},
	}
}

// same checks that each surface shows an event, and its content as the client got it first.
func (s *surgery) same(t *testing.T, u *testhospital.User, id, content string, surfaces []surface) {
	t.Helper()
	for _, in := range surfaces {
		where := fmt.Sprintf("%s, as %s reads it", in.name, u.ID)
		shown := gjson.Result{}
		for _, ev := range in.events {
			if ev.Get("event_id").Str == id {
				shown = ev
			}
		}
		require.True(t, shown.Exists(), "%s: not there", where)
		require.JSONEq(t, content, shown.Get("content").Raw, where)
		require.Equal(t, gjson.Get(content, pathOfKey).Exists(), shown.Get("unsigned."+pathOfKey).Exists(), "%s: the key for tools", where)
	}
}

// TestATopicReadsTheSameWhereverItIsShown: in ana's language, since she asked for topics; as it was written for its author, for
// a colleague of their language, and for one who did not ask.
func TestATopicReadsTheSameWhereverItIsShown(t *testing.T) {
	s := newSurgery(t)
	w := s.withWitnesses()
	first := s.wen.Say(s.room, s.words(6, "zh"))
	written := s.words(0, "zh")
	id := s.wen.Must(http.MethodPut, s.path("/state/m.room.topic"), map[string]any{"topic": written}).Get("event_id").Str
	last := s.wen.Say(s.room, s.words(7, "zh"))

	shown := s.come(s.ana, id, last)[id].Get("content")
	require.True(t, strings.HasPrefix(shown.Get("topic").Str, s.words(0, "es")+"\n🌐 del chino"), shown.Raw)
	require.Equal(t, "translated", shown.Get(pathOfKey+".state").Str)
	require.Equal(t, "zh", shown.Get(pathOfKey+".from").Str)
	require.Equal(t, "es", shown.Get(pathOfKey+".to").Str)
	require.Equal(t, written, shown.Get(pathOfKey+".original.content.topic").Str)
	s.topicReadsAs(t, s.ana, id, first, last, shown.Raw)
	for _, u := range []*testhospital.User{s.wen, w.li, w.cy} {
		own := s.come(u, id, last)[id].Get("content")
		require.JSONEq(t, fmt.Sprintf(`{"topic":%q}`, written), own.Raw, u.ID)
		s.topicReadsAs(t, u, id, first, last, own.Raw)
	}
}

// topicReadsAs checks a topic on the surfaces of the timeline, and on those of the room's state.
func (s *surgery) topicReadsAs(t *testing.T, u *testhospital.User, id, first, last, content string) {
	t.Helper()
	s.same(t, u, id, content, s.timelineSurfaces(u, id, first, last))
	read := func(path string) gjson.Result { return u.Must(http.MethodGet, s.path(path), nil) }
	fresh := u.Must(http.MethodGet, v3+"/sync?filter="+url.QueryEscape(`{"room":{"timeline":{"limit":1}}}`), nil)
	found := look(u, s.words(0, "zh"), object{"keys": []string{"content.topic"}, "include_state": true})
	s.same(t, u, id, content, []surface{
		{"/sync, the state before the timeline", testhospital.State(fresh, s.room)},
		{"/context, the state", read("/context/" + url.PathEscape(last)).Get("state").Array()},
		{"/state", read("/state").Array()},
		{"/state of the type, as an event", []gjson.Result{read("/state/m.room.topic?format=event")}},
		{"/search", []gjson.Result{found.Get("results.0.result")}},
		{"/search, the state", found.Get("state").Map()[s.room].Array()},
	})
	for _, path := range []string{"/state/m.room.topic", "/state/m.room.topic/"} {
		require.JSONEq(t, content, read(path).Raw, "%s, as %s reads it", path, u.ID)
	}
}

// TestAPollReadsTheSameWhereverItIsShown: question and answers, in a thread and as its root; as they were written for their
// author and for a colleague of their language.
func TestAPollReadsTheSameWhereverItIsShown(t *testing.T) {
	s := newSurgery(t)
	w := s.withWitnesses()
	first := s.wen.Say(s.room, s.words(6, "zh"))
	inThread := s.poll()
	inThread["m.relates_to"] = map[string]string{"rel_type": "m.thread", "event_id": first}
	answering, root := s.wen.Send(s.room, "m.poll.start", inThread), s.wen.Send(s.room, "m.poll.start", s.poll())
	s.wen.Send(s.room, "m.room.message", object{
		"msgtype": "m.text", "body": s.words(3, "zh"), "m.relates_to": object{"rel_type": "m.thread", "event_id": root},
	})
	last := s.wen.Say(s.room, s.words(7, "zh"))

	for _, u := range []*testhospital.User{s.ana, w.cy, s.wen, w.li} {
		came := s.come(u, answering, root, last)
		for _, id := range []string{answering, root} {
			shown := came[id].Get("content")
			if u == s.ana || u == w.cy {
				s.readsPollInSpanish(t, shown)
				s.keyOfPoll(t, shown.Get(pathOfKey))
			} else {
				s.readsPollAsWritten(t, shown)
			}
			s.same(t, u, id, shown.Raw, append(s.timelineSurfaces(u, id, first, last), s.threadSurfaces(u, id, first)...))
		}
	}
}

// threadSurfaces are those that show a poll as part of a thread on first, or as the root of its own.
func (s *surgery) threadSurfaces(u *testhospital.User, id, first string) []surface {
	read := func(path string) gjson.Result {
		return u.Must(http.MethodGet, "/_matrix/client/v1/rooms/"+url.PathEscape(s.room)+path, nil)
	}
	related := read("/relations/" + url.PathEscape(first) + "/m.thread").Get("chunk").Array()
	threads := read("/threads").Get("chunk").Array()
	if len(related) == 0 || related[0].Get("event_id").Str != id {
		return []surface{{"/threads", threads}}
	}
	latest := `unsigned.m\.relations.m\.thread.latest_event`
	var ofThreads []gjson.Result
	for _, thread := range threads {
		ofThreads = append(ofThreads, thread.Get(latest))
	}
	top := u.Must(http.MethodGet, s.path("/event/"+url.PathEscape(first)), nil)
	return []surface{
		{"/relations", related},
		{"/threads, the latest event", ofThreads},
		{"/event of the root, the latest event", []gjson.Result{top.Get(latest)}},
	}
}

func (s *surgery) keyOfPoll(t *testing.T, key gjson.Result) {
	t.Helper()
	require.Equal(t, "translated zh es", key.Get("state").Str+" "+key.Get("from").Str+" "+key.Get("to").Str, key.Raw)
	s.readsPollAsWritten(t, key.Get("original.content"))
}

func (s *surgery) readsPollAsWritten(t *testing.T, shown gjson.Result) {
	t.Helper()
	require.False(t, shown.Get(pathOfKey).Exists(), shown.Raw)
	require.Equal(t, s.words(0, "zh"), shown.Get(`m\.poll.question.m\.text.0.body`).Str)
	require.Equal(t, s.words(1, "zh"), shown.Get(`m\.poll.answers.0.m\.text.0.body`).Str)
	require.Equal(t, s.words(2, "zh"), shown.Get(`m\.poll.answers.1.m\.text.0.body`).Str)
}

// TestPhonesAreToldPollsAndTopicsAsTheRoomShowsThem: those who have push rules for them, by properties of the event.
func TestPhonesAreToldPollsAndTopicsAsTheRoomShowsThem(t *testing.T) {
	s := newSurgery(t, func(cfg *config.Config) {
		cfg.Push.AllowPrivate = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	w := s.withWitnesses()
	gateway := newPhones(t)
	users := map[string]*testhospital.User{"ana": s.ana, "li": w.li, "cy": w.cy}
	for name, u := range users {
		gateway.give(name, u)
		for rule, property := range map[string][2]string{"polls": {`content.m\.poll.kind`, "m.disclosed"}, "topics": {"type", "m.room.topic"}} {
			u.Must(http.MethodPut, v3+"/pushrules/global/override/"+rule, object{
				"conditions": []object{{"kind": "event_property_is", "key": property[0], "value": property[1]}}, "actions": []string{"notify"},
			})
		}
	}
	poll := s.wen.Send(s.room, "m.poll.start", s.poll())
	topic := s.wen.Must(http.MethodPut, s.path("/state/m.room.topic"), map[string]any{"topic": s.words(3, "zh")}).Get("event_id").Str
	told := map[string]map[string]gjson.Result{}
	for name, u := range users {
		told[name] = map[string]gjson.Result{}
		came := s.come(u, poll, topic)
		for _, id := range []string{poll, topic} {
			note := gateway.rang(t, name, func(note gjson.Result) bool { return note.Get("event_id").Str == id })
			told[name][id] = note.Get("content")
			require.JSONEq(t, came[id].Get("content").Raw, note.Get("content").Raw, "%s: as in the room", name)
		}
	}
	for _, name := range []string{"ana", "cy"} {
		s.readsPollInSpanish(t, told[name][poll])
		s.keyOfPoll(t, told[name][poll].Get(pathOfKey))
	}
	s.readsPollAsWritten(t, told["li"][poll])
	require.True(t, strings.HasPrefix(told["ana"][topic].Get("topic").Str, s.words(3, "es")+"\n🌐 del chino"), told["ana"][topic].Raw)
	require.Equal(t, "translated", told["ana"][topic].Get(pathOfKey+".state").Str)
	for _, name := range []string{"li", "cy"} {
		require.JSONEq(t, fmt.Sprintf(`{"topic":%q}`, s.words(3, "zh")), told[name][topic].Raw, name)
	}
}
