package sync

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/stream"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// translated is a world where bob reads Spanish and alice's messages wait for their translation.
func translated(t *testing.T) (*world, *modelRoom, *client) {
	w := newWorld(t)
	w.language[bob] = "es"
	room := w.newRoom(alice)
	w.member(room, bob, bob, "join")
	c := w.client(w.handler(0), bob)
	c.sync()
	return w, room, c
}

// sayHeld says something whose translation is being made.
func (w *world) sayHeld(room *modelRoom, body string, budget time.Duration) *held {
	w.mu.Lock()
	w.held[w.nextNID+1] = w.now().Add(budget)
	w.mu.Unlock()
	return &held{w, room, w.say(room, alice, body).NID}
}

// render publishes the rendering of an event, which those who had the event are told of.
func (w *world) render(ev *rooms.Event, language, body string) { w.renderAs(ev, language, body, true) }

func (w *world) renderAs(ev *rooms.Event, language, body string, told bool) {
	w.write(func(position int64) []stream.Entry {
		delete(w.held, ev.NID)
		r := &view.Rendering{
			EventNID: ev.NID, EventID: ev.ID, RoomID: ev.RoomID, Language: language, Version: ev.NID, Position: position, State: "translated",
			Content:     json.RawMessage(fmt.Sprintf(`{"msgtype":"m.text","body":%q}`, body)),
			LateContent: json.RawMessage(fmt.Sprintf(`{"msgtype":"m.text","body":%q}`, "late "+body)), VersionTS: ev.OriginServerTS, Told: told,
		}
		w.renderings = append(w.renderings, r)
		return []stream.Entry{{Topic: rooms.RoomTopic(ev.RoomID), Kind: rooms.EntryRendering, Value: r}}
	})
}

type held struct {
	w    *world
	room *modelRoom
	nid  int64
}

func (h *held) render(body string) { h.w.render(h.w.byNID[h.nid], "es", body) }

func (h *held) giveUp() {
	h.w.mu.Lock()
	defer h.w.mu.Unlock()
	delete(h.w.held, h.nid)
}

// CORE 19: holding event 100 while answering 101 loses 100.
func TestEvent100IsNotLostWhileAnswering101(t *testing.T) {
	w, room, c := translated(t)
	other := w.newRoom(alice)
	w.member(other, bob, bob, "join")
	c.sync()
	event100 := w.sayHeld(room, "hundred", time.Minute)
	w.say(other, bob, "hundred and one")
	c.sync()
	require.Equal(t, []string{"hundred and one"}, c.bodies(other), "other rooms do not wait")
	require.False(t, c.section("join", room).Exists())
	token, err := ParseToken(c.since)
	require.NoError(t, err)
	require.Len(t, token.Held, 1)
	event100.render("cien")
	c.sync()
	require.Equal(t, []string{"cien"}, c.bodies(room))
	token, err = ParseToken(c.since)
	require.NoError(t, err)
	require.Empty(t, token.Held)
}

// A device that never gets a message does not wait for its translation.
func TestNobodyWaitsForWhatTheyAreNotShown(t *testing.T) {
	for name, c := range map[string]struct {
		filter  string
		ignores bool
		bodies  []string
	}{
		"a filter of types":   {filter: `{"room":{"timeline":{"types":["m.room.topic"]}}}`},
		"a filter of senders": {filter: `{"room":{"timeline":{"not_senders":["` + alice + `"]}}}`, bodies: []string{"mine"}},
		"no timeline":         {filter: `{"room":{"timeline":{"limit":0}}}`},
		"not of this room":    {filter: `{"room":{"timeline":{"rooms":[]}}}`},
		"PDUs":                {filter: `{"event_format":"federation"}`, bodies: []string{"question", "mine"}},
		"an ignored sender":   {filter: `{}`, ignores: true, bodies: []string{"mine"}},
	} {
		t.Run(name, func(t *testing.T) {
			w, room, device := translated(t)
			device.params.Set("filter", c.filter)
			if c.ignores {
				w.ignored = map[string]struct{}{alice: {}}
			}
			w.sayHeld(room, "question", time.Minute)
			w.say(room, bob, "mine")
			device.sync()
			require.Equal(t, strings.Join(c.bodies, ", "), strings.Join(device.bodies(room), ", "))
			token, err := ParseToken(device.since)
			require.NoError(t, err)
			require.Empty(t, token.Held)
		})
	}
}

