package sync

import (
	"context"
	"runtime"
	"time"

	"medixchange/internal/pace"
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
	stop     func()    // takes back what Await set up; nil before it
	wake     time.Time // see result
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
	defer p.h.turns.take()()
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

// reason is why a wait ended.
type reason uint8

const (
	over    reason = iota // the request is
	changed               // there may be something new, or what was held is due
	quiet                 // nothing has happened for a while, and the request may rest
)

// wait returns at the latest at wake (if set). A request that may rest does not wait much longer than restAfter.
func (p *poll) wait(mayRest bool) reason {
	end, stop, ended := p.alarm(mayRest)
	defer stop()
	select {
	case <-p.watch.C():
		runtime.Gosched() // the sender of what woke it goes first
		p.gather()
		return changed
	case <-end:
		return ended
	case <-web.Draining(p.ctx):
		return over
	case <-p.ctx.Done():
		return over
	}
}

// gather lets what comes soon after the request join what has just come, where the reader is in no hurry: a device in a busy room gets a few
// answers then, and not one for each message.
func (p *poll) gather() {
	left := p.deadline.Add(min(stream.Unhurried-p.q.timeout, 0)).Sub(p.h.now())
	if left > 0 && p.h.view.Unhurried(p.ctx, p.q.device.UserID) {
		pace.Pause(p.ctx, left)
	}
}

// alarm returns what is closed when the wait ends, and what it means.
func (p *poll) alarm(mayRest bool) (end <-chan struct{}, stop func(), why reason) {
	now := p.h.now()
	if p.held() {
		end, stop = alarmIn(p.wake.Sub(now))
		return end, stop, changed
	}
	if p.q.timeout < longPoll {
		end, stop = alarmIn(p.deadline.Sub(now))
		return end, stop, over
	}
	if mayRest && p.deadline.Sub(now) > 2*restAfter {
		return p.h.alarms.before(now, now.Add(restAfter)), func() {}, quiet
	}
	return p.h.alarms.before(now, p.deadline), func() {}, over
}

// held reports whether something is due before the request is over.
func (p *poll) held() bool { return !p.wake.IsZero() && p.wake.Before(p.deadline) }

func alarmIn(d time.Duration) (over <-chan struct{}, stop func()) {
	c := make(chan struct{})
	timer := time.AfterFunc(d, func() { close(c) })
	return c, func() { timer.Stop() }
}

func (p *poll) close() {
	if p.watch != nil {
		p.watch.Close()
	}
}
