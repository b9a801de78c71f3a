package accounts

import (
	"context"
	"encoding/json"
)

// Remote is what accounts needs of other servers. federation implements it. Every method has a deadline of its own,
// also when ctx has none, and is safe for concurrent use.
type Remote interface {
	// QueryProfile returns a user's profile: all of it, or field alone where it is not "". An error that is
	// ErrNotFound says that the other server does not know the user or field.
	QueryProfile(ctx context.Context, server, userID, field string) (map[string]json.RawMessage, error)
	// QueryKeys asks for device keys: user → device ids (none: all).
	QueryKeys(ctx context.Context, server string, users map[string][]string) (*RemoteKeys, error)
	// ClaimKeys claims one-time keys: user → device → algorithm. The answer is user → device → "algorithm:id" → key.
	ClaimKeys(ctx context.Context, server string, keys map[string]map[string]string) (map[string]map[string]map[string]json.RawMessage, error)
	// UserDevices returns the whole device list of a user.
	UserDevices(ctx context.Context, server, userID string) (*RemoteDeviceList, error)
}

// RemoteKeys is the answer of /user/keys/query.
type RemoteKeys struct {
	DeviceKeys      map[string]map[string]json.RawMessage `json:"device_keys"`
	MasterKeys      map[string]json.RawMessage            `json:"master_keys,omitempty"`
	SelfSigningKeys map[string]json.RawMessage            `json:"self_signing_keys,omitempty"`
}

// RemoteDeviceList is the answer of /user/devices/{userId}.
type RemoteDeviceList struct {
	UserID         string          `json:"user_id"`
	StreamID       int64           `json:"stream_id"`
	Devices        []RemoteDevice  `json:"devices"`
	MasterKey      json.RawMessage `json:"master_key,omitempty"`
	SelfSigningKey json.RawMessage `json:"self_signing_key,omitempty"`
}

// RemoteDevice is one device of a RemoteDeviceList.
type RemoteDevice struct {
	DeviceID    string          `json:"device_id"`
	Keys        json.RawMessage `json:"keys"`
	DisplayName string          `json:"device_display_name,omitempty"`
}
