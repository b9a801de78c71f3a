package view

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"

	"medixchange/rooms"
)

// Visible returns the events of the room that the viewer may see, in their order (Client-Server API, Room History
// Visibility). Events of ignored users are left out, except for state events; so are events that this node did not
// accept, redactions without effect, and what its own bot says to the readers of another language (see [Tagged]). It looks up
// the viewer's membership intervals once, and state only where history is for members alone.
func (v *View) Visible(ctx context.Context, viewer Viewer, roomID string, events []*rooms.Event) ([]*rooms.Event, error) {
	if len(events) == 0 {
		return events, nil
	}
	intervals, err := v.rooms.Intervals(ctx, roomID, viewer.UserID)
	if err != nil {
		return nil, fmt.Errorf("reading membership intervals: %w", err)
	}
	hidden, err := v.hides(ctx, viewer, roomID, events)
	if err != nil {
		return nil, err
	}
	return v.shown(ctx, viewer, events, history{intervals: intervals}, hidden)
}

// VisibleSince is Visible for a viewer who is known to be joined without a break since the position joined: events
// later than that need no intervals. The way of a woken sync.
func (v *View) VisibleSince(ctx context.Context, viewer Viewer, roomID string, joined int64, events []*rooms.Event) ([]*rooms.Event, error) {
	for _, ev := range events {
		if ev.Key.Anchor <= joined {
			return v.Visible(ctx, viewer, roomID, events)
		}
	}
	hidden, err := v.hides(ctx, viewer, roomID, events)
	if err != nil {
		return nil, err
	}
	return v.shown(ctx, viewer, events, history{joined: true}, hidden)
}

func (v *View) shown(ctx context.Context, viewer Viewer, events []*rooms.Event, h history, hidden func(*rooms.Event) bool) ([]*rooms.Event, error) {
	kept, err := v.withoutVain(ctx, filterVisible(viewer, events, h, hidden))
	if err != nil {
		return nil, err
	}
	return v.atForks(ctx, viewer, kept)
}

// atForks leaves out what was written on a fork without the viewer and came after their join, for example by a hospital that
// was cut off meanwhile: the place in history says that the viewer was there, the state before the event that they were not.
// It matters where history is for those who were members (or invited), and costs a look-up for each state in between.
func (v *View) atForks(ctx context.Context, viewer Viewer, events []*rooms.Event) ([]*rooms.Event, error) {
	kept := events
	for i, ev := range events {
		seen, err := v.memberBefore(ctx, viewer.UserID, ev)
		switch {
		case err != nil:
			return nil, err
		case !seen && len(kept) == len(events):
			kept = slices.Clone(events[:i]) // the caller's slice stays as it is
		case seen && len(kept) < i:
			kept = append(kept, ev)
		}
	}
	return kept, nil
}

// memberBefore reports whether the state before the event lets the user see it; true where that does not depend on it.
func (v *View) memberBefore(ctx context.Context, userID string, ev *rooms.Event) (bool, error) {
	membersOnly := ev.Visibility == rooms.VisibilityJoined || ev.Visibility == rooms.VisibilityInvited
	if !membersOnly || ev.StateBefore == 0 || ev.IsStateOf("m.room.member", userID) || ev.IsStateOf("m.room.history_visibility", "") {
		return true, nil
	}
	invitedToo := ev.Visibility == rooms.VisibilityInvited
	key := memberKey{who: userID, state: ev.StateBefore, invited: invitedToo}
	if seen, ok := v.members.get(key); ok {
		return seen, nil
	}
	member, err := v.rooms.StateEntryAt(ctx, ev.StateBefore, "m.room.member", userID)
	if err != nil && !errors.Is(err, rooms.ErrNotFound) {
		return false, fmt.Errorf("reading the membership at an event: %w", err)
	}
	seen := err == nil && (member.Membership() == "join" || invitedToo && member.Membership() == "invite")
	v.members.put(key, seen)
	return seen, nil
}

// filterVisible leaves what the viewer may see; hidden, which may be nil, says what is not for them.
func filterVisible(viewer Viewer, events []*rooms.Event, h history, hidden func(*rooms.Event) bool) []*rooms.Event {
	shown := func(ev *rooms.Event) bool { return mayShow(viewer, ev, h) && (hidden == nil || !hidden(ev)) }
	left := 0
	for _, ev := range events {
		if !shown(ev) {
			left++
		}
	}
	if left == 0 {
		return events
	}
	kept := make([]*rooms.Event, 0, len(events)-left)
	for _, ev := range events {
		if shown(ev) {
			kept = append(kept, ev)
		}
	}
	return kept
}

func mayShow(viewer Viewer, ev *rooms.Event, h history) bool {
	if ev.Outcome != rooms.Accepted && ev.Outcome != rooms.Outlier {
		return false
	}
	if !ev.IsState() && ev.Sender != viewer.UserID && viewer.ignores(ev.Sender) {
		return false
	}
	return h.allows(viewer.UserID, ev)
}

// history is one user's way through one room.
type history struct {
	joined    bool // joined at all events asked for; intervals are not needed
	intervals []rooms.Interval
}

// membershipAt returns the membership that holds at k, the event at k included.
func (h history) membershipAt(k rooms.HistoryKey) string {
	if h.joined {
		return "join"
	}
	i := sort.Search(len(h.intervals), func(i int) bool { return k.Less(h.intervals[i].From) })
	return h.membershipOf(i - 1)
}

func (h history) membershipOf(i int) string {
	if i < 0 {
		return "leave"
	}
	return h.intervals[i].Membership
}

// joinsAfter reports whether the user joined at any point after k.
func (h history) joinsAfter(k rooms.HistoryKey) bool {
	for i := len(h.intervals) - 1; i >= 0 && k.Less(h.intervals[i].From); i-- {
		if h.intervals[i].Membership == "join" {
			return true
		}
	}
	return false
}

func (h history) everJoined() bool {
	for _, i := range h.intervals {
		if i.Membership == "join" {
			return true
		}
	}
	return h.joined
}

// allows applies the specification's rules at one event.
func (h history) allows(userID string, ev *rooms.Event) bool {
	if h.joined || ev.IsStateOf("m.room.member", userID) {
		return true // what is said of oneself is never hidden: it tells that one was removed
	}
	if ev.Outcome == rooms.Outlier {
		return ev.IsState() && (h.everJoined() || ev.Visibility == rooms.VisibilityWorldReadable)
	}
	if h.allowsUnder(ev.Visibility, ev.Key) {
		return true
	}
	return ev.IsStateOf("m.room.history_visibility", "") && h.allowsUnder(visibilityOf(ev), ev.Key)
}

func (h history) allowsUnder(visibility rooms.HistoryVisibility, k rooms.HistoryKey) bool {
	if visibility == rooms.VisibilityWorldReadable {
		return true
	}
	membership := h.membershipAt(k)
	switch {
	case membership == "join":
		return true
	case visibility == rooms.VisibilityShared:
		return h.joinsAfter(k)
	case visibility == rooms.VisibilityInvited:
		return membership == "invite"
	}
	return false
}

// visibilityOf returns what an m.room.history_visibility event sets; values that are not known mean shared.
func visibilityOf(ev *rooms.Event) rooms.HistoryVisibility {
	switch ev.Content().Get("history_visibility").Str {
	case "world_readable":
		return rooms.VisibilityWorldReadable
	case "invited":
		return rooms.VisibilityInvited
	case "joined":
		return rooms.VisibilityJoined
	}
	return rooms.VisibilityShared
}
