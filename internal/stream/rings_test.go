package stream

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// Whatever either ring has evicted, a complete answer equals a naive filter over everything, in the order of positions.
func TestBothRingsTogetherEqualNaiveFilter(t *testing.T) {
	for seed := range uint64(16) {
		random := rand.New(rand.NewPCG(seed, 2))
		r := newRings([]int{4_000, 40_000, 400_000}[seed%3], 0)
		var everything model
		position, complete := int64(0), 0
		for range 120 {
			var batch []Entry
			for range random.IntN(8) {
				position++
				kind := []uint8{1, Aside}[random.IntN(2)]
				for range 1 + random.IntN(3) {
					batch = append(batch, Entry{Position: position, Topic: randomTopic(random, 60), Kind: kind, Value: random.Int(), Size: random.IntN(400)})
				}
			}
			r.push(batch)
			everything = append(everything, batch...)
			for range 5 {
				complete += checkRings(t, random, r, everything, position)
			}
		}
		require.Positive(t, complete, "seed %d: no answer was complete", seed)
	}
}

func checkRings(t *testing.T, random *rand.Rand, r rings, everything model, position int64) (answered int) {
	topic := randomTopic(random, 70)
	since := max(position-random.Int64N(position+1), 0)
	upto := since + random.Int64N(position-since+1)
	if got, complete := r.since(topic, since, upto); complete {
		answered++
		want := everything.filter(since, upto, func(e Entry) bool { return e.Topic == topic })
		require.Empty(t, cmp.Diff(want, got), "since %d upto %d", since, upto)
	}
	var last int64
	for _, e := range everything.filter(0, position, func(e Entry) bool { return e.Topic == topic }) {
		last = e.Position
	}
	require.GreaterOrEqual(t, r.lastChange(topic), last)

	limit := 1 + random.IntN(20)
	got, complete := r.all(since, upto, limit)
	if !complete {
		return answered
	}
	want := everything.filter(since, upto, func(Entry) bool { return true })
	require.GreaterOrEqual(t, len(got), min(limit, len(want)))
	require.Empty(t, cmp.Diff(want[:len(got)], got))
	require.True(t, len(got) == len(want) || want[len(got)].Position > got[len(got)-1].Position, "a position is never torn apart")
	return answered + 1
}

func TestAFloodOfReceiptsEvictsNoEvent(t *testing.T) {
	r := newRings(40_000, 0)
	room := Topic{ID: "!ward:hospital.example"}
	r.push([]Entry{{Position: 1, Topic: room, Kind: 1, Value: "event", Size: 400}})
	for p := range int64(5000) {
		r.push([]Entry{{Position: p + 2, Topic: room, Kind: Aside, Value: "receipt", Size: 400}})
	}
	require.LessOrEqual(t, r.bytes(), 40_000)
	events, complete := r.events.since(room, 0, 5001)
	require.True(t, complete)
	require.Len(t, events, 1)
	_, complete = r.events.all(0, 5001, 10)
	require.True(t, complete)
	_, complete = r.since(room, 0, 5001)
	require.False(t, complete, "the receipts are gone, and it says so")
	require.EqualValues(t, 5001, r.lastChange(room))
}
