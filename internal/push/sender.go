package push

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
)

// Key names a pusher.
type Key struct {
	UserID  string
	AppID   string
	PushKey string
}

// Item is something that a pusher is to be told.
type Item struct {
	Position int64     // ascending within a pusher
	Expires  time.Time // after this it is not told any more
	After    *Gate     // it waits until this is open; nil: for nothing
	Value    any       // what the Source makes a notification of
}

// ErrGone is returned by a Source for a pusher that there is no more: everything that waits for it is forgotten.
var ErrGone = errors.New("the pusher is gone")

// Made is a notification that is ready to go out.
type Made struct {
	URL          string
	Notification *Notification // nil: there is nothing to tell (any more)
	// Sent is called once the gateway has taken it; nil for nothing.
	Sent func()
}

// Source makes notifications when their turn comes, so that what they say is then true. It is called by many goroutines,
// one at a time for a pusher.
type Source interface {
	// Make makes the notification of an item, or with nil one of counts alone. An error other than [ErrGone] is waited out.
	Make(ctx context.Context, key Key, item *Item) (Made, error)
	// Rejected removes a pusher whose key the gateway calls void.
	Rejected(ctx context.Context, key Key) error
}

// Options is what a Sender is built from. Every field without "optional" must be set.
type Options struct {
	Source Source
	// AllowPrivate are networks that are not public and may be called.
	AllowPrivate []netip.Prefix
	UserAgent    string
	// AtOnce bounds the notifications under way; optional: 64.
	AtOnce int
	// MinPause and MaxPause bound the pause after a failure, which doubles each time; optional: 1 s and 10 minutes.
	MinPause, MaxPause time.Duration
	// CountsDelay is how long counts alone wait for more of them; optional: 500 ms.
	CountsDelay time.Duration
	Log         *logrus.Entry
	Registerer  prometheus.Registerer // optional
}

// maxItems bounds what waits for one pusher; the oldest go first. Nobody reads more on a locked screen.
const maxItems = 200

// Sender delivers. Each pusher has a queue, whose order is kept; a queue that fails pauses, the others go on; one gateway
// gets a bounded part of what is under way. All methods are safe for concurrent use.
type Sender struct {
	o       Options
	client  *Client
	metrics *metrics

	mu      sync.Mutex
	ctx     context.Context // of Run; nil before
	queues  map[Key]*queue
	hosts   map[string]*host
	turns   []*host // those with something ready, in the order in which they are served
	running int
	work    sync.WaitGroup
}

// host is a gateway.
type host struct {
	name    string
	ready   []*queue // first come, first served
	running int
	queues  int
	inTurn  bool
	failing bool // it failed last time
}

// state of a queue.
type state uint8

const (
	idle    state = iota // nothing to do now: it is empty, or waits for a gate or a timer
	ready                // in its host's list
	running              // an item of it is under way
)

type queue struct {
	key      Key
	host     *host
	items    []*Item
	counts   bool      // counts alone are due at countsAt, unless an item brings them
	countsAt time.Time // of the first wish
	state    state
	failures int
	until    time.Time // of the pause after a failure
	timer    *time.Timer
}

// New makes a Sender. Until Run is called it only takes items.
func New(o Options) (*Sender, error) {
	if o.AtOnce <= 0 {
		o.AtOnce = 64
	}
	if o.MinPause <= 0 {
		o.MinPause = time.Second
	}
	if o.MaxPause <= 0 {
		o.MaxPause = 10 * time.Minute
	}
	if o.CountsDelay <= 0 {
		o.CountsDelay = 500 * time.Millisecond
	}
	s := &Sender{o: o, client: NewClient(o.AllowPrivate, o.UserAgent), queues: map[Key]*queue{}, hosts: map[string]*host{}}
	var err error
	s.metrics, err = newMetrics(s, o.Registerer)
	return s, err
}

// Run delivers until ctx ends, whose error it returns after what is under way has ended.
func (s *Sender) Run(ctx context.Context) error {
	s.mu.Lock()
	s.ctx = ctx
	for _, q := range s.queues {
		s.schedule(q)
	}
	s.dispatch()
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	for _, q := range s.queues {
		q.stopTimer()
	}
	s.mu.Unlock()
	s.work.Wait()
	s.client.Close()
	return ctx.Err()
}

// Add queues items, ascending, for a pusher whose gateway is at rawURL.
func (s *Sender) Add(key Key, rawURL string, items ...*Item) {
	if len(items) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queue(key, rawURL)
	q.items = append(q.items, items...)
	if over := len(q.items) - maxItems; over > 0 {
		kept := 0
		if q.state == running && len(q.items) > maxItems {
			kept = 1 // the first one is under way
		}
		q.items = append(q.items[:kept:kept], q.items[kept+over:]...)
		s.metrics.dropped.WithLabelValues(droppedFull).Add(float64(over))
	}
	s.schedule(q)
	s.dispatch()
}

// Count asks for a notification of counts alone, soon, unless an item brings them before.
func (s *Sender) Count(key Key, rawURL string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queue(key, rawURL)
	q.wantCounts(s.o.CountsDelay)
	s.schedule(q)
}

// Waiting returns the position of the first item of each pusher for which any waits or is under way.
func (s *Sender) Waiting() map[Key]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	waiting := map[Key]int64{}
	for key, q := range s.queues {
		for i, item := range q.items {
			if i == 0 && q.state == running || item.Expires.After(now) {
				waiting[key] = item.Position
				break
			}
		}
	}
	return waiting
}

func (s *Sender) queue(key Key, rawURL string) *queue {
	q := s.queues[key]
	if q == nil {
		q = &queue{key: key}
		s.queues[key] = q
	}
	if h := s.host(rawURL); q.host != h && q.state == idle {
		if q.host != nil {
			s.leave(q)
		}
		h.queues++
		q.host = h
	}
	return q
}

func (s *Sender) host(rawURL string) *host {
	name := ""
	if u, err := url.Parse(rawURL); err == nil {
		name = u.Host
	}
	h := s.hosts[name]
	if h == nil {
		h = &host{name: name}
		s.hosts[name] = h
	}
	return h
}

func (q *queue) wantCounts(delay time.Duration) {
	if !q.counts {
		q.counts, q.countsAt = true, time.Now().Add(delay)
	}
}

func (q *queue) stopTimer() {
	if q.timer != nil {
		q.timer.Stop()
		q.timer = nil
	}
}
