package resolve

import (
	"slices"
)

// AuthState is the state an event is authorised against: its auth_events, the state before it, or the current state. It
// returns nil where it has no event. Events that were rejected do not belong into it.
type AuthState interface {
	AuthEvent(typ, stateKey string) *Event
}

// StateEvents is an AuthState in a map.
type StateEvents map[StateKey]*Event

// AuthEvent implements AuthState.
func (s StateEvents) AuthEvent(typ, stateKey string) *Event { return s[StateKey{typ, stateKey}] }

// Of makes a state of events. Of events at the same place the last one counts; events that are not state are left out.
func Of(events ...*Event) StateEvents {
	s := make(StateEvents, len(events))
	for _, e := range events {
		if e.StateKey != nil {
			s[StateKey{e.Type, *e.StateKey}] = e
		}
	}
	return s
}

// CheckAuthEvents applies the rules about an event's auth_events list (rule 2 up to room version 11, rule 3 in version 12):
// no two for one place, none that the selection does not ask for, none rejected, all of the same room, and the create event
// among them (from version 12 on: not among them). It does not look at what they allow: Check with Of(auth...) does. For
// room version 12, where the create event has to be known besides, add it to that state.
// It returns nil, a *Denied, or ErrUnknownVersion.
func CheckAuthEvents(version string, e *Event, auth []*Event) error {
	r, err := rulesOf(version)
	if err != nil {
		return err
	}
	if e.Type == typeCreate {
		if len(auth) > 0 {
			return deny("auth_events.extraneous", "a create event has no auth events")
		}
		return nil
	}
	var buf [8]StateKey
	wanted := r.neededAuth(buf[:0], e)
	hasCreate := false
	for i, a := range auth {
		if err := r.checkAuthEvent(e, a, wanted, auth[:i]); err != nil {
			return err
		}
		hasCreate = hasCreate || a.Type == typeCreate
	}
	if !hasCreate && !r.roomIsCreate {
		return deny("auth_events.create", "no create event among the auth events")
	}
	return nil
}

func (r *rules) checkAuthEvent(e, a *Event, wanted []StateKey, before []*Event) error {
	if a.StateKey == nil || !slices.Contains(wanted, StateKey{a.Type, *a.StateKey}) {
		return deny("auth_events.extraneous", "auth event %s (%s) is not one that is needed", a.ID, a.Type)
	}
	for _, b := range before {
		if b.Type == a.Type && *b.StateKey == *a.StateKey {
			return deny("auth_events.duplicate", "auth events %s and %s are for the same place", b.ID, a.ID)
		}
	}
	if a.Rejected {
		return deny("auth_events.rejected", "auth event %s was rejected", a.ID)
	}
	if a.RoomID != e.RoomID {
		return deny("auth_events.room", "auth event %s is of room %s", a.ID, a.RoomID)
	}
	return nil
}

// Check applies the authorisation rules of the room version to e, against the given state. It does not look at the list of
// auth events (CheckAuthEvents), at signatures, hashes, sizes or canonical JSON: those come before. Rule by rule it follows
// the specification's page of the room version; the differences from gomatrixserverlib's Allowed are in doc.go.
// It returns nil (allowed), a *Denied that names the rule, or ErrUnknownVersion. It never panics, whatever the contents are.
// Safe for concurrent use.
func Check(version string, e *Event, state AuthState) error {
	r, err := rulesOf(version)
	if err != nil {
		return err
	}
	return r.check(e, state)
}

func (r *rules) check(e *Event, state AuthState) error {
	if !validUserID(e.Sender) {
		return deny("sender", "%q is not a user id", e.Sender)
	}
	if e.Type == typeCreate {
		return r.checkCreate(e)
	}
	c := checker{rules: r, event: e, state: state}
	if err := c.begin(); err != nil {
		return err
	}
	switch {
	case e.Type == typeAliases && r.aliases:
		return c.checkAliases()
	case e.Type == typeMember:
		return c.checkMember()
	}
	return c.checkOrdinary()
}

