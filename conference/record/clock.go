package record

import (
	"math"
	"sync"
)

// All times in this package are milliseconds from the start of the recording, as floating point: sender reports are finer.

// window is how long the smallest delay of a participant counts, twice at most. It follows drifting clocks, and a path that
// has become longer.
const window = 10_000

// lost is how far from its arrival a packet may seem to have been sampled before its track is taken to have begun anew.
const lost = 5_000

// A sender report that moves its track by less than drift allows in some seconds is taken as it is, and so is one that moves it so
// far that the sender must have begun anew. What lies between may be the word of a sender without a processor, which took the two
// times of its report at different moments: it counts once the next report agrees.
const (
	steady = 20
	anew   = 500
)

// clock maps the clock of a participant, by which its sender reports are made, to ours: the smallest difference between
// arrival and sending that was seen lately. All tracks of a participant share it, so picture and sound stay together whatever
// the network does.
type clock struct {
	mu        sync.Mutex
	now, last float64 // smallest differences of this window and the one before
	since     float64
	known     bool
}

// observe takes what was sent at ntp and arrived at at, and returns the current difference.
func (c *clock) observe(ntp, at float64) float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	delay := at - ntp
	switch {
	case !c.known || math.Abs(delay-c.now) > window: // its clock was set
		c.now, c.last, c.since, c.known = delay, delay, at, true
	case at-c.since > window:
		c.last, c.now, c.since = c.now, delay, at
	default:
		c.now = min(c.now, delay)
	}
	return min(c.now, c.last)
}

// difference is what observe returned last.
func (c *clock) difference() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return min(c.now, c.last)
}

// timeline says when a packet of one track was sampled, by our clock.
type timeline struct {
	clock *clock
	rate  float64 // RTP units a millisecond

	last     uint32 // of the packet before
	extended int64
	started  bool

	early    float64 // smallest difference of arrival and RTP time, until a sender report comes
	reported bool
	rtp, ntp float64 // of the last report, in milliseconds
	doubted  float64 // ntp - rtp of the report before, if that was not taken
}

// extend unwraps an RTP timestamp.
func (l *timeline) extend(ts uint32) int64 {
	if !l.started {
		l.started, l.last, l.extended = true, ts, int64(ts)
	}
	at := l.extended + int64(int32(ts-l.last))
	if at > l.extended {
		l.extended, l.last = at, ts
	}
	return at
}

// report takes a sender report (RFC 3550, 6.4.1), ntp in milliseconds of any epoch. It returns by how much the times that at gives
// change, if it is the first one.
func (l *timeline) report(ts uint32, ntp float64) (shift float64) {
	if !l.started {
		return 0
	}
	rtp := float64(l.extended+int64(int32(ts-l.last))) / l.rate
	if l.reported && l.leaps(ntp-rtp) {
		return 0
	}
	l.rtp, l.ntp = rtp, ntp
	if l.reported {
		return 0
	}
	l.reported = true
	// What arrived soonest, RTP time t, did at t + early, and was sampled at t - rtp + ntp.
	delay := l.clock.observe(ntp-l.rtp+float64(l.extended)/l.rate, l.early+float64(l.extended)/l.rate)
	return ntp - l.rtp + delay - l.early
}

// leaps reports whether a report with this difference of its times is not to be taken yet.
func (l *timeline) leaps(difference float64) bool {
	leap := math.Abs(difference - (l.ntp - l.rtp))
	if leap <= steady || leap >= anew || math.Abs(difference-l.doubted) <= steady {
		l.doubted = 0
		return false
	}
	l.doubted = difference
	return true
}

// at takes the arrival of the packet with timestamp ts and returns when it was sampled.
func (l *timeline) at(ts uint32, arrival float64) float64 {
	first := !l.started
	rtp := float64(l.extend(ts)) / l.rate
	if !l.reported {
		if delay := arrival - rtp; first || delay < l.early {
			l.early = delay
		}
		return rtp + l.early
	}
	ntp := rtp - l.rtp + l.ntp
	at := ntp + l.clock.observe(ntp, arrival)
	if math.Abs(arrival-at) > lost {
		l.reported, l.early = false, arrival-rtp
		return arrival
	}
	return at
}

// sampled returns when a packet that arrived before was sampled.
func (l *timeline) sampled(ts uint32) float64 {
	rtp := float64(l.extend(ts)) / l.rate
	if !l.reported {
		return rtp + l.early
	}
	return rtp - l.rtp + l.ntp + l.clock.difference()
}
