package sync

import (
	"context"
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

func (m *modelRenderer) Follow(_ context.Context, _ string, events []*rooms.Event) error {
	defer (*world)(m).lock()()
	for _, ev := range events {
		if m.under[ev.NID] {
			m.pending[ev.NID] = true
		}
	}
	return nil
}

// lately is what a device is told late of a room after it read it with a limit of two.
func lately(t *testing.T) (w *world, room *modelRoom, c *client, missed *held) {
	w, room, c = translated(t)
	missed = w.sayHeld(room, "missed", time.Minute)
	missed.giveUp()
	w.say(room, bob, "next")
	w.say(room, bob, "last")
	c.sync("filter", `{"room":{"timeline":{"limit":2}}}`)
	require.Equal(t, []string{"next", "last"}, c.bodies(room))
	return w, room, c, missed
}

func TestRule05ADeviceIsNotToldOfWhatItWasNeverSent(t *testing.T) {
	w, room, c, missed := lately(t)
	fresh := w.client(c.h, bob, "filter", `{"room":{"timeline":{"limit":2}}}`)
	fresh.sync()
	all := w.client(c.h, bob)
	all.sync()
	shown := w.sayHeld(room, "shown", time.Minute)
	shown.giveUp()
	for _, d := range []*client{c, fresh, all} {
		d.sync()
	}
	missed.render("perdido")
	shown.render("mostrado")
	for _, d := range []*client{c, fresh} {
		d.sync()
		require.Equal(t, []string{"* late mostrado"}, d.bodies(room))
	}
	all.sync()
	require.Equal(t, []string{"* late perdido", "* late mostrado"}, all.bodies(room), "a device that has it")
}

func TestRule05WhatIsTakenBackIsToldWhateverADeviceWasSent(t *testing.T) {
	w, room, c, missed := lately(t)
	missed.render("perdido")
	w.renderings[0].Corrects = true
	c.sync()
	require.Equal(t, []string{"* late perdido"}, c.bodies(room))
}

// What a device reads as history it has, though no sync sent it.
func TestRule05ADeviceIsToldOfWhatItReadAsHistory(t *testing.T) {
	w, room, c, missed := lately(t)
	w.pending = map[int64]bool{missed.nid: true}
	read := func(device string) {
		viewer, err := c.h.view.Viewer(t.Context(), bob, device, "S")
		require.NoError(t, err)
		_, err = c.h.view.Show(t.Context(), viewer, []*rooms.Event{w.byNID[missed.nid]}, view.ShowOptions{})
		require.NoError(t, err)
	}
	read("another device")
	missed.render("perdido")
	before := c.since
	c.sync("timeout", "20")
	require.Empty(t, c.bodies(room))
	w.renderings = nil
	read(c.device.DeviceID)
	missed.render("perdido")
	c.since = before
	c.sync()
	require.Equal(t, []string{"* late perdido"}, c.bodies(room))
}

func TestAGapIsForgottenWhenNothingLateCanBeExpected(t *testing.T) {
	w, room, c, missed := lately(t)
	token, err := ParseToken(c.since)
	require.NoError(t, err)
	require.Len(t, token.Gaps, 1)
	gap := token.Gaps[0]
	require.True(t, gap.has(room.nid, w.byNID[missed.nid].Position))
	require.False(t, gap.has(room.nid, gap.From))
	require.False(t, gap.has(room.nid, gap.Start))
	require.False(t, gap.has(room.nid+1, w.byNID[missed.nid].Position))

	now := w.now()
	w.now = func() time.Time { return now.Add(gapKept + time.Minute) }
	missed.render("perdido")
	c.sync("timeout", "20")
	token, err = ParseToken(c.since)
	require.NoError(t, err)
	require.Empty(t, token.Gaps)

	late := w.client(c.h, bob, "filter", `{"room":{"timeline":{"limit":2}}}`)
	late.sync()
	token, err = ParseToken(late.since)
	require.NoError(t, err)
	require.Empty(t, token.Gaps, "what lies in it is old")
}

// Who has read what of a gap is in memory: of another process's tokens nothing is known.
func TestAGapHoldsForTheProcessThatMadeItsToken(t *testing.T) {
	_, room, c, missed := lately(t)
	missed.render("perdido")
	token, err := ParseToken(c.since)
	require.NoError(t, err)
	token.Epoch = "other"
	c.since = token.String()
	c.sync()
	require.Equal(t, []string{"* late perdido"}, c.bodies(room))
	token, err = ParseToken(c.since)
	require.NoError(t, err)
	require.Empty(t, token.Gaps)
}

func TestATokenHasABoundedNumberOfGaps(t *testing.T) {
	w, room, c := translated(t)
	c.params.Set("filter", `{"room":{"timeline":{"limit":1}}}`)
	for range maxGaps + 3 {
		w.say(room, alice, "missed")
		w.say(room, alice, "shown")
		c.sync()
	}
	token, err := ParseToken(c.since)
	require.NoError(t, err)
	require.Len(t, token.Gaps, maxGaps)
	require.Equal(t, room.events[len(room.events)-1].Position, token.Gaps[maxGaps-1].Start, "the oldest go first")
	again := w.client(c.h, bob, "filter", `{"room":{"timeline":{"limit":1}}}`)
	again.sync()
	token, err = ParseToken(again.since)
	require.NoError(t, err)
	require.Len(t, token.Gaps, 1)
	require.Zero(t, token.Gaps[0].From)
}

func TestWhoReadsNoTranslationsHasNoGaps(t *testing.T) {
	w, room, c := translated(t)
	a := w.client(c.h, alice, "filter", `{"room":{"timeline":{"limit":1}}}`)
	w.say(room, bob, "one")
	w.say(room, bob, "two")
	a.sync()
	token, err := ParseToken(a.since)
	require.NoError(t, err)
	require.Empty(t, token.Gaps)
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
	if r := w.renderingOf(id); r != nil {
		return r.Position
	}
	w.t.Fatalf("%s was not made here", id)
	return 0
}

func (w *world) renderingOf(id string) *view.Rendering {
	for _, r := range w.renderings {
		if strings.HasPrefix(id, fmt.Sprintf("$synthetic-%d-", r.Version)) {
			return r
		}
	}
	return nil
}

// eventOf returns the event that a late edit is of, nil for what is none.
func (w *world) eventOf(id string) *rooms.Event {
	defer w.lock()()
	if r := w.renderingOf(id); r != nil {
		return w.byNID[r.EventNID]
	}
	return nil
}

// requireRules fails when the timelines of the last answer do not follow the stream (TRANSLATION 4), or have late edits of
// what the device was never sent (TRANSLATION 5), as long as a token can say all of that.
func (c *client) requireRules(who string) {
	cuts := len(c.w.rooms)
	for _, n := range c.gaps {
		cuts += n
	}
	c.last.Get("rooms.join").ForEach(func(room, body gjson.Result) bool {
		before := int64(0)
		for _, id := range ids(body.Get("timeline.events").Array()) {
			place := c.w.placeOf(id)
			require.Less(c.w.t, before, place, "%s in %s: %s", who, room.Str, id)
			before = place
			if of := c.w.eventOf(id); cuts <= maxGaps && of != nil {
				require.True(c.w.t, c.got[of.ID], "%s in %s: %s of what it has not", who, room.Str, id)
			}
		}
		return true
	})
}
