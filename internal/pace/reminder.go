package pace

import "time"

const (
	// firstGap and maxGap bound how long nothing is said of what still goes on; each time it is twice as long.
	firstGap = time.Minute
	maxGap   = time.Hour
)

// Reminder tells when to speak of a trouble that is met again and again: when it begins, and then after longer and longer. The zero
// value is ready. It is not safe for concurrent use.
type Reminder struct {
	began, next time.Time
	gap         time.Duration
}

// Due reports whether the trouble, which is met now, is to be spoken of.
func (r *Reminder) Due(now time.Time) bool {
	if r.began.IsZero() {
		r.began, r.next, r.gap = now, now, firstGap/2
	}
	if now.Before(r.next) {
		return false
	}
	r.gap = min(2*r.gap, maxGap)
	r.next = now.Add(r.gap)
	return true
}

// Over ends the trouble and returns how long it lasted; false when there was none.
func (r *Reminder) Over(now time.Time) (lasted time.Duration, was bool) {
	if r.began.IsZero() {
		return 0, false
	}
	lasted = now.Sub(r.began)
	*r = Reminder{}
	return lasted, true
}
