package bridge

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/stream"
	"medixchange/rooms"
)

// renderedAfter sends a message and returns how long it took from its acceptance until its rendering could be read.
func (w *world) renderedAfter(b *testing.B, roomID, text string) time.Duration {
	watch := w.hub.Watch(rooms.RoomTopic(roomID))
	defer watch.Close()
	ev := w.event(w.say(roomID, alice, text))
	start := time.Now()
	for {
		found, err := w.bridge.Renderings(context.Background(), "es", []*rooms.Event{ev}, newest)
		if err != nil {
			b.Fatal(err)
		}
		if r := found[ev.NID]; r != nil && r.State == "translated" {
			return time.Since(start)
		}
		<-watch.C()
	}
}

func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}

// BenchmarkOverhead is the time from the acceptance of a message until its rendering is there, with an engine that takes none.
func BenchmarkOverhead(b *testing.B) {
	w := newWorld(b)
	room := w.ward()
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		took = append(took, w.renderedAfter(b, room, bedSentence(i)))
	}
	report(b, took)
}

// BenchmarkCacheHit is the same for a text that was translated before.
func BenchmarkCacheHit(b *testing.B) {
	w := newWorld(b)
	room := w.ward()
	var took []time.Duration
	for b.Loop() {
		took = append(took, w.renderedAfter(b, room, question))
	}
	report(b, took)
}

// forget has what is remembered of an event found out again.
func (b *Bridge) forget(ev *rooms.Event) {
	b.findings.Of(ev.NID - keptFindings) // in its place
}

// BenchmarkSameLanguage is what the bridge does with a message that everybody in the room reads.
func BenchmarkSameLanguage(b *testing.B) {
	w := newWorld(b)
	room := w.room(alice, bob, carla)
	ev := w.event(w.say(room, alice, question))
	w.settled()
	ctx := context.Background()
	entry := stream.Entry{Kind: rooms.EntryEvent, Value: ev}
	b.ReportAllocs()
	for b.Loop() {
		w.bridge.forget(ev)
		begun, err := w.bridge.take(ctx, entry)
		require.NoError(b, err)
		require.Empty(b, begun)
		if w.bridge.Wanted(ev, "en") || !w.bridge.HoldUntil(ev, "en", newest).IsZero() {
			b.Fatal("not wanted")
		}
		if found, err := w.bridge.Renderings(ctx, "en", []*rooms.Event{ev}, newest); err != nil || found != nil {
			b.Fatal(found, err)
		}
	}
}

// BenchmarkRealID is what each id that a client sends costs.
func BenchmarkRealID(b *testing.B) {
	w := newWorld(b)
	room := w.ward()
	id := w.say(room, alice, question)
	for b.Loop() {
		if _, synthetic, err := w.bridge.RealID(b.Context(), id, bob); err != nil || synthetic {
			b.Fatal("a real id")
		}
	}
}

// BenchmarkPutOff is what a message adds that comes while engines have no room: from the stream to what one reader is shown.
func BenchmarkPutOff(b *testing.B) {
	w := newWorld(b)
	room := w.ward()
	w.bridge.absences.put(absence{scope: scope{from: "en", to: "es"}, position: 1, first: 1})
	ev := w.event(w.say(room, alice, bedSentence(12)))
	w.settled()
	ctx := context.Background()
	ev.Received = time.Now().UnixMilli()
	w.bridge.handled.Store(ev.Position - 1)
	entry := stream.Entry{Kind: rooms.EntryEvent, Value: ev}
	b.ReportAllocs()
	for b.Loop() {
		w.bridge.forget(ev)
		w.bridge.hot.clear()
		if !w.bridge.Wanted(ev, "es") || !w.bridge.HoldUntil(ev, "es", newest).IsZero() {
			b.Fatal("it is held")
		}
		begun, err := w.bridge.take(ctx, entry)
		require.NoError(b, err)
		require.Empty(b, begun)
		found, err := w.bridge.Renderings(ctx, "es", []*rooms.Event{ev}, newest)
		if err != nil || found[ev.NID] == nil || !found[ev.NID].PutOff {
			b.Fatal(found, err)
		}
	}
}
