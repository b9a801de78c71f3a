package bridge

import (
	"context"
	"encoding/json"
	"fmt"

	"medixchange/rooms"
	"medixchange/translator/replies"
)

// typeSettings is the state event by which a room's moderators say how it is translated. Whoever may set state may set it
// (power 50 unless the room says otherwise), in any client or by the bot's commands.
const typeSettings = replies.TypeSettings

// roomSettings is its content. What is missing or malformed is as the zero value has it.
type roomSettings struct {
	// Translation "off": no text of the room is given to any engine; "local": only to engines of this machine.
	Translation string `json:"translation,omitempty"`
	// Threads lets the bot answer in threads also where members of other servers get its answers.
	Threads bool `json:"threads,omitempty"`
	// Readback makes the bot ask for orders to be read back.
	Readback bool `json:"readback,omitempty"`
}

// keptSettings bounds the rooms whose settings are remembered.
const keptSettings = 4096

// settingsOf returns how a room is translated. It reads from the database only what it has not seen before.
func (b *Bridge) settingsOf(ctx context.Context, room *rooms.Snapshot) (roomSettings, error) {
	nid, ok := room.StateNIDOf(typeSettings, "")
	if !ok {
		return roomSettings{}, nil
	}
	if known, ok := b.settings.Get(nid); ok {
		return known, nil
	}
	found, err := b.o.Rooms.Events(ctx, []int64{nid})
	if err != nil {
		return roomSettings{}, fmt.Errorf("reading the settings of a room: %w", err)
	}
	var s roomSettings
	if ev := found[nid]; ev != nil && json.Unmarshal([]byte(ev.Content().Raw), &s) != nil {
		s = roomSettings{}
	}
	b.settings.Add(nid, s)
	return s, nil
}

// Values of roomSettings.Translation.
const (
	translationOff   = replies.TranslationOff
	translationLocal = replies.TranslationLocal
)

// translationIn returns what a room's moderators say of its translation. Where it cannot be read, nothing is translated: no
// engine gets a text that its people may have kept to themselves.
func (b *Bridge) translationIn(ctx context.Context, roomID string) string {
	room, err := b.o.Rooms.Snapshot(ctx, roomID)
	if err != nil {
		return translationOff
	}
	settings, err := b.settingsOf(ctx, room)
	if err != nil {
		return translationOff
	}
	return settings.Translation
}

func (b *Bridge) isOff(ctx context.Context, roomID string) bool {
	return b.translationIn(ctx, roomID) == translationOff
}
