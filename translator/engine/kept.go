package engine

import (
	"context"
	"sync/atomic"
	"time"
)

// keptFresh is how long what a service says of itself is believed before it is asked again.
const keptFresh = 10 * time.Minute

// askKept is how long a translation waits for what a service says of itself.
const askKept = 2 * time.Second

// kept is what a service says of itself: asked for when it is first needed, and again when it is old, whatever else is asked
// of the service meanwhile.
type kept[T any] struct {
	ask    func(context.Context) (T, error)
	retry  time.Duration            // how long a failure is believed while nothing is known
	known  atomic.Pointer[dated[T]] // nil until the service has said
	asking chan struct{}            // holds one while somebody asks

	fault    error // of the last time that somebody asked while nothing was known
	failedAt time.Time
}

// dated is what was said, and when.
type dated[T any] struct {
	said T
	at   time.Time
}

func newKept[T any](retry time.Duration, ask func(context.Context) (T, error)) *kept[T] {
	return &kept[T]{ask: ask, retry: retry, asking: make(chan struct{}, 1)}
}

// refresh asks the service.
func (k *kept[T]) refresh(ctx context.Context) error {
	said, err := k.ask(ctx)
	if err != nil {
		return err
	}
	k.known.Store(&dated[T]{said, time.Now()})
	return nil
}

// peek is what is known, without waiting; false if that is nothing.
func (k *kept[T]) peek() (said T, ok bool) {
	known := k.known.Load()
	if known == nil {
		return said, false
	}
	return known.said, true
}

// get is what is known. When that is nothing it asks first, when it is old one of the callers does; one at a time.
func (k *kept[T]) get(ctx context.Context) (said T, err error) {
	known := k.known.Load()
	if known != nil && time.Since(known.at) < keptFresh {
		return known.said, nil
	}
	if known == nil {
		select {
		case k.asking <- struct{}{}:
		case <-ctx.Done():
			return said, ctx.Err()
		}
	} else {
		select {
		case k.asking <- struct{}{}:
		default:
			return known.said, nil
		}
	}
	defer func() { <-k.asking }()
	if now := k.known.Load(); now != known {
		return now.said, nil
	}
	if known == nil && time.Since(k.failedAt) < k.retry {
		return said, k.fault
	}
	return k.askAgain(ctx, known)
}

// askAgain asks the service, and goes on with what was known where it does not answer. The caller is the only one.
func (k *kept[T]) askAgain(ctx context.Context, known *dated[T]) (said T, err error) {
	limited, cancel := context.WithTimeout(ctx, askKept)
	defer cancel()
	switch err := k.refresh(limited); {
	case err == nil:
		return k.known.Load().said, nil
	case known != nil:
		k.known.Store(&dated[T]{known.said, time.Now()})
		return known.said, nil
	case ctx.Err() != nil: // the caller left, and the service did nothing wrong
		return said, err
	default:
		k.fault, k.failedAt = err, time.Now()
		return said, err
	}
}

// retryGlossary is how long a service's glossary goes unused when its pairs could not be had.
const retryGlossary = 30 * time.Second

// pairsOf are the pairs that the glossary of a service has entries for; for another pair it would refuse a request. A service
// without a glossary has nil.
type pairsOf struct{ *kept[coverage] }

// coverage reports whether a glossary has a pair, in the codes of the service.
type coverage func(from, into string) bool

func newPairs(ask func(context.Context) (coverage, error)) pairsOf {
	return pairsOf{newKept(retryGlossary, ask)}
}

// have reports whether the glossary is for a pair. One whose pairs cannot be had is not used for now.
func (p pairsOf) have(ctx context.Context, from, into string) bool {
	if p.kept == nil {
		return false
	}
	covers, err := p.get(ctx)
	return err == nil && covers(from, into)
}

// check asks for the pairs.
func (p pairsOf) check(ctx context.Context) error {
	if p.kept == nil {
		return nil
	}
	return p.refresh(ctx)
}
