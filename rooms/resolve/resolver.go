package resolve

import (
	"context"
	"sync"
)

// Edge is an event as the auth graph sees it.
type Edge struct {
	NID  int64
	Key  int64   // interned (type, state_key)
	Auth []int64 // nids of its auth_events
}

// Loader gives the resolver what it asks for. Each method is one bulk request; the resolver asks for what it does not have
// already, in few rounds. Implementations are called from one goroutine at a time for each resolver.
type Loader interface {
	// Edges returns the auth edges of the events. It may return more than was asked for (ancestors it has at hand): all are
	// kept. What is not known is left out.
	Edges(ctx context.Context, nids []int64) ([]Edge, error)
	// Events returns the events, in any order. What is not known is left out. The resolver keeps none of them, so the loader
	// should: parsed contents live with the *Event.
	Events(ctx context.Context, nids []int64) ([]*Event, error)
	// Keys returns the interned numbers of the places, 0 for those that no event ever stood at, in the order asked for.
	Keys(ctx context.Context, keys []StateKey) ([]int64, error)
}

// Resolver resolves the states of one room. It keeps the auth graph as far as it was needed, bounded. Safe for concurrent
// use; calls run one after the other.
type Resolver struct {
	rules  *rules
	create int64
	loader Loader

	mu    sync.Mutex
	graph *graph
	keys  coreKeys
}

// coreKeys are the interned places of the events that every other one depends on.
type coreKeys struct {
	create, power, joinRules int64
}

// MaxGraph is how many events of the auth graph a resolver keeps between calls (about 150 bytes each). A room whose
// resolution needs more gets them, and they are dropped with the next call.
const MaxGraph = 200_000

// NewResolver returns the resolver of a room. create is the nid of the room's create event: from room version 12 on no
// event's auth_events names it. It returns ErrUnknownVersion for room versions other than 1 to 12.
func NewResolver(version string, create int64, loader Loader) (*Resolver, error) {
	r, err := rulesOf(version)
	if err != nil {
		return nil, err
	}
	return &Resolver{rules: r, create: create, loader: loader, graph: newGraph()}, nil
}
