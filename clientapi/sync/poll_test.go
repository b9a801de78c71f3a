package sync

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/accounts"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

func TestLongPollsOfOneSecondEndTogetherAndNeverLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := alarms{at: map[int64]*alarm{}}
		start := time.Now()
		deadlines := []time.Duration{30*time.Second + 10*time.Millisecond, 30*time.Second + 900*time.Millisecond, 31*time.Second + 100*time.Millisecond}
		ends := make([]<-chan struct{}, len(deadlines))
		for i, d := range deadlines {
			ends[i] = a.before(time.Now(), start.Add(d))
		}
		require.Equal(t, ends[0], ends[1])
		require.NotEqual(t, ends[1], ends[2])
		for i, d := range deadlines {
			<-ends[i]
			took := time.Since(start)
			require.LessOrEqual(t, took, d)
			require.Greater(t, took, d-together)
		}
		require.Empty(t, a.at, "what has rung is forgotten")
	})
}

func TestAShortPollMayTakeAllItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &Handler{now: time.Now, alarms: alarms{at: map[int64]*alarm{}}}
		start := time.Now()
		p := &poll{h: h, q: &query{timeout: 1500 * time.Millisecond}, deadline: start.Add(1500 * time.Millisecond)}
		end, stop, why := p.alarm(true)
		defer stop()
		require.Equal(t, over, why)
		<-end
		require.Equal(t, 1500*time.Millisecond, time.Since(start))

		p.q.timeout, p.deadline, p.wake = time.Minute, start.Add(time.Minute), start.Add(1700*time.Millisecond)
		held, stopHeld, why := p.alarm(true)
		defer stopHeld()
		require.Equal(t, changed, why, "a held translation is due first")
		<-held
		require.Equal(t, 1700*time.Millisecond, time.Since(start))
	})
}

// hangs is a translator whose engines have no room, and a reader of its translations.
type hangs struct {
	view.Renderer
	view.Reader
	away     bool
	language string
	mode     string
}

func (h hangs) Away() bool { return h.away }

func (h hangs) RoomLanguage(context.Context, string, string) (language, mode string, err error) {
	return h.language, h.mode, nil
}

func TestWhoReadsTranslationsIsToldOfSeveralMessagesAtOnceWhileEnginesAreAway(t *testing.T) {
	for _, c := range []struct {
		name           string
		engines        hangs
		timeout, after time.Duration // of the request; when something comes
		want           time.Duration // when it is read
	}{
		{"soon after the request", hangs{away: true, language: "es"}, 30 * time.Second, 4 * time.Millisecond, 20 * time.Millisecond},
		{"later", hangs{away: true, language: "es"}, 30 * time.Second, 21 * time.Millisecond, 21 * time.Millisecond},
		{"a short request", hangs{away: true, language: "es"}, 10 * time.Millisecond, 4 * time.Millisecond, 10 * time.Millisecond},
		{"who reads originals", hangs{away: true}, 30 * time.Second, 4 * time.Millisecond, 4 * time.Millisecond},
		{"who reads answers of the bot", hangs{away: true, language: "es", mode: view.ModeThread}, 30 * time.Second, 4 * time.Millisecond, 4 * time.Millisecond},
		{"engines with room", hangs{language: "es"}, 30 * time.Second, 4 * time.Millisecond, 4 * time.Millisecond},
	} {
		w := newWorld(t)
		ward := w.newRoom("@alice:a")
		watch := w.hubs[0].Watch(rooms.RoomTopic(ward.id))
		w.say(ward, "@alice:a", "hello")
		synctest.Test(t, func(t *testing.T) {
			h := &Handler{now: time.Now, view: view.New(view.Options{Renderer: c.engines, Reader: c.engines, Now: time.Now}), alarms: alarms{at: map[int64]*alarm{}}}
			start := time.Now()
			p := &poll{h: h, ctx: t.Context(), q: &query{timeout: c.timeout, device: &accounts.Device{}}, deadline: start.Add(c.timeout), watch: watch}
			time.Sleep(c.after)
			require.Equal(t, changed, p.wait(false))
			require.Equal(t, c.want, time.Since(start), c.name)
		})
	}
}
