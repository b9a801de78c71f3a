package resolve

import (
	"cmp"
	"container/heap"
	"context"
	"slices"
)

// conflict finds the full conflicted set: the conflicted state set, the auth difference, and for v2.1 the conflicted state
// subgraph.
//
// An event belongs to the auth difference if some states reach it through auth edges and others do not (an event of a state
// counts as reached by it). Events that all states share are reached by all, and so are their ancestors. So only the
// conflicted events are walked, from the highest level down, with the set of states that reach each event; the walk ends at
// events that all states reach. What it cannot know is whether an event is also the ancestor of something shared that was
// not walked (a member, mostly). Three questions of growing cost answer that: is it itself shared, is it an ancestor of
// shared power levels or join rules or of what is now shared at its own place, and only for what is left: of anything shared.
type conflict struct {
	ctx    context.Context
	r      *Resolver
	split  *split
	words  int // of a set of states
	visits map[*node]*visit
	queue  visitQueue
	open   int // visits in the queue that not all states are known to reach
}

// visit is what the walk knows of an event.
type visit struct {
	node       *node
	reached    []uint64 // states that reach it
	full       bool     // all do
	conflicted bool     // belongs to the conflicted state set
	queued     bool
	done       bool
}

// fullConflictedSet returns the nodes of the set, in no particular order.
func (r *Resolver) fullConflictedSet(ctx context.Context, s *split) ([]*node, error) {
	c := &conflict{ctx: ctx, r: r, split: s, words: (len(s.states) + 63) / 64, visits: map[*node]*visit{}}
	seeds, err := c.start()
	if err != nil {
		return nil, err
	}
	if err := c.walk(); err != nil {
		return nil, err
	}
	difference, err := c.difference()
	if err != nil {
		return nil, err
	}
	set := append(seeds, difference...)
	if r.rules.stateRes == 21 {
		set = append(set, c.subgraph(seeds)...)
	}
	slices.SortFunc(set, func(a, b *node) int { return cmp.Compare(a.nid, b.nid) })
	return slices.Compact(set), nil
}

// start queues the conflicted events, and the shared events that most of the others depend on. It returns the former.
func (c *conflict) start() ([]*node, error) {
	var nids, shared []int64
	for _, key := range c.split.keys {
		for _, state := range c.split.states {
			if nid := state.Get(key); nid != 0 {
				nids = append(nids, nid)
			}
		}
	}
	for _, key := range []int64{c.r.keys.create, c.r.keys.power, c.r.keys.joinRules} {
		if nid := c.split.unconflicted(key); nid != 0 {
			shared = append(shared, nid)
		}
	}
	if err := c.r.graph.ensure(c.ctx, c.r.loader, append(shared, nids...)); err != nil {
		return nil, err
	}
	for _, nid := range shared {
		c.reach(c.r.graph.nodes[nid], nil)
	}
	return c.queueConflicted(), nil
}

func (c *conflict) queueConflicted() (seeds []*node) {
	mask := make([]uint64, c.words)
	for _, key := range c.split.keys {
		for i, state := range c.split.states {
			nid := state.Get(key)
			if nid == 0 {
				continue
			}
			clear(mask)
			mask[i/64] = 1 << (i % 64)
			v := c.reach(c.r.graph.nodes[nid], mask)
			if !v.conflicted {
				v.conflicted = true
				seeds = append(seeds, v.node)
			}
		}
	}
	return seeds
}

// reach notes that the states in mask reach n (nil: all of them) and queues n for the walk.
func (c *conflict) reach(n *node, mask []uint64) *visit {
	v := c.visits[n]
	if v == nil {
		v = &visit{node: n, reached: make([]uint64, c.words)}
		c.visits[n] = v
	}
	if v.done || v.full {
		return v
	}
	v.full = mask == nil
	if mask != nil {
		v.full = c.add(v.reached, mask)
	}
	switch {
	case !v.queued:
		c.push(v)
	case v.full:
		c.open--
	}
	return v
}

// add adds mask to reached and reports whether that makes all states.
func (c *conflict) add(reached, mask []uint64) bool {
	all := true
	for i := range reached {
		reached[i] |= mask[i]
		want := ^uint64(0)
		if rest := len(c.split.states) - 64*i; rest < 64 {
			want = 1<<rest - 1
		}
		all = all && reached[i] == want
	}
	return all
}

