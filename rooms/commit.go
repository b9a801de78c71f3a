package rooms

import (
	"context"
	"fmt"
	"slices"

	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
)

// commit stores the batch in one transaction, shared with other rooms that commit at the same time. It returns when the
// batch is durable, published and visible to readers, or with an error, and then the room is loaded anew before its next
// batch: what is in memory may not be what the database has.
func (rm *room) commit(b *batch) error {
	err := rm.r.db.Write(context.Background(), func(tx *sqldb.Tx) error { return b.store(tx) })
	if err != nil {
		rm.reload = true
		rm.resolver = nil
		return fmt.Errorf("committing to room %s: %w", rm.id, err)
	}
	if !b.created { // a new room is in use already; see publish
		rm.st = b.st
	}
	return nil
}

// store writes the batch. It may run more than once and sets everything that depends on positions afresh.
func (b *batch) store(tx *sqldb.Tx) error {
	b.position(tx)
	if err := b.storeRoom(tx); err != nil {
		return err
	}
	r, roomNID := b.rm.r, b.rm.nid
	if err := storeInterned(tx, r.keys.interned, b.newKeys, insertStateKeys); err != nil {
		return err
	}
	if err := storeInterned(tx, r.sets.interned, b.newSets, insertServerSets); err != nil {
		return err
	}
	if err := storeEvents(tx, b.admitted); err != nil {
		return err
	}
	if err := storeBlobs(tx, roomNID, b.blobs); err != nil {
		return err
	}
	if err := b.storeChanges(tx); err != nil {
		return err
	}
	if err := b.raiseInvites(tx); err != nil {
		return err
	}
	if err := storeRedactions(tx, roomNID, b.redactions); err != nil {
		return err
	}
	if err := storeTransactions(tx, b.admitted, b.nowMS()); err != nil {
		return err
	}
	if err := b.storePlaced(tx); err != nil {
		return err
	}
	if err := storeStickies(tx, b); err != nil {
		return err
	}
	for _, more := range b.stores {
		if err := more(tx); err != nil {
			return err
		}
	}
	tx.OnCommit(b.publish)
	return nil
}

// position gives the live events their places, in the order in which they were admitted.
func (b *batch) position(tx *sqldb.Tx) {
	for _, a := range b.admitted {
		if !a.live {
			continue
		}
		ev := a.event
		ev.Position = tx.NextPosition()
		ev.Key = HistoryKey{Anchor: ev.Position}
		b.st.position, b.st.lastEvent = ev.Position, ev.Position
		if bumps(ev) {
			b.st.bump = ev.Position
		}
	}
	late := int64(0)
	for _, c := range b.changes {
		if c.delta.Position = c.cause.Position; c.delta.Position != 0 {
			continue
		}
		if late == 0 { // refused or fetched events that show how forks hang together change the state now
			late = tx.NextPosition()
			b.st.position = late
		}
		c.delta.Position = late
	}
	for i := range b.redactions {
		red := &b.redactions[i]
		switch {
		case red.cause == nil:
		case red.cause.Position != 0:
			red.position = red.cause.Position
		default: // fetched history has no position, but its effect is news
			red.position = tx.NextPosition()
			b.st.position = red.position
		}
	}
	b.placeStickies(tx)
	b.keepRefused()
	b.st.leftAt = b.leftAt()
}

// bumps reports whether an event moves its room up in a list (MSC4186).
func bumps(ev *Event) bool {
	switch ev.Type {
	case "m.room.create", "m.room.message", "m.room.encrypted", "m.sticker", "m.call.invite", "m.poll.start", "m.beacon_info":
		return true
	}
	return false
}

func (b *batch) leftAt() int64 {
	switch {
	case b.st.locals.len() > 0:
		return 0
	case b.rm.st.locals.len() > 0:
		return b.st.position
	}
	return b.rm.st.leftAt
}

// storePlaced does what other features keep of events with a place in history.
func (b *batch) storePlaced(tx *sqldb.Tx) error {
	for _, a := range b.admitted {
		if !a.placed() || a.event.Outcome != Accepted {
			continue
		}
		if err := storeRelation(tx, a.event); err != nil {
			return err
		}
		if b.rm.r.isLocal(a.event.Sender) {
			continue
		}
		if err := storeRoot(tx, a.event); err != nil {
			return err
		}
		if err := b.rm.r.applyWaitingReceipts(tx, a.event); err != nil {
			return err
		}
	}
	return nil
}

// storeChanges writes state deltas, current memberships and membership along history.
func (b *batch) storeChanges(tx *sqldb.Tx) error {
	deltas := make([]*StateDelta, 0, len(b.changes))
	var members []*stateChange
	for _, c := range b.changes {
		deltas = append(deltas, c.delta)
		if c.delta.Type == "m.room.member" {
			members = append(members, c)
		}
	}
	if err := storeDeltas(tx, deltas); err != nil {
		return err
	}
	if err := storeMemberships(tx, members); err != nil {
		return err
	}
	return storeIntervals(tx, b.rm.nid, b.intervals(members))
}

