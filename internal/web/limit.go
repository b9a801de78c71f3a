package web

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// Limiter limits how often each key (a user, an address, a server) may do something: one token bucket per key, the
// least recently used keys forgotten. A nil *Limiter allows everything. It is safe for concurrent use.
type Limiter struct {
	rate    rate.Limit
	burst   int
	buckets *lru.Cache[string, *rate.Limiter]
}

// NewLimiter allows perSecond requests a second in the long run and burst at once, for each of the last keys keys.
// With perSecond ≤ 0 it returns nil: no limit.
func NewLimiter(perSecond float64, burst, keys int) *Limiter {
	if perSecond <= 0 {
		return nil
	}
	buckets, err := lru.New[string, *rate.Limiter](max(keys, 1))
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return &Limiter{rate: rate.Limit(perSecond), burst: max(burst, 1), buckets: buckets}
}

// Allow takes a token of key's bucket. If there is none, retryAfter says when the next one comes.
func (l *Limiter) Allow(key string) (ok bool, retryAfter time.Duration) {
	if l == nil {
		return true, 0
	}
	bucket, there := l.buckets.Get(key)
	if !there {
		bucket = rate.NewLimiter(l.rate, l.burst)
		if other, there, _ := l.buckets.PeekOrAdd(key, bucket); there {
			bucket = other
		}
	}
	now := time.Now()
	reservation := bucket.ReserveN(now, 1)
	if wait := reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
		return false, wait
	}
	return true, 0
}

// Check is Allow with 429 M_LIMIT_EXCEEDED as the error.
func (l *Limiter) Check(key string) error {
	if ok, wait := l.Allow(key); !ok {
		return LimitExceeded(wait)
	}
	return nil
}