func (c *conflict) push(v *visit) {
	v.queued = true
	heap.Push(&c.queue, v)
	if !v.full {
		c.open++
	}
}

func (c *conflict) walk() error {
	for c.open > 0 {
		v := heap.Pop(&c.queue).(*visit)
		v.queued = false
		if !v.full {
			c.open--
			wait, err := c.sharedAt(v)
			if err != nil {
				return err
			}
			if wait {
				continue
			}
		}
		v.done = true
		mask := v.reached
		if v.full {
			mask = nil
		}
		for _, a := range v.node.auth {
			c.reach(a, mask)
		}
	}
	return nil
}

// sharedAt looks at what all states have at v's own place. If it is v, all reach it. If it is a later event, that one is
// walked first, and v waits.
func (c *conflict) sharedAt(v *visit) (wait bool, err error) {
	nid := c.split.unconflicted(v.node.key)
	switch nid {
	case 0:
		return false, nil
	case v.node.nid:
		v.full = true
		return false, nil
	}
	if err := c.r.graph.ensure(c.ctx, c.r.loader, []int64{nid}); err != nil {
		return false, err
	}
	n := c.r.graph.nodes[nid]
	if c.visits[n] != nil || n.level <= v.node.level {
		return false, nil
	}
	c.push(v)
	c.reach(n, nil)
	return true, nil
}

// difference returns the events that some states reach and others do not, without those of the conflicted state set.
func (c *conflict) difference() ([]*node, error) {
	var left []*node
	lowest := 0
	for n, v := range c.visits {
		if v.full || v.conflicted {
			continue
		}
		left = append(left, n)
		if lowest == 0 || n.level < lowest {
			lowest = n.level
		}
	}
	if len(left) == 0 {
		return nil, nil
	}
	if err := c.markShared(lowest); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(left, c.r.graph.visited), nil
}

// markShared marks the ancestors of everything that the states share, down to a level.
func (c *conflict) markShared(lowest int) error {
	g := c.r.graph
	nids := make([]int64, 0, len(c.split.states[0]))
	c.split.eachUnconflicted(func(e Entry) { nids = append(nids, e.NID) })
	if err := g.ensure(c.ctx, c.r.loader, nids); err != nil {
		return err
	}
	g.walk()
	var stack []*node
	for _, nid := range nids {
		if n := g.nodes[nid]; n.level >= lowest && g.visit(n) {
			stack = append(stack, n)
		}
	}
	g.markUp(stack, lowest, nil)
	return nil
}

// markUp marks all ancestors of the nodes in stack that are at lowest or above, and calls f for each that it marks.
func (g *graph) markUp(stack []*node, lowest int, f func(*node)) {
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, a := range n.auth {
			if a.level >= lowest && g.visit(a) {
				if f != nil {
					f(a)
				}
				stack = append(stack, a)
			}
		}
	}
}

// subgraph returns the conflicted state subgraph: the events on auth paths from one conflicted event to another.
func (c *conflict) subgraph(seeds []*node) []*node {
	g := c.r.graph
	lowest := seeds[0].level
	for _, n := range seeds {
		lowest = min(lowest, n.level)
	}
	g.walk()
	below := slices.Clone(seeds)
	for _, n := range seeds {
		g.visit(n)
	}
	g.markUp(slices.Clone(seeds), lowest, func(n *node) { below = append(below, n) })
	slices.SortFunc(below, func(a, b *node) int { return cmp.Compare(a.level, b.level) })

	leads := map[*node]bool{}
	for _, n := range seeds {
		leads[n] = true
	}
	var set []*node
	for _, n := range below {
		if leads[n] || slices.ContainsFunc(n.auth, func(a *node) bool { return leads[a] }) {
			leads[n] = true
			set = append(set, n)
		}
	}
	return set
}

// visitQueue is a heap of visits, the highest level first.
type visitQueue []*visit

func (q visitQueue) Len() int           { return len(q) }
func (q visitQueue) Less(i, j int) bool { return q[i].node.level > q[j].node.level }
func (q visitQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *visitQueue) Push(v any) { *q = append(*q, v.(*visit)) }

// Pop implements heap.Interface.
func (q *visitQueue) Pop() any {
	old := *q
	v := old[len(old)-1]
	*q = old[:len(old)-1]
	return v
}
