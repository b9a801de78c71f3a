package rooms

import (
	"context"
	"encoding/json"
	"time"
)

func (r *Rooms) Timeline(ctx context.Context, roomID string, from, to HistoryKey, dir Direction, limit int, cross bool) (*Page, error) {
	return nil, ErrNotFound
}
func (r *Rooms) LiveTimeline(ctx context.Context, roomID string, since, upto int64, limit int) (events []*Event, limited bool, prev HistoryKey, err error) {
	return nil, false, HistoryKey{}, ErrNotFound
}
func (r *Rooms) Redacted(ctx context.Context, ids []string) (map[string]*Event, error) {
	return nil, ErrNotFound
}
func (r *Rooms) EventNear(ctx context.Context, roomID string, ts int64, dir Direction) (*Event, error) {
	return nil, ErrNotFound
}
func (r *Rooms) EnsureEvent(ctx context.Context, roomID, eventID string) (*Event, error) {
	return nil, ErrNotFound
}
func (r *Rooms) Relations(ctx context.Context, q RelationQuery) (*Page, error) {
	return nil, ErrNotFound
}
func (r *Rooms) Aggregates(ctx context.Context, eventIDs []string) (map[string]Aggregate, error) {
	return nil, ErrNotFound
}
func (r *Rooms) Threads(ctx context.Context, roomID, participant string, from HistoryKey, limit int) (*Page, error) {
	return nil, ErrNotFound
}
func (r *Rooms) SetReceipt(ctx context.Context, receipt Receipt) error { return ErrNotFound }
func (r *Rooms) Receipts(ctx context.Context, roomID string, since, upto int64) ([]Receipt, error) {
	return nil, ErrNotFound
}
func (r *Rooms) PrivateReceipts(ctx context.Context, userID string, since, upto int64) ([]Receipt, error) {
	return nil, ErrNotFound
}
func (r *Rooms) UserReceipts(ctx context.Context, roomID, userID string) ([]Receipt, error) {
	return nil, ErrNotFound
}
func (r *Rooms) SetTyping(roomID, userID string, timeout time.Duration) {}
func (r *Rooms) Typing(roomID string) []string                          { return nil }
func (r *Rooms) ReceiveReceipts(ctx context.Context, origin string, content json.RawMessage) error {
	return ErrNotFound
}
func (r *Rooms) ReceiveTyping(ctx context.Context, origin, roomID, userID string, typing bool) error {
	return ErrNotFound
}
func (r *Rooms) CreateAlias(ctx context.Context, alias, roomID, creator string) error {
	return ErrNotFound
}
func (r *Rooms) DeleteAlias(ctx context.Context, alias, user string) error { return ErrNotFound }
func (r *Rooms) ResolveAlias(ctx context.Context, alias string) (roomID string, servers []string, err error) {
	return "", nil, ErrNotFound
}
func (r *Rooms) LocalAliases(ctx context.Context, roomID string) ([]string, error) {
	return nil, ErrNotFound
}
func (r *Rooms) SetPublished(ctx context.Context, roomID, user string, on bool) error {
	return ErrNotFound
}
func (r *Rooms) Published(ctx context.Context, roomID string) (bool, error) {
	return false, ErrNotFound
}
func (r *Rooms) PublicRooms(ctx context.Context, q PublicRoomsQuery) (*PublicRoomsPage, error) {
	return nil, ErrNotFound
}
func (r *Rooms) Summary(ctx context.Context, roomID string) (*RoomSummary, error) {
	return nil, ErrNotFound
}
func (r *Rooms) SpaceChildren(ctx context.Context, roomID string) ([]SpaceChild, error) {
	return nil, ErrNotFound
}
func (r *Rooms) MayPreview(ctx context.Context, userID string, s *RoomSummary) (bool, error) {
	return false, ErrNotFound
}
func (r *Rooms) ServerMayPreview(ctx context.Context, server string, s *RoomSummary) (bool, error) {
	return false, ErrNotFound
}
func (r *Rooms) ServerMayRead(ctx context.Context, server, roomID string) error { return ErrNotFound }
func (r *Rooms) ServerACLAllows(ctx context.Context, server, roomID string) (bool, error) {
	return false, ErrNotFound
}
func (r *Rooms) ServeBackfill(ctx context.Context, server, roomID string, from []string, limit int) ([]*Event, error) {
	return nil, ErrNotFound
}
func (r *Rooms) ServeMissing(ctx context.Context, server, roomID string, earliest, latest []string, limit int, minDepth int64) ([]*Event, error) {
	return nil, ErrNotFound
}
func (r *Rooms) ServeState(ctx context.Context, server, roomID, eventID string) (state, authChain []*Event, err error) {
	return nil, nil, ErrNotFound
}
func (r *Rooms) ServeStateIDs(ctx context.Context, server, roomID, eventID string) (state, authChain []string, err error) {
	return nil, nil, ErrNotFound
}
func (r *Rooms) ServeEventAuth(ctx context.Context, server, roomID, eventID string) ([]*Event, error) {
	return nil, ErrNotFound
}
func (r *Rooms) ServeEvent(ctx context.Context, server, eventID string) (*Event, error) {
	return nil, ErrNotFound
}
func (r *Rooms) LatestOutgoing(ctx context.Context, roomID, server string, upto int64) (*Event, error) {
	return nil, ErrNotFound
}
func (r *Rooms) ServerSet(ctx context.Context, serversNID int64) ([]string, error) {
	return nil, ErrNotFound
}
func (r *Rooms) OutgoingEvents(ctx context.Context, since, upto int64, limit int) ([]*Event, error) {
	return nil, ErrNotFound
}
