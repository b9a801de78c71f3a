package tests

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/testhospital"
)

// The benchmarks of docs/benchmarks.md. Server, clients and load generator share this process, so CPU figures hold all of
// them: cpu-ms/op is user and system time of the whole process for one operation.

func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measure reports CPU time an operation and the percentiles of latencies.
func measure(b *testing.B, ops int, run func()) {
	b.Helper()
	b.ResetTimer()
	cpu, start := cpuTime(), time.Now()
	run()
	took := time.Since(start)
	b.StopTimer()
	b.ReportMetric(float64(cpuTime()-cpu)/1e6/float64(ops), "cpu-ms/op")
	b.ReportMetric(float64(ops)/took.Seconds(), "ops/s")
}

func percentile(latencies []time.Duration, p float64) float64 {
	slices.Sort(latencies)
	if len(latencies) == 0 {
		return 0
	}
	return float64(latencies[min(int(p*float64(len(latencies))), len(latencies)-1)]) / 1e6
}

// delivery notes when messages were sent and when readers got them.
type delivery struct {
	mu   sync.Mutex
	sent map[string]time.Time // body
	took []time.Duration
	left int
	done chan struct{}
}

func newDelivery(expected int) *delivery {
	return &delivery{sent: map[string]time.Time{}, left: expected, done: make(chan struct{})}
}

func (d *delivery) send(body string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sent[body] = time.Now()
}

func (d *delivery) got(body string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, ours := d.sent[body]
	if !ours {
		return
	}
	d.took = append(d.took, time.Since(at))
	if d.left--; d.left == 0 {
		close(d.done)
	}
}

// follow syncs until stop, telling d of every message.
func follow(u *testhospital.User, room string, d *delivery, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		for _, ev := range testhospital.Timeline(u.Sync(2*time.Second), room) {
			if body := ev.Get("content.body").Str; body != "" {
				d.got(body)
			}
		}
	}
}

// BenchmarkSendDurable: 8 senders in 4 rooms, everyone syncing; every answer means synchronous=FULL.
func BenchmarkSendDurable(b *testing.B) {
	h := testhospital.Start(b)
	const senders, roomsN = 8, 4
	users := make([]*testhospital.User, senders)
	inRoom := make([]string, senders)
	for i := range users {
		users[i] = h.User(fmt.Sprintf("nurse%d", i))
	}
	for r := range roomsN {
		room := users[r].CreateRoom(testhospital.Room{Preset: "public_chat"})
		inRoom[r] = room
		users[r+roomsN].Join(room)
		inRoom[r+roomsN] = room
	}
	per := max(b.N/senders, 1)
	d := newDelivery(per * senders * 2) // each message reaches both members
	stop := make(chan struct{})
	for i, u := range users {
		reader := u.Login()
		reader.Sync(0)
		go follow(reader, inRoom[i], d, stop)
	}
	measure(b, per*senders, func() {
		var all sync.WaitGroup
		for i, u := range users {
			all.Add(1)
			go func() {
				defer all.Done()
				for n := range per {
					body := fmt.Sprintf("%d-%d", i, n)
					d.send(body)
					u.Say(inRoom[i], body)
				}
			}()
		}
		all.Wait()
		<-d.done
	})
	close(stop)
	b.ReportMetric(percentile(d.took, 0.5), "delivered-p50-ms")
	b.ReportMetric(percentile(d.took, 0.95), "delivered-p95-ms")
}

// BenchmarkSendOne: one sender alone.
func BenchmarkSendOne(b *testing.B) {
	h := testhospital.Start(b)
	u := h.User("nurse")
	room := u.CreateRoom(testhospital.Room{})
	took := make([]time.Duration, 0, b.N)
	measure(b, b.N, func() {
		for i := range b.N {
			start := time.Now()
			u.Say(room, fmt.Sprint(i))
			took = append(took, time.Since(start))
		}
	})
	b.ReportMetric(percentile(took, 0.5), "put-p50-ms")
	b.ReportMetric(percentile(took, 0.95), "put-p95-ms")
}

// BenchmarkFanOut: one message to 40 members who wait in long polls; one operation is one message to all of them.
func BenchmarkFanOut(b *testing.B) {
	h := testhospital.Start(b)
	owner := h.User("owner")
	room := owner.CreateRoom(testhospital.Room{Preset: "public_chat"})
	const members = 40
	d := newDelivery(-1)
	var last []time.Duration
	arrived := make(chan struct{}, members)
	stop := make(chan struct{})
	for i := range members {
		u := h.User(fmt.Sprintf("member%d", i))
		u.Join(room)
		u.Sync(0)
		go func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				for _, ev := range testhospital.Timeline(u.Sync(2*time.Second), room) {
					if ev.Get("content.body").Str != "" {
						arrived <- struct{}{}
					}
				}
			}
		}()
	}
	time.Sleep(200 * time.Millisecond)
	measure(b, b.N, func() {
		for i := range b.N {
			start := time.Now()
			owner.Say(room, fmt.Sprint(i))
			for range members {
				<-arrived
			}
			last = append(last, time.Since(start))
			time.Sleep(5 * time.Millisecond) // everyone waits again
		}
	})
	close(stop)
	_ = d
	b.ReportMetric(percentile(last, 0.5), "last-member-p50-ms")
}

// BenchmarkJoins: members join one room after the other.
func BenchmarkJoins(b *testing.B) {
	h := testhospital.Start(b)
	owner := h.User("owner")
	room := owner.CreateRoom(testhospital.Room{Preset: "public_chat"})
	users := make([]*testhospital.User, b.N)
	for i := range users {
		users[i] = h.User(fmt.Sprintf("member%d", i))
	}
	measure(b, b.N, func() {
		for _, u := range users {
			u.Join(room)
		}
	})
}

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

// BenchmarkHistory: 10,000 events by pages of 100 while others write; one operation is the whole history.
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

// BenchmarkFederatedJoin: the first user of another hospital joins a room with 100 members and 100 state events.
func BenchmarkFederatedJoin(b *testing.B) {
	hospitals := testhospital.Alliance(b, 2)
	there, here := hospitals[0], hospitals[1]
	owner := there.User("owner")
	members := make([]*testhospital.User, 99)
	for i := range members {
		members[i] = there.User(fmt.Sprintf("member%d", i))
	}
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
	reader.Sync(0)
	measure(b, b.N, func() {
		go func() {
			for i := range b.N {
				sender.Say(room, fmt.Sprint(i))
			}
		}()
		next := 0
		for next < b.N {
			answer := reader.Sync(2 * time.Second)
			require.False(b, answer.Get("rooms.join.*.timeline.limited").Bool())
			for _, ev := range testhospital.Timeline(answer, room) {
				if body := ev.Get("content.body").Str; body != "" {
					require.Equal(b, fmt.Sprint(next), body, "the order is kept")
					next++
				}
			}
		}
	})
}

// BenchmarkStart: from the start of a process to /readyz, on existing data.
func BenchmarkStart(b *testing.B) {
	node := newProcess(b, "")
	node.start()
	node.kill()
	b.ResetTimer()
	for range b.N {
		node.start()
		b.StopTimer()
		node.kill()
		b.StartTimer()
	}
}
