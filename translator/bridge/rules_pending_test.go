package bridge

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/rooms"
	"medixchange/rooms/view"
	"medixchange/translator"
	"medixchange/translator/check"
	"medixchange/translator/compose"
)

// Whatever a device shows last, a receipt on it counts for all that stands before it in its answer.
func TestRule04AReceiptOnALateEditLeavesNothingBeforeItUnread(t *testing.T) {
	w, room, _, b, _ := lateQuestion(t)
	w.settled()
	var said []string
	for _, body := range []string{"Hola a todos en esta sala.", "Buenos días a todos, colegas."} {
		said = append(said, w.say(room, carla, body))
	}
	open := w.engine.close()
	w.say(room, alice, stable)
	w.tooLate()
	got := b.until(room, 5)
	require.Equal(t, relReplace, got[1].Get("content").Get(pathRelates+".rel_type").Str, "at its place")
	require.Equal(t, said, []string{got[2].Get("event_id").Str, got[3].Get("event_id").Str})
	before := w.say(room, carla, "Hasta luego a todos, colegas.")
	open()
	w.settled()
	w.say(room, carla, "Gracias a todos.")
	got = b.until(room, 8)
	edit := slices.IndexFunc(got[5:], func(ev gjson.Result) bool { return ev.Get("content").Get(pathRelates).Exists() }) + 5
	require.Equal(t, before, got[edit-1].Get("event_id").Str)
	require.Equal(t, before, w.receipt(bob, room, got[edit].Get("event_id").Str, ""))
}

// What was over the limit of a minute comes behind what is newer than its place.
func TestRule04AReceiptOnALateEditThatWasOwedLeavesNothingUnread(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	open := w.engine.close()
	for n := range 25 {
		w.say(room, alice, bedSentence(n))
	}
	w.tooLate()
	b.until(room, 25)
	open()
	w.settled()
	b.until(room, 45)
	newest := w.say(room, carla, "Hola a todos en esta sala.")
	b.until(room, 46)
	w.ahead.Add(int64(time.Minute))
	last := b.until(room, 51)[50]
	require.Equal(t, relReplace, last.Get("content").Get(pathRelates+".rel_type").Str)
	require.Equal(t, newest, w.receipt(bob, room, last.Get("event_id").Str, ""))
}

// untoldNone is a message of which a page of history came to know that it is not translated, and told nobody.
func untoldNone(w *world, room string) *rooms.Event {
	w.t.Helper()
	w.engine.failWith(errors.New("out of order"))
	ev := w.event(w.say(room, alice, question))
	history := &job{key: key{ev.NID, "es"}, ev: ev, from: "en", done: make(chan struct{})}
	require.NoError(w.t, w.bridge.finish(w.t.Context(), history, translator.Result{
		State: translator.None, From: "en", To: "es", Reasons: []check.Reason{{Code: translator.ReasonEngineError}}, Original: compose.Original{Body: question},
	}))
	require.False(w.t, w.rows(ev.ID, "es")[0].late)
	return ev
}

// Nobody was told what a page of history came to: who has the message pending is told that it is not translated, once.
func TestRule14ThatThereIsNoTranslationIsToldThoughAPageOfHistoryKnewIt(t *testing.T) {
	w := newWorld(t)
	ev := untoldNone(w, w.room(alice))
	ask := func(of hearers) {
		j, err := w.bridge.begin(t.Context(), &job{key: key{ev.NID, "es"}, ev: ev, from: "en", hearers: of})
		require.NoError(t, err)
		<-j.done
	}
	ask(nobody)
	require.Len(t, w.rows(ev.ID, "es"), 1, "history asked again in vain")
	for range 2 {
		ask(followers)
		rows := w.rows(ev.ID, "es")
		require.Len(t, rows, 2)
		require.True(t, rows[1].late)
	}
	w.engine.failWith(nil)
	for range 2 {
		ask(nobody)
		rows := w.rows(ev.ID, "es")
		require.Len(t, rows, 3, "a page of history has a translation at last")
		require.Equal(t, string(translator.Translated), rows[2].State)
		require.False(t, rows[2].late)
	}
	ask(followers)
	require.True(t, w.rows(ev.ID, "es")[3].late, "of which others are told, too")
}

