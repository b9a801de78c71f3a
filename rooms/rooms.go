package rooms

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
)

// Options is what Rooms is built from. Every field without "optional" must be set.
type Options struct {
	DB             *sqldb.DB
	Hub            *stream.Hub
	ServerName     string
	Signer         *signing.Signer
	Remote         Remote
	DefaultVersion string // room version of new rooms
	Now            func() time.Time
	Log            *logrus.Entry
	Registerer     prometheus.Registerer // optional
	// Redacted rewrites ids that exist only for one viewer (synthetic edits) in what clients send; optional.
	// AllowServer says whether a server may take part at all (allow and deny lists, the alliance); optional.
	AllowServer func(server string) bool
	// MayInvite says with an error why a user, of whatever server, may not invite a user of this node; optional. Every invite
	// passes it before it is made or signed here. It may ask other servers.
	MayInvite func(ctx context.Context, inviter, target string) error
}

// SendRequest is one event that a local user (or the node itself for them) sends.
type SendRequest struct {
	RoomID    string
	Sender    string
	Type      string
	StateKey  *string // nil: a message event
	Content   json.RawMessage
	Redacts   string // target of an m.room.redaction
	Timestamp int64  // ms; 0: now (only application services may set it)
	// Sticky makes the event sticky for so long (MSC4354), at most MaxSticky; 0: not.
	Sticky time.Duration
	Txn    *Txn // optional: the client's transaction id
}

// Txn names a client's request so that its repetition gives the same event ID.
type Txn struct {
	Scope string // device id, or the token's own id
	Path  string // endpoint and room
	ID    string
}

// DelayScope is the Scope of events that were delayed (MSC4140), whose ID is the delay id.
const DelayScope = "delayed"

// DelayTxn is the transaction of a delayed event: it is sent once, whatever happens.
func DelayTxn(delayID string) *Txn { return &Txn{Scope: DelayScope, Path: DelayScope, ID: delayID} }

// CreateRequest is a createRoom (Client-Server API, Creation), already validated for form by the caller.
type CreateRequest struct {
	Creator         string
	Version         string // "" for the default
	Preset          string // private_chat, public_chat, trusted_private_chat, "" by visibility
	Visibility      string // public, private
	AliasLocalpart  string
	Name, Topic     string
	Invite          []string
	InitialState    []StateInput
	PowerOverride   json.RawMessage
	CreationContent json.RawMessage
	IsDirect        bool
	Invite3PIDs     []json.RawMessage
	CreatorProfile  MemberProfile
}

// StateInput is a state event that a client gives (initial_state).
type StateInput struct {
	Type     string          `json:"type"`
	StateKey string          `json:"state_key"`
	Content  json.RawMessage `json:"content"`
}

// MemberProfile is what a member event says of its user.
type MemberProfile struct {
	DisplayName string
	AvatarURL   string
}

// MembershipRequest is a join, leave, invite, kick, ban, unban or knock by a local user.
type MembershipRequest struct {
	RoomID     string
	Sender     string
	Target     string // equal to Sender for join, leave, knock
	Membership string // join, leave, invite, ban, knock; unban is leave of a banned user
	Reason     string
	Profile    MemberProfile              // of the target where known: joins and invites carry it
	Content    map[string]json.RawMessage // more keys for the content (third_party_signed, is_direct, …)
	Via        []string                   // servers to try when this node is not in the room
	Unban      bool                       // refuse unless the target is banned; without it, kick refuses the banned
	Txn        *Txn
}

// Page is a piece of a room's history in one direction.
type Page struct {
	Events []*Event
	// Next continues the page in the same direction; equal to the end asked for when there is nothing more.
	Next HistoryKey
	// Gap is true when the page ended at a gap in the history that could not be filled (or was not asked to be).
	Gap bool
	// Done is true when the room's history has no further event in that direction.
	Done bool
}

// Direction of a Page.
type Direction bool

// Backward is from newer to older ("b"), Forward the other way ("f").
const (
	Forward  Direction = false
	Backward Direction = true
)

// Interval says which membership a user has from From on, until the next interval.
type Interval struct {
	From       HistoryKey
	Membership string
	EventNID   int64
}

// UserRoom is a local user's membership in a room that this node knows.
type UserRoom struct {
	RoomID     string
	RoomNID    int64
	Membership string
	EventNID   int64
	Position   int64 // of the membership event
	Forgotten  bool
}

// ReceivedPDU is what became of one PDU of a federation transaction.
type ReceivedPDU struct {
	EventID string
	Err     error // nil: accepted, stored in the inbox, known already, or rejected in a way the sender need not know
}

// MembershipDelta is one change of a user's current membership in a room, local or not, as the state deltas have it.
type MembershipDelta struct {
	RoomID   string
	RoomNID  int64
	UserID   string
	Position int64
	Old, New int64  // member events' nids; 0: none
	From, To string // memberships; "" for none
}

