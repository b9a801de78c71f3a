package bridge

import (
	"context"
	"fmt"

	"github.com/tidwall/gjson"

	"medixchange/rooms"
	"medixchange/translator/replies"
)

// typeSettings is the state event by which a room's moderators say how it is translated. Whoever may set state may set it
// (power 50 unless the room says otherwise), in any client or by the bot's commands.
const typeSettings = replies.TypeSettings

// Keys of its content beside replies.TranslationKey.
const (
	keyThreads  = "threads"
	keyReadback = "readback"
)

// roomSettings is its content, each member read for itself: one that is malformed takes nothing from the others.
type roomSettings struct {
	// Translation "off": no text of the room is given to any engine; "local": only to engines of this machine.
	Translation string
	// Threads lets the bot answer in threads also where members of other servers get its answers.
	Threads bool
	// Readback makes the bot ask for orders to be read back.
	Readback bool
}

func settingsIn(content gjson.Result) roomSettings {
	return roomSettings{
		Translation: replies.TranslationIn(content),
		Threads:     content.Get(keyThreads).Type == gjson.True,
		Readback:    content.Get(keyReadback).Type == gjson.True,
	}
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
	content, err := b.settingsContent(ctx, room)
	if err != nil {
		return roomSettings{}, err
	}
	s := settingsIn(content)
	b.settings.Add(nid, s)
	return s, nil
}

// settingsContent returns what the moderators of a room have written, an empty object where they have not.
func (b *Bridge) settingsContent(ctx context.Context, room *rooms.Snapshot) (gjson.Result, error) {
	nid, ok := room.StateNIDOf(typeSettings, "")
	if !ok {
		return gjson.Parse("{}"), nil
	}
	found, err := b.o.Rooms.Events(ctx, []int64{nid})
	if err != nil {
		return gjson.Result{}, fmt.Errorf("reading the settings of a room: %w", err)
	}
	if found[nid] == nil {
		return gjson.Result{}, fmt.Errorf("reading the settings of a room: event %d is not there", nid)
	}
	return found[nid].Content(), nil
}

// Values of roomSettings.Translation.
const (
	translationOff   = replies.TranslationOff
	translationLocal = replies.TranslationLocal
)

// translationOf returns what a room's moderators say of its translation.
func (b *Bridge) translationOf(ctx context.Context, roomID string) (string, error) {
	room, err := b.o.Rooms.Snapshot(ctx, roomID)
	if err != nil {
		return "", fmt.Errorf("reading the settings of a room: %w", err)
	}
	settings, err := b.settingsOf(ctx, room)
	return settings.Translation, err
}

// translationIn is translationOf where nobody tries again. Where it cannot be read, nothing is translated: no engine gets a
// text that its people may have kept to themselves.
func (b *Bridge) translationIn(ctx context.Context, roomID string) string {
	setting, err := b.translationOf(ctx, roomID)
	if err != nil {
		return translationOff
	}
	return setting
}

func (b *Bridge) isLocal(ctx context.Context, roomID string) bool {
	return b.translationIn(ctx, roomID) == translationLocal
}

func (b *Bridge) isOff(ctx context.Context, roomID string) bool {
	return b.translationIn(ctx, roomID) == translationOff
}
