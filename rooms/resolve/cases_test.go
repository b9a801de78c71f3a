package resolve

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// resolved resolves forks and returns the result as a state to look at.
func resolved(t *testing.T, w *world, forks ...*fork) StateEvents {
	var states []State
	for _, f := range forks {
		states = append(states, w.stateOf(f))
	}
	got, err := w.resolver(t).Resolve(context.Background(), states)
	require.NoError(t, err)
	return w.forkOf(got, "").state
}

func TestKnownConflicts(t *testing.T) {
	topic := StateKey{"m.room.topic", ""}
	for _, version := range []string{"2", "10", "12"} {
		start := func() (*world, fork, fork) {
			w := newWorld(version)
			f := w.found(t, w.levels(map[string]int{"@alice:a": 100, "@bob:b": 50}), "public")
			w.must(t, f, typeMember, ptr("@bob:b"), "@bob:b", member("join"))
			w.must(t, f, typeMember, ptr("@carol:c"), "@carol:c", member("join"))
			return w, f.clone(), f.clone()
		}
		t.Run(version+" ban against what the banned one did", func(t *testing.T) {
			w, a, b := start()
			set := w.must(t, &b, topic.Type, ptr(""), "@bob:b", content{"topic": "mine"})
			w.must(t, &b, typePowerLevels, ptr(""), "@bob:b", w.levels(map[string]int{"@alice:a": 100, "@bob:b": 50, "@carol:c": 50}))
			ban := w.must(t, &a, typeMember, ptr("@bob:b"), "@alice:a", member("ban"))
			s := resolved(t, w, &a, &b)
			require.Equal(t, ban, s[StateKey{typeMember, "@bob:b"}])
			require.NotEqual(t, set, s[topic], "the topic of a banned user must not survive, though it came first")
			require.NotContains(t, s[StateKey{typePowerLevels, ""}].content().power.users, "@carol:c")
		})
		t.Run(version+" demotion against what the demoted one did", func(t *testing.T) {
			w, a, b := start()
			set := w.must(t, &b, topic.Type, ptr(""), "@bob:b", content{"topic": "mine"})
			demotion := w.must(t, &a, typePowerLevels, ptr(""), "@alice:a", w.levels(map[string]int{"@alice:a": 100, "@bob:b": 0}))
			s := resolved(t, w, &a, &b)
			require.Equal(t, demotion, s[StateKey{typePowerLevels, ""}])
			require.NotEqual(t, set, s[topic])
		})
		t.Run(version+" two power levels", func(t *testing.T) {
			w, a, b := start()
			low := w.must(t, &a, typePowerLevels, ptr(""), "@bob:b", w.levels(map[string]int{"@alice:a": 100, "@bob:b": 50, "@carol:c": 25}))
			high := w.must(t, &b, typePowerLevels, ptr(""), "@alice:a", w.levels(map[string]int{"@alice:a": 100, "@bob:b": 50, "@carol:c": 75}))
			s := resolved(t, w, &a, &b)
			require.Equal(t, high, s[StateKey{typePowerLevels, ""}], "the higher sender goes first; then the lower one may not lower carol")
			require.NotEqual(t, low, s[StateKey{typePowerLevels, ""}])
		})
		t.Run(version+" mainline", func(t *testing.T) {
			w, a, b := start()
			w.clock = 5000
			old := w.must(t, &a, topic.Type, ptr(""), "@bob:b", content{"topic": "under the old levels, with a late clock"})
			w.clock = 2000
			w.must(t, &b, typePowerLevels, ptr(""), "@alice:a", w.levels(map[string]int{"@alice:a": 100, "@bob:b": 51}))
			set := w.must(t, &b, topic.Type, ptr(""), "@bob:b", content{"topic": "under the new levels"})
			s := resolved(t, w, &a, &b)
			require.Equal(t, set, s[topic], "what follows newer power levels comes later, whatever the clock says")
			require.NotEqual(t, old, s[topic])
		})
		t.Run(version+" equal but for the id", func(t *testing.T) {
			w, a, b := start()
			x := w.must(t, &a, topic.Type, ptr(""), "@bob:b", content{"topic": "x"})
			w.clock--
			y := w.must(t, &b, topic.Type, ptr(""), "@bob:b", content{"topic": "y"})
			want := x
			if y.ID > x.ID {
				want = y
			}
			require.Equal(t, want, resolved(t, w, &a, &b)[topic])
			require.Equal(t, want, resolved(t, w, &b, &a, &b)[topic])
		})
	}
}

