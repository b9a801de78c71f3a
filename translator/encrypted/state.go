package encrypted

import (
	"context"
	"errors"
	"fmt"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// keptRooms bounds the rooms of which it is remembered whether they are encrypted.
const keptRooms = 20_000

// isEncrypted asks the server once; a room that is encrypted stays so.
func (b *Bot) isEncrypted(ctx context.Context, room id.RoomID) (bool, error) {
	b.mu.Lock()
	encrypted, known := b.rooms[room]
	b.mu.Unlock()
	if known {
		return encrypted, nil
	}
	content, err := roomStates{b}.GetEncryptionEvent(ctx, room)
	if err != nil {
		return false, err
	}
	b.noteEncrypted(room, content != nil)
	return content != nil, nil
}

func (b *Bot) noteEncrypted(room id.RoomID, encrypted bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.rooms) >= keptRooms {
		clear(b.rooms)
	}
	b.rooms[room] = encrypted || b.rooms[room] // an answer of before the encryption comes too late
}

// roomStates is what the machine asks of a room's state.
type roomStates struct{ b *Bot }

func (s roomStates) IsEncrypted(ctx context.Context, room id.RoomID) (bool, error) {
	return s.b.isEncrypted(ctx, room)
}

// GetEncryptionEvent returns nil for a room that is not encrypted.
func (s roomStates) GetEncryptionEvent(ctx context.Context, room id.RoomID) (*event.EncryptionEventContent, error) {
	content := &event.EncryptionEventContent{}
	if found, err := s.state(ctx, room, event.StateEncryption, content); err != nil || !found {
		return nil, err
	}
	return content, nil
}

func (s roomStates) GetHistoryVisibility(ctx context.Context, room id.RoomID) (*event.HistoryVisibilityEventContent, error) {
	content := &event.HistoryVisibilityEventContent{}
	if found, err := s.state(ctx, room, event.StateHistoryVisibility, content); err != nil || !found {
		return nil, err
	}
	return content, nil
}

func (s roomStates) state(ctx context.Context, room id.RoomID, typ event.Type, into any) (bool, error) {
	err := s.b.client.StateEvent(ctx, room, typ, "", into)
	if errors.Is(err, mautrix.MNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("asking for %s: %w", typ.Type, Final(err))
	}
	return true, nil
}

// FindSharedRooms is for rotating keys when devices change, which [Bot.share] does by itself.
func (s roomStates) FindSharedRooms(context.Context, id.UserID) ([]id.RoomID, error) { return nil, nil }
