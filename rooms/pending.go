package rooms

import "context"

func (r *Rooms) Create(ctx context.Context, req CreateRequest) (roomID string, err error) {
	return "", ErrNotFound
}
func (r *Rooms) Upgrade(ctx context.Context, roomID, sender, newVersion string, additionalCreators []string) (newRoomID string, err error) {
	return "", ErrNotFound
}
func (r *Rooms) Send(ctx context.Context, req SendRequest) (eventID string, err error) {
	return "", ErrNotFound
}
func (r *Rooms) SetMembership(ctx context.Context, req MembershipRequest) (roomID string, err error) {
	return "", ErrNotFound
}
func (r *Rooms) Forget(ctx context.Context, roomID, userID string) error { return ErrNotFound }
func (r *Rooms) UserRooms(ctx context.Context, userID string) ([]UserRoom, error) {
	return nil, ErrNotFound
}
func (r *Rooms) OutsideMemberships(ctx context.Context, userID string) ([]OutsideMembership, error) {
	return nil, ErrNotFound
}
func (r *Rooms) Membership(ctx context.Context, roomID, userID string) (membership string, eventNID int64, err error) {
	return "", 0, ErrNotFound
}
func (r *Rooms) Intervals(ctx context.Context, roomID, userID string) ([]Interval, error) {
	return nil, ErrNotFound
}
func (r *Rooms) EventByTxn(ctx context.Context, userID string, txn Txn) (eventID string, ok bool, err error) {
	return "", false, ErrNotFound
}
func (r *Rooms) TxnsOf(ctx context.Context, userID, scope string, nids []int64) (map[int64]string, error) {
	return nil, ErrNotFound
}
func (r *Rooms) UpdateProfile(ctx context.Context, userID string, p MemberProfile) error {
	return ErrNotFound
}
func (r *Rooms) Snapshot(ctx context.Context, roomID string) (*Snapshot, error) {
	return nil, ErrNotFound
}
func (s *Snapshot) StateNIDOf(typ, key string) (eventNID int64, ok bool)               { return 0, false }
func (s *Snapshot) Membership(userID string) string                                    { return "" }
func (s *Snapshot) EachMember(fn func(userID, membership string, eventNID int64) bool) {}
func (s *Snapshot) LocalMembers() []string                                             { return nil }
func (s *Snapshot) Servers() []string                                                  { return nil }
func (s *Snapshot) Heroes(except string) []string                                      { return nil }
func (s *Snapshot) PowerLevel(userID string) int64                                     { return 0 }
func (s *Snapshot) PowerToSend(typ string, state bool) int64                           { return 0 }
func (s *Snapshot) NotificationPower(key string) int64                                 { return 0 }
func (r *Rooms) Event(ctx context.Context, eventID string) (*Event, error)             { return nil, ErrNotFound }
func (r *Rooms) Events(ctx context.Context, nids []int64) (map[int64]*Event, error) {
	return nil, ErrNotFound
}
func (r *Rooms) EventsByID(ctx context.Context, ids []string) (map[string]*Event, error) {
	return nil, ErrNotFound
}
func (r *Rooms) CurrentState(ctx context.Context, roomID string) ([]*Event, error) {
	return nil, ErrNotFound
}
func (r *Rooms) StateEvent(ctx context.Context, roomID, typ, key string) (*Event, error) {
	return nil, ErrNotFound
}
func (r *Rooms) StateAt(ctx context.Context, stateNID int64, keep func(typ, key string) bool) ([]*Event, error) {
	return nil, ErrNotFound
}
func (r *Rooms) StateEntryAt(ctx context.Context, stateNID int64, typ, key string) (*Event, error) {
	return nil, ErrNotFound
}
func (r *Rooms) StateBefore(ctx context.Context, ev *Event) (stateNID int64, err error) {
	return 0, ErrNotFound
}
func (r *Rooms) StateAfter(ctx context.Context, ev *Event) (stateNID int64, err error) {
	return 0, ErrNotFound
}
func (r *Rooms) StateDeltas(ctx context.Context, roomID string, since, upto int64) ([]StateDelta, error) {
	return nil, ErrNotFound
}
func (r *Rooms) MembershipDeltas(ctx context.Context, since, upto int64) ([]MembershipDelta, error) {
	return nil, ErrNotFound
}
