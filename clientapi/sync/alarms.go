package sync

import (
	"sync"
	"time"
)

const (
	// longPoll is a timeout of which a second may be missing: the client asked for it at most (/sync, timeout).
	longPoll = 10 * time.Second
	// together is how far apart the ends of long polls are that end at one time. A node of a thousand idle clients is
	// woken once a second then, and not for each of them: most of what an idle poll cost was waking threads.
	together = time.Second
	// restAfter is when a long poll without news gives its goroutine back. Taking it back costs about what a wait saves in
	// some seconds: where people write to each other, polls end before.
	restAfter = 3 * time.Second
)

// alarms end many polls at a time. There are no more of them than the longest poll has seconds.
type alarms struct {
	mu sync.Mutex
	at map[int64]*alarm // by the second
}

// alarm is one second in which polls end.
type alarm struct {
	c     chan struct{} // closed when it rings
	calls map[*poll]func()
}

// before returns what is closed at the last full second before the deadline.
func (a *alarms) before(now, deadline time.Time) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.of(now, secondBefore(deadline)).c
}

// call has f called at the last full second before the deadline, unless it is taken back.
func (a *alarms) call(now, deadline time.Time, p *poll, f func()) (takeBack func()) {
	second := secondBefore(deadline)
	a.mu.Lock()
	defer a.mu.Unlock()
	at := a.of(now, second)
	if at.calls == nil {
		at.calls = map[*poll]func(){}
	}
	at.calls[p] = f
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		delete(at.calls, p)
	}
}

func secondBefore(t time.Time) int64 { return t.UnixNano() / int64(together) }

func (a *alarms) of(now time.Time, second int64) *alarm {
	at := a.at[second]
	if at == nil {
		at = &alarm{c: make(chan struct{})}
		a.at[second] = at
		time.AfterFunc(time.Unix(0, second*int64(together)).Sub(now), func() { a.ring(second) })
	}
	return at
}

func (a *alarms) ring(second int64) {
	a.mu.Lock()
	at := a.at[second]
	delete(a.at, second)
	calls := at.calls
	at.calls = nil
	a.mu.Unlock()
	close(at.c)
	for _, f := range calls {
		f()
	}
}
