package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/rooms"
	"medixchange/rooms/view"
	"medixchange/translator/language"
)

const (
	topic   = "Wound care after the operation."
	tema    = "Cuidado de las heridas después de la operación."
	noTopic = "Please call me tomorrow."
)

func topicWorld(t *testing.T) *world {
	w := newWorld(t)
	w.engine.book["es:"+topic] = tema
	return w
}

func (w *world) setTopic(roomID, sender, text string) string {
	w.t.Helper()
	content, err := json.Marshal(object{"topic": text, "m.topic": object{"m.text": []object{{"body": text}, {"body": "<b>" + text + "</b>", "mimetype": "text/html"}}}})
	require.NoError(w.t, err)
	key := ""
	id, err := w.rooms.Send(context.Background(), rooms.SendRequest{RoomID: roomID, Sender: sender, Type: typeTopic, StateKey: &key, Content: content})
	require.NoError(w.t, err)
	return id
}

const wantsTopics = `{"language":"es","mode":"in_place","topics":true}`

// stateOf is a room's state as the first /sync of a device brings it.
func (w *world) stateOf(user, roomID string) []gjson.Result {
	w.t.Helper()
	w.settled() // nothing is held back
	d := w.device(user)
	q := url.Values{"filter": {`{"room":{"timeline":{"limit":1}}}`}}
	answer, err := w.handler.Sync(httptest.NewRecorder(), httptest.NewRequest("GET", "/_matrix/client/v3/sync?"+q.Encode(), nil), d.device)
	require.NoError(w.t, err)
	return gjson.ParseBytes(answer.(json.RawMessage)).Get("rooms.join." + strings.ReplaceAll(roomID, ".", `\.`) + ".state.events").Array()
}

func topicIn(events []gjson.Result) (found gjson.Result) {
	for _, ev := range events {
		if ev.Get("type").Str == typeTopic {
			found = ev
		}
	}
	return found
}

func TestTopicIsTranslatedForThoseWhoAskedForIt(t *testing.T) {
	w := topicWorld(t)
	room := w.ward()
	b, c := w.device(bob), w.device(carla)
	w.say(room, alice, question)
	w.setTopic(room, alice, noTopic)
	w.settled()
	require.Zero(t, w.engine.count("es", noTopic), "nobody asked: no engine is asked either")
	w.readsIn(bob, "", wantsTopics)
	second := w.setTopic(room, alice, topic)
	got := b.untilID(room, second).Get("content")
	require.Equal(t, tema, firstLine(got.Get("topic").Str))
	require.Contains(t, got.Get("topic").Str, "🌐 del inglés", "marked")
	require.Equal(t, got.Get("topic").Str, topicText(got), "in both forms")
	require.NotContains(t, got.Get("m\\.topic").Raw, "<b>")
	require.Equal(t, topic, got.Get(pathKey).Get("original.content.topic").Str)
	require.Equal(t, topic, c.untilID(room, second).Get("content.topic").Str, "carla did not ask")
	w.say(room, alice, stable)
	require.Equal(t, topic, topicIn(w.stateOf(alice, room)).Get("content.topic").Str, "the author reads their own")
	require.Equal(t, tema, firstLine(w.shownTo(bob, second).Get("topic").Str), "/state and /messages")
	require.Equal(t, tema, firstLine(topicIn(w.stateOf(bob, room)).Get("content.topic").Str), "the state that /sync begins with")
	require.Equal(t, 1, w.engine.count("es", topic), "one request, whatever shows it")
	require.Equal(t, topic, w.event(second).Content().Get("topic").Str, "the event itself is never touched")
	w.rendered(w.setTopic(room, alice, noTopic), "es")
	w.say(room, alice, stable)
	require.Equal(t, "Por favor, llámeme mañana.", firstLine(topicIn(w.stateOf(bob, room)).Get("content.topic").Str), "a new topic, a new translation")
}

func TestTopicsOfBeforeAreTranslatedWhenAReaderAsksForThem(t *testing.T) {
	w := topicWorld(t)
	room := w.ward()
	id := w.setTopic(room, alice, topic)
	w.botIn(room, alice)
	answer := w.ask(room, bob, "!translation topics on")
	require.Equal(t, language.String("es", "topics_on"), answer)
	w.rendered(id, "es")
	require.Equal(t, tema, firstLine(topicIn(w.stateOf(bob, room)).Get("content.topic").Str))
	w.restart()
	require.Equal(t, tema, firstLine(topicIn(w.stateOf(bob, room)).Get("content.topic").Str))
	require.Equal(t, language.String("es", "topics_off"), w.ask(room, bob, "!traducción temas desactivar"))
	require.Equal(t, topic, topicIn(w.stateOf(bob, room)).Get("content.topic").Str)
	require.Contains(t, w.ask(room, bob, "!translation topics perhaps"), "!translation temas activar")
}

