package sync

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/rooms"
)

// untranslated is a world where nothing was translated before bob, who reads Spanish, came, and an engine that is asked.
func untranslated(t *testing.T) (w *world, asked *[]string) {
	w = newWorld(t)
	w.language[bob] = "es"
	asked = &[]string{}
	w.asked = func(language string, events []*rooms.Event) {
		require.Equal(t, "es", language)
		for _, ev := range events {
			body := ev.Content().Get("body").Str
			*asked = append(*asked, body)
			w.renderAs(ev, "es", "es "+body, false)
		}
	}
	return w, asked
}

func TestADeviceThatBeginsReadsInTranslationWhatNobodyTranslatedBefore(t *testing.T) {
	w, asked := untranslated(t)
	room := w.newRoom(alice)
	w.say(room, alice, "before bob came")
	h := w.handler(0)
	c := w.client(h, bob)
	c.sync()
	w.member(room, bob, bob, "join")
	c.sync()
	require.Equal(t, []string{"es before bob came"}, c.bodies(room), "a room that is new to the device")
	c.sync("timeout", "20")
	require.Empty(t, c.bodies(room), "what was in place comes in no edit")

	w.say(room, alice, "live")
	c.sync()
	require.Equal(t, []string{"live"}, c.bodies(room), "who follows the room waits for what comes, and asks for nothing")
	require.Equal(t, []string{"before bob came"}, *asked)

	for n := range 12 {
		w.say(room, alice, fmt.Sprint("message ", n))
	}
	c.sync("filter", `{"room":{"timeline":{"limit":2}}}`)
	require.True(t, c.section("join", room).Get("timeline.limited").Bool())
	require.Equal(t, []string{"es message 10", "es message 11"}, c.bodies(room), "a piece behind a gap")

	again := w.client(h, bob)
	again.sync("filter", `{"room":{"timeline":{"limit":4}}}`)
	require.Equal(t, []string{"es message 8", "es message 9", "es message 10", "es message 11"}, again.bodies(room), "a device that begins")

	w.member(room, bob, bob, "leave")
	archive := w.client(h, bob)
	archive.sync("filter", `{"room":{"include_leave":true,"timeline":{"limit":8}}}`)
	require.Contains(t, archive.section("leave", room).Raw, "es message 6", "a room that was left")
}

// TestRule01OtherRoomsDoNotWait: a gap in one room costs the messages of another nothing.
func TestRule01OtherRoomsDoNotWait(t *testing.T) {
	w, _ := untranslated(t)
	room, calm := w.newRoom(alice), w.newRoom(alice)
	w.member(room, bob, bob, "join")
	w.member(calm, bob, bob, "join")
	c := w.client(w.handler(0), bob)
	c.sync()
	for n := range 12 {
		w.say(room, alice, fmt.Sprint("message ", n))
	}
	w.say(calm, alice, "now")
	c.sync("filter", `{"room":{"timeline":{"limit":2}}}`)
	require.True(t, c.section("join", room).Get("timeline.limited").Bool())
	require.Equal(t, []string{"now"}, c.bodies(calm))
	require.LessOrEqual(t, w.budget, 10*time.Millisecond)

	for n := range 12 {
		w.say(room, alice, fmt.Sprint("more ", n))
	}
	c.sync("filter", `{"room":{"timeline":{"limit":2}}}`)
	require.Equal(t, []string{"es more 10", "es more 11"}, c.bodies(room))
	require.Greater(t, w.budget, 10*time.Millisecond, "alone it is worth waiting for")
}

func TestOnlyWhatADeviceMayReadIsAskedFor(t *testing.T) {
	w, asked := untranslated(t)
	room := w.newRoom(alice)
	w.member(room, bob, bob, "join")
	w.say(room, bob, "my own words")
	done := w.say(room, alice, "translated before")
	w.render(done, "es", "traducido")
	pending := w.sayHeld(room, "being translated", time.Minute)
	pending.giveUp()
	w.pending = map[int64]bool{pending.nid: true}
	c := w.client(w.handler(0), bob)
	c.sync()
	require.Equal(t, []string{"my own words", "traducido", "being translated"}, c.bodies(room))
	require.Empty(t, *asked)
	pending.render("se traduce")
	c.sync()
	require.Equal(t, []string{"* late se traduce"}, c.bodies(room), "what is under way follows as an edit")
}

// One budget for an answer: nothing is waited for room by room.
func TestTheRoomsOfAnAnswerAreAskedForTogether(t *testing.T) {
	w, _ := untranslated(t)
	var all []*modelRoom
	for n := range 5 {
		room := w.newRoom(alice)
		w.member(room, bob, bob, "join")
		w.say(room, alice, fmt.Sprint("older of room ", n))
		w.say(room, alice, fmt.Sprint("newer of room ", n))
		all = append(all, room)
	}
	calls := 0
	answered := w.asked
	w.asked = func(language string, events []*rooms.Event) {
		calls++
		require.Len(t, events, 10)
		for _, ev := range events[5:] {
			require.Contains(t, ev.Content().Get("body").Str, "newer", "the last are asked for first")
		}
		answered(language, events)
	}
	c := w.client(w.handler(0), bob)
	c.sync()
	require.Equal(t, 1, calls)
	for n, room := range all {
		require.Equal(t, []string{fmt.Sprint("es older of room ", n), fmt.Sprint("es newer of room ", n)}, c.bodies(room))
	}
}

func TestOthersReadTheDatabaseWhileASyncWaitsForTranslations(t *testing.T) {
	w, _ := untranslated(t)
	room := w.newRoom(alice)
	w.member(room, bob, bob, "join")
	w.say(room, alice, "hello")
	asked, answer := make(chan struct{}), make(chan struct{})
	w.asked = func(string, []*rooms.Event) { close(asked); <-answer }
	h := w.handler(0) // with one seat
	ended := make(chan error)
	go func() {
		_, err := w.client(h, bob).request("")
		ended <- err
	}()
	<-asked
	other := w.client(h, alice)
	other.sync()
	require.Equal(t, []string{"hello"}, other.bodies(room))
	close(answer)
	require.NoError(t, <-ended)
	w.client(h, alice).sync()
}

// What is still being made when the budget ends follows as an edit; of what cannot be begun the device is told so.
func TestRule14WhatADeviceBeginsWithFollows(t *testing.T) {
	w, _ := untranslated(t)
	w.pending, w.under = map[int64]bool{}, map[int64]bool{}
	room := w.newRoom(alice)
	w.member(room, bob, bob, "join")
	slow, never := w.say(room, alice, "slow"), w.say(room, alice, "never begun")
	w.asked = func(string, []*rooms.Event) { w.under[slow.NID] = true }
	h := w.handler(0)
	c := w.client(h, bob)
	c.sync()
	require.Equal(t, []string{"slow", "never begun"}, c.bodies(room))
	require.True(t, w.pending[slow.NID])
	require.False(t, w.pending[never.NID])
	w.render(slow, "es", "lento")
	c.sync()
	require.Equal(t, []string{"* late lento"}, c.bodies(room))
}
