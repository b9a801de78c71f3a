package bridge

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"medixchange/internal/pace"
	"medixchange/internal/sqldb"
)

const (
	sweepEvery = time.Hour
	// sweepStep bounds the rows of one write, so that no message waits long behind it.
	sweepStep = 500
)

// sweepLoop keeps the stored renderings within the bounds of the configuration, and watches what the checks say of them, until
// ctx ends.
func (b *Bridge) sweepLoop(ctx context.Context) error {
	watched := b.o.Now().Add(sweepEvery - watchEvery) // not while the node starts
	for {
		if err := b.sweep(ctx); err != nil && ctx.Err() == nil {
			b.o.Log.WithError(err).Warn("removing old renderings failed")
		}
		if now := b.o.Now(); now.Sub(watched) >= watchEvery {
			watched = now
			if err := b.watchDoubt(ctx); err != nil && ctx.Err() == nil {
				b.o.Log.WithError(err).Warn("counting doubted translations failed")
			}
		}
		if !pace.Pause(ctx, sweepEvery) {
			return ctx.Err()
		}
	}
}

// sweep removes the renderings that are older than cache.max_age or beyond cache.max_rows; whoever reads that far back
// has them made again. Of those that some readers got as an edit, the name stays without any text: should the message be
// redacted, these edits have to be taken back.
func (b *Bridge) sweep(ctx context.Context) error {
	upto, err := b.sweepPosition(ctx)
	if err != nil {
		return err
	}
	if upto > 0 {
		if _, err := b.sweepUpto(ctx, upto); err != nil {
			return err
		}
		b.hot.sweep(upto)
	}
	if age := b.o.Config.Cache.MaxAge.Std(); age > 0 {
		b.absences.forgetBefore(b.o.Now().Add(-age).UnixMilli())
		b.o.Pipeline.Expire(b.o.Now().Add(-age))
	}
	kept := b.o.Config.Records
	for _, s := range []struct {
		age    time.Duration
		remove func(tx *sqldb.Tx, ts int64, limit int) (int64, error)
	}{
		{b.o.Config.Cache.MaxAge.Std(), sweepNotices},
		{b.o.Config.Cache.MaxAge.Std(), sweepAbsences},
		{b.o.Config.Cache.MaxAge.Std(), sweepHolds},
		{kept.ReportsKeep.Std(), sweepReports},
		{kept.ReadingsKeep.Std(), sweepReadings},
		{cmp.Or(kept.ReadingsKeep, b.o.Config.Cache.MaxAge).Std(), sweepBesides},
		{kept.ReadingsKeep.Std(), sweepPutOffReadings},
	} {
		if s.age <= 0 {
			continue
		}
		before := b.o.Now().Add(-s.age).UnixMilli()
		n, err := b.inSteps(ctx, func(tx *sqldb.Tx) (int64, error) { return s.remove(tx, before, sweepStep) })
		if err != nil {
			return err
		}
		if n > 0 { // among them may be what stands beside answers
			b.besides.Purge()
		}
	}
	return nil
}

// sweepUpto removes and empties renderings up to a position; it returns what they were.
func (b *Bridge) sweepUpto(ctx context.Context, upto int64) (total Swept, err error) {
	_, err = b.inSteps(ctx, func(tx *sqldb.Tx) (int64, error) {
		step, err := sweepRows(tx, upto, sweepStep)
		tx.OnCommit(func() { total.add(step) })
		return step.Entries, err
	})
	if err != nil {
		return total, fmt.Errorf("removing old renderings: %w", err)
	}
	return total, nil
}

// inSteps removes until nothing is left to remove, so that no message waits long behind it.
func (b *Bridge) inSteps(ctx context.Context, remove func(tx *sqldb.Tx) (int64, error)) (total int64, err error) {
	for {
		var n int64
		err := b.o.DB.Write(ctx, func(tx *sqldb.Tx) (err error) {
			n, err = remove(tx)
			return err
		})
		if err != nil || n == 0 {
			return total, err
		}
		total += n
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
