package rooms

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"medixchange/rooms/resolve"
)

// incoming is an event of another server, parsed, its signatures checked.
type incoming struct {
	event *Event // as parsed; admit makes its own copy
	prev  []string
	auth  []string
	// outlier keeps the event without a place in history: part of an auth chain or of a fetched state.
	outlier bool
	// state is the state before the event where it was fetched; nil takes it from the events before. Its entries are
	// events that are known or were admitted earlier in the batch.
	state resolve.State
	// after is the state after those of prev that have no state here, where it was fetched.
	after map[string]resolve.State
	// anew makes the event the room's only extremity: a join through another server, which knows the room as it is now,
	// while what this node knows ends where its last user left.
	anew bool
	// forward says that this node brings the event to the room's other servers, all but the one named in except.
	forward bool
	except  string
	txn     *Txn
	// partial says that state lacks members (a join with partial state): nothing is refused by current state then.
	partial bool
	// key is the place of fetched history; nil for an event that arrives now.
	key *HistoryKey
	// afterGap says that the history before a live event is not known.
	afterGap bool
}

// missingError names the events without which an event cannot be judged. Whoever brings the event fetches them first.
type missingError struct{ ids []string }

// Error implements error.
func (e *missingError) Error() string { return "events are missing: " + strings.Join(e.ids, ", ") }

// admit judges an event of another server and takes it into the batch: accepted, soft-failed, rejected or as outlier; the
// event returned says which. One that is known already is returned as it is, unless it gets its place now. A
// *missingError says what has to be fetched first; nothing is taken then.
func (b *batch) admit(in *incoming) (*Event, error) {
	known, err := b.eventByID(in.event.ID)
	if err != nil {
		return nil, err
	}
	if known != nil && (in.outlier || known.Outcome == Accepted || known.Outcome == SoftFailed) {
		return known, nil
	}
	ev := *in.event
	a := &admission{event: &ev, known: known != nil, partial: in.partial, txn: in.txn}
	if err := b.identify(&ev, known); err != nil {
		return nil, err
	}
	auth, err := b.authOf(&ev, in.auth)
	if err != nil {
		return nil, err
	}
	parsed, err := authEventOf(&ev)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadEvent, err)
	}
	refused, err := b.refusedByAuth(parsed, auth)
	switch {
	case err != nil:
		return nil, err
	case !in.outlier:
		return b.admitPlaced(in, a, parsed, refused, known)
	case refused != nil:
		return b.reject(a, refused), nil
	}
	ev.Outcome = Outlier
	return b.take(a), nil
}

// identify gives the event its numbers.
func (b *batch) identify(ev, known *Event) error {
	ev.RoomNID, ev.RoomID, ev.Version = b.rm.nid, b.rm.id, b.rm.format.version
	if ev.StateKey != nil {
		key, err := b.key(resolve.StateKey{Type: ev.Type, Key: *ev.StateKey})
		if err != nil {
			return err
		}
		ev.KeyNID = key
	}
	if known != nil {
		ev.NID = known.NID
	} else {
		ev.NID = b.rm.r.nids.event.Next()
	}
	return nil
}

// authOf looks up the auth events and sets their numbers.
func (b *batch) authOf(ev *Event, ids []string) ([]*resolve.Event, error) {
	var auth []*resolve.Event
	var missing []string
	ev.Auth = nil
	for _, id := range ids {
		a, err := b.eventByID(id)
		if err != nil {
			return nil, err
		}
		if a == nil || a.Outcome == Awaiting {
			missing = append(missing, id)
			continue
		}
		parsed, err := b.authEvent(a.NID)
		if err != nil {
			return nil, err
		}
		ev.Auth = append(ev.Auth, a.NID)
		auth = append(auth, parsed)
	}
	if len(missing) > 0 {
		return nil, &missingError{missing}
	}
	return auth, nil
}

// refusedByAuth checks the event against its own auth events. refused says why it is rejected.
func (b *batch) refusedByAuth(e *resolve.Event, auth []*resolve.Event) (refused *resolve.Denied, err error) {
	version := b.rm.format.version
	err = resolve.CheckAuthEvents(version, e, auth)
	if err == nil {
		state := resolve.Of(auth...)
		if b.rm.format.roomIsCreate && e.Type != "m.room.create" {
			create, err := b.createEvent()
			if err != nil {
				return nil, err
			}
			state[resolve.StateKey{Type: "m.room.create"}] = create
		}
		err = resolve.Check(version, e, state)
	}
	if errors.As(err, &refused) {
		return refused, nil
	}
	return nil, err
}

