package rooms

import (
	"context"
	"encoding/json"
)

// Remote is what rooms needs of other servers. federation implements it. Every method has a deadline of its own, returns
// events as raw PDUs whose signatures are not yet checked, and is safe for concurrent use.
type Remote interface {
	// MakeMembership asks server for a template of userID's join, leave or knock (membership) in roomID.
	MakeMembership(ctx context.Context, server, roomID, userID, membership string, versions []string) (*Template, error)
	// SendJoin sends the signed join and returns the room's state before it. partial asks for omit_members (MSC3706).
	SendJoin(ctx context.Context, server, roomID, eventID string, pdu []byte, version string) (*JoinedState, error)
	// SendLeave sends a signed leave; SendKnock a signed knock, which returns stripped state.
	SendLeave(ctx context.Context, server, roomID, eventID string, pdu []byte, version string) error
	SendKnock(ctx context.Context, server, roomID, eventID string, pdu []byte, version string) (stripped []byte, err error)
	// SendInvite asks the invited user's server to sign the invite and returns the PDU with its signature.
	SendInvite(ctx context.Context, server, roomID, eventID string, pdu []byte, version string, stripped []json.RawMessage) ([]byte, error)
	// MissingEvents, Backfill, Event, EventAuth, State and StateIDs are the requests of the same names.
	MissingEvents(ctx context.Context, server, roomID string, earliest, latest []string, limit int, minDepth int64) ([][]byte, error)
	Backfill(ctx context.Context, server, roomID string, from []string, limit int) ([][]byte, error)
	Event(ctx context.Context, server, eventID string) ([]byte, error)
	EventAuth(ctx context.Context, server, roomID, eventID string) ([][]byte, error)
	StateIDs(ctx context.Context, server, roomID, eventID string) (state, auth []string, err error)
	State(ctx context.Context, server, roomID, eventID string) (state, auth [][]byte, err error)
	// Directory resolves an alias at its server.
	Directory(ctx context.Context, server, alias string) (roomID string, servers []string, err error)
	// TimestampToEvent asks for the event nearest to ts (ms); dir is "f" or "b".
	TimestampToEvent(ctx context.Context, server, roomID string, ts int64, dir string) (eventID string, originTS int64, err error)
	// VerifyPDUs checks the signatures that each PDU needs (sender's server, event id's server in versions 1 and 2,
	// authorising server of a restricted join), fetching keys as needed. The result has one entry a PDU, nil when good.
	// A key that could not be fetched is reported as ErrKeysUnreachable: the event waits, it is not refused.
	VerifyPDUs(ctx context.Context, version string, pdus [][]byte) []error
}

// Template is the answer of make_join, make_leave and make_knock.
type Template struct {
	RoomVersion string
	Event       json.RawMessage
}

// JoinedState is the answer of send_join (v2).
type JoinedState struct {
	State          [][]byte
	AuthChain      [][]byte
	Event          []byte // the join, signed also by the resident server where restricted
	MembersOmitted bool
	ServersInRoom  []string
}
