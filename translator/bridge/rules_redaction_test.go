package bridge

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRule06RedactingTheOriginalTakesTheSyntheticBack(t *testing.T) {
	w, room, id, b, _ := lateQuestion(t)
	edit := b.until(room, 2)[1].Get("event_id").Str
	w.redact(room, alice, id)
	got := b.until(room, 4)
	require.Equal(t, id, redactsOf(got[2]))
	require.Equal(t, edit, redactsOf(got[3]), "only for this viewer")
	real, ok := w.bridge.RealID(got[3].Get("event_id").Str, bob)
	require.True(t, ok && real == id)
	b.quiet(room)
	for _, r := range w.rows(id, "es") {
		require.Empty(t, r.Content, "nothing is kept of what it said")
		require.Empty(t, r.LateContent)
	}
}

func TestRule06RedactingAnEditShowsWhatRemains(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	id := w.say(room, alice, question)
	b.until(room, 1)
	open := w.engine.close()
	edit := w.send(room, alice, editOf(id, better))
	w.tooLate()
	b.until(room, 2)
	open()
	told := b.until(room, 3)[2]
	w.redact(room, alice, edit)
	got := b.until(room, 6)
	require.Equal(t, edit, redactsOf(got[3]))
	require.Equal(t, "m.replace", got[4].Get("content").Get(pathRelates+".rel_type").Str, "first what remains")
	require.True(t, strings.HasPrefix(newBody(got[4]), lateES+"\n"+pregunta), "clients say that it was edited: "+newBody(got[4]))
	require.Greater(t, got[4].Get("origin_server_ts").Int(), told.Get("origin_server_ts").Int())
	require.Equal(t, told.Get("event_id").Str, redactsOf(got[5]), "then what goes")
	b.quiet(room)
}

// What remains may be an edit itself, and be read with the original first.
func TestRule06WhatRemainsOfTwoEditsIsAnEdit(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	w.readsIn(carla, "", `{"language":"es","mode":"original_first"}`)
	b, c := w.device(bob), w.device(carla)
	id := w.say(room, alice, question)
	w.rendered(id, "es")
	w.rendered(w.send(room, alice, editOf(id, better)), "es")
	b.until(room, 2)
	c.until(room, 2)
	open := w.engine.close()
	edit := w.send(room, alice, editOf(id, stable))
	w.tooLate()
	b.until(room, 3)
	c.until(room, 3)
	open()
	b.until(room, 4)
	c.until(room, 4)
	w.redact(room, alice, edit)
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
	open := w.engine.close()
	edit := w.send(room, alice, editOf(id, better))
	w.tooLate()
	b.until(room, 2)
	open()
	b.until(room, 3)
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
