package bridge

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/accounts"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

const lastTwo = `{"room":{"timeline":{"limit":2}}}`

// edited returns the ids of the messages that late edits among messages are of.
func edited(messages []gjson.Result) (ids []string) {
	for _, ev := range messages {
		if relates := ev.Get("content").Get(pathRelates); relates.Get("rel_type").Str == relReplace {
			ids = append(ids, relates.Get("event_id").Str)
		}
	}
	return ids
}

// fresh is a device that begins with a filter.
func (w *world) fresh(user, filter string) *device {
	d := &device{
		w: w, device: &accounts.Device{UserID: user, DeviceID: "FRESH", Scope: "S"}, filter: filter,
		events: map[string][]gjson.Result{}, seen: map[string]bool{},
	}
	d.sync(0)
	return d
}

// readPage is what a device is shown of events in a page of history.
func (w *world) readPage(d *device, ids ...string) (shown []gjson.Result) {
	w.t.Helper()
	viewer, err := w.view.Viewer(w.t.Context(), d.device.UserID, d.device.DeviceID, d.device.Scope)
	require.NoError(w.t, err)
	events := make([]*rooms.Event, 0, len(ids))
	for _, id := range ids {
		events = append(events, w.event(id))
	}
	page, err := w.view.Show(w.t.Context(), viewer, events, view.ShowOptions{Bundle: true})
	require.NoError(w.t, err)
	for _, ev := range page {
		shown = append(shown, gjson.ParseBytes(ev))
	}
	return shown
}

func TestRule05LateEditsAreOfWhatADeviceWasSent(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	limited := w.device(bob)
	limited.filter = lastTwo
	open := w.engine.close()
	var said []string
	for n := range 5 {
		said = append(said, w.say(room, alice, bedSentence(n)))
	}
	w.tooLate()
	limited.sync(0)
	require.Len(t, limited.messages(room), 2)
	begins := w.fresh(carla, lastTwo)
	require.Len(t, begins.messages(room), 2)
	whole := w.device(bob)
	shown := w.readPage(limited, said[1])[0]
	require.Equal(t, "pending", keyIn(shown).Get("state").Str, "it is history by now, and its edit follows")
	open()
	w.settled()
	require.ElementsMatch(t, []string{said[1], said[3], said[4]}, edited(limited.until(room, 5)), "with what it read as history")
	require.ElementsMatch(t, said[3:], edited(begins.until(room, 4)))
	require.ElementsMatch(t, said, edited(whole.until(room, 10)))
	limited.quiet(room)
	begins.quiet(room)
}

// What a device was never sent it may have read as history, in translation. When that is withdrawn it is told.
func TestRule06WhatWasReadAsHistoryOfAGapIsPutRight(t *testing.T) {
	w := newWorld(t)
	room := w.ward()
	b := w.device(bob)
	b.filter = lastTwo
	id := w.say(room, alice, question)
	edit := w.send(room, alice, editOf(id, better))
	for _, body := range []string{"Hola a todos en esta sala.", "Buenos días a todos, colegas."} {
		w.say(room, carla, body)
	}
	w.settled()
	b.sync(0)
	require.Len(t, b.messages(room), 2)
	page := w.readPage(b, id)[0]
	require.Contains(t, page.Get("unsigned").Get(`m\.relations.m\.replace.content`).Get(pathNewContent+".body").Str, w.engine.book["es:"+better])
	w.redact(room, alice, edit)
	w.settled()
	got := b.until(room, 5) // and what takes back a late edit that it never had
	require.Equal(t, edit, redactsOf(got[2]))
	shown := replay(append([]gjson.Result{page}, got...))
	require.Contains(t, shown.byTime[id], pregunta)
	require.Contains(t, shown.byArrival[id], pregunta)
}

// A device has the topic of a room although its timeline begins after it.
func TestRule05ATopicIsSentWhereverATimelineBegins(t *testing.T) {
	w := topicWorld(t)
	room := w.ward()
	w.readsIn(bob, "", wantsTopics)
	open := w.engine.close()
	w.setTopic(room, alice, topic)
	for _, body := range []string{"Hola a todos en esta sala.", "Buenos días a todos, colegas."} {
		w.say(room, carla, body)
	}
	w.tooLate()
	b := w.fresh(bob, lastTwo)
	require.Len(t, b.messages(room), 2)
	open()
	require.Contains(t, body(b.until(room, 3)[2]), tema)
}