// intervals returns the changes of membership along history. Where forks met without an event of the member, the change
// counts from the event that brought them together.
func (b *batch) intervals(members []*stateChange) []intervalRow {
	var rows []intervalRow
	for _, c := range members {
		if c.before != c.after {
			rows = append(rows, intervalRow{c.delta.StateKey, Interval{c.from(), c.after, c.delta.New}})
		}
	}
	for _, a := range b.admitted {
		if a.key != nil && a.event.Type == "m.room.member" && a.event.IsState() && a.event.Outcome == Accepted {
			rows = append(rows, intervalRow{*a.event.StateKey, Interval{*a.key, a.event.Membership(), a.event.NID}})
		}
	}
	return rows
}

// from is the place in history from which a change counts.
func (c *stateChange) from() HistoryKey {
	if c.cause.Position == 0 {
		return HistoryKey{Anchor: c.delta.Position}
	}
	return c.cause.Key
}

// publish makes the committed batch visible: caches, the snapshot, the memberships in memory, and last the stream, which
// wakes the readers. It runs before the positions of the group are announced.
func (b *batch) publish() {
	rm := b.rm
	r := rm.r
	for key, nid := range b.newKeys {
		r.keys.settled(key, nid)
	}
	for name, nid := range b.newSets {
		r.sets.settled(name, nid)
	}
	for _, ref := range b.refs {
		r.blobs.add(ref)
	}
	for nid, whole := range b.wholes {
		r.blobs.addWhole(nid, whole)
	}
	for _, a := range b.admitted {
		if a.known {
			r.auth.forget(a.event.NID)
		}
		r.cache.add(a.event)
		r.read.sentAs.committed(a)
		if a.live && !a.known {
			r.read.redactions.came(a.event.ID) // its readers ask at once
		}
	}
	for _, red := range b.redactions {
		if red.cause != nil {
			r.redactionCommitted(red.target)
			defer r.sticky.redacted(rm.id, red.target) // after the events of this batch
			defer r.refused.redacted(rm.id, red.target)
		}
	}
	b.publishStickies()
	rm.snapshot.Store(newSnapshot(rm, b.st))
	if b.created {
		rm.st = b.st
		r.active.put(rm)
	}
	r.members.changed(rm, b.changes)
	r.hub.Append(b.streamEntries()...)
}

// entryOverhead is what an entry's value costs beside the texts in it.
const entryOverhead = 160

// streamEntries returns the entries of the batch in the order of positions, for each event: itself, its changes of state
// and memberships, the redactions that take effect.
func (b *batch) streamEntries() []stream.Entry {
	topic := RoomTopic(b.rm.id)
	var entries []stream.Entry
	for _, a := range b.admitted {
		if a.live {
			entries = append(entries, stream.Entry{
				Position: a.event.Position, Topic: topic, Kind: EntryEvent, Value: a.event, Size: sizeOf(a.event),
			})
		}
	}
	for _, c := range b.changes {
		entries = append(entries, stream.Entry{
			Position: c.delta.Position, Topic: topic, Kind: EntryStateDelta, Value: c.delta,
			Size: entryOverhead + len(c.delta.StateKey),
		})
		if user := c.delta.StateKey; c.delta.Type == "m.room.member" && b.rm.r.isLocal(user) {
			entries = append(entries, stream.Entry{
				Position: c.delta.Position, Topic: UserTopic(user), Kind: EntryMembership, Size: entryOverhead + len(user),
				Value: &MembershipChange{
					UserID: user, RoomID: b.rm.id, RoomNID: b.rm.nid, Membership: orElse(c.after, "leave"),
					Previous: c.before, EventNID: c.delta.New, Position: c.delta.Position,
				},
			})
		}
	}
	for _, red := range b.redactions {
		if red.position != 0 {
			entries = append(entries, stream.Entry{
				Position: red.position, Topic: topic, Kind: EntryRedaction, Size: entryOverhead + len(red.target),
				Value: &Redaction{
					RoomID: b.rm.id, RoomNID: b.rm.nid, TargetID: red.target, RedactionNID: red.redaction.NID,
					Position: red.position,
				},
			})
		}
	}
	for i := range b.sticky {
		if s := &b.sticky[i]; s.own {
			entries = append(entries, stream.Entry{
				Position: s.Position, Topic: topic, Kind: EntrySticky, Value: &s.Sticky, Size: entryOverhead,
			})
		}
	}
	slices.SortStableFunc(entries, func(x, y stream.Entry) int { return int(x.Position - y.Position) })
	return entries
}
