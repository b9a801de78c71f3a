package sync

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/stream"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// notice tells bob something alone.
func (w *world) notice(room *modelRoom, body string) {
	w.write(func(position int64) []stream.Entry {
		w.notices = append(w.notices, &view.Notice{
			UserID: bob, RoomID: room.id, Sender: "@translator:a", Position: position, TS: 5,
			Content: json.RawMessage(fmt.Sprintf(`{"msgtype":"m.notice","body":%q}`, body)),
		})
		return []stream.Entry{{Topic: rooms.UserTopic(bob), Kind: rooms.EntryNotice, Value: w.notices[len(w.notices)-1]}}
	})
}

func TestRule04WhatExistsForOneUserStandsWhereItHasItsPlace(t *testing.T) {
	w, room, c := translated(t)
	first := w.sayHeld(room, "first", time.Minute)
	first.giveUp()
	c.sync()
	w.say(room, bob, "before")
	first.render("primero")
	w.say(room, bob, "between")
	w.notice(room, "for you alone")
	w.say(room, bob, "after")
	c.sync()
	require.Equal(t, []string{"before", "* late primero", "between", "for you alone", "after"}, c.bodies(room))
	timeline := c.section("join", room).Get("timeline")
	require.False(t, timeline.Get("limited").Bool())
	require.Equal(t, HistoryToken(rooms.HistoryKey{Anchor: room.events[4].Position, Sub: -1}), timeline.Get("prev_batch").Str)
}

// The limit counts events of the room, and prev_batch is the place of the oldest of them, whatever stands before it.
func TestRule04WhatHasItsPlaceInAGapStandsBeforeTheEvents(t *testing.T) {
	w, room, c := translated(t)
	first := w.sayHeld(room, "first", time.Minute)
	first.giveUp()
	c.sync()
	w.say(room, bob, "in the gap")
	first.render("primero")
	w.say(room, bob, "next")
	last := w.say(room, bob, "last")
	c.sync("filter", `{"room":{"timeline":{"limit":2}}}`)
	require.Equal(t, []string{"* late primero", "next", "last"}, c.bodies(room))
	timeline := c.section("join", room).Get("timeline")
	require.True(t, timeline.Get("limited").Bool())
	require.Equal(t, HistoryToken(rooms.HistoryKey{Anchor: last.Position - 1, Sub: -1}), timeline.Get("prev_batch").Str)
}

func TestRule04TheFieldsOfAFilterHoldForWhatStandsAmongTheEvents(t *testing.T) {
	w, room, c := translated(t)
	first := w.sayHeld(room, "first", time.Minute)
	first.giveUp()
	c.sync()
	first.render("primero")
	w.say(room, bob, "after")
	c.sync("filter", `{"event_fields":["type","content.body"]}`)
	require.Equal(t, []string{"* late primero", "after"}, c.bodies(room))
	c.section("join", room).Get("timeline.events").ForEach(func(_, event gjson.Result) bool {
		require.Len(t, event.Map(), 2, event.Raw)
		return true
	})
}

// placeOf returns the stream position of an event that a device was sent.
func (w *world) placeOf(id string) int64 {
	defer w.lock()()
	for _, room := range w.rooms {
		for _, ev := range room.events {
			if ev.ID == id {
				return ev.Position
			}
		}
	}
	for _, r := range w.renderings {
		if strings.HasPrefix(id, fmt.Sprintf("$synthetic-%d-", r.Version)) {
			return r.Position
		}
	}
	w.t.Fatalf("%s was not made here", id)
	return 0
}

// requirePlaces fails when the timelines of the last answer do not follow the stream (TRANSLATION 4).
func (c *client) requirePlaces(who string) {
	c.last.Get("rooms.join").ForEach(func(room, body gjson.Result) bool {
		before := int64(0)
		for _, id := range ids(body.Get("timeline.events").Array()) {
			place := c.w.placeOf(id)
			require.Less(c.w.t, before, place, "%s in %s: %s", who, room.Str, id)
			before = place
		}
		return true
	})
}
