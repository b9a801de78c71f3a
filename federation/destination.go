package federation

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"sync"
	"time"

	"medixchange/accounts"
	"medixchange/internal/pace"
	"medixchange/rooms"
)

const (
	// firstPause is what follows the first failure; it doubles with each further one.
	firstPause = 500 * time.Millisecond
	// heardPause is the shortest time between two tries that hearing of a server causes.
	heardPause = 2 * time.Second
	// maxTypingWaiting bounds the typing notices that wait for a server.
	maxTypingWaiting = 200
	// maxPresencesWaiting bounds the presences that wait for a server.
	maxPresencesWaiting = 500
	// keepTries is how often a transaction is tried as it is before it is made anew.
	keepTries = 5
	// splitTries is how often a server may call a transaction malformed before what is in it is sent one by one.
	splitTries = 3
)

// place is what is kept of a destination in the database. Times are ms.
type place struct {
	server       string
	acked        int64 // it has acknowledged everything for it up to here
	wanted       int64 // the last position of something for it; nothing for it lies between acked and here if not greater
	failingSince int64
	retryAt      int64
	failures     int64
	lastSuccess  int64
}

func (p *place) waiting() bool { return p.wanted > p.acked }

// destination sends to one server. At most one worker of it runs at a time.
type destination struct {
	sender *Sender

	mu            sync.Mutex
	place         place
	devicesWanted int64 // the last position of a device message for it
	devicesAcked  int64
	typists       map[[2]string]bool                // room and user → types
	presences     map[string]accounts.PresenceState // by user
	offered       []offer                           // sticky events beside the stream
	running       bool
	timer         *time.Timer
	heardAt       time.Time

	// The worker's own.
	kept      *outbound // to be tried again as it is
	tries     int
	malformed int  // how often in a row the server called a transaction malformed
	single    bool // send one thing at a time, to find the one that is refused
	catchUp   *catchUp
	surveyed  int64 // up to here it is known that all can be sent
}

// want says that there is something for the server, first and last of it at these positions.
func (d *destination) want(first, last int64) {
	d.mu.Lock()
	if !d.place.waiting() {
		d.place.acked = max(d.place.acked, first-1) // nothing for it lies before
	}
	d.place.wanted = max(d.place.wanted, last)
	d.mu.Unlock()
	d.sender.changed(d)
	d.wake()
}

func (d *destination) wantDevices(position int64) {
	d.mu.Lock()
	d.devicesWanted = max(d.devicesWanted, position)
	d.mu.Unlock()
	d.wake()
}

func (d *destination) typing(change rooms.TypingChange) {
	d.mu.Lock()
	if d.place.failures > 0 {
		d.mu.Unlock()
		return
	}
	if d.typists == nil {
		d.typists = map[[2]string]bool{}
	}
	if len(d.typists) < maxTypingWaiting {
		d.typists[[2]string{change.RoomID, change.UserID}] = change.Typing
	}
	d.mu.Unlock()
	d.wake()
}

func (d *destination) presence(change accounts.PresenceChange) {
	d.mu.Lock()
	if d.place.failures > 0 {
		d.mu.Unlock()
		return
	}
	if d.presences == nil {
		d.presences = map[string]accounts.PresenceState{}
	}
	if _, waits := d.presences[change.UserID]; waits || len(d.presences) < maxPresencesWaiting {
		d.presences[change.UserID] = change.State
	}
	d.mu.Unlock()
	d.wake()
}

// busy reports whether there is something to send; the lock is held.
func (d *destination) busy() bool {
	return d.place.waiting() || d.devicesWanted > d.devicesAcked || len(d.offered) > 0 || len(d.typists)+len(d.presences) > 0
}

// wake starts a worker if there is something to send and no pause to wait for.
func (d *destination) wake() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running || d.timer != nil || !d.busy() || !d.sender.concerns(d.place.server) {
		return
	}
	d.running = d.sender.start(d.work)
}

