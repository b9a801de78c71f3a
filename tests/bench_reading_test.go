package tests

import (
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/testhospital"
)

// BenchmarkInitialSync: 50 rooms with 30 messages each.
func BenchmarkInitialSync(b *testing.B) {
	h := testhospital.Start(b)
	u := h.User("nurse")
	for r := range 50 {
		room := u.CreateRoom(testhospital.Room{Name: fmt.Sprint("Ward ", r)})
		for m := range 30 {
			u.Say(room, fmt.Sprint(m))
		}
	}
	var took []time.Duration
	measure(b, b.N, func() {
		for range b.N {
			start := time.Now()
			u.Must(http.MethodGet, "/_matrix/client/v3/sync", nil)
			took = append(took, time.Since(start))
		}
	})
	b.ReportMetric(percentile(took, 0.5), "p50-ms")
}

// BenchmarkHistory: 10,000 events, written by 20 goroutines at once, by pages of 100; one operation is the whole history. Nothing
// may be missing or come twice at the borders of pages.
func BenchmarkHistory(b *testing.B) {
	h := testhospital.Start(b)
	const events = 10_000
	u, room := roomWithHistory(b, h, events)
	b.ResetTimer()
	start := time.Now()
	read := 0
	for range b.N {
		seen := map[string]bool{}
		for from := ""; ; {
			query := url.Values{"dir": {"b"}, "limit": {"100"}}
			if from != "" {
				query.Set("from", from)
			}
			page := u.Must(http.MethodGet, "/_matrix/client/v3/rooms/"+url.PathEscape(room)+"/messages?"+query.Encode(), nil)
			for _, ev := range page.Get("chunk").Array() {
				id := ev.Get("event_id").Str
				require.False(b, seen[id], "%s came twice", id)
				seen[id] = true
			}
			if from = page.Get("end").Str; from == "" {
				break
			}
		}
		require.GreaterOrEqual(b, len(seen), events)
		read += len(seen)
	}
	b.ReportMetric(float64(read)/time.Since(start).Seconds(), "events/s")
}

func roomWithHistory(b *testing.B, h *testhospital.Hospital, events int) (*testhospital.User, string) {
	b.Helper()
	u := h.User("nurse")
	room := u.CreateRoom(testhospital.Room{})
	const writers = 20
	var all sync.WaitGroup
	for w := range writers {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range events / writers {
				u.Say(room, fmt.Sprint(w, "-", i))
			}
		}()
	}
	all.Wait()
	return u, room
}
