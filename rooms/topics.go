package rooms

import "medixchange/internal/stream"

// Kinds of topics in the stream. accounts and the services above use the same two.
const (
	topicRoom uint8 = iota + 1
	topicUser
)

// RoomTopic is woken by everything that concerns a room's members.
func RoomTopic(roomID string) stream.Topic { return stream.Topic{Kind: topicRoom, ID: roomID} }

// UserTopic is woken by everything that concerns one user alone: memberships, account data, to-device messages, renderings.
func UserTopic(userID string) stream.Topic { return stream.Topic{Kind: topicUser, ID: userID} }

// Kinds of stream entries, with the type of their value.
const (
	EntryEvent      uint8 = iota + 1 // *Event, RoomTopic
	EntryStateDelta                  // *StateDelta, RoomTopic
	EntryMembership                  // *MembershipChange, UserTopic of the member if local
	EntryOutside                     // *OutsideMembership, UserTopic: invite or knock in a room this node is not in
	EntryRendering                   // translator, RoomTopic
	EntryRedaction                   // *Redaction, RoomTopic: a redaction takes effect (invalidates what is cached of the target)
	EntrySticky                      // *Sticky, RoomTopic: fetched history that is sticky still (MSC4354)
)

// Kinds of stream entries that may come in floods, and are remembered apart from events.
const (
	EntryReceipt     = stream.Aside + iota // *Receipt, RoomTopic (m.read) or UserTopic (m.read.private)
	EntryAccountData                       // accounts, UserTopic
	EntryToDevice                          // accounts, UserTopic
	EntryDeviceList                        // accounts, UserTopic of the user whose devices changed
	EntryProfile                           // accounts, UserTopic
	EntryNotice                            // translator, UserTopic: *view.Notice
)

// Kinds of ephemeral facts (stream.Hub.Touch), of RoomTopic and UserTopic.
const (
	EphemeralTyping uint8 = iota + 1
	EphemeralPresence
)

// StateDelta is one change of a room's current state.
type StateDelta struct {
	RoomID   string
	RoomNID  int64
	Position int64
	KeyNID   int64
	Type     string
	StateKey string
	Old, New int64 // event nids; 0: none
}

// MembershipChange tells a local user's stream that their membership in a room changed.
type MembershipChange struct {
	UserID     string
	RoomID     string
	RoomNID    int64
	Membership string
	Previous   string
	EventNID   int64
	Position   int64
}

// Receipt is a read receipt (Client-Server API, Receipts).
type Receipt struct {
	RoomID   string
	UserID   string
	Type     string // m.read, m.read.private
	ThreadID string // "" unthreaded
	EventID  string
	Key      HistoryKey // of the event
	TS       int64      // ms
	Position int64
}

// OutsideMembership is a local user's invite or knock in a room that this node is not in, or its end (Membership leave).
type OutsideMembership struct {
	UserID     string
	RoomID     string
	Version    string
	Membership string
	Sender     string
	EventID    string
	JSON       []byte // the membership event
	Stripped   []byte // JSON array of stripped state events
	Position   int64
}

// Redaction says that an event was redacted by another.
type Redaction struct {
	RoomID       string
	RoomNID      int64
	TargetID     string
	RedactionNID int64
	Position     int64
}
