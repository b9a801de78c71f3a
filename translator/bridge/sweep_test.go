package bridge

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/config"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/rooms"
)

func TestOldRenderingsGoAndAreMadeAgain(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		for name, cache := range map[string]config.TranslatorCache{
			"by number": {MaxRows: 1}, "by age": {MaxAge: config.Duration(time.Nanosecond)},
		} {
			t.Run(name, func(t *testing.T) {
				w := newWorldAt(t, fresh(), func(w *world) { w.config.Cache = cache })
				room := w.ward()
				old := w.say(room, alice, question)
				w.rendered(old, "es")
				w.say(room, alice, stable)
				w.settled()
				time.Sleep(2 * time.Millisecond)
				require.NoError(t, w.bridge.sweep(t.Context()))
				require.Empty(t, w.rows(old, "es"))
				w.restart()
				require.NoError(t, w.bridge.Request(t.Context(), "es", []*rooms.Event{w.event(old)}, 5*time.Second))
				require.Len(t, w.rows(old, "es"), 1)
			})
		}
	})
}

func TestASweptSyntheticIsStillTakenBack(t *testing.T) {
	w, room, id, b, _ := lateQuestion(t)
	edit := b.until(room, 2)[1].Get("event_id").Str
	w.settled()
	w.bridge.o.Config.Cache.MaxAge = config.Duration(time.Nanosecond)
	time.Sleep(2 * time.Millisecond)
	require.NoError(t, w.bridge.sweep(t.Context()))
	require.Empty(t, w.rows(id, "es")[0].Content)
	w.redact(room, alice, id)
	require.Equal(t, edit, redactsOf(b.until(room, 4)[3]))
}

// TestWhatIsKeptOfTranslationsEndsWithItsTime: in memory, and what stands beside answers, which repeats what was read.
func TestWhatIsKeptOfTranslationsEndsWithItsTime(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		w := newWorldAt(t, fresh())
		w.engine.book["es:"+noFever] = sinFiebre
		room := w.ward()
		id := w.say(room, alice, noFever)
		w.rendered(id, "es")
		w.device(bob).until(room, 1)
		answer := w.send(room, bob, replyTo(id, estable))
		require.Contains(t, body(w.device(alice).until(room, 2)[1]), sinFiebre)
		w.settled()
		besides := func() (n int) {
			require.NoError(t, w.db.QueryRow(t.Context(), `SELECT COUNT(*) FROM translator_notices WHERE beside > 0 AND content <> '{}'`).Scan(&n))
			return n
		}
		require.NoError(t, w.bridge.sweep(t.Context()))
		require.Equal(t, 1, besides())

		w.ahead.Store(int64(max(w.config.Cache.MaxAge.Std(), w.config.Records.ReadingsKeep.Std()) + time.Hour))
		require.NoError(t, w.bridge.sweep(t.Context()))
		require.Zero(t, besides())
		require.NotContains(t, w.bodyAs(alice, answer), sinFiebre)
		require.Empty(t, w.rows(id, "es"), "without a restart")
		asked := w.engine.total()
		require.Equal(t, sinFiebre, firstLine(w.bodyAs(bob, id)))
		require.Equal(t, asked+1, w.engine.total(), "no memory of it is left")
	})
}
