package rtc

import (
	"crypto/rand"
	"sync"
	"time"
)

// probeLifetime is how long the node's own trials may come in.
const probeLifetime = 3 * time.Minute

// probes are the node's own participants, which try whether conferences work, in rooms of their own that nobody else is in.
type probes struct {
	mu  sync.Mutex
	all map[place]time.Time // until when
}

func (p *probes) add(now time.Time) place {
	p.mu.Lock()
	defer p.mu.Unlock()
	for old, until := range p.all {
		if now.After(until) {
			delete(p.all, old)
		}
	}
	name := "probe-" + rand.Text()
	at := place{name, name}
	p.all[at] = now.Add(probeLifetime)
	return at
}

func (p *probes) has(at place, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	until, ok := p.all[at]
	return ok && now.Before(until)
}

// probed reports whether somebody is the node's own, trying whether conferences work.
func (r *RTC) probed(sfuRoom, identity string) bool {
	return r.probes.has(place{sfuRoom, identity}, r.o.Now())
}
