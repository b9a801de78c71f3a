package view

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/rooms"
)

// The user is nobody at 10, invited at 20, joined at 30, left at 40, joined again at 50, banned at 60. The message is at
// the given position under each visibility.
func TestVisibleFollowsTheRulesOfHistoryVisibility(t *testing.T) {
	type expect struct{ shared, invited, joined, world bool }
	for _, c := range []struct {
		name string
		at   int64
		expect
	}{
		{"before the invite", 15, expect{shared: true, world: true}},
		{"while invited", 25, expect{shared: true, invited: true, world: true}},
		{"while joined", 35, expect{true, true, true, true}},
		{"after leaving, before the return", 45, expect{shared: true, world: true}},
		{"while joined again", 55, expect{true, true, true, true}},
		{"after the ban", 65, expect{world: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld()
			for nid, membership := range map[int64]string{20: "invite", 30: "join", 40: "leave", 50: "join", 60: "ban"} {
				w.add(nid, "m.room.member", bob, key(bob), `{"membership":"`+membership+`"}`)
			}
			for _, i := range []rooms.Interval{{Membership: "invite", EventNID: 20}, {Membership: "join", EventNID: 30}, {Membership: "leave", EventNID: 40}, {Membership: "join", EventNID: 50}, {Membership: "ban", EventNID: 60}} {
				i.From = rooms.HistoryKey{Anchor: i.EventNID}
				w.intervals[bob] = append(w.intervals[bob], i)
			}
			ev := w.message(c.at, alice, "hello")
			for visibility, expected := range map[rooms.HistoryVisibility]bool{
				rooms.VisibilityShared: c.shared, rooms.VisibilityInvited: c.invited,
				rooms.VisibilityJoined: c.joined, rooms.VisibilityWorldReadable: c.world,
			} {
				ev.Visibility = visibility
				seen, err := w.view().Visible(t.Context(), Viewer{UserID: bob}, room, []*rooms.Event{ev})
				require.NoError(t, err)
				require.Equal(t, expected, len(seen) == 1, "visibility %d", visibility)
			}
		})
	}
}

func TestVisibleShowsOwnMembershipAndEitherSideOfAVisibilityChange(t *testing.T) {
	w := newWorld()
	kicked := w.member(10, bob, "ban")
	opened := w.add(5, "m.room.history_visibility", alice, key(""), `{"history_visibility":"world_readable"}`)
	opened.Visibility = rooms.VisibilityJoined
	closed := w.add(6, "m.room.history_visibility", alice, key(""), `{"history_visibility":"joined"}`)
	closed.Visibility = rooms.VisibilityWorldReadable
	same := w.add(7, "m.room.history_visibility", alice, key(""), `{"history_visibility":"joined"}`)
	same.Visibility = rooms.VisibilityJoined
	kicked.Visibility = rooms.VisibilityJoined
	seen, err := w.view().Visible(t.Context(), Viewer{UserID: bob}, room, []*rooms.Event{opened, closed, same, kicked})
	require.NoError(t, err)
	require.Equal(t, []string{opened.ID, closed.ID, kicked.ID}, idsOf(seen))
}

func TestVisibleKeepsBackfilledHistoryApartFromWhatIsLater(t *testing.T) {
	w := newWorld()
	w.member(10, bob, "join")
	fetched := w.message(500, alice, "fetched later, but older than the join")
	fetched.Key, fetched.Position = rooms.HistoryKey{Anchor: 10, Sub: -3}, 0
	fetched.Visibility = rooms.VisibilityJoined
	seen, err := w.view().Visible(t.Context(), Viewer{UserID: bob}, room, []*rooms.Event{fetched})
	require.NoError(t, err)
	require.Empty(t, seen)
}

func TestVisibleLeavesOutIgnoredSendersButNotTheirState(t *testing.T) {
	w := newWorld()
	w.member(1, bob, "join")
	text := w.message(2, alice, "spam")
	topic := w.add(3, "m.room.topic", alice, key(""), `{"topic":"x"}`)
	w.ignored = map[string]struct{}{alice: {}}
	v := w.view()
	seen, err := v.Visible(t.Context(), viewerOf(t, v, bob), room, []*rooms.Event{text, topic})
	require.NoError(t, err)
	require.Equal(t, []string{topic.ID}, idsOf(seen))
}

func TestVisibleHidesWhatTheNodeDidNotAccept(t *testing.T) {
	w := newWorld()
	w.member(1, bob, "join")
	for outcome, expected := range map[rooms.Outcome]int{rooms.Accepted: 1, rooms.SoftFailed: 0, rooms.Rejected: 0, rooms.Awaiting: 0} {
		ev := w.message(2, alice, "x")
		ev.Outcome = outcome
		seen, err := w.view().Visible(t.Context(), Viewer{UserID: bob}, room, []*rooms.Event{ev})
		require.NoError(t, err)
		require.Len(t, seen, expected)
	}
}

func TestVisibleSinceNeedsNoIntervalsForWhatIsLater(t *testing.T) {
	w := newWorld()
	w.member(10, bob, "join")
	later, earlier := w.message(11, alice, "later"), w.message(9, alice, "earlier")
	later.Visibility, earlier.Visibility = rooms.VisibilityJoined, rooms.VisibilityJoined
	v := w.view()
	seen, err := v.VisibleSince(t.Context(), Viewer{UserID: bob}, room, 10, []*rooms.Event{later})
	require.NoError(t, err)
	require.Len(t, seen, 1)
	require.Zero(t, w.lookups)
	seen, err = v.VisibleSince(t.Context(), Viewer{UserID: bob}, room, 10, []*rooms.Event{earlier, later})
	require.NoError(t, err)
	require.Equal(t, []string{later.ID}, idsOf(seen))
}

// TestCore6WhatWasWrittenOnAForkBeforeTheJoinIsNotSeen has a message come after bob's join that was written before it, by a
// hospital that was cut off.
func TestCore6WhatWasWrittenOnAForkBeforeTheJoinIsNotSeen(t *testing.T) {
	w := newWorld()
	joined := w.member(10, bob, "join")
	w.states[1] = []*rooms.Event{w.member(1, alice, "join"), w.member(2, bob, "invite")}
	w.states[2] = []*rooms.Event{w.member(1, alice, "join"), joined}
	w.intervals[bob] = []rooms.Interval{{From: rooms.HistoryKey{Anchor: 10}, Membership: "join", EventNID: 10}}
	fork, main, later := w.message(20, alice, "from before"), w.message(21, alice, "to all"), w.message(22, alice, "from before, too")
	fork.StateBefore, main.StateBefore, later.StateBefore = 1, 2, 1
	events := []*rooms.Event{fork, main, later}
	for visibility, want := range map[rooms.HistoryVisibility][]string{
		rooms.VisibilityJoined: {main.ID}, rooms.VisibilityInvited: idsOf(events), rooms.VisibilityShared: idsOf(events),
	} {
		for _, ev := range events {
			ev.Visibility = visibility
		}
		for range 2 { // looked up, then remembered
			v := w.view()
			seen, err := v.Visible(t.Context(), Viewer{UserID: bob}, room, events)
			require.NoError(t, err)
			require.Equal(t, want, idsOf(seen), "visibility %d", visibility)
			seen, err = v.VisibleSince(t.Context(), Viewer{UserID: bob}, room, 10, events)
			require.NoError(t, err)
			require.Equal(t, want, idsOf(seen), "by /sync, visibility %d", visibility)
		}
	}
	require.Len(t, events, 3)
	require.Equal(t, fork, events[0], "the caller's slice is left alone")
}
