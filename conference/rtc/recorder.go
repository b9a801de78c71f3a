package rtc

import (
	"context"
	"fmt"
	"strings"

	"github.com/tidwall/gjson"

	"medixchange/accounts"
	"medixchange/conference/sfu"
	"medixchange/internal/web"
)

// recorderName is how the recorder stands among the participants.
const recorderName = "Recording"

// Recorder lets the recorder into the call in a slot of a room on the SFU of this node, as a visible participant who publishes nothing.
func (r *RTC) Recorder(ctx context.Context, roomID, slotID, id string) (url, token string, err error) {
	sfuRoom := SFURoom(roomID, slotID)
	if err := r.o.SFU.EnsureRoom(ctx, sfuRoom); err != nil {
		return "", "", fmt.Errorf("preparing a conference for its recorder: %w", err)
	}
	token, err = r.o.SFU.Token(sfu.Grant{
		Room: sfuRoom, Identity: "recorder-" + id, Name: recorderName, Metadata: `{"recorder":true}`, Subscribe: true, Recorder: true,
	})
	return r.o.SFU.LocalURL(), token, err
}

// RecorderElsewhere lets the recorder into the call in a slot of a room on the SFU of another server, as one more device of the user who wants it
// recorded.
func (r *RTC) RecorderElsewhere(ctx context.Context, server, roomID, slotID, userID, id string) (url, token string, err error) {
	for _, m := range r.memberships(ctx, roomID, slotID) {
		if serverOf(m.userID) == server && m.url != "" {
			url = m.url
		}
	}
	if url == "" {
		return "", "", web.NotFound("No member of the call says where the SFU of %s is.", server)
	}
	q := tokenRequest{URL: url, ServerName: server, RoomID: roomID, SlotID: slotID, MemberID: "recorder-" + id}
	answer, err := r.tokenElsewhere(ctx, q, &accounts.Device{UserID: userID, DeviceID: "recorder-" + id})
	if err != nil {
		return "", "", err
	}
	given, ok := answer.(tokenAnswer)
	if !ok {
		return "", "", fmt.Errorf("asking %s for a token: an answer of another kind", server)
	}
	return given.URL, given.JWT, nil
}

// OtherServers returns the other servers at whose SFUs members of the call in a slot of a room are, by what they say in the room.
func (r *RTC) OtherServers(ctx context.Context, roomID, slotID string) []string {
	var servers []string
	seen := map[string]bool{r.o.ServerName: true}
	for _, m := range r.memberships(ctx, roomID, slotID) {
		if server := serverOf(m.userID); m.url != "" && !seen[server] {
			seen[server] = true
			servers = append(servers, server)
		}
	}
	return servers
}

// Who returns the user and device that an SFU calls identity: for this node's by the tokens that were given, for another server's by what
// the members of the call say in the room.
func (r *RTC) Who(ctx context.Context, roomID, slotID, server, identity string) (userID, deviceID string, ok bool) {
	if server == r.o.ServerName {
		m, known := r.members.get(place{SFURoom(roomID, slotID), identity})
		return m.UserID, m.DeviceID, known
	}
	for _, m := range r.memberships(ctx, roomID, slotID) {
		if serverOf(m.userID) != server {
			continue
		}
		switch identity {
		case Identity(m.userID, m.memberID), deviceIdentity(m.userID, m.deviceID, m.memberID), plainIdentity(m.userID, m.deviceID):
			return m.userID, m.deviceID, true
		}
	}
	return "", "", false
}

// sfuURL reads the address of the SFU from a transport. Deployed clients name the service beside it only; where that is one of ours the
// SFU is beside it, too.
func sfuURL(t gjson.Result) string {
	if url := t.Get("url").Str; url != "" {
		return url
	}
	base, ours := strings.CutSuffix(strings.TrimRight(t.Get("livekit_service_url").Str, "/"), ServicePrefix)
	if !ours || !strings.HasPrefix(base, "http") {
		return ""
	}
	return "ws" + strings.TrimPrefix(base, "http") + sfu.PathPrefix
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// Tell sends something to everybody in the call in a slot of a room on the SFU of this node. Topic says to clients what it is.
func (r *RTC) Tell(ctx context.Context, roomID, slotID, topic string, payload []byte) error {
	return r.o.SFU.SendData(ctx, SFURoom(roomID, slotID), topic, payload)
}