const notTranslated = "🌐 sin traducir: "

// beginning is a world where alice said things before bob, who reads Spanish, came, with an engine that hangs.
func beginning(t *testing.T, texts ...string) (w *world, room string, open func()) {
	w = newWorld(t, patient(20*time.Millisecond))
	w.reads(bob, "es")
	room = w.room(alice)
	for _, text := range texts {
		w.say(room, alice, text)
	}
	w.handledAll() // before somebody reads them
	w.tooLate()
	w.member(room, bob, bob, "join")
	return w, room, w.engine.close()
}

func states(messages []gjson.Result) (found map[string]int) {
	found = map[string]int{}
	for _, ev := range messages {
		found[keyIn(ev).Get("state").Str]++
	}
	return found
}

func TestRule14WhatADeviceBeginsWithFollowsAsAnEdit(t *testing.T) {
	w, room, open := beginning(t, question)
	b, other := w.device(bob), w.device(bob)
	for _, d := range []*device{b, other} {
		require.Equal(t, "pending", keyIn(d.messages(room)[0]).Get("state").Str)
		require.Equal(t, question, body(d.messages(room)[0]), "silent while it is under way")
	}
	open()
	for _, d := range []*device{b, other} {
		edit := d.until(room, 2)[1]
		require.Equal(t, relReplace, edit.Get("content").Get(pathRelates+".rel_type").Str)
		require.Contains(t, edit.Get("content").Get(pathNewContent+".body").Str, pregunta)
		d.quiet(room)
	}
	requireTranslated(t, w.device(bob).messages(room), pregunta)
}

func TestRule14WhatADeviceBeginsWithEndsInNotTranslated(t *testing.T) {
	w, room, open := beginning(t, question)
	w.engine.failWith(errors.New("out of order"))
	b := w.device(bob)
	require.Equal(t, "pending", keyIn(b.messages(room)[0]).Get("state").Str)
	open()
	edit := b.until(room, 2)[1].Get("content").Get(pathNewContent)
	require.Equal(t, "none", edit.Get(pathKey+".state").Str)
	require.Contains(t, edit.Get("body").Str, notTranslated)
}

func TestRule14WhatADeviceBeginsWithEndsAfterARestart(t *testing.T) {
	w, room, _ := beginning(t, question)
	b := w.device(bob)
	kept, err := w.bridge.selectJobs(t.Context(), key{}, 10)
	require.NoError(t, err)
	require.Len(t, kept, 1, "stored before the answer is written: the node may be killed")
	w.stop()
	w.engine = newFakeEngine()
	w.start()
	require.Contains(t, b.until(room, 2)[1].Get("content").Get(pathNewContent+".body").Str, pregunta)
}

func TestRule14WhatCannotBeBegunSaysThatItIsNotTranslated(t *testing.T) {
	w, room, open := beginning(t, question)
	defer open()
	for range maxJobs {
		w.bridge.jobs.slots <- struct{}{}
	}
	shown := w.device(bob).messages(room)[0]
	require.Equal(t, "none", keyIn(shown).Get("state").Str, shown.Raw)
	require.Equal(t, `["busy"]`, keyIn(shown).Get("reasons").Raw)
	require.Equal(t, question, keyIn(shown).Get("original.body").Str)
	require.Contains(t, body(shown), question+"\n"+notTranslated)
	for range maxJobs {
		<-w.bridge.jobs.slots
	}
}

