package rooms

import (
	"slices"

	"medixchange/rooms/resolve"
)

// refusedStickies bounds the sticky events of a room that were soft-failed and are kept to be looked at again; further ones
// stay refused.
var refusedStickies = stickyBounds{user: 20, server: 100, all: 500}

// raiseStickies accepts the sticky events that were soft-failed and that the current state, which this batch changed, allows
// (MSC4354). They enter the room's history now, as if they had just arrived, but are no extremities: what came meanwhile
// does not follow them.
func (b *batch) raiseStickies() error {
	waiting := b.refusedOnes()
	if len(waiting) == 0 {
		return nil
	}
	nids := make([]int64, 0, len(waiting))
	for _, s := range waiting {
		nids = append(nids, s.NID)
	}
	found, err := b.rm.r.Events(b.ctx, nids)
	if err != nil {
		return err
	}
	for _, s := range waiting {
		stored := b.events[s.NID]
		if stored == nil {
			stored = found[s.NID]
		}
		if err := b.raise(s, stored); err != nil {
			return err
		}
	}
	return nil
}

// refusedOnes returns the refused sticky events, of before and of this batch, that its changes of the state concern.
func (b *batch) refusedOnes() []Sticky {
	now := b.nowMS()
	var all []Sticky
	if len(b.changes) > 0 {
		all = append(b.rm.r.refused.between(b.rm.id, -1, 0, now), b.refusedNow(now)...)
	}
	return slices.DeleteFunc(all, func(s Sticky) bool { return !slices.ContainsFunc(b.changes, s.concerns) })
}

// concerns reports whether a change may allow an event of s's sender, who is no state event's (Authorization rules).
func (s Sticky) concerns(c *stateChange) bool {
	switch c.delta.Type {
	case "m.room.member":
		return c.delta.StateKey == s.Sender
	case "m.room.power_levels", "m.room.server_acl":
		return true
	}
	return false
}

// refusedNow returns the sticky events that this batch soft-failed.
func (b *batch) refusedNow(now int64) []Sticky {
	var refused []Sticky
	for _, a := range b.admitted {
		if ev := a.event; ev.Outcome == SoftFailed && !ev.IsState() && a.stickyUntil(now) > now {
			refused = append(refused, Sticky{NID: ev.NID, EventID: ev.ID, Sender: ev.Sender, Expires: a.stickyUntil(now)})
		}
	}
	return refused
}

// raise accepts one of them if it is there still and allowed now.
func (b *batch) raise(s Sticky, stored *Event) error {
	if stored == nil {
		return nil
	}
	if allowed, err := b.allowsNow(stored); err != nil || !allowed {
		return err
	}
	ev := *stored
	ev.Outcome, ev.Received = Accepted, b.nowMS()
	a := &admission{event: &ev, known: true}
	if at := slices.IndexFunc(b.admitted, func(a *admission) bool { return a.event == stored }); at >= 0 {
		a = b.admitted[at]
		a.event, a.reason = &ev, ""
		b.admitted = slices.Delete(b.admitted, at, at+1)
	}
	a.live, a.raised = true, s.Expires
	b.take(a)
	b.raised = append(b.raised, s.NID)
	return b.placed(a)
}

// allowsNow reports whether the current state, the room's access list and this node let an event in.
func (b *batch) allowsNow(ev *Event) (bool, error) {
	if gone, err := b.redacted(ev.ID); err != nil || gone {
		return false, err
	}
	server := serverOf(ev.Sender)
	if server != b.rm.r.server && !b.rm.r.allow(server) {
		return false, nil
	}
	if let, err := b.aclAllows(server); err != nil || !let {
		return false, err
	}
	parsed, err := authEventOf(ev)
	if err != nil {
		return false, err
	}
	refused, err := b.refusedBy(parsed, b.currentAuth())
	return refused == nil && err == nil, err
}

// aclAllows applies the room's access list as it is after the batch.
func (b *batch) aclAllows(server string) (bool, error) {
	nid := b.st.stateNID(resolve.StateKey{Type: "m.room.server_acl"})
	if nid == 0 || server == b.rm.r.server {
		return true, nil
	}
	ev, err := b.event(nid)
	if err != nil {
		return false, err
	}
	return parseACL(ev.Content()).allows(server), nil
}

// keepRefused sets the sticky events that were soft-failed in this batch and are kept, as many as the bounds allow.
func (b *batch) keepRefused() {
	b.refused = nil
	now := b.nowMS()
	for _, s := range b.refusedNow(now) {
		if b.rm.r.refused.room(b.rm.id, s.Sender, refusedStickies, now, b.refused...) {
			b.refused = append(b.refused, s)
		}
	}
}

// publishStickies makes the batch's sticky events known.
func (b *batch) publishStickies() {
	r, id, now := b.rm.r, b.rm.id, b.nowMS()
	r.refused.take(id, b.raised)
	for _, s := range b.sticky {
		r.sticky.add(id, s.Sticky, now)
	}
	for _, s := range b.refused {
		r.refused.add(id, s, now)
	}
}
