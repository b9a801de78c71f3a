package sync

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"medixchange/accounts"
)

// BenchmarkWokenSync is what one of 40 readers of a room costs when a message arrives: one request with a token, the
// answer with the event. 40 readers share the encoded event.
func BenchmarkWokenSync(b *testing.B) {
	w := newWorld(b)
	var all []*modelRoom
	for range 50 {
		room := w.newRoom(alice)
		w.member(room, bob, bob, "join")
		all = append(all, room)
	}
	for range 100 {
		w.say(all[7], alice, "earlier")
	}
	h := w.handler(0)
	c := w.client(h, bob)
	c.sync()
	since, err := ParseToken(c.since)
	if err != nil {
		b.Fatal(err)
	}
	w.say(all[7], alice, "a message of an ordinary length, as they are written in a ward at night")
	q := &query{device: c.device, filter: &Filter{}, stateName: "state", since: since, timeout: time.Minute}
	b.ReportAllocs()
	for b.Loop() {
		body, err := h.poll(b.Context(), q).answer(false, false)
		if err != nil || len(body) < 300 {
			b.Fatal(err, string(body))
		}
	}
}

// BenchmarkNothingNew is what a wake-up costs that does not concern the reader's rooms.
func BenchmarkNothingNew(b *testing.B) {
	w := newWorld(b)
	for range 50 {
		w.newRoom(bob)
	}
	h := w.handler(0)
	c := w.client(h, bob)
	c.sync()
	since, err := ParseToken(c.since)
	if err != nil {
		b.Fatal(err)
	}
	q := &query{device: c.device, filter: &Filter{}, stateName: "state", since: since}
	b.ReportAllocs()
	for b.Loop() {
		if res, err := h.round(b.Context(), q, since); err != nil || !res.empty {
			b.Fatal(err)
		}
	}
}

// BenchmarkInitialSync is an initial sync of 50 rooms with 30 messages each, of what sync itself costs over a model in
// memory.
func BenchmarkInitialSync(b *testing.B) {
	w := newWorld(b)
	for range 50 {
		room := w.newRoom(bob)
		for i := range 30 {
			w.say(room, bob, fmt.Sprint("message ", i))
		}
	}
	h := w.handler(0)
	filter, err := ParseFilter([]byte(`{"room":{"timeline":{"limit":30}}}`))
	if err != nil {
		b.Fatal(err)
	}
	q := &query{device: &accounts.Device{UserID: bob, DeviceID: "D"}, filter: filter, stateName: "state", initial: true}
	b.ReportAllocs()
	for b.Loop() {
		body, err := h.poll(b.Context(), q).answer(false, false)
		if err != nil || len(body) < 50*30*100 {
			b.Fatal(err)
		}
	}
}

// BenchmarkIdleWaiters reports the memory of a long poll that waits, with its HTTP connection, for a user of 20 rooms.
func BenchmarkIdleWaiters(b *testing.B) {
	const waiters = 500
	w := newWorld(b)
	for range 20 {
		room := w.newRoom(alice)
		w.member(room, bob, bob, "join")
	}
	h := w.handler(0)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = h.Sync(rw, r, &accounts.Device{UserID: bob, DeviceID: r.URL.Query().Get("device")})
	}))
	defer server.Close()
	c := w.client(h, bob)
	c.sync()
	for b.Loop() {
		ctx, cancel := context.WithCancel(b.Context())
		before := memory()
		done := make(chan struct{}, waiters)
		for i := range waiters {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/?since=%s&timeout=60000&device=%d", server.URL, c.since, i), nil)
			if err != nil {
				b.Fatal(err)
			}
			go func() {
				if res, err := server.Client().Do(r); err == nil {
					res.Body.Close()
				}
				done <- struct{}{}
			}()
		}
		time.Sleep(2 * time.Second)
		b.ReportMetric(float64(memory()-before)/waiters, "B/waiter-with-its-client")
		cancel()
		for range waiters {
			<-done
		}
	}
}

func memory() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
