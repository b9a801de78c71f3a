package bridge

import (
	"context"
	"fmt"
	"time"

	"medixchange/internal/sqldb"
)

const (
	sweepEvery = time.Hour
	// sweepStep bounds the rows of one write, so that no message waits long behind it.
	sweepStep = 500
)

// sweepLoop keeps the stored renderings within the bounds of the configuration until ctx ends.
func (b *Bridge) sweepLoop(ctx context.Context) error {
	for {
		if err := b.sweep(ctx); err != nil && ctx.Err() == nil {
			b.o.Log.WithError(err).Warn("removing old renderings failed")
		}
		if !sleep(ctx, sweepEvery) {
			return ctx.Err()
		}
	}
}

// sweep removes the renderings that are older than cache.max_age or beyond cache.max_rows; whoever reads that far back
// has them made again. Of those that some readers got as an edit, the name stays without any text: should the message be
// redacted, these edits have to be taken back.
func (b *Bridge) sweep(ctx context.Context) error {
	upto, err := b.sweepPosition(ctx)
	if err != nil || upto == 0 {
		return err
	}
	for {
		var swept int64
		err := b.o.DB.Write(ctx, func(tx *sqldb.Tx) (err error) {
			swept, err = sweepRows(tx, upto, sweepStep)
			return err
		})
		if err != nil {
			return fmt.Errorf("removing old renderings: %w", err)
		}
		if swept == 0 {
			return nil
		}
	}
}

// sweepPosition returns up to where renderings go, 0 for nowhere.
func (b *Bridge) sweepPosition(ctx context.Context) (upto int64, err error) {
	bounds := b.o.Config.Cache
	if bounds.MaxRows > 0 {
		if upto, err = b.selectBeyond(ctx, bounds.MaxRows); err != nil {
			return 0, err
		}
	}
	if bounds.MaxAge <= 0 {
		return upto, nil
	}
	aged, err := b.selectOlder(ctx, b.o.Now().Add(-bounds.MaxAge.Std()).UnixMilli())
	return max(upto, aged), err
}
