package resolve

import (
	"math"
	"slices"
)

// infinite is the power level of the creators from room version 12 on.
const infinite = math.MaxInt64

// creator returns the user that room versions 1 to 11 call the room's creator; in version 12 the first of the creators.
func (c *checker) creator() string {
	if c.creatorIsSender {
		return c.create.Sender
	}
	return c.create.content().create.creator
}

// userLevel returns a user's power level.
func (c *checker) userLevel(user string) int64 { return c.rules.userLevel(user, c.create, c.power) }

// userLevel returns a user's power level under a create event (may be nil) and power levels (nil: the room has none).
func (r *rules) userLevel(user string, create *Event, power *powerContent) int64 {
	if r.creatorsInfinite && create.isCreator(user) {
		return infinite
	}
	if power != nil {
		if l, ok := power.users[user]; ok {
			return l
		}
		return power.get(levelUsersDefault)
	}
	if create == nil || r.creatorsInfinite {
		return 0
	}
	creator := create.Sender
	if !r.creatorIsSender {
		creator = create.content().create.creator
	}
	if user == creator {
		return 100
	}
	return 0
}

// isCreator reports whether user is one of the creators that a create event of room version 12 names.
func (e *Event) isCreator(user string) bool {
	return e != nil && (user == e.Sender || slices.Contains(e.content().create.additional, user))
}

// unreadable names a property of power levels that the room version does not accept, "" if all is well.
func (r *rules) unreadable(p *powerContent) string {
	if p.broken == "" && r.integerLevels {
		return p.lax
	}
	return p.broken
}

func (c *checker) checkPowerLevels(level int64) error {
	p := c.event.content()
	if p.err != nil {
		return p.err
	}
	now := p.power
	if name := c.unreadable(now); name != "" {
		return malformed("power_levels."+name, "%s cannot be read", name)
	}
	for user := range now.users {
		if !validUserID(user) {
			return malformed("power_levels.users", "%q is not a user id", user)
		}
		if c.creatorsInfinite && c.create.isCreator(user) {
			return malformed("power_levels.creators", "users names the creator %s", user)
		}
	}
	if c.power == nil {
		return nil
	}
	return c.checkLevelChanges(level, c.power, now)
}

// checkLevelChanges refuses changes of levels above the sender's own, and of users who are not below the sender.
func (c *checker) checkLevelChanges(level int64, old, now *powerContent) error {
	for i, name := range levelNames {
		ch := levelChange{old.level[i], old.present[i], now.level[i], now.present[i]}
		if ch.above(level) {
			return ch.deny(name, "", level)
		}
	}
	if err := checkLevelMap("events", level, old.events, now.events); err != nil {
		return err
	}
	if c.notifications {
		if err := checkLevelMap("notifications", level, old.notifications, now.notifications); err != nil {
			return err
		}
	}
	if err := checkLevelMap("users", level, old.users, now.users); err != nil {
		return err
	}
	for user, had := range old.users {
		has, kept := now.users[user]
		if user != c.event.Sender && had >= level && (!kept || has != had) {
			return deny("power_levels.users", "%s has %d, not less than the sender's %d", user, had, level)
		}
	}
	return nil
}

func checkLevelMap(name string, level int64, old, now map[string]int64) error {
	for k, o := range old {
		n, kept := now[k]
		if ch := (levelChange{o, true, n, kept}); ch.above(level) {
			return ch.deny(name, k, level)
		}
	}
	for k, n := range now {
		o, was := old[k]
		if ch := (levelChange{o, was, n, true}); ch.above(level) {
			return ch.deny(name, k, level)
		}
	}
	return nil
}

// levelChange is one level before and after. A level that is not there has no value, also not the default one.
type levelChange struct {
	old    int64
	hadOld bool
	new    int64
	hasNew bool
}

// above reports whether the level changes from or to a value above level.
func (ch levelChange) above(level int64) bool {
	if ch.hadOld == ch.hasNew && (!ch.hadOld || ch.old == ch.new) {
		return false
	}
	return ch.hadOld && ch.old > level || ch.hasNew && ch.new > level
}

func (ch levelChange) deny(name, key string, level int64) error {
	if key != "" {
		key = " of " + key
	}
	return deny("power_levels."+name, "%s%s changes from %d to %d, the sender has %d", name, key, ch.old, ch.new, level)
}
