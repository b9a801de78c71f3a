package bridge

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// lateChoices are what a reader of Spanish may choose after a late translation.
var lateChoices = map[string]string{
	"another language": `{"language":"fr"}`, "the author's": `{"language":"en"}`, "none": `{"mode":"off"}`, "the same": `{"language":"es"}`,
}

func TestRule06WhoChoseAnotherLanguageIsToldWhatIsTakenBack(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		for name, choice := range lateChoices {
			for _, restarted := range []bool{false, true} {
				w := newWorldAt(t, fresh())
				room := w.ward()
				b := w.device(bob)
				open := w.engine.close()
				id := w.say(room, alice, question)
				w.tooLate()
				b.until(room, 1)
				open()
				edit := b.until(room, 2)[1].Get("event_id").Str
				w.readsIn(bob, "", choice)
				w.redact(room, alice, id)
				w.settled()
				if restarted {
					w.restart() // the memory of the stream is empty: it comes from the database
				}
				got := b.until(room, 4)
				require.Equal(t, id, redactsOf(got[2]), name)
				require.Equal(t, edit, redactsOf(got[3]), name)
				b.quiet(room)
			}
		}
	})
}

func TestRule06WhoChoseAnotherLanguageIsShownWhatRemainsAsItWasWritten(t *testing.T) {
	for name, choice := range lateChoices {
		for _, restarted := range []bool{false, true} {
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
			told := b.until(room, 3)[2].Get("event_id").Str
			w.readsIn(bob, "", choice)
			w.redact(room, alice, edit)
			w.settled()
			if restarted {
				w.restart()
			}
			got := b.until(room, 6)
			require.Equal(t, told, redactsOf(got[5]), name)
			want := question
			if name == "the same" {
				want = pregunta
			}
			shown := replay(got)
			require.Contains(t, shown.byTime[id], want, name)
			require.Contains(t, shown.byArrival[id], want, name)
			w.redact(room, alice, id)
			b.untilField(room, "redacts", got[4].Get("event_id").Str) // what remained goes with the message
			b.quiet(room)
		}
	}
}

// Who never read the language was shown nothing in it, and is told nothing.
func TestRule06WhoNeverReadTheLanguageIsToldNothing(t *testing.T) {
	w, room, id, b, _ := lateQuestion(t)
	w.readsIn(alice, "", `{"language":"fr"}`)
	w.member(room, "@dora:"+hospital, "@dora:"+hospital, "join")
	a, d := w.device(alice), w.device("@dora:"+hospital)
	before := len(d.messages(room))
	b.until(room, 2)
	w.redact(room, alice, id)
	b.until(room, 4)
	a.sync(0)
	d.sync(0)
	require.Len(t, d.messages(room), before+1, "the redaction")
	a.quiet(room)
	d.quiet(room)
}

func TestRule05WhatIsTakenBackIsNotLimited(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	open := w.engine.close()
	var ids []string
	for n := range 18 {
		ids = append(ids, w.say(room, alice, bedSentence(n)))
	}
	w.tooLate()
	b.until(room, 18)
	open()
	told := map[string]bool{}
	for _, edit := range b.until(room, 36)[18:] {
		told[edit.Get("event_id").Str] = true
	}
	for _, id := range ids {
		w.redact(room, alice, id)
	}
	for _, redaction := range b.until(room, 72)[36:] {
		delete(told, redactsOf(redaction))
	}
	require.Empty(t, told, "all of them")
}

func TestRule05AnAnswerThatGotLostIsMadeAgainWhole(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	open := w.engine.close()
	for n := range 15 {
		w.say(room, alice, bedSentence(n))
	}
	w.tooLate()
	b.until(room, 15)
	open()
	w.settled()
	lost := *b
	lost.events, lost.seen = map[string][]gjson.Result{}, map[string]bool{}
	lost.until(room, 15)
	b.until(room, 30)
}

func TestRule05ASyntheticKeepsToTheFilter(t *testing.T) {
	for filter, told := range map[string]int{
		`{"room":{"timeline":{"limit":50}}}`:                           2,
		`{"room":{"timeline":{"types":["m.room.message"]}}}`:           2,
		`{"room":{"timeline":{"types":["m.room.member"]}}}`:            0,
		`{"room":{"timeline":{"not_types":["m.room.message"]}}}`:       0,
		`{"room":{"timeline":{"not_senders":["` + alice + `"]}}}`:      0,
		`{"room":{"timeline":{"senders":["` + bob + `"]}}}`:            0,
		`{"room":{"timeline":{"limit":0}}}`:                            0,
		`{"room":{"timeline":{"not_rooms":["!x"],"rooms":["!else"]}}}`: 0,
		`{"event_format":"federation"}`:                                1, // the PDU
	} {
		w := newWorld(t)
		room := w.ward()
		b := w.device(bob)
		b.filter = filter
		open := w.engine.close()
		w.say(room, alice, question)
		w.tooLate()
		b.sync(0)
		open()
		w.settled()
		b.sync(0)
		require.Len(t, b.messages(room), told, filter)
	}
}

