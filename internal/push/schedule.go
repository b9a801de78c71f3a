package push

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"
)

// Gate holds items back. It is opened once.
type Gate struct {
	s       *Sender
	open    bool
	waiting []*queue
}

// NewGate makes a gate that is closed.
func (s *Sender) NewGate() *Gate { return &Gate{s: s} }

// Open lets through what waits.
func (g *Gate) Open() {
	g.s.mu.Lock()
	defer g.s.mu.Unlock()
	g.open = true
	for _, q := range g.waiting {
		g.s.schedule(q)
	}
	g.waiting = nil
	g.s.dispatch()
}

// schedule sees what an idle queue has to do next: be served, wait for a gate or a timer, or be forgotten.
func (s *Sender) schedule(q *queue) {
	if q.state != idle || s.ctx == nil || s.ctx.Err() != nil {
		return
	}
	now := time.Now()
	s.expire(q, now)
	q.stopTimer()
	switch {
	case len(q.items) == 0 && !q.counts:
		delete(s.queues, q.key)
		s.leave(q)
	case q.until.After(now):
		s.later(q, q.until.Sub(now))
	case len(q.items) > 0 && q.items[0].After != nil && !q.items[0].After.open:
		if gate := q.items[0].After; !slices.Contains(gate.waiting, q) {
			gate.waiting = append(gate.waiting, q)
		}
	case len(q.items) == 0 && q.countsAt.After(now):
		s.later(q, q.countsAt.Sub(now))
	default:
		q.state = ready
		q.host.ready = append(q.host.ready, q)
		s.giveTurn(q.host)
	}
}

// expire gives up what is too old. What it counted is told all the same.
func (s *Sender) expire(q *queue, now time.Time) {
	kept := slices.IndexFunc(q.items, func(item *Item) bool { return item.Expires.After(now) })
	if kept < 0 {
		kept = len(q.items)
	}
	if kept > 0 {
		q.items = q.items[kept:]
		q.wantCounts(0)
		s.metrics.dropped.WithLabelValues(droppedOld).Add(float64(kept))
	}
}

func (s *Sender) later(q *queue, pause time.Duration) {
	q.timer = time.AfterFunc(pause, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.schedule(q)
		s.dispatch()
	})
}

func (s *Sender) giveTurn(h *host) {
	if !h.inTurn && len(h.ready) > 0 && h.running < h.limit() {
		h.inTurn = true
		s.turns = append(s.turns, h)
	}
}

// limit is how much a gateway gets at a time: one request while it fails, so that gateways that hang, whoever named them,
// do not take the places of those that answer.
func (h *host) limit() int {
	if h.failing {
		return 1
	}
	return perGateway
}

// leave forgets a gateway with the last of its queues.
func (s *Sender) leave(q *queue) {
	if q.host.queues--; q.host.queues == 0 {
		delete(s.hosts, q.host.name)
	}
}

// dispatch begins what may begin: one queue of each gateway in turn.
func (s *Sender) dispatch() {
	if s.ctx == nil || s.ctx.Err() != nil {
		return
	}
	for s.running < s.o.AtOnce && len(s.turns) > 0 {
		h := s.turns[0]
		s.turns, h.inTurn = s.turns[1:], false
		q := h.ready[0]
		h.ready = h.ready[1:]
		q.state = running
		h.running++
		s.running++
		s.giveTurn(h)
		s.begin(q)
	}
}

// begin takes the first item of a queue, or else its counts. Counts that are asked for from here on are told again: those
// under way may be made already.
func (s *Sender) begin(q *queue) {
	var item *Item
	if len(q.items) > 0 {
		item = q.items[0]
	}
	counts := q.counts
	q.counts = false
	s.work.Go(func() {
		r := s.deliver(s.ctx, q.key, item)
		r.counts = counts
		s.finish(q, item, r)
	})
}

// result of one delivery.
type result struct {
	err    error
	sent   bool // the gateway was told the counts
	counts bool // which were due
}

func (s *Sender) deliver(ctx context.Context, key Key, item *Item) result {
	made, err := s.o.Source.Make(ctx, key, item)
	if err != nil || made.Notification == nil {
		return result{err: err}
	}
	began := time.Now()
	rejected, err := s.client.Notify(ctx, made.URL, made.Notification)
	s.metrics.seconds.Observe(time.Since(began).Seconds())
	if err != nil {
		return result{err: err}
	}
	s.metrics.sent.Inc()
	if made.Sent != nil {
		made.Sent()
	}
	if !slices.Contains(rejected, key.PushKey) {
		return result{sent: true}
	}
	if err := s.o.Source.Rejected(ctx, key); err != nil {
		return result{err: err}
	}
	s.metrics.rejected.Inc()
	return result{err: ErrGone}
}

// finish puts away what was under way and sees what comes next.
func (s *Sender) finish(q *queue, item *Item, r result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q.host.running--
	s.running--
	q.state = idle
	switch {
	case errors.Is(r.err, ErrGone):
		q.items, q.counts = nil, false
	case r.err == nil || refused(r.err) || errors.Is(r.err, ErrURL):
		s.done(q, item, r)
	default:
		q.counts = q.counts || r.counts
		if s.ctx.Err() == nil {
			s.failed(q, r.err)
		}
	}
	s.giveTurn(q.host)
	s.schedule(q)
	s.dispatch()
}

func (s *Sender) done(q *queue, item *Item, r result) {
	if item != nil {
		q.items = q.items[1:]
	}
	if item != nil && !r.sent {
		q.counts = q.counts || r.counts
	}
	q.failures, q.until = 0, time.Time{}
	if r.sent {
		q.host.failing = false
	}
	if r.err != nil {
		s.metrics.failed.Inc()
		s.metrics.dropped.WithLabelValues(droppedRefused).Inc()
		s.o.Log.WithError(r.err).WithField("gateway", q.host.name).Warn("a push gateway refused a notification")
	}
}

// failed pauses a queue: twice as long each time, and never all of them for equally long.
func (s *Sender) failed(q *queue, err error) {
	s.metrics.failed.Inc()
	pause := min(s.o.MinPause<<min(q.failures, 20), s.o.MaxPause)
	var status *StatusError
	if errors.As(err, &status) && status.RetryAfter > pause {
		pause = min(status.RetryAfter, s.o.MaxPause)
	}
	q.failures++
	pause = pause*3/4 + rand.N(pause/2+1)
	q.until = time.Now().Add(pause)
	log := s.o.Log.WithError(err).WithField("gateway", q.host.name).WithField("again_in", pause.Round(time.Millisecond).String())
	if !q.host.failing {
		q.host.failing = true
		log.Warn("a push gateway could not be reached")
		return
	}
	log.Debug("a push gateway still cannot be reached")
}
