package rooms

import (
	"context"
	"fmt"
)

// The ways into and out of rooms that this node is not in lead through other servers. Without a server that could be
// asked they end in ErrUnreachable.

// joinRemote joins a room through the servers of req.Via.
func (r *Rooms) joinRemote(_ context.Context, req MembershipRequest) (roomID string, err error) {
	return "", unreachable(req.RoomID)
}

// knockRemote knocks at a room through the servers of req.Via.
func (r *Rooms) knockRemote(_ context.Context, req MembershipRequest) (roomID string, err error) {
	return "", unreachable(req.RoomID)
}

// leaveRemote declines an invite to, or takes back a knock at, a room that this node is not in.
func (r *Rooms) leaveRemote(_ context.Context, req MembershipRequest) error {
	return unreachable(req.RoomID)
}

// inviteRemote has the invite of another server's user signed there and takes it into the room.
func (r *Rooms) inviteRemote(_ context.Context, roomID string, _ *draft, _ *Txn) (eventID string, err error) {
	return "", unreachable(roomID)
}

func unreachable(roomID string) error {
	return fmt.Errorf("room %s: %w", roomID, ErrUnreachable)
}
