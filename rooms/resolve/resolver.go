package resolve

import (
	"cmp"
	"context"
	"slices"
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

// bound drops a graph that has grown beyond MaxGraph.
func (r *Resolver) bound() {
	if len(r.graph.nodes) > MaxGraph {
		r.graph = newGraph()
	}
}

// AuthChain returns the auth chain of events: the nids of all their ancestors in the auth graph, lowest level first (so that
// each comes after its own auth events). The events themselves are in it only if one is another's ancestor. From room
// version 12 on no chain names the create event. Errors are the loader's and ErrMissingEvent.
func (r *Resolver) AuthChain(ctx context.Context, nids []int64) ([]int64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bound()
	if err := r.graph.ensure(ctx, r.loader, nids); err != nil {
		return nil, err
	}
	r.graph.walk()
	start := make([]*node, len(nids))
	for i, nid := range nids {
		start[i] = r.graph.nodes[nid]
	}
	var chain []*node
	r.graph.markUp(start, 0, func(n *node) { chain = append(chain, n) })
	slices.SortFunc(chain, func(a, b *node) int { return cmp.Or(cmp.Compare(a.level, b.level), cmp.Compare(a.nid, b.nid)) })
	out := make([]int64, len(chain))
	for i, n := range chain {
		out[i] = n.nid
	}
	return out, nil
}
