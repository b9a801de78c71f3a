package accounts

import "encoding/json"

// The values of the stream entries that accounts appends (rooms.Entry… says the kind, rooms.UserTopic the topic).

// AccountDatum is the value of rooms.EntryAccountData: one piece of account data, m.push_rules and m.tag among them.
type AccountDatum struct {
	UserID   string
	RoomID   string // "" global
	Type     string
	Content  json.RawMessage
	Position int64
}

// ToDeviceArrival is the value of rooms.EntryToDevice: messages wait for a device, the last of them at Position.
type ToDeviceArrival struct {
	UserID   string
	DeviceID string
	Position int64
}

// DeviceListChange is the value of rooms.EntryDeviceList: UserID's devices or keys changed. There is one entry for the
// user's own topic and one, with the same position, for the topic of each room that the user is joined to, since those
// who share a room are told. Viewer, if set, is the only one to be told; then the entry is in the viewer's topic.
// With KeyCounts nothing of that happened: only the one-time keys of the user's own DeviceID became more or fewer.
type DeviceListChange struct {
	UserID    string
	Viewer    string
	Position  int64
	KeyCounts bool
	DeviceID  string // with KeyCounts
}

// ProfileChange is the value of rooms.EntryProfile.
type ProfileChange struct {
	UserID   string
	Field    string
	Position int64
}
