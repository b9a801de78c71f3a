package bridge

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/rooms"
	"medixchange/translator/replies"
)

func (w *world) readsIn(user, roomID, content string) {
	w.t.Helper()
	require.NoError(w.t, w.accounts.SetAccountData(context.Background(), user, roomID, typeLanguage, json.RawMessage(content)))
}

func (w *world) botIn(roomID, by string) {
	w.t.Helper()
	w.member(roomID, by, bot, "invite")
	w.botJoins(roomID)
	w.botRead()
}

// bodyOf is what a message says in its newest form to a client that takes edits.
func newBody(ev gjson.Result) string {
	if changed := ev.Get("content").Get(pathNewContent + ".body"); changed.Exists() {
		return changed.Str
	}
	return body(ev)
}

func TestModeOriginalFirstShowsTheOriginalAndThenTheTranslation(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	w.readsIn(carla, "", `{"language":"es","mode":"original_first"}`)
	b, c := w.device(bob), w.device(carla)
	id := w.say(room, alice, question)
	first := c.until(room, 1)[0]
	require.True(t, strings.HasPrefix(body(first), question+"\n🌐"), body(first))
	require.Contains(t, body(first), "\n"+pregunta)
	require.True(t, strings.HasPrefix(first.Get("content.formatted_body").Str, "<p>"+question+"</p>"), first.Raw)
	inPlace := b.until(room, 1)[0]
	require.True(t, strings.HasPrefix(body(inPlace), pregunta))
	require.JSONEq(t, keyIn(inPlace).Raw, keyIn(first).Raw, "the same key in both")
	require.Equal(t, 1, w.engine.count("es", question))
	w.send(room, alice, editOf(id, better))
	edit := c.until(room, 2)[1]
	require.True(t, strings.HasPrefix(newBody(edit), better+"\n🌐"), edit.Raw)
	require.Contains(t, newBody(edit), mejor)
	w.restart()
	require.True(t, strings.HasPrefix(newBody(w.device(carla).until(room, 2)[1]), better+"\n🌐"), "after a restart, too")
}

func TestModeOriginalFirstHoldsForLateTranslations(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	w.readsIn(carla, room, `{"mode":"original_first"}`)
	c := w.device(carla)
	open := w.engine.close()
	w.say(room, alice, question)
	w.tooLate()
	require.Equal(t, question, body(c.until(room, 1)[0]))
	open()
	edit := c.until(room, 2)[1]
	require.True(t, strings.HasPrefix(newBody(edit), lateES+"\n"+question+"\n🌐"), newBody(edit))
	require.Contains(t, newBody(edit), pregunta)
	c.quiet(room)
}

func TestModeOriginalFirstWarnsBeforeTheTranslation(t *testing.T) {
	w := newWorld(t)
	const text, wrong = "The patient has no fever this morning.", "El paciente tiene fiebre esta mañana."
	w.engine.book["es:"+text] = wrong
	room := w.ward()
	w.readsIn(bob, "", `{"language":"es","mode":"original_first"}`)
	got := w.device(bob)
	w.say(room, alice, text)
	said := body(got.until(room, 1)[0])
	require.True(t, strings.HasPrefix(said, text), said)
	if at := strings.Index(said, wrong); at >= 0 {
		require.Less(t, strings.IndexAny(said, "⚠"), at, said)
	}
}

func TestModeThreadTheBotRepliesOnceForEachLanguage(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	w.botIn(room, alice)
	w.readsIn(bob, "", `{"language":"es","mode":"thread"}`)
	w.readsIn(carla, "", `{"language":"es","mode":"thread"}`)
	b := w.device(bob)
	before := len(b.messages(room))
	id := w.say(room, alice, question)
	got := b.until(room, before+2)
	original, reply := got[before], got[before+1]
	require.Equal(t, question, body(original), "the message stays what it is")
	require.False(t, keyIn(original).Exists())
	require.Equal(t, bot, reply.Get("sender").Str)
	content := reply.Get("content")
	require.Equal(t, "m.notice", content.Get("msgtype").Str)
	require.Equal(t, "{}", content.Get(`m\.mentions`).Raw)
	require.Equal(t, "es", content.Get(`org\.medixchange\.language`).Str)
	require.Equal(t, "m.thread "+id, content.Get(pathRelates+".rel_type").Str+" "+content.Get(pathRelates+".event_id").Str)
	require.True(t, strings.HasPrefix(body(reply), pregunta+"\n🌐"), body(reply))
	b.quiet(room)

	edit := w.send(room, alice, editOf(id, better))
	got = b.until(room, before+4)
	require.Equal(t, edit, got[before+2].Get("event_id").Str)
	require.Equal(t, better, newBody(got[before+2]))
	require.Equal(t, reply.Get("event_id").Str, got[before+3].Get("content").Get(pathRelates+".event_id").Str, "an edit of its reply")
	require.True(t, strings.HasPrefix(newBody(got[before+3]), mejor), newBody(got[before+3]))

	w.redact(room, alice, id)
	require.Eventually(t, func() bool {
		b.sync(0)
		return slices.ContainsFunc(b.messages(room), func(ev gjson.Result) bool { return redactsOf(ev) == reply.Get("event_id").Str })
	}, patience, 5*time.Millisecond, "it is taken back with the message")
}

