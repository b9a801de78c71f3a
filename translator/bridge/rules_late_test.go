package bridge

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/rooms"
)

// lateChoices are what a reader of Spanish may choose after a late translation.
var lateChoices = map[string]string{
	"another language": `{"language":"fr"}`, "the author's": `{"language":"en"}`, "none": `{"mode":"off"}`, "the same": `{"language":"es"}`,
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
	real, synthetic := w.bridge.RealID(follow, bob)
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
	real, _ := w.bridge.RealID(told, bob)
	require.Equal(t, edit, real)
	w.redact(room, alice, id)
	b.untilField(room, "redacts", told)
	real, _ = w.bridge.RealID(told, bob)
	require.Equal(t, id, real)
	require.Empty(t, w.shownTo(bob, real).Get("content").Map())
}