func TestRule05ASyntheticHasTheFieldsThatTheFilterNames(t *testing.T) {
	_, room, _, b, _ := lateQuestion(t)
	b.filter = `{"event_fields":["type","event_id","content.body"]}`
	edit := b.until(room, 2)[1]
	require.Len(t, edit.Map(), 3, edit.Raw)
	require.Len(t, edit.Get("content").Map(), 1, edit.Raw)
}

func TestRule09TheKeyIsInUnsignedOfSyntheticsAndOfWhatIsBundled(t *testing.T) {
	w, room, id, b, _ := lateQuestion(t)
	edit := b.until(room, 2)[1]
	require.JSONEq(t, edit.Get("content").Get(pathKey).Raw, edit.Get("unsigned").Get(pathKey).Raw)
	w.rendered(w.send(room, alice, editOf(id, better)), "es")
	viewer, err := w.view.Viewer(t.Context(), bob, "D", "S")
	require.NoError(t, err)
	shown, err := w.view.Show(t.Context(), viewer, []*rooms.Event{w.event(id)}, view.ShowOptions{Bundle: true})
	require.NoError(t, err)
	bundled := gjson.GetBytes(shown[0], `unsigned.m\.relations.m\.replace`)
	require.Equal(t, "translated", bundled.Get("unsigned").Get(pathKey+".state").Str, bundled.Raw)
	require.JSONEq(t, bundled.Get("content").Get(pathKey).Raw, bundled.Get("unsigned").Get(pathKey).Raw)
}

// receipt sets a receipt of a user and returns the event that it counts for.
func (w *world) receipt(user, roomID, id, thread string) string {
	w.t.Helper()
	viewer, err := w.view.Viewer(context.Background(), user, "D", "S")
	require.NoError(w.t, err)
	mapped, err := w.view.MapReceipt(context.Background(), viewer, roomID, id, thread)
	require.NoError(w.t, err)
	err = w.rooms.SetReceipt(context.Background(), rooms.Receipt{RoomID: roomID, UserID: user, Type: "m.read", ThreadID: thread, EventID: mapped, TS: 1})
	require.NoError(w.t, err)
	return mapped
}

func TestRule04AReceiptCountsForWhatCameBetweenOriginalAndSynthetic(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	open := w.engine.close()
	id := w.say(room, alice, question)
	w.tooLate()
	between := w.say(room, carla, "Hola a todos en esta sala.")
	b.until(room, 2)
	open()
	first := b.until(room, 3)[2].Get("event_id").Str
	require.Equal(t, between, w.receipt(bob, room, first, ""))

	open = w.engine.close()
	edit := w.send(room, alice, editOf(id, better))
	w.tooLate()
	later := w.say(room, carla, "Buenos días a todos, colegas.")
	b.until(room, 5)
	open()
	second := b.until(room, 6)[5].Get("event_id").Str
	require.Equal(t, later, w.receipt(bob, room, second, ""))
	for _, choice := range lateChoices {
		w.readsIn(bob, "", choice)
		require.Equal(t, later, w.receipt(bob, room, second, ""), "whatever the reader reads now: %s", choice)
		require.Equal(t, between, w.receipt(bob, room, first, ""), "each by its own place")
	}

	w.readsIn(bob, "", `{"language":"es","mode":"in_place"}`)
	last := w.say(room, carla, "Hasta luego a todos, colegas.")
	b.until(room, 7)
	w.redact(room, alice, edit)
	got := b.until(room, 10)
	remains, gone := got[8].Get("event_id").Str, got[9].Get("event_id").Str
	redaction := got[7].Get("event_id").Str
	w.say(room, carla, "Gracias a todos.")
	require.Equal(t, redaction, w.receipt(bob, room, remains, ""), "after "+last)
	require.Equal(t, redaction, w.receipt(bob, room, gone, ""))
	w.restart()
	require.Equal(t, redaction, w.receipt(bob, room, gone, ""))
}

func TestRule04AnotherRoomsSyntheticHasNoPlaceHere(t *testing.T) {
	w := newWorld(t)
	room, other := w.ward(), w.room(alice, bob)
	w.say(other, bob, "Hola a todos en esta sala.")
	b := w.device(bob)
	open := w.engine.close()
	id := w.say(room, alice, question)
	w.tooLate()
	b.until(room, 1)
	open()
	edit := b.until(room, 2)[1].Get("event_id").Str
	viewer, err := w.view.Viewer(t.Context(), bob, "D", "S")
	require.NoError(t, err)
	mapped, err := w.view.MapReceipt(t.Context(), viewer, other, edit, "")
	require.NoError(t, err)
	require.Equal(t, id, mapped, "which the room does not have")
}

