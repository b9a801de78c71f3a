package rooms

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/stream"
)

// pages walks the whole room in one direction with pages of random size.
func (b *bareRoom) pages(from HistoryKey, dir Direction, most int) []string {
	b.t.Helper()
	var ids []string
	for n := 0; ; n++ {
		require.Less(b.t, n, 20_000, "paging does not end")
		page, err := b.Timeline(context.Background(), b.id, from, HistoryKey{}, dir, 1+rand.IntN(most), false)
		require.NoError(b.t, err)
		ids = append(ids, eventIDs(page.Events)...)
		if page.Done {
			return ids
		}
		from = page.Next
	}
}

func TestPagingLosesAndDoublesNothing(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		b := openReadNode(t, fresh()).bareRoom("!paging:north.example")
		const live, fetched = 9_000, 1_000
		for i := 0; i < live; i += 500 {
			b.put(make([]bareEvent, 500)...)
		}
		// Fetched history before one anchor, and events that have no place.
		anchor := b.hub.Position() / 2
		for i := 1; i <= fetched; i += 250 {
			var batch []bareEvent
			for j := i; j < i+250; j++ {
				batch = append(batch, bareEvent{key: &HistoryKey{anchor, int64(-j)}})
			}
			b.put(batch...)
		}
		b.put(bareEvent{outcome: Rejected}, bareEvent{outcome: Outlier}, bareEvent{outcome: SoftFailed}, bareEvent{outcome: Awaiting})

		now := HistoryKey{Anchor: b.hub.Position()}
		back := b.pages(now, Backward, 400)
		forth := b.pages(HistoryKey{}, Forward, 400)
		require.Len(t, back, live+fetched)
		slices.Reverse(back)
		require.Empty(t, cmp.Diff(back, forth))
		slices.Sort(back)
		require.Len(t, slices.Compact(back), live+fetched)
	})
}

func TestPagingLosesNothingWhileEventsArriveAndAreFetched(t *testing.T) {
	b := newReadNode(t).bareRoom("!busy:north.example")
	for range 4 {
		b.put(make([]bareEvent, 500)...)
	}
	before := b.pages(HistoryKey{Anchor: b.hub.Position()}, Backward, 1000)
	anchor := b.hub.Position() / 2
	start := HistoryKey{Anchor: b.hub.Position()}

	var writers sync.WaitGroup
	stop := make(chan struct{})
	writers.Add(2)
	go func() { // live events
		defer writers.Done()
		for {
			select {
			case <-stop:
				return
			default:
				b.put(bareEvent{}, bareEvent{})
			}
		}
	}()
	go func() { // older ones, that come in before an anchor
		defer writers.Done()
		for sub := int64(-1); ; sub-- {
			select {
			case <-stop:
				return
			default:
				b.put(bareEvent{key: &HistoryKey{anchor, sub}, id: fmt.Sprintf("$fetched%d", -sub)})
			}
		}
	}()
	for range 5 {
		for _, dir := range []Direction{Backward, Forward} {
			from := start
			if dir == Forward {
				from = HistoryKey{}
			}
			seen := map[string]int{}
			for _, id := range b.pages(from, dir, 90) {
				seen[id]++
				require.Equal(t, 1, seen[id], "event %s comes twice", id)
			}
			for _, id := range before {
				require.Equal(t, 1, seen[id], "event %s is lost", id)
			}
		}
	}
	close(stop)
	writers.Wait()
}