func (r *rules) checkCreate(e *Event) error {
	if len(e.Prev) > 0 {
		return deny("create.prev_events", "a create event is the first of its room")
	}
	if e.StateKey == nil || *e.StateKey != "" {
		return deny("create.state_key", "a create event's state key is empty")
	}
	switch {
	case r.roomIsCreate && e.RoomID != "":
		return deny("create.room_id", "in room version %s a create event has no room_id", r.version)
	case !r.roomIsCreate && domainOf(e.RoomID) != domainOf(e.Sender):
		return deny("create.room_id", "room %s is not of the server of %s", e.RoomID, e.Sender)
	}
	p := e.content()
	if p.err != nil {
		return p.err
	}
	if !Known(p.create.version) {
		return deny("create.room_version", "room version %q is not known", p.create.version)
	}
	if !r.creatorIsSender && !p.create.hasCreator {
		return deny("create.creator", "the content names no creator")
	}
	if r.creatorsInfinite && !p.create.additionals {
		return malformed("create.additional_creators", "additional_creators is not a list of user ids")
	}
	return nil
}

// checker is one application of the rules.
type checker struct {
	*rules
	event  *Event
	state  AuthState
	create *Event
	power  *powerContent // nil: the room has no power levels event
}

// begin finds what every rule needs, and applies those that concern every event but the create event.
func (c *checker) begin() error {
	c.create = c.state.AuthEvent(typeCreate, "")
	if c.create == nil {
		return deny("create.missing", "the state has no create event")
	}
	if !c.sameRoom() {
		return deny("room_id", "event of room %q, create event %s of another", c.event.RoomID, c.create.ID)
	}
	p := c.create.content()
	if p.err != nil {
		return p.err
	}
	if !p.create.federate && domainOf(c.event.Sender) != domainOf(c.create.Sender) {
		return deny("federate", "the room does not admit other servers (m.federate)")
	}
	return c.readPower()
}

func (c *checker) sameRoom() bool {
	if !c.roomIsCreate {
		return c.create.RoomID == c.event.RoomID
	}
	id, room := c.create.ID, c.event.RoomID
	return !c.create.Rejected && len(id) > 1 && len(room) == len(id) && room[0] == '!' && room[1:] == id[1:]
}

func (c *checker) readPower() error {
	e := c.state.AuthEvent(typePowerLevels, "")
	if e == nil {
		return nil
	}
	p := e.content()
	if p.err != nil {
		return p.err
	}
	if name := c.unreadable(p.power); name != "" {
		return deny("power_levels.unreadable", "%s of the room's power levels %s cannot be read", name, e.ID)
	}
	c.power = p.power
	return nil
}

func (c *checker) checkAliases() error {
	if c.event.StateKey == nil {
		return deny("aliases.state_key", "m.room.aliases without a state key")
	}
	if *c.event.StateKey != domainOf(c.event.Sender) {
		return deny("aliases.domain", "the aliases of %q are not for %s to set", *c.event.StateKey, c.event.Sender)
	}
	return nil
}

// checkOrdinary applies the rules for everything but create, member and (up to version 5) aliases events.
func (c *checker) checkOrdinary() error {
	e := c.event
	if c.membership(e.Sender) != "join" {
		return deny("sender.membership", "%s is not joined", e.Sender)
	}
	level := c.userLevel(e.Sender)
	if e.Type == typeThirdParty {
		if invite := c.power.get(levelInvite); level < invite {
			return deny("third_party_invite.level", "%s has %d, inviting needs %d", e.Sender, level, invite)
		}
		return nil
	}
	if need := c.power.required(e.Type, e.StateKey != nil); level < need {
		return deny("level", "%s has %d, %s needs %d", e.Sender, level, e.Type, need)
	}
	if e.StateKey != nil && len(*e.StateKey) > 0 && (*e.StateKey)[0] == '@' && *e.StateKey != e.Sender {
		return deny("state_key", "state key %q is not for %s to set", *e.StateKey, e.Sender)
	}
	switch {
	case e.Type == typePowerLevels:
		return c.checkPowerLevels(level)
	case e.Type == typeRedaction && c.redactions:
		return c.checkRedaction(level)
	}
	return nil
}

// checkRedaction is the rule of room versions 1 and 2; later ones judge a redaction when it is applied.
func (c *checker) checkRedaction(level int64) error {
	if level >= c.power.get(levelRedact) {
		return nil
	}
	if d := domainOf(c.event.Redacts); d != "" && d == domainOf(c.event.ID) {
		return nil
	}
	return deny("redaction", "%s has %d, redacting needs %d", c.event.Sender, level, c.power.get(levelRedact))
}

// membership returns a user's membership in the state, "leave" when there is none.
func (c *checker) membership(user string) string {
	e := c.state.AuthEvent(typeMember, user)
	if e == nil {
		return "leave"
	}
	return e.content().member.membership
}
