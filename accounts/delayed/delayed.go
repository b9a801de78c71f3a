package delayed

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/internal/sqldb"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// Options is what Delayed is built from; all of it but Limit must be set.
type Options struct {
	DB       *sqldb.DB
	Rooms    *rooms.Rooms
	Accounts *accounts.Accounts
	// MaxDelay is the longest delay that is accepted.
	MaxDelay time.Duration
	// MaxScheduled bounds the events of a user that are scheduled at a time; 0 allows none.
	MaxScheduled int
	// Limit rations by user what is sent when its time has come, but for what only takes something back; nil rations nothing.
	Limit *web.Limiter
	Now   func() time.Time
	Log   *logrus.Entry
}

// Delayed schedules events. It is safe for concurrent use.
type Delayed struct {
	o     Options
	db    *sqldb.DB
	store store
	woken chan struct{}
}

// New returns a Delayed; nothing is sent until Run.
func New(o Options) *Delayed {
	return &Delayed{o: o, db: o.DB, store: store{o.DB}, woken: make(chan struct{}, 1)}
}

// Request is an event to be sent later. Txn, if set, is the client's: its repetition gives the same delay id.
type Request struct {
	rooms.SendRequest
	Delay time.Duration
}

// Event is a delayed event. Times are those of the node.
type Event struct {
	Request
	ID          string
	ScheduledAt time.Time // when it was scheduled or last restarted
	// FinalisedAt is when it was sent, cancelled or given up; zero while it is scheduled.
	FinalisedAt time.Time
	EventID     string          // of the event that was sent
	Error       json.RawMessage // what kept it from being sent, as {"errcode", "error"}

	request  string
	replaces string
}

// The ways in which a request about delayed events is refused.
var (
	errNone      = &accounts.Error{Status: http.StatusNotFound, Code: "M_NOT_FOUND", Message: "There is no such delayed event"}
	errForbidden = &accounts.Error{Status: http.StatusForbidden, Code: "M_FORBIDDEN", Message: "Events cannot be delayed on this server"}
	errDelay     = &accounts.Error{Status: http.StatusBadRequest, Code: "M_INVALID_PARAM", Message: "The delay must be a positive number of milliseconds"}
)

// errTooLong says the longest delay in the form that deployed clients act on: they ask again with what is allowed.
func (d *Delayed) errTooLong() error {
	return &accounts.Error{Status: http.StatusBadRequest, Code: "M_UNKNOWN",
		Message: fmt.Sprintf("The delay is longer than the %d milliseconds that are allowed", d.o.MaxDelay.Milliseconds()),
		Extra: map[string]any{
			"org.matrix.msc4140.errcode":   "M_MAX_DELAY_EXCEEDED",
			"org.matrix.msc4140.max_delay": d.o.MaxDelay.Milliseconds(),
		}}
}

func (d *Delayed) errTooMany(next time.Time) error {
	wait := max(next.Sub(d.o.Now()), time.Second)
	return &accounts.Error{Status: http.StatusTooManyRequests, Code: "M_LIMIT_EXCEEDED",
		Message: "The maximum number of delayed events has been reached",
		Extra:   map[string]any{"retry_after_ms": wait.Milliseconds()}}
}

// Limits returns the longest delay and how many events a user may have scheduled at a time.
func (d *Delayed) Limits() (longest time.Duration, scheduled int) {
	return d.o.MaxDelay, d.o.MaxScheduled
}

// Schedule keeps an event and returns its delay id once it is durable. Whether the sender may send it is decided when its
// time comes; here they have to be in the room. Errors: those of rooms.Check, and accounts.Error.
func (d *Delayed) Schedule(ctx context.Context, req Request) (delayID string, err error) {
	switch {
	case d.o.MaxScheduled <= 0:
		return "", errForbidden
	case req.Delay < time.Millisecond:
		return "", errDelay
	case req.Delay > d.o.MaxDelay:
		return "", d.errTooLong()
	}
	if err := d.o.Rooms.Check(ctx, req.SendRequest); err != nil {
		return "", err
	}
	membership, _, err := d.o.Rooms.Membership(ctx, req.RoomID, req.Sender)
	if err != nil {
		return "", err
	}
	if membership != "join" {
		return "", fmt.Errorf("only who is in a room may schedule an event for it: %w", rooms.ErrForbidden)
	}
	ev := &Event{Request: req, ID: newID(), ScheduledAt: d.o.Now(), request: requestOf(req.Txn)}
	if ev.replaces, err = d.stateNow(ctx, ev); err != nil {
		return "", err
	}
	return d.keep(ctx, ev)
}

func (d *Delayed) keep(ctx context.Context, ev *Event) (string, error) {
	var id string
	var full bool
	var next time.Time
	err := d.db.Write(ctx, func(tx *sqldb.Tx) (err error) {
		if id, err = requested(tx, ev.Sender, ev.request); err != nil || id != "" {
			return err
		}
		if full, next, err = fullAt(tx, ev.Sender, d.o.MaxScheduled); err != nil || full {
			return err
		}
		id = ev.ID
		return insert(tx, ev)
	})
	switch {
	case err != nil:
		return "", fmt.Errorf("storing a delayed event: %w", err)
	case full:
		return "", d.errTooMany(next)
	}
	d.wake()
	return id, nil
}

// stateNow returns the id of the state event that ev would replace, "" for none.
func (d *Delayed) stateNow(ctx context.Context, ev *Event) (string, error) {
	current, err := d.current(ctx, ev)
	if current == nil {
		return "", err
	}
	return current.ID, nil
}

func (d *Delayed) current(ctx context.Context, ev *Event) (*rooms.Event, error) {
	if ev.StateKey == nil {
		return nil, nil
	}
	current, err := d.o.Rooms.StateEvent(ctx, ev.RoomID, ev.Type, *ev.StateKey)
	if errors.Is(err, rooms.ErrNotFound) {
		return nil, nil
	}
	return current, err
}

// overtaken reports whether somebody else has set the state since ev was scheduled: what they said stands.
func (d *Delayed) overtaken(ctx context.Context, ev *Event) (bool, error) {
	current, err := d.current(ctx, ev)
	if err != nil || current == nil {
		return false, err
	}
	return current.ID != ev.replaces && current.Sender != ev.Sender, nil
}

// newID is hard to guess: who knows the id of a delayed event may restart and send it.
func newID() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func requestOf(t *rooms.Txn) string {
	if t == nil {
		return ""
	}
	key, _ := json.Marshal([]string{t.Scope, t.Path, t.ID}) // strings
	return string(key)
}

func (d *Delayed) wake() {
	select {
	case d.woken <- struct{}{}:
	default:
	}
}
