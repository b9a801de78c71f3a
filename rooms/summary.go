package rooms

import "encoding/json"

// RoomSummary is what a room says of itself to those outside: an entry of the public rooms, the answer of room_summary,
// a room of a space's hierarchy. It is immutable.
type RoomSummary struct {
	RoomID         string   `json:"room_id"`
	Name           string   `json:"name,omitempty"`
	Topic          string   `json:"topic,omitempty"`
	AvatarURL      string   `json:"avatar_url,omitempty"`
	CanonicalAlias string   `json:"canonical_alias,omitempty"`
	Joined         int      `json:"num_joined_members"`
	WorldReadable  bool     `json:"world_readable"`
	GuestCanJoin   bool     `json:"guest_can_join"`
	JoinRule       string   `json:"join_rule,omitempty"`
	RoomType       string   `json:"room_type,omitempty"`
	AllowedRooms   []string `json:"allowed_room_ids,omitempty"` // of restricted rooms
	Encryption     string   `json:"encryption,omitempty"`
	Version        string   `json:"room_version,omitempty"`
}

// SpaceChild is a valid m.space.child of a space.
type SpaceChild struct {
	RoomID    string
	Via       []string
	Suggested bool
	// Stripped is the event as stripped state with origin_server_ts, for children_state.
	Stripped json.RawMessage
}
