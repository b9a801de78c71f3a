package desk

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEveryStepFromEveryState has the whole machine: what is not among the allowed steps is refused for everybody.
func TestEveryStepFromEveryState(t *testing.T) {
	type leads map[State]State
	want := map[Action]leads{
		ByMachine: {Missing: Machine, Machine: Machine, Draft: Machine, Reviewed: Machine, Approved: Machine},
		Saved:     {Missing: Draft, Machine: Draft, Draft: Draft, Waiting: Draft, Reviewed: Draft, Approved: Draft},
		Handed:    {Draft: Waiting},
		Returned:  {Waiting: Draft, Reviewed: Draft},
		Accepted:  {Waiting: Reviewed},
		Released:  {Reviewed: Approved},
		Restored:  {Missing: Draft, Machine: Draft, Draft: Draft, Waiting: Draft, Reviewed: Draft, Approved: Draft},
		Begun:     {}, SetAside: {}, Published: {}, "nonsense": {},
	}
	for action, from := range want {
		for _, state := range anyState {
			c := &Copy{Name: germanFever, State: state, Reviewer: "Ben", Maker: "Ana", Hands: []string{ana.ID}}
			err := c.step(action, all, "because")
			to, allowed := from[state]
			if !allowed {
				require.ErrorIs(t, err, ErrWrongState, "%s from %s", action, state)
				require.Equal(t, state, c.State)
				continue
			}
			require.NoError(t, err, "%s from %s", action, state)
			require.Equal(t, to, c.State, "%s from %s", action, state)
			if to != Reviewed && to != Approved {
				require.Empty(t, c.Reviewer, "%s from %s: nobody has reviewed this", action, state)
			}
		}
	}
}

func TestWhoMayTakeAStep(t *testing.T) {
	ownReviewer := Person{ID: ana.ID, Name: "Ana", Roles: all.Roles}
	french := Person{ID: "@fr:a.example", Name: "Fr", Roles: map[Role][]string{Editor: {"fr"}, Reviewer: {"fr"}, Publisher: {"fr"}}}
	german := Person{ID: "@de:a.example", Name: "De", Roles: map[Role][]string{Editor: {"fr", "de"}}}
	for _, c := range []struct {
		name   string
		state  State
		action Action
		who    Person
		reason string
		want   error
	}{
		{"an editor writes", Machine, Saved, ana, "", nil},
		{"an editor of this language writes", Machine, Saved, german, "", nil},
		{"an editor of another language does not", Machine, Saved, french, "", ErrNotAllowed},
		{"a reviewer does not write", Machine, Saved, ben, "", ErrNotAllowed},
		{"nobody does nothing", Machine, Saved, none, "", ErrNotAllowed},
		{"an editor does not review", Waiting, Accepted, german, "", ErrNotAllowed},
		{"a reviewer reviews", Waiting, Accepted, ben, "", nil},
		{"whoever wrote it does not review it", Waiting, Accepted, ownReviewer, "", ErrOwnWords},
		{"whoever wrote it does not approve it", Reviewed, Released, ownReviewer, "", ErrOwnWords},
		{"a reviewer does not approve", Reviewed, Released, ben, "", ErrNotAllowed},
		{"a publisher approves", Reviewed, Released, eve, "", nil},
		{"a publisher does not approve what nobody has reviewed", Waiting, Released, eve, "", ErrWrongState},
		{"a text goes back with a reason", Waiting, Returned, ben, "the dose", nil},
		{"a text does not go back without one", Waiting, Returned, ben, "  ", ErrNoReason},
		{"going back needs a reason", Draft, Restored, ana, "", ErrNoReason},
		{"reasons are bounded", Draft, Handed, ana, string(make([]byte, maxReason+1)), ErrReason},
	} {
		copied := &Copy{Name: germanFever, State: c.state, Maker: "Ana", Hands: []string{ana.ID}}
		require.ErrorIs(t, copied.step(c.action, c.who, c.reason), c.want, c.name)
	}
}

func TestNobodyMachineTranslatesAnOriginal(t *testing.T) {
	c := &Copy{Name: Name{"en", "fever"}, Original: true, State: Draft}
	require.ErrorIs(t, c.step(ByMachine, all, ""), ErrWrongState)
}

func TestAReviewerWithTheTranslatorsNameIsTold(t *testing.T) {
	c := &Copy{Name: germanFever, State: Waiting, Maker: "Ana"}
	other := Person{ID: "@ana2:a.example", Name: "ANA", Roles: all.Roles}
	require.NoError(t, c.step(Accepted, other, ""))
	require.Equal(t, "@ana2:a.example", c.Reviewer)
}

func TestWhoseWordsATextHas(t *testing.T) {
	c := &Copy{State: Draft, Maker: "a machine"}
	c.wrote(ana, Machine)
	require.Equal(t, "Ana", c.Maker)
	c.wrote(all, Draft)
	require.Equal(t, "Ana, Alle", c.Maker)
	require.Equal(t, []string{ana.ID, all.ID}, c.Hands)
	c.wrote(all, Reviewed)
	require.Equal(t, []string{all.ID}, c.Hands, "what the others wrote has been reviewed")
	for _, name := range []string{"1", "2", "3", "4", "5"} {
		c.wrote(Person{ID: name, Name: name}, Draft)
	}
	require.Equal(t, "1, 2, 3, 4, 5", c.Maker)
}

func TestWhatMayBePublished(t *testing.T) {
	for _, c := range []struct {
		state, published State
		want             bool
	}{
		{Machine, Missing, true}, {Machine, Machine, true}, {Machine, Draft, false}, {Machine, Approved, false},
		{Draft, Machine, true}, {Draft, Draft, true}, {Draft, Reviewed, false}, {Waiting, Draft, true}, {Waiting, Approved, false},
		{Reviewed, Approved, true}, {Approved, Machine, true}, {Missing, Missing, false},
	} {
		require.Equal(t, c.want, (&Copy{State: c.state}).publishable(&Copy{State: c.published}), "%s over %s", c.state, c.published)
	}
}
