package resolve

import (
	"context"
	"fmt"
)

// graph is the part of a room's auth graph that resolutions needed so far. What is in it never changes.
type graph struct {
	nodes map[int64]*node
	epoch uint64 // of the walk that is under way; a node is marked by taking it over
}

// node is an event in the auth graph.
type node struct {
	nid, key int64
	auth     []*node
	loaded   bool
	level    int // 1 + the highest level of its auth events; 0: not computed, -1: being computed
	mark     uint64
}

func newGraph() *graph { return &graph{nodes: map[int64]*node{}} }

func (g *graph) node(nid int64) *node {
	n := g.nodes[nid]
	if n == nil {
		n = &node{nid: nid}
		g.nodes[nid] = n
	}
	return n
}

// walk starts a new walk: no node is marked.
func (g *graph) walk() { g.epoch++ }

// visit marks n and reports whether it was not marked before.
func (g *graph) visit(n *node) bool {
	if n.mark == g.epoch {
		return false
	}
	n.mark = g.epoch
	return true
}

func (g *graph) visited(n *node) bool { return n.mark == g.epoch }

// ensure loads the nodes and all their ancestors, as far as they are not there, and computes their levels.
func (g *graph) ensure(ctx context.Context, loader Loader, nids []int64) error {
	var missing []int64
	for _, nid := range nids {
		if n := g.node(nid); !n.loaded {
			missing = append(missing, nid)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	roots := missing
	for len(missing) > 0 {
		edges, err := loader.Edges(ctx, missing)
		if err != nil {
			return fmt.Errorf("loading auth edges: %w", err)
		}
		found := g.add(edges)
		for _, nid := range missing {
			if !g.nodes[nid].loaded {
				return fmt.Errorf("auth graph, event %d: %w", nid, ErrMissingEvent)
			}
		}
		missing = g.unloaded(found)
	}
	for _, nid := range roots {
		g.computeLevel(g.nodes[nid])
	}
	return nil
}

// add takes edges over and returns the nodes that are new.
func (g *graph) add(edges []Edge) []*node {
	found := make([]*node, 0, len(edges))
	for _, e := range edges {
		n := g.node(e.NID)
		if n.loaded {
			continue
		}
		n.key, n.loaded = e.Key, true
		n.auth = make([]*node, len(e.Auth))
		for i, a := range e.Auth {
			n.auth[i] = g.node(a)
		}
		found = append(found, n)
	}
	return found
}

// unloaded returns the auth events of nodes that have to be loaded next, each once.
func (g *graph) unloaded(nodes []*node) []int64 {
	g.walk()
	var nids []int64
	for _, n := range nodes {
		for _, a := range n.auth {
			if !a.loaded && g.visit(a) {
				nids = append(nids, a.nid)
			}
		}
	}
	return nids
}

// computeLevel sets the level of n and of its ancestors. It does not recurse: an auth chain can be as long as its authors
// like. In room versions 1 and 2, where an event id is not a hash, a chain could even be a circle: it is cut where it closes.
func (g *graph) computeLevel(n *node) {
	stack := []*node{n}
	for len(stack) > 0 {
		top := stack[len(stack)-1]
		if top.level > 0 {
			stack = stack[:len(stack)-1]
			continue
		}
		fresh := top.level == 0
		top.level = -1
		highest := 0
		for _, a := range top.auth {
			if a.level == 0 && fresh {
				stack = append(stack, a)
			}
			highest = max(highest, a.level)
		}
		if stack[len(stack)-1] == top {
			top.level = highest + 1
			stack = stack[:len(stack)-1]
		}
	}
}
