package rooms

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/tidwall/gjson"

	"medixchange/internal/pattern"
)

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

// keptSummary is a summary as one state of its room gave it; Joined counts anew each time.
type keptSummary struct {
	stateNID int64
	summary  RoomSummary
}

// maxAllowedRooms bounds the rooms taken from a join rule's conditions.
const maxAllowedRooms = 100

// Summary returns what the room says of itself, whoever asks: see MayPreview. ErrNotFound for a room not known here.
func (r *Rooms) Summary(ctx context.Context, roomID string) (*RoomSummary, error) {
	snap, err := r.Snapshot(ctx, roomID)
	if err != nil {
		return nil, err
	}
	summary, err := r.summaryAt(ctx, roomRef{nid: snap.RoomNID, id: roomID, version: snap.Version}, snap.StateNID)
	if err != nil {
		return nil, err
	}
	summary.Joined = snap.Joined
	return &summary, nil
}

// summaryAt returns the summary that a state of the room gives, without its count of members.
func (r *Rooms) summaryAt(ctx context.Context, room roomRef, stateNID int64) (RoomSummary, error) {
	if kept, ok := r.read.summaries.Get(room.nid); ok && kept.stateNID == stateNID {
		return kept.summary, nil
	}
	state, err := r.StateAt(ctx, stateNID, inSummary)
	if err != nil {
		return RoomSummary{}, fmt.Errorf("reading the state of a room for its summary: %w", err)
	}
	summary := RoomSummary{RoomID: room.id, Version: room.version, JoinRule: "invite"}
	for _, ev := range state {
		summary.take(ev.Type, ev.Content())
	}
	r.read.summaries.Add(room.nid, keptSummary{stateNID, summary})
	return summary, nil
}

// inSummary says which state a summary is made of.
func inSummary(typ, key string) bool {
	if key != "" {
		return false
	}
	switch typ {
	case "m.room.name", "m.room.topic", "m.room.avatar", "m.room.canonical_alias", "m.room.join_rules", "m.room.create",
		"m.room.history_visibility", "m.room.guest_access", "m.room.encryption":
		return true
	}
	return false
}

func (s *RoomSummary) take(typ string, content gjson.Result) {
	switch typ {
	case "m.room.name":
		s.Name = content.Get("name").Str
	case "m.room.topic":
		s.Topic = plainTopic(content)
	case "m.room.avatar":
		s.AvatarURL = content.Get("url").Str
	case "m.room.canonical_alias":
		s.CanonicalAlias = content.Get("alias").Str
	case "m.room.create":
		s.RoomType = content.Get("type").Str
	case "m.room.history_visibility":
		s.WorldReadable = content.Get("history_visibility").Str == "world_readable"
	case "m.room.guest_access":
		s.GuestCanJoin = content.Get("guest_access").Str == "can_join"
	case "m.room.encryption":
		s.Encryption = content.Get("algorithm").Str
	case "m.room.join_rules":
		s.JoinRule = content.Get("join_rule").Str
		s.AllowedRooms = allowedRooms(content)
	}
}

// plainTopic returns the plain text of a topic (m.topic, else the older key).
func plainTopic(content gjson.Result) string {
	texts := content.Get(`m\.topic.m\.text`)
	if !texts.IsArray() {
		return content.Get("topic").Str
	}
	for _, text := range texts.Array() {
		if mime := text.Get("mimetype"); !mime.Exists() || mime.Str == "text/plain" {
			return text.Get("body").Str
		}
	}
	return ""
}

// allowedRooms returns the rooms whose members a restricted join rule lets in.
func allowedRooms(joinRules gjson.Result) []string {
	switch joinRules.Get("join_rule").Str {
	case "restricted", "knock_restricted":
	default:
		return nil
	}
	var rooms []string
	joinRules.Get("allow").ForEach(func(_, allow gjson.Result) bool {
		if room := allow.Get("room_id"); allow.Get("type").Str == "m.room_membership" && room.Type == gjson.String {
			rooms = append(rooms, room.Str)
		}
		return len(rooms) < maxAllowedRooms
	})
	return rooms
}

// MayPreview reports whether a local user may see the room's summary (Client-Server API, Spaces): joined or invited, able
// to join or knock, or the room is world readable. The empty user is anybody.
func (r *Rooms) MayPreview(ctx context.Context, userID string, s *RoomSummary) (bool, error) {
	if s.openToAll() {
		return true, nil
	}
	if userID == "" {
		return false, nil
	}
	membership, err := r.membershipHere(ctx, s.RoomID, userID)
	if err != nil || membership == "join" || membership == "invite" {
		return err == nil, err
	}
	if membership == "ban" {
		return false, nil
	}
	for _, room := range s.AllowedRooms {
		membership, err := r.membershipHere(ctx, room, userID)
		if err != nil || membership == "join" {
			return err == nil, err
		}
	}
	return false, nil
}