func TestTheTailWaitsBehindAHeldEvent(t *testing.T) {
	w, room, c := translated(t)
	before := w.say(room, bob, "mine, before")
	question := w.sayHeld(room, "question", time.Minute)
	w.say(room, bob, "mine, after")
	w.state(room, "m.room.topic", alice, "", `{"topic":"x"}`)
	w.receipt(room, alice, "m.read", before)
	c.sync()
	require.Equal(t, []string{"mine, before"}, c.bodies(room))
	s := c.section("join", room)
	require.NotContains(t, s.Raw, "m.receipt")
	require.NotContains(t, s.Raw, "m.room.topic")
	c.sync("timeout", "20")
	require.Empty(t, c.last.Get("rooms.join").Map(), "still held")
	question.render("pregunta")
	c.sync()
	require.Equal(t, []string{"pregunta", "mine, after"}, c.bodies(room))
	require.Contains(t, c.section("join", room).Raw, "m.receipt")
	require.Contains(t, c.section("join", room).Raw, "m.room.topic")
}

// A notice that came before its message had Element look that up, and never show it in its place.
func TestWhatIsSaidOfAHeldMessageWaitsWithIt(t *testing.T) {
	w, room, c := translated(t)
	other := w.newRoom(alice)
	w.member(other, bob, bob, "join")
	w.say(room, bob, "mine, before")
	w.notice(room, "of mine")
	c.sync()
	require.Equal(t, []string{"mine, before", "of mine"}, c.bodies(room))
	order := w.sayHeld(room, "order", time.Minute)
	w.notice(room, "read it back")
	w.notice(other, "of another room")
	c.sync()
	require.Equal(t, []string{"of another room"}, c.bodies(other), "other rooms do not wait")
	require.False(t, c.section("join", room).Exists())
	w.say(other, bob, "the token goes on")
	c.sync()
	require.False(t, c.section("join", room).Exists())
	order.render("orden")
	w.notice(room, "once more")
	c.sync()
	require.Equal(t, []string{"orden", "read it back", "once more"}, c.bodies(room))
	c.sync("timeout", "20")
	require.Empty(t, c.last.Get("rooms.join").Map(), "each once")
}

func TestALongPollWakesWhenTheTranslationArrives(t *testing.T) {
	w, room, c := translated(t)
	event := w.sayHeld(room, "hello", time.Minute)
	time.AfterFunc(30*time.Millisecond, func() { event.render("hola") })
	c.sync("timeout", "20000")
	require.Equal(t, []string{"hola"}, c.bodies(room))
}

func TestAfterTheBudgetTheOriginalGoesOutAndTheTranslationFollowsAsAnEdit(t *testing.T) {
	w, room, c := translated(t)
	event := w.sayHeld(room, "hello", 60*time.Millisecond)
	started := time.Now()
	c.sync("timeout", "20000")
	require.Equal(t, []string{"hello"}, c.bodies(room), "a deadline ends the holding without any wake-up")
	require.Less(t, time.Since(started), 10*time.Second)
	event.render("hola")
	c.sync()
	events := c.section("join", room).Get("timeline.events").Array()
	require.Len(t, events, 1)
	require.Equal(t, "m.replace", events[0].Get(`content.m\.relates_to.rel_type`).Str)
	require.Equal(t, w.byNID[event.nid].ID, events[0].Get(`content.m\.relates_to.event_id`).Str)
	require.Equal(t, "late hola", events[0].Get(`content.m\.new_content.body`).Str)
	require.Equal(t, "{}", events[0].Get(`content.m\.mentions`).Raw)
	require.False(t, c.section("join", room).Get("timeline.limited").Bool())

	other := w.client(c.h, bob)
	other.device.DeviceID = "OTHER"
	other.sync()
	require.Contains(t, other.bodies(room), "hola", "a device that did not get the raw text gets the translation in place")
	require.NotContains(t, other.last.Raw, "$synthetic")
}

// A device gets either the translated event or the raw one and the edit, never both and never neither, wherever its
// answers are cut.
func TestEachDeviceGetsTheTranslationOnceWhereverItsAnswersAreCut(t *testing.T) {
	for cut := range 4 {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			w, room, c := translated(t)
			at := func(step int) {
				if step == cut {
					c.sync()
				}
			}
			at(0)
			event := w.sayHeld(room, "hello", time.Minute)
			at(1)
			event.giveUp()
			at(2)
			event.render("hola")
			at(3)
			c.sync()
			seen := c.timeline[room.id]
			synthetic, first := 0, 0
			for _, id := range seen {
				switch id {
				case w.byNID[event.nid].ID:
					first++
				case fmt.Sprintf("$synthetic-%d-%s", event.nid, bob):
					synthetic++
				}
			}
			require.Equal(t, 1, first)
			require.Equal(t, cut == 2, synthetic == 1, "%v", seen)
		})
	}
}

