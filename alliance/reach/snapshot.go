package reach

import (
	"context"
	"fmt"
)

// standing is what is true of a day so far.
type standing struct {
	day                  int64
	users, today         int64
	week, month          int64
	rooms                int64
	roomsWith, readersOf map[string]int64
}

// snapshot notes what is true now for today, and removes days that are too old.
func (r *Reach) snapshot(ctx context.Context) error {
	now, err := r.look(ctx)
	if err != nil {
		return err
	}
	if err := r.storeStanding(ctx, now); err != nil {
		return err
	}
	return r.sweep(ctx, now.day)
}

func (r *Reach) look(ctx context.Context) (standing, error) {
	s := standing{day: r.today(), roomsWith: map[string]int64{}}
	since := func(days int64) int64 { return (s.day - days + 1) * dayMS }
	census, err := r.o.Accounts.Census(ctx, []int64{since(1), since(7), since(30)}, func(userID string) bool { return r.o.Own(ctx, userID) })
	if err != nil {
		return s, fmt.Errorf("counting users: %w", err)
	}
	s.users, s.today, s.week, s.month = census.Users, census.Active[0], census.Active[1], census.Active[2]
	s.readersOf = census.Languages
	err = r.o.Rooms.EachShared(ctx, func(servers []string, rooms int64) {
		members := r.membersAmong(servers)
		if len(members) > 0 {
			s.rooms += rooms
		}
		for _, server := range members {
			s.roomsWith[server] += rooms
		}
	})
	if err != nil {
		return s, fmt.Errorf("counting shared rooms: %w", err)
	}
	return s, nil
}
