package rooms

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/rooms/resolve"
)

const (
	northDoctor = "@doctor:north.example"
	northNurse  = "@nurse:north.example"
	southDoctor = "@doctor:south.example"
)

func TestBackfillBringsTheSameHistoryAsTheOtherServer(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		for _, version := range []string{"2", "10", "12"} {
			t.Run("version "+version, func(t *testing.T) {
				ctx := context.Background()
				w := newTwoNodes(t, fresh(), fresh(), version, 150)
				position := w.south.hub.Position()
				require.Equal(t, []string{w.last.ID}, w.history(w.south, false, 50), "nothing is fetched without leave")
				want := w.history(w.north, false, 50)
				require.Greater(t, len(want), 160)
				require.Equal(t, want, w.history(w.south, true, 7))
				require.Equal(t, want, w.history(w.south, false, 50), "now it is all here")

				// Sync cuts at what was fetched; only the redaction that took effect took a position.
				require.Equal(t, position+1, w.south.hub.Position())
				live, limited, prev, err := w.south.LiveTimeline(ctx, w.roomID, 0, w.south.hub.Position(), 100)
				require.NoError(t, err)
				require.True(t, limited)
				require.Equal(t, []string{w.last.ID}, eventIDs(live))
				require.Equal(t, live[0].Key.before(), prev)
				w.compareMeaning(want)
			})
		}
	})
}

func TestBackfillForwardAndAfterARestart(t *testing.T) {
	ctx := context.Background()
	w := newTwoNodes(t, sqldbtest.SQLite(t), sqldbtest.SQLite(t), "12", 120)
	want := w.history(w.north, false, 50)
	slices.Reverse(want)
	from := w.south.mustKey(w.join.ID)
	var got []string
	for {
		page, err := w.south.Timeline(ctx, w.roomID, from, HistoryKey{}, Forward, 50, true)
		require.NoError(t, err)
		got = append(got, eventIDs(page.Events)...)
		if page.Done {
			break
		}
		from = page.Next
	}
	require.Equal(t, want[slices.Index(want, w.join.ID)+1:], got)
}

func TestBackfillCannotBeTricked(t *testing.T) {
	ctx := context.Background()
	w := newTwoNodes(t, sqldbtest.SQLite(t), sqldbtest.SQLite(t), "11", 20)
	want := w.history(w.north, false, 100)
	oldest := w.event(want[len(want)-8])
	text := func(sender, body string) *draft {
		return &draft{typ: "m.room.message", sender: sender, content: []byte(`{"body":"` + body + `"}`)}
	}
	// What a bad server may put among the answers.
	bad := w.forge(w.north, text(northDoctor, "badly signed"), 3, []*Event{oldest})
	stray := w.forge(w.north, text(northDoctor, "nobody asked for"), 3, []*Event{oldest})
	other, err := w.north.Create(ctx, CreateRequest{Creator: northDoctor, Version: "11"})
	require.NoError(t, err)
	foreign, err := w.north.CurrentState(ctx, other)
	require.NoError(t, err)
	require.NotEmpty(t, foreign)

	honest := w.south.remote.backfill
	w.south.remote.backfill = func(server, roomID string, from []string, limit int) ([][]byte, error) {
		pdus, err := honest(server, roomID, from, limit)
		pdus = append(jsons(foreign[:1]), pdus...)
		pdus = append([][]byte{bad, stray, []byte("{"), []byte(`{"type":7}`), pdus[len(pdus)-1]}, pdus...)
		for len(pdus) < fillLimit+3 {
			pdus = append(pdus, []byte("{}"))
		}
		return pdus, err
	}
	w.south.remote.verify = func(pdu []byte) error {
		if bytes.Contains(pdu, []byte("badly signed")) {
			return errors.New("signature does not verify")
		}
		return nil
	}
	require.Equal(t, want, w.history(w.south, true, 100))
	for _, pdu := range [][]byte{bad, stray, foreign[0].JSON} {
		_, err := w.south.Event(ctx, w.parse(pdu).event.ID)
		require.ErrorIs(t, err, ErrNotFound)
	}
	for _, reason := range []string{"wrong_room", "bad_signature", "not_asked", "malformed", "too_many", "twice"} {
		require.NotZero(t, testutil.ToFloat64(w.south.read.metrics.dropped.WithLabelValues(reason)), reason)
	}
}

