package tests

import (
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"medixchange/internal/testhospital"
)

// The benchmarks of docs/benchmarks.md. Server, clients and load generator share this process unless the benchmark says
// otherwise, so CPU figures hold all of them: cpu-ms/op is user and system time of the whole process for one operation.

func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measure runs and reports CPU time for each of ops operations and their rate.
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

// percentile returns milliseconds; it sorts latencies.
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

// follow syncs until d has everything.
func follow(u *testhospital.User, room string, d *delivery) {
	for {
		select {
		case <-d.done:
			return
		default:
		}
		for _, ev := range testhospital.Timeline(u.Sync(time.Second), room) {
			if body := ev.Get("content.body").Str; body != "" {
				d.got(body)
			}
		}
	}
}

// inParallel calls do for 0 to n-1, from a few goroutines.
func inParallel(n int, do func(i int)) {
	const workers = 8
	var all sync.WaitGroup
	for w := range workers {
		all.Add(1)
		go func() {
			defer all.Done()
			for i := w; i < n; i += workers {
				do(i)
			}
		}()
	}
	all.Wait()
}

// users registers n users.
func users(h *testhospital.Hospital, name string, n int) []*testhospital.User {
	list := make([]*testhospital.User, n)
	inParallel(n, func(i int) { list[i] = h.User(fmt.Sprint(name, i)) })
	return list
}
