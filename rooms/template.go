package rooms

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tidwall/gjson"

	"medixchange/internal/signing"
	"medixchange/internal/strictjson"
)

// fill makes the signed member event of a template that another server gave. Its word is taken for what comes before the
// event and for who authorises a restricted join; the rest is what the request says. The error wraps ErrBadEvent.
func (r *Rooms) fill(f *format, t *Template, req *MembershipRequest) (*incoming, error) {
	canonical, err := strictjson.Canonical(t.Event, strictjson.Limits{MaxBytes: maxRawBytes, Integers: f.strictNumbers})
	if err != nil {
		return nil, fmt.Errorf("template: %w: %w", ErrBadEvent, err)
	}
	p := &pduReader{root: gjson.ParseBytes(canonical)}
	typ, sender, key, roomID := p.text("type"), p.text("sender"), p.text("state_key"), p.text("room_id")
	p.references("prev_events", f.ownIDs, maxPrev)
	p.references("auth_events", f.ownIDs, maxAuth)
	depth := p.integer("depth")
	given := p.root.Get("content")
	switch {
	case p.err != nil:
		return nil, fmt.Errorf("template: %w", p.err)
	case typ != "m.room.member" || sender != req.Sender || key != req.Sender || roomID != req.RoomID,
		given.Get("membership").Str != req.Membership:
		return nil, fmt.Errorf("template is not of the %s that was asked for: %w", req.Membership, ErrBadEvent)
	case depth < 0 || depth > maxDepth:
		return nil, fmt.Errorf("template of depth %d: %w", depth, ErrBadEvent)
	}
	content := req.content()
	if via := given.Get("join_authorised_via_users_server"); req.Membership == "join" && via.Type == gjson.String {
		content["join_authorised_via_users_server"] = quoted(via.Str)
	}
	raw, err := encodeContent(f, content)
	if err != nil {
		return nil, err
	}
	w := &pduWriter{
		format: f, prevJSON: p.root.Get("prev_events").Raw, authJSON: p.root.Get("auth_events").Raw,
		draft: &draft{typ: typ, stateKey: &key, sender: sender, content: raw},
		event: &Event{RoomID: roomID, Version: f.version, Type: typ, StateKey: &key, Sender: sender, Depth: depth, OriginServerTS: r.now().UnixMilli()},
	}
	ev, err := f.sealed(w, r.signer)
	if err != nil {
		return nil, err
	}
	return f.parse(ev.JSON)
}

// template writes the event that a draft would become, without hashes and signatures.
func (b *batch) template(d *draft) (*Template, error) {
	if err := b.settle(); err != nil {
		return nil, err
	}
	auth, err := b.authorise(d)
	if err != nil {
		return nil, err
	}
	ev, err := b.build(d, auth)
	if err != nil {
		return nil, err
	}
	return &Template{RoomVersion: b.rm.format.version, Event: strictjson.Without(ev.JSON, "event_id", "hashes", "signatures")}, nil
}

// signed returns a PDU in canonical JSON with this node's signature added to those that it has.
func (f *format) signed(pdu []byte, s *signing.Signer) ([]byte, error) {
	_, covered := f.reference(pdu)
	signatures := map[string]map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(gjson.GetBytes(pdu, "signatures").Raw), &signatures); err != nil {
		return nil, fmt.Errorf("signatures of an event: %w: %w", ErrBadEvent, err)
	}
	own := signatures[s.ServerName]
	if own == nil {
		own = map[string]json.RawMessage{}
		signatures[s.ServerName] = own
	}
	own[s.KeyID()] = quoted(base64.RawStdEncoding.EncodeToString(ed25519.Sign(s.Key.Private, covered)))
	all, err := json.Marshal(signatures)
	if err != nil {
		return nil, fmt.Errorf("encoding signatures: %w", err)
	}
	out := strictjson.Without(pdu, "signatures")
	sep := ","
	if len(out) == len("{}") {
		sep = ""
	}
	out = append(append(out[:len(out)-1], sep+`"signatures":`...), append(all, '}')...)
	canonical, err := strictjson.Canonical(out, strictjson.Limits{MaxBytes: maxRawBytes, Integers: f.strictNumbers})
	if err != nil {
		return nil, fmt.Errorf("signing an event: %w: %w", ErrBadEvent, err)
	}
	if len(canonical) > maxEventBytes {
		return nil, fmt.Errorf("signed event of %d bytes: %w", len(canonical), ErrTooLarge)
	}
	return canonical, nil
}

// countersigned takes the copy of a PDU that another server has signed too. It has to be the same event.
func (f *format) countersigned(in *incoming, pdu []byte) (*incoming, error) {
	signed, err := f.parse(pdu)
	if err != nil {
		return nil, fmt.Errorf("signed copy of an event: %w", err)
	}
	ours, _ := f.reference(in.event.JSON)
	theirs, _ := f.reference(signed.event.JSON)
	same := slices.Equal(strictjson.Without(in.event.JSON, "signatures"), strictjson.Without(signed.event.JSON, "signatures"))
	if ours != theirs || !same || signed.event.ID != in.event.ID {
		return nil, fmt.Errorf("the signed copy is another event: %w", ErrBadEvent)
	}
	return signed, nil
}

// checkMember says whether a PDU is a member event with the membership, in the room, of a user of server.
func (in *incoming) checkMember(roomID, eventID, membership, server string) error {
	ev := in.event
	var wrong string
	switch {
	case ev.RoomID != roomID:
		wrong = "it is of another room"
	case eventID != "" && ev.ID != eventID:
		wrong = "it has another id"
	case ev.Type != "m.room.member" || ev.StateKey == nil || !isUserID(*ev.StateKey):
		wrong = "it is no member event"
	case ev.Membership() != membership:
		wrong = "its membership is not " + membership
	case serverOf(ev.Sender) != server:
		wrong = "its sender is not of " + server
	}
	if wrong != "" {
		return fmt.Errorf("event of a membership: %s: %w", wrong, ErrInvalidParam)
	}
	return nil
}

// verifyOne checks the signatures of one event. Errors: ErrInvalidParam, ErrKeysUnreachable.
func (r *Rooms) verifyOne(ctx context.Context, f *format, in *incoming) error {
	err := r.remote.VerifyPDUs(ctx, f.version, [][]byte{in.event.JSON})[0]
	if err != nil && !errors.Is(err, ErrKeysUnreachable) {
		return fmt.Errorf("signatures of an event: %w: %w", ErrInvalidParam, err)
	}
	return err
}
