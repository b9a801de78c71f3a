package rooms

import (
	"context"
	"fmt"
	"slices"
	"time"
)

const (
	eventDeadline = 10 * time.Second
	nearDeadline  = 5 * time.Second
	maxOpenGaps   = 50 // newest gaps of a room that are looked at for one event
	maxNearFills  = 5  // pieces of history that are fetched for the event near a time
)

// EnsureEvent returns an event of a room that this node is in, fetching it if it is not here, for /context and links. One
// that a gap misses is fetched with the gap and gets its place; any other one is kept as an outlier, without a place
// (Event.Key is zero). The caller has checked that its user may ask about the room. ErrNotFound, also for events refused.
func (r *Rooms) EnsureEvent(ctx context.Context, roomID, eventID string) (*Event, error) {
	room, err := r.roomRef(ctx, roomID)
	if err != nil {
		return nil, err
	}
	ev, err := r.shownEvent(ctx, room, eventID)
	if err != nil || ev != nil && placed(ev) {
		return ev, err
	}
	if err := r.fillGapOf(ctx, room, eventID); err != nil {
		return nil, err
	}
	if again, err := r.shownEvent(ctx, room, eventID); err != nil || again != nil {
		return again, err
	}
	if err := r.fetchEvent(ctx, room, eventID); err != nil {
		return nil, err
	}
	ev, err = r.shownEvent(ctx, room, eventID)
	if err == nil && ev == nil {
		err = fmt.Errorf("event %s: %w", eventID, ErrNotFound)
	}
	return ev, err
}

// shownEvent returns an event of the room, nil if it is not known, ErrNotFound if it is of another room or was refused.
func (r *Rooms) shownEvent(ctx context.Context, room roomRef, eventID string) (*Event, error) {
	found, err := r.EventsByID(ctx, []string{eventID})
	if err != nil {
		return nil, err
	}
	ev := found[eventID]
	if ev == nil || ev.Outcome == Awaiting {
		return nil, nil
	}
	if ev.RoomNID != room.nid || ev.Outcome == Rejected || ev.Outcome == SoftFailed {
		return nil, fmt.Errorf("event %s: %w", eventID, ErrNotFound)
	}
	return ev, nil
}

// fillGapOf fills the gap that misses the event, if there is one.
func (r *Rooms) fillGapOf(ctx context.Context, room roomRef, eventID string) error {
	gaps, err := r.openGaps(ctx, room.nid, maxOpenGaps)
	if err != nil {
		return err
	}
	for i := range gaps {
		if slices.Contains(gaps[i].missing, eventID) {
			if err := r.fillGap(ctx, room, &gaps[i]); err != nil && ctx.Err() != nil {
				return err
			}
			return nil
		}
	}
	return nil
}

