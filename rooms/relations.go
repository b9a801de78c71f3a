package rooms

import (
	"context"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb"
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
	return value.Type == gjson.String && value.Str != "" && len(value.Str) <= maxRelationField && storable(value.Str)
}

// threadRootOf returns the nid of the root of the thread that an event with this relation belongs to, 0 for none. target
// is the event it relates to, nil when that is not known (then the root is set when the target comes, see storeRoot).
func threadRootOf(relation Relation, target *Event) int64 {
	if relation.EventID == "" || target == nil {
		return 0
	}
	if relation.Type == relThread {
		return target.NID
	}
	return target.ThreadRoot
}

// storeRelation stores what an accepted event relates to. It belongs into the transaction that accepts the event.
func storeRelation(tx *sqldb.Tx, ev *Event) error {
	if ev.Relation.EventID == "" {
		return nil
	}
	if err := insertRelation(tx, ev); err != nil {
		return fmt.Errorf("storing the relation of an event: %w", err)
	}
	return nil
}

// storeRoot makes an accepted event the root of the thread of those that came before it, which only happens with events
// of other servers. It belongs into the transaction that accepts the event.
func storeRoot(tx *sqldb.Tx, ev *Event) error {
	if ev.IsState() {
		return nil
	}
	if err := adoptThread(tx, ev); err != nil {
		return fmt.Errorf("giving a thread its root: %w", err)
	}
	return nil
}

// Relations returns the accepted events that relate to one event, by history key like a page of Timeline. Redacted ones
// relate to nothing any more. A zero From starts at the newest event (Backward), a zero To ends there (Forward).
func (r *Rooms) Relations(ctx context.Context, q RelationQuery) (*Page, error) {
	room, err := r.roomRef(ctx, q.RoomID)
	if err != nil {
		return nil, err
	}
	q.Limit = bounded(q.Limit, standardPage, maxPage)
	now := HistoryKey{Anchor: r.hub.Position()}
	if q.Dir == Backward && (q.From == (HistoryKey{}) || now.Less(q.From)) {
		q.From = now
	}
	if q.Dir == Forward && (q.To == (HistoryKey{}) || now.Less(q.To)) {
		q.To = now
	}
	found, err := r.selectRelating(ctx, room.nid, q)
	if err != nil {
		return nil, err
	}
	page := &Page{Next: q.To, Done: len(found) <= q.Limit}
	if !page.Done {
		found = found[:q.Limit]
		page.Next = found[q.Limit-1].key
		if q.Dir == Backward {
			page.Next = page.Next.before()
		}
	}
	page.Events, err = r.inOrder(ctx, nidsOf(found))
	return page, err
}

func nidsOf(found []placedNID) []int64 {
	nids := make([]int64, len(found))
	for i, p := range found {
		nids[i] = p.nid
	}
	return nids
}

// Threads returns the roots of the room's threads, the one with the newest event first; with participant, only those
// that the user has sent the root or an event of. from is the Next of another page, zero for the first one. Roots that
// are not here are left out.
func (r *Rooms) Threads(ctx context.Context, roomID, participant string, from HistoryKey, limit int) (*Page, error) {
	room, err := r.roomRef(ctx, roomID)
	if err != nil {
		return nil, err
	}
	limit = bounded(limit, standardPage, maxPage)
	if now := (HistoryKey{Anchor: r.hub.Position()}); from == (HistoryKey{}) || now.Less(from) {
		from = now
	}
	found, err := r.selectThreads(ctx, room.nid, participant, from, limit+1)
	if err != nil {
		return nil, err
	}
	page := &Page{Done: len(found) <= limit}
	if !page.Done {
		found = found[:limit]
		page.Next = found[limit-1].key.before()
	}
	page.Events, err = r.inOrder(ctx, nidsOf(found))
	return page, err
}
