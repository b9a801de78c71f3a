package resolve

import (
	"fmt"
	"sync/atomic"

	"github.com/tidwall/gjson"
)

// StateKey is a (type, state_key) pair: the place of a state event in a room's state.
type StateKey struct {
	Type string
	Key  string
}

// Event is what authorisation and state resolution need to know of an event. It is immutable and safe for concurrent use;
// it must not be copied. What its content says is parsed once, on first use, and kept with it, so a caller that keeps the
// same *Event for the power levels of a room parses them once.
type Event struct {
	NID            int64 // identity in this node's database; 0 while the event is not stored
	Key            int64 // interned (type, state_key); 0 when not interned or not a state event
	ID             string
	RoomID         string // as the PDU carries it: empty for the create event of room version 12
	Type           string
	StateKey       *string // nil: not a state event
	Sender         string
	OriginServerTS int64    // ms
	Auth           []int64  // nids of its auth_events
	Prev           []string // ids of its prev_events
	Redacts        string   // top-level redacts (room versions 1 and 2 authorise by it)
	Rejected       bool     // refused by the authorisation rules on receipt
	Content        []byte   // JSON of content
	JSON           []byte   // the whole PDU; only state resolution of room version 1 reads it

	parsed atomic.Pointer[parsed]
}

// ParseEvent reads from a PDU what the rules need. The PDU must have passed the format checks of its room version (size,
// types of the top-level keys, canonical JSON); of duplicate keys the last one counts, as in every JSON library that
// builds maps. The event keeps json. NID, Key, Auth and Rejected are the caller's to set before the event is shared.
func ParseEvent(id string, json []byte) (*Event, error) {
	if !gjson.ValidBytes(json) {
		return nil, fmt.Errorf("parsing event %s: not JSON", id)
	}
	root := gjson.ParseBytes(json)
	if !root.IsObject() {
		return nil, fmt.Errorf("parsing event %s: not an object", id)
	}
	e := &Event{ID: id, JSON: json, Content: []byte("{}")}
	root.ForEach(func(key, value gjson.Result) bool {
		e.setField(key.Str, value)
		return true
	})
	return e, nil
}

func (e *Event) setField(key string, value gjson.Result) {
	switch key {
	case "room_id":
		e.RoomID = value.Str
	case "type":
		e.Type = value.Str
	case "state_key":
		e.StateKey = nil
		if value.Type == gjson.String {
			s := value.Str
			e.StateKey = &s
		}
	case "sender":
		e.Sender = value.Str
	case "origin_server_ts":
		e.OriginServerTS = value.Int()
	case "prev_events":
		e.Prev = eventIDs(value)
	case "redacts":
		e.Redacts = value.Str
	case "content":
		e.Content = []byte(value.Raw)
	}
}

// eventIDs reads a list of event ids; in room versions 1 and 2 each entry is a pair of id and hashes.
func eventIDs(list gjson.Result) []string {
	var ids []string
	list.ForEach(func(_, v gjson.Result) bool {
		if v.IsArray() {
			v = v.Get("0")
		}
		if v.Type == gjson.String {
			ids = append(ids, v.Str)
		}
		return true
	})
	return ids
}

// At reports whether e is the state event of (typ, key).
func (e *Event) At(typ, key string) bool {
	return e.StateKey != nil && e.Type == typ && *e.StateKey == key
}

// AuthorisedVia returns content.join_authorised_via_users_server of a membership event, "" without one. Whoever checks
// signatures needs it: from room version 8 on such an event must also be signed by that user's server.
func (e *Event) AuthorisedVia() string {
	if e.Type != typeMember {
		return ""
	}
	return e.content().member.authorisedVia
}

// The event types that authorisation knows.
const (
	typeCreate      = "m.room.create"
	typeMember      = "m.room.member"
	typePowerLevels = "m.room.power_levels"
	typeJoinRules   = "m.room.join_rules"
	typeThirdParty  = "m.room.third_party_invite"
	typeAliases     = "m.room.aliases"
	typeRedaction   = "m.room.redaction"
)
