package bridge

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/rooms/view"
	"medixchange/translator/check"
	"medixchange/translator/language"
)

const (
	noFever   = "The patient has no fever this morning."
	sinFiebre = "El paciente no tiene fiebre esta mañana."
	order     = "Please give 5 mg morphine twice a day."
)

func replyTo(eventID, body string) object {
	return object{"msgtype": "m.text", "body": body, "m.relates_to": object{"m.in_reply_to": object{"event_id": eventID}}}
}

// answeredWard is a ward in which bob has answered a message of alice that holds a negation.
func answeredWard(t *testing.T) (w *world, room, id, answer string, a *device) {
	w = newWorld(t)
	w.engine.book["es:"+noFever] = sinFiebre
	room = w.ward()
	a = w.device(alice)
	id = w.say(room, alice, noFever)
	w.rendered(id, "es") // so that bob reads the translation
	w.device(bob).until(room, 1)
	answer = w.send(room, bob, replyTo(id, estable))
	return w, room, id, answer, a
}

func readAs(ev gjson.Result) gjson.Result { return ev.Get(`content.org\.medixchange\.read_as`) }

func TestRule17TheAuthorSeesHowWhoeverAnswersHadReadTheMessage(t *testing.T) {
	w, room, id, answer, _ := answeredWard(t)
	require.Eventually(t, func() bool {
		found, err := w.bridge.Beside(t.Context(), alice, w.events(answer), newest)
		return err == nil && len(found) == 1
	}, patience, 2*time.Millisecond)
	w.settled()
	got := w.device(alice).until(room, 2)[1]
	require.Equal(t, answer, got.Get("event_id").Str)
	require.True(t, strings.HasPrefix(body(got), stable), body(got))
	require.Contains(t, body(got), "🌐 answered your message as read in Spanish: «"+sinFiebre+"», machine translation, no doubts found")
	require.Contains(t, got.Get("content.formatted_body").Str, "«"+sinFiebre+"»")
	require.Equal(t, id+" es fake pass", strings.Join([]string{
		readAs(got).Get("event_id").Str, readAs(got).Get("language").Str, readAs(got).Get("engine").Str, readAs(got).Get("verdict").Str,
	}, " "))
	require.Equal(t, "[]", readAs(got).Get("reasons").Raw)
	for _, user := range []string{bob, carla} {
		other := w.device(user).until(room, 2)[1]
		require.False(t, readAs(other).Exists(), "the author alone is told")
		require.NotContains(t, body(other), "«")
	}
	require.False(t, w.event(answer).Content().Get(`org\.medixchange\.read_as`).Exists(), "the event itself is never touched: other servers get nothing of it")
}

func TestRule17WhoeverHadTheAnswerBeforeIsToldOnce(t *testing.T) {
	w, room, _, answer, a := answeredWard(t)
	seen := func() (found int) {
		for _, ev := range a.messages(room) {
			if strings.Contains(body(ev), "«"+sinFiebre+"»") || strings.Contains(newBody(ev), "«"+sinFiebre+"»") {
				found++
			}
		}
		return found
	}
	require.Eventually(t, func() bool { a.sync(20 * time.Millisecond); return seen() == 1 }, patience, time.Millisecond)
	w.restart()
	a.sync(0)
	a.sync(0)
	require.Equal(t, 1, seen())
	shown := w.device(alice).until(room, 2)[1]
	require.Equal(t, answer, shown.Get("event_id").Str)
	require.True(t, readAs(shown).Exists(), "and it stands in history")
}

func TestRule17OnlyForTheAuthorIsLookedForWhatStandsBesideAnAnswer(t *testing.T) {
	w, _, _, answer, _ := answeredWard(t)
	beside := func(user string) int {
		found, err := w.bridge.Beside(t.Context(), user, w.events(answer), newest)
		require.NoError(t, err)
		return len(found)
	}
	require.Eventually(t, func() bool { return beside(alice) == 1 }, patience, 2*time.Millisecond)
	w.settled()
	require.Equal(t, 1, beside(alice))
	answers := w.events(answer)
	w.stop()
	w.stop = func() {}
	for _, user := range []string{bob, carla, "@dora:" + hospital} {
		found, err := w.bridge.Beside(t.Context(), user, answers, newest)
		require.NoError(t, err, "no database is asked")
		require.Empty(t, found)
	}
}

