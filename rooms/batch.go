package rooms

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"medixchange/internal/sqldb"
	"medixchange/rooms/resolve"
)

// batch is the one uncommitted piece of work of a room: the events that were admitted and the state after them. Every
// event of the room passes through it, ours through send, those of other servers through admit.
type batch struct {
	rm  *room
	ctx context.Context // of reads; bounded, never a caller's
	end context.CancelFunc
	st  roomState

	admitted   []*admission
	blobs      []blobRow
	changes    []*stateChange
	redactions []redactionRow
	sticky     []stickyRow      // set by the commit
	refused    []Sticky         // sticky events that were soft-failed; set by the commit
	raised     []int64          // sticky events that were refused before and are accepted now, set by finish
	events     map[int64]*Event // admitted in this batch, by nid
	ids        map[string]*Event
	absent     map[string]bool         // ids that were looked up and are of no event
	refs       map[int64]stateRef      // states made in this batch
	wholes     map[int64]resolve.State // those of them that are stored whole
	newKeys    map[resolve.StateKey]int64
	newSets    map[string]int64
	stores     []func(tx *sqldb.Tx) error // what else the commit writes, for what a task brings beside events
	created    bool                       // the room itself is new
	missed     map[string]bool            // what the room's gaps miss, once it was asked for
	unresolved *Event                     // the last event after which several extremities wait to be resolved
}

// admission is an event with what the commit needs to know of it.
type admission struct {
	event   *Event
	known   bool        // its row is there: an outlier, a rejected or an awaiting event
	live    bool        // takes a position
	key     *HistoryKey // its place if it is fetched history
	reason  string      // why it was refused
	partial bool        // its state is not complete yet
	gap     []string    // events that are followed, though some are not here
	raised  int64       // it was refused before: when it loses the stickiness for which it is accepted now (ms); 0: it was not
	txn     *Txn
}

// placed reports whether the event has a place in the room's history.
func (a *admission) placed() bool { return a.live || a.key != nil }

// stateChange is one change of the current state, at the position of its cause.
type stateChange struct {
	delta  *StateDelta
	cause  *Event
	before string // memberships, for m.room.member
	after  string
	member *Event // the new member event; nil when the member is gone from the state
}

// redactionRow is a redaction that came or took effect; cause is the event that brought it about, nil for not yet.
type redactionRow struct {
	target    string
	redaction *Event
	cause     *Event
	position  int64 // at which it takes effect: that of the cause; its own where that is fetched history
}

func newBatch(rm *room) *batch {
	ctx, cancel := context.WithTimeout(context.Background(), loopTimeout)
	return &batch{
		rm: rm, ctx: ctx, end: cancel, st: rm.st, events: map[int64]*Event{}, ids: map[string]*Event{},
		refs: map[int64]stateRef{}, wholes: map[int64]resolve.State{}, newKeys: map[resolve.StateKey]int64{}, newSets: map[string]int64{},
	}
}

func (b *batch) empty() bool { return len(b.admitted) == 0 && len(b.stores) == 0 }

// batchMark is where a batch can be rolled back to.
type batchMark struct {
	st                                           roomState
	admitted, blobs, changes, redactions, stores int
	unresolved                                   *Event
}

func (b *batch) mark() batchMark {
	return batchMark{b.st, len(b.admitted), len(b.blobs), len(b.changes), len(b.redactions), len(b.stores), b.unresolved}
}

func (b *batch) rollback(m batchMark) {
	for _, a := range b.admitted[m.admitted:] {
		delete(b.events, a.event.NID)
		delete(b.ids, a.event.ID)
	}
	b.st, b.unresolved = m.st, m.unresolved
	b.admitted, b.blobs = b.admitted[:m.admitted], b.blobs[:m.blobs]
	b.changes, b.redactions = b.changes[:m.changes], b.redactions[:m.redactions]
	b.stores = b.stores[:m.stores]
}