func TestTimelineEndsAtAGapUnlessItMayCross(t *testing.T) {
	ctx := context.Background()
	b := newReadNode(t).bareRoom("!gap:north.example")
	older := b.put(bareEvent{id: "$1"}, bareEvent{id: "$2"})
	newer := b.put(bareEvent{id: "$5", afterGap: []string{"$4"}}, bareEvent{id: "$6"})
	now := HistoryKey{Anchor: b.hub.Position()}

	page, err := b.Timeline(ctx, b.id, now, HistoryKey{}, Backward, 10, false)
	require.NoError(t, err)
	require.Equal(t, []string{"$6", "$5"}, eventIDs(page.Events))
	require.True(t, page.Gap)
	require.False(t, page.Done)
	require.Equal(t, newer[0].Key.before(), page.Next)

	page, err = b.Timeline(ctx, b.id, HistoryKey{}, HistoryKey{}, Forward, 10, false)
	require.NoError(t, err)
	require.Equal(t, []string{"$1", "$2"}, eventIDs(page.Events))
	require.True(t, page.Gap)
	require.Equal(t, older[1].Key, page.Next)

	// With other servers out of reach a page that starts at the gap goes on behind it.
	page, err = b.Timeline(ctx, b.id, newer[0].Key.before(), HistoryKey{}, Backward, 10, true)
	require.NoError(t, err)
	require.Equal(t, []string{"$2", "$1"}, eventIDs(page.Events))
	page, err = b.Timeline(ctx, b.id, older[1].Key, HistoryKey{}, Forward, 10, true)
	require.NoError(t, err)
	require.Equal(t, []string{"$5", "$6"}, eventIDs(page.Events))

	// A filled gap does not stop anybody, and what was fetched is in its place.
	b.put(bareEvent{id: "$4", key: &HistoryKey{newer[0].Key.Anchor, -1}}, bareEvent{id: "$3", key: &HistoryKey{newer[0].Key.Anchor, -2}})
	b.write(func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`UPDATE gaps SET missing = '[]', sub = -2`)
		return err
	})
	require.Equal(t, []string{"$6", "$5", "$4", "$3", "$2", "$1"}, b.pages(now, Backward, 3))
	require.Equal(t, []string{"$1", "$2", "$3", "$4", "$5", "$6"}, b.pages(HistoryKey{}, Forward, 3))
}

func TestTimelineReturnsToItsEnd(t *testing.T) {
	ctx := context.Background()
	b := newReadNode(t).bareRoom("!to:north.example")
	events := b.put(make([]bareEvent, 10)...)
	page, err := b.Timeline(ctx, b.id, events[8].Key, events[2].Key, Backward, 100, false)
	require.NoError(t, err)
	require.Equal(t, []string{events[8].ID, events[7].ID, events[6].ID, events[5].ID, events[4].ID, events[3].ID}, eventIDs(page.Events))
	require.True(t, page.Done)
	require.Equal(t, events[2].Key, page.Next)
	page, err = b.Timeline(ctx, b.id, events[2].Key, events[4].Key, Forward, 100, false)
	require.NoError(t, err)
	require.Equal(t, []string{events[3].ID, events[4].ID}, eventIDs(page.Events))
	_, err = b.Timeline(ctx, "!unknown:north.example", HistoryKey{}, HistoryKey{}, Forward, 1, false)
	require.ErrorIs(t, err, ErrNotFound)
}

