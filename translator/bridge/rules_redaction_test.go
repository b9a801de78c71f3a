package bridge

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/translator/language"
)

func TestRule06RedactingTheOriginalTakesTheSyntheticBack(t *testing.T) {
	w, room, id, b, _ := lateQuestion(t)
	edit := b.until(room, 2)[1].Get("event_id").Str
	w.redact(room, alice, id)
	got := b.until(room, 4)
	require.Equal(t, id, redactsOf(got[2]))
	require.Equal(t, edit, redactsOf(got[3]), "only for this viewer")
	real, ok := w.realID(got[3].Get("event_id").Str, bob)
	require.True(t, ok && real == id)
	b.quiet(room)
	for _, r := range w.rows(id, "es") {
		require.Empty(t, r.Content, "nothing is kept of what it said")
		require.Empty(t, r.LateContent)
	}
}

// editLate edits a message whose translation comes as an edit of its own: devices get the one and then the other.
func (w *world) editLate(room, id, text string, devices ...*device) (edit string) {
	w.t.Helper()
	open := w.engine.close()
	edit = w.send(room, alice, editOf(id, text))
	w.tooLate()
	for _, d := range devices {
		d.until(room, len(d.messages(room))+1)
	}
	open()
	for _, d := range devices {
		d.until(room, len(d.messages(room))+1)
	}
	return edit
}

// A key holds the words of the author alone, and not what older clients repeat of the message that is answered.
func TestRule12ThePendingKeyOfAReplyHoldsNoWordsOfWhatItAnswers(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	secret := w.say(room, alice, question)
	w.settled()
	w.redact(room, alice, secret)
	defer w.engine.close()()
	answer := w.send(room, alice, object{"msgtype": "m.text", "body": "> <" + alice + "> " + question + "\n\n" + better,
		"format": htmlFormat, "formatted_body": "<mx-reply><blockquote>" + question + "</blockquote></mx-reply><b>" + better + "</b>",
		"m.relates_to": object{"m.in_reply_to": object{"event_id": secret}}})
	w.handledAll()
	shown := w.shownNow(bob, answer)
	require.Equal(t, "pending", shown.Get(pathKey+".state").Str)
	require.JSONEq(t, `{"body":"`+better+`","formatted_body":"<b>`+better+`</b>"}`, shown.Get(pathKey+".original").Raw)
	require.NotContains(t, shown.Raw, question)
	require.Equal(t, better, timedOut(&job{}, words{text: "> <" + alice + "> " + question + "\n\n" + better}).Original.Body, "nor does the key that ends it")
}

func TestRule06RedactingAnEditShowsWhatRemains(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	id := w.say(room, alice, question)
	b.until(room, 1)
	edit := w.editLate(room, id, better, b)
	told := b.messages(room)[2]
	w.redact(room, alice, edit)
	got := b.until(room, 6)
	require.Equal(t, edit, redactsOf(got[3]))
	require.Equal(t, "m.replace", got[4].Get("content").Get(pathRelates+".rel_type").Str, "first what remains")
	require.True(t, strings.HasPrefix(newBody(got[4]), remainsES+"\n"+pregunta), "clients say that it was edited, and so it was: "+newBody(got[4]))
	require.True(t, strings.HasPrefix(got[4].Get("content").Get(pathNewContent).Get("formatted_body").Str, "<p>"+remainsES+"</p>"), "in its HTML, too")
	require.Greater(t, got[4].Get("origin_server_ts").Int(), told.Get("origin_server_ts").Int())
	require.Equal(t, told.Get("event_id").Str, redactsOf(got[5]), "then what goes")
	b.quiet(room)
}

// readInBothOrders is a question in a room where carla reads the original first and bob the translation.
func readInBothOrders(t *testing.T) (w *world, room string, b, c *device, id string) {
	w = newWorld(t)
	room = w.ward()
	w.readsIn(carla, "", `{"language":"es","mode":"original_first"}`)
	return w, room, w.device(bob), w.device(carla), w.say(room, alice, question)
}

func TestRule06WhoReadsTheOriginalFirstIsToldOfATakenEditToo(t *testing.T) {
	w, room, b, c, id := readInBothOrders(t)
	b.until(room, 1)
	c.until(room, 1)
	w.redact(room, alice, w.editLate(room, id, better, b, c))
	got := newBody(c.until(room, 6)[4])
	require.True(t, strings.HasPrefix(got, remainsES+"\n"+question), got)
}