func TestNoMoreIsHeldThanTheTokenCanCarry(t *testing.T) {
	w, _, c := translated(t)
	var many []*modelRoom
	for range maxHeld + 3 {
		room := w.newRoom(alice)
		w.member(room, bob, bob, "join")
		many = append(many, room)
	}
	c.sync()
	for _, room := range many {
		w.sayHeld(room, "hello", time.Minute)
	}
	c.sync()
	token, err := ParseToken(c.since)
	require.NoError(t, err)
	require.Len(t, token.Held, maxHeld)
	require.Len(t, c.last.Get("rooms.join").Map(), 3, "the others get the original at once")
}

func TestHeldRoomOfAnInitialSyncComesUpToTheHeldEvent(t *testing.T) {
	w, room, c := translated(t)
	w.say(room, bob, "before")
	event := w.sayHeld(room, "hello", time.Minute)
	topic := w.state(room, "m.room.topic", alice, "", `{"topic":"x"}`)
	fresh := w.client(c.h, bob)
	fresh.sync()
	require.Equal(t, []string{"before"}, fresh.bodies(room))
	require.NotContains(t, fresh.last.Raw, topic.ID)
	event.render("hola")
	fresh.sync()
	require.Equal(t, []string{"hola"}, fresh.bodies(room))
	require.Equal(t, w.eventIDs(room), fresh.joined[room.id])
}

func TestWhatWasHeldComesWhenTheUserLeaves(t *testing.T) {
	w, room, c := translated(t)
	event := w.sayHeld(room, "hello", time.Minute)
	c.sync()
	w.member(room, alice, bob, "leave")
	c.sync()
	require.Contains(t, ids(c.section("leave", room).Get("timeline.events").Array()), w.byNID[event.nid].ID)
}

func TestAHeldRoomStaysHeldForARequestThatDoesNotAskForIt(t *testing.T) {
	w, room, c := translated(t)
	event := w.sayHeld(room, "hello", time.Minute)
	c.sync()
	event.render("hola")
	c.sync("filter", `{"room":{"rooms":[]}}`)
	c.sync()
	require.Equal(t, []string{"hola"}, c.bodies(room))
}

// A rendering that is committed between two looks of one request is in place or held, not raw with an edit behind it.
func TestARenderingThatArrivesWhileReadingHoldsItsEvent(t *testing.T) {
	w, room, c := translated(t)
	event := w.sayHeld(room, "hello", time.Minute)
	before := w.position()
	event.render("hola")
	r := &round{h: c.h, ctx: t.Context(), q: &query{device: c.device, filter: &Filter{}, stateName: "state"}, upto: before, epoch: true}
	var err error
	r.since, err = ParseToken(c.since)
	require.NoError(t, err)
	r.viewer, err = c.h.view.Viewer(t.Context(), bob, c.device.DeviceID, "S")
	require.NoError(t, err)
	all, err := w.UserRooms(t.Context(), bob)
	require.NoError(t, err)
	require.NoError(t, r.joined(all[0]))
	require.Empty(t, r.join)
	require.Len(t, r.next.Held, 1)
	c.sync()
	require.Equal(t, []string{"hola"}, c.bodies(room))
}

// While translations come early, late or not at all, a device that polls gets every message once and in order, and every
// translation exactly once: in place, or as an edit behind the raw text.
func TestHeldMessagesUnderLoadComeOnceAndInOrder(t *testing.T) {
	w, room, c := translated(t)
	c.params.Set("filter", `{"room":{"timeline":{"limit":100}}}`)
	const messages = 20 // as many as may come late in a minute
	done := make(chan []*held)
	go func() {
		var all []*held
		for i := range messages {
			event := w.sayHeld(room, fmt.Sprint("hello ", i), time.Duration(i%4)*4*time.Millisecond)
			all = append(all, event)
			if i%3 == 0 {
				time.Sleep(5 * time.Millisecond)
			}
			event.render(fmt.Sprint("hola ", i))
		}
		done <- all
	}()
	inPlace, edits := map[string]int{}, map[string]int{}
	read := func() {
		c.sync("timeout", "50")
		for _, ev := range c.section("join", room).Get("timeline.events").Array() {
			if target := ev.Get(`content.m\.relates_to.event_id`).Str; target != "" {
				edits[target]++
			} else if strings.HasPrefix(ev.Get("content.body").Str, "hola") {
				inPlace[ev.Get("event_id").Str]++
			}
		}
	}
	var all []*held
	for all == nil {
		read()
		select {
		case all = <-done:
		default:
		}
	}
	read()
	read()
	var real []string
	for _, id := range c.timeline[room.id] {
		if !strings.HasPrefix(id, "$synthetic") {
			real = append(real, id)
		}
	}
	require.Zero(t, c.gaps[room.id])
	for i, event := range all {
		id := w.byNID[event.nid].ID
		require.Equal(t, id, real[len(real)-messages+i], "in order")
		require.Equal(t, 1, inPlace[id]+edits[id], "the translation of message %d", i)
	}
}
