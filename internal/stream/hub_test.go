package stream

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

var background = context.Background()

func newHub(t testing.TB) *Hub {
	return New(sqldbtest.New(t), Options{Logger: sqldbtest.Quiet()})
}

// publish announces one entry for each topic, each at the next position.
func publish(h *Hub, topics ...Topic) int64 {
	position := h.Position()
	for _, t := range topics {
		position++
		h.Append(Entry{Position: position, Topic: t})
	}
	h.announce(position)
	return position
}

func room(n int) Topic { return Topic{1, fmt.Sprintf("!room%d:hospital.example", n)} }

func woken(w *Watch) bool {
	select {
	case <-w.C():
		return true
	default:
		return false
	}
}

func TestEntriesAppearWithTheCommit(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		db := sqldbtest.Open(t, fresh())
		h := New(db, Options{Logger: sqldbtest.Quiet()})
		w := h.Watch(room(1))
		defer w.Close()
		require.NoError(t, db.Write(background, func(tx *sqldb.Tx) error {
			position := tx.NextPosition()
			tx.OnCommit(func() {
				h.Append(Entry{Position: position, Topic: room(1), Value: "x", Size: 1})
				require.EqualValues(t, 0, h.Position())
				require.False(t, woken(w))
			})
			return nil
		}))
		require.EqualValues(t, 1, h.Position())
		require.True(t, woken(w))
		entries, complete := h.Since(room(1), 0, 1)
		require.True(t, complete)
		require.Equal(t, []Entry{{Position: 1, Topic: room(1), Value: "x", Size: 1}}, entries)
		entries, complete = h.All(0, 1, 10)
		require.True(t, complete)
		require.Len(t, entries, 1)

		require.Error(t, db.Write(background, func(tx *sqldb.Tx) error {
			tx.NextPosition()
			tx.OnCommit(func() { h.Append(Entry{Position: 2, Topic: room(1)}) })
			return context.Canceled
		}))
		require.EqualValues(t, 1, h.LastChange(room(1)))
		require.False(t, woken(w))
	})
}

// A hub that starts later knows nothing of before and says so.
func TestRestartedHubSendsReadersToTheDatabase(t *testing.T) {
	db := sqldbtest.New(t)
	require.NoError(t, db.Write(background, func(tx *sqldb.Tx) error { tx.NextPosition(); tx.NextPosition(); return nil }))
	h := New(db, Options{})
	require.EqualValues(t, 2, h.Position())
	require.EqualValues(t, 2, h.LastChange(room(1)))
	_, complete := h.Since(room(1), 1, 2)
	require.False(t, complete)
	_, complete = h.Since(room(1), 2, 2)
	require.True(t, complete)
}

// A position without its entry must not become "nothing new".
func TestUnpublishedPositionsAreNotHidden(t *testing.T) {
	for name, entries := range map[string][]Entry{
		"none":        nil,
		"hole":        {{Position: 2, Topic: room(2)}, {Position: 4, Topic: room(2)}},
		"short":       {{Position: 2, Topic: room(2)}, {Position: 3, Topic: room(2)}},
		"late":        {{Position: 1, Topic: room(2)}, {Position: 2, Topic: room(2)}, {Position: 3, Topic: room(2)}, {Position: 4, Topic: room(2)}},
		"out of turn": {{Position: 5, Topic: room(2)}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			publish(h, room(1))
			h.Append(entries...)
			h.announce(4)
			require.EqualValues(t, 4, h.Position())
			_, complete := h.Since(room(1), 1, 4)
			require.False(t, complete)
			require.EqualValues(t, 4, h.LastChange(room(1)))
			publish(h, room(1))
			_, complete = h.Since(room(1), 4, 5)
			require.True(t, complete)
		})
	}
}

func TestEntriesOfAGroupAreSorted(t *testing.T) {
	h := newHub(t)
	h.Append(Entry{Position: 2, Topic: room(1)})
	h.Append(Entry{Position: 1, Topic: room(1)})
	h.announce(2)
	entries, complete := h.All(0, 2, 10)
	require.True(t, complete)
	require.EqualValues(t, []int64{1, 2}, []int64{entries[0].Position, entries[1].Position})
}