// Beside an answer in the author's own language there is no translation, and no key of one: what stands under it is ours.
func TestRule17AnAnswerIsForwardedWithoutWhatItsReaderWasTold(t *testing.T) {
	w := newWorld(t)
	w.engine.book["es:"+noFever] = sinFiebre
	room := w.ward()
	id := w.say(room, alice, noFever)
	w.rendered(id, "es") // so that bob reads the translation
	w.device(bob).until(room, 1)
	answer := w.send(room, bob, replyTo(id, better))
	require.Eventually(t, func() bool {
		found, err := w.bridge.Beside(t.Context(), alice, w.events(answer), newest)
		return err == nil && len(found) == 1
	}, patience, 2*time.Millisecond)
	w.settled()
	shown := w.device(alice).until(room, 2)[1]
	require.Contains(t, body(shown), better+"\n🌐 answered your message as read in Spanish: «"+sinFiebre+"»")
	require.False(t, shown.Get("content").Get(pathKey).Exists())
	require.JSONEq(t, w.event(answer).Content().Raw, w.forwarded(shown.Get("content")).Raw)
}

func TestRule17WithoutADoseOrTheLikeNothingIsSaid(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	id := w.say(room, alice, question)
	w.rendered(id, "es")
	answer := w.send(room, bob, replyTo(id, estable))
	own := w.send(room, alice, replyTo(id, better))
	w.settled()
	for _, ev := range []string{answer, own} {
		found, err := w.bridge.Beside(t.Context(), alice, w.events(ev), newest)
		require.NoError(t, err)
		require.Empty(t, found)
	}
}

// Each of them alone is worth telling its author: what was read of it may be wrong.
func TestRule17ADrugASideADoseOrANegationAloneIsEnough(t *testing.T) {
	for _, c := range []struct {
		kind check.Kind
		said string
		book map[string]string
		read string
	}{
		{check.KindDrug, "The patient takes morphine.", map[string]string{"The patient takes": "El paciente toma", ".": "."}, "El paciente toma morphine."},
		{check.KindSide, "The left arm hurts.", map[string]string{"The left arm hurts.": "Le duele el brazo izquierdo."}, "Le duele el brazo izquierdo."},
		{check.KindDose, "The patient got 5 mg.", map[string]string{"The patient got": "El paciente recibió", ".": "."}, "El paciente recibió 5 mg."},
		{check.KindNegation, noFever, map[string]string{noFever: sinFiebre}, sinFiebre},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			w := newWorld(t)
			for text, translation := range c.book {
				w.engine.book["es:"+text] = translation
			}
			room := w.ward()
			for _, invariant := range check.Invariants(c.said, "en") {
				require.Equal(t, c.kind, invariant.Kind, "it holds nothing else")
			}
			id := w.say(room, alice, c.said)
			w.rendered(id, "es") // so that bob reads the translation
			told := w.besideAnswer(w.send(room, bob, replyTo(id, estable)))
			require.Contains(t, told.Get("body").Str, "read in Spanish: «"+c.read+"»")
			require.Equal(t, id+" "+c.read, told.Get(`org\.medixchange\.read_as.event_id`).Str+" "+told.Get(`org\.medixchange\.read_as.text`).Str)
		})
	}
}

func TestRule17NobodyForgesWhatWasRead(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	id := w.say(room, alice, question)
	forged := replyTo(id, "Gracias por todo lo que hacen esta noche.")
	forged["org.medixchange.read_as"] = object{"text": "anything"}
	w.send(room, bob, forged)
	require.False(t, readAs(w.device(carla).until(room, 2)[1]).Exists())
	require.False(t, readAs(w.device(alice).until(room, 2)[1]).Exists())
}

func TestRule17OrdersAskToBeReadBack(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	w.setState(room, alice, typeSettings, `{"readback":true}`)
	a, b := w.device(alice), w.device(bob)
	id := w.say(room, alice, order)
	asked := b.noticed(room, 1)[0]
	require.Equal(t, id, asked.Get("content").Get(pathRelates+`.m\.in_reply_to.event_id`).Str)
	require.Contains(t, body(asked), language.String("es", "readback_request"))
	require.Empty(t, a.notices(room), "the author is not asked")

	w.send(room, bob, replyTo(id, "On my way to the patient."))
	w.send(room, bob, replyTo(id, "Morphine 50 mg twice a day."))
	told := a.noticed(room, 1)[0]
	require.Contains(t, body(told), "⚠")
	require.Contains(t, body(told), "50 mg")
	require.Contains(t, body(b.noticed(room, 2)[1]), "50 mg", "and so is whoever misread")
	w.send(room, carla, replyTo(id, "I give 5 mg morphine twice a day."))
	require.Contains(t, body(a.noticed(room, 2)[1]), language.String("en", "readback_same"))
	require.Zero(t, w.countOf(bot, room), "all this is said to each alone")
}

