package resolve

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// meet makes a room with forks. Some forks are merges of earlier ones, so conflicts are resolved on top of resolved ones.
func meet(t *testing.T, w *world, rnd *rand.Rand, forks, steps int, ties bool) []*fork {
	base := w.found(t, w.levels(map[string]int{"@alice:a": 100, "@bob:b": 50}), "public")
	for range 12 {
		w.step(rnd, base, ties)
	}
	var out []*fork
	for i := range forks {
		f := base.clone()
		if i > 0 && rnd.IntN(3) == 0 {
			f = out[rnd.IntN(i)].clone()
		}
		if i > 1 && rnd.IntN(4) == 0 {
			s, err := w.resolver(t).Resolve(context.Background(), []State{w.stateOf(out[i-1]), w.stateOf(out[i-2])})
			require.NoError(t, err)
			f = *w.forkOf(s, out[i-1].last)
		}
		for range rnd.IntN(steps) + 1 {
			w.step(rnd, &f, ties)
		}
		out = append(out, &f)
	}
	return out
}

func TestResolveIsTheSpecification(t *testing.T) {
	for _, version := range []string{"2", "3", "6", "8", "10", "11", "12"} {
		t.Run(version, func(t *testing.T) {
			conflicts := 0
			for seed := range uint64(200) {
				rnd := newRand(seed, version)
				w := newWorld(version)
				forks := meet(t, w, rnd, 2+rnd.IntN(4), 8+rnd.IntN(24), true)
				ref := &reference{w: w, v21: version == "12"}
				var states []State
				for _, f := range forks {
					states = append(states, w.stateOf(f))
					ref.states = append(ref.states, f.state)
				}
				r := w.resolver(t)
				requireSameSet(t, r, ref, states)
				got, err := r.Resolve(context.Background(), states)
				require.NoError(t, err)
				want := w.stateOf(&fork{state: ref.resolve()})
				require.Equal(t, w.names(want), w.names(got), "seed %d", seed)

				if len(splitStates(states).keys) > 0 {
					conflicts++
				}
				rnd.Shuffle(len(states), func(i, j int) { states[i], states[j] = states[j], states[i] })
				again, err := r.Resolve(context.Background(), append(states, states[0]))
				require.NoError(t, err)
				require.Equal(t, got, again, "seed %d: order or repetition of the states matters", seed)
			}
			require.Greater(t, conflicts, 150, "the generator has to make conflicts")
		})
	}
}

// requireSameSet compares the full conflicted sets: an event too many rarely changes the result, but it may.
func requireSameSet(t *testing.T, r *Resolver, ref *reference, states []State) {
	t.Helper()
	if len(splitStates(states).keys) == 0 {
		return
	}
	require.NoError(t, r.findKeys(context.Background()))
	set, err := r.fullConflictedSet(context.Background(), splitStates(states))
	require.NoError(t, err)
	got := eventSet{}
	for _, n := range set {
		got[ref.w.events[n.nid]] = true
	}
	_, conflicted := ref.separate()
	want := ref.full(conflicted)
	require.Len(t, set, len(want))
	require.Equal(t, want, got)
}

// What only a shared member event leads to is not in dispute, also below events that are.
func TestSharedAncestorsAreNotInConflict(t *testing.T) {
	w := newWorld("10")
	f := w.found(t, w.levels(map[string]int{"@alice:a": 100}), "public")
	first := w.must(t, f, typeMember, ptr("@bob:b"), "@bob:b", member("join"))
	w.must(t, f, typeMember, ptr("@carol:c"), "@bob:b", member("invite"))
	a, b := f.clone(), f.clone()
	second := w.must(t, &a, typeMember, ptr("@bob:b"), "@bob:b", content{"membership": "join", "displayname": "2"})
	third := w.must(t, &a, typeMember, ptr("@bob:b"), "@bob:b", content{"membership": "join", "displayname": "3"})
	delete(b.state, StateKey{typeMember, "@bob:b"})

	r := w.resolver(t)
	require.NoError(t, r.findKeys(context.Background()))
	set, err := r.fullConflictedSet(context.Background(), splitStates([]State{w.stateOf(&a), w.stateOf(&b)}))
	require.NoError(t, err)
	var nids []int64
	for _, n := range set {
		nids = append(nids, n.nid)
	}
	require.Equal(t, []int64{second.NID, third.NID}, nids, "%d is what the invitation stands on", first.NID)
}
