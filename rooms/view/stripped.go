package view

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tidwall/gjson"

	"medixchange/rooms"
)

// strippedTypes are the state events of which someone who is not in the room yet gets the stripped form (Client-Server
// API, Stripped state).
var strippedTypes = []string{
	"m.room.create", "m.room.name", "m.room.avatar", "m.room.topic", "m.room.join_rules", "m.room.canonical_alias",
	"m.room.encryption",
}

// strippedState returns the room's current state events that belong into invite_state or knock_state, with the member
// events of the given users (the invited one last).
func (v *View) strippedState(ctx context.Context, roomID string, members ...string) ([]*rooms.Event, error) {
	var out []*rooms.Event
	add := func(typ, key string) error {
		ev, err := v.rooms.StateEvent(ctx, roomID, typ, key)
		if errors.Is(err, rooms.ErrNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading %s for stripped state: %w", typ, err)
		}
		out = append(out, ev)
		return nil
	}
	for _, typ := range strippedTypes {
		if err := add(typ, ""); err != nil {
			return nil, err
		}
	}
	for i, user := range members {
		if i > 0 && user == members[i-1] {
			continue
		}
		if err := add("m.room.member", user); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Stripped returns the stripped state of a room that this node is in, encoded for clients.
func (v *View) Stripped(ctx context.Context, roomID string, members ...string) ([]json.RawMessage, error) {
	events, err := v.strippedState(ctx, roomID, members...)
	if err != nil {
		return nil, err
	}
	out := make([]json.RawMessage, 0, len(events))
	for _, ev := range events {
		out = append(out, strip(gjson.ParseBytes(ev.JSON)))
	}
	return out, nil
}

// maxStripped bounds the stripped state that another server may hand to a client.
const maxStripped = 100

// StrippedFrom returns the stripped state that came with an invite or knock of another server (a JSON array of events,
// whole or stripped), with the membership event itself at the end. Entries that are no state events are left out.
func (v *View) StrippedFrom(stripped, member []byte) []json.RawMessage {
	var out []json.RawMessage
	own := gjson.ParseBytes(member)
	gjson.ParseBytes(stripped).ForEach(func(_, ev gjson.Result) bool {
		if isStripped(ev) && !sameState(ev, own) {
			out = append(out, strip(ev))
		}
		return len(out) < maxStripped
	})
	if isStripped(own) {
		out = append(out, strip(own))
	}
	return out
}

func isStripped(ev gjson.Result) bool {
	return ev.Get("type").Type == gjson.String && ev.Get("state_key").Type == gjson.String &&
		ev.Get("sender").Type == gjson.String && ev.Get("content").IsObject()
}

func sameState(a, b gjson.Result) bool {
	return a.Get("type").Str == b.Get("type").Str && a.Get("state_key").Str == b.Get("state_key").Str
}

// strip returns the stripped form. The create event keeps its time, as MSC4311 asks for.
func strip(ev gjson.Result) json.RawMessage {
	out := appendKey([]byte{'{'}, "content")
	out = append(out, withoutForged(objectOr(ev.Get("content")))...)
	if ts := ev.Get("origin_server_ts"); ts.Type == gjson.Number && ev.Get("type").Str == "m.room.create" {
		out = appendIntKey(out, "origin_server_ts", ts.Int())
	}
	out = appendStringKey(out, "sender", ev.Get("sender").Str)
	out = appendStringKey(out, "state_key", ev.Get("state_key").Str)
	out = appendStringKey(out, "type", ev.Get("type").Str)
	return append(out, '}')
}

// Bare returns an event of a room that this node is not in, in the form of /sync: the membership event that ends an
// invite. It is nil when raw is no event.
func Bare(raw []byte, eventID string) json.RawMessage {
	ev := gjson.ParseBytes(raw)
	if !isStripped(ev) || eventID == "" {
		return nil
	}
	out := appendKey([]byte{'{'}, "content")
	out = append(out, withoutForged(objectOr(ev.Get("content")))...)
	out = appendStringKey(out, "event_id", eventID)
	out = appendIntKey(out, "origin_server_ts", ev.Get("origin_server_ts").Int())
	out = appendStringKey(out, "sender", ev.Get("sender").Str)
	out = appendStringKey(out, "state_key", ev.Get("state_key").Str)
	out = appendStringKey(out, "type", ev.Get("type").Str)
	return append(out, '}')
}
