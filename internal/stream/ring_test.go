package stream

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// model remembers everything and filters naively.
type model []Entry

func (m model) filter(since, upto int64, keep func(Entry) bool) (out []Entry) {
	for _, e := range m {
		if e.Position > since && e.Position <= upto && keep(e) {
			out = append(out, e)
		}
	}
	return out
}

func randomTopic(random *rand.Rand, topics int) Topic {
	n := int(random.ExpFloat64() * float64(topics) / 8)
	return Topic{Kind: uint8(n % 2), ID: fmt.Sprintf("topic %d", min(n, topics-1))}
}

// Whatever is evicted, a complete answer equals a naive filter over everything, and "nothing new" is never wrong.
func TestRingEqualsNaiveFilter(t *testing.T) {
	for seed := range uint64(24) {
		random := rand.New(rand.NewPCG(seed, 1))
		limit := []int{0, 2_000, 20_000, 400_000}[seed%4]
		start := int64(random.IntN(3)) * 100
		r := newRing(limit, start)
		r.dormantLimit = []int{1, 5, 1000}[seed%3]
		var everything model
		position := start
		complete := 0
		for range 120 {
			var batch []Entry
			for range random.IntN(8) {
				position++
				for range 1 + random.IntN(3) {
					e := Entry{Position: position, Topic: randomTopic(random, 60), Value: random.Int(), Size: random.IntN(400)}
					batch = append(batch, e)
				}
			}
			r.push(batch)
			everything = append(everything, batch...)
			for range 5 {
				complete += checkRing(t, random, r, everything, start, position)
			}
		}
		require.Positive(t, complete, "seed %d: no answer was complete", seed)
		require.LessOrEqual(t, r.bytes, max(limit, 0))
		require.LessOrEqual(t, len(r.dormant), 2*r.dormantLimit+2)
	}
}

func checkRing(t *testing.T, random *rand.Rand, r *ring, everything model, start, position int64) (answered int) {
	topic := randomTopic(random, 70)
	since := start + random.Int64N(position-start+1)
	if random.IntN(2) == 0 {
		since = max(position-random.Int64N(10), start)
	}
	upto := since + random.Int64N(position-since+1)
	ofTopic := func(e Entry) bool { return e.Topic == topic }

	got, complete := r.since(topic, since, upto)
	want := everything.filter(since, upto, ofTopic)
	if complete {
		answered++
		require.Empty(t, cmp.Diff(want, got), "since %d upto %d", since, upto)
	}
	require.True(t, complete || since < r.floor, "what the ring has, it answers")

	var last int64
	for _, e := range everything.filter(start, position, ofTopic) {
		last = e.Position
	}
	require.GreaterOrEqual(t, r.lastChange(topic), last)
	if _, known := r.topics[topic]; known {
		require.Equal(t, last, r.lastChange(topic))
	}

	limit := 1 + random.IntN(20)
	got, complete = r.all(since, upto, limit)
	require.Equal(t, since >= r.floor, complete)
	if complete {
		want = everything.filter(since, upto, func(Entry) bool { return true })
		require.GreaterOrEqual(t, len(got), min(limit, len(want)))
		require.Empty(t, cmp.Diff(want[:len(got)], got))
		require.True(t, len(got) == len(want) || want[len(got)].Position > got[len(got)-1].Position, "a position is never torn apart")
	}
	return answered
}

func TestRingForgetsValues(t *testing.T) {
	r := newRing(10_000, 0)
	for p := range int64(5000) {
		r.push([]Entry{{Position: p + 1, Topic: Topic{ID: "busy"}, Value: "x", Size: 100}})
	}
	held := 0
	for _, s := range r.slots {
		if s.entry.Value != nil {
			held++
		}
	}
	require.EqualValues(t, r.next-r.first, held, "evicted entries keep nothing alive")
	require.Len(t, r.slots, 1024)
	require.Equal(t, int64(5000), r.lastChange(Topic{ID: "busy"}))
	require.Zero(t, r.lastChange(Topic{ID: "never"}), "nothing about other topics was forgotten")
}

func TestRingForgetAll(t *testing.T) {
	r := newRing(1<<20, 0)
	r.push([]Entry{{Position: 1, Topic: Topic{ID: "a"}}})
	r.forgetAll(5)
	require.EqualValues(t, 5, r.lastChange(Topic{ID: "a"}))
	_, complete := r.since(Topic{ID: "a"}, 4, 5)
	require.False(t, complete)
	r.push([]Entry{{Position: 6, Topic: Topic{ID: "a"}}})
	got, complete := r.since(Topic{ID: "a"}, 5, 6)
	require.True(t, complete)
	require.Len(t, got, 1)
}

func BenchmarkAppend(b *testing.B) {
	r := newRing(16<<20, 0)
	topics := make([]Topic, 1000)
	for i := range topics {
		topics[i] = Topic{1, fmt.Sprintf("!room%d:hospital.example", i)}
	}
	batch := make([]Entry, 1)
	b.ReportAllocs()
	for i := range b.N {
		batch[0] = Entry{Position: int64(i + 1), Topic: topics[i%1000], Size: 800}
		r.push(batch)
	}
}

func BenchmarkSince(b *testing.B) {
	r := newRing(64<<20, 0)
	for p := range int64(20_000) {
		r.push([]Entry{{Position: p + 1, Topic: Topic{1, fmt.Sprintf("!room%d:hospital.example", p%100)}, Size: 800}})
	}
	topic := Topic{1, "!room7:hospital.example"}
	for _, back := range []int64{0, 1000, 10_000} {
		b.Run(fmt.Sprintf("entries=%d", back/100), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.since(topic, 20_000-back, 20_000)
			}
		})
	}
}