// createEvent returns the room's create event; in room version 12 it is found by the room's id.
func (b *batch) createEvent() (*resolve.Event, error) {
	if nid := b.st.stateNID(resolve.StateKey{Type: "m.room.create"}); nid != 0 {
		return b.authEvent(nid)
	}
	id := "$" + b.rm.id[1:]
	ev, err := b.eventByID(id)
	if err != nil {
		return nil, err
	}
	if ev == nil {
		return nil, &missingError{[]string{id}}
	}
	return b.authEvent(ev.NID)
}

// reject takes the event as a rejected one.
func (b *batch) reject(a *admission, refused *resolve.Denied) *Event {
	a.event.Outcome, a.reason = Rejected, refused.Error()
	return b.take(a)
}

// admitPlaced judges an event by the state before it and, if it arrives now, by the current state. refused is what its
// auth events say. A rejected event gets its state too, since those that follow it go on from there. known is how the
// event was stored before, nil for not at all: one that was rejected by a wrong state may be accepted by the right one.
func (b *batch) admitPlaced(in *incoming, a *admission, parsed *resolve.Event, refused *resolve.Denied, known *Event) (*Event, error) {
	before, err := b.before(in)
	if err != nil {
		return nil, err
	}
	ev := a.event
	ev.StateBefore, ev.StateAfter = before.nid, before.nid
	if refused == nil {
		if refused, err = b.refusedBy(parsed, &authState{b: b, find: b.finder(before)}); err != nil {
			return nil, err
		}
	}
	if refused != nil {
		if known != nil && known.Outcome == Rejected && known.StateAfter != 0 {
			return known, nil
		}
		return b.reject(a, refused), b.linkRefused(a, in.prev)
	}
	if ev.Visibility, err = b.visibilityAt(before); err != nil {
		return nil, err
	}
	after, err := b.with(before, ev)
	if err != nil {
		return nil, err
	}
	ev.StateAfter = after.nid
	if server := serverOf(ev.Sender); server != b.rm.r.server && !b.rm.r.allow(server) {
		// Part of the room's graph for others, and shown to nobody here, whichever server brought it.
		ev.Outcome, a.reason = SoftFailed, "server "+server+" may not take part"
		return b.take(a), b.linkRefused(a, in.prev)
	}
	if in.key != nil {
		a.key, ev.Key = in.key, *in.key
		b.take(a)
		if err := b.linkFetched(a, in.prev); err != nil {
			return nil, err
		}
		return ev, b.placed(a)
	}
	if !in.partial && !in.anew && len(b.st.extremities) > 0 { // the first event here has no current state to be measured by
		if err := b.settle(); err != nil {
			return nil, err
		}
		refused, err := b.refusedBy(parsed, b.currentAuth())
		if err != nil {
			return nil, err
		}
		if refused != nil {
			ev.Outcome, a.reason = SoftFailed, refused.Error()
			return b.take(a), b.linkRefused(a, in.prev)
		}
	}
	a.live, ev.Received = true, b.nowMS()
	follows, gap, err := b.reaches(in.prev)
	if err != nil {
		return nil, err
	}
	if ev.AfterGap = gap || in.afterGap; ev.AfterGap {
		if err := b.openGap(ev, in.prev); err != nil {
			return nil, err
		}
		a.gap = follows
	}
	return ev, b.enterOther(in, a, follows, before, after)
}

func (b *batch) refusedBy(e *resolve.Event, state *authState) (refused *resolve.Denied, err error) {
	err = resolve.Check(b.rm.format.version, e, state)
	if state.err != nil {
		return nil, state.err
	}
	if errors.As(err, &refused) {
		return refused, nil
	}
	return nil, err
}

// admitOwn takes an event that this node made on top of all extremities; it is authorised already.
func (b *batch) admitOwn(ev *Event, txn *Txn) error {
	if err := b.identify(ev, nil); err != nil {
		return err
	}
	before := b.st.ref
	after, err := b.with(before, ev)
	if err != nil {
		return err
	}
	ev.StateBefore, ev.StateAfter = before.nid, after.nid
	ev.Visibility = b.st.facts.visibility
	ev.Received = b.nowMS()
	var prev []string
	for _, x := range b.previous() {
		prev = append(prev, x.id)
	}
	return b.sendingOn(ev, "", func() error {
		return b.enter(&admission{event: ev, live: true, txn: txn}, before, after, prev)
	})
}

