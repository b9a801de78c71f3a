package view

import (
	"slices"
	"sync"
	"time"

	"medixchange/rooms"
)

const (
	// maxLatePerMinute is how many late translations a device gets for one room in any minute; the newest are sent
	// (TRANSLATION 5).
	maxLatePerMinute = 20
	// maxLimited bounds the devices and rooms whose late translations are remembered.
	maxLimited = 10_000
)

// lateLimit remembers which late translations devices were given in the last minute (an answer that got lost is made again,
// and what is in it does not count twice), and which are owed to them. Safe for concurrent use.
type lateLimit struct {
	mu    sync.Mutex
	given map[lateKey][]givenLate
	owed  owedEdits
}

type givenLate struct {
	position int64
	at       time.Time
}

// cut returns those of changed that may go to key now, in their order, and the numbers under which those go out that were owed,
// by position. What is over the limit is owed from now on; tried is what was owed and asked for again. It takes the slice over.
func (l *lateLimit) cut(key lateKey, tried []owedEdit, changed []*Rendering, originals map[int64]*rooms.Event, now time.Time) ([]*Rendering, map[int64]int64) {
	if len(tried) == 0 && !slices.ContainsFunc(changed, (*Rendering).limited) {
		return changed, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	given := l.recent(key, now)
	var over map[int64]*rooms.Event
	for _, r := range slices.Backward(changed) {
		if !r.limited() || wasGiven(given, r.Position) {
			continue
		}
		if len(given) < maxLatePerMinute {
			given = append(given, givenLate{r.Position, now})
			continue
		}
		if over == nil {
			over = map[int64]*rooms.Event{}
		}
		over[r.Position] = originals[r.EventNID]
	}
	l.remember(key, given, now)
	numbers := l.owed.settle(key, tried, changed, over, now)
	return slices.DeleteFunc(changed, func(r *Rendering) bool { _, waits := over[r.Position]; return waits }), numbers
}

func wasGiven(given []givenLate, position int64) bool {
	return slices.ContainsFunc(given, func(g givenLate) bool { return g.position == position })
}

// recent returns what key was given within a minute, and forgets the rest.
func (l *lateLimit) recent(key lateKey, now time.Time) []givenLate {
	given, ok := l.given[key]
	if ok {
		given = recently(given, now)
		l.given[key] = given
	}
	return given
}

// remember makes room first where there is none: what is over a minute old goes, and if that is not enough, all.
func (l *lateLimit) remember(key lateKey, given []givenLate, now time.Time) {
	if l.given == nil {
		l.given = map[lateKey][]givenLate{}
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
