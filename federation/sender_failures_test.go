package federation

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBackoffAndHearing(t *testing.T) {
	alpha, beta := twoEndpoints(t)
	var mu sync.Mutex
	var tried []time.Time
	beta.answer(func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		tried = append(tried, time.Now())
		mu.Unlock()
		w.WriteHeader(500)
		return true
	})
	s := alpha.newSender()
	alpha.run(s)
	alpha.say(1, "!r:x")
	tries := func() int { mu.Lock(); defer mu.Unlock(); return len(tried) }
	waitFor(t, "three tries", func() bool { return tries() >= 3 })
	status := s.Destinations()
	require.Len(t, status, 1)
	require.Equal(t, beta.name, status[0].Server)
	require.True(t, status[0].Waiting)
	require.False(t, status[0].FailingSince.IsZero())
	for range 20 {
		alpha.say(1, "!r:x")
	}
	require.LessOrEqual(t, tries(), 4, "new events do not shorten a pause")
	waitFor(t, "a pause", func() bool { return s.Destinations()[0].Failures >= 3 })
	beta.up()
	alpha.advance(heardPause)
	s.Heard(beta.name)
	waitFor(t, "everything, at once after it was heard", func() bool { return beta.rooms.count() == 21 })
	waitFor(t, "health", func() bool { d := s.Destinations()[0]; return d.FailingSince.IsZero() && d.Failures == 0 && !d.Waiting })
	s.Heard("never.example")
}

func TestBackoffGrows(t *testing.T) {
	for failures := range int64(40) {
		full := min(firstPause<<min(failures, 20), time.Hour)
		for range 20 {
			got := backoff(failures, time.Hour)
			require.GreaterOrEqual(t, got, full/2)
			require.LessOrEqual(t, got, min(full+full/2, time.Hour))
		}
	}
	require.LessOrEqual(t, backoff(1000, 10*time.Millisecond), 10*time.Millisecond)
}

func TestOneDeadServerHoldsUpNobody(t *testing.T) {
	a := newAuthority(t)
	alpha, beta, gamma := newEndpoint(t, a), newEndpoint(t, a), newEndpoint(t, a)
	alpha.federatesWith(beta, gamma)
	gamma.down()
	alpha.run(alpha.newSender())
	ids := alpha.say(120, "!r:x")
	waitFor(t, "the living server", func() bool { return beta.rooms.count() == 120 })
	require.Equal(t, ids, beta.rooms.ids())
	gamma.up()
	waitFor(t, "the other one, later", func() bool { return gamma.rooms.count() == 120 })
	require.Equal(t, ids, gamma.rooms.ids())
}

func TestTransactionsAreTriedUnderTheirID(t *testing.T) {
	alpha, beta := twoEndpoints(t)
	var mu sync.Mutex
	var uris, bodies []string
	beta.answer(func(w http.ResponseWriter, r *http.Request) bool {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		uris, bodies = append(uris, r.URL.Path), append(bodies, string(body))
		if len(uris) > 2 {
			return false
		}
		w.WriteHeader(502)
		return true
	})
	alpha.run(alpha.newSender())
	alpha.say(1, "!r:x")
	waitFor(t, "three tries", func() bool { mu.Lock(); defer mu.Unlock(); return len(uris) >= 3 })
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, uris[0], uris[1])
	require.Equal(t, uris[0], uris[2])
	require.Equal(t, bodies[0], bodies[2])
}

func TestAfterALongAbsence(t *testing.T) {
	alpha, beta := twoEndpoints(t)
	beta.down()
	s := alpha.newSender()
	alpha.run(s)
	var newest []string
	for range 6 {
		newest = nil
		for _, room := range []string{"!a:x", "!b:x", "!c:x"} {
			ids := alpha.say(150, room)
			newest = append(newest, ids[len(ids)-1])
		}
	}
	waitFor(t, "a failure", func() bool {
		l := s.Destinations()
		return len(l) == 1 && l[0].Failures > 0 && l[0].Wanted == alpha.db.Position()
	})
	beta.up()
	alpha.advance(heardPause)
	s.Heard(beta.name)
	waitFor(t, "the newest events", func() bool { return contains(beta.rooms.ids(), newest) && !s.Destinations()[0].Waiting })
	require.Less(t, beta.rooms.count(), 400, "the rest is fetched by the server itself")
	live := alpha.say(5, "!a:x")
	waitFor(t, "what comes live after that", func() bool { return contains(beta.rooms.ids(), live) })
	got := beta.rooms.ids()
	require.Equal(t, live, got[len(got)-5:])
}

func contains(list, wanted []string) bool {
	have := map[string]bool{}
	for _, id := range list {
		have[id] = true
	}
	for _, id := range wanted {
		if !have[id] {
			return false
		}
	}
	return true
}

func TestWhatIsRefusedAsMalformedIsLeftOut(t *testing.T) {
	alpha, beta := twoEndpoints(t)
	beta.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/send/") {
			return false
		}
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), `"$3"`) && strings.Contains(string(body), `"event_id":"$3"`) {
			w.WriteHeader(400)
			_, _ = io.WriteString(w, `{"errcode":"M_BAD_JSON","error":"no"}`)
			return true
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		return false
	})
	s := alpha.newSender()
	alpha.run(s)
	ids := alpha.say(6, "!r:x")
	require.Contains(t, ids, "$3")
	waitFor(t, "the others", func() bool { return beta.rooms.count() == 5 })
	require.NotContains(t, beta.rooms.ids(), "$3")
}

func TestServersThatAreNotAllowedAreSentNothingUntilTheyAre(t *testing.T) {
	alpha, beta := twoEndpoints(t)
	s := alpha.newSender()
	var allowed atomic.Bool
	s.o.AllowServer = func(string) bool { return allowed.Load() }
	alpha.run(s)
	alpha.say(1, "!r:x")
	waitFor(t, "the cursor", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.cursor == alpha.db.Position() })
	require.Len(t, s.Destinations(), 1)
	require.Zero(t, beta.rooms.count())

	allowed.Store(true)
	s.Admitted(beta.name)
	waitFor(t, "what waited", func() bool { return beta.rooms.count() == 1 })
}
