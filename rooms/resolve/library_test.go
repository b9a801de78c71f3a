package resolve

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"github.com/matrix-org/gomatrixserverlib"
	"github.com/stretchr/testify/require"
)

// The library's resolver differs from the specification in some points (below, each at its place). So it is an oracle in two
// steps: the reference with the library's ways has to agree with the library in every random room, and without them with the
// resolver (resolve_test.go). A difference that is not among those written down here fails.

// libraryWays is state resolution v2 as the library does it.
type libraryWays struct{ reference }

func (r *libraryWays) resolve() StateEvents {
	unconflicted, conflicted := r.separate()
	difference := r.difference()
	full := eventSet{}
	for e := range conflicted {
		full[e] = true
	}
	for e := range difference {
		if k := (StateKey{e.Type, *e.StateKey}); unconflicted[k] != e {
			full[e] = true
		}
	}
	state := StateEvents{}
	for k, e := range unconflicted {
		state[k] = e
	}
	// Ancestors of power events are taken along only within the conflicted state set, not the full one.
	pulled := eventSet{}
	var pull func(e *Event)
	pull = func(e *Event) {
		for _, a := range r.authEvents(e) {
			if conflicted[a] && !pulled[a] {
				pulled[a] = true
				pull(a)
			}
		}
	}
	times := map[*Event]int{}
	for e := range full {
		if isPower(e) {
			times[e]++
			if conflicted[e] && difference[e] {
				times[e]++
			}
			pull(e)
		}
	}
	for e := range pulled {
		times[e]++
	}
	r.apply(state, r.backwards(times))
	var rest []*Event
	for e := range full {
		if !isPower(e) && !pulled[e] {
			rest = append(rest, e)
		}
	}
	line := r.line(state[StateKey{typePowerLevels, ""}])
	slices.SortFunc(rest, func(a, b *Event) int {
		pa, sa := r.steps(a, line)
		pb, sb := r.steps(b, line)
		return cmp.Or(cmp.Compare(pa, pb), cmp.Compare(sa, sb),
			cmp.Compare(a.OriginServerTS, b.OriginServerTS), cmp.Compare(a.ID, b.ID))
	})
	r.apply(state, rest)
	for k, e := range unconflicted {
		state[k] = e
	}
	return state
}

// difference is the auth difference where a state does not reach its own events but by other events.
func (r *libraryWays) difference() eventSet {
	union, chains := eventSet{}, []eventSet{}
	for _, s := range r.states {
		set := eventSet{}
		for _, e := range s {
			for _, a := range r.authEvents(e) {
				r.chain(set, a)
				r.chain(union, a)
			}
		}
		chains = append(chains, set)
	}
	for e := range union {
		if !slices.ContainsFunc(chains, func(c eventSet) bool { return !c[e] }) {
			delete(union, e)
		}
	}
	return union
}

// backwards is the library's topological sort: it takes the largest event that nothing waits for and puts it last, which is
// not the smallest ordering; events that occur twice hold their auth events back, which then come first of all.
func (r *libraryWays) backwards(times map[*Event]int) (out []*Event) {
	waiting := map[*Event]int{}
	for e, n := range times {
		for _, a := range r.authEvents(e) {
			waiting[a] += n
		}
	}
	left := map[*Event]bool{}
	for e := range times {
		left[e] = true
	}
	for {
		var last *Event
		for e := range left {
			if waiting[e] == 0 && (last == nil || r.compare(e, last) > 0) {
				last = e
			}
		}
		if last == nil {
			break
		}
		delete(left, last)
		out = append([]*Event{last}, out...)
		for _, a := range r.authEvents(last) {
			waiting[a]--
		}
	}
	var stray []*Event
	for e := range left {
		stray = append(stray, e)
	}
	slices.SortFunc(stray, r.compare)
	return append(stray, out...)
}

func (r *libraryWays) compare(a, b *Event) int {
	return cmp.Or(cmp.Compare(r.level(b), r.level(a)), cmp.Compare(a.OriginServerTS, b.OriginServerTS), cmp.Compare(a.ID, b.ID))
}

// level: without power levels among its auth events, the creator's has 0 there, not 100.
func (r *libraryWays) level(e *Event) int64 {
	if r.powerOf(e) == nil {
		return 0
	}
	return r.reference.level(e)
}

// steps: the library counts positions from the oldest power levels on, gives events off the mainline the oldest position,
// and has the number of steps to the mainline as a further criterion.
func (r *libraryWays) steps(e *Event, line []*Event) (position, steps int) {
	for p := r.powerOf(e); p != nil; p = r.powerOf(p) {
		if i := slices.Index(line, p); i >= 0 {
			return len(line) - 1 - i, steps
		}
		steps++
	}
	return 0, steps
}

// libraryOrder is the order in which the library gathers what an event is checked against.
var libraryOrder = map[string]int{typeCreate: 0, typeJoinRules: 1, typePowerLevels: 2, typeMember: 3, typeThirdParty: 4}

// apply: where the state has nothing, the library puts the event itself in the place of the auth event that it means to
// take; and it checks with its own rules.
func (r *libraryWays) apply(state StateEvents, events []*Event) {
	for _, e := range events {
		auth := StateEvents{}
		needed, _ := NeededAuth(r.w.version, e.Type, e.StateKey, e.Sender, e.Content)
		slices.SortFunc(needed, func(a, b StateKey) int {
			return cmp.Or(cmp.Compare(libraryOrder[a.Type], libraryOrder[b.Type]), cmp.Compare(a.Key, b.Key))
		})
		for _, k := range needed {
			switch s := state[k]; {
			case s != nil:
				auth[k] = s
			case slices.ContainsFunc(r.authEvents(e), func(a *Event) bool { return !a.Rejected && a.At(k.Type, k.Key) }):
				auth[StateKey{e.Type, *e.StateKey}] = e
			}
		}
		if r.w.libraryCheck(e, auth) == nil {
			state[StateKey{e.Type, *e.StateKey}] = e
		}
	}
}

