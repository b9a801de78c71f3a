package replies

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

const (
	// CommandBurst and CommandEvery are what a user may ask of a bot: so many commands at once and one each time that
	// CommandEvery has passed after that; what is more is not answered, but for a word of it.
	CommandBurst = 10
	CommandEvery = 2 * time.Second
	// CommandTimeout bounds one command, engines included.
	CommandTimeout = 10 * time.Second
)

// keptAllowances bounds the users whose allowance is remembered.
const keptAllowances = 5000

// Allowances are how much each user may still ask of a bot. Safe for concurrent use.
type Allowances struct {
	every time.Duration
	burst int
	known *lru.Cache[string, *Allowance]
}

// NewAllowances lets each user ask burst times at once and once each time that every has passed after that.
func NewAllowances(every time.Duration, burst int) (*Allowances, error) {
	known, err := lru.New[string, *Allowance](keptAllowances)
	if err != nil {
		return nil, fmt.Errorf("bounding what users may ask: %w", err)
	}
	return &Allowances{every: every, burst: burst, known: known}, nil
}

// Of returns the allowance of a user.
func (a *Allowances) Of(userID string) *Allowance {
	if known, ok := a.known.Get(userID); ok {
		return known
	}
	fresh := &Allowance{limiter: rate.NewLimiter(rate.Every(a.every), a.burst)}
	a.known.Add(userID, fresh)
	return fresh
}

// Allowance is that of one user. Safe for concurrent use.
type Allowance struct {
	limiter *rate.Limiter
	told    atomic.Bool // that it is used up
}

// Take takes one. When there is none left it returns, the first time until all but one are there again, after how many
// seconds there is another.
func (a *Allowance) Take(now time.Time) (allowed bool, wait int) {
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
