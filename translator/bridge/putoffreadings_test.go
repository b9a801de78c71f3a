package bridge

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/rooms/view"
	"medixchange/translator"
)

// packedLines counts the lines that stand for many readings, and those that stand for one.
func (w *world) packedLines() (packed, single int) {
	w.t.Helper()
	require.NoError(w.t, w.bridge.writeReadings(w.t.Context()))
	require.NoError(w.t, w.db.QueryRow(w.t.Context(), `SELECT COUNT(*) FROM translation_put_off_readings`).Scan(&packed))
	require.NoError(w.t, w.db.QueryRow(w.t.Context(), `SELECT COUNT(*) FROM translation_readings`).Scan(&single))
	return packed, single
}

func TestRule18WhatWasPutOffIsLoggedForEachReaderWithFewLines(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		w := newWorldAt(t, fresh(), narrow)
		open := w.engine.close()
		room := w.room(alice, bob)
		w.fillUp(w.ward())
		b := w.device(bob)
		var ids []string
		for n := range 20 {
			ids = append(ids, w.say(room, alice, bedSentence(n)))
		}
		edit := w.send(room, alice, editOf(ids[3], bedSentence(77)))
		b.until(room, 21)
		packed, single := w.packedLines()
		require.Positive(t, packed)
		require.Less(t, packed, 21, "not a line for each")
		require.Zero(t, single)
		w.restart() // nothing of it is in memory alone
		for n, id := range ids {
			read := readingOf(w.readingsOf(id), bob)
			require.Equal(t, "en es none "+translator.ReasonBusy, strings.Join([]string{
				read.Get("from").Str, read.Get("to").Str, read.Get("state").Str, read.Get("reasons.0").Str,
			}, " "), n)
			require.Contains(t, read.Get("text").Str, bedSentence(n))
			require.WithinDuration(t, time.Now(), time.UnixMilli(read.Get("first_ts").Int()), time.Hour)
			require.False(t, readingOf(w.readingsOf(id), alice).Exists())
		}
		log := w.readingsOf(ids[3]).Get("readings").Array()
		require.Len(t, log, 2, "the message and its edit")
		require.Contains(t, log[1].Get("text").Str, bedSentence(77))
		w.redact(room, alice, edit)
		w.redact(room, alice, ids[5])
		w.handledAll()
		require.False(t, w.readingsOf(ids[3]).Get("readings.1.text").Exists(), "its words are gone with it")
		gone := readingOf(w.readingsOf(ids[5]), bob)
		require.True(t, gone.Exists(), "that it was read stays")
		require.False(t, gone.Get("text").Exists())
		open()
	})
}

func TestRule18TheLogOfWhatWasPutOffIsRetained(t *testing.T) {
	w := newWorld(t, narrow)
	w.engine.close()
	room := w.room(alice, bob)
	w.fillUp(w.ward())
	id := w.say(room, alice, bedSentence(1))
	w.device(bob).until(room, 1)
	require.True(t, readingOf(w.readingsOf(id), bob).Exists())
	w.ahead.Add(int64(w.config.Records.ReadingsKeep.Std() + time.Hour))
	require.NoError(t, w.bridge.sweep(t.Context()))
	packed, _ := w.packedLines()
	require.Zero(t, packed)
	require.Empty(t, w.readingsOf(id).Get("readings").Array())
}

func TestRule18WhatIsReadLongAfterItCameHasALineThatIsNotDoubled(t *testing.T) {
	w := newWorld(t, narrow)
	w.engine.close()
	w.reads(bob, "es")
	w.reads(carla, "es")
	room := w.room(alice, bob)
	w.fillUp(w.room(alice, carla))
	id := w.say(room, alice, bedSentence(1))
	w.device(bob).until(room, 1)
	w.packedLines()
	w.ahead.Add(int64(2 * putOffFresh))
	w.restart()
	w.engine.close()
	for range 2 {
		w.device(bob).until(room, 1)
		w.restart()
	}
	packed, single := w.packedLines()
	require.Equal(t, []int{1, 1}, []int{packed, single})
	require.Len(t, w.readingsOf(id).Get("readings").Array(), 1, "one reader, once")
	first := readingOf(w.readingsOf(id), bob).Get("first_ts").Int()
	require.Less(t, first, w.now().UnixMilli()-putOffFresh.Milliseconds(), "the first time counts")
}

func TestReadingsOfOneReaderAreOne(t *testing.T) {
	merged := mergeReadings([]Reading{
		{UserID: bob, rendering: 1, FirstTS: 30, Mode: modePush, PushedTS: 30},
		{UserID: carla, rendering: 1, FirstTS: 10, Mode: view.ModeInPlace},
		{UserID: bob, rendering: 1, FirstTS: 20, Mode: view.ModeInPlace},
		{UserID: bob, rendering: 2, FirstTS: 5, Mode: view.ModeInPlace},
	})
	require.Equal(t, []Reading{
		{UserID: bob, rendering: 2, FirstTS: 5, Mode: view.ModeInPlace},
		{UserID: carla, rendering: 1, FirstTS: 10, Mode: view.ModeInPlace},
		{UserID: bob, rendering: 1, FirstTS: 20, Mode: view.ModeInPlace, PushedTS: 30},
	}, merged)
}

func TestPackedReadingsAreUnpacked(t *testing.T) {
	readings := []putOffReading{{9, 9, 500}, {7, 12, 480}, {7, 3, 499}, {1 << 40, 5, 1}}
	unpacked, err := unpackReadings(packReadings(readings))
	require.NoError(t, err)
	require.Equal(t, []putOffReading{{7, 3, 499}, {7, 12, 480}, {9, 9, 500}, {1 << 40, 5, 1}}, unpacked)
	_, err = unpackReadings([]byte{2, 2})
	require.ErrorIs(t, err, errPacked)
}