// TestBackfilledEventsThatAreRefusedAreNotShown puts a well signed event of a stranger, one with auth events that nobody
// has, and an event after each into north's answer.
func TestBackfilledEventsThatAreRefusedAreNotShown(t *testing.T) {
	ctx := context.Background()
	w := newTwoNodes(t, sqldbtest.SQLite(t), sqldbtest.SQLite(t), "11", 5)
	want := w.history(w.north, false, 100)
	// The last message of north that south has to fetch now follows the forged ones.
	base := w.event(w.say(northDoctor, "base"))
	refused := w.forge(w.north, &draft{typ: "m.room.message", sender: "@stranger:north.example", content: []byte(`{"body":"let me in"}`)},
		base.Depth+1, []*Event{base})
	unknown := w.parse(w.forge(w.north, &draft{typ: "m.room.message", sender: northDoctor, content: []byte(`{"body":"x"}`)}, base.Depth+1, []*Event{base}))
	orphan := bytes.Replace(unknown.event.JSON, []byte(unknown.auth[0]), []byte("$"+longText(43)), 1)
	f := formats["11"]
	top := &Event{ID: w.parse(refused).event.ID}
	orphanIn, err := f.parse(orphan)
	require.NoError(t, err)
	after := w.parse(w.forge(w.north, &draft{typ: "m.room.message", sender: northDoctor, content: []byte(`{"body":"after"}`)},
		base.Depth+2, []*Event{top, {ID: orphanIn.event.ID}}))

	state, err := w.north.StateAt(ctx, base.StateAfter, nil)
	require.NoError(t, err)
	require.NoError(t, w.south.do(ctx, w.roomID, true, func(b *batch) error {
		var entries []resolve.Entry
		for _, one := range state {
			known, err := b.eventByID(one.ID)
			if err != nil {
				return err
			}
			if known != nil {
				entries = append(entries, resolve.Entry{Key: known.KeyNID, NID: known.NID})
			}
		}
		in := *after
		in.state, in.afterGap = resolve.NewState(entries), true
		_, err := b.admit(&in)
		return err
	}))
	honest := w.south.remote.backfill
	w.south.remote.backfill = func(server, roomID string, from []string, limit int) ([][]byte, error) {
		if slices.Contains(from, top.ID) || slices.Contains(from, orphanIn.event.ID) {
			return [][]byte{refused, orphan, base.JSON}, nil
		}
		return honest(server, roomID, from, limit)
	}
	w.south.remote.stateIDs = func(_, roomID, eventID string) ([]string, []string, error) {
		if eventID == top.ID {
			return eventIDs(state), nil, nil
		}
		return w.north.ServeStateIDs(ctx, "south.example", roomID, eventID)
	}
	got := w.history(w.south, true, 100)
	require.Equal(t, append([]string{after.event.ID, base.ID}, want...), got)
	stored, err := w.south.Event(ctx, top.ID)
	require.NoError(t, err)
	require.Equal(t, Rejected, stored.Outcome)
	require.Zero(t, stored.Key)
	_, err = w.south.Event(ctx, orphanIn.event.ID)
	require.ErrorIs(t, err, ErrNotFound, "what cannot be judged is not kept as history")
}

func TestManyReadersShareOneFill(t *testing.T) {
	w := newTwoNodes(t, sqldbtest.SQLite(t), sqldbtest.SQLite(t), "12", 10)
	honest := w.south.remote.backfill
	w.south.remote.backfill = func(server, roomID string, from []string, limit int) ([][]byte, error) {
		time.Sleep(50 * time.Millisecond)
		return honest(server, roomID, from, limit)
	}
	start := HistoryKey{Anchor: w.south.hub.Position()}
	var readers sync.WaitGroup
	for range 20 {
		readers.Go(func() {
			page, err := w.south.Timeline(context.Background(), w.roomID, start, HistoryKey{}, Backward, 5, true)
			if err != nil || len(page.Events) != 5 {
				t.Errorf("%d events, %v", len(page.Events), err)
			}
		})
	}
	readers.Wait()
	require.EqualValues(t, 1, w.south.remote.calls.Load())
}

func TestAGapThatCannotBeFilledIsNotTriedAgainAtOnceAndDoesNotHoldUpClosing(t *testing.T) {
	w := newTwoNodes(t, sqldbtest.SQLite(t), sqldbtest.SQLite(t), "12", 10)
	w.south.remote.backfill = func(string, string, []string, int) ([][]byte, error) { return nil, ErrUnreachable }
	require.Equal(t, []string{w.last.ID, w.join.ID}, w.history2(t), "the join lies behind the gap and stays within reach")
	calls := w.south.remote.calls.Load()
	w.history2(t)
	require.Equal(t, calls, w.south.remote.calls.Load())

	hang := make(chan struct{})
	time.AfterFunc(150*time.Millisecond, func() { close(hang) })
	w.south.read.failures.Purge()
	w.south.remote.backfill = func(string, string, []string, int) ([][]byte, error) {
		<-hang
		return nil, ErrUnreachable
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := w.south.Timeline(ctx, w.roomID, HistoryKey{Anchor: w.south.hub.Position()}, HistoryKey{}, Backward, 10, true)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