func (w *world) libraryCheck(e *Event, auth StateEvents) error { return w.libraryChecker(e, auth)() }

// libraryChecker prepares what the library needs to check e.
func (w *world) libraryChecker(e *Event, auth StateEvents) func() error {
	provider, _ := gomatrixserverlib.NewAuthEvents(nil)
	for _, a := range auth {
		if err := provider.AddEvent(w.pdu(a)); err != nil {
			return func() error { return err }
		}
	}
	pdu := w.pdu(e)
	return func() error { return gomatrixserverlib.Allowed(pdu, provider, userOfSender) }
}

// libraryResolve asks the library, with complete states and chains.
func libraryResolve(t testing.TB, w *world, sets [][]gomatrixserverlib.PDU, chain []gomatrixserverlib.PDU) State {
	t.Helper()
	out, err := gomatrixserverlib.ResolveConflictsNew(gomatrixserverlib.RoomVersion(w.version), sets, chain, userOfSender,
		func(id string) bool { return w.ids[id].Rejected })
	require.NoError(t, err)
	var entries []Entry
	for _, p := range out {
		e := w.ids[p.EventID()]
		entries = append(entries, Entry{e.Key, e.NID})
	}
	return NewState(entries)
}

// libraryInput is the events of the forks' states, and of their auth chains, as the library takes them.
func libraryInput(w *world, forks []*fork) (sets [][]gomatrixserverlib.PDU, chain []gomatrixserverlib.PDU) {
	pdus := map[*Event]gomatrixserverlib.PDU{}
	var walk func(e *Event)
	walk = func(e *Event) {
		if pdus[e] != nil {
			return
		}
		pdus[e] = w.pdu(e)
		pdus[e].EventID()
		chain = append(chain, pdus[e])
		for _, a := range e.Auth {
			walk(w.events[a])
		}
	}
	for _, f := range forks {
		var set []gomatrixserverlib.PDU
		for _, e := range f.state {
			walk(e)
			set = append(set, pdus[e])
		}
		sets = append(sets, set)
	}
	return sets, chain
}

func TestLibraryResolvesLikeTheReferenceWithItsWays(t *testing.T) {
	for _, version := range []string{"2", "5", "6", "7", "9", "11"} {
		t.Run(version, func(t *testing.T) {
			conflicts, same := 0, 0
			for seed := range uint64(120) {
				rnd := newRand(seed, version)
				w := newWorld(version)
				w.joinRules = []string{"public", "invite", "knock"} // its rule for restricted joins changes the rules it has cached
				forks := meet(t, w, rnd, 2+rnd.IntN(3), 6, true)
				ref := &libraryWays{reference{w: w}}
				var states []State
				for _, f := range forks {
					states = append(states, w.stateOf(f))
					ref.states = append(ref.states, f.state)
				}
				if len(splitStates(states).keys) == 0 {
					continue
				}
				conflicts++
				sets, chain := libraryInput(w, forks)
				library := libraryResolve(t, w, sets, chain)
				require.Equal(t, w.names(library), w.names(w.stateOf(&fork{state: ref.resolve()})), "seed %d", seed)
				got, err := w.resolver(t).Resolve(context.Background(), states)
				require.NoError(t, err)
				if slices.Equal(got, library) {
					same++
				}
			}
			t.Logf("the resolver agrees with the library in %d of %d", same, conflicts)
			require.Greater(t, conflicts, 80)
			require.Greater(t, same*10, conflicts*7, "most rooms resolve the same in both")
		})
	}
}

func TestRoomVersion1IsTheLibrary(t *testing.T) {
	conflicts := 0
	for seed := range uint64(200) {
		rnd := newRand(seed, "1")
		w := newWorld("1")
		forks := meet(t, w, rnd, 2+rnd.IntN(3), 6, true)
		at := map[StateKey][]*Event{}
		var states []State
		for _, f := range forks {
			states = append(states, w.stateOf(f))
			for k, e := range f.state {
				if !slices.Contains(at[k], e) {
					at[k] = append(at[k], e)
				}
			}
		}
		var conflicted, rest []gomatrixserverlib.PDU
		for _, events := range at {
			for _, e := range events {
				if len(events) > 1 {
					conflicted = append(conflicted, w.pdu(e))
				} else {
					rest = append(rest, w.pdu(e))
				}
			}
		}
		if len(conflicted) > 0 {
			conflicts++
		}
		var want []Entry
		for _, p := range append(gomatrixserverlib.ResolveStateConflicts(conflicted, rest, userOfSender), rest...) {
			e := w.ids[p.EventID()]
			want = append(want, Entry{e.Key, e.NID})
		}
		got, err := w.resolver(t).Resolve(context.Background(), states)
		require.NoError(t, err)
		require.Equal(t, w.names(NewState(want)), w.names(got), "seed %d", seed)
		slices.Reverse(states)
		again, err := w.resolver(t).Resolve(context.Background(), states)
		require.NoError(t, err)
		require.Equal(t, got, again)
	}
	require.Greater(t, conflicts, 80)
}
