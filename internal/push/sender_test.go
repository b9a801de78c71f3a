package push

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func TestCheckURL(t *testing.T) {
	for _, c := range []struct {
		url string
		ok  bool
	}{
		{"https://push.example/_matrix/push/v1/notify", true},
		{"https://push.example:8443/_matrix/push/v1/notify", true},
		{"http://127.0.0.1:5000/_matrix/push/v1/notify", true},
		{"http://[::ffff:127.0.0.1]:5000/_matrix/push/v1/notify", true},
		{"http://push.example/_matrix/push/v1/notify", false},
		{"http://localhost/_matrix/push/v1/notify", false},
		{"http://192.0.2.7/_matrix/push/v1/notify", false},
		{"https://push.example/", false},
		{"https://push.example/_matrix/push/v1/notify/", false},
		{"https://push.example/_matrix/push/v1/notify?to=x", false},
		{"https://push.example/_matrix/push/v1%2Fnotify", false},
		{"https://u:p@push.example/_matrix/push/v1/notify", false},
		{"ftp://push.example/_matrix/push/v1/notify", false},
		{"https:///_matrix/push/v1/notify", false},
		{"", false},
	} {
		err := CheckURL(c.url, loopback)
		require.Equal(t, c.ok, err == nil, "%s: %v", c.url, err)
		if err != nil {
			require.ErrorIs(t, err, ErrURL)
		}
	}
}

// gateway is a push gateway that answers as it is told.
type gateway struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(n Notification) (int, string)
	got    []string // event ids, "counts N" for counts alone; only what was answered with 200
	tries  int
}

func newGateway(t *testing.T) *gateway {
	g := &gateway{answer: func(Notification) (int, string) { return 200, `{"rejected":[]}` }}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		var body struct{ Notification Notification }
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.tries++
		status, answer := g.answer(body.Notification)
		if status == 200 && body.Notification.EventID != "" {
			g.got = append(g.got, body.Notification.EventID)
		} else if status == 200 {
			g.got = append(g.got, fmt.Sprint("counts ", body.Notification.Counts.Unread))
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) answers(status int, body string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answer = func(Notification) (int, string) { return status, body }
}

func (g *gateway) seen() ([]string, int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string{}, g.got...), g.tries
}

// source makes notifications that carry the item's value as their event.
type source struct {
	url      string
	slow     string // of pushers of the app "slow"
	mu       sync.Mutex
	rejected []Key
}

func (s *source) Make(_ context.Context, key Key, item *Item) (Made, error) {
	n := &Notification{Counts: Counts{Unread: 7}, Devices: []Device{{AppID: key.AppID, PushKey: key.PushKey}}}
	if item != nil {
		n.EventID = item.Value.(string)
	}
	if key.AppID == "slow" {
		return Made{URL: s.slow, Notification: n}, nil
	}
	return Made{URL: s.url, Notification: n}, nil
}

func (s *source) Rejected(_ context.Context, key Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rejected = append(s.rejected, key)
	return nil
}

func newSender(t *testing.T, g *gateway) (*Sender, *source) {
	src := &source{url: g.URL + Path}
	log := logrus.New()
	log.SetOutput(io.Discard)
	s, err := New(Options{Source: src, AllowPrivate: loopback, MinPause: 5 * time.Millisecond, MaxPause: 40 * time.Millisecond,
		CountsDelay: 10 * time.Millisecond, Log: logrus.NewEntry(log)})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	})
	return s, src
}

func item(position int64) *Item {
	return &Item{Position: position, Expires: time.Now().Add(time.Hour), Value: fmt.Sprint("$", position)}
}

var phone = Key{"@ana:a.example", "app", "key"}

func eventually(t *testing.T, g *gateway, want ...string) {
	t.Helper()
	require.Eventually(t, func() bool { got, _ := g.seen(); return len(got) >= len(want) }, 10*time.Second, 2*time.Millisecond)
	got, _ := g.seen()
	require.Equal(t, want, got)
}

