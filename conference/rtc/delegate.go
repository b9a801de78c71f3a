package rtc

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"medixchange/accounts"
	"medixchange/internal/sqldb"
	"medixchange/internal/web"
)

const (
	// shortestDelay is what a delayed leave must leave for restarting it in time.
	shortestDelay = 5 * time.Second
	delegateEvery = time.Second
	// waitToCome is how long somebody who has handed over their leave may take to come.
	waitToCome = 5 * time.Minute
	// presentEvery is how often the SFU is asked whether somebody is still there, since its reports may be lost; who is missed
	// missedTwice times has left.
	presentEvery = 5 * time.Second
	missedTwice  = 2
	// doubtedOften looks, a second apart, make a report that somebody left a mistake when they are there in each.
	doubtedOften = 5
	// triesAgain is how many looks, a second apart, somebody has who never came before they have left.
	triesAgain = 10
	maxWatched = 20_000
)

// delegation is a delayed leave event that the node keeps from being sent while its participant is connected.
type delegation struct {
	place     place
	userID    string
	delayID   string
	sinceTS   int64 // ms
	delay     time.Duration
	restarted time.Time
	asked     time.Time
	here      bool // was seen in the SFU
	gone      bool // was reported to have left
	missed    int
	doubted   int // how often who was reported to have left was still there
}

type delegations struct {
	mu  sync.Mutex
	all map[place]*delegation
}

// joined and left note what the SFU reports, in whatever order its reports come: who came and went within a moment may be
// reported to have left first. Whether somebody reported to have left is gone shows when the SFU is asked.
func (d *delegations) joined(p place) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w := d.all[p]; w != nil {
		w.here, w.missed, w.doubted = true, 0, 0
	}
}

func (d *delegations) left(p place) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w := d.all[p]; w != nil {
		w.gone = true
	}
}

func (d *delegations) list() []*delegation {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]*delegation, 0, len(d.all))
	for _, w := range d.all {
		out = append(out, w)
	}
	return out
}

// delegateLeave answers POST /rtc/livekit/delegate_delayed_leave.
func (r *RTC) delegateLeave(req *http.Request, d *accounts.Device) (any, error) {
	var q tokenRequest
	if err := web.Decode(req, &q, maxBody); err != nil {
		return nil, err
	}
	if err := q.checkOf(d); err != nil {
		return nil, err
	}
	if err := r.ourURL(q.URL, d.UserID); err != nil {
		return nil, err
	}
	if q.DelayID == "" {
		return nil, web.MissingParam("delay_id is missing.")
	}
	return struct{}{}, r.handOver(req.Context(), q.member(d.UserID, d.DeviceID), q.DelayID)
}

// serviceDelegate answers the same as deployed clients ask it.
func (r *RTC) serviceDelegate(req *http.Request) (any, error) {
	var q serviceRequest
	if err := web.Decode(req, &q, maxBody); err != nil {
		return nil, err
	}
	m, err := q.memberOf()
	if err != nil {
		return nil, err
	}
	if q.DelayID == "" {
		return nil, web.BadJSON("delay_id is needed.")
	}
	identity := func(userID string) string { return deviceIdentity(userID, m.DeviceID, q.Member.ID) }
	if err := r.prove(req.Context(), q, &m, identity); err != nil {
		return nil, err
	}
	return struct{}{}, r.handOver(req.Context(), m, q.DelayID)
}

// handOver takes over a delayed leave event from its owner. An earlier one of the same participant is not kept any longer.
func (r *RTC) handOver(ctx context.Context, m Member, delayID string) error {
	if serverOf(m.UserID) != r.o.ServerName {
		return web.InvalidParam("This server does not keep that delayed event.")
	}
	ev, err := r.o.Delayed.Get(ctx, m.UserID, delayID)
	if err != nil || ev.RoomID != m.RoomID || !ev.FinalisedAt.IsZero() {
		return web.InvalidParam("There is no such delayed event of yours in this room.").Because(err)
	}
	if ev.Delay < shortestDelay {
		return web.InvalidParam("The delay is too short to be handed over: at least %d seconds.", int(shortestDelay/time.Second))
	}
	now := r.o.Now()
	w := &delegation{place: m.place(), userID: m.UserID, delayID: delayID, sinceTS: now.UnixMilli(), delay: ev.Delay, restarted: now}
	if err := r.storeDelegation(ctx, w); err != nil {
		return err
	}
	r.watched.mu.Lock()
	defer r.watched.mu.Unlock()
	if len(r.watched.all) >= maxWatched {
		return web.LimitExceeded(time.Minute)
	}
	r.watched.all[w.place] = w
	return nil
}

