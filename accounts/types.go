package accounts

import (
	"encoding/json"
	"time"
)

// User is a local account.
type User struct {
	ID           string
	Created      int64 // ms
	Admin        bool
	Deactivated  bool
	Erased       bool
	Locked       bool
	Suspended    bool
	HasPassword  bool
	AppserviceID string
}

// Registration is a wish to create an account; whoever passes it has checked that the requester may (UIA, shared secret,
// application service, the local admin).
type Registration struct {
	Localpart    string // "" picks one
	Password     string // "" none
	DisplayName  string // "" the localpart
	Admin        bool
	Token        string // registration token that is used up in the same transaction; "" none
	AppserviceID string
	NoLogin      bool // no device, no token
	DeviceID     string
	DeviceName   string
	Refresh      bool // the client takes refresh tokens
}

// Session is what a login gives.
type Session struct {
	UserID       string
	DeviceID     string
	AccessToken  string
	RefreshToken string        // "" without
	ExpiresIn    time.Duration // of the access token; 0: does not expire
}

// Device is a login of a user. Authenticate returns shared values: they must not be changed.
type Device struct {
	UserID       string
	DeviceID     string
	DisplayName  string
	LastSeenIP   string
	LastSeenTS   int64  // ms; 0 never
	Scope        string // under which transaction ids are remembered
	Admin        bool
	Suspended    bool
	Locked       bool
	AppserviceID string

	noted int64 // ms, when Seen last kept a sighting; atomic
}

// LoginRequest is the body of POST /login.
type LoginRequest struct {
	Type       string          // m.login.password, m.login.token, m.login.application_service
	Identifier json.RawMessage // {type: m.id.user, user}
	User       string          // deprecated form of the identifier
	Password   string
	Token      string
	DeviceID   string
	DeviceName string
	Refresh    bool
	Lifetime   time.Duration // of the access token without Refresh; 0: does not expire
	// AppserviceID names the application service whose token the request carried; "" none.
	AppserviceID string
}

// RegistrationToken admits UsesAllowed registrations (-1: any number) until ExpiresTS (ms, 0: always).
type RegistrationToken struct {
	Token       string
	UsesAllowed int64
	Completed   int64
	ExpiresTS   int64
	Created     int64
}

// UserQuery pages through the users by id.
type UserQuery struct {
	From        string // exclusive
	Search      string // substring of the user id
	Deactivated bool   // list them too
	Limit       int
}

// Profile is a user's profile: displayname, avatar_url and any other field, as JSON values.
type Profile map[string]json.RawMessage

// Counts are unread notifications of one user in one room. Notify and Highlight are those of the main timeline; with
// threads not partitioned, Total gives all of them.
type Counts struct {
	Notify    int
	Highlight int
	Threads   map[string]ThreadCounts // by event id of the root; only those that have any
}

// ThreadCounts are the unread notifications of one thread.
type ThreadCounts struct {
	Notify    int
	Highlight int
}

// Total adds the threads to the main timeline, for clients that do not ask for unread_thread_notifications.
func (c Counts) Total() ThreadCounts {
	t := ThreadCounts{c.Notify, c.Highlight}
	for _, thread := range c.Threads {
		t.Notify += thread.Notify
		t.Highlight += thread.Highlight
	}
	return t
}

// Pusher is where a user's notifications go (Client-Server API, Push Notifications).
type Pusher struct {
	UserID            string          `json:"-"`
	DeviceID          string          `json:"-"`
	PushKey           string          `json:"pushkey"`
	AppID             string          `json:"app_id"`
	Kind              string          `json:"kind"`
	AppDisplayName    string          `json:"app_display_name"`
	DeviceDisplayName string          `json:"device_display_name"`
	ProfileTag        string          `json:"profile_tag,omitempty"`
	Lang              string          `json:"lang"`
	Data              json.RawMessage `json:"data"`
	Created           int64           `json:"-"` // ms, when its pushkey was first set
}

// KeyUpload is the body of POST /keys/upload.
type KeyUpload struct {
	DeviceKeys   json.RawMessage            `json:"device_keys"`
	OneTimeKeys  map[string]json.RawMessage `json:"one_time_keys"`
	FallbackKeys map[string]json.RawMessage `json:"fallback_keys"`
}

// KeyCounts are what /sync tells a device of its own keys.
type KeyCounts struct {
	OneTime        map[string]int64 // by algorithm
	UnusedFallback []string         // algorithms
}

// KeysAnswer is the answer of POST /keys/query.
type KeysAnswer struct {
	Failures        map[string]json.RawMessage            `json:"failures"`
	DeviceKeys      map[string]map[string]json.RawMessage `json:"device_keys"`
	MasterKeys      map[string]json.RawMessage            `json:"master_keys"`
	SelfSigningKeys map[string]json.RawMessage            `json:"self_signing_keys"`
	UserSigningKeys map[string]json.RawMessage            `json:"user_signing_keys"`
}

// ClaimAnswer is the answer of POST /keys/claim.
type ClaimAnswer struct {
	Failures    map[string]json.RawMessage                       `json:"failures"`
	OneTimeKeys map[string]map[string]map[string]json.RawMessage `json:"one_time_keys"`
}

// SigningKeys is the body of POST /keys/device_signing/upload.
type SigningKeys struct {
	MasterKey      json.RawMessage `json:"master_key"`
	SelfSigningKey json.RawMessage `json:"self_signing_key"`
	UserSigningKey json.RawMessage `json:"user_signing_key"`
}

// DeviceListUpdate is one EDU that tells other servers of a change of a local user's devices or keys.
type DeviceListUpdate struct {
	Position int64
	UserID   string
	Servers  []string
	EDUType  string // m.device_list_update, m.signing_key_update
	Content  json.RawMessage
}

// ToDeviceRequest is a sendToDevice.
type ToDeviceRequest struct {
	Sender   string
	DeviceID string // of the sender: scope of the transaction id
	Type     string
	TxnID    string
	Messages map[string]map[string]json.RawMessage // user → device or "*" → content
}

// OutboundDeviceMessage is an m.direct_to_device EDU for a destination.
type OutboundDeviceMessage struct {
	Destination string
	Position    int64
	MessageID   string
	Content     json.RawMessage
}

// DirectoryUser is a result of the user directory.
type DirectoryUser struct {
	UserID      string `json:"user_id"`
	DisplayName string `json:"display_name,omitempty"`
	AvatarURL   string `json:"avatar_url,omitempty"`
}

// BackupVersion is a version of a user's key backup.
type BackupVersion struct {
	Version   string          `json:"version"`
	Algorithm string          `json:"algorithm"`
	AuthData  json.RawMessage `json:"auth_data"`
	Count     int64           `json:"count"`
	ETag      string          `json:"etag"`
}

// BackupSession is one session's key in a backup.
type BackupSession struct {
	FirstMessageIndex int64           `json:"first_message_index"`
	ForwardedCount    int64           `json:"forwarded_count"`
	IsVerified        bool            `json:"is_verified"`
	SessionData       json.RawMessage `json:"session_data"`
}

// BackupSessions are the keys of a backup: room → session → key.
type BackupSessions map[string]map[string]BackupSession

// PresenceState is a user's presence.
type PresenceState struct {
	Presence   string // online, unavailable, offline
	StatusMsg  string
	LastActive int64 // ms

	seen int64 // ms, of the last request that kept it
	told int64 // ms, when other servers were told last; 0: never
}
