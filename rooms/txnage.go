package rooms

import (
	"context"
	"errors"
	"math"
	"time"

	"medixchange/internal/pace"
)

const (
	// keepTransactions is how long a transaction id gives its event again. Clients give up sending within hours, and
	// offer what they could not send again within days.
	keepTransactions = 30 * 24 * time.Hour
	// maxTransactions bounds the rows, but for those of the last day.
	maxTransactions    = 2_000_000
	keepTransactionsIn = 24 * time.Hour // beyond maxTransactions
	trimTick           = time.Hour
	trimStep           = 500 // rows of one write, so that nobody waits behind it
)

// trimLoop removes old transaction ids until ctx ends.
func (r *Rooms) trimLoop(ctx context.Context, stopped chan<- struct{}) {
	defer close(stopped)
	pace.Every(ctx, trimTick, func() {
		if err := r.trimTransactions(ctx, maxTransactions); err != nil && !errors.Is(err, context.Canceled) {
			r.log.WithError(err).Warn("removing old transaction ids")
		}
		if err := r.forgetStickies(ctx); err != nil && !errors.Is(err, context.Canceled) {
			r.log.WithError(err).Warn("letting go of sticky events")
		}
	})
}

// trimTransactions removes what is too old, and then the oldest above most.
func (r *Rooms) trimTransactions(ctx context.Context, most int) error {
	if err := r.trimBefore(ctx, math.MaxInt64, r.now().Add(-keepTransactions)); err != nil {
		return err
	}
	above, err := r.transactionBehind(ctx, most)
	if err != nil || above == 0 {
		return err
	}
	return r.trimBefore(ctx, above, r.now().Add(-keepTransactionsIn))
}

// trimBefore removes the transactions of events up to lastNID that were made before t. Events are numbered in the order of
// their making, nearly: it stops where none of a step is old.
func (r *Rooms) trimBefore(ctx context.Context, lastNID int64, t time.Time) error {
	for after := int64(0); ; {
		upto, old, err := r.oldTransactions(ctx, after, lastNID, t.UnixMilli())
		if err != nil || old == 0 {
			return err
		}
		if err := r.deleteTransactions(ctx, after, upto, t.UnixMilli()); err != nil {
			return err
		}
		after = upto
	}
}
