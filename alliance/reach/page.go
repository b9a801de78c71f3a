package reach

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"medixchange/internal/web"
)

// Day is one day of this hospital.
type Day struct {
	Day      string `json:"day"` // such as 2026-03-01
	Users    Count  `json:"users"`
	Active   Count  `json:"active"`
	Rooms    Count  `json:"rooms"`
	Messages Count  `json:"messages"`
}

// Own is what was counted here, coarse as everything is that can be seen.
type Own struct {
	Page
	// RoomsWith are the rooms shared with each other member, by server name, as of the last day.
	RoomsWith map[string]Count `json:"rooms_with"`
	ByDay     []Day            `json:"by_day"`
}

// Own returns the figures of this hospital for one of Periods. ErrOff.
func (r *Reach) Own(ctx context.Context, days int) (Own, error) {
	own := Own{Page: Page{Days: days, Figures: Figures{Languages: map[string]Count{}}}, RoomsWith: map[string]Count{}, ByDay: []Day{}}
	if !r.o.Enabled {
		return own, ErrOff
	}
	if err := r.snapshot(ctx); err != nil {
		return own, err
	}
	counted, err := r.days(ctx, r.today()-int64(days)+1)
	if err != nil || len(counted) == 0 {
		return own, err
	}
	last := counted[len(counted)-1]
	if err := r.namesOn(ctx, last.day, &own); err != nil {
		return own, err
	}
	own.Since = date(counted[0].day)
	var busiest, messages int64
	for _, d := range counted {
		busiest, messages = max(busiest, d.active), messages+d.messages
		own.ByDay = append(own.ByDay, Day{date(d.day), Coarse(d.users), Coarse(d.active), Coarse(d.rooms), Coarse(d.messages)})
	}
	f := &own.Figures
	f.Users, f.ActiveDay, f.ActiveWeek, f.ActiveMonth = Coarse(last.users), Coarse(busiest), Coarse(last.week), Coarse(last.month)
	f.Rooms, f.Messages = Coarse(last.rooms), Coarse(messages)
	return own, nil
}

// namesOn reads what a day has by name.
func (r *Reach) namesOn(ctx context.Context, day int64, own *Own) error {
	languages, err := r.languagesOn(ctx, day)
	if err != nil {
		return err
	}
	own.Figures.Languages = mostRead(languages)
	with, err := r.roomsOn(ctx, day)
	if err != nil {
		return err
	}
	for server, n := range with {
		own.RoomsWith[server] = Coarse(n)
	}
	return nil
}

// pageAge is how long what other members are told stays the same: from figures that follow each single event one could see
// when a number passes to the next step.
const pageAge = time.Hour

// pages are what other members were told lately, by period.
type pages struct {
	now func() time.Time

	mu   sync.Mutex
	made map[int]madePage
}

type madePage struct {
	raw []byte
	at  time.Time
}

func (p *pages) get(days int, write func() ([]byte, error)) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if made, ok := p.made[days]; ok && p.now().Sub(made.at) < pageAge {
		return made.raw, nil
	}
	raw, err := write()
	if err != nil {
		return nil, err
	}
	if p.made == nil {
		p.made = map[int]madePage{}
	}
	p.made[days] = madePage{raw, p.now()}
	return raw, nil
}

// ReachPage implements federation.ReachPages: what an admitted member is told. It stays the same for an hour.
func (r *Reach) ReachPage(ctx context.Context, origin string, days int) ([]byte, error) {
	if _, ok := r.o.Member(origin); !ok {
		return nil, web.Forbidden("The reach of a hospital is told to admitted members of the alliance; %s is none now.", origin)
	}
	if !r.o.Enabled || !r.o.Share {
		return nil, web.NotFound("This hospital does not share its reach.")
	}
	if err := checkDays(days); err != nil {
		return nil, err
	}
	return r.own.get(days, func() ([]byte, error) {
		own, err := r.Own(ctx, days)
		if err != nil {
			return nil, err
		}
		raw, err := json.Marshal(own.Page)
		if err != nil {
			return nil, fmt.Errorf("writing the reach: %w", err)
		}
		return raw, nil
	})
}

func checkDays(days int) error {
	if !slices.Contains(Periods(), days) {
		return web.InvalidParam("days must be one of %v.", Periods())
	}
	return nil
}
