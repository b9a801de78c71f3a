package sync

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestCore12ATokenAheadOfThisProcessIsWaitedForAndNeverGoesBack gives a process the token of another one that was a
// position further.
func TestCore12ATokenAheadOfThisProcessIsWaitedForAndNeverGoesBack(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	w.member(room, bob, bob, "join")
	c := w.client(w.handler(0), bob)
	c.sync()
	ahead, err := ParseToken(c.since)
	require.NoError(t, err)
	ahead.Position++
	answered := make(chan string, 1)
	go func() {
		answer, err := c.request(ahead.String())
		if err != nil {
			t.Error(err)
		}
		answered <- answer.Get("next_batch").Str + answer.Get("rooms").Raw
	}()
	select {
	case early := <-answered:
		t.Fatalf("answered before the position was there: %s", early)
	case <-time.After(50 * time.Millisecond):
	}
	require.Equal(t, ahead.Position, w.say(room, alice, "known to the other process").Position)
	next, err := ParseToken(<-answered)
	require.NoError(t, err, "and nothing but a token: the device has that event")
	require.Equal(t, ahead.Position, next.Position)
}

func TestCore22SyncsThatNeedSQLTakeTurnsAndOthersDoNot(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(alice)
	h := w.handler(0)
	c := w.client(h, alice)
	c.sync()
	for range cap(h.sql) { // all seats are taken
		h.sql <- struct{}{}
	}
	w.say(room, alice, "from memory")
	c.sync()
	require.Equal(t, []string{"from memory"}, c.bodies(room))

	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	q := &query{device: c.device, filter: &Filter{}, initial: true, stateName: "state"}
	_, err := h.poll(ctx, q).answer(false, false)
	require.ErrorIs(t, err, context.DeadlineExceeded, "an initial sync waits for its turn")
	<-h.sql
	_, err = h.poll(t.Context(), q).answer(false, false)
	require.NoError(t, err)
	require.Len(t, h.sql, cap(h.sql)-1, "the seat was given back")
}
