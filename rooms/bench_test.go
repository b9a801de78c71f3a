package rooms

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// cpuTime is the processor time that the process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func reportCPU(b *testing.B, since time.Duration) {
	b.ReportMetric(float64((cpuTime()-since).Microseconds())/float64(b.N), "cpu-µs/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}

func benchSend(b *testing.B, n *testNode, room, sender, txn string) {
	_, err := n.Send(context.Background(), SendRequest{
		RoomID: room, Sender: sender, Type: "m.room.message",
		Content: json.RawMessage(`{"msgtype":"m.text","body":"Blood pressure 120/80, pulse 72, no fever since this morning."}`),
		Txn:     &Txn{Scope: "DEVICE", Path: "send/" + room, ID: txn},
	})
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkSend8Senders4Rooms sends durably from 8 senders in 4 rooms.
func BenchmarkSend8Senders4Rooms(b *testing.B) {
	n := newTestNode(b)
	var rooms []string
	for range 4 {
		room := n.publicRoom("12")
		n.join(room, nurse)
		rooms = append(rooms, room)
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	cpu := cpuTime()
	b.ResetTimer()
	for worker := range 8 {
		wg.Go(func() {
			for {
				i := next.Add(1)
				if i > int64(b.N) {
					return
				}
				benchSend(b, n, rooms[worker%4], []string{doctor, nurse}[worker/4], fmt.Sprint(i))
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	reportCPU(b, cpu)
}

// BenchmarkSendOneSender is the latency of one sender.
func BenchmarkSendOneSender(b *testing.B) {
	n := newTestNode(b)
	room := n.publicRoom("12")
	cpu := cpuTime()
	b.ResetTimer()
	for i := range b.N {
		benchSend(b, n, room, doctor, fmt.Sprint(i))
	}
	b.StopTimer()
	reportCPU(b, cpu)
}

// BenchmarkBuildEvent is a message event written, hashed, signed and named.
func BenchmarkBuildEvent(b *testing.B) {
	s := testSigner(b)
	b.ReportAllocs()
	for range b.N {
		buildCase(b, formats["12"], s, "m.room.message", "-", `{"body":"good morning","msgtype":"m.text"}`)
	}
}

// BenchmarkJoin joins users one after the other into one room, which has grown to the size in the name.
func BenchmarkJoin(b *testing.B) {
	for _, size := range []int{1, 1000, 5000} {
		b.Run(fmt.Sprintf("from%d", size), func(b *testing.B) {
			n := newTestNode(b)
			room := n.publicRoom("12")
			var wg sync.WaitGroup
			for w := range 32 {
				wg.Go(func() {
					for i := w; i < size; i += 32 {
						n.join(room, fmt.Sprintf("@m%d:%s", i, hospital))
					}
				})
			}
			wg.Wait()
			cpu := cpuTime()
			b.ResetTimer()
			for i := range b.N {
				user := fmt.Sprintf("@j%d:%s", i, hospital)
				if err := n.membership(room, user, user, "join"); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			reportCPU(b, cpu)
		})
	}
}

// BenchmarkLoadRoom loads an idle room of 5,000 members.
func BenchmarkLoadRoom(b *testing.B) {
	n := newTestNode(b)
	room := n.publicRoom("12")
	var wg sync.WaitGroup
	for w := range 32 {
		wg.Go(func() {
			for i := w; i < 5000; i += 32 {
				n.join(room, fmt.Sprintf("@m%d:%s", i, hospital))
			}
		})
	}
	wg.Wait()
	b.ResetTimer()
	for range b.N {
		n.active.evictBefore(time.Now().Add(time.Hour))
		n.snap(room)
	}
}
