package view

import (
	"slices"
	"sync"
	"time"
)

const (
	// maxLatePerMinute is how many late translations a device gets for one room in any minute; the newest are sent
	// (TRANSLATION 5).
	maxLatePerMinute = 20
	// maxLimited bounds the devices and rooms whose late translations are remembered.
	maxLimited = 10_000
)

// lateLimit remembers which late translations devices were given in the last minute: an answer that got lost is made again,
// and what is in it does not count twice. Safe for concurrent use.
type lateLimit struct {
	mu    sync.Mutex
	given map[string][]givenLate // by device and room
}

type givenLate struct {
	position int64
	at       time.Time
}

// cut returns those of changed that may go to key now, in their order. It takes the slice over.
func (l *lateLimit) cut(key string, changed []*Rendering, now time.Time) []*Rendering {
	if !slices.ContainsFunc(changed, (*Rendering).limited) {
		return changed
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	given := recently(l.given[key], now)
	over := map[int64]bool{}
	for _, r := range slices.Backward(changed) {
		if !r.limited() || slices.ContainsFunc(given, func(g givenLate) bool { return g.position == r.Position }) {
			continue
		}
		if len(given) >= maxLatePerMinute {
			over[r.Position] = true
			continue
		}
		given = append(given, givenLate{r.Position, now})
	}
	l.remember(key, given, now)
	return slices.DeleteFunc(changed, func(r *Rendering) bool { return over[r.Position] })
}

// remember makes room first where there is none: what is over a minute old goes, and if that is not enough, all.
func (l *lateLimit) remember(key string, given []givenLate, now time.Time) {
	if l.given == nil {
		l.given = map[string][]givenLate{}
	}
	if l.given[key] == nil && len(l.given) >= maxLimited {
		for other, of := range l.given {
			if len(recently(of, now)) == 0 {
				delete(l.given, other)
			}
		}
		if len(l.given) >= maxLimited {
			clear(l.given)
		}
	}
	l.given[key] = given
}

// recently leaves what was given within a minute; a clock that was put back forgets what is ahead of it.
func recently(given []givenLate, now time.Time) []givenLate {
	return slices.DeleteFunc(given, func(g givenLate) bool { return now.Sub(g.at) >= time.Minute || now.Before(g.at) })
}

// limited reports whether a rendering counts: what puts right or takes back an edit that a viewer has must not get lost.
func (r *Rendering) limited() bool { return !r.Redaction && !r.Corrects }
