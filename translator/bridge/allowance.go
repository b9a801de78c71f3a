package bridge

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// keptAllowances bounds the users whose allowance is remembered.
const keptAllowances = 5000

// allowances are how much each user may still ask of the bot. Safe for concurrent use.
type allowances struct {
	every time.Duration
	burst int
	known *lru.Cache[string, *allowance]
}

// newAllowances lets each user ask burst times at once and once each time that every has passed after that.
func newAllowances(every time.Duration, burst int) (*allowances, error) {
	known, err := lru.New[string, *allowance](keptAllowances)
	if err != nil {
		return nil, fmt.Errorf("bounding what users may ask: %w", err)
	}
	return &allowances{every: every, burst: burst, known: known}, nil
}

func (a *allowances) of(userID string) *allowance {
	if known, ok := a.known.Get(userID); ok {
		return known
	}
	fresh := &allowance{limiter: rate.NewLimiter(rate.Every(a.every), a.burst)}
	a.known.Add(userID, fresh)
	return fresh
}

// allowance is that of one user. Safe for concurrent use.
type allowance struct {
	limiter *rate.Limiter
	told    atomic.Bool // that it is used up
}

// take takes one. When there is none left it returns, the first time until all but one are there again, after how many
// seconds there is another.
func (a *allowance) take(now time.Time) (allowed bool, wait int) {
	if a.limiter.TokensAt(now) >= float64(a.limiter.Burst()-1) {
		a.told.Store(false)
	}
	if a.limiter.AllowN(now, 1) {
		return true, 0
	}
	if a.told.Swap(true) {
		return false, 0
	}
	missing := max(0, 1-a.limiter.TokensAt(now))
	return false, max(1, int(math.Ceil(missing/float64(a.limiter.Limit()))))
}
