package appservice

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// until waits for something that is so of the homeserver.
func (h *homeserver) until(what string, is func() bool) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return is()
	}, patience, 2*time.Millisecond, what)
}

// TestThePingIsAskedForAtEveryStartAndWhenTheHomeserverIsBack: it has the homeserver send what it could not, at once.
func TestThePingIsAskedForAtEveryStartAndWhenTheHomeserverIsBack(t *testing.T) {
	log := newLogged()
	w := newBesideWorld(t, withDevice(new(atomic.Int64)), func(o *Options) { o.Log = log.entry })
	w.hs.until("at the start", func() bool { return w.hs.pings == 1 })
	w.hs.happens(object{}) // the device reads
	w.hs.set(func() { w.hs.down = true })
	w.hs.until("several calls failed", func() bool { return w.hs.unheard >= 4 }) // net/http tries some of them twice
	w.hs.set(func() { require.Equal(t, 1, w.hs.pings); w.hs.down = false })
	w.hs.until("after the outage", func() bool { return w.hs.pings == 2 })
	require.Eventually(t, func() bool { return len(log.lines("answers again")) == 1 }, patience, time.Millisecond)
	said := log.lines("level=warning")
	require.Len(t, said, 1)
	require.Contains(t, said[0], "the homeserver does not answer")
	require.Less(t, len(said[0]), 300, "no filter of /sync stands there")

	w.stop()
	w.start()
	w.hs.until("at the next start", func() bool { return w.hs.pings == 3 })
}

func TestAHomeserverWithoutPingsIsNotAskedAgain(t *testing.T) {
	log := newLogged()
	w := newBesideWorld(t, withDevice(new(atomic.Int64)), func(o *Options) { o.Log = log.entry })
	w.stop()
	w.hs.set(func() {
		w.hs.pings, w.hs.onPing = 0, &pingAnswer{http.StatusNotFound, object{"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"}}
	})
	w.start()
	require.Eventually(t, func() bool { return len(log.lines("gives no pings")) == 1 }, patience, time.Millisecond)
	w.hs.happens(object{}) // everything else goes on
	w.hs.set(func() { w.hs.down = true })
	require.Eventually(t, func() bool { return len(log.lines("does not answer")) == 1 }, patience, time.Millisecond)
	w.hs.set(func() { w.hs.down = false })
	require.Eventually(t, func() bool { return len(log.lines("answers again")) == 1 }, patience, time.Millisecond)
	w.hs.happens(object{})
	w.hs.set(func() { require.Equal(t, 1, w.hs.pings) })
}

// TestThatTheHomeserverDoesNotReachTheBotIsSaid: the registration may name the wrong URL. Nothing else would say so.
func TestThatTheHomeserverDoesNotReachTheBotIsSaid(t *testing.T) {
	log := newLogged()
	w := newBesideWorld(t, func(o *Options) { o.Log = log.entry; o.Registration.URL = "http://bot.b.example:9008" })
	w.stop()
	w.hs.set(func() {
		w.hs.pings, w.hs.onPing = 0, &pingAnswer{http.StatusBadGateway, object{"errcode": "M_CONNECTION_FAILED", "error": "refused"}}
	})
	w.start()
	w.hs.until("it is asked again", func() bool { return w.hs.pings >= 2 })
	said := log.lines("does not reach the bot")
	require.Len(t, said, 1)
	require.Contains(t, said[0], "http://bot.b.example:9008")
	w.hs.set(func() { w.hs.onPing = nil })
	require.Eventually(t, func() bool { return len(log.lines("reaches the bot again")) == 1 }, patience, time.Millisecond)
}

// TestWhatTheHomeserverAnswersToTheDeviceIsSaidOnce: errors of a homeserver that is there, too.
func TestWhatTheHomeserverAnswersToTheDeviceIsSaidOnce(t *testing.T) {
	log := newLogged()
	w := newBesideWorld(t, withDevice(new(atomic.Int64)), func(o *Options) { o.Log = log.entry })
	w.hs.happens(object{})
	w.hs.set(func() { w.hs.failSyncs = 3 })
	require.Eventually(t, func() bool { return len(log.lines("reads what happens again")) == 1 }, patience, time.Millisecond)
	require.Len(t, log.lines("could not read what happened"), 1)
	require.Empty(t, log.lines("does not answer"))
}
