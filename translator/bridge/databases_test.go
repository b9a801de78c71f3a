package bridge

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/rooms/view"
)

// TestRecordsOnBothDatabases walks reports, notices, readings, threads, quotes, statistics and their removal.
func TestRecordsOnBothDatabases(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		w := newWorldAt(t, fresh())
		w.engine.book["es:"+noFever], w.engine.book["en:"+thanks] = sinFiebre, merci
		room := w.ward()
		w.botIn(room, alice)
		w.readsIn(carla, "", `{"language":"es","mode":"thread"}`)
		a, b, c := w.device(alice), w.device(bob), w.device(carla)
		said := len(c.saidBy(room, bot))
		id := w.say(room, alice, noFever)
		require.Eventually(t, func() bool { c.sync(50 * time.Millisecond); return len(c.saidBy(room, bot)) > said }, patience, time.Millisecond,
			"the reply in its thread")
		require.Equal(t, view.ModeThread, readingOf(w.readingsOf(id), carla).Get("mode").Str)
		w.view.Pushed(view.Viewer{UserID: carla}, []*view.Rendering{&w.rendered(id, "es").Rendering})
		require.NotZero(t, readingOf(w.readingsOf(id), carla).Get("pushed_ts").Int())
		require.Equal(t, view.ModeThread, readingOf(w.readingsOf(id), carla).Get("mode").Str)
		b.sync(0)
		require.Contains(t, newBody(b.messages(room)[len(b.messages(room))-1]), sinFiebre)
		w.send(room, bob, replyTo(id, "> "+sinFiebre+"\n"+thanks))
		require.Eventually(t, func() bool {
			a.sync(50 * time.Millisecond)
			messages := a.messages(room)
			return len(messages) > 0 && readAs(messages[len(messages)-1]).Exists()
		}, patience, time.Millisecond)
		w.react(room, bob, id, "🌐")
		require.Eventually(t, func() bool { return len(w.reports()) == 1 }, patience, time.Millisecond)
		require.Contains(t, readingOf(w.readingsOf(id), bob).Get("text").Str, sinFiebre)
		stats, status := w.admin(http.MethodGet, PathStats, nil)
		require.Equal(t, http.StatusOK, status, stats.Raw)
		require.EqualValues(t, 1, stats.Get("open_reports").Int())
		w.restart()
		b.sync(0)
		w.redact(room, alice, id)
		w.settled()
		require.False(t, readingOf(w.readingsOf(id), bob).Get("text").Exists())
		_, status = w.admin(http.MethodPost, PathReports+"/1/resolve", Resolution{"seen"})
		require.Equal(t, http.StatusOK, status)
		_, status = w.admin(http.MethodPost, PathCache+"/purge", Purge{})
		require.Equal(t, http.StatusOK, status)
		w.ahead.Add(int64(2 * w.config.Records.ReadingsKeep.Std()))
		require.NoError(t, w.bridge.sweep(t.Context()))
		require.Empty(t, w.readingsOf(id).Get("readings").Array())
	})
}

// TestPurgesOnBothDatabases walks orders, spoken and edited, quotes, forms of readings, and what becomes of them all with a
// redaction.
func TestPurgesOnBothDatabases(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		w := newWorldAt(t, fresh(), func(w *world) {
			w.engine.book["en:"+thanks] = merci
			w.change = func(o *Options) { o.Transcriber = dictation{"mxc://" + hospital + "/order": order} }
		})
		room := w.ward()
		w.setState(room, alice, typeSettings, `{"readback":true}`)
		w.readsIn(carla, "", `{"language":"en","mode":"original_first"}`)
		a, b := w.device(alice), w.device(bob)
		w.send(room, alice, voiceMessage("order"))
		b.noticed(room, 1)
		id := w.say(room, alice, "Please give 50 mg morphine twice a day.")
		b.noticed(room, 2)
		w.send(room, alice, editOf(id, order))
		b.noticed(room, 3)
		w.send(room, bob, replyTo(id, "Morphine 50 mg twice a day."))
		require.Contains(t, body(a.noticed(room, 1)[0]), "5 mg")
		w.redact(room, alice, id)
		require.Eventually(t, func() bool { return len(w.notices(`content <> '{}' AND kind = 'readback'`)) == 0 }, patience, time.Millisecond)

		id = w.say(room, alice, question)
		w.rendered(id, "es")
		quoting := w.say(room, bob, "> "+pregunta+"\n"+thanks)
		w.rendered(quoting, "en")
		require.Contains(t, w.bodyAs(carla, quoting), question)
		require.Contains(t, readingOf(w.readingsOf(quoting), carla).Get("text").Str, question)
		w.redact(room, alice, id)
		require.Eventually(t, func() bool { return !strings.Contains(w.bodyAs(carla, quoting), question) }, patience, time.Millisecond)
		require.NotContains(t, readingOf(w.readingsOf(quoting), carla).Get("text").Str, question)
	})
}
