package resolve

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// The library's Allowed is the oracle of Check. Where they differ on purpose (the specification says otherwise), explain
// names the reason; a difference without a reason fails.

func pick[T any](rnd *rand.Rand, from ...T) T { return from[rnd.IntN(len(from))] }

// newRand gives each version its own situations.
func newRand(seed uint64, version string) *rand.Rand {
	n, _ := strconv.ParseUint(version, 10, 64)
	return rand.New(rand.NewPCG(seed, n))
}

// randomPower is a power levels content with few values, so that they are often equal.
func randomPower(rnd *rand.Rand, w *world) content {
	level := func() int { return pick(rnd, 0, 25, 50, 100) }
	u := map[string]int{}
	for _, user := range users {
		if rnd.IntN(3) > 0 {
			u[user] = level()
		}
	}
	c := w.levels(u)
	for _, name := range levelNames {
		if rnd.IntN(3) == 0 {
			c[name] = level()
		}
	}
	if rnd.IntN(2) == 0 {
		c["events"] = map[string]int{"m.room.topic": level(), "m.room.message": level()}
	}
	if rnd.IntN(3) == 0 {
		c["notifications"] = map[string]int{"room": level()}
	}
	return c
}

// changedPower changes values, mostly without adding or removing any.
func changedPower(rnd *rand.Rand, w *world, old content) content {
	if old == nil || rnd.IntN(4) == 0 {
		return randomPower(rnd, w)
	}
	c := maps.Clone(old)
	for _, name := range levelNames {
		if _, ok := c[name]; ok && name != "users_default" && rnd.IntN(4) == 0 {
			c[name] = pick(rnd, 0, 25, 50, 100)
		}
	}
	for _, name := range []string{"users", "events"} {
		if m, ok := c[name].(map[string]int); ok {
			m = maps.Clone(m)
			for k := range m {
				if rnd.IntN(5) == 0 {
					m[k] = pick(rnd, 0, 25, 50, 100)
				}
			}
			c[name] = m
		}
	}
	return c
}

// situation is an event and the state it is checked against.
type situation struct {
	w          *world
	event      *Event
	state      StateEvents
	old, new   content // power levels
	rule, from string
}

func randomSituation(rnd *rand.Rand, version string) *situation {
	w := newWorld(version)
	s := &situation{w: w, state: StateEvents{}, from: "leave"}
	put := func(typ, key, sender string, c content) {
		e := w.make(fork{state: s.state}, typ, &key, sender, c)
		s.state[StateKey{typ, key}] = e
	}
	c := content{"room_version": version, "creator": "@alice:a"}
	if rnd.IntN(6) == 0 {
		c["m.federate"] = pick(rnd, true, false)
	}
	if version == "12" && rnd.IntN(2) == 0 {
		c["additional_creators"] = []string{"@bob:b"}
	}
	put(typeCreate, "", "@alice:a", c)
	if rnd.IntN(10) > 0 {
		s.old = randomPower(rnd, w)
		if version == "12" && c["additional_creators"] != nil {
			delete(s.old["users"].(map[string]int), "@bob:b")
		}
		put(typePowerLevels, "", "@alice:a", s.old)
	}
	if rnd.IntN(6) > 0 {
		s.rule = pick(rnd, "public", "invite", "knock", "restricted", "knock_restricted", "private")
		put(typeJoinRules, "", "@alice:a", content{"join_rule": s.rule})
	}
	for _, user := range users {
		if rnd.IntN(8) > 0 {
			put(typeMember, user, user, content{"membership": pick(rnd, "join", "join", "join", "invite", "leave", "ban", "knock")})
		}
	}
	s.randomEvent(rnd)
	return s
}

// sender is mostly somebody who is joined: others cannot do much.
func (s *situation) sender(rnd *rand.Rand) string {
	for range 6 {
		user := pick(rnd, users...)
		if m := s.state[StateKey{typeMember, user}]; m != nil && m.content().member.membership == "join" {
			return user
		}
	}
	return pick(rnd, users...)
}

