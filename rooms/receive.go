package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tidwall/gjson"

	"medixchange/internal/sqldb"
)

const (
	maxPDUs    = 50                     // PDUs of a transaction (Server-Server API, Transactions)
	directTime = 250 * time.Millisecond // for which a transaction waits for its rooms; then the inbox takes over
)

// parcel is one PDU of a transaction on its way into its room.
type parcel struct {
	raw    []byte
	room   roomRef
	in     *incoming
	result *ReceivedPDU

	outcome Outcome // once done without error
	done    <-chan error
	waits   bool // for the inbox
}

// Receive takes the PDUs of a transaction of another server, which the caller has authenticated as origin. The results are
// in the order of pdus. The error is for what concerns none of them alone, a database that fails or an inbox that is full
// (ErrBusy): then the whole transaction is to be sent again (503). ErrTooLarge: more PDUs than a transaction may have.
func (r *Rooms) Receive(ctx context.Context, origin string, pdus []json.RawMessage) ([]ReceivedPDU, error) {
	if len(pdus) > maxPDUs {
		return nil, fmt.Errorf("transaction with %d PDUs: %w", len(pdus), ErrTooLarge)
	}
	results := make([]ReceivedPDU, len(pdus))
	var parcels []*parcel
	seen := map[string]bool{}
	for i, raw := range pdus {
		p, err := r.unpack(ctx, origin, raw)
		switch {
		case err != nil && !refusal(err):
			return nil, err
		case err != nil:
			results[i].Err = err
			r.inbox.count("refused", 1)
		case p != nil:
			p.result = &results[i]
			results[i].EventID = p.in.event.ID
			if !seen[p.in.event.ID] {
				seen[p.in.event.ID] = true
				parcels = append(parcels, p)
			}
		}
	}
	parcels = r.verifyParcels(ctx, parcels)
	if err := r.deliver(ctx, origin, parcels); err != nil {
		return nil, err
	}
	return results, nil
}

