package tests

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/testhospital"
)

// BenchmarkFederatedJoin: the first user of another hospital joins a room with 100 members and 100 state events.
func BenchmarkFederatedJoin(b *testing.B) {
	hospitals := testhospital.Alliance(b, 2)
	there, here := hospitals[0], hospitals[1]
	owner := there.User("owner")
	members := users(there, "member", 99)
	guest := here.User("guest")
	took := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		var state []map[string]any
		for i := range 100 {
			state = append(state, map[string]any{"type": "test.state", "state_key": fmt.Sprint(i), "content": map[string]int{"n": i}})
		}
		room := owner.CreateRoom(testhospital.Room{Preset: "public_chat", State: state})
		for _, m := range members {
			m.Join(room)
		}
		b.StartTimer()
		start := time.Now()
		guest.Join(room, there.Name)
		took = append(took, time.Since(start))
	}
	b.ReportMetric(percentile(took, 0.5), "p50-ms")
}

// BenchmarkFederatedMessage: from the PUT at one hospital to the /sync at the other.
func BenchmarkFederatedMessage(b *testing.B) {
	hospitals := testhospital.Alliance(b, 2)
	sender, reader := hospitals[0].User("sender"), hospitals[1].User("reader")
	room := sender.CreateRoom(testhospital.Room{Preset: "public_chat"})
	reader.Join(room, hospitals[0].Name)
	reader.Sync(0)
	took := make([]time.Duration, 0, b.N)
	measure(b, b.N, func() {
		for i := range b.N {
			start := time.Now()
			id := sender.Say(room, fmt.Sprint(i))
			reader.WaitFor(room, id)
			took = append(took, time.Since(start))
		}
	})
	b.ReportMetric(percentile(took, 0.5), "p50-ms")
	b.ReportMetric(percentile(took, 0.95), "p95-ms")
}

// BenchmarkFederatedBurst: messages as fast as one hospital takes them, until the other has all, in order.
func BenchmarkFederatedBurst(b *testing.B) {
	hospitals := testhospital.Alliance(b, 2)
	sender, reader := hospitals[0].User("sender"), hospitals[1].User("reader")
	room := sender.CreateRoom(testhospital.Room{Preset: "public_chat"})
	reader.Join(room, hospitals[0].Name)
	got := make(chan []byte, 100)
	go newPoller(b, hospitals[1].URL, reader.Token, 10*time.Second).run(func(answer []byte) { got <- bytes.Clone(answer) })
	time.Sleep(200 * time.Millisecond)
	measure(b, b.N, func() {
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			for i := range b.N {
				sender.Say(room, fmt.Sprint(i))
			}
		}()
		for next := 0; next < b.N; {
			for _, ev := range testhospital.Timeline(gjson.ParseBytes(<-got), room) {
				if body := ev.Get("content.body").Str; body != "" {
					require.Equal(b, fmt.Sprint(next), body, "nothing is missing and the order is kept")
					next++
				}
			}
		}
		<-sent
	})
}