func (s *situation) randomEvent(rnd *rand.Rand) {
	w, sender, f := s.w, s.sender(rnd), fork{state: s.state, last: "$last:a"}
	if rnd.IntN(12) == 0 {
		f.last = w.create.ID
	}
	switch n := rnd.IntN(12); {
	case n < 6:
		target := pick(rnd, append(users, sender, sender, sender)...)
		if m := s.state[StateKey{typeMember, target}]; m != nil {
			s.from = m.content().member.membership
		}
		c := content{"membership": pick(rnd, "join", "join", "invite", "leave", "ban", "knock", "odd")}
		if rnd.IntN(2) == 0 {
			c["join_authorised_via_users_server"] = pick(rnd, users...)
		}
		s.event = w.make(f, typeMember, &target, sender, c)
	case n < 9:
		s.new = changedPower(rnd, w, s.old)
		s.event = w.make(f, typePowerLevels, ptr(""), sender, s.new)
	case n == 9:
		s.event = w.make(f, typeRedaction, nil, sender, content{}, func(pdu map[string]any) { pdu["redacts"] = pick(rnd, "$x:a", "$x:b") })
	case n == 10:
		typ := pick(rnd, "m.room.message", "m.room.topic", typeAliases, typeThirdParty)
		key := pick(rnd, nil, ptr(""), ptr(domainOf(sender)), ptr(sender), ptr("@alice:a"))
		if typ == typeAliases && key == nil {
			key = ptr("")
		}
		s.event = w.make(f, typ, key, sender, content{})
	default:
		f.last = pick(rnd, "", "", "$last:a")
		key := ptr("")
		if w.version != "12" { // there the library takes such an event for one without a room
			key = pick(rnd, key, ptr("x"))
		}
		s.event = w.make(f, typeCreate, key, sender, content{"creator": sender, "room_version": w.version})
	}
}

// explain names why the library answers differently, "" if there is no known reason.
func (s *situation) explain(err error) string {
	r := byVersion[s.w.version]
	var denied *Denied
	errors.As(err, &denied)
	switch {
	case denied != nil && denied.Rule == "member.leave" && s.from == "leave":
		return "the library lets users leave again who have left"
	case denied != nil && denied.Rule == "member.leave" && s.from == "knock" && !r.knock:
		return "the library knows the membership knock in every room version"
	case denied != nil && s.from == "ban" && (denied.Rule == "member.kick.level" || denied.Rule == "member.kick.target"):
		return "the library lets those unban who may ban but not kick, or who are not above the target"
	case denied != nil && denied.Rule == "member.join.rule" && (s.from == "join" || s.from == "invite"):
		return "the library lets members and invited users join under any join rule"
	case denied != nil && s.rule == "knock_restricted" && !r.knockRestricted:
		return "the library knows the join rule knock_restricted before room version 10"
	case err == nil && s.event.Type == typeMember && len(s.event.Prev) == 1 && s.event.Prev[0] == s.w.create.ID:
		return "the library wants the creator's first join to be sent by the creator"
	case err == nil && s.event.Type == typeMember && s.from == "knock" && s.rule == "public":
		return "the library does not let users join a public room who have knocked"
	case s.event.Type == typeAliases && !r.aliases:
		return "the library has the rule for m.room.aliases in every room version"
	case s.event.Type == typeThirdParty && s.event.StateKey != nil && len(*s.event.StateKey) > 0:
		return "the library looks at the state key of third party invitations"
	case s.event.Type == typePowerLevels && !sameShape(s.old, s.new):
		return "the library takes levels that are not there for their defaults, does not look at users_default, and refuses changes of notifications at the sender's own level"
	}
	return ""
}

// sameShape reports whether two power levels have the same entries, and the same users_default and notifications.
func sameShape(a, b content) bool {
	keys := func(c content) map[string]any {
		out := map[string]any{}
		for k, v := range c {
			out[k] = true
			if m, ok := v.(map[string]int); ok && k != "notifications" {
				for key := range m {
					out[k+"/"+key] = true
				}
			}
			if k == "notifications" || k == "users_default" {
				out[k] = fmt.Sprint(v)
			}
		}
		return out
	}
	return reflect.DeepEqual(keys(a), keys(b))
}

func TestCheckAgreesWithTheLibrary(t *testing.T) {
	reasons := map[string]int{}
	for version := range byVersion {
		allowed, refused := 0, 0
		for seed := range uint64(800) {
			s := randomSituation(newRand(seed, version), version)
			ours := Check(version, s.event, s.state)
			library := s.w.libraryCheck(s.event, s.state)
			if ours == nil {
				allowed++
			} else {
				refused++
			}
			if (ours == nil) == (library == nil) {
				continue
			}
			reason := s.explain(ours)
			if reason == "" {
				state, _ := json.Marshal(s.old)
				require.Fail(t, "a difference without a reason", "version %s seed %d\n%s\nours %v\nlibrary %v\npower %s rule %q from %q",
					version, seed, s.event.JSON, ours, library, state, s.rule, s.from)
			}
			reasons[reason]++
		}
		require.Greater(t, allowed, 60)
		require.Greater(t, refused, 200)
	}
	for reason, n := range reasons {
		t.Log(n, reason)
	}
}
