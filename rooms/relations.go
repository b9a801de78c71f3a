package rooms

import (
	"strings"

	"github.com/tidwall/gjson"
)

// The relation types that the server acts on (Client-Server API, Forming relationships).
const (
	relReplace    = "m.replace"
	relAnnotation = "m.annotation"
	relThread     = "m.thread"
	relReference  = "m.reference"
)

// maxRelationField bounds rel_type, event_id and key in bytes; a longer one makes no relation.
const maxRelationField = 255

// RelationQuery asks for the events that relate to one event.
type RelationQuery struct {
	RoomID    string
	EventID   string // the event they relate to
	RelType   string // "" any
	EventType string // "" any
	From, To  HistoryKey
	Dir       Direction
	Limit     int
	Recurse   bool // also those that relate to what relates to it, up to RelationDepth steps
}

// RelationDepth is how many steps a recursing RelationQuery follows (recursion_depth of the answer).
const RelationDepth = 3

// Aggregate is what the events that relate to one event come to (Client-Server API, Aggregations of child events).
type Aggregate struct {
	Edit       *Event   // the replacement in force; nil without one
	Thread     *Thread  // nil when the event is no root of a thread
	References []string // ids of the events that refer to it, in the order of history
}

// Thread is the summary of a thread. Redacted events are not part of it.
type Thread struct {
	Count        int
	Latest       *Event
	Participants map[string]bool // senders of the root and of the events in the thread
}

// relationOf reads m.relates_to of an event's content. What is malformed makes no relation.
func relationOf(content gjson.Result) Relation {
	relates := content.Get(`m\.relates_to`)
	if !relates.IsObject() {
		return Relation{}
	}
	typ, target := relates.Get("rel_type"), relates.Get("event_id")
	if !relationField(typ) || !relationField(target) || !strings.HasPrefix(target.Str, "$") {
		return Relation{}
	}
	relation := Relation{Type: typ.Str, EventID: target.Str}
	if typ.Str != relAnnotation {
		return relation
	}
	if key := relates.Get("key"); relationField(key) {
		relation.Key = key.Str
		return relation
	}
	return Relation{}
}

func relationField(value gjson.Result) bool {
	return value.Type == gjson.String && value.Str != "" && len(value.Str) <= maxRelationField
}

// threadRootOf returns the nid of the root of the thread that an event with this relation belongs to, 0 for none. target
// is the event it relates to, nil when that is not known (then the root is set when the target comes, see storeRelation).
func threadRootOf(relation Relation, target *Event) int64 {
	if relation.EventID == "" || target == nil {
		return 0
	}
	if relation.Type == relThread {
		return target.NID
	}
	return target.ThreadRoot
}