// In v2 the checks start from the unconflicted state; in v2.1 from nothing, with what the events themselves name. A state
// that forgot a ban (all servers but ours agreed on it) shows the difference that MSC4297 is about.
func TestStartFromNothing(t *testing.T) {
	for version, lost := range map[string]bool{"11": false, "12": true} {
		w := newWorld(version)
		f := w.found(t, w.levels(map[string]int{"@alice:a": 100, "@bob:b": 50}), "public")
		w.must(t, f, typeMember, ptr("@bob:b"), "@bob:b", member("join"))
		a, b := f.clone(), f.clone()
		set := w.must(t, &a, "m.room.topic", ptr(""), "@bob:b", content{"topic": "x"})
		ban := w.make(*f, typeMember, ptr("@bob:b"), "@alice:a", member("ban"))
		for _, s := range []*fork{&a, &b} {
			s.state[StateKey{typeMember, "@bob:b"}] = ban
		}
		s := resolved(t, w, &a, &b)
		require.Equal(t, ban, s[StateKey{typeMember, "@bob:b"}])
		require.Equal(t, lost, s[StateKey{"m.room.topic", ""}] == set, "version %s", version)
	}
}

func TestRejectedAuthEventsAreNotUsed(t *testing.T) {
	w := newWorld("10")
	f := w.found(t, w.levels(map[string]int{"@alice:a": 100}), "public")
	a, b := f.clone(), f.clone()
	join := w.must(t, &a, typeMember, ptr("@bob:b"), "@bob:b", member("join"))
	odd := w.must(t, &a, typeMember, ptr("@eve:b"), "@bob:b", member("invite"))
	require.Equal(t, odd, resolved(t, w, &a, &b)[StateKey{typeMember, "@eve:b"}])
	join.Rejected = true
	delete(a.state, StateKey{typeMember, "@bob:b"})
	require.Nil(t, resolved(t, w, &a, &b)[StateKey{typeMember, "@eve:b"}])
}

func TestWhatIsMissing(t *testing.T) {
	w := newWorld("10")
	f := w.found(t, w.levels(map[string]int{"@alice:a": 100}), "public")
	a, b := f.clone(), f.clone()
	w.must(t, &a, "m.room.topic", ptr(""), "@alice:a", content{})
	sa, sb := w.stateOf(&a), w.stateOf(&b)
	r := w.resolver(t)
	got, err := r.Resolve(context.Background(), []State{sb, sb})
	require.NoError(t, err)
	require.Equal(t, sb, got)
	got, err = r.Resolve(context.Background(), []State{sa})
	require.NoError(t, err)
	require.Equal(t, sa, got)

	power := f.state[StateKey{typePowerLevels, ""}]
	delete(w.events, power.NID)
	_, err = w.resolver(t).Resolve(context.Background(), []State{sa, sb})
	require.ErrorIs(t, err, ErrMissingEvent)
	_, err = NewResolver("org.example", 1, w)
	require.ErrorIs(t, err, ErrUnknownVersion)
}

// In room version 2 event ids are chosen by their servers, so auth events can name each other in a circle.
func TestCirclesEnd(t *testing.T) {
	w := newWorld("2")
	f := w.found(t, w.levels(map[string]int{"@alice:a": 100}), "public")
	a, b := f.clone(), f.clone()
	x := w.must(t, &a, typeMember, ptr("@bob:b"), "@bob:b", member("join"))
	y := w.must(t, &a, typeMember, ptr("@bob:b"), "@bob:b", content{"membership": "join", "displayname": "b"})
	p := w.must(t, &b, typePowerLevels, ptr(""), "@alice:a", w.levels(map[string]int{"@alice:a": 100, "@bob:b": 1}))
	x.Auth = append(x.Auth, y.NID)
	p.Auth = append(p.Auth, p.NID)
	resolved(t, w, &a, &b)
}

func TestAuthChain(t *testing.T) {
	w := newWorld("10")
	f := w.found(t, w.levels(map[string]int{"@alice:a": 100}), "public")
	w.must(t, f, typeMember, ptr("@bob:b"), "@bob:b", member("join"))
	topic := w.must(t, f, "m.room.topic", ptr(""), "@alice:a", content{})
	chain, err := w.resolver(t).AuthChain(context.Background(), []int64{topic.NID})
	require.NoError(t, err)
	require.Equal(t, []int64{1, 2, 3}, chain, "create, alice's join, power levels; bob and the join rules have no part in it")
	chain, err = w.resolver(t).AuthChain(context.Background(), []int64{topic.NID, w.create.NID})
	require.NoError(t, err)
	require.Equal(t, []int64{1, 2, 3}, chain)
	_, err = w.resolver(t).AuthChain(context.Background(), []int64{77})
	require.ErrorIs(t, err, ErrMissingEvent)
}