func TestOrderIsKeptWhileAGatewayIsDown(t *testing.T) {
	g := newGateway(t)
	g.answers(502, "")
	s, src := newSender(t, g)
	for i := range int64(5) {
		s.Add(phone, src.url, item(i+1))
	}
	require.Eventually(t, func() bool { _, tries := g.seen(); return tries >= 3 }, 10*time.Second, time.Millisecond)
	require.Equal(t, map[Key]int64{phone: 1}, s.Waiting())
	g.answers(200, `{"rejected":[]}`)
	eventually(t, g, "$1", "$2", "$3", "$4", "$5")
	require.Eventually(t, func() bool { return len(s.Waiting()) == 0 }, 10*time.Second, time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Empty(t, s.queues, "a queue with nothing in it is forgotten")
	require.Empty(t, s.hosts)
}

func TestARejectedKeyEndsThePusher(t *testing.T) {
	g := newGateway(t)
	g.answers(200, `{"rejected":["other","key"]}`)
	s, src := newSender(t, g)
	s.Add(phone, src.url, item(1), item(2))
	require.Eventually(t, func() bool { return len(s.Waiting()) == 0 }, 10*time.Second, time.Millisecond)
	require.Equal(t, []Key{phone}, src.rejected)
	eventually(t, g, "$1")
}

func TestARefusedNotificationIsLeftOut(t *testing.T) {
	g := newGateway(t)
	g.mu.Lock()
	g.answer = func(n Notification) (int, string) {
		if n.EventID == "$1" {
			return 400, ""
		}
		return 200, "not even JSON"
	}
	g.mu.Unlock()
	s, src := newSender(t, g)
	s.Add(phone, src.url, item(1), item(2))
	eventually(t, g, "$2")
}

func TestWhatIsTooOldIsOnlyCounted(t *testing.T) {
	g := newGateway(t)
	g.answers(503, "")
	s, src := newSender(t, g)
	old := item(1)
	old.Expires = time.Now().Add(30 * time.Millisecond)
	s.Add(phone, src.url, old)
	time.Sleep(60 * time.Millisecond)
	require.Empty(t, s.Waiting())
	g.answers(200, "{}")
	eventually(t, g, "counts 7")
}

func TestCountsRideWithAnItem(t *testing.T) {
	g := newGateway(t)
	s, src := newSender(t, g)
	gate := s.NewGate()
	held := item(1)
	held.After = gate
	s.Add(phone, src.url, held, item(2))
	s.Count(phone, src.url)
	time.Sleep(50 * time.Millisecond)
	got, _ := g.seen()
	require.Empty(t, got, "the gate is closed")
	gate.Open()
	eventually(t, g, "$1", "$2")
	s.Count(phone, src.url)
	s.Count(phone, src.url)
	eventually(t, g, "$1", "$2", "counts 7")
	time.Sleep(50 * time.Millisecond)
	eventually(t, g, "$1", "$2", "counts 7")
}

func TestTheOldestGoWhenTooManyWait(t *testing.T) {
	g := newGateway(t)
	s, src := newSender(t, g)
	gate := s.NewGate()
	var want []string
	for i := range int64(maxItems + 20) {
		it := item(i)
		it.After = gate
		s.Add(phone, src.url, it)
		if i >= 20 {
			want = append(want, it.Value.(string))
		}
	}
	gate.Open()
	eventually(t, g, want...)
}

func TestAFailingGatewayIsAskedOnceAtATime(t *testing.T) {
	g := newGateway(t)
	var mu sync.Mutex
	var calls, running, most int
	fails := true
	ordinary := g.Config.Handler
	g.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		calls++
		running++
		if calls > 2*perGateway {
			most = max(most, running)
		}
		failing := fails
		mu.Unlock()
		time.Sleep(time.Millisecond)
		mu.Lock()
		running--
		mu.Unlock()
		if failing {
			w.WriteHeader(503)
			return
		}
		ordinary.ServeHTTP(w, r)
	})
	s, src := newSender(t, g)
	for i := range 60 {
		s.Add(Key{"@u:a.example", "app", fmt.Sprint(i)}, src.url, item(1))
	}
	require.Eventually(t, func() bool { mu.Lock(); defer mu.Unlock(); return calls > 60 }, 10*time.Second, time.Millisecond)
	mu.Lock()
	require.LessOrEqual(t, most, 2, "those under way at the first failure have ended by then")
	fails = false
	mu.Unlock()
	require.Eventually(t, func() bool { got, _ := g.seen(); return len(got) == 60 }, 10*time.Second, time.Millisecond)
}

func TestAHangingGatewayDoesNotHoldUpOthers(t *testing.T) {
	slow, fast := newGateway(t), newGateway(t)
	release := make(chan struct{})
	slow.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	s, src := newSender(t, fast)
	src.slow = slow.URL + Path
	for i := range 100 {
		s.Add(Key{"@u:a.example", "slow", fmt.Sprint(i)}, src.slow, &Item{Expires: time.Now().Add(time.Hour), Value: "$slow"})
	}
	s.Add(phone, src.url, item(1))
	eventually(t, fast, "$1")
}
