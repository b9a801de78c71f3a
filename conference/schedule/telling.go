package schedule

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"medixchange/rooms"
)

func pathEscape(text string) string { return url.PathEscape(text) }

// zoneOf is the time zone in which a member is told times.
func (s *Schedule) zoneOf(ctx context.Context, userID string) *time.Location {
	name, err := s.o.Zones(ctx, userID)
	if err != nil || name == "" || len(name) > 64 || name == "Local" {
		return s.o.Zone
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return s.o.Zone
	}
	return zone
}

// when says the day, the time and the zone; digits and order are the same in all languages, as a time must not be misread.
func (s *Schedule) when(language string, conf *Conference, zone *time.Location) string {
	start, end := conf.Start.In(zone), conf.End().In(zone)
	text := start.Format("2006-01-02 15:04") + "–" + end.Format("15:04")
	days := strings.Split(s.o.Words(language, "conference_days"), "|")
	if at := (int(start.Weekday()) + 6) % 7; len(days) == 7 {
		text = strings.TrimSpace(days[at]) + " " + text
	}
	return text + " (" + zone.String() + ")"
}

// names are the hosts as the room calls them.
func (s *Schedule) names(ctx context.Context, roomID string, hosts []string) string {
	names := make([]string, 0, len(hosts))
	for _, host := range hosts {
		name := host
		if ev, err := s.o.Rooms.StateEvent(ctx, roomID, "m.room.member", host); err == nil {
			if said := cleanTitle(ev.Content().Get("displayname").Str); said != "" {
				name = said
			}
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// remindAll reminds members when the time comes, until ctx ends: late where the node did not run, unless it has ended.
func (s *Schedule) remindAll(ctx context.Context) {
	swept := time.Time{}
	for ctx.Err() == nil {
		wait, err := s.doNext(ctx)
		if err != nil && ctx.Err() == nil {
			s.o.Log.WithError(err).Warn("reminding members of a conference")
			wait = failurePause
		}
		if now := s.o.Now(); now.Sub(swept) > time.Hour {
			swept = now
			if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
				s.o.Log.WithError(err).Warn("removing conferences that have ended")
			}
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-s.woken:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// doNext rings and reminds, and returns how long nothing else will be.
func (s *Schedule) doNext(ctx context.Context) (time.Duration, error) {
	ringing, err := s.ringAll(ctx)
	if err != nil {
		return 0, err
	}
	wait, err := s.remindNext(ctx)
	return min(wait, ringing), err
}

// remindNext reminds of the conference that comes first if it is time, and returns how long nothing else will be.
func (s *Schedule) remindNext(ctx context.Context) (time.Duration, error) {
	d, ok, err := next(ctx, s.o.DB)
	if err != nil || !ok {
		return longestWait, err
	}
	if wait := d.remindAt.Sub(s.o.Now()); wait > 0 {
		return min(wait, longestWait), nil
	}
	if err := s.remind(ctx, d); err != nil {
		return 0, err
	}
	return 0, s.note(ctx, d)
}

func (s *Schedule) remind(ctx context.Context, d due) error {
	if d.endsAt.Before(s.o.Now()) {
		return nil
	}
	ev, conf, err := s.dueConference(ctx, d)
	if err != nil || conf == nil {
		return err
	}
	return s.tellAll(ctx, ev, conf, keyReminder)
}

// dueConference reads what is due; nil for what is none any more.
func (s *Schedule) dueConference(ctx context.Context, d due) (*rooms.Event, *Conference, error) {
	found, err := s.o.Rooms.Events(ctx, []int64{d.eventNID})
	if err != nil {
		return nil, nil, fmt.Errorf("reading what is due: %w", err)
	}
	conf, err := s.conferenceOf(ctx, found[d.eventNID])
	return found[d.eventNID], conf, err
}