func TestWatch(t *testing.T) {
	h := newHub(t)
	w := h.Watch(room(1), room(2), room(2))
	publish(h, room(3))
	require.False(t, woken(w))
	publish(h, room(2), room(1), room(2))
	require.True(t, woken(w))
	require.False(t, woken(w), "many changes come as one")
	w.Add(room(3), room(1))
	publish(h, room(3))
	require.True(t, woken(w))
	w.Remove(room(1), room(9))
	publish(h, room(1))
	require.False(t, woken(w))
	w.Close()
	w.Close()
	w.Add(room(4))
	publish(h, room(2), room(3), room(4))
	require.False(t, woken(w))
	require.Empty(t, h.waking.topics, "nothing stays behind")
	require.Zero(t, h.waking.count)
}

// The seats and places that point at each other must agree after any sequence of changes.
func TestAWatchTellsInsteadOfFillingItsChannel(t *testing.T) {
	h := newHub(t)
	w := h.Watch(room(1))
	defer w.Close()
	told := 0
	announce := func() { h.wake([]Entry{{Topic: room(1)}}) }
	announce()
	w.Tell(func() { told++ })
	require.Equal(t, 1, told, "what came before is told at once")
	announce()
	announce()
	require.Equal(t, 3, told)
	require.False(t, woken(w))
	w.Tell(nil)
	announce()
	require.Equal(t, 3, told)
	require.True(t, woken(w))
}

func TestWatchesStayConsistent(t *testing.T) {
	h := newHub(t)
	random := rand.New(rand.NewPCG(3, 4))
	var watches []*Watch
	for range 3000 {
		switch n := random.IntN(4); {
		case n == 0 || len(watches) == 0:
			watches = append(watches, h.Watch(room(random.IntN(20)), room(random.IntN(20))))
		case n == 1:
			watches[random.IntN(len(watches))].Add(room(random.IntN(20)), room(random.IntN(20)))
		case n == 2:
			watches[random.IntN(len(watches))].Remove(room(random.IntN(20)))
		case n == 3 && len(watches) > 20:
			i := random.IntN(len(watches))
			watches[i].Close()
			watches = append(watches[:i], watches[i+1:]...)
		}
		places := 0
		for topic, a := range h.waking.topics {
			require.NotEmpty(t, a.watches)
			for i, p := range a.watches {
				places++
				require.Equal(t, seat{a, i}, p.watch.seats[p.seat])
				require.Equal(t, topic, a.topic)
			}
		}
		seats := 0
		for _, w := range watches {
			seats += len(w.seats)
		}
		require.Equal(t, places, seats)
	}
}

// Register, read, wait: each reader must see each of its positions although the publisher goes on only when it has,
// so that a single lost wake-up would stop both for ever.
func TestNoWakeUpIsLost(t *testing.T) {
	const readers, rounds = 16, 1500
	h := newHub(t)
	var seen [readers]chan int64
	var group sync.WaitGroup
	for n := range readers {
		seen[n] = make(chan int64, 1)
		group.Go(func() { readInTurn(t, h, n, rounds, seen[n]) })
	}
	deadline := time.After(45 * time.Second)
	for range rounds {
		var topics []Topic
		for n := range readers {
			topics = append(topics, room(n))
		}
		rand.Shuffle(readers, func(i, j int) { topics[i], topics[j] = topics[j], topics[i] })
		publish(h, topics...)
		for n := range readers {
			select {
			case <-seen[n]:
			case <-deadline:
				t.Fatal("a wake-up was lost")
			}
		}
	}
	group.Wait()
}

// readInTurn registers anew each time, as a sync request does.
func readInTurn(t *testing.T, h *Hub, n, rounds int, seen chan<- int64) {
	var since int64
	for range rounds {
		w := h.Watch(room(n), room(1000+n))
		for h.LastChange(room(n)) <= since {
			<-w.C()
		}
		upto := h.Position()
		entries, complete := h.Since(room(n), since, upto)
		if !complete || len(entries) != 1 {
			t.Errorf("reader %d: %d entries, complete %v", n, len(entries), complete)
		}
		since = upto
		w.Close()
		seen <- since
	}
}