// ServerMayPreview is MayPreview for another server: whether any of its users could.
func (r *Rooms) ServerMayPreview(ctx context.Context, server string, s *RoomSummary) (bool, error) {
	allowed, err := r.ServerACLAllows(ctx, server, s.RoomID)
	if err != nil || !allowed {
		return false, err
	}
	if s.openToAll() {
		return true, nil
	}
	if here, err := r.serverHasMember(ctx, s.RoomID, server, "join", "invite"); err != nil || here {
		return here, err
	}
	for _, room := range s.AllowedRooms {
		if here, err := r.serverHasMember(ctx, room, server, "join"); err != nil || here {
			return here, err
		}
	}
	return false, nil
}

func (s *RoomSummary) openToAll() bool {
	return s.WorldReadable || s.JoinRule == "public" || s.JoinRule == "knock" || s.JoinRule == "knock_restricted"
}

// membershipHere is Membership with "" for a room that is not known here.
func (r *Rooms) membershipHere(ctx context.Context, roomID, userID string) (string, error) {
	snap, err := r.Snapshot(ctx, roomID)
	if notFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return snap.Membership(userID), nil
}

// SpaceChild is a valid m.space.child of a space.
type SpaceChild struct {
	RoomID    string
	Via       []string
	Suggested bool
	// Stripped is the event as stripped state with origin_server_ts, for children_state.
	Stripped json.RawMessage

	order string
	ts    int64
}

// maxSpaceChildren and maxVia bound what is read of a space.
const (
	maxSpaceChildren = 1000
	maxVia           = 10
)

// spaceOrder is the form of an order that counts (Client-Server API, Ordering of children within a space).
var spaceOrder = pattern.Lazy(`^[\x20-\x7E]{1,50}$`)

// SpaceChildren returns the valid children of a space in their order, at most 1,000; none for a room that is no space.
func (r *Rooms) SpaceChildren(ctx context.Context, roomID string) ([]SpaceChild, error) {
	snap, err := r.Snapshot(ctx, roomID)
	if err != nil {
		return nil, err
	}
	if snap.RoomType != "m.space" {
		return nil, nil
	}
	state, err := r.StateAt(ctx, snap.StateNID, func(typ, _ string) bool { return typ == "m.space.child" })
	if err != nil {
		return nil, fmt.Errorf("reading the children of a space: %w", err)
	}
	var children []SpaceChild
	for _, ev := range state {
		if child, ok := spaceChildOf(ev); ok {
			children = append(children, child)
		}
	}
	sort.Slice(children, func(i, j int) bool { return children[i].comesBefore(&children[j]) })
	return children[:min(len(children), maxSpaceChildren)], nil
}

func spaceChildOf(ev *Event) (SpaceChild, bool) {
	child := SpaceChild{RoomID: *ev.StateKey, ts: ev.OriginServerTS}
	content := ev.Content()
	for _, via := range content.Get("via").Array() {
		if via.Type == gjson.String && len(child.Via) < maxVia {
			child.Via = append(child.Via, via.Str)
		}
	}
	if len(child.Via) == 0 || !strings.HasPrefix(child.RoomID, "!") {
		return child, false
	}
	child.Suggested = content.Get("suggested").Type == gjson.True
	if order := content.Get("order"); order.Type == gjson.String && spaceOrder().MatchString(order.Str) {
		child.order = order.Str
	}
	stripped, err := json.Marshal(map[string]any{
		"type": ev.Type, "state_key": child.RoomID, "sender": ev.Sender, "origin_server_ts": ev.OriginServerTS,
		"content": json.RawMessage(content.Raw),
	})
	child.Stripped = stripped
	return child, err == nil
}

// comesBefore orders children: those with an order first, by it, then by time, then by room.
func (c *SpaceChild) comesBefore(o *SpaceChild) bool {
	if (c.order == "") != (o.order == "") {
		return c.order != ""
	}
	if c.order != o.order {
		return c.order < o.order
	}
	if c.ts != o.ts {
		return c.ts < o.ts
	}
	return c.RoomID < o.RoomID
}

// sharedWith reports whether one of the room's joined servers is server.
func (s *Snapshot) sharedWith(server string) bool { return slices.Contains(s.Servers(), server) }
