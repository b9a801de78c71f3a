package rooms

import (
	"context"
	"encoding/json"
)

// MakeMembership returns the template of a join, leave or knock of origin's user in a room that this node is in. versions
// are the room versions that origin knows; empty for a leave. Errors: ErrNotFound (this node is not in the room),
// ErrForbidden, ErrIncompatibleRoom, ErrUnableToAuthorise, ErrUnableToGrant.
func (r *Rooms) MakeMembership(ctx context.Context, origin, roomID, userID, membership string, versions []string) (*Template, error) {
	return nil, unreachable(roomID)
}

// AcceptJoin takes a join that origin made from a template, and returns the state of the room before it. omitMembers
// leaves most m.room.member events out of that.
func (r *Rooms) AcceptJoin(ctx context.Context, origin, roomID, eventID string, pdu []byte, omitMembers bool) (*JoinedState, error) {
	return nil, unreachable(roomID)
}

// AcceptLeave takes a leave that origin made from a template: of a member, or declining an invite.
func (r *Rooms) AcceptLeave(ctx context.Context, origin, roomID, eventID string, pdu []byte) error {
	return unreachable(roomID)
}

// AcceptKnock takes a knock that origin made from a template and returns the room's stripped state, a JSON array.
func (r *Rooms) AcceptKnock(ctx context.Context, origin, roomID, eventID string, pdu []byte) (stripped []byte, err error) {
	return nil, unreachable(roomID)
}

// AcceptInvite takes origin's invite of a local user, signs it and returns it. The caller has seen to it that the user is
// there and wants to be invited. stripped is the room's state as origin describes it. ErrIncompatibleRoom for a room
// version that this node does not know.
func (r *Rooms) AcceptInvite(ctx context.Context, origin, roomID, eventID, version string, pdu []byte, stripped []json.RawMessage) (signed []byte, err error) {
	return nil, unreachable(roomID)
}
