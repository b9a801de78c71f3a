package media

import (
	"context"
	"fmt"
	"time"

	"medixchange/internal/sqldb"
)

const (
	sweepEvery = 10 * time.Minute
	evictBatch = 100
)

// Run removes what a crash left, then lapsed announcements again and again, and keeps the cache of other servers' files
// within its bound, until ctx ends.
func (s *Store) Run(ctx context.Context) {
	if err := s.SweepOrphans(ctx); err != nil && ctx.Err() == nil {
		s.opts.Log.WithError(err).Warn("Could not look for files that a crash left")
	}
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.opts.Log.WithError(err).Warn("Could not tidy the media folder")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Sweep does once what Run does again and again.
func (s *Store) Sweep(ctx context.Context) error {
	now := s.now().UnixMilli()
	if err := s.db.Write(ctx, func(tx *sqldb.Tx) error { return removeLapsed(tx, now) }); err != nil {
		return fmt.Errorf("tidying media: %w", err)
	}
	size, err := s.remoteSize(ctx)
	if err != nil {
		return err
	}
	for size > s.opts.RemoteCache {
		freed, err := s.evict(ctx, size-s.opts.RemoteCache)
		if err != nil {
			return err
		}
		if freed == 0 {
			break
		}
		size -= freed
	}
	s.cached.Store(size)
	return nil
}

// evict removes a batch of the files that were not read for the longest time, until enough bytes are free.
func (s *Store) evict(ctx context.Context, bytes int64) (freed int64, err error) {
	batch, err := s.leastUsed(ctx, evictBatch)
	if err != nil {
		return 0, err
	}
	for _, rec := range batch {
		if freed >= bytes {
			break
		}
		if err := s.Delete(ctx, rec.Server, rec.ID); err != nil {
			return freed, fmt.Errorf("evicting a cached file: %w", err)
		}
		freed += rec.Size
	}
	return freed, nil
}