// What remains may be an edit itself, and be read with the original first.
func TestRule06WhatRemainsOfTwoEditsIsAnEdit(t *testing.T) {
	w, room, b, c, id := readInBothOrders(t)
	w.rendered(id, "es")
	w.rendered(w.send(room, alice, editOf(id, better)), "es")
	b.until(room, 2)
	c.until(room, 2)
	w.redact(room, alice, w.editLate(room, id, stable, b, c))
	remains := newBody(b.until(room, 7)[5])
	require.True(t, strings.HasPrefix(remains, lateEditES+"\n"+mejor), remains)
	remains = newBody(c.until(room, 7)[5])
	require.True(t, strings.HasPrefix(remains, lateEditES+"\n"+better+"\n🌐"), remains)
	require.Contains(t, remains, mejor)
}

// A reader of the language in which the message was written had the edit in translation. They are told that this is gone,
// and whoever forwards what they see forwards no words of ours.
func TestRule06AnOriginalThatRemainsIsCalledSo(t *testing.T) {
	w := newWorld(t)
	w.reads(bob, "es")
	room := w.room(alice, bob)
	b := w.device(bob)
	id := w.send(room, alice, object{"msgtype": "m.text", "body": pregunta, "format": htmlFormat, "formatted_body": "<b>" + pregunta + "</b>"})
	b.until(room, 1)
	edit := w.editLate(room, id, better, b)
	w.redact(room, alice, edit)
	remains := b.until(room, 6)[4].Get("content").Get(pathNewContent)
	require.Equal(t, withdrawnES+"\n"+pregunta, remains.Get("body").Str)
	require.Equal(t, "<p>"+withdrawnES+"</p><b>"+pregunta+"</b>", remains.Get("formatted_body").Str)
	require.Equal(t, `["withdrawn"]`, remains.Get(pathKey+".reasons").Raw)
	stored := w.forwarded(remains)
	require.Equal(t, pregunta, stored.Get("body").Str)
	require.Equal(t, "<b>"+pregunta+"</b>", stored.Get("formatted_body").Str)
	require.False(t, stored.Get(pathForwarded).Exists())
}

// The translation of what remains may have come while the edit was in force, and was no news to a device that had both.
func TestRule06WhatAnEditHidIsShownOnceTheEditIsGone(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b, late := w.device(bob), w.device(carla)
	open := w.engine.close()
	id := w.say(room, alice, question)
	w.tooLate()
	b.until(room, 1)
	open()
	w.rendered(id, "es")
	open = w.engine.close()
	edit := w.send(room, alice, editOf(id, better))
	w.tooLate()
	b.until(room, 2)
	w.redact(room, alice, edit)
	got := b.until(room, 4)
	require.Equal(t, edit, redactsOf(got[2]))
	shown := replay(got)
	require.Contains(t, shown.byTime[id], pregunta)
	require.Contains(t, shown.byArrival[id], pregunta)
	open()
	b.quiet(room)
	require.Contains(t, replay(late.until(room, 3)).byTime[id], pregunta)
	late.quiet(room)
}

func TestRule06NothingIsTranslatedOfWhatIsRedacted(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	open := w.engine.close()
	id := w.say(room, alice, question)
	w.handledAll()
	w.redact(room, alice, id)
	open()
	w.settled()
	require.Empty(t, w.rows(id, "es"))
}

// What remains after a redaction may itself be still under way: it is shown as it is, and its translation has to come
// after that for every client, whether by time or by arrival.
func TestRule06WhatRemainsIsTranslatedAfterItWasShown(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	openMessage := w.engine.close()
	id := w.say(room, alice, question)
	require.Eventually(t, func() bool { return w.engine.count("es", question) == 1 }, patience, time.Millisecond)
	openEdit := w.engine.close()
	edit := w.send(room, alice, editOf(id, better))
	require.Eventually(t, func() bool { return w.engine.count("es", better) == 1 }, patience, time.Millisecond)
	w.tooLate()
	b.until(room, 2)
	openEdit()
	b.until(room, 3)
	w.redact(room, alice, edit)
	got := b.until(room, 6)
	require.Equal(t, withdrawnES+"\n"+question, replay(got).byTime[id])
	openMessage()
	got = b.until(room, 7)
	require.True(t, strings.HasPrefix(newBody(got[6]), lateES+"\n"+pregunta), newBody(got[6]))
	require.Greater(t, got[6].Get("origin_server_ts").Int(), got[4].Get("origin_server_ts").Int())
	shown := replay(got)
	require.Contains(t, shown.byTime[id], pregunta)
	require.Contains(t, shown.byArrival[id], pregunta)
	b.quiet(room)
}

