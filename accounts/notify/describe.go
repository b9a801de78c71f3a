package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tidwall/gjson"

	"medixchange/accounts"
	"medixchange/accounts/pushrules"
	"medixchange/internal/push"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// describe adds what a pusher without a format is told: the event as its reader is shown it, and names.
func (n *Notifier) describe(ctx context.Context, note *push.Notification, viewer view.Viewer, ev *rooms.Event, shown json.RawMessage) error {
	note.Type, note.Sender = ev.Type, ev.Sender
	note.UserIsTarget = ev.IsStateOf("m.room.member", viewer.UserID)
	if content := gjson.GetBytes(shown, "content"); content.IsObject() && len(content.Raw) <= maxContent {
		note.Content = json.RawMessage(content.Raw)
	}
	for _, name := range []struct {
		to             *string
		typ, key, path string
	}{
		{&note.SenderDisplayName, "m.room.member", ev.Sender, "displayname"},
		{&note.RoomName, "m.room.name", "", "name"},
		{&note.RoomAlias, "m.room.canonical_alias", "", "alias"},
	} {
		state, err := n.o.Rooms.StateEvent(ctx, ev.RoomID, name.typ, name.key)
		if errors.Is(err, rooms.ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading %s of a room: %w", name.typ, err)
		}
		*name.to = state.Content().Get(name.path).Str
	}
	return nil
}

// inviteNote tells of an invite to a room that this node is not in, as long as it stands.
func (n *Notifier) inviteNote(ctx context.Context, p *accounts.Pusher, t *told) (*push.Notification, error) {
	all, err := n.o.Rooms.OutsideMemberships(ctx, p.UserID)
	if err != nil {
		return nil, fmt.Errorf("reading invites from outside: %w", err)
	}
	for i := range all {
		if all[i].RoomID == t.roomID && all[i].Membership == "invite" {
			return noteOfInvite(&all[i], t.result, idOnly(p.Data)), nil
		}
	}
	return nil, nil
}

func noteOfInvite(m *rooms.OutsideMembership, result pushrules.Result, idOnly bool) *push.Notification {
	note := &push.Notification{EventID: m.EventID, RoomID: m.RoomID, Prio: priority(result, "m.room.member")}
	if idOnly {
		return note
	}
	note.Type, note.Sender, note.UserIsTarget = "m.room.member", m.Sender, true
	// As the client is shown it: what its server wrote there of translations is forged.
	if content := gjson.GetBytes(view.Bare(m.JSON, m.EventID), "content"); content.IsObject() && len(content.Raw) <= maxContent {
		note.Content = json.RawMessage(content.Raw)
	}
	gjson.ParseBytes(m.Stripped).ForEach(func(_, ev gjson.Result) bool {
		content := ev.Get("content")
		switch key := ev.Get("state_key").Str; ev.Get("type").Str {
		case "m.room.member":
			if key == m.Sender {
				note.SenderDisplayName = content.Get("displayname").Str
			}
		case "m.room.name":
			note.RoomName = content.Get("name").Str
		case "m.room.canonical_alias":
			note.RoomAlias = content.Get("alias").Str
		}
		return true
	})
	return note
}

// priority is low for what makes no sound and is not about the reader; an encrypted event may be, only the app can tell.
func priority(result pushrules.Result, typ string) string {
	if result.Highlight || typ == "m.room.encrypted" {
		return push.PrioHigh
	}
	for _, action := range result.Actions {
		if gjson.GetBytes(action, "set_tweak").Str == "sound" {
			return push.PrioHigh
		}
	}
	return push.PrioLow
}

// deviceOf describes the phone of a pusher, with the tweaks of the rule that matched.
func deviceOf(p *accounts.Pusher, actions []json.RawMessage) (push.Device, error) {
	device := push.Device{AppID: p.AppID, PushKey: p.PushKey, PushKeyTS: p.Created / 1000}
	var data map[string]json.RawMessage
	if err := json.Unmarshal(p.Data, &data); err != nil {
		return device, fmt.Errorf("reading the data of a pusher: %w", err)
	}
	delete(data, "url")
	tweaks := map[string]json.RawMessage{}
	for _, action := range actions {
		parsed := gjson.ParseBytes(action)
		name, value := parsed.Get("set_tweak").Str, parsed.Get("value").Raw
		if name == "highlight" && value == "" {
			value = "true"
		}
		if name != "" && value != "" {
			tweaks[name] = json.RawMessage(value)
		}
	}
	var err error
	if device.Data, err = json.Marshal(data); err != nil {
		return device, fmt.Errorf("encoding the data of a pusher: %w", err)
	}
	if device.Tweaks, err = json.Marshal(tweaks); err != nil {
		return device, fmt.Errorf("encoding tweaks: %w", err)
	}
	return device, nil
}