// finish makes the batch ready to commit.
func (b *batch) finish() error {
	if b.empty() {
		return nil
	}
	if err := b.settle(); err != nil {
		return err
	}
	if err := b.raiseStickies(); err != nil {
		return err
	}
	list := b.st.servers
	if list.nid != 0 {
		return nil
	}
	nid, err := b.serverSet(list.names)
	if err != nil {
		return err
	}
	b.st.servers = &serverList{names: list.names, nid: nid, others: list.others}
	return nil
}

// send makes an event of this node, authorises it by the current state and admits it. A state event that would change
// nothing is not made: the one that is there is returned. The event is committed when the task is finished.
func (b *batch) send(d *draft, txn *Txn) (*Event, error) {
	if err := b.settle(); err != nil {
		return nil, err
	}
	auth, err := b.authorise(d)
	if err != nil {
		return nil, err
	}
	if same, err := b.unchanged(d); err != nil || same != nil {
		return same, err
	}
	ev, err := b.build(d, auth)
	if err != nil {
		return nil, err
	}
	if b.created && b.rm.id == "" {
		b.rm.id = ev.RoomID // from room version 12 on the create event names the room
	}
	return ev, b.admitOwn(ev, txn)
}

// authorise checks a draft against the current state and returns its auth events.
func (b *batch) authorise(d *draft) ([]reference, error) {
	f := b.rm.format
	needed, err := resolve.NeededAuth(f.version, d.typ, d.stateKey, d.sender, d.content)
	if err != nil {
		return nil, fmt.Errorf("selecting auth events: %w", err)
	}
	e := &resolve.Event{
		ID:     "$:" + b.rm.r.server, // versions 1 and 2 authorise redactions by the server in the id
		RoomID: b.rm.id, Type: d.typ, StateKey: d.stateKey, Sender: d.sender, OriginServerTS: d.ts, Redacts: d.redacts,
		Content: d.content,
	}
	if f.roomIsCreate && d.typ == "m.room.create" {
		e.RoomID = ""
	}
	for _, x := range b.previous() {
		e.Prev = append(e.Prev, x.id)
	}
	var auth []reference
	for _, key := range needed {
		if nid := b.st.stateNID(key); nid != 0 {
			ev, err := b.event(nid)
			if err != nil {
				return nil, err
			}
			auth = append(auth, reference{nid, ev.ID})
			e.Auth = append(e.Auth, nid)
		}
	}
	return auth, b.allowed(e, b.currentAuth())
}

// allowed applies the authorisation rules; the error wraps ErrForbidden, or ErrBadEvent for a content that nobody may send.
func (b *batch) allowed(e *resolve.Event, state *authState) error {
	err := resolve.Check(b.rm.format.version, e, state)
	if state.err != nil {
		return state.err
	}
	var denied *resolve.Denied
	switch {
	case errors.As(err, &denied) && denied.Malformed:
		return fmt.Errorf("%w: %s", ErrBadEvent, denied.Reason)
	case denied != nil:
		return fmt.Errorf("%w: %s", ErrForbidden, denied.Reason)
	}
	return err
}

// authState answers the authorisation rules from a lookup of event nids. A failed read stays in err.
type authState struct {
	b    *batch
	find func(resolve.StateKey) (int64, error)
	err  error
}

// AuthEvent implements resolve.AuthState.
func (s *authState) AuthEvent(typ, stateKey string) *resolve.Event {
	nid, err := s.find(resolve.StateKey{Type: typ, Key: stateKey})
	if err != nil || nid == 0 {
		s.err = errors.Join(s.err, err)
		return nil
	}
	ev, err := s.b.authEvent(nid)
	if err != nil {
		s.err = errors.Join(s.err, err)
		return nil
	}
	return ev
}

// currentAuth is the current state for the authorisation rules.
func (b *batch) currentAuth() *authState {
	return &authState{b: b, find: func(key resolve.StateKey) (int64, error) { return b.st.stateNID(key), nil }}
}

