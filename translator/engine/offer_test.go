package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// TestALanguageListIsAskedForOnceAndAgainWhenItIsOld, by one caller at a time, and an old one is better than none.
func TestALanguageListIsAskedForOnceAndAgainWhenItIsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		var fault error
		languages := []string{"en", "es"}
		o := newOffer(func(context.Context) (*tongues, error) {
			asked.Add(1)
			time.Sleep(100 * time.Millisecond)
			known := newTongues()
			for _, code := range languages {
				known.reads(code)
				known.writes(code)
			}
			return known, fault
		})
		all := func() {
			var callers sync.WaitGroup
			for range 20 {
				callers.Go(func() {
					if known, err := o.get(t.Context()); err != nil || len(known.from) == 0 {
						t.Errorf("%v, %v", known, err)
					}
				})
			}
			callers.Wait()
		}
		all()
		require.EqualValues(t, 1, asked.Load())
		require.False(t, o.offers("en", "fr", nil))
		languages = append(languages, "fr")
		time.Sleep(keptFresh)
		all()
		require.EqualValues(t, 2, asked.Load())
		require.True(t, o.offers("en", "fr", nil), "what the service has learned since")
		fault = errors.New("away")
		time.Sleep(keptFresh)
		all()
		require.EqualValues(t, 3, asked.Load())
		require.True(t, o.offers("en", "fr", nil))
	})
}

// TestAListThatCannotBeHadIsNotWaitedForByEverybody: one asks, and the others hear what came of it.
func TestAListThatCannotBeHadIsNotWaitedForByEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		o := newOffer(func(ctx context.Context) (*tongues, error) {
			asked.Add(1)
			<-ctx.Done()
			return nil, ctx.Err()
		})
		start := time.Now()
		var callers sync.WaitGroup
		for range 20 {
			callers.Go(func() {
				if _, err := o.get(t.Context()); err == nil {
					t.Error("there is a list")
				}
			})
		}
		callers.Wait()
		require.EqualValues(t, 1, asked.Load())
		require.Equal(t, askKept, time.Since(start))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := o.get(ctx)
		require.Error(t, err)
	})
}
