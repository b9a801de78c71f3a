package sync

import (
	"context"
	"encoding/json"
	"time"

	"medixchange/internal/web"
)

// A poll that rests keeps nothing of its request but what this needs; it is a web.Later.

// rest drops what only the request's beginning needed, and with it the request.
func (p *poll) rest() web.Later {
	p.ctx, p.q.since = nil, Token{}
	return p
}

// Await implements web.Later.
func (p *poll) Await(wake func()) {
	if now := p.h.now(); p.held() {
		timer := time.AfterFunc(p.wake.Sub(now), wake)
		p.stop = func() { timer.Stop() }
	} else {
		p.stop = p.h.alarms.call(now, p.deadline, p, wake)
	}
	p.watch.Tell(wake)
}

// Resume implements web.Later.
func (p *poll) Resume(ctx context.Context) (any, error) {
	p.watch.Tell(nil)
	p.takeBack()
	p.ctx = ctx
	defer func() { p.ctx = nil }()
	body, err := p.goOn(!p.ended())
	if body == nil || err != nil {
		return nil, err
	}
	return json.RawMessage(body), nil
}

// ended reports whether the time is up, or the server drains.
func (p *poll) ended() bool {
	select {
	case <-web.Draining(p.ctx):
		return true
	default:
		return secondBefore(p.h.now()) >= secondBefore(p.deadline)
	}
}

// Leave implements web.Later.
func (p *poll) Leave() {
	p.takeBack()
	p.close()
}

func (p *poll) takeBack() {
	if p.stop != nil {
		p.stop()
		p.stop = nil
	}
}