// Rooms is the door to every room of the node. All methods are safe for concurrent use. Start with [New].
type Rooms struct {
	db      *sqldb.DB
	hub     *stream.Hub
	server  string
	signer  *signing.Signer
	remote  Remote
	version string // of new rooms
	now     func() time.Time
	log     *logrus.Entry
	allow   func(server string) bool
	inviter func(ctx context.Context, inviter, target string) error

	// What is written (this file, loop.go, batch.go).
	nids    *nidSources
	keys    *stateKeys
	sets    *serverSets
	cache   *eventCache
	auth    *authCache
	blobs   *blobCache
	active  *activeRooms
	txns    *inFlight
	members *userRooms
	sticky  *stickyEvents
	refused *stickyEvents // sticky events that were soft-failed
	stop    context.CancelFunc
	stopped chan struct{}
	trimmed chan struct{}

	// What comes from and goes through other servers (receive.go, joins.go).
	joins *roomLocks
	inbox *inbox

	// What is read (timeline.go, relations.go, receipts.go, typing.go, directory.go).
	read *reads
}

// New loads what the rooms need in memory. ctx bounds only the loading.
func New(ctx context.Context, o Options) (*Rooms, error) {
	if _, err := formatOf(o.DefaultVersion); err != nil {
		return nil, fmt.Errorf("choosing the version of new rooms: %w", err)
	}
	r := &Rooms{
		db: o.DB, hub: o.Hub, server: o.ServerName, signer: o.Signer, remote: o.Remote, version: o.DefaultVersion,
		now: o.Now, log: o.Log, allow: o.AllowServer, inviter: o.MayInvite, stopped: make(chan struct{}),
		trimmed: make(chan struct{}),
	}
	if r.allow == nil {
		r.allow = func(string) bool { return true }
	}
	if r.inviter == nil {
		r.inviter = func(context.Context, string, string) error { return nil }
	}
	r.nids = newNIDSources(o.DB)
	r.keys = newStateKeys(r)
	r.sets = newServerSets(r)
	r.cache = newEventCache(eventCacheBytes)
	r.auth = newAuthCache(r)
	r.blobs = newBlobCache(blobCacheBytes)
	r.active = newActiveRooms(r)
	r.txns = newInFlight()
	r.members = newUserRooms(r)
	r.sticky, r.refused = newStickyEvents(), newStickyEvents()
	if err := r.loadStickies(ctx); err != nil {
		return nil, err
	}
	read, err := newReads(o)
	if err != nil {
		return nil, err
	}
	r.read = read
	r.joins = &roomLocks{held: map[string]chan struct{}{}}
	if r.inbox, err = newInbox(o); err != nil {
		return nil, err
	}
	background, stop := context.WithCancel(context.Background())
	r.stop = stop
	go r.active.evict(background, r.stopped)
	go r.trimLoop(background, r.trimmed)
	go r.ProcessInbox(background)
	return r, nil
}

// Close lets every room finish what it has taken on and refuses what comes after with ErrBusy. It returns when the rooms
// are still, at the latest when ctx ends.
func (r *Rooms) Close(ctx context.Context) error {
	r.stop()
	r.read.close()
	<-r.stopped
	<-r.trimmed
	<-r.inbox.stopped
	return r.active.close(ctx)
}

// ServerName returns the name of this node.
func (r *Rooms) ServerName() string { return r.server }

// Versions returns the room versions that this node supports, all of them stable, ascending.
func (r *Rooms) Versions() []string {
	versions := make([]string, 0, len(formats))
	for v := 1; v <= len(formats); v++ {
		versions = append(versions, strconv.Itoa(v))
	}
	return versions
}

// isLocal reports whether the user is of this node.
func (r *Rooms) isLocal(userID string) bool { return serverOf(userID) == r.server }

// serverOf returns the server name in a user id, room id or alias; "" without one.
func serverOf(id string) string {
	_, server, _ := strings.Cut(id, ":")
	return server
}

// The exported operations, by file:
//
//	rooms.go       New, Close
//	create.go      Create, Upgrade
//	send.go        Send (message and state events, redactions)
//	membership.go  SetMembership, Forget, Rooms of a user, Intervals
//	receive.go     Receive (federation transactions), inbox, fetching what is missing
//	joins.go       joins, leaves, knocks and invites over federation, both sides
//	timeline.go    Timeline, gaps, backfill, EventNear
//	state.go       CurrentState, StateAt, StateDeltas
//	snapshot.go    Room, Snapshot
//	relations.go   Relations, threads
//	receipts.go    SetReceipt, Receipts; typing.go
//	aliases.go     aliases, directory.go the public rooms
