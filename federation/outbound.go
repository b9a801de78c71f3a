package federation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"medixchange/internal/signing"
	"medixchange/rooms"
)

const (
	// maxTransaction bounds the bytes of a transaction, but for one thing that is larger alone.
	maxTransaction = 4 << 20
	// maxDeviceMessages bounds the device messages in a transaction; each may be large.
	maxDeviceMessages = 50
	// emptyPieces bounds how many pieces of the stream without anything for the server are read before the place is moved.
	emptyPieces = 20
)

// outbound is a transaction, and what is done when it is acknowledged.
type outbound struct {
	id      string
	body    []byte // canonical JSON
	pdus    int
	edus    int
	reached int64 // acked afterwards; 0: as before
	devices int64 // position of the last device message in it
	planned int   // how many events of the catch-up are in it
	offered []offer
}

// next makes the next transaction; nil when there is nothing to send.
func (d *destination) next(ctx context.Context) (*outbound, error) {
	if d.kept != nil {
		return d.kept, nil
	}
	t := &txnWriter{single: d.single}
	d.mu.Lock()
	from, upto, devices := d.place.acked, d.place.wanted, d.devicesWanted > d.devicesAcked
	healthy := d.place.failures == 0
	err := d.addPassing(t)
	d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	d.addOffered(t)
	if devices {
		if err := d.addDeviceMessages(ctx, t); err != nil {
			return nil, err
		}
	}
	if upto > from && !t.full() {
		if err := d.addFromStream(ctx, t, from, upto, healthy); err != nil {
			return nil, err
		}
	}
	if err := t.addReceipts(); err != nil {
		return nil, err
	}
	if t.out.pdus+t.out.edus == 0 {
		if t.out.reached > 0 || t.out.planned > 0 { // nothing for the server in what was read
			d.moveOn(ctx, &t.out)
		}
		return nil, nil
	}
	return t.finish(d.sender.name, d.sender.o.Now().UnixMilli()), nil
}

// addPassing adds what is true for a moment only, typing and presence; the lock is held.
func (d *destination) addPassing(t *txnWriter) error {
	for who, typing := range d.typists {
		if err := t.edu("m.typing", map[string]any{"room_id": who[0], "user_id": who[1], "typing": typing}); err != nil {
			return err
		}
	}
	clear(d.typists)
	if len(d.presences) == 0 {
		return nil
	}
	now := d.sender.o.Now().UnixMilli()
	push := make([]map[string]any, 0, len(d.presences))
	for userID, state := range d.presences {
		p := map[string]any{"user_id": userID, "presence": state.Presence, "currently_active": state.Presence == "online"}
		if state.StatusMsg != "" {
			p["status_msg"] = state.StatusMsg
		}
		if state.LastActive > 0 {
			p["last_active_ago"] = max(now-state.LastActive, 0)
		}
		push = append(push, p)
	}
	clear(d.presences)
	return t.edu("m.presence", map[string]any{"push": push})
}

func (d *destination) addDeviceMessages(ctx context.Context, t *txnWriter) error {
	d.mu.Lock()
	after, upto := d.devicesAcked, d.devicesWanted
	d.mu.Unlock()
	limit := maxDeviceMessages
	if t.single {
		limit = 1
	}
	messages, err := d.sender.o.Accounts.OutboundDeviceMessages(ctx, d.place.server, after, limit)
	if err != nil {
		return fmt.Errorf("reading device messages to send: %w", err)
	}
	for _, m := range messages {
		if t.full() {
			break
		}
		if err := t.edu("m.direct_to_device", m.Content); err != nil {
			return err
		}
		t.out.devices = m.Position
	}
	if len(messages) == 0 {
		d.mu.Lock()
		d.devicesAcked = max(d.devicesAcked, upto)
		d.mu.Unlock()
	}
	return nil
}

// addFromStream fills the transaction with what comes next in the stream, or in the catch-up.
func (d *destination) addFromStream(ctx context.Context, t *txnWriter, from, upto int64, healthy bool) error {
	if healthy && d.catchUp == nil && upto-max(from, d.surveyed) > surveyFrom {
		if err := d.survey(ctx, from, upto); err != nil {
			return err
		}
	}
	if d.catchUp != nil {
		return d.addCatchUp(ctx, t, from)
	}
	for range emptyPieces {
		p, err := d.sender.feed.read(ctx, from, upto)
		if err != nil {
			return err
		}
		for i := range p.items {
			if !p.items[i].isFor(d.place.server) {
				continue
			}
			if t.full() {
				return nil
			}
			if err := t.add(&p.items[i]); err != nil {
				return err
			}
			t.out.reached = p.items[i].position
		}
		t.out.reached, from = p.reached, p.reached
		if from >= upto || t.out.pdus+t.out.edus+len(t.receipts) > 0 {
			return nil
		}
	}
	return nil
}