// resume tries at once, since the program's own end may have been why the server could not be reached.
func (d *destination) resume() {
	d.mu.Lock()
	d.place.retryAt = 0
	d.mu.Unlock()
	d.wake()
}

// heard ends a pause, and with it the growth of pauses.
func (d *destination) heard() {
	d.mu.Lock()
	if d.timer == nil || d.sender.o.Now().Sub(d.heardAt) < heardPause {
		d.mu.Unlock()
		return
	}
	d.heardAt = d.sender.o.Now()
	d.mu.Unlock()
	d.retry()
}

// retry ends a pause.
func (d *destination) retry() {
	d.stopTimer()
	d.mu.Lock()
	d.place.failures, d.place.retryAt = 0, 0
	d.mu.Unlock()
	d.sender.changed(d)
	d.wake()
}

func (d *destination) stopTimer() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

func (d *destination) current() place {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.place
}

func (d *destination) status() DestinationStatus {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.place
	status := DestinationStatus{Server: p.server, Acknowledged: p.acked, Wanted: p.wanted, Waiting: d.busy(), Failures: p.failures}
	for ms, at := range map[int64]*time.Time{p.failingSince: &status.FailingSince, p.retryAt: &status.RetryAt, p.lastSuccess: &status.LastSuccess} {
		if ms != 0 {
			*at = time.UnixMilli(ms)
		}
	}
	return status
}

// work sends until nothing is left or the server fails.
func (d *destination) work(ctx context.Context) {
	for {
		out, err := d.next(ctx)
		if ctx.Err() != nil {
			d.end()
			return
		}
		if err != nil {
			d.sender.o.Log.WithError(err).WithField("destination", d.place.server).Warn("reading what is to be sent failed, trying again")
			pace.Pause(ctx, infrastructurePause)
			continue
		}
		if out == nil {
			if d.endIfIdle() {
				return
			}
			continue
		}
		if err := d.deliver(ctx, out); err != nil {
			if ctx.Err() != nil {
				d.end()
				return
			}
			if d.failed(out, err) {
				return
			}
			continue
		}
		d.delivered(ctx, out)
	}
}

func (d *destination) end() {
	d.mu.Lock()
	d.running = false
	d.mu.Unlock()
}

// endIfIdle ends the worker unless something has come meanwhile.
func (d *destination) endIfIdle() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.busy() {
		return false
	}
	d.running = false
	return true
}

// deliver sends a transaction when there is a place for it.
func (d *destination) deliver(ctx context.Context, out *outbound) error {
	s := d.sender
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if out.id == "" {
		out.id = rand.Text()
	}
	s.metrics.inFlight.Inc()
	defer s.metrics.inFlight.Dec()
	var answer struct {
		PDUs map[string]struct {
			Error string `json:"error"`
		} `json:"pdus"`
	}
	began := time.Now()
	err := s.o.Client.transport.json(ctx, call{server: d.place.server, method: http.MethodPut,
		uri: path("/_matrix/federation/v1/send", out.id), body: out.body, canonical: true, maxBody: smallAnswer, lane: laneSend}, &answer)
	if err != nil {
		return fmt.Errorf("sending a transaction: %w", err)
	}
	s.metrics.sent(out, time.Since(began))
	refused := map[string]bool{}
	for eventID, result := range answer.PDUs {
		if result.Error != "" {
			refused[eventID] = true
			s.o.Log.WithFields(map[string]any{"destination": d.place.server, "event": eventID, "error": truncate(result.Error, 200)}).
				Info("a server refused an event")
		}
	}
	d.refused(out, refused)
	return nil
}

// delivered moves the place on.
func (d *destination) delivered(ctx context.Context, out *outbound) {
	d.kept, d.tries, d.malformed, d.single = nil, 0, 0, false
	d.moveOn(ctx, out)
	d.mu.Lock()
	p := &d.place
	p.failingSince, p.retryAt, p.failures, p.lastSuccess = 0, 0, 0, d.sender.o.Now().UnixMilli()
	d.mu.Unlock()
}