// refusal reports whether an error is about one PDU and not about this node.
func refusal(err error) bool {
	for _, kind := range []error{ErrBadEvent, ErrTooLarge, ErrForbidden, ErrNotFound, ErrInvalidParam, ErrUnsupportedRoom} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// unpack parses a PDU and sees to it that origin may send it. nil without error: it was the end of an invite from outside.
func (r *Rooms) unpack(ctx context.Context, origin string, raw []byte) (*parcel, error) {
	if len(raw) > maxRawBytes {
		return nil, fmt.Errorf("PDU of %d bytes: %w", len(raw), ErrTooLarge)
	}
	if !gjson.ValidBytes(raw) {
		return nil, fmt.Errorf("PDU: %w", ErrBadEvent)
	}
	roomID := gjson.GetBytes(raw, "room_id").Str
	if roomID == "" || len(roomID) > maxIDBytes || !storable(roomID) {
		return nil, fmt.Errorf("PDU without a room: %w", ErrBadEvent)
	}
	snap, err := r.residentOrJoining(ctx, origin, roomID)
	if notFound(err) {
		return nil, r.endInvite(ctx, roomID, raw)
	}
	if err != nil {
		return nil, err
	}
	f, err := formatOf(snap.Version)
	if err != nil {
		return nil, err
	}
	in, err := f.parse(raw)
	if err != nil {
		return nil, err
	}
	if in.event.RoomID != roomID {
		return nil, fmt.Errorf("PDU of another room: %w", ErrBadEvent)
	}
	return &parcel{raw: raw, room: roomRef{snap.RoomNID, roomID, snap.Version}, in: in}, nil
}

// residentOrJoining is residentFor, which waits for a join of the room that is under way: the other servers send events as
// soon as they have let us in, while we still read who is there. Dropping those would lose them, since nobody sends
// them again.
func (r *Rooms) residentOrJoining(ctx context.Context, origin, roomID string) (*Snapshot, error) {
	snap, err := r.residentFor(ctx, origin, roomID)
	if !notFound(err) {
		return snap, err
	}
	if err := r.joins.wait(ctx, roomID, joinPatience); err != nil {
		return nil, err
	}
	return r.residentFor(ctx, origin, roomID) // also when nobody joins now: a join may have ended just before
}

// endInvite takes the event that ends an invite or a knock in a room that this node is not in. It cannot be authorised
// here, where power levels are not known: an invite is ended by who made it, and that the event names the invite or the
// knock among its auth events shows that its server knows the room.
func (r *Rooms) endInvite(ctx context.Context, roomID string, raw []byte) error {
	unknown := fmt.Errorf("this node is not in room %s: %w", roomID, ErrNotFound)
	user := gjson.GetBytes(raw, "state_key").Str
	if gjson.GetBytes(raw, "type").Str != "m.room.member" || !r.isLocal(user) {
		return unknown
	}
	outside, err := r.selectOutside(ctx, user, roomID)
	if err != nil {
		return err
	}
	if outside == nil || outside.Membership == "leave" {
		return unknown
	}
	f, err := formatOf(outside.Version)
	if err != nil {
		return err
	}
	in, err := f.parse(raw)
	if err != nil {
		return err
	}
	ended := in.event.Membership() == "leave" || in.event.Membership() == "ban"
	if !ended || in.event.RoomID != roomID || !slices.Contains(in.auth, outside.EventID) {
		return unknown
	}
	if outside.Membership == "invite" && in.event.Sender != outside.Sender {
		return fmt.Errorf("the invite is not of %s: %w", in.event.Sender, ErrForbidden)
	}
	if err := r.verifyOne(ctx, f, in); err != nil {
		return err
	}
	return r.endOutside(ctx, outside, in.event)
}

// verifyParcels checks the signatures, all of one room version at a time. A PDU whose keys are out of reach goes to the
// inbox.
func (r *Rooms) verifyParcels(ctx context.Context, parcels []*parcel) []*parcel {
	byVersion := map[string][]*parcel{}
	for _, p := range parcels {
		byVersion[p.room.version] = append(byVersion[p.room.version], p)
	}
	var good []*parcel
	for version, some := range byVersion {
		pdus := make([][]byte, len(some))
		for i, p := range some {
			pdus[i] = p.in.event.JSON
		}
		for i, err := range r.remote.VerifyPDUs(ctx, version, pdus) {
			p := some[i]
			switch {
			case errors.Is(err, ErrKeysUnreachable):
				p.waits = true
			case err != nil:
				p.result.Err = fmt.Errorf("signatures: %w: %w", ErrForbidden, err)
				r.inbox.count("bad_signature", 1)
				continue
			}
			good = append(good, p)
		}
	}
	return good
}

// deliver gives the PDUs to their rooms and waits a moment for what becomes of them. What is not done by then, or lacks
// something, is kept in the inbox.
func (r *Rooms) deliver(ctx context.Context, origin string, parcels []*parcel) error {
	byRoom := map[string][]*parcel{}
	for _, p := range parcels {
		byRoom[p.room.id] = append(byRoom[p.room.id], p)
	}
	for _, some := range byRoom {
		r.try(ctx, some)
	}
	timer := time.NewTimer(r.inbox.patience)
	defer timer.Stop()
	late := false
	var keep []*parcel
	for _, p := range parcels {
		if !p.waits && !late {
			late = !r.await(ctx, p, timer.C)
		} else if !p.waits {
			p.waits = !r.finished(p)
		}
		if p.waits {
			keep = append(keep, p)
		}
	}
	return r.keep(ctx, origin, keep)
}

// try starts the PDUs of one room in the order of history, each as a task of its own, so that the room's own users get
// in between.
func (r *Rooms) try(ctx context.Context, parcels []*parcel) {
	order := make(map[*incoming]*parcel, len(parcels))
	events := make([]*incoming, 0, len(parcels))
	for _, p := range parcels {
		if !p.waits {
			order[p.in] = p
			events = append(events, p.in)
		}
	}
	for _, in := range earlierFirst(events, func(in *incoming) []string { return in.prev }) {
		p := order[in]
		done, err := r.start(ctx, p.room.id, true, func(b *batch) error {
			ev, err := b.admit(p.in)
			if err == nil {
				p.outcome = ev.Outcome
			}
			return err
		})
		if err != nil {
			p.waits = true // the lane is full, or the room cannot be loaded now
			continue
		}
		p.done = done
	}
}

// await waits for one PDU; false when the time is over.
func (r *Rooms) await(ctx context.Context, p *parcel, over <-chan time.Time) bool {
	select {
	case err := <-p.done:
		r.settled(p, err)
		return true
	case <-over:
	case <-ctx.Done():
	}
	p.waits = !r.finished(p)
	return false
}

// finished reports whether a PDU is done, without waiting.
func (r *Rooms) finished(p *parcel) bool {
	select {
	case err := <-p.done:
		r.settled(p, err)
		return !p.waits
	default:
		return false
	}
}

// settled notes what became of a PDU.
func (r *Rooms) settled(p *parcel, err error) {
	switch {
	case err == nil && p.outcome == Rejected:
		p.result.Err = fmt.Errorf("refused by the authorisation rules of the room: %w", ErrForbidden)
		r.inbox.count("rejected", 1)
	case err == nil:
		r.inbox.count(p.outcome.String(), 1)
		r.inbox.arrived(p.in.event.ID)
	case refusal(err):
		p.result.Err = err
		r.inbox.count("refused", 1)
	default:
		p.waits = true // something is missing, or the room is busy
	}
}

// keep stores PDUs in the inbox and has their rooms worked on.
func (r *Rooms) keep(ctx context.Context, origin string, parcels []*parcel) error {
	if len(parcels) == 0 {
		return nil
	}
	nids := make([]int64, len(parcels))
	for i := range nids {
		nids[i] = r.inbox.ids.Next()
	}
	now := r.now().UnixMilli()
	err := r.db.Write(ctx, func(tx *sqldb.Tx) error { return insertInbox(tx, origin, parcels, nids, now) })
	if errors.Is(err, sqldb.ErrBusy) {
		err = fmt.Errorf("%w: %w", ErrBusy, err)
	}
	if err != nil {
		return fmt.Errorf("keeping %d PDUs of %s: %w", len(parcels), origin, err)
	}
	r.inbox.count("kept", len(parcels))
	r.inbox.wake()
	return nil
}