func TestRule17WithoutTheSettingNobodyIsAsked(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	w.botIn(room, alice)
	b := w.device(bob)
	before := len(b.notices(room))
	w.say(room, alice, order)
	w.settled()
	b.sync(0)
	require.Len(t, b.notices(room), before)
	require.Equal(t, language.String("es", "error_moderator"), w.ask(room, bob, "!readback on"), "moderators decide")
	require.Equal(t, language.String("en", "room_readback_on"), w.ask(room, alice, "!readback on"))
	snapshot, err := w.rooms.Snapshot(t.Context(), room)
	require.NoError(t, err)
	settings, err := w.bridge.settingsOf(t.Context(), snapshot)
	require.NoError(t, err)
	require.True(t, settings.Readback)
	require.Contains(t, w.ask(room, alice, "!readback perhaps"), "!readback off")
}

// besideAnswer waits until alice is told beside an answer how her message was read, and returns that.
func (w *world) besideAnswer(answer string) gjson.Result {
	w.t.Helper()
	var found map[int64]*view.Notice
	require.Eventually(w.t, func() (told bool) {
		var err error
		found, err = w.bridge.Beside(w.t.Context(), alice, w.events(answer), newest)
		return err == nil && len(found) == 1
	}, patience, 2*time.Millisecond)
	return gjson.ParseBytes(found[w.event(answer).NID].Content)
}

// Whoever answers while an edit is being translated has read the version before it.
func TestRule17AnAnswerDuringAnEditTellsOfTheVersionThatWasRead(t *testing.T) {
	w := newWorld(t)
	const noPain = "The patient has no pain this morning."
	w.engine.book["es:"+noPain] = "El paciente no tiene dolor esta mañana."
	w.engine.book["es:"+noFever] = sinFiebre
	room := w.ward()
	id := w.say(room, alice, noFever)
	w.rendered(id, "es") // so that bob reads the translation
	w.device(bob).until(room, 1)
	open := w.engine.close()
	edit := w.send(room, alice, editOf(id, noPain))
	answer := w.send(room, bob, replyTo(id, estable))
	w.react(room, bob, id, "🌐")
	w.handledAll()
	w.botRead()
	open()
	w.rendered(edit, "es")
	told := w.besideAnswer(answer)
	require.Contains(t, told.Get("body").Str, "«"+sinFiebre+"»")
	require.Equal(t, id, told.Get(`org\.medixchange\.read_as.event_id`).Str)
	reports := w.reports()
	require.Len(t, reports, 1)
	require.Equal(t, id+" "+sinFiebre, reports[0].Get("version_id").Str+" "+reports[0].Get("translation").Str)

	later := w.send(room, bob, replyTo(id, estable))
	require.Equal(t, edit, w.besideAnswer(later).Get(`org\.medixchange\.read_as.event_id`).Str)
}

// In a sentence that runs from left to right the dose of an Arabic text would be torn apart.
func TestRule17WhatWasReadInArabicIsInOnePieceForItsEnglishAuthor(t *testing.T) {
	w := newWorld(t)
	w.engine.offer("en ar", "es ar")
	w.engine.book["es:"+noFever], w.engine.book["ar:"+estable] = sinFiebre, "مستقر"
	w.engine.book["ar:"+noFever] = "لا يعاني المريض من حمى هذا الصباح."
	room := w.ward()
	w.reads(bob, "ar")
	id := w.say(room, alice, noFever)
	w.device(bob).until(room, 1)
	answer := w.send(room, bob, replyTo(id, estable))
	require.Contains(t, w.besideAnswer(answer).Get("body").Str, "read in Arabic: «\u2067لا يعاني المريض من حمى هذا الصباح.\u2069», machine")
}

func TestRule17APictureIsAnAnswerToo(t *testing.T) {
	w := newWorld(t)
	w.engine.book["es:"+noFever] = sinFiebre
	room := w.ward()
	id := w.say(room, alice, noFever)
	w.rendered(id, "es") // so that bob reads the translation
	w.device(bob).until(room, 1)
	picture, voice := replyTo(id, "IMG_1.jpg"), replyTo(id, "voice.ogg")
	picture["msgtype"], picture["url"] = "m.image", "mxc://"+hospital+"/abc"
	voice["msgtype"], voice["url"], voice["org.matrix.msc3245.voice"] = "m.audio", "mxc://"+hospital+"/abc", object{}
	for _, answer := range []object{picture, voice} {
		sent := w.send(room, bob, answer)
		require.Contains(t, w.besideAnswer(sent).Get("body").Str, "«"+sinFiebre+"»")
		shown := w.shownTo(alice, sent)
		require.Equal(t, answer["body"], shown.Get("filename").Str, "the file keeps its name")
		require.True(t, strings.HasPrefix(shown.Get("body").Str, shown.Get("filename").Str+"\n🌐 answered your message"), shown.Raw)
	}
	command := w.send(room, bob, replyTo(id, "!original"))
	w.handledAll()
	found, err := w.bridge.Beside(t.Context(), alice, w.events(command), newest)
	require.NoError(t, err)
	require.Empty(t, found, "a command is no answer")
}