func TestRule04AReceiptOfAThreadStaysInIt(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	root := w.say(room, carla, "Hola a todos en esta sala.")
	inThread := func(body string) object {
		return object{"msgtype": "m.text", "body": body, "m.relates_to": object{"rel_type": "m.thread", "event_id": root}}
	}
	open := w.engine.close()
	id := w.say(room, alice, question)
	threaded := w.send(room, alice, inThread(stable))
	w.tooLate()
	answer := w.send(room, carla, inThread("Buenos días a todos, colegas."))
	b.until(room, 4)
	open()
	got := b.until(room, 6)
	edits := map[string]string{}
	for _, ev := range got[4:] {
		edits[ev.Get("content").Get(pathRelates+".event_id").Str] = ev.Get("event_id").Str
	}
	require.Equal(t, id, w.receipt(bob, room, edits[id], "main"), "not what was said in the thread since")
	require.Equal(t, answer, w.receipt(bob, room, edits[id], ""))
	require.Equal(t, answer, w.receipt(bob, room, edits[threaded], root))
	require.Equal(t, answer, w.receipt(bob, room, edits[threaded], ""))
}

// An edit with an earlier time than a late translation is followed by a synthetic on the message. When the edit goes, so does
// that, and its id must not serve what the message says.
func TestRule06TheIDOfWhatFollowedAnEditServesTheRedactedEdit(t *testing.T) {
	w, room, id, b, _ := lateQuestion(t)
	b.until(room, 2)
	edit := w.sendAt(room, alice, editOf(id, better), w.event(id).OriginServerTS-5000)
	follow := b.until(room, 4)[3].Get("event_id").Str
	w.redact(room, alice, edit)
	b.untilField(room, "redacts", follow)
	real, synthetic := w.realID(follow, bob)
	require.True(t, synthetic)
	require.Equal(t, edit, real)
	require.Empty(t, w.shownTo(bob, real).Get("content").Map())
}

// With a message its edits' synthetics are taken back, though the edits stand.
func TestRule06TheIDOfAnEditsSyntheticServesTheRedactedMessage(t *testing.T) {
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
	told := b.until(room, 3)[2].Get("event_id").Str
	real, _ := w.realID(told, bob)
	require.Equal(t, edit, real)
	w.redact(room, alice, id)
	b.untilField(room, "redacts", told)
	real, _ = w.realID(told, bob)
	require.Equal(t, id, real)
	require.Empty(t, w.shownTo(bob, real).Get("content").Map())
}

// A reader whose profile names the language has no account data; the change is remembered all the same.
func TestRule06AChangeOfTheProfilesLanguageCountsToo(t *testing.T) {
	w := newWorld(t)
	w.reads(carla, "es")
	_, err := w.accounts.EnsureUser(t.Context(), "bob", "Bob")
	require.NoError(t, err)
	require.NoError(t, w.accounts.SetProfileField(t.Context(), bob, typeLanguage, []byte(`"es"`)))
	room := w.room(alice, bob, carla)
	b := w.device(bob)
	open := w.engine.close()
	id := w.say(room, alice, question)
	w.tooLate()
	b.until(room, 1)
	open()
	edit := b.until(room, 2)[1]
	require.True(t, strings.Contains(body(edit), pregunta))
	require.NoError(t, w.accounts.DeleteProfileField(t.Context(), bob, typeLanguage))
	w.redact(room, alice, id)
	require.Equal(t, edit.Get("event_id").Str, redactsOf(b.until(room, 4)[3]))
}

// Who has left is told nothing of the room any more: what they were waiting for comes as it is, and never as something that
// is to follow.
func TestRule14NothingIsPendingForWhoHasLeft(t *testing.T) {
	for _, inTime := range []bool{false, true} {
		w := newWorld(t)
		room := w.ward()
		b := w.device(bob)
		open := w.engine.close()
		id := w.say(room, alice, question)
		w.handledAll()
		b.sync(0)
		require.Empty(t, b.messages(room), "held")
		w.member(room, bob, bob, "leave")
		if inTime {
			open()
			w.rendered(id, "es")
		}
		got := b.until(room, 1)[0]
		if inTime {
			require.Equal(t, "translated", keyIn(got).Get("state").Str)
			require.True(t, strings.HasPrefix(body(got), pregunta), body(got))
			continue
		}
		require.False(t, keyIn(got).Exists(), got.Raw)
		require.Equal(t, question, body(got))
		open()
	}
}
