package delayed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"medixchange/accounts"
	"medixchange/internal/sqldb"
	"medixchange/rooms"
)

const (
	sendTimeout = 30 * time.Second
	dueStep     = 100             // events that are claimed at a time
	senders     = 8               // rooms that are sent to at a time
	pause       = 2 * time.Second // before an event is tried again that the node could not send
	longestWait = time.Minute     // between two looks at the clock, which may have been set
	sweepEvery  = 10 * time.Minute

	// keepFinalised and maxFinalised bound what is kept of events that are no longer scheduled.
	keepFinalised = 7 * 24 * time.Hour
	maxFinalised  = 1000 // of a user
)

// Run sends events when their time comes, until ctx ends: first those whose time came while the node did not run.
func (d *Delayed) Run(ctx context.Context) error {
	if err := d.db.Write(ctx, unclaimAll); err != nil {
		return fmt.Errorf("taking up delayed events: %w", err)
	}
	swept := time.Time{}
	for ctx.Err() == nil {
		wait, err := d.sendDue(ctx)
		if err != nil && ctx.Err() == nil {
			d.o.Log.WithError(err).Warn("sending delayed events")
			wait = pause
		}
		if now := d.o.Now(); now.Sub(swept) >= sweepEvery {
			swept = now
			if err := d.sweep(ctx); err != nil && ctx.Err() == nil {
				d.o.Log.WithError(err).Warn("removing old delayed events")
			}
		}
		d.rest(ctx, wait)
	}
	return ctx.Err()
}

func (d *Delayed) rest(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-d.woken:
	case <-timer.C:
	}
}

