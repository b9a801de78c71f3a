package rooms

import (
	"math"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// creatorLevel is the power of a creator from room version 12 on: above every level that can be given.
const creatorLevel = math.MaxInt64

// powerLevels is m.room.power_levels, parsed once, for those who ask what a user may do. What is allowed is decided by
// rooms/resolve alone.
type powerLevels struct {
	present                                                              bool
	ban, invite, kick, redact, stateDefault, eventsDefault, usersDefault int64
	users, events, notifications                                         map[string]int64
}

// defaultLevels are those of a room without m.room.power_levels (Client-Server API, m.room.power_levels).
func defaultLevels() *powerLevels { return &powerLevels{ban: 50, kick: 50, redact: 50} }

func parseLevels(content gjson.Result) *powerLevels {
	p := &powerLevels{present: true, ban: 50, kick: 50, redact: 50, stateDefault: 50}
	for name, level := range map[string]*int64{
		"ban": &p.ban, "invite": &p.invite, "kick": &p.kick, "redact": &p.redact,
		"state_default": &p.stateDefault, "events_default": &p.eventsDefault, "users_default": &p.usersDefault,
	} {
		if v := content.Get(name); v.Exists() {
			*level = parseLevel(v)
		}
	}
	p.users = levelMap(content.Get("users"))
	p.events = levelMap(content.Get("events"))
	p.notifications = levelMap(content.Get("notifications"))
	return p
}

func levelMap(object gjson.Result) map[string]int64 {
	levels := map[string]int64{}
	if object.IsObject() {
		object.ForEach(func(key, value gjson.Result) bool {
			levels[key.Str] = parseLevel(value)
			return true
		})
	}
	return levels
}

// parseLevel reads an integer, or one in a string, as room versions up to 9 have them.
func parseLevel(v gjson.Result) int64 {
	if v.Type == gjson.String {
		level, _ := strconv.ParseInt(strings.TrimSpace(v.Str), 10, 64) // 0 when it is none
		return level
	}
	return v.Int()
}

// required returns the level that sending an event of the type takes.
func (p *powerLevels) required(typ string, state bool) int64 {
	if level, ok := p.events[typ]; ok {
		return level
	}
	if state {
		return p.stateDefault
	}
	return p.eventsDefault
}

// of returns the power of a user.
func (f *facts) of(userID string) int64 {
	if f.infinite && f.creators[userID] {
		return creatorLevel
	}
	if level, ok := f.levels.users[userID]; ok {
		return level
	}
	if !f.levels.present && f.creators[userID] {
		return 100
	}
	return f.levels.usersDefault
}
