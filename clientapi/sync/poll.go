package sync

import (
	"context"
	"sync"
	"time"

	"medixchange/internal/stream"
	"medixchange/internal/web"
)

// poll is a request from its first round to its answer.
type poll struct {
	h        *Handler
	ctx      context.Context
	q        *query
	since    Token
	watch    *stream.Watch // nil before it waits
	deadline time.Time
	wake     time.Time // when a held tail may go out without its translation; zero when nothing is held
}

// begin reads what is there. Without an answer it has registered for what comes.
func (p *poll) begin() ([]byte, error) {
	if err := p.h.noteSync(p.ctx, p.q.device.UserID, p.q.presence); err != nil {
		return nil, err
	}
	if err := p.h.arrived(p.ctx, p.q); err != nil {
		return nil, err
	}
	p.deadline = p.h.now().Add(p.q.timeout)
	body, err := p.read()
	if err != nil || body != nil {
		return body, err
	}
	if p.q.timeout == 0 {
		return p.h.nothing(p.q, p.since), nil
	}
	if p.watch, err = p.h.watch(p.ctx, p.q); err != nil {
		return nil, err
	}
	return p.read()
}

// goOn reads again after a change, or ends the request.
func (p *poll) goOn(changed bool) ([]byte, error) {
	if !changed {
		return p.h.nothing(p.q, p.since), p.ctx.Err()
	}
	return p.read()
}

// read does one round; nil if it found nothing.
func (p *poll) read() ([]byte, error) {
	res, err := p.h.round(p.ctx, p.q, p.since)
	if err != nil || !res.empty {
		return res.body, err
	}
	p.since, p.wake = res.next, res.wake
	return nil, nil
}

// wait returns true when there may be something new, at the latest at wake (if set); false when the request is over.
func (p *poll) wait() bool {
	over, stop, last := p.alarm()
	defer stop()
	select {
	case <-p.watch.C():
		return true
	case <-over:
		return !last
	case <-web.Draining(p.ctx):
		return false
	case <-p.ctx.Done():
		return false
	}
}

// alarm returns what is closed at wake or at the deadline, whichever comes first. last says that it is the deadline.
func (p *poll) alarm() (over <-chan struct{}, stop func(), last bool) {
	now := p.h.now()
	if !p.wake.IsZero() && p.wake.Before(p.deadline) {
		over, stop = alarmIn(p.wake.Sub(now))
		return over, stop, false
	}
	if p.q.timeout < longPoll {
		over, stop = alarmIn(p.deadline.Sub(now))
		return over, stop, true
	}
	return p.h.alarms.before(now, p.deadline), func() {}, true
}

func alarmIn(d time.Duration) (over <-chan struct{}, stop func()) {
	c := make(chan struct{})
	timer := time.AfterFunc(d, func() { close(c) })
	return c, func() { timer.Stop() }
}

const (
	// longPoll is a timeout of which a second may be missing: the client asked for it at most (/sync, timeout).
	longPoll = 10 * time.Second
	// together is how far apart the ends of long polls are that end at one time. A node of a thousand idle clients is
	// woken once a second then, and not for each of them: most of what an idle poll cost was waking threads.
	together = time.Second
)

// alarms end many polls at a time. There are no more of them than the longest poll has seconds.
type alarms struct {
	mu sync.Mutex
	at map[int64]chan struct{} // by the second
}

// before returns what is closed at the last full second before the deadline.
func (a *alarms) before(now, deadline time.Time) <-chan struct{} {
	second := deadline.UnixNano() / int64(together)
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.at[second]
	if c != nil {
		return c
	}
	c = make(chan struct{})
	a.at[second] = c
	time.AfterFunc(time.Unix(0, second*int64(together)).Sub(now), func() { a.ring(second) })
	return c
}

func (a *alarms) ring(second int64) {
	a.mu.Lock()
	c := a.at[second]
	delete(a.at, second)
	a.mu.Unlock()
	close(c)
}

func (p *poll) close() {
	if p.watch != nil {
		p.watch.Close()
	}
}
