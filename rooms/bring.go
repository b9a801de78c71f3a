package rooms

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"medixchange/internal/sqldb"
	"medixchange/rooms/resolve"
)

const (
	maxMissed  = 50 // events asked for between an event and what is here
	maxHelpers = 3  // servers asked for what one event lacks
)

// bring takes an event of another server into its room and, if something is missing for that, fetches it: first the events
// between it and what is here, then, if there are too many, the state before it. also goes into the commit. The error is a
// *missingError when what is missing could not be had now.
func (r *Rooms) bring(ctx context.Context, room roomRef, origin string, in *incoming, also func(*sqldb.Tx) error) (*Event, error) {
	ev, err := r.attempt(ctx, room, in, also)
	var lacks *missingError
	if !errors.As(err, &lacks) {
		return ev, err
	}
	snap, err := r.Snapshot(ctx, room.id)
	if err != nil {
		return nil, err
	}
	servers := r.askable(append([]string{origin, serverOf(in.event.Sender)}, snap.Servers()...))
	for _, server := range servers[:min(len(servers), maxHelpers)] {
		c := &carrier{r: r, room: room, server: server, states: maxEntries}
		ev, err := c.carry(ctx, in, also)
		if !errors.As(err, &lacks) || ctx.Err() != nil {
			return ev, err
		}
	}
	return nil, lacks
}