// TestLiveTimelineIsTheSameFromMemoryAndFromTheDatabase asks both roads for every window of a room with gaps, filled
// gaps, other rooms' events and events that are not shown.
func TestLiveTimelineIsTheSameFromMemoryAndFromTheDatabase(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		ctx := context.Background()
		b := openReadNode(t, fresh()).bareRoom("!golden:north.example")
		other := b.bareRoom("!other:north.example")
		b.put(bareEvent{id: "$1"}, bareEvent{id: "$2"})
		other.put(bareEvent{})
		gap := b.put(bareEvent{id: "$3", afterGap: []string{"$missing"}})[0]
		b.put(bareEvent{id: "$4"}, bareEvent{outcome: Rejected}, bareEvent{id: "$5"})
		filled := b.put(bareEvent{id: "$6", afterGap: []string{}})[0]
		b.put(bareEvent{id: "$fetched", key: &HistoryKey{filled.Key.Anchor, -1}}, bareEvent{id: "$7"}, bareEvent{id: "$8"})

		last := b.hub.Position()
		cold := *b.Rooms
		cold.hub = stream.New(b.db, stream.Options{Logger: sqldbtest.Quiet()}) // its ring knows nothing of before
		for since := int64(0); since <= last; since++ {
			for upto := since; upto <= last; upto++ {
				for limit := 1; limit <= 9; limit++ {
					what := fmt.Sprintf("(%d, %d] limit %d", since, upto, limit)
					hot, hotLimited, hotPrev, err := b.LiveTimeline(ctx, b.id, since, upto, limit)
					require.NoError(t, err, what)
					events, limited, prev, err := cold.storedTimeline(ctx, b.id, since, upto, limit)
					require.NoError(t, err, what)
					if upto > since {
						require.Equal(t, eventIDs(events), eventIDs(hot), what)
						require.Equal(t, limited, hotLimited, what)
						require.Equal(t, prev, hotPrev, what)
					}
				}
			}
		}
		events, limited, prev, err := b.LiveTimeline(ctx, b.id, 0, last, 100)
		require.NoError(t, err)
		require.Equal(t, []string{"$6", "$7", "$8"}, eventIDs(events), "what was fetched has no position: the timeline is cut there")
		require.True(t, limited)
		require.Equal(t, filled.Key.before(), prev)
		events, limited, prev, err = b.LiveTimeline(ctx, b.id, gap.Key.Anchor-1, filled.Key.Anchor-1, 100)
		require.NoError(t, err)
		require.Equal(t, []string{"$3", "$4", "$5"}, eventIDs(events))
		require.True(t, limited)
		require.Equal(t, gap.Key.before(), prev)
		events, limited, _, err = b.LiveTimeline(ctx, b.id, gap.Key.Anchor, filled.Key.Anchor-1, 100)
		require.NoError(t, err)
		require.Equal(t, []string{"$4", "$5"}, eventIDs(events))
		require.False(t, limited)
	})
}

func TestRedactedFollowsNewRedactions(t *testing.T) {
	ctx := context.Background()
	b := newReadNode(t).bareRoom("!redacted:north.example")
	b.put(bareEvent{id: "$a"}, bareEvent{id: "$b"})
	found, err := b.Redacted(ctx, []string{"$a", "$b"})
	require.NoError(t, err)
	require.Empty(t, found)
	first := b.redact("$a")
	b.redact("$a")
	for range 2 { // the second time from memory
		found, err = b.Redacted(ctx, []string{"$a", "$b"})
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.Equal(t, first.ID, found["$a"].ID)
	}
}

func TestRedactionCacheDoesNotKeepAnOlderReading(t *testing.T) {
	c := newRedactionCache()
	_, _, turn := c.get([]string{"$a"})
	c.forget("$a") // a redaction is committed while someone reads
	c.keep([]string{"$a"}, nil, turn)
	_, unknown, _ := c.get([]string{"$a"})
	require.Equal(t, []string{"$a"}, unknown)
}

func BenchmarkHistoryPaging(b *testing.B) {
	room := newReadNode(b).bareRoom("!bench:north.example")
	const size = 20_000
	for i := 0; i < size; i += 500 {
		room.put(make([]bareEvent, 500)...)
	}
	ctx := context.Background()
	for _, cached := range []bool{false, true} {
		b.Run(fmt.Sprintf("cached=%v", cached), func(b *testing.B) {
			from := HistoryKey{Anchor: room.hub.Position()}
			events := 0
			b.ReportAllocs()
			for b.Loop() {
				if !cached {
					room.cache = newEventCache(eventCacheBytes)
				}
				page, err := room.Timeline(ctx, room.id, from, HistoryKey{}, Backward, 100, false)
				require.NoError(b, err)
				events += len(page.Events)
				if from = page.Next; page.Done {
					from = HistoryKey{Anchor: room.hub.Position()}
				}
			}
			b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