// txnWriter collects a transaction in canonical JSON.
type txnWriter struct {
	out      outbound
	pdus     bytes.Buffer
	edus     bytes.Buffer
	receipts []*rooms.Receipt
	single   bool
}

// full reports whether nothing more may be added. Receipts count as one EDU for each, though most share one.
func (t *txnWriter) full() bool {
	edus := t.out.edus + len(t.receipts)
	if t.single && t.out.pdus+edus > 0 {
		return true
	}
	return t.out.pdus >= maxPDUs || edus >= maxEDUs || t.pdus.Len()+t.edus.Len() >= maxTransaction
}

func (t *txnWriter) add(it *item) error {
	switch {
	case it.event != nil:
		t.pdu(it.event)
	case it.list != nil:
		return t.edu(it.list.EDUType, it.list.Content)
	case it.receipt != nil:
		t.receipts = append(t.receipts, it.receipt)
	}
	return nil
}

func (t *txnWriter) pdu(ev *rooms.Event) {
	if t.out.pdus > 0 {
		t.pdus.WriteByte(',')
	}
	t.pdus.Write(ev.JSON)
	t.out.pdus++
}

func (t *txnWriter) edu(typ string, content any) error {
	raw, err := json.Marshal(map[string]any{"edu_type": typ, "content": content})
	if err != nil {
		return fmt.Errorf("writing an EDU: %w", err)
	}
	canonical, err := signing.CanonicalJSON(raw, signing.Limits{})
	if err != nil {
		return fmt.Errorf("writing an EDU: %w", err)
	}
	if t.out.edus > 0 {
		t.edus.WriteByte(',')
	}
	t.edus.Write(canonical)
	t.out.edus++
	return nil
}

// userReceipt is what an m.receipt says of one user.
type userReceipt struct {
	Data struct {
		TS       int64  `json:"ts"`
		ThreadID string `json:"thread_id,omitempty"`
	} `json:"data"`
	EventIDs []string `json:"event_ids"`
}

// addReceipts writes the receipts that were collected, the last of each user and thread, in as few EDUs as their form
// allows: one says one thing of a user in a room.
func (t *txnWriter) addReceipts() error {
	type thread struct{ room, user, thread string }
	seen := map[thread]bool{}
	var edus []map[string]map[string]map[string]userReceipt
	for i := len(t.receipts) - 1; i >= 0; i-- {
		r := t.receipts[i]
		if key := (thread{r.RoomID, r.UserID, r.ThreadID}); seen[key] {
			continue
		} else {
			seen[key] = true
		}
		said := userReceipt{EventIDs: []string{r.EventID}}
		said.Data.TS, said.Data.ThreadID = r.TS, r.ThreadID
		placed := false
		for _, e := range edus {
			if _, taken := e[r.RoomID]["m.read"][r.UserID]; !taken {
				put(e, r, said)
				placed = true
				break
			}
		}
		if !placed {
			e := map[string]map[string]map[string]userReceipt{}
			put(e, r, said)
			edus = append(edus, e)
		}
	}
	t.receipts = nil
	for _, e := range edus {
		if err := t.edu("m.receipt", e); err != nil {
			return err
		}
	}
	return nil
}

func put(e map[string]map[string]map[string]userReceipt, r *rooms.Receipt, said userReceipt) {
	if e[r.RoomID] == nil {
		e[r.RoomID] = map[string]map[string]userReceipt{"m.read": {}}
	}
	e[r.RoomID]["m.read"][r.UserID] = said
}

// finish writes the body; its keys are in canonical order.
func (t *txnWriter) finish(origin string, ts int64) *outbound {
	body := make([]byte, 0, t.pdus.Len()+t.edus.Len()+len(origin)+128)
	body = append(append(append(body, `{"edus":[`...), t.edus.Bytes()...), `],"origin":`...)
	body = append(append(body, encoded(origin)...), `,"origin_server_ts":`...)
	body = append(strconv.AppendInt(body, ts, 10), `,"pdus":[`...)
	t.out.body = append(append(body, t.pdus.Bytes()...), `]}`...)
	return &t.out
}
