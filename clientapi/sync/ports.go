package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"medixchange/accounts"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

// roomsPort is what a sync reads of the rooms; see the methods of the same names there.
type roomsPort interface {
	UserRooms(ctx context.Context, userID string) ([]rooms.UserRoom, error)
	OutsideMemberships(ctx context.Context, userID string) ([]rooms.OutsideMembership, error)
	Intervals(ctx context.Context, roomID, userID string) ([]rooms.Interval, error)
	LiveTimeline(ctx context.Context, roomID string, since, upto int64, limit int) ([]*rooms.Event, bool, rooms.HistoryKey, error)
	Events(ctx context.Context, nids []int64) (map[int64]*rooms.Event, error)
	StateDeltas(ctx context.Context, roomID string, since, upto int64) ([]rooms.StateDelta, error)
	StateEntryAt(ctx context.Context, stateNID int64, typ, key string) (*rooms.Event, error)
	Receipts(ctx context.Context, roomID string, since, upto int64) ([]rooms.Receipt, error)
	PrivateReceipts(ctx context.Context, userID string, since, upto int64) ([]rooms.Receipt, error)
	Typing(roomID string) []string
	Stickies(roomID string, since, upto int64) []rooms.Sticky

	// state returns the room's current state as far as keep wants it, and a stream position that it does not pass.
	state(ctx context.Context, roomID string, keep func(typ, key string) bool) ([]*rooms.Event, int64, error)
	// stateAfter returns the state after an event; nothing when it is not known.
	stateAfter(ctx context.Context, ev *rooms.Event, keep func(typ, key string) bool) ([]*rooms.Event, error)
	// members returns the current member events of the users; 0 for who has none.
	members(ctx context.Context, roomID string, users []string) ([]int64, error)
	// brief returns what the summary says to userID.
	brief(ctx context.Context, roomID, userID string) (brief, error)
}

// brief is a room's summary.
type brief struct {
	joined, invited int
	heroes          []string
}

// accountsPort is what a sync reads of the accounts; see the methods of the same names there.
type accountsPort interface {
	Filter(ctx context.Context, userID, filterID string) (json.RawMessage, error)
	AccountDataSince(ctx context.Context, userID string, since, upto int64) ([]*accounts.AccountDatum, error)
	Counts(ctx context.Context, userID, roomID string, upto int64) (accounts.Counts, error)
	KeyCounts(ctx context.Context, userID, deviceID string) (accounts.KeyCounts, error)
	KeyChanges(ctx context.Context, userID string, since, upto int64) (changed, left []string, err error)
	ToDevice(ctx context.Context, userID, deviceID string, after, upto int64, limit int) (messages []json.RawMessage, last int64, more bool, err error)
	AckToDevice(ctx context.Context, userID, deviceID string, upto int64) error
}

// nodeRooms is roomsPort over the rooms of the node.
type nodeRooms struct {
	*rooms.Rooms
	hub *stream.Hub
}

func (n nodeRooms) state(ctx context.Context, roomID string, keep func(typ, key string) bool) ([]*rooms.Event, int64, error) {
	events, err := n.currentState(ctx, roomID, keep)
	if err != nil {
		return nil, 0, fmt.Errorf("reading current state: %w", err)
	}
	snap, err := n.Snapshot(ctx, roomID)
	if err != nil {
		return nil, 0, fmt.Errorf("reading a room: %w", err)
	}
	// The snapshot may be ahead of what the stream has announced; its deltas are readable when the stream is there.
	return events, snap.Position, n.hub.WaitFor(ctx, snap.Position)
}

func (n nodeRooms) currentState(ctx context.Context, roomID string, keep func(typ, key string) bool) ([]*rooms.Event, error) {
	if keep == nil {
		return n.CurrentState(ctx, roomID)
	}
	snap, err := n.Snapshot(ctx, roomID)
	if err != nil {
		return nil, err
	}
	return n.StateAt(ctx, snap.StateNID, keep)
}

func (n nodeRooms) stateAfter(ctx context.Context, ev *rooms.Event, keep func(typ, key string) bool) ([]*rooms.Event, error) {
	nid, err := n.StateAfter(ctx, ev)
	if errors.Is(err, rooms.ErrNotFound) || err == nil && nid == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("finding the state after an event: %w", err)
	}
	return n.StateAt(ctx, nid, keep)
}

func (n nodeRooms) members(ctx context.Context, roomID string, users []string) ([]int64, error) {
	snap, err := n.Snapshot(ctx, roomID)
	if err != nil {
		return nil, fmt.Errorf("reading a room: %w", err)
	}
	nids := make([]int64, len(users))
	for i, user := range users {
		nids[i], _ = snap.StateNIDOf("m.room.member", user)
	}
	return nids, nil
}

func (n nodeRooms) brief(ctx context.Context, roomID, userID string) (brief, error) {
	snap, err := n.Snapshot(ctx, roomID)
	if err != nil {
		return brief{}, fmt.Errorf("reading a room: %w", err)
	}
	return brief{joined: snap.Joined, invited: snap.Invited, heroes: snap.Heroes(userID)}, nil
}
