package rtc

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tidwall/gjson"

	"medixchange/rooms"
)

// membership is what a member of a call says in the room.
type membership struct {
	userID, deviceID, memberID string
	slotID                     string
	eventID                    string
	url                        string // of the SFU that they publish to, "" where they do not say
	since, until               int64  // ms; the latter by what they say themselves
}

// callMembers are the types of state by which members of calls stand in a room (MSC3401, MSC4143).
var callMembers = []string{sessionType, "org.matrix.msc4143.rtc.member", "m.rtc.member"}

const (
	// sessionType is that of deployed clients, who name no slot.
	sessionType = "org.matrix.msc3401.call.member"
	// sessionLife is how long such a membership counts whose client does not say it.
	sessionLife = 4 * time.Hour
	// maxMemberships bounds those that are read of a room.
	maxMemberships = 1000
)

// memberships are the ones in a slot of a room, "" for all slots.
func (r *RTC) memberships(ctx context.Context, roomID, slotID string) []membership {
	all, err := membershipsIn(ctx, r.o.Rooms, roomID, r.o.Now())
	if err != nil {
		r.o.Log.WithError(err).Warn("the members of a call cannot be read")
		return nil
	}
	return slices.DeleteFunc(all, func(m membership) bool { return slotID != "" && m.slotID != slotID })
}

// membershipsIn are those of the room's state and those that are sticky (MSC4354), the latest of each, of members of the room who have
// not left the call, by the events' order.
func membershipsIn(ctx context.Context, in *rooms.Rooms, roomID string, now time.Time) ([]membership, error) {
	snapshot, err := in.Snapshot(ctx, roomID)
	if err != nil {
		return nil, fmt.Errorf("reading the members of a call: %w", err)
	}
	var nids []int64
	snapshot.EachState(func(typ, _ string, nid int64) bool {
		if slices.Contains(callMembers, typ) {
			nids = append(nids, nid)
		}
		return len(nids) < maxMemberships
	})
	for _, sticky := range in.Stickies(roomID, 0, math.MaxInt64) {
		nids = append(nids, sticky.NID)
	}
	events, err := in.Events(ctx, nids)
	if err != nil {
		return nil, fmt.Errorf("reading the members of a call: %w", err)
	}
	var all []*rooms.Event
	for _, nid := range nids {
		if ev := events[nid]; ev != nil && slices.Contains(callMembers, ev.Type) && snapshot.Membership(ev.Sender) == "join" {
			all = append(all, ev)
		}
	}
	return slices.DeleteFunc(latest(all), func(m membership) bool {
		return m.deviceID == "" && m.memberID == "" || m.until != 0 && m.until <= now.UnixMilli()
	}), nil
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
	m := membership{
		userID: ev.Sender, deviceID: content.Get("device_id").Str, memberID: content.Get("membershipID").Str, eventID: ev.ID,
		slotID: slotOf(ev.Type, content), since: ev.OriginServerTS,
	}
	if id := content.Get("member.id").Str; id != "" {
		m.memberID, m.deviceID = id, first(content.Get("member.device_id").Str, content.Get("member.claimed_device_id").Str)
	}
	if ev.Type == sessionType {
		m.until = endOfSession(content, ev.OriginServerTS)
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

// slotOf is the slot of a membership. Deployed clients say the application and an id of the call, which is empty for the room's own.
func slotOf(typ string, content gjson.Result) string {
	if typ != sessionType {
		return cmp.Or(content.Get("slot_id").Str, DefaultSlot)
	}
	return cmp.Or(content.Get("application").Str, "m.call") + "#" + cmp.Or(content.Get("call_id").Str, "ROOM")
}

func endOfSession(content gjson.Result, sent int64) int64 {
	life := sessionLife.Milliseconds()
	if said := content.Get("expires"); said.Type == gjson.Number && said.Num > 0 && said.Num < 1e12 {
		life = said.Int()
	}
	if began := content.Get("created_ts"); began.Type == gjson.Number && began.Num > 0 && began.Num < float64(sent) {
		sent = began.Int()
	}
	return sent + life
}

// Present is somebody in a call of a room, by what they say there.
type Present struct {
	UserID  string
	SlotID  string
	EventID string    // that says it
	Since   time.Time // when the event was sent
}

// Presents are those who are in the calls of a room, on whatever SFU; it needs no SFU of this node.
func Presents(ctx context.Context, in *rooms.Rooms, roomID string, now time.Time) ([]Present, error) {
	all, err := membershipsIn(ctx, in, roomID, now)
	if err != nil {
		return nil, err
	}
	present := make([]Present, 0, len(all))
	for _, m := range all {
		present = append(present, Present{UserID: m.userID, SlotID: m.slotID, EventID: m.eventID, Since: time.UnixMilli(m.since)})
	}
	return present, nil
}
