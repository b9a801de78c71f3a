package record

import (
	"encoding/json"
	"strings"
)

// person is who stands behind a participant of the SFU.
type person struct {
	userID, device, name string
	recorder             bool
}

// maxName bounds what a participant says of itself, in bytes.
const maxName = 255

// personOf reads what the node that gave the token wrote into it: metadata with user_id and device_id, or an identity of the
// form @user:server:DEVICE, as clients had before MSC4195. Empty without either.
func personOf(identity, name, metadata string) person {
	var said struct {
		UserID   string `json:"user_id"`
		DeviceID string `json:"device_id"`
		Name     string `json:"name"`
		Recorder bool   `json:"recorder"`
	}
	if json.Unmarshal([]byte(metadata), &said) == nil && said.UserID != "" {
		if said.Name != "" {
			name = said.Name
		}
		return person{cut(said.UserID), cut(said.DeviceID), cut(name), said.Recorder}
	}
	if at := strings.LastIndexByte(identity, ':'); strings.HasPrefix(identity, "@") && at > 0 && strings.Count(identity, ":") > 1 {
		return person{userID: cut(identity[:at]), device: cut(identity[at+1:]), name: cut(name)}
	}
	return person{name: cut(name)}
}

func cut(s string) string {
	if len(s) <= maxName {
		return s
	}
	return strings.ToValidUTF8(s[:maxName], "")
}

// server returns the hospital of a user.
func server(userID string) string {
	_, name, _ := strings.Cut(userID, ":")
	return name
}