// What the author of a message is told under its answers repeats the message: it goes with it, in history, on new devices
// and in the database.
func TestRule06WhatWasToldUnderAnAnswerGoesWithTheMessage(t *testing.T) {
	w, room, id, answer, _ := answeredWard(t)
	w.answerRead(alice, answer)
	require.Contains(t, w.bodyAs(alice, answer), sinFiebre)
	w.redact(room, alice, id)
	require.Eventually(t, func() bool { return !strings.Contains(w.bodyAs(alice, answer), sinFiebre) }, patience, 2*time.Millisecond)
	for _, ev := range w.device(alice).messages(room) {
		require.NotContains(t, body(ev), sinFiebre)
	}
	require.Empty(t, w.notices(`content <> '{}' AND kind = 'read as'`))
}

func TestRule06WhatDiffersFromAnOrderGoesWithTheOrder(t *testing.T) {
	w, room := readbackWard(t)
	a := w.device(alice)
	id := w.say(room, alice, "Please give 50 mg morphine twice a day.")
	edit := w.send(room, alice, editOf(id, order))
	w.send(room, bob, replyTo(id, "Morphine 50 mg twice a day."))
	require.Contains(t, body(a.noticed(room, 1)[0]), "5 mg")
	w.redact(room, alice, edit)
	require.Eventually(t, func() bool { return len(w.notices(`content <> '{}' AND kind = 'readback'`)) == 0 }, patience, 2*time.Millisecond)
	require.Eventually(t, func() bool { a.sync(0); return a.redacted(room, a.notices(room)[0].Get("event_id").Str) }, patience, 2*time.Millisecond)
}

// quotable is a ward with a question that bob has read in translation, on a device, and that carla, who reads English, may read quoted.
func quotable(t *testing.T) (w *world, room, id string, b *device) {
	t.Helper()
	w, room = quoteWorld(t)
	w.reads(carla, "en")
	b = w.device(bob)
	id = w.say(room, alice, question)
	b.until(room, 1)
	return w, room, id, b
}

// A translation that quotes a message holds words of it: they go with the message, for whoever had them and in the database.
func TestRule06WhatQuotesAMessageIsShownWithoutItsWords(t *testing.T) {
	for name, content := range map[string]object{
		"text": {"msgtype": "m.text", "body": "> " + pregunta + "\n" + thanks},
		"HTML": {"msgtype": "m.text", "body": "> " + pregunta + "\n\n" + thanks, "format": htmlFormat, "formatted_body": "<blockquote>" + pregunta + "</blockquote>" + thanks},
	} {
		t.Run(name, func(t *testing.T) {
			w, room, id, _ := quotable(t)
			c := w.device(carla)
			quoting := w.send(room, bob, content)
			require.Contains(t, body(c.until(room, 2)[1]), question)
			w.redact(room, alice, id)
			shown := c.until(room, 5)[3] // before the redaction of the synthetic that others may have
			require.Equal(t, "m.replace", shown.Get("content").Get(pathRelates+".rel_type").Str, "who had it is shown it without")
			require.Contains(t, newBody(shown), "> …\n"+merci)
			require.NotContains(t, shown.Raw, question)
			require.NotContains(t, w.bodyAs(carla, quoting), question)
			require.Contains(t, w.bodyAs(carla, quoting), "> …\n"+merci)
			for _, r := range w.rows(quoting, "en") {
				require.NotContains(t, string(r.Content)+string(r.LateContent)+string(r.Parts), question)
			}
			c.quiet(room)
			w.restart()
			require.NotContains(t, w.bodyAs(carla, quoting), question)
		})
	}
}

func TestRule06ACopyOfWhatIsGoneSaysNothingOfIt(t *testing.T) {
	w, room, id, b := quotable(t)
	copied := w.say(room, bob, body(b.messages(room)[0]))
	w.rendered(copied, "en")
	require.Contains(t, w.bodyAs(carla, copied), question)
	w.redact(room, alice, id)
	require.Eventually(t, func() bool { return !strings.Contains(w.bodyAs(carla, copied), question) }, patience, 2*time.Millisecond)
	require.Contains(t, w.bodyAs(carla, copied), language.String("en", "reason_copy"))
}