// toldLate is what the bot says to a device of a topic whose translation comes too late.
func (w *world) toldLate(d *device, room, text string) string {
	w.t.Helper()
	open := w.engine.close()
	id := w.setTopic(room, alice, text)
	w.tooLate()
	require.Equal(w.t, text, d.untilType(room, typeTopic).Get("content.topic").Str)
	open()
	said := d.until(room, 1)[0]
	require.Equal(w.t, bot, said.Get("sender").Str)
	require.Equal(w.t, id, said.Get(`content.m\.relates_to.m\.in_reply_to.event_id`).Str)
	return body(said)
}

func TestTopicThatComesLateIsSaidByTheBot(t *testing.T) {
	w := topicWorld(t)
	room := w.ward()
	w.readsIn(bob, "", wantsTopics)
	b, c := w.device(bob), w.device(carla)
	require.Contains(t, w.toldLate(b, room, topic), tema)
	c.sync(0)
	require.Empty(t, c.messages(room), "nobody else is told")
}

func TestRule14ATopicThatIsNotTranslatedSaysSo(t *testing.T) {
	w := topicWorld(t)
	room := w.ward()
	w.readsIn(bob, "", wantsTopics)
	w.engine.failWith(errors.New("away"))
	id := w.setTopic(room, alice, topic)
	w.rendered(id, "es")
	shown := w.shownTo(bob, id).Get("topic").Str
	require.Equal(t, topic, firstLine(shown))
	require.Contains(t, shown, notTranslated)
	require.Equal(t, shown, topicText(w.shownTo(bob, id)), "in both forms")
	unchanged, err := w.view.TopicFromClient(t.Context(), view.Viewer{UserID: bob}, room, json.RawMessage(fmt.Sprintf(`{"topic":%q}`, shown)))
	require.NoError(t, err)
	require.Equal(t, id, unchanged, "the words are not written back")
	require.Equal(t, topic, w.shownTo(alice, id).Get("topic").Str)
}

func TestRule14ATopicThatComesToNothingLateSaysSo(t *testing.T) {
	w := topicWorld(t)
	room := w.ward()
	w.readsIn(bob, "", wantsTopics)
	b := w.device(bob)
	require.Contains(t, w.toldLate(b, room, "Wound care before the operation."), notTranslated)
}

func TestTopicOfARoomWithTranslationOffStaysAsItIs(t *testing.T) {
	w := topicWorld(t)
	room := w.ward()
	w.readsIn(bob, "", wantsTopics)
	key := ""
	_, err := w.rooms.Send(context.Background(), rooms.SendRequest{RoomID: room, Sender: alice, Type: typeSettings, StateKey: &key, Content: json.RawMessage(`{"translation":"off"}`)})
	require.NoError(t, err)
	id := w.setTopic(room, alice, topic)
	w.settled()
	require.Equal(t, topic, w.shownTo(bob, id).Get("topic").Str)
	require.Zero(t, w.engine.count("es", topic))
}

// The topic editors of clients begin with what they were shown.
func TestTranslationOfATopicIsNotWrittenBack(t *testing.T) {
	w := topicWorld(t)
	room := w.ward()
	w.readsIn(bob, "", wantsTopics)
	id := w.setTopic(room, alice, topic)
	shown := w.shownTo(bob, id).Get("topic").Str
	viewer := view.Viewer{UserID: bob}
	send := func(text string) (string, error) {
		rich := object{"topic": text, "m.topic": object{"m.text": []object{{"body": text}}}}
		encoded, err := json.Marshal(rich)
		require.NoError(t, err)
		return w.view.TopicFromClient(context.Background(), viewer, room, encoded)
	}
	for what, text := range map[string]string{"as it was shown": shown, "without its mark": tema, "in one line": strings.ReplaceAll(shown, "\n", "  \n ")} {
		unchanged, err := send(text)
		require.NoError(t, err, what)
		require.Equal(t, id, unchanged, "%s: the topic stays the original", what)
	}
	w.readsIn(bob, "", `{"language":"es","mode":"original_first","topics":true}`)
	unchanged, err := send(w.shownTo(bob, id).Get("topic").Str)
	require.NoError(t, err)
	require.Equal(t, id, unchanged, "in the other form, too")
	_, err = send(strings.Replace(shown, "heridas", "úlceras", 1))
	require.ErrorIs(t, err, view.ErrTranslated, "words changed, the mark still there: not unnoticed")
	require.Contains(t, err.Error(), "🌐")
	require.Equal(t, language.String("es", "topic_translated"), err.Error(), "in the reader's language")
	unchanged, err = send("Cuidado de las úlceras.")
	require.NoError(t, err)
	require.Empty(t, unchanged, "their own words are theirs")
}

func TestWhoComesToARoomReadsItsTopic(t *testing.T) {
	w := topicWorld(t)
	w.readsIn(bob, "", wantsTopics)
	b := w.device(bob)
	room := w.room(alice)
	id := w.setTopic(room, alice, topic)
	w.say(room, alice, question)
	w.settled()
	w.member(room, bob, bob, "join")
	w.rendered(id, "es")
	b.sync(time.Second)
	require.Equal(t, tema, firstLine(topicIn(w.stateOf(bob, room)).Get("content.topic").Str))
}