// delegate restarts what was handed over while its participants are connected, and sends it when they are gone.
func (r *RTC) delegate(ctx context.Context) {
	tick := time.NewTicker(delegateEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, w := range r.watched.list() {
			if err := r.attend(ctx, w); err != nil && ctx.Err() == nil {
				r.o.Log.WithError(err).WithField("user", w.userID).Warn("a delayed leave could not be attended to")
			}
		}
	}
}

// attend looks after one delegation.
func (r *RTC) attend(ctx context.Context, w *delegation) error {
	now := r.o.Now()
	r.watched.mu.Lock()
	came, gone, ask := w.here, w.gone, w.gone || now.Sub(w.asked) >= presentEvery
	r.watched.mu.Unlock()
	if ask && r.o.SFU.Running() {
		here, err := r.isPresent(ctx, w.place)
		if err != nil {
			return err
		}
		if r.sawPresence(w, here, gone, now) {
			return r.sendLeave(ctx, w)
		}
	}
	if !came && now.UnixMilli()-w.sinceTS > waitToCome.Milliseconds() {
		return r.letGo(ctx, w) // the delay goes on by itself, and ends
	}
	if w.delay == 0 { // taken over from before a restart
		ev, err := r.o.Delayed.Get(ctx, w.userID, w.delayID)
		if err != nil {
			return fmt.Errorf("taking a delayed leave up again: %w", r.letGoBecause(ctx, w, err))
		}
		w.delay = ev.Delay
	}
	if now.Sub(w.restarted) < w.delay/3 {
		return nil
	}
	w.restarted = now
	if err := r.o.Delayed.Restart(ctx, w.userID, w.delayID); err != nil {
		return fmt.Errorf("restarting a delayed leave: %w", r.letGoBecause(ctx, w, err))
	}
	return nil
}

// sawPresence notes whether a participant is there, and reports whether they have left for good.
func (r *RTC) sawPresence(w *delegation, here, reported bool, now time.Time) bool {
	r.watched.mu.Lock()
	defer r.watched.mu.Unlock()
	w.asked = now
	if here {
		w.here, w.missed = true, 0
		if reported { // the report may come before the SFU's list knows of it
			w.doubted++
		}
		if w.doubted >= doubtedOften {
			w.gone, w.doubted = false, 0
		}
		return false
	}
	w.doubted = 0
	if !w.here && !reported {
		return false
	}
	w.missed++
	if !w.here { // their connection ended before it stood: they may be trying again
		return w.missed >= triesAgain
	}
	return reported || w.missed >= missedTwice
}

func (r *RTC) isPresent(ctx context.Context, p place) (bool, error) {
	present, err := r.o.SFU.Participants(ctx, p.sfuRoom)
	if err != nil {
		return false, fmt.Errorf("looking who is in a conference: %w", err)
	}
	for _, someone := range present {
		if someone.Identity == p.identity {
			return true, nil
		}
	}
	return false, nil
}

func (r *RTC) sendLeave(ctx context.Context, w *delegation) error {
	if err := r.o.Delayed.Send(ctx, w.userID, w.delayID); err != nil {
		return fmt.Errorf("sending a delayed leave: %w", r.letGoBecause(ctx, w, err))
	}
	return r.letGo(ctx, w)
}

// letGoBecause gives up on a delayed event that is not there any more.
func (r *RTC) letGoBecause(ctx context.Context, w *delegation, cause error) error {
	if err := r.letGo(ctx, w); err != nil {
		r.o.Log.WithError(err).Warn("a delayed leave is still noted")
	}
	return cause
}

func (r *RTC) letGo(ctx context.Context, w *delegation) error {
	r.watched.mu.Lock()
	if r.watched.all[w.place] == w {
		delete(r.watched.all, w.place)
	}
	r.watched.mu.Unlock()
	err := r.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return deleteDelegation(tx, w) })
	if err != nil {
		return fmt.Errorf("forgetting a delayed leave: %w", err)
	}
	return nil
}