// A late translation that showed the quote is taken back, after one without it.
func TestRule06ALateTranslationThatQuotedIsTakenBack(t *testing.T) {
	w, room, id, _ := quotable(t)
	c := w.device(carla)
	c.until(room, 1)
	open := w.engine.close()
	w.say(room, bob, "> "+pregunta+"\n"+thanks)
	w.tooLate()
	c.until(room, 2)
	open()
	late := c.until(room, 3)[2]
	require.Contains(t, newBody(late), question)
	w.redact(room, alice, id)
	got := c.until(room, 6)
	require.Contains(t, newBody(got[4]), "> …\n"+merci)
	require.Greater(t, got[4].Get("origin_server_ts").Int(), late.Get("origin_server_ts").Int())
	require.Equal(t, late.Get("event_id").Str, redactsOf(got[5]))
}

// What was read of a translation that quotes is erased, too; and in a thread, where it is a message of the bot.
func TestRule06NothingIsKeptOfAQuoteElsewhere(t *testing.T) {
	w, room := quoteWorld(t)
	w.botIn(room, alice)
	b := w.device(bob)
	w.readsIn(carla, "", `{"language":"en","mode":"thread"}`)
	c := w.device(carla)
	id := w.say(room, alice, question)
	w.rendered(id, "es")
	b.sync(0)
	greeted := len(c.saidBy(room, bot))
	w.say(room, bob, "> "+pregunta+"\n"+thanks)
	require.Eventually(t, func() bool { c.sync(0); return len(c.saidBy(room, bot)) == greeted+1 }, patience, 5*time.Millisecond)
	said := c.saidBy(room, bot)[greeted]
	require.Contains(t, body(said), question)
	w.redact(room, alice, id)
	require.Eventually(t, func() bool { c.sync(0); return c.redacted(room, said.Get("event_id").Str) }, patience, 5*time.Millisecond)
}

// Nobody is given from memory what is gone; whoever writes it anew has it translated anew.
func TestRule06MemoryForgetsWhatIsRedacted(t *testing.T) {
	w, room, id, _ := quotable(t)
	require.Equal(t, 1, w.engine.count("es", question))
	w.redact(room, alice, id)
	w.settled()
	w.rendered(w.say(room, alice, question), "es")
	require.Equal(t, 2, w.engine.count("es", question))
}

// Nor is what an engine makes of it while it is redacted, of a text or of what was said.
func TestRule06MemoryForgetsWhatIsRedactedOnItsWay(t *testing.T) {
	for name, sent := range map[string]object{"text": {"msgtype": "m.text", "body": question}, "voice": voiceMessage("voice")} {
		t.Run(name, func(t *testing.T) {
			w, _ := newVoiceWorld(t)
			room := w.ward()
			open := w.engine.close()
			id := w.send(room, alice, sent)
			require.Eventually(t, func() bool { return w.engine.count("es", question) == 1 }, patience, time.Millisecond)
			w.redact(room, alice, id)
			w.handledAll()
			require.Eventually(t, func() bool { return w.bridge.jobs.count() == 0 }, patience, time.Millisecond)
			open()
			w.settled()
			require.Empty(t, w.rows(id, "es"))
			for range 2 { // the first may share what is still under way, which is remembered for none
				w.rendered(w.say(room, alice, question), "es")
			}
			require.Equal(t, 2, w.engine.count("es", question))
		})
	}
}

// notices returns the positions of notices in the database.
func (w *world) notices(where string) (positions []int64) {
	rows, err := w.db.Query(w.t.Context(), `SELECT position FROM translator_notices WHERE `+where)
	require.NoError(w.t, err)
	defer rows.Close()
	for rows.Next() {
		var position int64
		require.NoError(w.t, rows.Scan(&position))
		positions = append(positions, position)
	}
	require.NoError(w.t, rows.Err())
	return positions
}

// redacted reports whether a device was told that an event is redacted.
func (d *device) redacted(roomID, id string) bool {
	return slices.ContainsFunc(d.events[roomID], func(ev gjson.Result) bool { return redactsOf(ev) == id })
}