func TestWaitFor(t *testing.T) {
	h := newHub(t)
	require.NoError(t, h.WaitFor(background, 0))
	done := make(chan error)
	go func() { done <- h.WaitFor(background, 3) }()
	publish(h, room(1), room(1))
	publish(h, room(1))
	require.NoError(t, <-done)
	ctx, cancel := context.WithTimeout(background, time.Millisecond)
	defer cancel()
	require.ErrorIs(t, h.WaitFor(ctx, 4), context.DeadlineExceeded)
}

func TestEphemeral(t *testing.T) {
	h := newHub(t)
	require.NotEmpty(t, h.Epoch())
	require.NotEqual(t, h.Epoch(), newHub(t).Epoch())
	w := h.Watch(room(1))
	defer w.Close()
	require.EqualValues(t, 1, h.Touch(room(1), 7))
	require.True(t, woken(w))
	require.EqualValues(t, 2, h.Touch(room(2), 7))
	require.False(t, woken(w))
	require.EqualValues(t, 1, h.EphemeralLast(room(1), 7))
	require.EqualValues(t, 0, h.EphemeralLast(room(1), 8))
	require.EqualValues(t, 2, h.EphemeralPosition())
	require.EqualValues(t, 0, h.Position())
}

func TestEphemeralIsBoundedAndNeverTooLow(t *testing.T) {
	e := newEphemeral("e", 20*factBytes)
	random := rand.New(rand.NewPCG(5, 6))
	truth := map[fact]int64{}
	h := &Hub{ephemeral: e}
	for range 5000 {
		f := fact{room(random.IntN(100)), uint8(random.IntN(2))}
		truth[f] = e.touch(f)
		asked := fact{room(random.IntN(120)), uint8(random.IntN(2))}
		require.GreaterOrEqual(t, h.EphemeralLast(asked.topic, asked.kind), truth[asked])
		require.LessOrEqual(t, e.bytes, e.limit)
		require.LessOrEqual(t, len(e.last), 20)
	}
}

// An idle reader may cost 1 KB and 100 bytes for each topic.
func TestIdleWatchesAreSmall(t *testing.T) {
	const watches, topics = 1000, 50
	h := newHub(t)
	rooms := make([]Topic, topics)
	for i := range rooms {
		rooms[i] = room(i)
	}
	idle := make([]*Watch, watches)
	before := heap()
	for i := range idle {
		idle[i] = h.Watch(rooms...)
	}
	each := (heap() - before) / watches
	t.Logf("%d bytes for a watch of %d topics", each, topics)
	require.Positive(t, each)
	require.Less(t, each, int64(1024+100*topics))
	require.Len(t, h.waking.topics, topics)
	runtime.KeepAlive(idle)
}

func heap() int64 {
	for range 3 { // pools and finalizers of earlier tests need more than one
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkPublish(b *testing.B) {
	for _, watches := range []int{0, 1000} {
		b.Run(fmt.Sprintf("waking=%d", watches), func(b *testing.B) {
			h := newHub(b)
			var idle []*Watch
			for range watches {
				idle = append(idle, h.Watch(room(1)))
			}
			b.ReportAllocs()
			topic := room(1)
			for b.Loop() {
				publish(h, topic)
				for _, w := range idle { // taken back, so that each publish has to wake again
					woken(w)
				}
			}
		})
	}
}

// BenchmarkWake measures until all of 1,000 sleeping readers of one topic have run.
func BenchmarkWake(b *testing.B) {
	const readers = 1000
	h := newHub(b)
	var awake sync.WaitGroup
	stop := make(chan struct{})
	for range readers {
		w := h.Watch(room(1))
		go func() {
			for {
				select {
				case <-w.C():
					awake.Done()
				case <-stop:
					return
				}
			}
		}()
	}
	defer close(stop)
	b.ReportAllocs()
	for b.Loop() {
		awake.Add(readers)
		publish(h, room(1))
		awake.Wait()
	}
}

// BenchmarkRegister is what a waiting sync pays: its user and 50 rooms, with 1,000 others registered for the same.
func BenchmarkRegister(b *testing.B) {
	h := newHub(b)
	topics := make([]Topic, 51)
	for i := range topics {
		topics[i] = room(i)
	}
	for range 1000 {
		h.Watch(topics[1:]...)
	}
	b.ReportAllocs()
	for b.Loop() {
		h.Watch(topics...).Close()
	}
}
