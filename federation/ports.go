package federation

import (
	"context"
	"encoding/json"

	"medixchange/accounts"
	"medixchange/internal/media"
	"medixchange/rooms"
)

// ServerRooms is what the Server needs of the rooms; *rooms.Rooms implements it, and each method is described there.
type ServerRooms interface {
	Receive(ctx context.Context, origin string, pdus []json.RawMessage) ([]rooms.ReceivedPDU, error)
	ReceiveReceipts(ctx context.Context, origin string, content json.RawMessage) error
	ReceiveTyping(ctx context.Context, origin, roomID, userID string, typing bool) error

	MakeMembership(ctx context.Context, origin, roomID, userID, membership string, versions []string) (*rooms.Template, error)
	AcceptJoin(ctx context.Context, origin, roomID, eventID string, pdu []byte, omitMembers bool) (*rooms.JoinedState, error)
	AcceptLeave(ctx context.Context, origin, roomID, eventID string, pdu []byte) error
	AcceptKnock(ctx context.Context, origin, roomID, eventID string, pdu []byte) (stripped []byte, err error)
	AcceptInvite(ctx context.Context, origin, roomID, eventID, version string, pdu []byte, stripped []json.RawMessage) (signed []byte, err error)
	SetMembership(ctx context.Context, r rooms.MembershipRequest) (roomID string, err error)

	ServerACLAllows(ctx context.Context, server, roomID string) (bool, error)
	ServerMayRead(ctx context.Context, server, roomID string) error
	ServeBackfill(ctx context.Context, server, roomID string, from []string, limit int) ([]*rooms.Event, error)
	ServeMissing(ctx context.Context, server, roomID string, earliest, latest []string, limit int, minDepth int64) ([]*rooms.Event, error)
	ServeState(ctx context.Context, server, roomID, eventID string) (state, authChain []*rooms.Event, err error)
	ServeStateIDs(ctx context.Context, server, roomID, eventID string) (state, authChain []string, err error)
	ServeEventAuth(ctx context.Context, server, roomID, eventID string) ([]*rooms.Event, error)
	ServeEvent(ctx context.Context, server, eventID string) (*rooms.Event, error)
	EventNearHere(ctx context.Context, roomID string, ts int64, dir rooms.Direction) (*rooms.Event, error)

	ResolveAlias(ctx context.Context, alias string) (roomID string, servers []string, err error)
	PublicRooms(ctx context.Context, q rooms.PublicRoomsQuery) (*rooms.PublicRoomsPage, error)
	Summary(ctx context.Context, roomID string) (*rooms.RoomSummary, error)
	ServerMayPreview(ctx context.Context, server string, s *rooms.RoomSummary) (bool, error)
	SpaceChildren(ctx context.Context, roomID string) ([]rooms.SpaceChild, error)
}

// ServerAccounts is what the Server needs of the accounts; *accounts.Accounts implements it.
type ServerAccounts interface {
	User(ctx context.Context, userID string) (*accounts.User, error)
	LocalProfile(ctx context.Context, userID string) (accounts.Profile, error)
	OwnDeviceList(ctx context.Context, userID string) (*accounts.RemoteDeviceList, error)
	LocalKeys(ctx context.Context, users map[string][]string) (*accounts.RemoteKeys, error)
	ClaimLocalKeys(ctx context.Context, keys map[string]map[string]string) (map[string]map[string]map[string]json.RawMessage, error)
	OpenIDUser(ctx context.Context, token string) (string, error)
	AccountData(ctx context.Context, userID, roomID, typ string) (json.RawMessage, error)
	ReceiveDirectToDevice(ctx context.Context, origin string, content json.RawMessage) error
	ReceiveDeviceListUpdate(ctx context.Context, origin string, content json.RawMessage) error
	ReceiveSigningKeyUpdate(ctx context.Context, origin string, content json.RawMessage) error
	ReceivePresence(ctx context.Context, origin string, content json.RawMessage) error
}

// ServerView decides what another server may see of events; *view.View implements it.
type ServerView interface {
	ForServer(ctx context.Context, server string, events []*rooms.Event) ([]json.RawMessage, error)
	VisibleToServer(ctx context.Context, server string, ev *rooms.Event) (bool, error)
}

// ServerMedia serves our files; *media.Store implements it.
type ServerMedia interface {
	Open(ctx context.Context, req media.Request) (*media.File, error)
	Thumbnail(ctx context.Context, req media.Request, want media.Size) (*media.File, error)
}

// SenderRooms is what the Sender needs of the rooms; *rooms.Rooms implements it.
type SenderRooms interface {
	OutgoingEvents(ctx context.Context, since, upto int64, limit int) ([]*rooms.Event, error)
	OutgoingReceipts(ctx context.Context, since, upto int64) (receipts []rooms.Receipt, reached int64, err error)
	ServerSet(ctx context.Context, serversNID int64) ([]string, error)
	RoomServers(ctx context.Context, roomID string) ([]string, error)
	WatchTyping(buffer int) (changes <-chan rooms.TypingChange, stop func())
	OwnStickies(ctx context.Context, roomID string) ([]*rooms.Event, error)
	StickyRooms() []string
	StickyUntil(eventNID int64) int64
}

// SenderAccounts is what the Sender needs of the accounts; *accounts.Accounts implements it.
type SenderAccounts interface {
	OutboundDeviceMessages(ctx context.Context, destination string, after int64, limit int) ([]*accounts.OutboundDeviceMessage, error)
	AckOutboundDeviceMessages(ctx context.Context, destination string, upto int64) error
	OutboundDeviceDestinations(ctx context.Context) (map[string]int64, error)
	OutgoingDeviceListUpdates(ctx context.Context, since, upto int64, limit int) ([]*accounts.DeviceListUpdate, error)
	WatchPresence(buffer int) (changes <-chan accounts.PresenceChange, stop func())
}
