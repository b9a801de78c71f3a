package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/testhospital"
)

// The benchmarks of docs/benchmarks.md that need an SFU. Node and callers share this process; the SFU is its child, whose CPU is
// read by itself.

func p95(took []time.Duration) float64 {
	slices.Sort(took)
	return float64(took[len(took)*95/100]) / 1e6
}

// BenchmarkToken: a token of one's own hospital, and of another's through one's own.
func BenchmarkToken(b *testing.B) {
	m := meet(b)
	for name, c := range map[string]struct {
		who *testhospital.User
		at  *testhospital.Hospital
		url string
	}{"local": {m.ana, m.a, m.urlA}, "federated": {m.bo, m.a, m.urlA}} {
		b.Run(name, func(b *testing.B) {
			status, _, code := askToken(c.who, c.at, c.url, m.room) // the first one starts the SFU
			require.Equal(b, http.StatusOK, status, code)
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				askToken(c.who, c.at, c.url, m.room)
				took = append(took, time.Since(began))
			}
			b.ReportMetric(p95(took), "p95-ms")
		})
	}
}

// BenchmarkJoin: from having a token to being connected with media transport.
func BenchmarkJoin(b *testing.B) {
	m := meet(b)
	_, jwt, _ := askToken(m.ana, m.a, m.urlA, m.room)
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		c := connect(b, m.urlA, jwt)
		took = append(took, time.Since(began))
		c.room.Disconnect()
	}
	b.ReportMetric(p95(took), "p95-ms")
}

// cpuOf is the user and system time of a process.
func cpuOf(b *testing.B, pid int) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	require.NoError(b, err)
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond // of the 100 in a second
}

func rssOf(b *testing.B, pid int) float64 {
	b.Helper()
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	require.NoError(b, err)
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return float64(kb) / 1024
		}
	}
	b.Fatal("no memory is told")
	return 0
}

// BenchmarkSound: talkers and listeners, sound only: what the SFU takes of a core, and what gets lost.
func BenchmarkSound(b *testing.B) {
	for _, c := range []struct{ talkers, all int }{{20, 20}, {3, 103}} {
		b.Run(fmt.Sprintf("%dtalk%dlisten", c.talkers, c.all), func(b *testing.B) { benchSound(b, c.talkers, c.all) })
	}
}

func benchSound(b *testing.B, talkers, all int) {
	m := meet(b)
	callers := make([]*caller, all)
	var who *testhospital.User
	for i := range callers {
		if i%30 == 0 { // as many as one user may be
			who = m.a.User("u" + strconv.Itoa(i))
			who.Join(m.room)
		}
		status, answer := who.Do(http.MethodPost, "/_matrix/client/v1/rtc/livekit/get_token", map[string]any{
			"url": m.urlA, "room_id": m.room, "slot_id": "m.call#ROOM", "member_id": "m" + strconv.Itoa(i),
		})
		require.Equal(b, http.StatusOK, status, answer.Raw)
		callers[i] = connect(b, m.urlA, answer.Get("jwt").Str)
	}
	for _, c := range callers[:talkers] {
		c.talk()
	}
	var hearing sync.WaitGroup
	for _, c := range callers {
		hearing.Go(func() {
			for _, other := range callers[:talkers] {
				if other != c {
					c.hears(other.identity(), "audio")
				}
			}
		})
	}
	hearing.Wait()
	sfu := childRunning(b, "sfu")
	for b.Loop() {
		before := countOf(callers)
		began, cpu := time.Now(), cpuOf(b, sfu)
		time.Sleep(soundFor)
		took, used := time.Since(began).Seconds(), cpuOf(b, sfu)-cpu
		after := countOf(callers)
		said, got := after.sent-before.sent, after.heard-before.heard
		b.ReportMetric(100*used.Seconds()/took, "sfu-%core")
		b.ReportMetric(float64(said)/took, "said/s")
		b.ReportMetric(float64(got)/took, "packets/s")
		b.ReportMetric(100*float64(got)/float64(said*int64(all-1)), "%delivered") // what is under way at the ends counts once or not at all
		b.ReportMetric(float64(after.missing-before.missing), "missing")
		b.ReportMetric(rssOf(b, sfu), "sfu-MB")
	}
}

// soundFor is how long BenchmarkSound listens.
const soundFor = 30 * time.Second

// count is how many packets were sent and heard; missing are those that others of the same sender overtook.
type count struct{ sent, heard, missing int64 }

func countOf(callers []*caller) (all count) {
	for _, c := range callers {
		heard, missing := c.packetsOfAll()
		all.sent, all.heard, all.missing = all.sent+c.sent.Load(), all.heard+heard, all.missing+missing
	}
	return all
}

// BenchmarkIdleSFU: what the SFU takes while nobody calls, a while after its start.
func BenchmarkIdleSFU(b *testing.B) {
	program := builtProgram(b)
	m := meet(b, program)
	_, _, code := askToken(m.ana, m.a, m.urlA, m.room)
	require.Empty(b, code)
	pid := childRunning(b, "sfu")
	for b.Loop() {
		time.Sleep(5 * time.Second)
	}
	b.ReportMetric(rssOf(b, pid), "MB")
}

// BenchmarkConferenceEviction measures how long media go on after somebody may not take part any more: from the request to the end of
// the connection, as its owner sees it, at their own hospital's SFU and at another's.
func BenchmarkConferenceEviction(b *testing.B) {
	m := meet(b)
	for _, r := range removals(b) {
		for name, at := range map[string]*testhospital.Hospital{"own": m.a, "other": m.b} {
			if r.localOnly && at == m.b || r.remoteOnly && at == m.a {
				continue
			}
			b.Run(strings.ReplaceAll(r.name, " ", "-")+"/"+name, func(b *testing.B) { benchEviction(b, m, r, at) })
		}
	}
}

func benchEviction(b *testing.B, m *meeting, r removal, at *testhospital.Hospital) {
	var took []time.Duration
	for b.Loop() {
		b.StopTimer()
		room, u := m.ward(b, at, "u"+strings.ToLower(rand.Text()))
		_, jwt, _ := askToken(u, m.a, m.urlA, room)
		there := connect(b, m.urlA, jwt)
		b.StartTimer()
		began := time.Now()
		r.does(m, u, room)
		there.isGone()
		took = append(took, time.Since(began))
	}
	b.ReportMetric(p95(took), "p95-ms")
}
