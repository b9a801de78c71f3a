package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tidwall/gjson"
)

// MakeMembership returns the template of a join, leave or knock of origin's user in a room that this node is in. versions
// are the room versions that origin knows; empty for a leave. Errors: ErrNotFound (this node is not in the room),
// ErrForbidden, ErrIncompatibleRoom, ErrUnableToAuthorise, ErrUnableToGrant, ErrInvalidParam.
func (r *Rooms) MakeMembership(ctx context.Context, origin, roomID, userID, membership string, versions []string) (*Template, error) {
	if !isUserID(userID) || !slices.Contains([]string{"join", "leave", "knock"}, membership) {
		return nil, fmt.Errorf("template of a %q: %w", membership, ErrInvalidParam)
	}
	if serverOf(userID) != origin {
		return nil, fmt.Errorf("the user is not of server %s: %w", origin, ErrForbidden)
	}
	snap, err := r.residentFor(ctx, origin, roomID)
	if err != nil {
		return nil, err
	}
	if membership != "leave" && !slices.Contains(versions, snap.Version) {
		return nil, fmt.Errorf("room version %s: %w", snap.Version, ErrIncompatibleRoom)
	}
	content := memberContent(membership, MemberProfile{})
	if membership == "join" {
		via, err := r.authoriser(ctx, snap, userID)
		if err != nil {
			return nil, err
		}
		if via != "" {
			content["join_authorised_via_users_server"] = quoted(via)
		}
	}
	var t *Template
	err = r.do(ctx, roomID, true, func(b *batch) error {
		raw, err := encodeContent(b.rm.format, content)
		if err != nil {
			return err
		}
		t, err = b.template(&draft{typ: "m.room.member", stateKey: &userID, sender: userID, content: raw, ts: b.nowMS()})
		return err
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// residentFor returns the snapshot of a room that this node is in and origin may take part in.
func (r *Rooms) residentFor(ctx context.Context, origin, roomID string) (*Snapshot, error) {
	snap, err := r.Snapshot(ctx, roomID)
	if err != nil {
		return nil, err
	}
	if snap.LocalJoined() == 0 {
		return nil, fmt.Errorf("this node is not in room %s: %w", roomID, ErrNotFound)
	}
	allowed, err := r.ServerACLAllows(ctx, origin, roomID)
	if err != nil {
		return nil, err
	}
	if !allowed || !r.allow(origin) {
		return nil, fmt.Errorf("server %s may not take part in the room: %w", origin, ErrForbidden)
	}
	return snap, nil
}

// acceptMember takes a member event that a server made from a template of this node, and sends it on to the others.
func (r *Rooms) acceptMember(ctx context.Context, origin, roomID, eventID, membership string, pdu []byte) (*Event, error) {
	snap, err := r.residentFor(ctx, origin, roomID)
	if err != nil {
		return nil, err
	}
	f, err := formatOf(snap.Version)
	if err != nil {
		return nil, err
	}
	in, err := f.parse(pdu)
	if err != nil {
		return nil, err
	}
	if err := in.checkMember(roomID, eventID, membership, origin); err != nil {
		return nil, err
	}
	if *in.event.StateKey != in.event.Sender {
		return nil, fmt.Errorf("the %s is not of its sender: %w", membership, ErrInvalidParam)
	}
	if membership == "join" {
		if in, err = r.authorised(ctx, snap, f, in); err != nil {
			return nil, err
		}
	}
	if err := r.verifyOne(ctx, f, in); err != nil {
		return nil, err
	}
	in.forward, in.except = true, origin
	ev, err := r.bring(ctx, roomRef{snap.RoomNID, roomID, snap.Version}, origin, in, nil)
	var lacks *missingError
	switch {
	case errors.As(err, &lacks):
		return nil, fmt.Errorf("the %s follows events that could not be had: %w", membership, ErrInvalidParam)
	case err != nil:
		return nil, err
	case ev.Outcome != Accepted:
		return nil, fmt.Errorf("the %s is not allowed: %w", membership, ErrForbidden)
	}
	return ev, nil
}

// authorised signs the join to a restricted room that names a user of this node as the one who lets the user in, if that
// is so.
func (r *Rooms) authorised(ctx context.Context, snap *Snapshot, f *format, in *incoming) (*incoming, error) {
	via := in.event.Content().Get("join_authorised_via_users_server").Str
	if via == "" || !f.restricted || !r.isLocal(via) {
		return in, nil
	}
	if _, err := r.authoriser(ctx, snap, in.event.Sender); err != nil {
		return nil, err
	}
	if snap.Membership(via) != "join" || snap.PowerLevel(via) < snap.InvitePower() {
		return nil, fmt.Errorf("%s may not let others in: %w", via, ErrUnableToGrant)
	}
	signed, err := f.signed(in.event.JSON, r.signer)
	if err != nil {
		return nil, err
	}
	return f.parse(signed)
}

// AcceptJoin takes a join that origin made from a template, and returns the state of the room before it. omitMembers
// leaves most m.room.member events out of that. Errors as of MakeMembership, and those of a malformed event.
func (r *Rooms) AcceptJoin(ctx context.Context, origin, roomID, eventID string, pdu []byte, omitMembers bool) (*JoinedState, error) {
	ev, err := r.acceptMember(ctx, origin, roomID, eventID, "join", pdu)
	if err != nil {
		return nil, err
	}
	state, err := r.StateAt(ctx, ev.StateBefore, nil)
	if err != nil {
		return nil, err
	}
	joined := &JoinedState{Event: ev.JSON, MembersOmitted: omitMembers, ServersInRoom: serversIn(state)}
	if omitMembers {
		if state, err = r.withoutMembers(ctx, roomID, state); err != nil {
			return nil, err
		}
	}
	chain, err := r.authChain(ctx, append(slices.Clone(state), ev))
	if err != nil {
		return nil, err
	}
	if omitMembers {
		chain = slices.DeleteFunc(chain, func(ev *Event) bool { return slices.Contains(state, ev) })
	} else {
		chain = withCreate(chain, state)
	}
	joined.State, joined.AuthChain = pdusOf(state), pdusOf(chain)
	return joined, nil
}

// withCreate sees to it that an auth chain has the create event. From room version 12 on no event names it, yet servers of
// which many are in use refuse a join whose auth chain lacks it.
func withCreate(chain, state []*Event) []*Event {
	for _, ev := range state {
		if ev.Type == "m.room.create" && !slices.Contains(chain, ev) {
			chain = append(chain, ev)
		}
	}
	return chain
}

func pdusOf(events []*Event) [][]byte {
	pdus := make([][]byte, len(events))
	for i, ev := range events {
		pdus[i] = ev.JSON
	}
	return pdus
}

// serversIn returns the servers with a joined member in a state, sorted.
func serversIn(state []*Event) []string {
	var servers []string
	for _, ev := range state {
		if ev.Membership() == "join" {
			servers = append(servers, serverOf(*ev.StateKey))
		}
	}
	slices.Sort(servers)
	return slices.Compact(servers)
}

// withoutMembers leaves the member events out of a state, but those of the heroes of a room without a name.
func (r *Rooms) withoutMembers(ctx context.Context, roomID string, state []*Event) ([]*Event, error) {
	named := slices.ContainsFunc(state, func(ev *Event) bool {
		return ev.IsStateOf("m.room.name", "") || ev.IsStateOf("m.room.canonical_alias", "")
	})
	var heroes []string
	if !named {
		snap, err := r.Snapshot(ctx, roomID)
		if err != nil {
			return nil, err
		}
		heroes = snap.Heroes("")
	}
	return slices.DeleteFunc(state, func(ev *Event) bool {
		return ev.Type == "m.room.member" && !slices.Contains(heroes, *ev.StateKey)
	}), nil
}

// AcceptLeave takes a leave that origin made from a template: of a member, or declining an invite. Errors as of AcceptJoin.
func (r *Rooms) AcceptLeave(ctx context.Context, origin, roomID, eventID string, pdu []byte) error {
	_, err := r.acceptMember(ctx, origin, roomID, eventID, "leave", pdu)
	return err
}

// AcceptKnock takes a knock that origin made from a template and returns the room's stripped state, a JSON array. Errors as
// of AcceptJoin.
func (r *Rooms) AcceptKnock(ctx context.Context, origin, roomID, eventID string, pdu []byte) (stripped []byte, err error) {
	if _, err := r.acceptMember(ctx, origin, roomID, eventID, "knock", pdu); err != nil {
		return nil, err
	}
	state, err := r.strippedState(ctx, roomID, "")
	if err != nil {
		return nil, err
	}
	return json.Marshal(state)
}

// AcceptInvite takes origin's invite of a local user, signs it and returns it. The caller has seen to it that the user is
// there and wants to be invited. stripped is the room's state as origin describes it. Errors: ErrIncompatibleRoom (a room
// version that this node does not know), ErrInvalidParam, ErrForbidden, and those of a malformed event.
func (r *Rooms) AcceptInvite(ctx context.Context, origin, roomID, eventID, version string, pdu []byte, stripped []json.RawMessage) (signed []byte, err error) {
	f, err := formatOf(version)
	if err != nil {
		return nil, fmt.Errorf("room version %q: %w", version, ErrIncompatibleRoom)
	}
	in, err := f.parse(pdu)
	if err != nil {
		return nil, err
	}
	if err := in.checkMember(roomID, eventID, "invite", origin); err != nil {
		return nil, err
	}
	user := *in.event.StateKey
	if !r.isLocal(user) {
		return nil, fmt.Errorf("the invited user is not of this node: %w", ErrInvalidParam)
	}
	if !r.allow(origin) {
		return nil, fmt.Errorf("server %s may not take part: %w", origin, ErrForbidden)
	}
	if err := r.checkStripped(ctx, f, roomID, stripped); err != nil {
		return nil, err
	}
	if err := r.verifyOne(ctx, f, in); err != nil {
		return nil, err
	}
	if err := r.mayInvite(ctx, in.event.Sender, user); err != nil {
		return nil, err
	}
	if signed, err = f.signed(in.event.JSON, r.signer); err != nil {
		return nil, err
	}
	in.event.setJSON(signed)
	return signed, r.takeInvite(ctx, origin, f, in, stripped)
}

// takeInvite puts an invite where its user finds it: into the room if this node is in it, else among those from outside.
func (r *Rooms) takeInvite(ctx context.Context, origin string, f *format, in *incoming, stripped []json.RawMessage) error {
	roomID, user := in.event.RoomID, *in.event.StateKey
	snap, err := r.Snapshot(ctx, roomID)
	if err != nil && !notFound(err) {
		return err
	}
	if err == nil && snap.LocalJoined() > 0 {
		if _, err := r.residentFor(ctx, origin, roomID); err != nil {
			return err
		}
		ev, err := r.admitOne(ctx, roomID, true, in)
		var lacks *missingError
		if errors.As(err, &lacks) {
			if snap.Membership(user) != "join" {
				return nil // it comes again, with the other events of the room
			}
			// The user was removed and this node has not heard of it: what follows the removal is not for it, and so the invite
			// does not come again.
			return r.inviteFromOutside(ctx, f, in, stripped)
		}
		if err == nil && ev.Outcome != Accepted {
			err = fmt.Errorf("the invite is not allowed: %w", ErrForbidden)
		}
		return err
	}
	return r.inviteFromOutside(ctx, f, in, stripped)
}

// inviteFromOutside keeps an invite to a room that this node is not in.
func (r *Rooms) inviteFromOutside(ctx context.Context, f *format, in *incoming, stripped []json.RawMessage) error {
	state, err := json.Marshal(stripped)
	if err != nil {
		return fmt.Errorf("stripped state: %w: %w", ErrBadEvent, err)
	}
	return r.storeOutside(ctx, OutsideMembership{
		UserID: *in.event.StateKey, RoomID: in.event.RoomID, Version: f.version, Membership: "invite", Sender: in.event.Sender, EventID: in.event.ID,
		JSON: in.event.JSON, Stripped: strippedList(state),
	})
}

// checkStripped checks the state that comes with an invite, from room version 12 on: whole events must be well signed events
// of the room (Server-Server API, Inviting to a room). Servers that still send events cut down to what is shown are
// let through, since the specification leaves refusing them to the receiver and deployed servers do so: nothing rests on
// such events, and who joins gets the create event, whose hash names the room. A server whose keys are out of reach does
// not keep anybody from being invited.
func (r *Rooms) checkStripped(ctx context.Context, f *format, roomID string, stripped []json.RawMessage) error {
	if !f.roomIsCreate {
		return nil
	}
	if len(stripped) > maxStripped {
		return fmt.Errorf("an invite with %d events of state: %w", len(stripped), ErrInvalidParam)
	}
	pdus := make([][]byte, 0, len(stripped))
	for _, raw := range stripped {
		if !gjson.GetBytes(raw, "signatures").Exists() {
			continue
		}
		in, err := f.parse(raw)
		if err != nil || in.event.RoomID != roomID || !in.event.IsState() {
			return fmt.Errorf("the state of the invite is not the room's: %w", ErrInvalidParam)
		}
		pdus = append(pdus, in.event.JSON)
	}
	for _, err := range r.remote.VerifyPDUs(ctx, f.version, pdus) {
		if err != nil && !errors.Is(err, ErrKeysUnreachable) {
			return fmt.Errorf("signatures of the state of an invite: %w: %w", ErrInvalidParam, err)
		}
	}
	return nil
}