// take adds an event to the batch.
func (b *batch) take(a *admission) *Event {
	b.admitted = append(b.admitted, a)
	b.events[a.event.NID] = a.event
	b.ids[a.event.ID] = a.event
	return a.event
}

// placed does what an event with a place in history brings besides state: threads and redactions.
func (b *batch) placed(a *admission) error {
	ev := a.event
	if ev.Relation.EventID != "" {
		target, err := b.eventByID(ev.Relation.EventID)
		if err != nil {
			return err
		}
		if target != nil && target.RoomNID == b.rm.nid {
			ev.ThreadRoot = threadRootOf(ev.Relation, target)
		}
	}
	if ev.Redacts != "" {
		if err := b.redact(ev); err != nil {
			return err
		}
	}
	if b.rm.r.isLocal(ev.Sender) && !a.known {
		return nil // nobody can have redacted it before
	}
	waiting, err := b.rm.r.selectWaitingRedactions(b.ctx, []string{ev.ID})
	if err != nil {
		return err
	}
	for _, nid := range waiting[ev.ID] {
		redaction, err := b.event(nid)
		if err != nil {
			return err
		}
		if b.mayRedact(redaction, ev) {
			b.redactions = append(b.redactions, redactionRow{target: ev.ID, redaction: redaction, cause: ev})
		}
	}
	return nil
}

// redact notes a redaction. It takes effect at once if its target is here, else when that comes.
func (b *batch) redact(redaction *Event) error {
	row := redactionRow{target: redaction.Redacts, redaction: redaction}
	target, err := b.eventByID(redaction.Redacts)
	if err != nil {
		return err
	}
	if target != nil {
		if target.RoomNID != b.rm.nid || !b.mayRedact(redaction, target) {
			return nil
		}
		row.cause = redaction
	}
	b.redactions = append(b.redactions, row)
	return nil
}

// mayRedact reports whether a redaction takes effect: its sender has the power, or both events come from one server
// (room versions from 3 on, Handling redactions; in versions 1 and 2 the authorisation rules say the same).
func (b *batch) mayRedact(redaction, target *Event) bool {
	if serverOf(redaction.Sender) == serverOf(target.Sender) {
		return true
	}
	return b.st.facts.of(redaction.Sender) >= b.st.facts.levels.redact
}

// loader gives the resolver of a room its events, those of the batch in work among them.
type loader struct{ rm *room }

// Edges implements resolve.Loader.
func (l loader) Edges(ctx context.Context, nids []int64) ([]resolve.Edge, error) {
	edges := make([]resolve.Edge, 0, len(nids))
	var missing []int64
	for _, nid := range nids {
		ev := l.rm.batch.events[nid]
		if ev == nil {
			ev, _ = l.rm.r.cache.get(nid)
		}
		if ev == nil {
			missing = append(missing, nid)
			continue
		}
		edges = append(edges, resolve.Edge{NID: nid, Key: ev.KeyNID, Auth: ev.Auth})
	}
	if len(missing) == 0 {
		return edges, nil
	}
	stored, err := l.rm.r.selectEdges(ctx, missing)
	return append(edges, stored...), err
}

// Events implements resolve.Loader.
func (l loader) Events(ctx context.Context, nids []int64) ([]*resolve.Event, error) {
	events := make([]*resolve.Event, 0, len(nids))
	var missing []int64
	for _, nid := range nids {
		if l.rm.batch.events[nid] == nil {
			missing = append(missing, nid)
			continue
		}
		ev, err := l.rm.batch.authEvent(nid)
		if err != nil {
			return nil, err
		}
		events = append(events, ev)
	}
	found, err := l.rm.r.auth.get(ctx, missing)
	for _, ev := range found {
		events = append(events, ev)
	}
	return events, err
}

// Keys implements resolve.Loader.
func (l loader) Keys(ctx context.Context, keys []resolve.StateKey) ([]int64, error) {
	nids := make([]int64, len(keys))
	for i, key := range keys {
		nid, err := l.rm.r.keys.find(ctx, key)
		if err != nil {
			return nil, fmt.Errorf("looking up a state key: %w", err)
		}
		nids[i] = nid
	}
	return nids, nil
}
