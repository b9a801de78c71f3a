package sync

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/rooms"
	"medixchange/rooms/view"
)

// backlog is a device that has a number of messages as they were written, and a clock that runs and can be put ahead.
type backlog struct {
	w        *world
	room     *modelRoom
	c        *client
	messages []*rooms.Event
	ahead    *atomic.Int64
}

// newBacklog is one whose translations have just come all at once.
func newBacklog(t *testing.T, messages int) *backlog {
	b := untold(t, messages)
	for n := range messages {
		b.render(n)
	}
	return b
}

func (b *backlog) render(n int) { b.w.render(b.messages[n], "es", fmt.Sprint("es ", n)) }

func untold(t *testing.T, messages int) *backlog {
	w, room, c := translated(t)
	b := &backlog{w: w, room: room, c: c, ahead: &atomic.Int64{}}
	w.now = func() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) }
	c.params.Set("filter", `{"room":{"timeline":{"limit":100}}}`)
	for n := range messages {
		b.messages = append(b.messages, w.say(room, alice, fmt.Sprint(n)))
		if n%50 == 49 {
			c.sync()
		}
	}
	c.sync()
	require.Zero(t, c.gaps[room.id])
	return b
}

// late are the bodies of the late edits of the messages from one up to before another.
func late(from, to int) []string {
	out := []string{}
	for n := from; n < to; n++ {
		out = append(out, fmt.Sprint("* late es ", n))
	}
	return out
}

// minute lets one pass.
func (b *backlog) minute() { b.ahead.Add(int64(time.Minute)) }

func TestRule14WhatIsOverTheLimitFollowsNewestFirstWithoutOtherActivity(t *testing.T) {
	b := newBacklog(t, 45)
	for _, want := range [][]string{late(25, 45), late(5, 25), late(0, 5), {}} {
		b.c.sync()
		require.Equal(t, want, b.c.bodies(b.room))
		b.c.sync()
		require.Empty(t, b.c.bodies(b.room), "at most 20 in a minute")
		b.minute()
	}
	seen := slices.Sorted(slices.Values(b.c.timeline[b.room.id]))
	require.Len(t, slices.Compact(seen), len(b.c.timeline[b.room.id]), "each once")
}

func TestRule14APollWakesWhenTheMinuteAllowsMore(t *testing.T) {
	b := newBacklog(t, 21)
	b.c.sync()
	b.ahead.Add(int64(time.Minute - 100*time.Millisecond))
	b.c.sync("timeout", "20000")
	require.Equal(t, late(0, 1), b.c.bodies(b.room))
}

// All of what has just come may be over the limit: then nothing is told now, and the poll wakes all the same.
func TestRule14APollWakesForWhatCameWhileNothingMoreCouldGoOut(t *testing.T) {
	b := newBacklog(t, 20)
	b.c.sync()
	more := b.w.say(b.room, alice, "more")
	b.c.sync()
	b.w.render(more, "es", "más")
	b.ahead.Add(int64(time.Minute - 100*time.Millisecond))
	b.c.sync("timeout", "20000")
	require.Equal(t, []string{"* late más"}, b.c.bodies(b.room))
}

func TestRule05WhatIsOwedIsInEveryAnswerUntilOneArrives(t *testing.T) {
	b := newBacklog(t, 60)
	b.c.sync()
	for range 3 {
		b.minute()
		for range 2 {
			lost, err := b.c.request(b.c.since)
			require.NoError(t, err)
			require.Len(t, lost.Get("rooms.join.*.timeline.events").Array(), 20)
		}
	}
	b.c.sync()
	require.Equal(t, late(20, 40), b.c.bodies(b.room))
	b.c.sync()
	require.Empty(t, b.c.bodies(b.room))
	b.minute()
	before := b.c.since
	b.c.sync()
	require.Equal(t, late(0, 20), b.c.bodies(b.room))
	b.c.sync()
	b.c.since = before
	b.c.sync()
	require.Equal(t, late(0, 20), b.c.bodies(b.room), "a client that went back to an older answer")
}