func TestModeThreadHoldsNothing(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	w.botIn(room, alice)
	w.readsIn(bob, room, `{"mode":"thread"}`)
	b := w.device(bob)
	before := len(b.messages(room))
	open := w.engine.close()
	defer open()
	w.say(room, alice, question)
	require.Equal(t, question, body(b.until(room, before+1)[before]), "at once, while the engine hangs")
}

func TestModeThreadRepliesComeOnceWhateverHappens(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	w.botIn(room, alice)
	w.readsIn(bob, "", `{"language":"es","mode":"thread"}`)
	id := w.say(room, alice, question)
	w.rendered(id, "es")
	w.botRead()
	before := w.countOf(bot, room)
	w.stop()
	setCursorOf(t, w.url, cursorBot, 0)
	w.start()
	w.botRead()
	require.Equal(t, before, w.countOf(bot, room))
}

func TestModeThreadWithoutTheBotShowsTheOriginalFirst(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	w.readsIn(bob, "", `{"language":"es","mode":"thread"}`)
	b := w.device(bob)
	id := w.say(room, alice, question)
	got := b.until(room, 1)[0]
	require.True(t, strings.HasPrefix(body(got), question+"\n🌐"), body(got))
	require.False(t, w.rendered(id, "es").Threaded)
}

// What the bot sends, every server of a room gets.
func TestModeThreadSaysNothingToOtherServersUnlessTheModeratorsWantIt(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	w.botIn(room, alice)
	snapshot := func() *rooms.Snapshot {
		found, err := w.rooms.Snapshot(t.Context(), room)
		require.NoError(t, err)
		return found
	}
	threads, err := w.bridge.Threads(t.Context(), room)
	require.NoError(t, err)
	require.True(t, threads, "members of this hospital only")
	require.Equal(t, []string{hospital}, snapshot().Servers())
	settings, err := w.bridge.settingsOf(t.Context(), snapshot())
	require.NoError(t, err)
	require.False(t, settings.Threads)
	w.setState(room, alice, typeSettings, `{"threads":true}`)
	settings, err = w.bridge.settingsOf(t.Context(), snapshot())
	require.NoError(t, err)
	require.True(t, settings.Threads)
	w.setState(room, alice, typeSettings, `{"threads":"yes"}`)
	settings, err = w.bridge.settingsOf(t.Context(), snapshot())
	require.NoError(t, err)
	require.Equal(t, roomSettings{}, settings, "malformed ones are none")
}

func (w *world) setState(roomID, sender, typ, content string) string {
	w.t.Helper()
	key := ""
	id, err := w.rooms.Send(context.Background(), rooms.SendRequest{RoomID: roomID, Sender: sender, Type: typ, StateKey: &key, Content: json.RawMessage(content)})
	require.NoError(w.t, err)
	return id
}

func TestBotCommandModeKeepsTheLanguage(t *testing.T) {
	w := newWorld(t)
	w.reads(bob, "es")
	chat := w.chat(bob)
	reads := func(want string) {
		t.Helper()
		lang, mode, err := w.accounts.RoomLanguage(t.Context(), bob, "")
		require.NoError(t, err)
		require.Equal(t, want, lang+" "+mode)
	}
	for _, c := range [][2]string{
		{"!mode original_first", "es original_first"}, {"!mode Original First", "es original_first"}, {"!lang fr", "fr original_first"},
		{"!mode off", "fr off"}, {"!lang es", "es in_place"}, {"!mode thread", "es thread"}, {"!mode sideways", "es thread"},
		{"!mode", "es thread"}, {"!mode auto", "es in_place"}, {"!lang off", "es off"}, {"!lang auto", "en in_place"},
		{"!язык выкл", "en off"}, {"!idioma automático", "en in_place"},
		{"!modus Original zuerst", "en original_first"}, {"!模式 消息列", "en thread"}, {"!الوضع بدل النص", "en in_place"}, {"!режим выкл", "en off"},
		{"!mode tópicos", "en off"}, {"!kip OTOMATİK", "en in_place"},
	} {
		w.ahead.Add(int64(replies.CommandEvery)) // the bot lets nobody give it commands without end
		w.ask(chat, bob, c[0])
		reads(c[1])
	}
}

func TestAChangeInTheProfileIsFollowed(t *testing.T) {
	w := newWorld(t)
	room := w.room(alice, bob)
	_, err := w.accounts.EnsureUser(t.Context(), "bob", "Bob")
	require.NoError(t, err)
	w.say(room, alice, question)
	w.settled()
	require.NoError(t, w.accounts.SetProfileField(t.Context(), bob, typeLanguage, json.RawMessage(`"es"`)))
	b := w.device(bob)
	before := len(b.messages(room))
	w.say(room, alice, better)
	require.True(t, strings.HasPrefix(body(b.until(room, before+1)[before]), mejor))
}

func TestCheckLanguage(t *testing.T) {
	check, err := CheckLanguage(config.Default(hospital).Translator)
	require.NoError(t, err)
	require.NoError(t, check("es"))
	require.NoError(t, check("es-MX"))
	require.ErrorContains(t, check("tlh"), "tlh")
	require.ErrorContains(t, check("no language"), "there are zh, en")
	_, err = CheckLanguage(config.Translator{Languages: []string{"not a language"}})
	require.Error(t, err)
}
