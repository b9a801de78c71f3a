package rooms

import (
	"unsafe"

	"github.com/tidwall/gjson"
)

// Outcome says what became of an event at the door.
type Outcome int16

// Outcomes of an event. Rejected and awaiting events may become accepted later; the JSON never changes.
const (
	Accepted   Outcome = iota // part of the room's history
	SoftFailed                // allowed by its own state, refused by the current one: not shown, not extended
	Rejected                  // refused by the authorisation rules
	Outlier                   // known (auth chain, fetched state) without a place in history
	Awaiting                  // something it needs is missing
)

// String names the outcome in logs and metrics.
func (o Outcome) String() string {
	return [...]string{"accepted", "soft_failed", "rejected", "outlier", "awaiting"}[o]
}

// HistoryVisibility is the m.room.history_visibility in force, as a small number.
type HistoryVisibility int16

// The values of m.room.history_visibility (Client-Server API, Room History Visibility).
const (
	VisibilityShared HistoryVisibility = iota // also the default
	VisibilityInvited
	VisibilityJoined
	VisibilityWorldReadable
)

// HistoryKey is the immutable place of an event in its room's history: total order, never depth. Events that arrive live
// have {position, 0}; fetched older ones sort just before their anchor with Sub below zero, however late they come. A
// stream position p converts to {p, 0}: everything at or before it is what that position had seen.
type HistoryKey struct {
	Anchor int64
	Sub    int64
}

// Less reports whether k comes before o.
func (k HistoryKey) Less(o HistoryKey) bool {
	return k.Anchor < o.Anchor || k.Anchor == o.Anchor && k.Sub < o.Sub
}

// Relation is an event's m.relates_to, as far as the server acts on it.
type Relation struct {
	Type    string // rel_type: m.replace, m.annotation, m.thread, m.reference; "" without one
	EventID string
	Key     string // of an m.annotation
}

// Event is an immutable event of a room. It is safe for concurrent use. The maps and slices must not be changed.
type Event struct {
	NID            int64
	ID             string
	RoomNID        int64
	RoomID         string
	Version        string // room version
	Type           string
	StateKey       *string // nil: not a state event
	KeyNID         int64   // interned (type, state_key); 0: not a state event
	Sender         string
	Depth          int64
	OriginServerTS int64 // ms
	Outcome        Outcome
	Position       int64 // place in the stream; 0: none (backfilled, outlier, rejected, awaiting)
	Key            HistoryKey
	Visibility     HistoryVisibility // in force before the event
	Auth           []int64           // nids of its auth events
	StateBefore    int64             // state blob before the event; 0: not known
	StateAfter     int64
	Servers        int64    // set of servers this node has to send it to; 0: none
	ThreadRoot     int64    // nid of its thread's root; 0: none
	Relation       Relation // parsed from content
	Redacts        string   // m.room.redaction: the event it redacts, from the place its room version puts it
	Sticky         int64    // ms for which it says it is sticky (MSC4354), at most an hour; 0: not
	AfterGap       bool     // history was not known up to this live event when it came: timelines are cut before it
	JSON           []byte   // the PDU as it was signed, without unsigned
	Received       int64    // ms, when this node accepted it; 0 after a reload (only holding a room's tail uses it)

	contentAt, contentEnd int32 // where the content lies in JSON; 0: not looked up
}

// Content returns the event's content. It does not copy: the result's strings are parts of JSON, which never changes.
func (e *Event) Content() gjson.Result {
	pdu := unsafe.String(unsafe.SliceData(e.JSON), len(e.JSON)) // gjson.GetBytes would copy all of it, for each question
	if e.contentEnd > 0 {
		return gjson.Result{Type: gjson.JSON, Raw: pdu[e.contentAt:e.contentEnd], Index: int(e.contentAt)}
	}
	return gjson.Get(pdu, "content")
}

// setJSON gives the event its PDU and notes where its content lies, which is asked for again and again.
func (e *Event) setJSON(pdu []byte) {
	e.JSON, e.contentAt, e.contentEnd = pdu, 0, 0
	if content := e.Content(); content.IsObject() && content.Index > 0 {
		e.contentAt, e.contentEnd = int32(content.Index), int32(content.Index+len(content.Raw))
	}
}

// IsState reports whether the event is a state event.
func (e *Event) IsState() bool { return e.StateKey != nil }

// IsStateOf reports whether e is the state event (typ, key).
func (e *Event) IsStateOf(typ, key string) bool {
	return e.StateKey != nil && e.Type == typ && *e.StateKey == key
}

// Membership returns content.membership of an m.room.member event, "" for others.
func (e *Event) Membership() string {
	if e.StateKey == nil || e.Type != "m.room.member" {
		return ""
	}
	return e.Content().Get("membership").Str
}