// A device gets only so many late edits in a minute: what it would not get does not wait for one.
func TestRule14NoMoreIsPendingThanFollows(t *testing.T) {
	var texts []string
	for n := range 25 {
		texts = append(texts, bedSentence(n))
	}
	w, room, open := beginning(t, texts...)
	b := w.device(bob)
	require.Equal(t, map[string]int{"pending": 20, "none": 5}, states(b.messages(room)))
	require.Equal(t, "none", keyIn(b.messages(room)[4]).Get("state").Str, "the newest follow")
	open()
	w.settled()
	require.Equal(t, 20, states(b.until(room, 45)[25:])["translated"])
	b.quiet(room)
}

// What is being stored is shown in place: it is too late to have it told.
func TestRule14WhatIsBeingStoredDoesNotFollow(t *testing.T) {
	jobs := newJobs()
	j := &job{key: key{1, "es"}, done: make(chan struct{})}
	require.True(t, jobs.add(j))
	jobs.settle(j)
	of, follows := jobs.follow(j.key)
	require.Same(t, j, of, "to be waited for")
	require.False(t, follows)
	running, joined := jobs.join(&job{key: j.key, hearers: followers})
	require.Same(t, j, running)
	require.False(t, joined, "who is to be told begins another after it")
	require.False(t, jobs.isTold(j))
	_, joined = jobs.join(&job{key: j.key})
	require.True(t, joined)
	jobs.reopen(j)
	_, follows = jobs.follow(j.key)
	require.True(t, follows, "it was not stored")
	jobs.join(&job{key: j.key, hearers: beginners})
	jobs.join(&job{key: j.key})
	require.True(t, jobs.isTold(j))
	require.False(t, jobs.isNews(j))
	jobs.join(&job{key: j.key, hearers: followers})
	require.True(t, jobs.isNews(j), "it is for those who follow the room, too")
	of, follows = jobs.follow(j.key)
	require.Nil(t, of)
	require.False(t, follows)
}

// What was put off says so, and nothing more is told until there is a translation. Who has it pending hears of it in any case.
func TestRule14WhatIsOwedIsNotAllThatAPendingMessageEndsIn(t *testing.T) {
	jobs := newJobs()
	j := &job{key: key{1, "es"}, hearers: followers, owed: true, done: make(chan struct{})}
	require.True(t, jobs.add(j))
	jobs.settle(j)
	_, joined := jobs.join(&job{key: j.key, hearers: beginners})
	require.False(t, joined, "it is too late to tell them that there is none")
	_, joined = jobs.join(&job{key: j.key, hearers: followers, owed: true})
	require.True(t, joined)
	jobs.reopen(j)
	_, joined = jobs.join(&job{key: j.key})
	require.True(t, joined)
	require.True(t, jobs.isOwed(j), "a page of history shows it in place")
	_, joined = jobs.join(&job{key: j.key, hearers: beginners})
	require.True(t, joined)
	require.False(t, jobs.isOwed(j))
}

func TestRule14APendingMessageEndsThoughItIsOwedToo(t *testing.T) {
	w := newWorld(t)
	open := w.engine.close()
	ev := w.event(w.say(w.room(alice), alice, "This stands in no book of this engine."))
	paid := make(chan error, 1)
	go func() {
		_, err := w.bridge.pay(t.Context(), ev, scope{from: "en", to: "es"})
		paid <- err
	}()
	require.Eventually(t, func() bool { return w.bridge.jobs.count() == 1 }, patience, time.Millisecond)
	_, err := w.bridge.begin(t.Context(), &job{key: key{ev.NID, "es"}, ev: ev, from: "en", hearers: beginners})
	require.NoError(t, err)
	open()
	require.NoError(t, <-paid)
	rows := w.rows(ev.ID, "es")
	require.Len(t, rows, 1)
	require.True(t, rows[0].late)
	require.Equal(t, string(translator.None), rows[0].State)
}

