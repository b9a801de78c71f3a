package resolve

import (
	"math"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// parsed is what an event's content says to the rules. Only the part of the event's own type is filled.
type parsed struct {
	err    error // the content cannot be read as its type wants; events that depend on it are refused
	member memberContent
	create createContent
	join   string // join_rule
	power  *powerContent
	third  []string // public keys of an m.room.third_party_invite, base64
}

type memberContent struct {
	membership    string
	thirdParty    bool   // third_party_invite is there
	signed        []byte // third_party_invite.signed, nil when it is not an object
	mxid, token   string // of signed
	authorisedVia string
}

type createContent struct {
	creator     string // content.creator
	hasCreator  bool
	version     string // content.room_version; "1" when it is absent
	federate    bool
	additional  []string
	additionals bool // additional_creators can be read: absent, or an array of user ids
}

// content returns the parsed content. Two goroutines may parse at the same time; both get the same answer.
func (e *Event) content() *parsed {
	if p := e.parsed.Load(); p != nil {
		return p
	}
	p := parseContent(e)
	e.parsed.Store(p)
	return p
}

func parseContent(e *Event) *parsed {
	p := &parsed{}
	root := gjson.Result{}
	if gjson.ValidBytes(e.Content) {
		root = gjson.ParseBytes(e.Content)
	}
	if !root.IsObject() {
		p.err = deny("content", "the content of %s is not an object", e.ID)
		return p
	}
	switch e.Type {
	case typeMember:
		p.member = parseMember(root)
	case typeCreate:
		p.create = parseCreate(root)
	case typeJoinRules:
		root.ForEach(func(k, v gjson.Result) bool {
			if k.Str == "join_rule" {
				p.join = v.Str
			}
			return true
		})
	case typePowerLevels:
		p.power = parsePower(root)
	case typeThirdParty:
		p.third = parseThirdParty(root)
	}
	return p
}

func parseMember(root gjson.Result) memberContent {
	var m memberContent
	root.ForEach(func(k, v gjson.Result) bool {
		switch k.Str {
		case "membership":
			m.membership = v.Str
		case "third_party_invite":
			m.thirdParty, m.signed, m.mxid, m.token = true, nil, "", ""
			parseSigned(v, &m)
		case "join_authorised_via_users_server":
			m.authorisedVia = v.Str
		}
		return true
	})
	return m
}

func parseSigned(invite gjson.Result, m *memberContent) {
	if !invite.IsObject() {
		return
	}
	invite.ForEach(func(k, v gjson.Result) bool {
		if k.Str == "signed" && v.IsObject() {
			m.signed = []byte(v.Raw)
			m.mxid, m.token = lastString(v, "mxid"), lastString(v, "token")
		}
		return true
	})
}

// lastString returns the string at key of an object, the last one of duplicates.
func lastString(obj gjson.Result, key string) (s string) {
	obj.ForEach(func(k, v gjson.Result) bool {
		if k.Str == key {
			s = v.Str
		}
		return true
	})
	return s
}

func parseCreate(root gjson.Result) createContent {
	c := createContent{version: "1", federate: true, additionals: true}
	root.ForEach(func(k, v gjson.Result) bool {
		switch k.Str {
		case "creator":
			c.creator, c.hasCreator = v.Str, true
		case "room_version":
			c.version = v.Str
		case "m.federate":
			c.federate = v.Type != gjson.False
		case "additional_creators":
			c.additional, c.additionals = userIDs(v)
		}
		return true
	})
	return c
}

// userIDs reads an array of user ids; false when it is anything else.
func userIDs(list gjson.Result) (ids []string, ok bool) {
	if !list.IsArray() {
		return nil, false
	}
	ok = true
	list.ForEach(func(_, v gjson.Result) bool {
		ok = v.Type == gjson.String && validUserID(v.Str)
		ids = append(ids, v.Str)
		return ok
	})
	return ids, ok
}

func parseThirdParty(root gjson.Result) (keys []string) {
	root.ForEach(func(k, v gjson.Result) bool {
		switch {
		case k.Str == "public_key" && v.Type == gjson.String:
			keys = append(keys, v.Str)
		case k.Str == "public_keys" && v.IsArray():
			v.ForEach(func(_, entry gjson.Result) bool {
				if entry.IsObject() {
					keys = append(keys, lastString(entry, "public_key"))
				}
				return true
			})
		}
		return true
	})
	return keys
}

// The single levels of m.room.power_levels.
const (
	levelUsersDefault = iota
	levelEventsDefault
	levelStateDefault
	levelBan
	levelRedact
	levelKick
	levelInvite
	levels
)

var levelNames = [levels]string{"users_default", "events_default", "state_default", "ban", "redact", "kick", "invite"}

var levelDefaults = [levels]int64{levelStateDefault: 50, levelBan: 50, levelRedact: 50, levelKick: 50}

// powerContent is m.room.power_levels. A level that is not there is not the same as one that has the default value: adding
// it is a change.
type powerContent struct {
	present                      [levels]bool
	level                        [levels]int64
	users, events, notifications map[string]int64
	broken                       string // a property that cannot be read in any room version, "" if there is none
	lax                          string // a property that room versions up to 9 can read and later ones cannot
}

func (p *powerContent) get(level int) int64 {
	if p == nil || !p.present[level] {
		return levelDefaults[level]
	}
	return p.level[level]
}

// required is the level needed to send an event of the type.
func (p *powerContent) required(typ string, state bool) int64 {
	if p != nil {
		if l, ok := p.events[typ]; ok {
			return l
		}
	}
	if state {
		return p.get(levelStateDefault)
	}
	return p.get(levelEventsDefault)
}

func parsePower(root gjson.Result) *powerContent {
	p := &powerContent{}
	root.ForEach(func(k, v gjson.Result) bool {
		switch k.Str {
		case "users":
			p.users = p.levelMap("users", v)
		case "events":
			p.events = p.levelMap("events", v)
		case "notifications":
			p.notifications = p.levelMap("notifications", v)
		default:
			for i, name := range levelNames {
				if k.Str == name {
					p.present[i], p.level[i] = true, p.parseLevel(name, v)
				}
			}
		}
		return true
	})
	return p
}

func (p *powerContent) levelMap(name string, obj gjson.Result) map[string]int64 {
	if !obj.IsObject() {
		p.broken = name
		return nil
	}
	m := map[string]int64{}
	obj.ForEach(func(k, v gjson.Result) bool {
		m[k.Str] = p.parseLevel(name, v)
		return true
	})
	return m
}

func (p *powerContent) parseLevel(name string, v gjson.Result) int64 {
	level, kind := parseLevel(v)
	switch kind {
	case levelLax:
		p.lax = name
	case levelBroken:
		p.broken = name
	}
	return level
}

type levelKind int

const (
	levelInteger levelKind = iota
	levelLax               // a string or a number with a fraction or exponent
	levelBroken
)

// parseLevel reads a power level: an integer, or what room versions up to 9 accept besides (strings that hold an integer;
// other numbers, truncated). Integers beyond 64 bits, which only room versions 1 to 5 let through, become the largest.
func parseLevel(v gjson.Result) (int64, levelKind) {
	switch v.Type {
	case gjson.Number:
		if n, err := strconv.ParseInt(v.Raw, 10, 64); err == nil {
			return n, levelInteger
		}
		return truncate(v.Raw)
	case gjson.String:
		n, err := strconv.ParseInt(strings.TrimSpace(v.Str), 10, 64)
		if err != nil {
			return 0, levelBroken
		}
		return n, levelLax
	default:
		return 0, levelBroken
	}
}

func truncate(raw string) (int64, levelKind) {
	f, err := strconv.ParseFloat(raw, 64)
	switch {
	case err != nil || math.IsInf(f, 0) || math.IsNaN(f):
		return 0, levelBroken
	case f >= math.MaxInt64:
		return math.MaxInt64, levelLax
	case f <= math.MinInt64:
		return math.MinInt64, levelLax
	}
	return int64(f), levelLax
}

// validUserID reports whether id can be a user id. It is as wide as the rules of all room versions are: historical user
// ids have any localpart.
func validUserID(id string) bool {
	return len(id) <= 255 && len(id) > 0 && id[0] == '@' && strings.IndexByte(id, ':') > 0
}

// domainOf returns the server name of a user, room or event id: what follows the first colon.
func domainOf(id string) string {
	_, domain, _ := strings.Cut(id, ":")
	return domain
}
