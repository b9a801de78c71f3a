package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

func TestCursors(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		db := sqldbtest.Open(t, fresh())
		h := New(db, Options{Logger: sqldbtest.Quiet()})
		_, ok, err := h.LoadCursor(background, "push")
		require.NoError(t, err)
		require.False(t, ok)
		require.NoError(t, h.SaveCursor(background, "push", 7))
		require.Error(t, db.Write(background, func(tx *sqldb.Tx) error {
			require.NoError(t, h.SaveCursorTx(tx, "push", 9))
			return errors.New("the effect failed")
		}))
		position, ok, err := h.LoadCursor(background, "push")
		require.NoError(t, err)
		require.True(t, ok)
		require.EqualValues(t, 7, position)

		cause := errors.New("no")
		require.NoError(t, h.bury(background, deadLetter{"push", 8, "x", cause}))
		require.NoError(t, h.bury(background, deadLetter{"push", 8, "x", cause}))
		position, _, err = h.LoadCursor(background, "push")
		require.NoError(t, err)
		require.EqualValues(t, 8, position)
	})
}

// record is what a reader was given.
type record struct {
	mu      sync.Mutex
	handled []int64
	calls   int
	fail    func(position int64) error
}

func (r *record) handle(_ context.Context, from, upto int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	for p := from + 1; p <= upto; p++ {
		if r.fail != nil {
			if err := r.fail(p); err != nil {
				return err
			}
		}
	}
	for p := from + 1; p <= upto; p++ {
		r.handled = append(r.handled, p)
	}
	return nil
}

func (r *record) positions() []int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]int64(nil), r.handled...)
}

func upTo(n int64) (out []int64) {
	for p := range n {
		out = append(out, p+1)
	}
	return out
}

// follow runs a reader until the returned function is called.
func follow(t *testing.T, h *Hub, o FollowOptions, r *record) (stop func()) {
	ctx, cancel := context.WithCancel(background)
	done := make(chan error)
	go func() { done <- h.Follow(ctx, "reader", o, r.handle) }()
	return func() {
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
	}
}

func publishMany(h *Hub, n int) {
	for i := range n {
		publish(h, room(i))
	}
}

func TestFollowGoesOnWhereItStopped(t *testing.T) {
	h := newHub(t)
	publishMany(h, 10)
	r := &record{}
	stop := follow(t, h, FollowOptions{Step: 4, SaveEvery: time.Hour}, r)
	require.Eventually(t, func() bool { return len(r.positions()) == 10 }, 30*time.Second, time.Millisecond)
	publishMany(h, 5)
	require.Eventually(t, func() bool { return len(r.positions()) == 15 }, 30*time.Second, time.Millisecond)
	stop()
	position, ok, err := h.LoadCursor(background, "reader")
	require.NoError(t, err)
	require.True(t, ok)
	require.EqualValues(t, 15, position, "the cursor is saved at the end")

	publishMany(h, 5)
	stop = follow(t, h, FollowOptions{Start: 3}, r)
	require.Eventually(t, func() bool { return len(r.positions()) == 20 }, 30*time.Second, time.Millisecond)
	stop()
	require.Equal(t, upTo(20), r.positions())
}

func TestFollowSavesLazily(t *testing.T) {
	h := newHub(t)
	publishMany(h, 3)
	r := &record{}
	stop := follow(t, h, FollowOptions{SaveEvery: 20 * time.Millisecond}, r)
	defer stop()
	require.Eventually(t, func() bool {
		position, _, err := h.LoadCursor(background, "reader")
		require.NoError(t, err)
		return position == 3
	}, 30*time.Second, 5*time.Millisecond)
}

// TestFollowLetsNewsGather: a reader with patience takes what was there before it at once, news later, and ends with its context
// meanwhile.
func TestFollowLetsNewsGather(t *testing.T) {
	h := newHub(t)
	publishMany(h, 1)
	patient, hurried := &record{}, &record{}
	stop := follow(t, h, FollowOptions{Gather: time.Hour}, patient)
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	go func() { _ = h.Follow(ctx, "hurried", FollowOptions{}, hurried.handle) }()
	require.Eventually(t, func() bool { return len(patient.positions()) == 1 }, 30*time.Second, time.Millisecond)
	publishMany(h, 3)
	require.Eventually(t, func() bool { return len(hurried.positions()) == 4 }, 30*time.Second, time.Millisecond)
	stop()
	require.Equal(t, []int64{1}, patient.positions())

	stop = follow(t, h, FollowOptions{Gather: time.Millisecond}, patient)
	defer stop()
	publishMany(h, 2)
	require.Eventually(t, func() bool { return len(patient.positions()) == 6 }, 30*time.Second, time.Millisecond)
}

func TestFollowStart(t *testing.T) {
	h := newHub(t)
	publishMany(h, 5)
	r := &record{}
	stop := follow(t, h, FollowOptions{Start: 3}, r)
	require.Eventually(t, func() bool { return len(r.positions()) == 2 }, 30*time.Second, time.Millisecond)
	stop()
	require.Equal(t, []int64{4, 5}, r.positions())
}

func TestFollowTriesAgain(t *testing.T) {
	h := newHub(t)
	publishMany(h, 20)
	failures := 3
	r := &record{fail: func(p int64) error {
		if p == 12 && failures > 0 {
			failures--
			return errors.New("for now")
		}
		return nil
	}}
	stop := follow(t, h, FollowOptions{MinPause: time.Millisecond}, r)
	require.Eventually(t, func() bool { return len(r.positions()) == 20 }, 30*time.Second, time.Millisecond)
	stop()
	require.Equal(t, upTo(20), r.positions())
}

// Only the positions that cannot be handled become dead letters, errors and panics alike.
func TestFollowPassesOverDeadLetters(t *testing.T) {
	h := newHub(t)
	publishMany(h, 100)
	r := &record{fail: func(p int64) error {
		switch p {
		case 30:
			return errors.New("never")
		case 77:
			panic("broken")
		}
		return nil
	}}
	stop := follow(t, h, FollowOptions{
		MaxFailures: 3, MinPause: time.Microsecond, MaxPause: time.Millisecond,
		Describe: func(p int64) string { return fmt.Sprintf("entry %d", p) },
	}, r)
	require.Eventually(t, func() bool { return len(r.positions()) == 98 }, 10*time.Second, time.Millisecond)
	stop()
	require.NotContains(t, r.positions(), int64(30))
	require.NotContains(t, r.positions(), int64(77))

	rows, err := h.db.Query(background, `SELECT position, entry, error FROM stream_dead_letters WHERE cursor = $1 ORDER BY position`, "reader")
	require.NoError(t, err)
	defer rows.Close()
	var letters []string
	for rows.Next() {
		var position int64
		var entry, cause string
		require.NoError(t, rows.Scan(&position, &entry, &cause))
		letters = append(letters, fmt.Sprint(position, " ", entry, ": ", cause))
	}
	require.Equal(t, []string{"30 entry 30: never", "77 entry 77: panic: broken"}, letters)
}

func TestFollowNeverGivesUpWhenAskedTo(t *testing.T) {
	h := newHub(t)
	publishMany(h, 1)
	r := &record{fail: func(int64) error { return errors.New("never") }}
	stop := follow(t, h, FollowOptions{MaxFailures: -1, MinPause: time.Microsecond, MaxPause: time.Microsecond}, r)
	require.Eventually(t, func() bool { r.mu.Lock(); defer r.mu.Unlock(); return r.calls > 50 }, 30*time.Second, time.Millisecond)
	stop()
	require.Empty(t, r.positions())
}
