package push

import "encoding/json"

// Notification is the body of POST /_matrix/push/v1/notify (Push Gateway API), without the object around it.
type Notification struct {
	EventID           string          `json:"event_id,omitempty"`
	RoomID            string          `json:"room_id,omitempty"`
	Type              string          `json:"type,omitempty"`
	Sender            string          `json:"sender,omitempty"`
	SenderDisplayName string          `json:"sender_display_name,omitempty"`
	RoomName          string          `json:"room_name,omitempty"`
	RoomAlias         string          `json:"room_alias,omitempty"`
	UserIsTarget      bool            `json:"user_is_target,omitempty"`
	Prio              string          `json:"prio,omitempty"`
	Content           json.RawMessage `json:"content,omitempty"`
	Counts            Counts          `json:"counts"`
	Devices           []Device        `json:"devices"`
}

// Counts are the numbers that a phone shows beside the app. Unread is sent also when it is zero: the specification would
// rather have it left out, but then gateways cannot tell a badge that is to be cleared from one that is to stay.
type Counts struct {
	Unread int `json:"unread"`
}

// Device is one phone that a notification is for.
type Device struct {
	AppID     string          `json:"app_id"`
	PushKey   string          `json:"pushkey"`
	PushKeyTS int64           `json:"pushkey_ts,omitempty"` // s
	Data      json.RawMessage `json:"data,omitempty"`       // an object: the pusher's data without its url
	Tweaks    json.RawMessage `json:"tweaks,omitempty"`     // an object: what push rules say of sound and highlighting
}

// Priorities of a notification; an empty one means high.
const (
	PrioHigh = "high"
	PrioLow  = "low"
)
