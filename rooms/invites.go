package rooms

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"medixchange/internal/strictjson"
)

// inviteDeadline bounds the signing of an invite by the invited user's server, leaveDeadline the telling that an invite
// is declined; after that the invite is gone for this node.
const (
	inviteDeadline = 30 * time.Second
	leaveDeadline  = 20 * time.Second
)

// mayInvite refuses invites that the invited user, if of this node, does not take. Of others their server decides.
func (r *Rooms) mayInvite(ctx context.Context, inviter, target string) error {
	if !r.isLocal(target) {
		return nil
	}
	if err := r.inviter(ctx, inviter, target); err != nil {
		return fmt.Errorf("inviting %s: %w", target, err)
	}
	return nil
}

// inviteRemote makes the invite of another server's user, has it signed there and then takes it into the room. An invite
// that the other server refuses never enters the room.
func (r *Rooms) inviteRemote(ctx context.Context, roomID string, d *draft, txn *Txn) (eventID string, err error) {
	server := serverOf(*d.stateKey)
	if !r.allow(server) {
		return "", fmt.Errorf("server %s may not take part: %w", server, ErrForbidden)
	}
	allowed, err := r.ServerACLAllows(ctx, server, roomID)
	if err != nil {
		return "", err
	}
	if !allowed {
		return "", fmt.Errorf("the room's access list denies %s: %w", server, ErrForbidden)
	}
	made, err := r.makeInvite(ctx, roomID, d)
	if err != nil {
		return "", err
	}
	f, err := formatOf(made.Version)
	if err != nil {
		return "", err
	}
	in, err := f.parse(made.JSON)
	if err != nil {
		return "", err
	}
	if in, err = r.signedBy(ctx, server, f, in); err != nil {
		return "", err
	}
	in.forward, in.txn = true, txn
	if snap, err := r.Snapshot(ctx, roomID); err != nil {
		return "", err
	} else if !snap.sharedWith(server) {
		in.except = server // it has the invite, and nothing more of the room
	}
	ev, err := r.admitOne(ctx, roomID, false, in)
	if err != nil {
		return "", err
	}
	if ev.Outcome != Accepted {
		return "", fmt.Errorf("the invite is no longer allowed: %w", ErrForbidden)
	}
	return ev.ID, nil
}

