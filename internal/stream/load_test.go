package stream

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

// Under concurrent writes, of which some fail, each durable reader sees each position once and in order, and each
// waiting reader comes to the end of its topic.
func TestReadersUnderLoad(t *testing.T) {
	const writers, writes, readers = 8, 60, 4
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		db := sqldbtest.Open(t, fresh())
		h := New(db, Options{Logger: sqldbtest.Quiet()})
		ctx, cancel := context.WithTimeout(background, 30*time.Second)
		defer cancel()

		var records [readers]record
		var following sync.WaitGroup
		for i := range records {
			following.Go(func() { h.Follow(ctx, string(rune('a'+i)), FollowOptions{Step: 7}, records[i].readAll(h)) })
		}
		var waiting sync.WaitGroup
		for topic := range writers {
			waiting.Go(func() { readToTheEnd(ctx, t, h, room(topic), writes) })
		}
		var writing sync.WaitGroup
		for topic := range writers {
			writing.Go(func() { writeAll(t, db, h, room(topic), writes) })
		}
		writing.Wait()
		waiting.Wait()
		total := h.Position()
		require.EqualValues(t, writers*writes, total)
		for i := range records {
			require.Eventually(t, func() bool { return len(records[i].positions()) >= int(total) }, 10*time.Second, time.Millisecond)
			require.Equal(t, upTo(total), records[i].positions())
		}
		cancel()
		following.Wait()
	})
}

// writeAll publishes writes entries; every fifth write fails once first.
func writeAll(t *testing.T, db *sqldb.DB, h *Hub, topic Topic, writes int) {
	for n := range writes {
		for fails := n%5 == 0; ; fails = false {
			err := db.Write(background, func(tx *sqldb.Tx) error {
				position := tx.NextPosition()
				tx.OnCommit(func() { h.Append(Entry{Position: position, Topic: topic}) })
				if fails {
					return errors.New("on purpose")
				}
				return nil
			})
			if err == nil {
				break
			}
			if !fails {
				t.Error(err)
				return
			}
		}
	}
}

// readAll takes the range from the ring and records its positions.
func (r *record) readAll(h *Hub) Handle {
	return func(_ context.Context, from, upto int64) error {
		entries, complete := h.All(from, upto, int(upto-from))
		if !complete || int64(len(entries)) != upto-from {
			return errors.New("the ring has lost entries")
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, e := range entries {
			r.handled = append(r.handled, e.Position)
		}
		return nil
	}
}

func readToTheEnd(ctx context.Context, t *testing.T, h *Hub, topic Topic, want int) {
	var since int64
	for got := 0; got < want; {
		w := h.Watch(topic)
		for h.LastChange(topic) <= since {
			select {
			case <-w.C():
			case <-ctx.Done():
				t.Errorf("%v: %d of %d entries, then no wake-up", topic, got, want)
				w.Close()
				return
			}
		}
		upto := h.Position()
		entries, complete := h.Since(topic, since, upto)
		if !complete {
			t.Error("the ring has lost entries")
		}
		got, since = got+len(entries), upto
		w.Close()
	}
}
