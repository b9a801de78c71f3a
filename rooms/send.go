package rooms

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb"
	"medixchange/internal/stackroom"
	"medixchange/internal/strictjson"
)

// sendTimeout bounds a request that goes on without its caller.
const sendTimeout = time.Minute

// Send makes an event of a local user and returns its id once it is durable. A repeated Txn gives the same id, also when
// both come at the same time or the node was restarted in between. A state event that would change nothing gives the id
// of the one that is there. Errors: ErrNotFound (room, or target of a redaction), ErrForbidden, ErrBadEvent, ErrTooLarge,
// ErrInvalidParam, ErrBadAlias, ErrAnnotated, ErrBusy.
func (r *Rooms) Send(ctx context.Context, req SendRequest) (eventID string, err error) {
	if req.Txn == nil {
		return r.send(ctx, req)
	}
	return r.once(ctx, req.Sender, *req.Txn, func(ctx context.Context) (string, error) { return r.send(ctx, req) })
}

func (r *Rooms) send(ctx context.Context, req SendRequest) (string, error) {
	if err := checkSend(&req); err != nil {
		return "", err
	}
	rm, err := r.active.get(ctx, req.RoomID)
	if err != nil {
		return "", err
	}
	if req.Sticky > 0 && !r.sticky.room(req.RoomID, req.Sender, localStickies, r.nowMS()) {
		return "", fmt.Errorf("more events cannot be sticky in this room now: %w", ErrSticky)
	}
	d, err := r.draftOf(rm.format, &req)
	if err != nil {
		return "", err
	}
	if d.typ == "m.room.canonical_alias" && d.stateKey != nil {
		if err := r.checkCanonicalAlias(ctx, rm, d); err != nil {
			return "", err
		}
	}
	if d.typ == "m.room.member" && gjson.GetBytes(d.content, "membership").Str == "invite" {
		if !r.isLocal(*d.stateKey) {
			return r.inviteRemote(ctx, req.RoomID, d, req.Txn)
		}
		if err := r.mayInvite(ctx, d.sender, *d.stateKey); err != nil {
			return "", err
		}
	}
	return r.sendDraft(ctx, req.RoomID, d, req.Txn)
}

// Check refuses what Send would refuse whatever the room says by then: the form of the event. Errors: those of Send.
func (r *Rooms) Check(ctx context.Context, req SendRequest) error {
	if err := checkSend(&req); err != nil {
		return err
	}
	rm, err := r.active.get(ctx, req.RoomID)
	if err != nil {
		return err
	}
	d, err := r.draftOf(rm.format, &req)
	if err == nil && len(d.content) > maxEventBytes {
		err = fmt.Errorf("content of %d bytes: %w", len(d.content), ErrTooLarge)
	}
	return err
}

// sendDraft takes a draft through the room.
func (r *Rooms) sendDraft(ctx context.Context, roomID string, d *draft, txn *Txn) (string, error) {
	var eventID string
	err := r.do(ctx, roomID, false, func(b *batch) error {
		if err := errors.Join(b.checkDraft(d), b.checkAnnotation(d), b.checkOwned(d)); err != nil {
			return err
		}
		ev, err := b.send(d, txn)
		if err != nil {
			return err
		}
		eventID = ev.ID
		return nil
	})
	if err != nil {
		return "", err
	}
	return eventID, nil
}

// checkSend refuses what no client may send, whatever the room says.
func checkSend(req *SendRequest) error {
	switch {
	case req.Type == "" || len(req.Type) > maxIDBytes || !utf8.ValidString(req.Type) || !storable(req.Type):
		return fmt.Errorf("event type must have 1 to %d bytes: %w", maxIDBytes, ErrInvalidParam)
	case len(req.Sender) > maxIDBytes:
		return fmt.Errorf("sender must have at most %d bytes: %w", maxIDBytes, ErrInvalidParam)
	case req.StateKey != nil && (len(*req.StateKey) > maxIDBytes || !utf8.ValidString(*req.StateKey) || !storable(*req.StateKey)):
		return fmt.Errorf("state key must have at most %d bytes: %w", maxIDBytes, ErrInvalidParam)
	case req.Sticky < 0 || req.Sticky > MaxSticky:
		return fmt.Errorf("an event is sticky for 0 to %d milliseconds: %w", MaxSticky.Milliseconds(), ErrInvalidParam)
	case req.Type == "m.room.create":
		return fmt.Errorf("a room has one m.room.create: %w", ErrBadEvent)
	case req.Type == "m.room.member" && (req.StateKey == nil || !isUserID(*req.StateKey)):
		return fmt.Errorf("m.room.member needs a user id as its state key: %w", ErrInvalidParam)
	}
	return nil
}

// isUserID reports whether the id has the form @localpart:server.
func isUserID(id string) bool {
	local, server, found := strings.Cut(id, ":")
	return found && strings.HasPrefix(local, "@") && server != "" && len(id) <= maxIDBytes && utf8.ValidString(id) && storable(id)
}

// draftOf validates content by the rules of the room version and puts the target of a redaction where they want it.
func (r *Rooms) draftOf(f *format, req *SendRequest) (*draft, error) {
	content, err := f.canonicalContent(req.Content)
	if err != nil {
		return nil, err
	}
	if req.Type == "m.room.member" { // only a server can say who authorised a join, and it has to sign that
		content = strictjson.Without(content, "join_authorised_via_users_server")
	}
	d := &draft{typ: req.Type, stateKey: req.StateKey, sender: req.Sender, content: content, ts: req.Timestamp, sticky: req.Sticky}
	if d.ts == 0 {
		d.ts = r.now().UnixMilli()
	}
	if req.Type == "m.room.redaction" && req.StateKey == nil {
		return d, f.placeRedacts(d, req.Redacts)
	}
	return d, nil
}

