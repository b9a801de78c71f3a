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
