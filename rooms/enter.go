package rooms

import (
	"slices"

	"medixchange/rooms/resolve"
)

// before returns the state before an event: the one that was fetched, or what the events before it lead to.
func (b *batch) before(in *incoming) (stateRef, error) {
	if in.state != nil {
		return b.newState(stateRef{}, in.state, in.state)
	}
	var states []int64
	var missing []string
	for _, id := range in.prev {
		prev, err := b.eventByID(id)
		if err != nil {
			return stateRef{}, err
		}
		after := int64(0)
		if prev != nil {
			after = prev.StateAfter
		}
		if fetched := in.after[id]; after == 0 && fetched != nil {
			ref, err := b.newState(stateRef{}, fetched, fetched)
			if err != nil {
				return stateRef{}, err
			}
			after = ref.nid
		}
		if after == 0 {
			missing = append(missing, id)
		} else if !slices.Contains(states, after) {
			states = append(states, after)
		}
	}
	if len(missing) > 0 {
		return stateRef{}, &missingError{missing}
	}
	return b.merged(states)
}

// enterOther puts an event of another server into the room.
func (b *batch) enterOther(in *incoming, a *admission, follows []string, before, after stateRef) error {
	enter := func() error {
		if in.anew {
			return b.enterAnew(a, after)
		}
		followed, err := b.isFollowed(a.event.ID)
		if err != nil {
			return err
		}
		if followed {
			return b.enterLate(a, follows)
		}
		return b.enter(a, before, after, follows)
	}
	if !in.forward {
		return enter()
	}
	return b.sendingOn(a.event, in.except, enter)
}

// enterAnew makes a live event the only extremity.
func (b *batch) enterAnew(a *admission, after stateRef) error {
	ev := a.event
	b.st.extremities = []extremity{{ev.NID, ev.ID, ev.Depth, after.nid}}
	b.take(a)
	b.unresolved = ev
	return b.placed(a)
}

// enterLate takes a live event that others here follow already.
func (b *batch) enterLate(a *admission, follows []string) error {
	b.take(a)
	b.link(a, follows)
	return b.placed(a)
}

// link notes that others here follow an event, which is therefore no extremity, and that neither are those it follows.
func (b *batch) link(a *admission, follows []string) {
	a.gap = append(a.gap, follows...)
	rest := slices.DeleteFunc(slices.Clone(b.st.extremities), func(x extremity) bool { return slices.Contains(follows, x.id) })
	if len(rest) > 0 && len(rest) < len(b.st.extremities) {
		b.st.extremities = rest
		b.unresolved = a.event
	}
}

// linkRefused links an event that was refused but that others here follow.
func (b *batch) linkRefused(a *admission, prev []string) error {
	followed, err := b.isFollowed(a.event.ID)
	if err != nil || !followed {
		return err
	}
	follows, _, err := b.reaches(prev)
	if err == nil {
		b.link(a, follows)
	}
	return err
}

// linkFetched links an event of fetched history, which something here always follows.
func (b *batch) linkFetched(a *admission, prev []string) error {
	follows, _, err := b.reaches(prev)
	if err == nil {
		b.link(a, follows)
	}
	return err
}

// maxReach bounds the refused events that reaches goes through.
const maxReach = 1000

// reaches returns the events that an event follows: those that it names and, through those of them that were refused,
// the ones before. A refused event is never an extremity, so what follows it follows what it follows. gap says that some
// of them have no place here.
func (b *batch) reaches(prev []string) (all []string, gap bool, err error) {
	all = slices.Clone(prev)
	seen := map[string]bool{}
	for i := 0; i < len(all) && i < maxReach; i++ {
		if seen[all[i]] {
			continue
		}
		seen[all[i]] = true
		ev, err := b.eventByID(all[i])
		switch {
		case err != nil:
			return nil, false, err
		case ev == nil || ev.Outcome == Outlier || ev.Outcome == Awaiting:
			gap = true
		case ev.Outcome == SoftFailed || ev.Outcome == Rejected:
			all = append(all, prevOf(ev)...)
		}
	}
	return all, gap, nil
}

// maxGapsSeen bounds the gaps of a room that isFollowed looks at, newest first.
const maxGapsSeen = 200