// makeInvite makes an invite that follows the newest events of the room, without taking it in.
func (r *Rooms) makeInvite(ctx context.Context, roomID string, d *draft) (*Event, error) {
	var made *Event
	err := r.do(ctx, roomID, false, func(b *batch) error {
		req := &MembershipRequest{Sender: d.sender, Target: *d.stateKey, Membership: "invite"}
		if _, err := b.checkMembership(req); err != nil {
			return err
		}
		if err := b.settle(); err != nil {
			return err
		}
		auth, err := b.authorise(d)
		if err != nil {
			return err
		}
		made, err = b.build(d, auth)
		return err
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// signedBy has an invite signed by the invited user's server.
func (r *Rooms) signedBy(ctx context.Context, server string, f *format, in *incoming) (*incoming, error) {
	stripped, err := r.strippedState(ctx, in.event.RoomID, in.event.Sender)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, inviteDeadline)
	defer cancel()
	pdu, err := r.remote.SendInvite(ctx, server, in.event.RoomID, in.event.ID, in.event.JSON, f.version, stripped)
	if err != nil {
		return nil, fmt.Errorf("having an invite signed by %s: %w", server, err)
	}
	return f.countersigned(in, pdu)
}

// strippedTypes are the state events by which someone who is not in a room is to recognise it (Client-Server API,
// Stripped state).
var strippedTypes = []string{
	"m.room.create", "m.room.name", "m.room.avatar", "m.room.topic", "m.room.join_rules", "m.room.canonical_alias",
	"m.room.encryption",
}

// strippedState returns these events of the room and the member event of a user, as whole PDUs (since version 1.16 of the
// specification other servers are given those).
func (r *Rooms) strippedState(ctx context.Context, roomID, userID string) ([]json.RawMessage, error) {
	snap, err := r.Snapshot(ctx, roomID)
	if err != nil {
		return nil, err
	}
	var nids []int64
	add := func(typ, key string) {
		if nid, ok := snap.StateNIDOf(typ, key); ok {
			nids = append(nids, nid)
		}
	}
	for _, typ := range strippedTypes {
		add(typ, "")
	}
	if userID != "" {
		add("m.room.member", userID)
	}
	events, err := r.inOrder(ctx, nids)
	if err != nil {
		return nil, err
	}
	stripped := make([]json.RawMessage, 0, len(events))
	for _, ev := range events {
		stripped = append(stripped, json.RawMessage(ev.JSON))
	}
	return stripped, nil
}

// admitOne takes one event through the room; remote says in which lane.
func (r *Rooms) admitOne(ctx context.Context, roomID string, remote bool, in *incoming) (*Event, error) {
	var ev *Event
	err := r.do(ctx, roomID, remote, func(b *batch) (err error) {
		ev, err = b.admit(in)
		return err
	})
	if err != nil {
		return nil, err
	}
	return ev, nil
}

// leaveRemote declines an invite to a room that this node is not in, or takes back a knock. Whatever the room's servers
// say, and if none of them answers, it is gone for the user.
func (r *Rooms) leaveRemote(ctx context.Context, req MembershipRequest) error {
	outside, err := r.selectOutside(ctx, req.Sender, req.RoomID)
	if err != nil {
		return err
	}
	if outside == nil {
		return r.leaveDeserted(ctx, req)
	}
	if outside.Membership == "leave" {
		return nil
	}
	return r.apart(ctx, 2*leaveDeadline, func(ctx context.Context) error {
		return r.endOutside(ctx, outside, r.tellLeave(ctx, req, outside))
	})
}

// tellLeave tells one of the room's servers; nil when none took it.
func (r *Rooms) tellLeave(ctx context.Context, req MembershipRequest, outside *OutsideMembership) *Event {
	ctx, cancel := context.WithTimeout(ctx, leaveDeadline)
	defer cancel()
	for _, server := range r.doorkeepers(ctx, &req, outside) {
		f, leave, err := r.memberFrom(ctx, server, &req)
		if err == nil {
			err = r.remote.SendLeave(ctx, server, req.RoomID, leave.event.ID, leave.event.JSON, f.version)
		}
		if err == nil {
			return leave.event
		}
		r.log.WithError(err).WithField("room_id", req.RoomID).WithField("server", server).Info("leaving through a server failed")
	}
	return nil
}

// leaveDeserted leaves a room that has no user of this node any more but in whose state, as this node knew it last, the
// user was invited or knocked: the leave follows that state, and goes to the servers that were in the room.
func (r *Rooms) leaveDeserted(ctx context.Context, req MembershipRequest) error {
	membership, _, err := r.Membership(ctx, req.RoomID, req.Sender)
	if err != nil {
		return err
	}
	switch membership {
	case "leave": // again
		return nil
	case "invite", "knock":
	default:
		return fmt.Errorf("user is not in the room: %w", ErrForbidden)
	}
	return r.do(ctx, req.RoomID, false, func(b *batch) error {
		content, err := encodeContent(b.rm.format, req.content())
		if err != nil {
			return err
		}
		_, err = b.send(&draft{typ: "m.room.member", stateKey: &req.Target, sender: req.Sender, content: content, ts: b.nowMS()}, req.Txn)
		return err
	})
}

// knockRemote knocks at a room through the servers of req.Via.
func (r *Rooms) knockRemote(ctx context.Context, req MembershipRequest) (roomID string, err error) {
	return req.RoomID, r.apart(ctx, joinDeadline, func(ctx context.Context) error {
		release, err := r.joins.lock(ctx, req.RoomID)
		if err != nil {
			return err
		}
		defer release()
		outside, err := r.selectOutside(ctx, req.Sender, req.RoomID)
		if err != nil {
			return err
		}
		return r.throughAny(ctx, &req, outside, func(server string) error { return r.knockThrough(ctx, server, req) })
	})
}

func (r *Rooms) knockThrough(ctx context.Context, server string, req MembershipRequest) error {
	f, knock, err := r.memberFrom(ctx, server, &req)
	if err != nil {
		return err
	}
	ev := knock.event
	stripped, err := r.remote.SendKnock(ctx, server, req.RoomID, ev.ID, ev.JSON, f.version)
	if err != nil {
		return fmt.Errorf("sending a knock: %w", err)
	}
	return r.storeOutside(ctx, OutsideMembership{
		UserID: req.Sender, RoomID: req.RoomID, Version: f.version, Membership: "knock", Sender: req.Sender, EventID: ev.ID,
		JSON: ev.JSON, Stripped: strippedList(stripped),
	})
}

// maxStrippedBytes bounds the stripped state that is kept of a room outside, maxStripped its events where each is checked.
const (
	maxStrippedBytes = 256 << 10
	maxStripped      = 100
)

// strippedList returns what another server says of a room as a JSON array; an empty one for what is not one, or too long.
func strippedList(raw []byte) []byte {
	limits := strictjson.Limits{MaxBytes: maxStrippedBytes}
	if canonical, err := strictjson.Canonical(raw, limits); err == nil && len(canonical) > 0 && canonical[0] == '[' {
		return canonical
	}
	return []byte("[]")
}