func (f *format) placeRedacts(d *draft, target string) error {
	inContent := gjson.GetBytes(d.content, "redacts")
	if target == "" {
		target = inContent.Str
	}
	if !strings.HasPrefix(target, "$") || len(target) > maxIDBytes || !storable(target) {
		return fmt.Errorf("a redaction names the event it redacts: %w", ErrInvalidParam)
	}
	content := d.content
	if inContent.Exists() {
		content = strictjson.Without(content, "redacts")
	}
	if !f.redactsInContent {
		d.content, d.redacts = content, target
		return nil
	}
	text := appendMember(content, "redacts", target)
	var err error
	d.content, err = f.canonicalContent(text)
	return err
}

// checkDraft refuses, by the room as it is now, what the authorisation rules leave to servers.
func (b *batch) checkDraft(d *draft) error {
	target := d.redacts
	if d.typ == "m.room.redaction" && target == "" && d.stateKey == nil {
		target = gjson.GetBytes(d.content, "redacts").Str
	}
	if target == "" {
		return nil
	}
	ev, err := b.eventByID(target)
	if err != nil {
		return err
	}
	if ev == nil {
		return nil // it may be on its way, and is redacted when it comes
	}
	if ev.RoomNID != b.rm.nid {
		return fmt.Errorf("the event to redact is not in the room: %w", ErrNotFound)
	}
	if ev.Sender != d.sender && b.st.facts.of(d.sender) < b.st.facts.levels.redact {
		return fmt.Errorf("redacting the events of others needs power level %d: %w", b.st.facts.levels.redact, ErrForbidden)
	}
	return nil
}

// checkCanonicalAlias refuses aliases that do not point to the room, as far as they are new (Client-Server API,
// m.room.canonical_alias).
func (r *Rooms) checkCanonicalAlias(ctx context.Context, rm *room, d *draft) error {
	old := map[string]bool{}
	if ev, err := r.StateEvent(ctx, rm.id, d.typ, *d.stateKey); err == nil {
		for _, alias := range aliasesOf(ev.Content()) {
			old[alias.Str] = true
		}
	} else if !errors.Is(err, ErrNotFound) {
		return err
	}
	for _, alias := range aliasesOf(gjson.ParseBytes(d.content)) {
		if old[alias.Str] && alias.Type == gjson.String {
			continue
		}
		if alias.Type != gjson.String || checkAlias(alias.Str) != nil {
			return fmt.Errorf("malformed alias: %w", ErrInvalidParam)
		}
		roomID, _, err := r.ResolveAlias(ctx, alias.Str)
		if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrUnreachable) {
			return err
		}
		if err != nil || roomID != rm.id {
			return fmt.Errorf("alias %s: %w", alias.Str, ErrBadAlias)
		}
	}
	return nil
}

func aliasesOf(content gjson.Result) []gjson.Result {
	var aliases []gjson.Result
	if alias := content.Get("alias"); alias.Exists() && alias.Type != gjson.Null && alias.Raw != `""` {
		aliases = append(aliases, alias)
	}
	return append(aliases, content.Get("alt_aliases").Array()...)
}

// inFlight are the requests with a transaction id that are under way. Safe for concurrent use.
type inFlight struct {
	mu    sync.Mutex
	calls map[txnKey]*call
}

type txnKey struct {
	userID string
	Txn
}

// call is one request that several may wait for.
type call struct {
	done    chan struct{}
	eventID string
	err     error
}

func newInFlight() *inFlight { return &inFlight{calls: map[txnKey]*call{}} }

// once gives the event of a transaction id: the one that is stored, the one that is under way, or the one that fn makes.
// fn goes on when its caller leaves, since others may wait for the same answer.
func (r *Rooms) once(ctx context.Context, userID string, txn Txn, fn func(context.Context) (string, error)) (string, error) {
	key := txnKey{userID, txn}
	r.txns.mu.Lock()
	c, under := r.txns.calls[key]
	if !under {
		c = &call{done: make(chan struct{})}
		r.txns.calls[key] = c
		go r.carryOut(context.WithoutCancel(ctx), key, c, fn)
	}
	r.txns.mu.Unlock()
	select {
	case <-c.done:
		return c.eventID, c.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (r *Rooms) carryOut(ctx context.Context, key txnKey, c *call, fn func(context.Context) (string, error)) {
	stackroom.Take()
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	defer func() {
		r.txns.mu.Lock()
		delete(r.txns.calls, key)
		r.txns.mu.Unlock()
		close(c.done)
	}()
	eventID, known, err := r.EventByTxn(ctx, key.userID, key.Txn)
	if err == nil && !known {
		eventID, err = fn(ctx)
	}
	c.eventID, c.err = eventID, err
}

// EventByTxn returns the event that a transaction id gave.
func (r *Rooms) EventByTxn(ctx context.Context, userID string, txn Txn) (eventID string, ok bool, err error) {
	eventID, err = r.selectTransaction(ctx, userID, txn)
	if errors.Is(err, sqldb.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("looking up a transaction id: %w", err)
	}
	return eventID, true, nil
}