// isFollowed reports whether an event that comes now was named as one before by an event that is here already, behind a
// gap. Such an event is no extremity, and the state after it is contained in what came later.
func (b *batch) isFollowed(id string) (bool, error) {
	for _, a := range b.admitted {
		if slices.Contains(a.gap, id) {
			return true, nil
		}
	}
	if b.missed == nil {
		var err error
		if b.missed, err = b.missedByGaps(); err != nil {
			return false, err
		}
	}
	return b.missed[id], nil
}

// missedByGaps returns what the room's gaps miss; where that came and was refused, what it follows too.
func (b *batch) missedByGaps() (map[string]bool, error) {
	gaps, err := b.rm.r.openGaps(b.ctx, b.rm.nid, maxGapsSeen)
	if err != nil {
		return nil, err
	}
	missed := map[string]bool{}
	var level []string
	for _, g := range gaps {
		level = appendUnseen(level, missed, g.missing)
	}
	for len(level) > 0 && len(missed) < maxReach {
		found, err := b.rm.r.EventsByID(b.ctx, level)
		if err != nil {
			return nil, err
		}
		level = nil
		for _, ev := range found {
			if ev.Outcome == SoftFailed || ev.Outcome == Rejected {
				level = appendUnseen(level, missed, prevOf(ev))
			}
		}
	}
	return missed, nil
}

// enter puts a live event behind the ones that it follows and moves the current state on.
func (b *batch) enter(a *admission, before, after stateRef, prev []string) error {
	ev := a.event
	rest := make([]extremity, 0, len(b.st.extremities)+1)
	for _, x := range b.st.extremities {
		if !slices.Contains(prev, x.id) {
			rest = append(rest, x)
		}
	}
	linear := len(rest) == 0 && b.unresolved == nil && before.nid == b.st.ref.nid
	b.st.extremities = append(rest, extremity{ev.NID, ev.ID, ev.Depth, after.nid})
	b.take(a)
	switch {
	case linear && ev.IsState():
		b.st.ref = after
		if err := b.change(ev.KeyNID, resolve.StateKey{Type: ev.Type, Key: *ev.StateKey}, ev.NID, ev); err != nil {
			return err
		}
	case !linear:
		b.unresolved = ev
	}
	return b.placed(a)
}

// sendingOn lets an event enter and gives it the servers that this node has to send it to, but except.
func (b *batch) sendingOn(ev *Event, except string, enter func() error) error {
	servers := b.st.servers
	wasHere := ""
	if ev.Type == "m.room.member" && ev.StateKey != nil {
		wasHere = b.st.membership(*ev.StateKey)
	}
	if err := enter(); err != nil {
		return err
	}
	var err error
	ev.Servers, err = b.destinations(servers, ev, wasHere, except)
	return err
}

// destinations returns the set of servers an event of this node goes to: those in the room before or after it, and the
// server of a user who is invited or whose invite or knock ends; never this node, nor except.
func (b *batch) destinations(before *serverList, ev *Event, wasHere, except string) (int64, error) {
	extra := ""
	if ev.Type == "m.room.member" && ev.StateKey != nil {
		if ev.Membership() == "invite" || wasHere == "invite" || wasHere == "knock" {
			extra = serverOf(*ev.StateKey)
		}
	}
	own := b.rm.r.server
	after := b.st.servers
	if except == "" && before == after && (extra == "" || extra == own || after.has(extra)) {
		return b.others()
	}
	names := slices.Concat(before.names, after.names)
	if extra != "" {
		names = append(names, extra)
	}
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == own || name == except })
	return b.serverSet(names)
}

// others returns the set of the other servers in the room now.
func (b *batch) others() (int64, error) {
	list := b.st.servers
	if list.others != 0 || len(list.names) == 0 || len(list.names) == 1 && list.has(b.rm.r.server) {
		return list.others, nil
	}
	names := slices.DeleteFunc(slices.Clone(list.names), func(name string) bool { return name == b.rm.r.server })
	nid, err := b.serverSet(names)
	if err != nil {
		return 0, err
	}
	b.st.servers = &serverList{names: list.names, nid: list.nid, others: nid}
	return nid, nil
}