// sendDue sends what is due and returns how long nothing else will be.
func (d *Delayed) sendDue(ctx context.Context) (time.Duration, error) {
	next, err := d.store.next(ctx)
	if err != nil {
		return 0, err
	}
	if next.IsZero() {
		return longestWait, nil
	}
	if wait := next.Sub(d.o.Now()); wait > 0 {
		return min(wait, longestWait), nil
	}
	var due []*Event
	err = d.db.Write(ctx, func(tx *sqldb.Tx) (err error) {
		due, err = claimDue(tx, d.o.Now(), dueStep)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("claiming delayed events: %w", err)
	}
	d.sendAll(ctx, due)
	return 0, nil
}

// sendAll sends the events of each room in their order, and some rooms at a time.
func (d *Delayed) sendAll(ctx context.Context, due []*Event) {
	byRoom := map[string][]*Event{}
	for _, ev := range due {
		byRoom[ev.RoomID] = append(byRoom[ev.RoomID], ev)
	}
	turns := make(chan struct{}, senders)
	var sending sync.WaitGroup
	for _, events := range byRoom {
		turns <- struct{}{}
		sending.Add(1)
		go func() {
			defer func() { <-turns; sending.Done() }()
			for _, ev := range events {
				d.sendOne(ctx, ev)
			}
		}()
	}
	sending.Wait()
}

// sendOne sends an event that is claimed. What the room refuses is given up; what the node cannot do now is tried again.
func (d *Delayed) sendOne(ctx context.Context, ev *Event) {
	ctx, done := context.WithTimeout(ctx, sendTimeout)
	defer done()
	if wait := d.ration(ev); wait > 0 {
		if err := d.giveBack(ctx, ev.ID, d.o.Now().Add(wait)); err != nil && ctx.Err() == nil {
			d.o.Log.WithField("room", ev.RoomID).WithError(err).Warn("putting off a delayed event")
		}
		return
	}
	got, err := d.send(ctx, ev)
	refusal, refused := refusalOf(err)
	switch {
	case err == nil:
		err = d.finalise(ctx, ev, got)
	case refused:
		err = d.finalise(ctx, ev, outcome{refusal: refusal})
	default:
		err = errors.Join(err, d.giveBack(context.WithoutCancel(ctx), ev.ID, d.o.Now().Add(pause)))
	}
	if err != nil && ctx.Err() == nil {
		d.o.Log.WithField("room", ev.RoomID).WithError(err).Warn("sending a delayed event")
	}
}

// ration returns how long an event has to wait for others of its sender: a hundred that are due at once would flood a room.
func (d *Delayed) ration(ev *Event) time.Duration {
	if takesBack(ev) {
		return 0
	}
	_, wait := d.o.Limit.Allow(ev.Sender)
	return wait
}

// takesBack reports whether an event only empties a state, as the leaving of a call does.
func takesBack(ev *Event) bool { return ev.StateKey != nil && string(ev.Content) == "{}" }

// outcome is what became of an event: neither set is cancelled.
type outcome struct {
	eventID string
	refusal json.RawMessage
}

// send sends an event that is claimed.
func (d *Delayed) send(ctx context.Context, ev *Event) (outcome, error) {
	gone, err := d.overtaken(ctx, ev)
	if err != nil || gone {
		return outcome{}, err
	}
	if err := d.maySend(ctx, ev); err != nil {
		return outcome{}, err
	}
	req := ev.SendRequest
	req.Txn = rooms.DelayTxn(ev.ID)
	eventID, err := d.o.Rooms.Send(ctx, req)
	return outcome{eventID: eventID}, err
}

// maySend refuses the events of users who may no longer write, but for what only takes something back.
func (d *Delayed) maySend(ctx context.Context, ev *Event) error {
	if takesBack(ev) {
		return nil
	}
	user, err := d.o.Accounts.User(ctx, ev.Sender)
	switch {
	case errors.Is(err, accounts.ErrNotFound):
		return nil // a user of an application service
	case err != nil:
		return err
	case user.Deactivated:
		return accounts.ErrDeactivated
	case user.Locked || user.Suspended:
		return accounts.ErrSuspended
	}
	return nil
}

// refusalOf tells what will not change by waiting from what will.
func refusalOf(err error) (json.RawMessage, bool) {
	code := ""
	var refused *accounts.Error
	switch {
	case errors.As(err, &refused):
		code = refused.Code
	case errors.Is(err, rooms.ErrForbidden):
		code = "M_FORBIDDEN"
	case errors.Is(err, rooms.ErrNotFound):
		code = "M_NOT_FOUND"
	case errors.Is(err, rooms.ErrTooLarge):
		code = "M_TOO_LARGE"
	case errors.Is(err, rooms.ErrSticky):
		code = "M_LIMIT_EXCEEDED"
	case errors.Is(err, rooms.ErrBadEvent), errors.Is(err, rooms.ErrInvalidParam), errors.Is(err, rooms.ErrBadAlias),
		errors.Is(err, rooms.ErrAnnotated), errors.Is(err, rooms.ErrUnsupportedRoom):
		code = "M_UNKNOWN"
	default:
		return nil, false
	}
	told, _ := json.Marshal(map[string]string{"errcode": code, "error": err.Error()}) // strings
	return told, true
}

func (d *Delayed) finalise(ctx context.Context, ev *Event, o outcome) error {
	err := d.db.Write(context.WithoutCancel(ctx), func(tx *sqldb.Tx) error { return finalise(tx, ev.ID, o, d.o.Now()) })
	if err != nil {
		return fmt.Errorf("noting what became of a delayed event: %w", err)
	}
	return nil
}

func (d *Delayed) giveBack(ctx context.Context, id string, at time.Time) error {
	err := d.db.Write(ctx, func(tx *sqldb.Tx) error { return unclaim(tx, id, at) })
	if err != nil {
		return fmt.Errorf("giving a delayed event back: %w", err)
	}
	d.wake()
	return nil
}

// sweep removes what was finalised long ago, and of each user what is too much.
func (d *Delayed) sweep(ctx context.Context) error {
	return d.db.Write(ctx, func(tx *sqldb.Tx) error { return removeFinalised(tx, d.o.Now().Add(-keepFinalised), maxFinalised) })
}
