package topics

import (
	"context"
	"encoding/json"
	"fmt"

	"medixchange/rooms"
)

// powers of a space: the nodes of members (50) invite and remove, the one that made it (its creator) does the rest. Nobody writes
// in a space.
func powers(users map[string]int) map[string]any {
	return map[string]any{
		"users": users, "users_default": 0, "events_default": 100, "state_default": 100, "invite": nodePower, "kick": nodePower,
		"ban": 100, "redact": 100, "events": map[string]int{},
	}
}

// nodePower is the power of a member's node in the space.
const nodePower = 50

func (k *Keeper) makeSpace(ctx context.Context) (*rooms.Snapshot, error) {
	override, err := json.Marshal(powers(map[string]int{}))
	if err != nil {
		return nil, fmt.Errorf("writing the powers of a space: %w", err)
	}
	roomID, err := k.o.Rooms.Create(ctx, rooms.CreateRequest{
		Creator: k.self(), Version: "12", Preset: "private_chat", Name: k.o.Alliance, PowerOverride: override,
		CreationContent: json.RawMessage(`{"type":"m.space"}`), CreatorProfile: rooms.MemberProfile{DisplayName: k.o.Alliance},
	})
	if err != nil {
		return nil, fmt.Errorf("making the space of the alliance: %w", err)
	}
	return k.o.Rooms.Snapshot(ctx, roomID)
}

// makeTopic makes a room that members of the space may join and puts it into the space. One that was made and not put there, by
// a crash in between, is put there by the next round.
func (k *Keeper) makeTopic(ctx context.Context, space, name, topic string) (roomID string, err error) {
	rule := map[string]any{"join_rule": "restricted", "allow": []map[string]string{{"type": "m.room_membership", "room_id": space}}}
	parent := map[string]any{"via": []string{k.o.Self}, "canonical": true}
	initial, err := states(state{"m.room.join_rules", "", rule}, state{"m.space.parent", space, parent})
	if err != nil {
		return "", err
	}
	roomID, err = k.o.Rooms.Create(ctx, rooms.CreateRequest{
		Creator: k.self(), Version: "12", Preset: "private_chat", Name: name, Topic: topic, InitialState: initial,
		PowerOverride: json.RawMessage(`{"invite":50}`), CreatorProfile: rooms.MemberProfile{DisplayName: k.o.Alliance},
	})
	if err != nil {
		return "", fmt.Errorf("making the room of a topic: %w", err)
	}
	return roomID, k.putIn(ctx, space, roomID)
}

// putIn makes a room a child of the space.
func (k *Keeper) putIn(ctx context.Context, space, roomID string) error {
	return k.set(ctx, space, state{"m.space.child", roomID, map[string]any{"via": []string{k.o.Self}, "suggested": true}})
}

type state struct {
	typ, key string
	content  any
}

func states(all ...state) ([]rooms.StateInput, error) {
	inputs := make([]rooms.StateInput, 0, len(all))
	for _, s := range all {
		content, err := json.Marshal(s.content)
		if err != nil {
			return nil, fmt.Errorf("writing %s: %w", s.typ, err)
		}
		inputs = append(inputs, rooms.StateInput{Type: s.typ, StateKey: s.key, Content: content})
	}
	return inputs, nil
}

func (k *Keeper) set(ctx context.Context, roomID string, s state) error {
	content, err := json.Marshal(s.content)
	if err != nil {
		return fmt.Errorf("writing %s: %w", s.typ, err)
	}
	_, err = k.o.Rooms.Send(ctx, rooms.SendRequest{RoomID: roomID, Sender: k.self(), Type: s.typ, StateKey: &s.key, Content: content})
	if err != nil {
		return fmt.Errorf("setting %s: %w", s.typ, err)
	}
	return nil
}
