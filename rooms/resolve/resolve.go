package resolve

import (
	"context"
	"fmt"
	"slices"
)

// Resolve returns the state that holds where states meet (the states after the events that an event follows on, say). The
// order of the states does not matter; equal ones may occur. The cost follows the number of conflicting entries: comparing
// the states is one pass over them. Errors are the loader's, ErrMissingEvent, or the context's.
func (r *Resolver) Resolve(ctx context.Context, states []State) (State, error) {
	switch len(states) {
	case 0:
		return nil, nil
	case 1:
		return states[0], nil
	}
	s := splitStates(states)
	if len(s.keys) == 0 {
		return states[0], nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bound()
	if r.rules.stateRes == 1 {
		return r.resolveV1(ctx, s)
	}
	if err := r.findKeys(ctx); err != nil {
		return nil, err
	}
	set, err := r.fullConflictedSet(ctx, s)
	if err != nil {
		return nil, fmt.Errorf("finding what is in conflict: %w", err)
	}
	run := &resolution{r: r, split: s, set: set, events: map[int64]*Event{}, resolved: map[int64]int64{}}
	if err := run.load(ctx); err != nil {
		return nil, err
	}
	if err := run.resolve(ctx); err != nil {
		return nil, err
	}
	return s.merge(run.resolved), nil
}

// findKeys looks up the places that the algorithm asks for by name. One that no event ever stood at is looked for again.
func (r *Resolver) findKeys(ctx context.Context) error {
	if r.keys.create != 0 && r.keys.power != 0 && r.keys.joinRules != 0 {
		return nil
	}
	keys, err := r.loader.Keys(ctx, []StateKey{{typeCreate, ""}, {typePowerLevels, ""}, {typeJoinRules, ""}})
	if err != nil {
		return fmt.Errorf("looking up state keys: %w", err)
	}
	r.keys = coreKeys{create: keys[0], power: keys[1], joinRules: keys[2]}
	return nil
}

// resolution is one application of the algorithm.
type resolution struct {
	r        *Resolver
	split    *split
	set      []*node            // the full conflicted set
	events   map[int64]*Event   // of the set, their auth events, and what they need of the unconflicted state
	keys     map[StateKey]int64 // interned places that the set's events need
	create   *Event             // from room version 12 on
	resolved map[int64]int64    // the resolved state so far, without the unconflicted state that it may stand on
}

// load gets all events that the rest of the algorithm looks at, in three requests.
func (run *resolution) load(ctx context.Context) error {
	nids := make([]int64, len(run.set))
	for i, n := range run.set {
		nids[i] = n.nid
	}
	if err := run.loadEvents(ctx, nids); err != nil {
		return err
	}
	needed, err := run.neededNIDs(ctx)
	if err != nil {
		return err
	}
	if err := run.loadEvents(ctx, needed); err != nil {
		return err
	}
	if run.r.rules.roomIsCreate {
		run.create = run.events[run.r.create]
	}
	return nil
}

// neededNIDs returns the nids of the auth events of the set, and of the unconflicted events that they are checked against.
func (run *resolution) neededNIDs(ctx context.Context) ([]int64, error) {
	var nids []int64
	var places []StateKey
	run.keys = map[StateKey]int64{}
	if run.r.rules.roomIsCreate {
		nids = append(nids, run.r.create)
	}
	for _, n := range run.set {
		e := run.events[n.nid]
		nids = append(nids, e.Auth...)
		for _, k := range run.r.rules.neededAuth(nil, e) {
			if _, known := run.keys[k]; !known {
				run.keys[k] = 0
				places = append(places, k)
			}
		}
	}
	keys, err := run.r.loader.Keys(ctx, places)
	if err != nil {
		return nil, fmt.Errorf("looking up state keys: %w", err)
	}
	for i, k := range places {
		run.keys[k] = keys[i]
		if nid := run.split.unconflicted(keys[i]); nid != 0 && run.onUnconflicted() {
			nids = append(nids, nid)
		}
	}
	slices.Sort(nids)
	return slices.Compact(nids), nil
}

func (run *resolution) loadEvents(ctx context.Context, nids []int64) error {
	nids = slices.DeleteFunc(nids, func(nid int64) bool { return run.events[nid] != nil })
	if len(nids) == 0 {
		return nil
	}
	events, err := run.r.loader.Events(ctx, nids)
	if err != nil {
		return fmt.Errorf("loading events to resolve: %w", err)
	}
	for _, e := range events {
		run.events[e.NID] = e
	}
	for _, nid := range nids {
		if run.events[nid] == nil {
			return fmt.Errorf("resolving state, event %d: %w", nid, ErrMissingEvent)
		}
	}
	return nil
}

// onUnconflicted reports whether the checks start from the unconflicted state; in v2.1 they start from nothing.
func (run *resolution) onUnconflicted() bool { return run.r.rules.stateRes != 21 }

func (run *resolution) resolve(ctx context.Context) error {
	power, rest := run.divide()
	run.applyAllowed(run.powerOrder(power))

	var top *node
	if nid := run.at(run.r.keys.power); nid != 0 {
		if err := run.r.graph.ensure(ctx, run.r.loader, []int64{nid}); err != nil {
			return err
		}
		top = run.r.graph.nodes[nid]
	}
	run.mainlineOrder(rest, newMainline(run.r.keys.power, top))
	run.applyAllowed(rest)
	return nil
}

// divide separates the power events, with their ancestors within the set, from the rest. Ancestors are followed from one
// event of the set to the next, as all servers do; the specification's wording would also take those behind an event that
// is not in the set, which in v2 can happen.
func (run *resolution) divide() (power, rest []*Event) {
	inSet := make(map[int64]bool, len(run.set)) // false once it is among the power events
	for _, n := range run.set {
		inSet[n.nid] = true
	}
	var stack []*Event
	take := func(nid int64) {
		if inSet[nid] {
			inSet[nid] = false
			stack = append(stack, run.events[nid])
		}
	}
	for _, n := range run.set {
		if isPower(run.events[n.nid]) {
			take(n.nid)
		}
	}
	for len(stack) > 0 {
		e := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		power = append(power, e)
		for _, nid := range e.Auth {
			take(nid)
		}
	}
	for _, n := range run.set {
		if inSet[n.nid] {
			rest = append(rest, run.events[n.nid])
		}
	}
	return power, rest
}

// applyAllowed is the iterative auth check: each event that the state so far allows becomes part of it.
func (run *resolution) applyAllowed(events []*Event) {
	for _, e := range events {
		if e.StateKey == nil || e.Key == 0 {
			continue
		}
		if run.r.rules.check(e, &partialState{run, e}) == nil {
			run.resolved[e.Key] = e.NID
		}
	}
}

// at returns the event of the partially resolved state at an interned place, 0 without one.
func (run *resolution) at(key int64) int64 {
	if key == 0 {
		return 0
	}
	if nid := run.resolved[key]; nid != 0 {
		return nid
	}
	if run.onUnconflicted() {
		return run.split.unconflicted(key)
	}
	return 0
}

// partialState is the state that one event is checked against: what is resolved so far, and where that has nothing, what
// the event itself names. Rejected events are not used.
type partialState struct {
	run   *resolution
	event *Event
}

// AuthEvent implements AuthState.
func (p *partialState) AuthEvent(typ, stateKey string) *Event {
	if typ == typeCreate && p.run.create != nil {
		return p.run.create
	}
	if nid := p.run.at(p.run.keys[StateKey{typ, stateKey}]); nid != 0 {
		if e := p.run.events[nid]; e != nil && !e.Rejected {
			return e
		}
	}
	for _, nid := range p.event.Auth {
		if a := p.run.events[nid]; a != nil && a.At(typ, stateKey) && !a.Rejected {
			return a
		}
	}
	return nil
}