// What comes meanwhile is newer: of an answer that got lost that part waits again for which there is no room now.
func TestRule05WhatIsNewGoesBeforeWhatIsOwed(t *testing.T) {
	b := newBacklog(t, 40)
	b.c.sync()
	var more []*rooms.Event
	for n := range 15 {
		more = append(more, b.w.say(b.room, alice, fmt.Sprint(40+n)))
	}
	b.c.sync()
	b.minute()
	_, err := b.c.request(b.c.since)
	require.NoError(t, err)
	for n, ev := range more {
		b.w.render(ev, "es", fmt.Sprint("es ", 40+n))
	}
	b.minute()
	b.c.sync()
	require.Equal(t, append(late(15, 20), late(40, 55)...), b.c.bodies(b.room))
	b.minute()
	b.c.sync()
	require.Equal(t, late(0, 15), b.c.bodies(b.room))
}

func TestRule04WhatIsOwedStandsBeforeTheEventsOfTheAnswer(t *testing.T) {
	b := newBacklog(t, 22)
	b.c.sync()
	b.minute()
	b.w.say(b.room, bob, "new")
	b.c.sync()
	require.Equal(t, append(late(0, 2), "new"), b.c.bodies(b.room))
	b.c.requireRules("bob")
}

func TestRule05WhatIsOwedIsNotToldAnyMore(t *testing.T) {
	for name, c := range map[string]struct {
		change func(b *backlog)
		want   []string
	}{
		"of another language":         {func(b *backlog) { b.w.language[bob] = "fr" }, []string{}},
		"of what is no more in force": {func(b *backlog) { b.w.renderings = b.w.renderings[1:] }, late(1, 2)},
		"that something replaces":     {func(b *backlog) { b.w.render(b.messages[1], "es", "better") }, []string{"* late es 0", "* late better"}},
		"to who keeps it back":        {func(b *backlog) { b.c.params.Set("filter", `{"room":{"timeline":{"not_senders":["`+alice+`"]}}}`) }, []string{}},
		"to who begins anew":          {func(b *backlog) { b.c.since = ""; b.c.sync() }, []string{}},
		"to who comes again": {func(b *backlog) {
			for _, membership := range []string{"leave", "join"} {
				b.w.member(b.room, bob, bob, membership)
				b.c.sync()
			}
		}, []string{}},
		"after a restart": {func(b *backlog) { b.c.h = b.w.handler(0) }, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBacklog(t, 22)
			b.c.sync()
			b.minute()
			c.change(b)
			b.c.sync()
			require.Equal(t, c.want, b.c.bodies(b.room))
			b.minute()
			b.c.sync()
			require.Empty(t, b.c.bodies(b.room))
		})
	}
}

// A device may go on from a token of before the node's last start: what it is owed since then it is told as what is new.
func TestRule14WhatIsOwedComesToWhoGoesOnFromATokenOfAnotherProcess(t *testing.T) {
	b := newBacklog(t, 22)
	old := b.c.since
	b.c.sync()
	b.minute()
	token, err := ParseToken(old)
	require.NoError(t, err)
	token.Epoch = "another"
	b.c.since = token.String()
	b.c.sync()
	require.Equal(t, late(2, 22), b.c.bodies(b.room), "the newest again")
	b.minute()
	b.c.sync()
	require.Equal(t, late(0, 2), b.c.bodies(b.room))
	b.minute()
	b.c.sync()
	require.Empty(t, b.c.bodies(b.room))
}

func TestWhatIsOwedOfARoomIsForgottenWhenItsReaderLeaves(t *testing.T) {
	b := newBacklog(t, 22)
	b.c.sync()
	owed := func() bool {
		remembered, _ := b.c.h.view.OwesLate(b.c.device.UserID, b.c.device.DeviceID, 0, &view.OwedLate{})
		return remembered
	}
	require.True(t, owed())
	b.w.member(b.room, b.c.device.UserID, b.c.device.UserID, "leave")
	b.c.sync()
	require.False(t, owed())
}