// moveOn counts what a transaction held as done.
func (d *destination) moveOn(ctx context.Context, out *outbound) {
	if d.catchUp != nil {
		d.catchUp.positions = d.catchUp.positions[out.planned:]
		if out.reached >= d.catchUp.upto {
			d.surveyed, d.catchUp = d.catchUp.upto, nil
		}
	}
	d.mu.Lock()
	if out.reached > d.place.acked {
		d.place.acked = out.reached
	}
	d.devicesAcked = max(d.devicesAcked, out.devices)
	d.mu.Unlock()
	d.sender.changed(d)
	if out.devices == 0 {
		return
	}
	if err := d.sender.o.Accounts.AckOutboundDeviceMessages(ctx, d.place.server, out.devices); err != nil && ctx.Err() == nil {
		d.sender.o.Log.WithError(err).Warn("deleting device messages that were sent failed; they may be sent again")
	}
}

// failed notes a failure and sets the pause; ended says that the worker ends with it.
func (d *destination) failed(out *outbound, cause error) (ended bool) {
	s := d.sender
	s.metrics.failures.Inc()
	d.keep(out)
	if d.setAside(out, cause) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p := &d.place
	now := s.o.Now()
	if p.failingSince == 0 {
		p.failingSince = now.UnixMilli()
	}
	pause := backoff(p.failures, s.o.BackoffMax)
	var refusal *RemoteError
	if errors.As(cause, &refusal) && refusal.RetryAfter > 0 {
		pause = min(refusal.RetryAfter, s.o.BackoffMax)
	}
	p.failures++
	p.retryAt = now.Add(pause).UnixMilli()
	clear(d.typists)
	clear(d.presences)
	d.running = false
	var timer *time.Timer
	timer = time.AfterFunc(pause, func() {
		d.mu.Lock()
		current := d.timer == timer
		if current {
			d.timer = nil
		}
		d.mu.Unlock()
		if current {
			d.wake()
		}
	})
	d.timer = timer
	s.changed(d)
	s.o.Log.WithError(cause).WithFields(map[string]any{"destination": p.server, "failures": p.failures,
		"pause": pause.Round(time.Millisecond).String()}).Info("a server could not be sent to")
	return true
}

// keep lets a transaction be tried again under its id, as the specification wants, but not for good: what it says of
// typing and receipts gets old.
func (d *destination) keep(out *outbound) {
	d.tries++
	d.kept = out
	if d.tries >= keepTries {
		d.kept, d.tries = nil, 0
		d.offer(out.offered)
	}
}

// setAside finds what a server calls malformed again and again: first everything is sent one by one, then the one thing
// that is refused is left out, since it would hold up all that comes after.
func (d *destination) setAside(out *outbound, cause error) bool {
	var refusal *RemoteError
	if !errors.As(cause, &refusal) || refusal.Status != http.StatusBadRequest && refusal.Status != http.StatusRequestEntityTooLarge {
		return false
	}
	d.malformed++
	if d.malformed < splitTries {
		return false
	}
	if !d.single {
		if d.kept != nil {
			d.offer(out.offered)
		}
		d.single, d.kept, d.tries = true, nil, 0
		return true
	}
	d.sender.o.Log.WithError(cause).WithFields(map[string]any{"destination": d.place.server, "events": out.pdus, "edus": out.edus,
		"position": out.reached}).Error("something that a server refuses as malformed was left out")
	d.sender.metrics.leftOut.Inc()
	d.kept, d.tries = nil, 0
	d.moveOn(d.sender.ctx, out)
	return true
}

// backoff is the pause after failures that went before: it doubles, within half and one and a half of itself, so that
// servers do not come back all at once.
func backoff(failures int64, most time.Duration) time.Duration {
	pause := min(firstPause<<min(failures, 20), most)
	return min(pause/2+time.Duration(mathrand.Int64N(int64(pause)+1)), most)
}
