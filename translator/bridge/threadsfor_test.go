package bridge

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/rooms"
	"medixchange/rooms/view"
)

// threadOf is a message as a user finds it in history, with its thread.
func (w *world) threadOf(user, eventID string) gjson.Result {
	w.t.Helper()
	viewer, err := w.view.Viewer(context.Background(), user, "D", "S")
	require.NoError(w.t, err)
	shown, err := w.view.Show(context.Background(), viewer, w.events(eventID), view.ShowOptions{Bundle: true})
	require.NoError(w.t, err)
	return gjson.ParseBytes(shown[0]).Get(`unsigned.m\.relations.m\.thread`)
}

func (w *world) related(user, roomID, eventID string) []*rooms.Event {
	w.t.Helper()
	viewer, err := w.view.Viewer(context.Background(), user, "D", "S")
	require.NoError(w.t, err)
	page, err := w.rooms.Relations(context.Background(), rooms.RelationQuery{
		RoomID: roomID, EventID: eventID, RelType: "m.thread", From: rooms.HistoryKey{Anchor: newest}, Dir: rooms.Backward, Limit: 10,
	})
	require.NoError(w.t, err)
	visible, err := w.view.Visible(context.Background(), viewer, roomID, page.Events)
	require.NoError(w.t, err)
	return visible
}

// saidBy are the messages of a sender that came to a device.
func (d *device) saidBy(roomID, sender string) (found []gjson.Result) {
	for _, ev := range d.messages(roomID) {
		if ev.Get("sender").Str == sender {
			found = append(found, ev)
		}
	}
	return found
}

func TestReplyInAThreadComesOnlyToThoseWhoReadItsLanguageThere(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	w.botIn(room, alice)
	w.readsIn(bob, "", `{"language":"es","mode":"thread"}`)
	w.readsIn(alice, "", `{"language":"en","mode":"thread"}`)
	a, b, c := w.device(alice), w.device(bob), w.device(carla)
	greeted := len(b.saidBy(room, bot))
	id := w.say(room, alice, question)
	require.Eventually(t, func() bool { b.sync(0); return len(b.saidBy(room, bot)) == greeted+1 }, patience, 5*time.Millisecond)
	answer := w.say(room, bob, estable)
	require.Eventually(t, func() bool { a.sync(0); return len(a.saidBy(room, bot)) == greeted+1 }, patience, 5*time.Millisecond)
	for _, d := range []*device{b, c} {
		w.settled()
		w.botRead()
		d.sync(0)
		d.sync(0)
	}
	spanish, english := b.saidBy(room, bot)[greeted], a.saidBy(room, bot)[greeted]
	require.Equal(t, "es", spanish.Get("content").Get(tagPath).Str)
	require.Equal(t, "en", english.Get("content").Get(tagPath).Str)
	require.Len(t, c.saidBy(room, bot), greeted, "carla has the translation in the message itself")
	require.Equal(t, pregunta, firstLine(w.bodyAs(carla, id)))

	require.EqualValues(t, 1, w.threadOf(bob, id).Get("count").Int())
	require.Equal(t, spanish.Get("event_id").Str, w.threadOf(bob, id).Get("latest_event.event_id").Str)
	require.EqualValues(t, 1, w.threadOf(alice, answer).Get("count").Int())
	for user, thread := range map[string]string{alice: id, bob: answer, carla: id} {
		require.False(t, w.threadOf(user, thread).Exists(), "%s sees no thread, nor a count of it", user)
		require.Empty(t, w.related(user, room, thread), user)
	}
	require.Len(t, w.related(bob, room, id), 1)

	w.readsIn(carla, "", `{"language":"es","mode":"thread"}`)
	require.Len(t, w.related(carla, room, id), 1, "who wants threads later finds them")
	require.True(t, Quiet(w.event(spanish.Get("event_id").Str), bot), "and none of them notifies")
}

func TestRule18TheReadingLogSaysWhatWasReadInAThread(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	w.botIn(room, alice)
	w.readsIn(bob, "", `{"language":"es","mode":"thread"}`)
	b := w.device(bob)
	greeted := len(b.saidBy(room, bot))
	id := w.say(room, alice, question)
	require.Eventually(t, func() bool { b.sync(0); return len(b.saidBy(room, bot)) == greeted+1 }, patience, 5*time.Millisecond)
	edit := w.send(room, alice, editOf(id, better))
	require.Eventually(t, func() bool { b.sync(0); return len(b.saidBy(room, bot)) == greeted+2 }, patience, 5*time.Millisecond)
	log := w.readingsOf(id)
	var read []string
	for _, r := range log.Get("readings").Array() {
		require.Equal(t, bob, r.Get("user_id").Str, "nobody else was given anything")
		require.Equal(t, view.ModeThread, r.Get("mode").Str)
		read = append(read, r.Get("version_id").Str+" "+firstLine(r.Get("text").Str))
	}
	require.ElementsMatch(t, []string{id + " " + pregunta, edit + " " + mejor}, read, log.Raw)
}
