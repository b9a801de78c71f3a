package rtc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"medixchange/conference/sfu"
	"medixchange/internal/stream"
	"medixchange/internal/web"
)

const (
	cursorName = "conference"
	// sweepEvery is how often is looked what no event tells: servers that may not take part any more.
	sweepEvery = 500 * time.Millisecond
	// compareEvery is how often the SFU is asked who is really there.
	compareEvery = 30 * time.Second
	// compareAgain is how soon it is asked again after something that the SFU should have done failed.
	compareAgain = 2 * time.Second
	// countEvery is how often is looked whether other hospitals must be asked again what they show.
	countEvery = 5 * time.Second
	// forgetAfter is how long somebody who is not in the SFU is remembered: a token is good for 15 minutes, and those that the SFU
	// gives for coming back for ten more.
	forgetAfter = 30 * time.Minute
	removeTries = 5
	// removePatience bounds all tries, since others wait behind them.
	removePatience = 10 * time.Second
)

// follow reads the stream: memberships, access lists, slots and policies of rooms.
func (r *RTC) follow(ctx context.Context) {
	_ = r.o.Hub.Follow(ctx, cursorName, stream.FollowOptions{Start: r.o.Hub.Position(), Gather: stream.Unhurried}, r.read) // ends with ctx only
}

func (r *RTC) read(ctx context.Context, from, upto int64) error {
	if r.members.empty() {
		return nil
	}
	check := map[string]bool{}
	memberships, err := r.o.Rooms.StateChanges(ctx, "m.room.member", from, upto)
	if err != nil {
		return fmt.Errorf("following memberships for conferences: %w", err)
	}
	for _, d := range memberships {
		check[d.RoomID] = true
	}
	for _, typ := range append([]string{"m.room.server_acl", PolicyType}, slotTypes...) {
		changes, err := r.o.Rooms.StateChanges(ctx, typ, from, upto)
		if err != nil {
			return fmt.Errorf("following rooms for conferences: %w", err)
		}
		for _, d := range changes {
			check[d.RoomID] = true
			if typ == PolicyType {
				r.toEnforce(d.RoomID)
			}
		}
	}
	for roomID := range check {
		if err := r.check(ctx, r.members.room(roomID), r.mayTakePart); err != nil {
			return err
		}
	}
	return nil
}

