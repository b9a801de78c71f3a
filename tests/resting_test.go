package tests

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/testhospital"
)

// TestALongPollThatHasWaitedForLongIsAnswered: after some seconds a long poll leaves its goroutine, and other code serves its
// connection from then on. Each message arrives once, over the same connection.
func TestALongPollThatHasWaitedForLongIsAnswered(t *testing.T) {
	h := testhospital.Start(t)
	nurse, doctor := h.User("nurse"), h.User("doctor")
	room := nurse.CreateRoom(testhospital.Room{Preset: "public_chat"})
	doctor.Join(room)
	p := newPoller(t, h.URL, doctor.Token, time.Minute)
	var seen []string
	for _, text := range []string{"first", "second", "third"} {
		time.AfterFunc(4*time.Second, func() { nurse.Say(room, text) })
		for len(seen) == 0 || seen[len(seen)-1] != text {
			require.NoError(t, p.ask(gjson.GetBytes(p.body, "next_batch").Str))
			for _, ev := range timelineOf(p.body, room) {
				if ev.Get("type").Str == "m.room.message" {
					seen = append(seen, strings.Clone(ev.Get("content.body").Str))
				}
			}
		}
	}
	require.Equal(t, []string{"first", "second", "third"}, seen)
}
