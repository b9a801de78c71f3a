package sync

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whatever happens in the rooms and wherever a device's answers are cut, the device ends with the rooms' current state
// and with every event that its user may see, in the order of the rooms. What exists for its user only has its place among them, and is of
// what the device was sent.
func TestEveryDeviceEndsWithTheCurrentState(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { randomHistory(t, seed) })
	}
}

type player struct {
	*client
	after, lazy bool
}

func randomHistory(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	w := newWorld(t, 0, 6000) // the second hub forgets soon, so half of the devices read SQL
	w.language[bob] = "es"
	users := []string{alice, bob, carol}
	for range 3 {
		room := w.newRoom(alice)
		w.member(room, bob, bob, "join")
	}
	handlers := []*Handler{w.handler(0), w.handler(1)}
	var players []*player
	for i, user := range []string{alice, bob, bob, carol, alice, bob} {
		p := &player{after: i%2 == 1, lazy: i == 2 || i == 4}
		filter := fmt.Sprintf(`{"room":{"timeline":{"limit":%d},"state":{"lazy_load_members":%v}}}`, []int{100, 100, 2, 100, 3, 1}[i], p.lazy)
		p.client = w.client(handlers[i%2], user, "filter", filter, "use_state_after", fmt.Sprint(p.after))
		p.device.DeviceID = fmt.Sprint(i)
		players = append(players, p)
	}
	var waiting []*held
	for step := range 250 {
		if r.IntN(4) == 0 {
			p := players[r.IntN(len(players))]
			if r.IntN(5) == 0 {
				_, err := p.request(p.since) // an answer that gets lost
				require.NoError(t, err)
			}
			p.sync()
			p.requireRules(fmt.Sprint("device of ", p.device.UserID))
			continue
		}
		waiting = randomStep(w, r, step, users, waiting)
	}
	for _, h := range waiting {
		h.giveUp()
	}
	for i, p := range players {
		p.sync()
		p.sync()
		comparePlayer(t, w, p, fmt.Sprintf("device %d of %s", i, p.device.UserID))
	}
}

func randomStep(w *world, r *rand.Rand, step int, users []string, waiting []*held) []*held {
	room := w.rooms[r.IntN(len(w.rooms))]
	user := users[r.IntN(len(users))]
	name := fmt.Sprint(step)
	switch n := r.IntN(20); {
	case n < 7:
		w.say(room, user, name)
	case n < 9:
		waiting = append(waiting, w.sayHeld(room, "held "+name, time.Minute))
	case n < 10 && len(waiting) > 0:
		waiting[0].giveUp()
		if r.IntN(2) == 0 {
			waiting[0].render("tarde " + name)
		}
		waiting = waiting[1:]
	case n < 12:
		w.state(room, "m.room.topic", user, "", `{"topic":"`+name+`"}`)
	case n < 13:
		w.state(room, "org.x", user, fmt.Sprint(r.IntN(3)), `{"v":"`+name+`"}`)
	case n < 15:
		if user != alice {
			w.member(room, user, user, []string{"join", "join", "leave", "ban", "invite"}[r.IntN(5)])
		}
	case n < 16:
		ev := w.state(room, "m.merged", alice, "", `{"v":"`+name+`"}`)
		w.state(room, "m.merged", alice, "", `{"v":"other"}`)
		w.merge(room, "m.merged", "", ev.NID)
	case n < 17:
		w.receipt(room, user, "m.read", room.events[r.IntN(len(room.events))])
	case n < 18:
		w.setData(user, room.id, "m.tag", `{"n":"`+name+`"}`)
	default:
		w.types(room, user)
	}
	return waiting
}

func comparePlayer(t *testing.T, w *world, p *player, who string) {
	for _, room := range w.rooms {
		intervals := room.intervals[p.device.UserID]
		if len(intervals) == 0 || intervals[len(intervals)-1].Membership != "join" {
			require.NotContains(t, p.joined, room.id, "%s is not in %s", who, room.id)
			continue
		}
		expected := w.eventIDs(room)
		got := p.joined[room.id]
		require.NotNil(t, got, "%s in %s", who, room.id)
		for k, id := range expected {
			if _, known := got[k]; p.lazy && !known && strings.HasPrefix(k, memberType) {
				continue
			}
			if strings.HasPrefix(k, "m.merged") && !p.after {
				continue // only state_after can say that a merge undid what the timeline shows
			}
			require.Equal(t, id, got[k], "%s in %s: %q", who, room.id, k)
		}
		compareTimeline(t, w, p, room, who)
	}
}

// compareTimeline looks at what came since the last gap: every event of the room that is later than its first, once, in
// order. Events while the user was away are not theirs, so only the time since the last join counts.
func compareTimeline(t *testing.T, w *world, p *player, room *modelRoom, who string) {
	var real []string
	for _, id := range p.timeline[room.id] {
		if !strings.HasPrefix(id, "$synthetic") {
			real = append(real, id)
		}
	}
	joined := int64(0)
	for _, i := range room.intervals[p.device.UserID] {
		if i.Membership != "join" {
			joined = 0
		} else if joined == 0 {
			joined = i.From.Anchor
		}
	}
	var all []string
	for _, ev := range room.events {
		if ev.Position >= joined {
			all = append(all, ev.ID)
		}
	}
	n := min(len(all), len(real))
	require.Equal(t, all[len(all)-n:], real[len(real)-n:], "%s in %s", who, room.id)
	if n == 0 {
		require.Empty(t, all, "%s in %s", who, room.id)
	}
}