// Else each answer would read all of a device's rooms for what the minute does not allow.
func TestAPollBeforeAnythingOwedMayGoOutReadsNothing(t *testing.T) {
	b := newBacklog(t, 22)
	b.c.sync()
	token, err := ParseToken(b.c.since)
	require.NoError(t, err)
	r := &round{h: b.c.h, ctx: t.Context(), q: &query{device: b.c.device, filter: &Filter{}, since: token}, since: token, epoch: true}
	standing, err := r.stand()
	require.NoError(t, err)
	r.startLate()
	require.True(t, r.wasOwed)
	require.True(t, r.unchanged(standing))
	require.WithinDuration(t, b.w.now().Add(time.Minute), r.wake, time.Minute)
	b.minute()
	r.startLate()
	require.False(t, r.unchanged(standing))
}

// A device that begins anew without asking for a room has nothing of it.
func TestRule05WhatIsOwedIsForgottenWhenADeviceBeginsWithoutTheRoom(t *testing.T) {
	b := newBacklog(t, 22)
	b.c.sync()
	b.minute()
	filter := b.c.params.Get("filter")
	b.c.params.Set("filter", `{"room":{"not_rooms":["`+b.room.id+`"]}}`)
	b.c.since = ""
	b.c.sync()
	b.c.params.Set("filter", filter)
	b.c.sync()
	require.Empty(t, b.c.bodies(b.room))
}

// What is owed is read from the database: such syncs take turns with others that do.
func TestCore22SyncsThatTellWhatIsOwedTakeTurns(t *testing.T) {
	b := newBacklog(t, 22)
	b.c.sync()
	b.minute()
	b.c.h.sql <- struct{}{} // the only seat
	token, err := ParseToken(b.c.since)
	require.NoError(t, err)
	q := &query{device: b.c.device, filter: &Filter{}, since: token, stateName: "state"}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	_, err = b.c.h.poll(ctx, q).answer(false, false)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	<-b.c.h.sql
	b.c.sync()
	require.Equal(t, late(0, 2), b.c.bodies(b.room))
	require.Empty(t, b.c.h.sql, "the seat was given back")
}

func TestWhatIsOwedIsBounded(t *testing.T) {
	b := newBacklog(t, 230)
	told := 0
	for range 15 {
		b.c.sync()
		told += len(b.c.bodies(b.room))
		b.minute()
	}
	require.Equal(t, 220, told)
	require.NotContains(t, b.c.timeline[b.room.id], fmt.Sprintf("$synthetic-%d-%s", b.messages[9].NID, bob), "the oldest go")
	require.Contains(t, b.c.timeline[b.room.id], fmt.Sprintf("$synthetic-%d-%s", b.messages[10].NID, bob))
}

// Whenever translations come and whichever answers get lost, each late edit comes once, and no answer has more than it may.
func TestRule14EveryLateEditComesOnceWhateverGetsLost(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			b := untold(t, 150)
			for next := 0; next < len(b.messages); {
				b.randomStep(t, r, &next)
			}
			for range 10 {
				b.minute()
				b.syncOnce(t)
			}
			edits := map[string]int{}
			for _, id := range b.c.timeline[b.room.id] {
				edits[id]++
			}
			for n, ev := range b.messages {
				require.Equal(t, 1, edits[fmt.Sprintf("$synthetic-%d-%s", ev.NID, bob)], "message %d", n)
			}
		})
	}
}

func (b *backlog) randomStep(t *testing.T, r *rand.Rand, next *int) {
	switch r.IntN(6) {
	case 0:
		for range min(r.IntN(25), len(b.messages)-*next) {
			b.render(*next)
			*next++
		}
	case 1:
		b.ahead.Add(int64(r.IntN(60)) * int64(time.Second))
	case 2:
		b.w.say(b.room, bob, "mine")
	case 3:
		_, err := b.c.request(b.c.since)
		require.NoError(t, err)
	default:
		b.syncOnce(t)
	}
}

func (b *backlog) syncOnce(t *testing.T) {
	b.c.sync()
	told := 0
	for _, body := range b.c.bodies(b.room) {
		if strings.HasPrefix(body, "* late") {
			told++
		}
	}
	require.LessOrEqual(t, told, 20)
}
