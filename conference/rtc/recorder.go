package rtc

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"medixchange/accounts"
	"medixchange/conference/sfu"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// recorderName is how the recorder stands among the participants.
const recorderName = "Recording"

// Recorder lets the recorder into the call of a room on the SFU of this node, as a visible participant who publishes nothing.
func (r *RTC) Recorder(ctx context.Context, roomID, id string) (url, token string, err error) {
	sfuRoom := SFURoom(roomID, defaultSlot)
	if err := r.o.SFU.EnsureRoom(ctx, sfuRoom); err != nil {
		return "", "", fmt.Errorf("preparing a conference for its recorder: %w", err)
	}
	token, err = r.o.SFU.Token(sfu.Grant{
		Room: sfuRoom, Identity: "recorder-" + id, Name: recorderName, Metadata: `{"recorder":true}`, Subscribe: true, Recorder: true,
	})
	return r.o.SFU.LocalURL(), token, err
}

// RecorderElsewhere lets the recorder into the call of a room on the SFU of another server, as one more device of the user who wants it
// recorded.
func (r *RTC) RecorderElsewhere(ctx context.Context, server, roomID, userID, id string) (url, token string, err error) {
	for _, m := range r.memberships(ctx, roomID) {
		if serverOf(m.userID) == server && m.url != "" {
			url = m.url
		}
	}
	if url == "" {
		return "", "", web.NotFound("No member of the call says where the SFU of %s is.", server)
	}
	q := tokenRequest{URL: url, ServerName: server, RoomID: roomID, SlotID: defaultSlot, MemberID: "recorder-" + id}
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

// OtherServers returns the other servers at whose SFUs members of a room's call are, by what they say in the room.
func (r *RTC) OtherServers(ctx context.Context, roomID string) []string {
	var servers []string
	seen := map[string]bool{r.o.ServerName: true}
	for _, m := range r.memberships(ctx, roomID) {
		if server := serverOf(m.userID); m.url != "" && !seen[server] {
			seen[server] = true
			servers = append(servers, server)
		}
	}
	return servers
}

// Who returns the user and device that an SFU calls identity: for this node's by the tokens that were given, for another server's by what
// the members of the call say in the room.
func (r *RTC) Who(ctx context.Context, roomID, server, identity string) (userID, deviceID string, ok bool) {
	if server == r.o.ServerName {
		m, known := r.members.get(place{SFURoom(roomID, defaultSlot), identity})
		return m.UserID, m.DeviceID, known
	}
	for _, m := range r.memberships(ctx, roomID) {
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

// membership is what a member of a call says in the room.
type membership struct {
	userID, deviceID, memberID string
	url                        string // of the SFU that they publish to, "" where they do not say
}

// callMembers are the types of state by which members of calls stand in a room (MSC3401, MSC4143).
var callMembers = []string{"org.matrix.msc3401.call.member", "org.matrix.msc4143.rtc.member", "m.rtc.member"}

// maxMemberships bounds those that are read of a room.
const maxMemberships = 1000

// memberships are those of the room's state and those that are sticky (MSC4354), the latest of each.
func (r *RTC) memberships(ctx context.Context, roomID string) []membership {
	snapshot, err := r.o.Rooms.Snapshot(ctx, roomID)
	if err != nil {
		r.o.Log.WithError(err).Warn("the members of a call cannot be read")
		return nil
	}
	var nids []int64
	snapshot.EachState(func(typ, _ string, nid int64) bool {
		if slices.Contains(callMembers, typ) {
			nids = append(nids, nid)
		}
		return len(nids) < maxMemberships
	})
	for _, sticky := range r.o.Rooms.Stickies(roomID, 0, math.MaxInt64) {
		nids = append(nids, sticky.NID)
	}
	events, err := r.o.Rooms.Events(ctx, nids)
	if err != nil {
		r.o.Log.WithError(err).Warn("the members of a call cannot be read")
		return nil
	}
	var all []*rooms.Event
	for _, nid := range nids {
		if ev := events[nid]; ev != nil && slices.Contains(callMembers, ev.Type) && snapshot.Membership(ev.Sender) == "join" {
			all = append(all, ev)
		}
	}
	return latest(all)
}

// latest reads the memberships of events, the later ones last: a sticky event takes the place of the one before with its key.
func latest(events []*rooms.Event) []membership {
	type place struct{ sender, typ, key string }
	var all []membership
	at := map[place]int{}
	for _, ev := range events {
		m := membershipOf(ev)
		if ev.StateKey != nil {
			all = append(all, m)
			continue
		}
		content := ev.Content()
		p := place{ev.Sender, ev.Type, first(content.Get("sticky_key").Str, content.Get("msc4354_sticky_key").Str)}
		if i, earlier := at[p]; earlier {
			all[i] = m
			continue
		}
		at[p] = len(all)
		all = append(all, m)
	}
	return all
}

func membershipOf(ev *rooms.Event) membership {
	content := ev.Content()
	m := membership{userID: ev.Sender, deviceID: content.Get("device_id").Str, memberID: content.Get("membershipID").Str}
	if id := content.Get("member.id").Str; id != "" {
		m.memberID, m.deviceID = id, first(content.Get("member.device_id").Str, content.Get("member.claimed_device_id").Str)
	}
	for _, list := range []string{"transports.published", "rtc_transports", "foci_preferred", "transports"} {
		content.Get(list).ForEach(func(_, t gjson.Result) bool {
			if m.url == "" {
				m.url = sfuURL(t)
			}
			return m.url == ""
		})
	}
	return m
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

// Tell sends something to everybody in the call of a room on the SFU of this node. Topic says to clients what it is.
func (r *RTC) Tell(ctx context.Context, roomID, topic string, payload []byte) error {
	return r.o.SFU.SendData(ctx, SFURoom(roomID, defaultSlot), topic, payload)
}
