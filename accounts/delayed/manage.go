package delayed

import (
	"context"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// Anyone stands for whoever knows a delay id, where a user id is asked for: a call's token service that the owner has given
// it to. It may restart and send.
const Anyone = ""

// Restart puts a scheduled event off by its whole delay again. userID is its owner, or Anyone. An event that is not scheduled
// any more, since it was sent, cancelled or overtaken by somebody else's state, is M_NOT_FOUND, which tells clients to
// schedule another.
func (d *Delayed) Restart(ctx context.Context, userID, delayID string) error {
	ev, err := d.find(ctx, userID, delayID)
	if err != nil {
		return err
	}
	if !ev.FinalisedAt.IsZero() {
		return errNone
	}
	gone, err := d.overtaken(ctx, ev)
	if err != nil {
		return err
	}
	if gone {
		return errors.Join(d.finalise(ctx, ev, outcome{}), errNone)
	}
	return d.move(ctx, delayID, func(tx *sqldb.Tx) (bool, error) { return restart(tx, delayID, d.o.Now()) })
}

// Cancel keeps an event from ever being sent; userID is its owner. It may be repeated.
func (d *Delayed) Cancel(ctx context.Context, userID, delayID string) error {
	ev, err := d.find(ctx, userID, delayID)
	if err != nil {
		return err
	}
	if !ev.FinalisedAt.IsZero() {
		if ev.EventID != "" {
			return errNone
		}
		return nil
	}
	return d.move(ctx, delayID, func(tx *sqldb.Tx) (bool, error) { return cancel(tx, delayID, d.o.Now()) })
}

// move changes an event that is scheduled and not being sent.
func (d *Delayed) move(ctx context.Context, delayID string, change func(*sqldb.Tx) (bool, error)) error {
	var changed bool
	err := d.db.Write(ctx, func(tx *sqldb.Tx) (err error) {
		changed, err = change(tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("changing a delayed event: %w", err)
	}
	if !changed {
		return errNone
	}
	d.wake()
	return nil
}

// Send sends an event now; userID is its owner, or Anyone. It may be repeated. When sending fails the event stays
// scheduled, and the error is that of rooms.Send.
func (d *Delayed) Send(ctx context.Context, userID, delayID string) error {
	ev, err := d.find(ctx, userID, delayID)
	if err != nil {
		return err
	}
	if ev.EventID != "" {
		return nil
	}
	if !ev.FinalisedAt.IsZero() {
		return errNone
	}
	var claimed bool
	err = d.db.Write(ctx, func(tx *sqldb.Tx) (err error) {
		claimed, err = claim(tx, delayID)
		return err
	})
	if err != nil {
		return fmt.Errorf("claiming a delayed event: %w", err)
	}
	if !claimed {
		return errNone
	}
	// It goes on without its caller: what is claimed is sent or given back.
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
	defer done()
	got, err := d.send(ctx, ev)
	if err != nil {
		return errors.Join(err, d.giveBack(ctx, ev.ID, ev.ScheduledAt.Add(ev.Delay)))
	}
	if err := d.finalise(ctx, ev, got); err != nil {
		return err
	}
	if got.eventID == "" {
		return errNone // somebody else's state stands
	}
	return nil
}

// Get returns an event of userID.
func (d *Delayed) Get(ctx context.Context, userID, delayID string) (*Event, error) {
	if userID == Anyone {
		return nil, errNone
	}
	return d.find(ctx, userID, delayID)
}

// Scheduled lists the events of a user that are still to be sent, by time.
func (d *Delayed) Scheduled(ctx context.Context, userID string) ([]*Event, error) {
	return d.store.ofUser(ctx, userID, false, max(d.o.MaxScheduled, 1))
}

// Finalised lists the events of a user that were sent, cancelled or given up, newest first.
func (d *Delayed) Finalised(ctx context.Context, userID string) ([]*Event, error) {
	return d.store.ofUser(ctx, userID, true, maxListed)
}

// maxListed bounds the finalised events of an answer.
const maxListed = 100

func (d *Delayed) find(ctx context.Context, userID, delayID string) (*Event, error) {
	ev, err := d.store.byID(ctx, delayID)
	if errors.Is(err, sqldb.ErrNoRows) || err == nil && userID != Anyone && ev.Sender != userID {
		return nil, errNone
	}
	if err != nil {
		return nil, fmt.Errorf("reading a delayed event: %w", err)
	}
	return ev, nil
}