// check has everybody removed who may not take part any more.
func (r *RTC) check(ctx context.Context, members []Member, may func(context.Context, Member) (Policy, error)) error {
	for _, m := range members {
		_, err := may(ctx, m)
		var refused *web.Error
		if errors.As(err, &refused) {
			r.evict(m.place())
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// device is one of a user's.
type device struct{ userID, deviceID string }

// onTheWay is for how long a request may be under way from another hospital, which looked before it whether the device is logged in.
const onTheWay = time.Minute

// devicesGone hears that devices of a user have ended; nil: all of them.
func (r *RTC) devicesGone(userID string, deviceIDs []string) {
	for _, id := range deviceIDs { // before the look at who is there: who comes after it finds this
		r.departed.Add(device{userID, id}, r.o.Now().Add(onTheWay).UnixMilli())
	}
	for _, m := range r.members.room("") {
		if m.UserID == userID && (deviceIDs == nil || slices.Contains(deviceIDs, m.DeviceID)) {
			r.evict(m.place())
		}
	}
}

// evict has somebody removed at once, and makes sure that they do not come back.
func (r *RTC) evict(p place) {
	r.pending.Lock()
	defer r.pending.Unlock()
	if r.pending.places[p] {
		return
	}
	select {
	case r.evicting <- p:
		r.pending.places[p] = true
	default:
		r.owing.Store(true)
	}
}

func (r *RTC) evictAll(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case p := <-r.evicting:
			r.pending.Lock()
			delete(r.pending.places, p) // they may come back while they are removed
			r.pending.Unlock()
			r.evictOne(ctx, p)
		}
	}
}

// evictOne removes somebody from the SFU and forgets that they had a token. Only when the SFU does not answer they stay noted, and
// are looked for again soon; so are those who came back with an old token, to whom no note leads.
func (r *RTC) evictOne(ctx context.Context, p place) {
	m, known := r.members.get(p)
	log := r.o.Log.WithFields(map[string]any{"user": m.UserID, "room": m.RoomID})
	if err := r.removeFromSFU(ctx, p); err != nil {
		log.WithError(err).Error("somebody could not be removed from a conference, trying again")
		r.owing.Store(true)
		if !known {
			time.AfterFunc(compareAgain, func() { r.evictForgotten(p) })
		}
		return
	}
	if !known {
		return
	}
	r.forget(p)
	if err := r.deleteParticipant(ctx, p.sfuRoom, p.identity); err != nil && ctx.Err() == nil {
		log.WithError(err).Warn("somebody who was removed from a conference is still noted")
	}
	log.Info("removed from a conference")
}

// forget takes somebody's token back. Whoever does not find them among the members any more finds that they were removed, so that there
// is no moment in which they come in and nobody minds.
func (r *RTC) forget(p place) {
	r.evicted.Add(p, r.o.Now().Add(forgetAfter).UnixMilli())
	r.members.remove(p)
}

// forgotten reports whether somebody was removed, and has no new token, whose old one may still be good for an SFU.
func (r *RTC) forgotten(p place) bool {
	_, known := r.members.get(p)
	until, evicted := r.evicted.Get(p)
	return !known && evicted && r.o.Now().UnixMilli() < until
}

// evictForgotten removes somebody who came back with an old token.
func (r *RTC) evictForgotten(p place) {
	if r.forgotten(p) {
		r.evict(p)
	}
}

func (r *RTC) removeFromSFU(ctx context.Context, p place) error {
	ctx, cancel := context.WithTimeout(ctx, removePatience)
	defer cancel()
	var err error
	for range removeTries {
		if err = r.o.SFU.Remove(ctx, p.sfuRoom, p.identity); err == nil || errors.Is(err, sfu.ErrUnavailable) && !r.o.SFU.Running() {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
	return err
}

// sweep looks regularly for what no event of a room tells.
func (r *RTC) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	compared, counted := time.Now(), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if r.members.empty() {
			continue
		}
		r.checkServers()
		if time.Since(counted) >= countEvery {
			counted = time.Now()
			r.countAgain()
		}
		if since := time.Since(compared); since < compareAgain || since < compareEvery && !r.owing.Load() {
			continue
		}
		r.owing.Store(false)
		if err := r.compare(ctx); err != nil && ctx.Err() == nil {
			r.o.Log.WithError(err).Warn("who is in conferences could not be compared with who may be")
			r.owing.Store(true)
		}
		compared = time.Now()
	}
}

// checkServers removes the users of servers that may not take part any more: suspended by the alliance, or denied.
func (r *RTC) checkServers() {
	allowed := map[string]bool{r.o.ServerName: true}
	for _, m := range r.members.room("") {
		server := serverOf(m.UserID)
		ok, known := allowed[server]
		if !known {
			ok = r.o.AllowServer(server)
			allowed[server] = ok
		}
		if !ok {
			r.evict(m.place())
		}
	}
}

// compare asks the SFU who is there: whoever has no token from us is removed, whoever is long gone is forgotten.
func (r *RTC) compare(ctx context.Context) error {
	all := r.members.room("")
	if err := r.check(ctx, all, r.mayComeIn); err != nil {
		return err
	}
	bySFURoom := map[string][]Member{}
	for _, m := range all {
		bySFURoom[m.SFURoom] = append(bySFURoom[m.SFURoom], m)
	}
	for sfuRoom, members := range bySFURoom {
		present, err := r.o.SFU.Participants(ctx, sfuRoom)
		if err != nil {
			return fmt.Errorf("looking who is in a conference: %w", err)
		}
		here := map[string]bool{}
		for _, p := range present {
			here[p.Identity] = true
			if _, known := r.members.get(place{sfuRoom, p.Identity}); !known && !p.Hidden && !p.Recorder && !r.probed(sfuRoom, p.Identity) {
				r.evict(place{sfuRoom, p.Identity})
			}
		}
		r.forgetGone(ctx, members, here)
		r.toEnforce(members[0].RoomID)
	}
	return nil
}

func (r *RTC) forgetGone(ctx context.Context, members []Member, here map[string]bool) {
	now := r.o.Now().UnixMilli()
	for _, m := range members {
		switch {
		case here[m.Identity]:
			m.IssuedTS = now
			if err := r.note(ctx, m); err != nil {
				r.o.Log.WithError(err).Warn("who is in a conference could not be noted")
			}
		case now-m.IssuedTS > forgetAfter.Milliseconds():
			r.members.remove(m.place())
			if err := r.deleteParticipant(ctx, m.SFURoom, m.Identity); err != nil {
				r.o.Log.WithError(err).Warn("who has left a conference is still noted")
			}
		}
	}
}

// reported hears what the SFU reports.
func (r *RTC) reported(e sfu.WebhookEvent) {
	p := place{e.Room, e.Identity}
	switch e.Event {
	case sfu.ParticipantJoined:
		r.joined(p)
	case sfu.ParticipantLeft, sfu.Aborted:
		r.watched.left(p)
	}
	if m, known := r.members.get(p); known && e.Event != sfu.RoomFinished {
		r.toEnforce(m.RoomID)
	}
}

// joined checks again whether somebody may be there: they may have been removed between their token and now, or have come back with
// a token that an SFU which others run still takes.
func (r *RTC) joined(p place) {
	r.watched.joined(p)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if r.probed(p.sfuRoom, p.identity) {
		return
	}
	m, known := r.members.get(p)
	if !known {
		r.evictForgotten(p)
		return // else a recorder, or what compare finds
	}
	if err := r.check(ctx, []Member{m}, r.mayComeIn); err != nil {
		r.o.Log.WithError(err).Warn("somebody who came into a conference could not be checked")
	}
}
