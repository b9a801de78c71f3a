package sync

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// resting is a poll of a client that is up to date, as it is once it has waited for a while.
func resting(t *testing.T, w *world, c *client, timeout time.Duration) (*poll, chan struct{}) {
	t.Helper()
	since, err := ParseToken(c.since)
	require.NoError(t, err)
	p := c.h.poll(t.Context(), &query{device: c.device, filter: &Filter{}, stateName: "state", since: since, timeout: timeout})
	body, err := p.answer(true, true)
	require.NoError(t, err)
	require.Nil(t, body, "there is nothing to tell")
	p.rest()
	require.Nil(t, p.ctx, "nothing of the request is kept")
	woken := make(chan struct{}, 10)
	p.Await(func() { woken <- struct{}{} })
	return p, woken
}

func TestAPollThatRestsIsWokenByWhatItWaitsFor(t *testing.T) {
	w := newWorld(t)
	room, other := w.newRoom(alice), w.newRoom(carol)
	w.member(room, bob, bob, "join")
	c := w.client(w.handler(0), bob)
	c.sync()
	p, woken := resting(t, w, c, time.Minute)
	w.say(other, carol, "not for bob")
	w.say(room, alice, "news")
	<-woken
	answer, err := p.Resume(t.Context())
	require.NoError(t, err)
	require.Contains(t, string(answer.(json.RawMessage)), "news")
	p.Leave()
	for _, at := range c.h.alarms.at {
		require.Empty(t, at.calls, "what was waited for is forgotten")
	}
	w.say(room, alice, "more")
	require.Empty(t, woken)
}

func TestAPollThatRestsLosesNothingBetweenTwoLooks(t *testing.T) {
	w := newWorld(t)
	room := w.newRoom(bob)
	c := w.client(w.handler(0), bob)
	c.sync()
	p, woken := resting(t, w, c, time.Minute)
	answer, err := p.Resume(t.Context()) // woken for nothing
	require.NoError(t, err)
	require.Nil(t, answer)
	w.say(room, bob, "in between")
	p.Await(func() { woken <- struct{}{} })
	<-woken
	answer, err = p.Resume(t.Context())
	require.NoError(t, err)
	require.Contains(t, string(answer.(json.RawMessage)), "in between")
	p.Leave()
}

func TestAPollThatRestsEndsInTime(t *testing.T) {
	w := newWorld(t)
	w.newRoom(bob)
	c := w.client(w.handler(0), bob)
	c.sync()
	start := time.Now()
	p, woken := resting(t, w, c, longPoll)
	p.takeBack()
	p.deadline = start.Add(2 * together) // sooner, for the test
	p.Await(func() { woken <- struct{}{} })
	<-woken
	answer, err := p.Resume(t.Context())
	require.NoError(t, err)
	next, err := ParseToken(nextBatch(t, answer))
	require.NoError(t, err)
	since, err := ParseToken(c.since)
	require.NoError(t, err)
	require.Equal(t, since.Position, next.Position)
	p.Leave()
}

func TestAPollWhoseClientHasLeftIsNotAnswered(t *testing.T) {
	w := newWorld(t)
	w.newRoom(bob)
	c := w.client(w.handler(0), bob)
	c.sync()
	p, _ := resting(t, w, c, time.Minute)
	p.deadline = time.Now().Add(-time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := p.Resume(ctx)
	require.ErrorIs(t, err, context.Canceled)
	p.Leave()
}

func nextBatch(t *testing.T, answer any) string {
	t.Helper()
	var decoded struct {
		Next string `json:"next_batch"`
	}
	require.NoError(t, json.Unmarshal(answer.(json.RawMessage), &decoded))
	return decoded.Next
}