// fetchEvent asks the servers of the room for an event and keeps it as an outlier. Several calls share the work.
func (r *Rooms) fetchEvent(ctx context.Context, room roomRef, eventID string) error {
	done := r.read.fetches.DoChan(room.id+" "+eventID, func() (any, error) {
		if !r.read.begin() {
			return nil, fmt.Errorf("fetching an event while stopping: %w", ErrUnreachable)
		}
		defer r.read.working.Done()
		ctx, cancel := context.WithTimeout(r.read.background, eventDeadline)
		defer cancel()
		return nil, r.fetchFromAny(ctx, room, eventID)
	})
	select {
	case result := <-done:
		return result.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Rooms) fetchFromAny(ctx context.Context, room roomRef, eventID string) error {
	snap, err := r.Snapshot(ctx, room.id)
	if err != nil {
		return err
	}
	for _, server := range r.askable(snap.Servers()) {
		pdu, err := r.remote.Event(ctx, server, eventID)
		if err != nil {
			continue
		}
		byID, err := r.verified(ctx, room, [][]byte{pdu})
		if err != nil {
			return err
		}
		in := byID[eventID]
		if in == nil {
			continue
		}
		if err := r.fetchAuth(ctx, room, server, in.auth, nil); err != nil {
			return err
		}
		return r.admitOutliers(ctx, room, [][]byte{pdu}, map[string]bool{eventID: true})
	}
	return fmt.Errorf("event %s: %w", eventID, ErrNotFound)
}

// EventNear returns the event of the room that is closest to the time ts (ms) in the direction: Forward at or after it,
// Backward at or before it. While history has gaps other servers are asked for a closer one. ErrNotFound without any.
func (r *Rooms) EventNear(ctx context.Context, roomID string, ts int64, dir Direction) (*Event, error) {
	room, err := r.roomRef(ctx, roomID)
	if err != nil {
		return nil, err
	}
	nearest, err := r.nearestHere(ctx, room, ts, dir)
	if err != nil {
		return nil, err
	}
	gaps, err := r.openGaps(ctx, room.nid, 1)
	if err != nil {
		return nil, err
	}
	if len(gaps) > 0 {
		nearest = r.nearerElsewhere(ctx, room, ts, dir, nearest)
	}
	if nearest == nil {
		return nil, fmt.Errorf("event near a time: %w", ErrNotFound)
	}
	return nearest, nil
}

// EventNearHere is EventNear for another server: nobody else is asked, or two servers with gaps would ask each other
// without end.
func (r *Rooms) EventNearHere(ctx context.Context, roomID string, ts int64, dir Direction) (*Event, error) {
	room, err := r.roomRef(ctx, roomID)
	if err != nil {
		return nil, err
	}
	nearest, err := r.nearestHere(ctx, room, ts, dir)
	if err == nil && nearest == nil {
		err = fmt.Errorf("event near a time: %w", ErrNotFound)
	}
	return nearest, err
}

// nearestHere returns nil without one.
func (r *Rooms) nearestHere(ctx context.Context, room roomRef, ts int64, dir Direction) (*Event, error) {
	nid, err := r.nearestByTime(ctx, room.nid, ts, dir)
	if err != nil || nid == 0 {
		return nil, err
	}
	return r.eventByNID(ctx, nid)
}

// nearerElsewhere asks other servers for an event that is closer than the nearest one here. Failures leave that one.
func (r *Rooms) nearerElsewhere(ctx context.Context, room roomRef, ts int64, dir Direction, nearest *Event) *Event {
	ctx, cancel := context.WithTimeout(ctx, nearDeadline)
	defer cancel()
	snap, err := r.Snapshot(ctx, room.id)
	if err != nil {
		return nearest
	}
	letter := "f"
	if dir == Backward {
		letter = "b"
	}
	for _, server := range r.askable(snap.Servers()) {
		id, _, err := r.remote.TimestampToEvent(ctx, server, room.id, ts, letter)
		if err != nil {
			continue
		}
		if nearest != nil && id == nearest.ID {
			return nearest
		}
		ev, err := r.EnsureEvent(ctx, room.id, id)
		if err == nil && nearer(ev, nearest, ts, dir) {
			return r.inPlace(ctx, room, ev)
		}
	}
	return nearest
}

// inPlace fetches history until an event that was fetched alone has its place there, since only then it can be told who may
// see it. It gives up, with the event as it is, when history up to there is too long.
func (r *Rooms) inPlace(ctx context.Context, room roomRef, ev *Event) *Event {
	for range maxNearFills {
		if placed(ev) {
			return ev
		}
		gaps, err := r.openGaps(ctx, room.nid, 1)
		if err != nil || len(gaps) == 0 || r.fillGap(ctx, room, &gaps[0]) != nil {
			return ev
		}
		again, err := r.Event(ctx, ev.ID)
		if err != nil {
			return ev
		}
		ev = again
	}
	return ev
}

// nearer reports whether ev lies in the direction from ts and closer to it than other. A server's word on the time is
// not taken: the event's own counts.
func nearer(ev, other *Event, ts int64, dir Direction) bool {
	distance := ev.OriginServerTS - ts
	if dir == Backward {
		distance = -distance
	}
	if distance < 0 || other == nil {
		return distance >= 0
	}
	present := other.OriginServerTS - ts
	if dir == Backward {
		present = -present
	}
	return distance < present
}