// attempt takes an event through the room's loop with what is here.
func (r *Rooms) attempt(ctx context.Context, room roomRef, in *incoming, also func(*sqldb.Tx) error) (*Event, error) {
	var ev *Event
	err := r.do(ctx, room.id, true, func(b *batch) (err error) {
		if ev, err = b.admit(in); err == nil && also != nil {
			b.stores = append(b.stores, also)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return ev, nil
}

// carrier brings one event into its room with the help of one server.
type carrier struct {
	r      *Rooms
	room   roomRef
	server string
	states int // how many states may still be fetched
}

func (c *carrier) carry(ctx context.Context, in *incoming, also func(*sqldb.Tx) error) (*Event, error) {
	between, err := c.between(ctx, in)
	if err != nil {
		c.log(err, "asking for missing events failed")
	}
	for _, earlier := range between {
		if _, err := c.place(ctx, earlier, nil); err != nil {
			var lacks *missingError
			if !errors.As(err, &lacks) && !refusal(err) {
				return nil, err
			}
			c.log(err, "a missing event could not be placed")
			if lacks != nil && slices.Contains(in.prev, earlier.event.ID) {
				return nil, lacks // the state behind it would lack the same
			}
		}
	}
	return c.place(ctx, in, also)
}

func (c *carrier) log(err error, what string) {
	c.r.log.WithError(err).WithField("room_id", c.room.id).WithField("server", c.server).Info(what)
}

// between asks for the events between an event and the newest ones here, and returns those of use, earlier ones first.
func (c *carrier) between(ctx context.Context, in *incoming) ([]*incoming, error) {
	lacks, err := c.unplaced(ctx, in.prev)
	if err != nil || len(lacks) == 0 {
		return nil, err
	}
	snap, err := c.r.Snapshot(ctx, c.room.id)
	if err != nil {
		return nil, err
	}
	newest, err := c.r.inOrder(ctx, snap.Extremities)
	if err != nil {
		return nil, err
	}
	earliest := idsOf(newest)
	if len(earliest) > maxPrev {
		earliest = earliest[len(earliest)-maxPrev:]
	}
	pdus, err := c.r.remote.MissingEvents(ctx, c.server, c.room.id, earliest, []string{in.event.ID}, maxMissed, 0)
	if err != nil {
		return nil, err
	}
	return c.r.vetChunk(ctx, c.room, pdus[:min(len(pdus), maxMissed)], in.prev)
}

// unplaced returns those of the events after which the state is not known here.
func (c *carrier) unplaced(ctx context.Context, ids []string) ([]string, error) {
	found, err := c.r.EventsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return found[id] != nil && found[id].StateAfter != 0 }), nil
}

// place admits an event, fetching its auth events and the state before it where they are missing.
func (c *carrier) place(ctx context.Context, in *incoming, also func(*sqldb.Tx) error) (*Event, error) {
	ev, err := c.r.attempt(ctx, c.room, in, also)
	var lacks *missingError
	if !errors.As(err, &lacks) {
		return ev, err
	}
	if slices.ContainsFunc(lacks.ids, func(id string) bool { return !slices.Contains(in.prev, id) }) {
		if err := c.fetchAuth(ctx, in); err != nil {
			return nil, c.still(lacks, err)
		}
		if ev, err = c.r.attempt(ctx, c.room, in, also); !errors.As(err, &lacks) {
			return ev, err
		}
	}
	after, err := c.after(ctx, in.prev)
	if err != nil {
		return nil, c.still(lacks, err)
	}
	one := *in
	one.after, one.afterGap = after, true
	return c.r.attempt(ctx, c.room, &one, also)
}

// fetchAuth fetches the auth events of an event that are not here: its whole auth chain at once or, from a server that
// does not give that, one by one.
func (c *carrier) fetchAuth(ctx context.Context, in *incoming) error {
	chain, err := c.r.remote.EventAuth(ctx, c.server, c.room.id, in.event.ID)
	if err == nil && len(chain) <= maxWelcome {
		err = c.r.admitOutliers(ctx, c.room, chain, nil)
	}
	if err != nil {
		c.log(err, "asking for an auth chain failed")
	}
	return c.r.fetchAuth(ctx, c.room, c.server, in.auth, nil)
}

// still says that events are missing, and why they could not be had: another server's refusal is none of this one.
func (c *carrier) still(lacks *missingError, why error) error {
	c.log(why, "fetching what an event needs failed")
	return fmt.Errorf("%w (%v)", lacks, why)
}

// after fetches the state after those of the events that have none here.
func (c *carrier) after(ctx context.Context, ids []string) (map[string]resolve.State, error) {
	lacks, err := c.unplaced(ctx, ids)
	if err != nil {
		return nil, err
	}
	states := make(map[string]resolve.State, len(lacks))
	for _, id := range lacks {
		if c.states--; c.states < 0 {
			return nil, fmt.Errorf("more than %d states would have to be fetched: %w", maxEntries, ErrUnreachable)
		}
		if states[id], err = c.stateAfter(ctx, id); err != nil {
			return nil, err
		}
	}
	return states, nil
}

// stateAfter fetches the state before an event and the event itself, and adds it if it is state. An event that can never be
// taken, malformed or badly signed, changes nothing: what follows it is not to be lost with it.
func (c *carrier) stateAfter(ctx context.Context, id string) (resolve.State, error) {
	before, err := c.r.fetchState(ctx, c.room, c.server, id)
	if err != nil {
		return nil, err
	}
	if err := c.r.fetchAuth(ctx, c.room, c.server, []string{id}, nil); err != nil {
		return nil, err
	}
	ev, err := c.r.Event(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound) && c.untakeable(ctx, id):
	case err != nil:
		return nil, err
	case ev.RoomNID != c.room.nid:
		return nil, fmt.Errorf("event %s is of another room: %w", id, ErrNotFound)
	case ev.IsState() && ev.Outcome != Rejected:
		before = overlay(before, resolve.State{{Key: ev.KeyNID, NID: ev.NID}})
	}
	if len(before) == 0 {
		return nil, fmt.Errorf("the state at event %s is empty: %w", id, ErrNotFound)
	}
	return before, nil
}

// untakeable reports whether the server has an event that its form or its signatures exclude for good.
func (c *carrier) untakeable(ctx context.Context, id string) bool {
	f, err := formatOf(c.room.version)
	if err != nil {
		return false
	}
	pdu, err := c.r.remote.Event(ctx, c.server, id)
	if err != nil {
		return false
	}
	in, err := f.parse(pdu)
	if err != nil {
		return refusal(err)
	}
	return in.event.ID == id && errors.Is(c.r.verifyOne(ctx, f, in), ErrInvalidParam)
}
