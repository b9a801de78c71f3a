package bridge

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/rooms"
	"medixchange/rooms/view"
)

// patient is a world whose view waits for pages of history.
func patient(budget time.Duration) func(*world) { return func(w *world) { w.page = budget } }

func (w *world) purge() {
	w.t.Helper()
	_, err := w.bridge.purgeCache(nil, httptest.NewRequest("POST", "/", strings.NewReader("{}")))
	require.NoError(w.t, err)
}

func requireTranslated(t *testing.T, messages []gjson.Result, bodies ...string) {
	t.Helper()
	require.Len(t, messages, len(bodies))
	for i, ev := range messages {
		require.Contains(t, body(ev), bodies[i])
		require.Equal(t, "translated", keyIn(ev).Get("state").Str, ev.Raw)
		require.Empty(t, ev.Get("content").Get(pathRelates).Raw, "in place, not as an edit")
	}
}

func TestWhoJoinsARoomThatNobodyReadInTheirLanguageReadsItInTranslation(t *testing.T) {
	w := newWorld(t, patient(patience))
	room := w.room(alice)
	w.reads(bob, "es")
	before := w.device(bob)
	w.say(room, alice, question)
	w.say(room, alice, stable)
	gone := w.say(room, alice, better)
	w.redact(room, alice, gone)
	w.settled()
	w.member(room, bob, bob, "join")
	after := w.device(bob)
	for _, d := range []*device{before, after} {
		d.sync(0)
		requireTranslated(t, d.messages(room)[:2], w.engine.book["es:"+question], w.engine.book["es:"+stable])
		d.quiet(room)
	}
	require.Equal(t, 1, w.engine.count("es", question), "once, however many devices begin")
	require.Zero(t, w.engine.count("es", better), "what is redacted goes to no engine")
}

func TestADeviceThatBeginsAfterThePurgeOfTheCacheReadsTranslations(t *testing.T) {
	w := newWorld(t, patient(patience))
	room := w.ward()
	b := w.device(bob)
	w.say(room, alice, question)
	requireTranslated(t, b.until(room, 1), w.engine.book["es:"+question])
	w.settled()
	w.purge()
	w.restart()
	requireTranslated(t, w.device(bob).messages(room), w.engine.book["es:"+question])
	w.settled()
	b.quiet(room)
}

// Rule 14: what is not ready within the budget stays as it was written, and follows as an edit.
func TestAnEngineThatHangsCostsADeviceThatBeginsOneBudget(t *testing.T) {
	w := newWorld(t, patient(50*time.Millisecond))
	w.reads(bob, "es")
	var all []string
	for n := range 4 {
		room := w.room(alice)
		w.say(room, alice, bedSentence(n))
		w.handledAll() // when nobody reads it in Spanish
		w.member(room, bob, bob, "join")
		all = append(all, room)
	}
	w.settled()
	open := w.engine.close()
	d := w.device(bob)
	for _, room := range all {
		require.Equal(t, "pending", keyIn(d.messages(room)[0]).Get("state").Str)
	}
	require.Equal(t, 4, w.bridge.jobs.count(), "all are asked for at once, so that they are there the next time")
	open()
	w.settled()
	for n, room := range all {
		edit := d.until(room, 2)[1].Get("content")
		require.Contains(t, edit.Get(pathNewContent+".body").Str, bedPhrase.Replace(bedSentence(n)))
		d.quiet(room)
		requireTranslated(t, w.device(bob).messages(room), bedPhrase.Replace(bedSentence(n)))
	}
}

// A message that has just come follows as an edit, and so is not waited for again.
func TestADeviceThatBeginsDoesNotWaitForWhatFollowsAsAnEdit(t *testing.T) {
	w := newWorld(t, patient(patience))
	room := w.ward()
	open := w.engine.close()
	id := w.say(room, alice, question)
	w.tooLate()
	d := w.device(bob) // would wait until the gate opens
	require.Equal(t, question, body(d.until(room, 1)[0]))
	open()
	edit := d.until(room, 2)[1].Get("content")
	require.Equal(t, id, edit.Get(pathRelates+".event_id").Str)
	requireTranslated(t, w.device(bob).messages(room), w.engine.book["es:"+question])
}

// Rule 5: one budget for a request, however many rooms and answers it is made of.
func TestARequestForHistoryWaitsOneBudgetInAll(t *testing.T) {
	w := newWorld(t, patient(50*time.Millisecond))
	w.reads(bob, "es")
	var events []*rooms.Event
	for n := range 3 {
		room := w.room(alice)
		events = append(events, w.event(w.say(room, alice, bedSentence(n))))
		w.handledAll() // before somebody reads it
		w.member(room, bob, bob, "join")
	}
	w.settled()
	open := w.engine.close()
	defer open()
	viewer, err := w.view.Viewer(t.Context(), bob, "D", "S")
	require.NoError(t, err)
	o := view.ShowOptions{Budget: w.view.Budget()}
	_, err = w.view.Show(t.Context(), viewer, events[:2], o)
	require.NoError(t, err)
	require.Equal(t, 2, w.bridge.jobs.count(), "of both rooms: they are waited for together")
	_, err = w.view.Show(t.Context(), viewer, events[2:], o)
	require.NoError(t, err)
	require.Equal(t, 2, w.bridge.jobs.count(), "nothing is left to wait with")
	_, err = w.view.Show(t.Context(), viewer, events[2:], view.ShowOptions{})
	require.NoError(t, err)
	require.Equal(t, 3, w.bridge.jobs.count(), "another request has its own")
}
