package tests

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"medixchange/internal/testhospital"
)

// BenchmarkSendDurable: 8 senders in 4 rooms, everyone syncing; every answer means synchronous=FULL.
func BenchmarkSendDurable(b *testing.B) {
	h := testhospital.Start(b)
	const senders, roomsN = 8, 4
	nurses := users(h, "nurse", senders)
	inRoom := make([]string, senders)
	for r := range roomsN {
		room := nurses[r].CreateRoom(testhospital.Room{Preset: "public_chat"})
		inRoom[r] = room
		nurses[r+roomsN].Join(room)
		inRoom[r+roomsN] = room
	}
	per := max(b.N/senders, 1)
	d := newDelivery(per * senders * 2) // each message reaches both members
	var readers sync.WaitGroup
	for i, u := range nurses {
		reader := u.Login()
		reader.Sync(0)
		readers.Add(1)
		go func() {
			defer readers.Done()
			follow(reader, inRoom[i], d)
		}()
	}
	measure(b, per*senders, func() {
		var all sync.WaitGroup
		for i, u := range nurses {
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
	readers.Wait()
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
	arrived := make(chan struct{}, members)
	for _, u := range users(h, "member", members) {
		u.Join(room)
		p := newPoller(b, h.URL, u.Token, 30*time.Second)
		go p.run(func(answer []byte) {
			if bytes.Contains(answer, []byte(`"m.room.message"`)) {
				arrived <- struct{}{}
			}
		})
	}
	last := make([]time.Duration, 0, b.N)
	time.Sleep(500 * time.Millisecond)
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
	b.ReportMetric(percentile(last, 0.5), "last-member-p50-ms")
	b.ReportMetric(percentile(last, 0.95), "last-member-p95-ms")
}

// BenchmarkJoins: members join one room after the other.
func BenchmarkJoins(b *testing.B) {
	h := testhospital.Start(b)
	owner := h.User("owner")
	room := owner.CreateRoom(testhospital.Room{Preset: "public_chat"})
	members := users(h, "member", b.N)
	took := make([]time.Duration, 0, b.N)
	measure(b, b.N, func() {
		for _, u := range members {
			start := time.Now()
			u.Join(room)
			took = append(took, time.Since(start))
		}
	})
	tenth := max(b.N/10, 1)
	b.ReportMetric(percentile(slices.Clone(took[:tenth]), 0.5), "first-tenth-p50-ms")
	b.ReportMetric(percentile(slices.Clone(took[b.N-tenth:]), 0.5), "last-tenth-p50-ms")
}