// unchanged returns the state event that is there if the draft would only repeat it: same sender, same content.
func (b *batch) unchanged(d *draft) (*Event, error) {
	if d.stateKey == nil {
		return nil, nil
	}
	nid := b.st.stateNID(resolve.StateKey{Type: d.typ, Key: *d.stateKey})
	if nid == 0 {
		return nil, nil
	}
	ev, err := b.event(nid)
	if err != nil {
		return nil, err
	}
	if ev.Content().Raw != string(d.content) || ev.Sender != d.sender {
		return nil, nil
	}
	if redacted, err := b.redacted(ev.ID); err != nil || redacted {
		return nil, err // nothing shows its content any more, so saying it again is a change
	}
	return ev, nil
}

// redacted reports whether an event is redacted, also by this batch.
func (b *batch) redacted(eventID string) (bool, error) {
	for _, red := range b.redactions {
		if red.target == eventID && red.cause != nil {
			return true, nil
		}
	}
	stored, err := b.rm.r.Redacted(b.ctx, []string{eventID})
	return stored[eventID] != nil, err
}

// previous returns the events that the next one follows: the newest extremities, at most as many as an event may name.
func (b *batch) previous() []extremity {
	all := b.st.extremities
	if len(all) > maxPrev {
		return all[len(all)-maxPrev:]
	}
	return all
}

func (b *batch) build(d *draft, auth []reference) (*Event, error) {
	var prev []reference
	depth := int64(0)
	for _, x := range b.previous() {
		prev = append(prev, reference{x.nid, x.id})
		depth = max(depth, x.depth)
	}
	depth = min(depth+1, maxDepth)
	roomID := b.rm.id
	if b.rm.format.roomIsCreate && d.typ == "m.room.create" {
		roomID = ""
	}
	return b.rm.format.build(d, roomID, depth, prev, auth, b.referenceHash, b.rm.r.signer)
}

func (b *batch) referenceHash(ref reference) (string, error) {
	ev, err := b.event(ref.nid)
	if err != nil {
		return "", err
	}
	sum, _ := b.rm.format.reference(ev.JSON)
	return base64.RawStdEncoding.EncodeToString(sum[:]), nil
}

// event returns a stored event or one of this batch.
func (b *batch) event(nid int64) (*Event, error) {
	if ev := b.events[nid]; ev != nil {
		return ev, nil
	}
	found, err := b.rm.r.Events(b.ctx, []int64{nid})
	if err != nil {
		return nil, err
	}
	if ev := found[nid]; ev != nil {
		return ev, nil
	}
	return nil, fmt.Errorf("event %d of room %s is missing: %w", nid, b.rm.id, errStale)
}

// eventByID returns an event by id, nil if it is not known.
func (b *batch) eventByID(id string) (*Event, error) {
	if ev := b.ids[id]; ev != nil || b.absent[id] {
		return ev, nil
	}
	found, err := b.rm.r.EventsByID(b.ctx, []string{id})
	return found[id], err
}

func (b *batch) authEvent(nid int64) (*resolve.Event, error) {
	if ev := b.events[nid]; ev != nil {
		return authEventOf(ev)
	}
	found, err := b.rm.r.auth.get(b.ctx, []int64{nid})
	if err != nil {
		return nil, err
	}
	if ev := found[nid]; ev != nil {
		return ev, nil
	}
	return nil, fmt.Errorf("event %d of room %s is missing: %w", nid, b.rm.id, errStale)
}

// key interns a state key; the commit stores it if it is new.
func (b *batch) key(key resolve.StateKey) (int64, error) {
	nid, unstored, err := b.rm.r.keys.number(b.ctx, key)
	if err != nil {
		return 0, fmt.Errorf("interning a state key: %w", err)
	}
	if unstored {
		b.newKeys[key] = nid
	}
	return nid, nil
}

// serverSet interns a set of servers; names is not changed. The empty set is 0.
func (b *batch) serverSet(names []string) (int64, error) {
	if len(names) == 0 {
		return 0, nil
	}
	name := setName(append([]string(nil), names...))
	nid, unstored, err := b.rm.r.sets.number(b.ctx, name)
	if err != nil {
		return 0, fmt.Errorf("interning a set of servers: %w", err)
	}
	if unstored {
		b.newSets[name] = nid
	}
	return nid, nil
}

func (b *batch) nowMS() int64 { return b.rm.r.now().UnixNano() / int64(time.Millisecond) }
