package rooms

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
)

// EventsSince returns, by position, the accepted events of one type with since < position ≤ upto, at most limit of them:
// for readers of the stream whose cursor is older than what the ring remembers.
func (r *Rooms) EventsSince(ctx context.Context, since, upto int64, typ string, limit int) ([]*Event, error) {
	nids, err := r.selectPositioned(ctx, since, upto, typ, limit)
	if err != nil {
		return nil, err
	}
	return r.inOrder(ctx, nids)
}

// EventsHeard returns, by position, the accepted events of all rooms with since < position ≤ upto whose type is heeded, from the
// ring. When that does not reach back, it returns those of the stored types from the database instead: a reader names there what
// it may not miss, and what it heeds by more than a type's name it finds in another way.
func (r *Rooms) EventsHeard(ctx context.Context, since, upto int64, heeded func(typ string) bool, stored ...string) ([]*Event, error) {
	var heard []*Event
	complete, err := r.hub.WalkEvents(since, upto, func(e stream.Entry) error {
		if ev, ok := e.Value.(*Event); ok && e.Kind == EntryEvent && heeded(ev.Type) {
			heard = append(heard, ev)
		}
		return nil
	})
	if err != nil || complete {
		return heard, err
	}
	heard = nil
	for _, typ := range stored {
		found, err := r.EventsSince(ctx, since, upto, typ, int(upto-since))
		if err != nil {
			return nil, err
		}
		heard = append(heard, found...)
	}
	slices.SortFunc(heard, func(a, b *Event) int { return cmp.Compare(a.Position, b.Position) })
	return heard, nil
}

// AllSince is EventsSince for events of every type.
func (r *Rooms) AllSince(ctx context.Context, since, upto int64, limit int) ([]*Event, error) {
	nids, err := r.selectAllPositioned(ctx, since, upto, limit)
	if err != nil {
		return nil, err
	}
	return r.inOrder(ctx, nids)
}

// RoomsWith returns the nids of rooms that have accepted events of one type with first ≤ position ≤ last, at most limit.
func (r *Rooms) RoomsWith(ctx context.Context, typ string, first, last int64, limit int) ([]int64, error) {
	return r.selectRoomsWith(ctx, typ, first, last, limit)
}

// EventsIn returns the accepted events of one type of a room with first ≤ position ≤ last, newest first, at most limit.
func (r *Rooms) EventsIn(ctx context.Context, roomNID, first, last int64, typ string, limit int) ([]*Event, error) {
	nids, err := r.selectPositionedIn(ctx, roomNID, first, last, typ, limit)
	if err != nil {
		return nil, err
	}
	return r.inOrder(ctx, nids)
}

// LastEvents is EventsIn for all rooms.
func (r *Rooms) LastEvents(ctx context.Context, first, last int64, typ string, limit int) ([]*Event, error) {
	nids, err := r.selectLastPositioned(ctx, first, last, typ, limit)
	if err != nil {
		return nil, err
	}
	return r.inOrder(ctx, nids)
}

// RedactionsSince returns, by position, the redactions that took effect with since < position ≤ upto, at most limit.
func (r *Rooms) RedactionsSince(ctx context.Context, since, upto int64, limit int) ([]Redaction, error) {
	return r.selectRedactions(ctx, since, upto, limit)
}

// Version says which version of a message is in force.
type Version struct {
	EditNID  int64 // the replacement in force; 0: the message itself
	Redacted bool  // the message is redacted
}

// VersionIn finds, inside a write and as of it, which version of a message is in force, by the rule of
// [Rooms.Aggregates]. No event can enter the room between the answer and the commit of what is decided by it.
func (r *Rooms) VersionIn(tx *sqldb.Tx, message *Event) (Version, error) {
	redacted, err := isRedactedIn(tx, message.ID)
	if err != nil {
		return Version{}, fmt.Errorf("looking for a redaction: %w", err)
	}
	edit, err := newestEditIn(tx, message)
	if err != nil {
		return Version{}, fmt.Errorf("looking for the newest edit: %w", err)
	}
	return Version{EditNID: edit, Redacted: redacted}, nil
}

// RedactedIn returns, inside a write and as of it, which of the events are redacted.
func (r *Rooms) RedactedIn(tx *sqldb.Tx, eventIDs []string) (map[string]bool, error) {
	redacted, err := redactedIn(tx, eventIDs)
	if err != nil {
		return nil, fmt.Errorf("looking for redactions: %w", err)
	}
	return redacted, nil
}

// FetchedAfter returns, by nid, the accepted events of some types that have a place in history but none in the stream: those
// that were fetched from other servers. It looks at the events with after < nid ≤ upto, upto being at most window further; at
// the end upto is the last nid.
func (r *Rooms) FetchedAfter(ctx context.Context, after, window int64, types []string) (events []*Event, upto int64, err error) {
	last, err := r.selectLastNID(ctx)
	if err != nil {
		return nil, 0, err
	}
	upto = min(after+window, max(last, after))
	nids, err := r.selectFetched(ctx, after, upto, types)
	if err != nil {
		return nil, 0, err
	}
	events, err = r.inOrder(ctx, nids)
	return events, upto, err
}
