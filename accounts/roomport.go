package accounts

import (
	"context"
	"errors"
	"fmt"

	"medixchange/rooms"
)

// roomPort is all that accounts asks of rooms. roomsOfNode is the real one; tests have their own.
type roomPort interface {
	// JoinedRooms returns the ids of the rooms that a user, local or not, is joined to.
	JoinedRooms(ctx context.Context, userID string) ([]string, error)
	// UserRooms are a local user's memberships.
	UserRooms(ctx context.Context, userID string) ([]rooms.UserRoom, error)
	OutsideMemberships(ctx context.Context, userID string) ([]rooms.OutsideMembership, error)
	// Room returns the current view of a room; rooms.ErrNotFound.
	Room(ctx context.Context, roomID string) (roomView, error)
	PublicRooms(ctx context.Context, limit int) ([]string, error)
	Events(ctx context.Context, nids []int64) (map[int64]*rooms.Event, error)
	Timeline(ctx context.Context, roomID string, from, to rooms.HistoryKey, dir rooms.Direction, limit int, cross bool) (*rooms.Page, error)
	Intervals(ctx context.Context, roomID, userID string) ([]rooms.Interval, error)
	UserReceipts(ctx context.Context, roomID, userID string) ([]rooms.Receipt, error)
	MembershipDeltas(ctx context.Context, since, upto int64) ([]rooms.MembershipDelta, error)
	StateChanges(ctx context.Context, typ string, since, upto int64) ([]rooms.StateDelta, error)
	StateEvent(ctx context.Context, roomID, typ, key string) (*rooms.Event, error)
	UpdateProfile(ctx context.Context, userID string, p rooms.MemberProfile) error
	SetMembership(ctx context.Context, req rooms.MembershipRequest) (string, error)
}

// roomView is a room's current state as accounts needs it. *rooms.Snapshot has most of it.
type roomView interface {
	JoinedCount() int
	Public() bool
	Membership(userID string) string
	EachMember(fn func(userID, membership string, eventNID int64) bool)
	LocalMembers() []string
	Servers() []string
	PowerLevel(userID string) int64
	NotificationPower(key string) int64
	// MemberEvent is the nid of a user's membership event.
	MemberEvent(userID string) (nid int64, ok bool)
}

// roomsOfNode is the roomPort of a running node.
type roomsOfNode struct{ *rooms.Rooms }

func (r *roomsOfNode) JoinedRooms(ctx context.Context, userID string) ([]string, error) {
	return r.JoinedRoomsOf(ctx, userID)
}

func (r *roomsOfNode) Room(ctx context.Context, roomID string) (roomView, error) {
	s, err := r.Snapshot(ctx, roomID)
	if err != nil {
		return nil, err
	}
	return snapshotView{s}, nil
}

// PublicRooms returns the ids of the first limit rooms of the public directory.
func (r *roomsOfNode) PublicRooms(ctx context.Context, limit int) ([]string, error) {
	page, err := r.Rooms.PublicRooms(ctx, rooms.PublicRoomsQuery{Limit: limit})
	if err != nil {
		return nil, fmt.Errorf("reading the public rooms: %w", err)
	}
	ids := make([]string, 0, len(page.Chunk))
	for _, room := range page.Chunk {
		ids = append(ids, room.RoomID)
	}
	return ids, nil
}

type snapshotView struct{ *rooms.Snapshot }

func (s snapshotView) JoinedCount() int { return s.Joined }

func (s snapshotView) Public() bool { return s.JoinRule == "public" || s.Published }

func (s snapshotView) MemberEvent(userID string) (int64, bool) {
	return s.StateNIDOf("m.room.member", userID)
}

// room is roomPort.Room with nil for a room that is not known.
func (a *Accounts) room(ctx context.Context, roomID string) (roomView, error) {
	view, err := a.rooms.Room(ctx, roomID)
	if errors.Is(err, rooms.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading room %s: %w", roomID, err)
	}
	return view, nil
}