// What a page lacks after its budget says so: nobody is told when it is there. What has just come is pending there, too.
func TestRule05WhatAPageLacksIsNotPending(t *testing.T) {
	w, room, open := beginning(t, question)
	said := w.event(w.say(room, bob, "Hola a todos en esta sala."))
	page, err := w.rooms.Timeline(t.Context(), room, said.Key, rooms.HistoryKey{}, rooms.Backward, 50, false)
	require.NoError(t, err)
	old := page.Events[slices.IndexFunc(page.Events, func(ev *rooms.Event) bool { return ev.Sender == alice && ev.Type == typeMessage })]
	live := w.say(room, alice, stable)
	w.handledAll()
	viewer, err := w.view.Viewer(t.Context(), bob, "D", "S")
	require.NoError(t, err)
	read := func() []gjson.Result {
		shown, err := w.view.Show(t.Context(), viewer, []*rooms.Event{old, w.event(live)}, view.ShowOptions{})
		require.NoError(t, err)
		return []gjson.Result{gjson.ParseBytes(shown[0]), gjson.ParseBytes(shown[1])}
	}
	shown := read()
	require.Equal(t, `["timeout"]`, keyIn(shown[0]).Get("reasons").Raw, shown[0].Raw)
	require.Contains(t, body(shown[0]), question+"\n"+notTranslated)
	require.Equal(t, "pending", keyIn(shown[1]).Get("state").Str, shown[1].Raw)
	require.Equal(t, stable, body(shown[1]))
	open()
	w.settled()
	require.Equal(t, map[string]int{"translated": 2}, states(read()), "it went on being made")
	for _, row := range w.rows(old.ID, "es") {
		require.False(t, row.late, "no synthetics of pages")
	}
}

// beginningBesideThreads is beginning with one question that bob's device has got, in a room where carla reads in threads.
func beginningBesideThreads(t *testing.T) (w *world, room string, b *device, asked string, open func()) {
	w, room, open = beginning(t, question)
	w.botIn(room, alice)
	w.readsIn(carla, "", `{"language":"es","mode":"thread"}`)
	w.member(room, carla, carla, "join")
	w.handledAll()
	b = w.device(bob)
	return w, room, b, b.messages(room)[0].Get("event_id").Str, open
}

// What a device began with is no news: the bot does not answer in threads on what was said long ago.
func TestRule14WhatFollowsIsSaidInNoThread(t *testing.T) {
	w, room, b, asked, open := beginningBesideThreads(t)
	open()
	b.until(room, 3) // with the bot's own words
	require.True(t, w.rows(asked, "es")[0].late)
	require.False(t, w.rows(asked, "es")[0].Threaded)
	b.quiet(room)
}

// Nothing stays pending that is over the limit: it follows when the minute allows, unless it is taken back until then.
func TestRule14WhatIsOverTheLimitFollows(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	open := w.engine.close()
	var ids []string
	for n := range 25 {
		ids = append(ids, w.say(room, alice, bedSentence(n)))
	}
	w.tooLate()
	b.until(room, 25)
	open()
	w.settled()
	b.until(room, 45)
	b.quiet(room)
	waiting := map[string]bool{}
	for _, id := range ids {
		waiting[id] = true
	}
	for _, edit := range b.messages(room)[25:] {
		delete(waiting, edit.Get(`content.m\.relates_to.event_id`).Str)
	}
	require.Len(t, waiting, 5)
	for id := range waiting {
		w.redact(room, alice, id)
		delete(waiting, id)
		break
	}
	w.settled()
	b.sync(0)
	had := len(b.messages(room))
	w.ahead.Add(int64(time.Minute))
	lost := *b
	lost.events, lost.seen = map[string][]gjson.Result{}, map[string]bool{}
	lost.until(room, 4)
	for _, edit := range b.until(room, had+4)[had:] {
		require.Equal(t, "translated", keyIn(edit).Get("state").Str)
		delete(waiting, edit.Get(`content.m\.relates_to.event_id`).Str)
	}
	require.Empty(t, waiting, "all but what was redacted")
	b.quiet(room)
}
