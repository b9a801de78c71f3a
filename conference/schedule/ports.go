package schedule

import (
	"context"
	"encoding/json"
	"time"

	"medixchange/rooms"
)

// Bot speaks to a user alone, in a room, by the hospital's bot. The translation bot implements it.
type Bot interface {
	// Tell says something about an event, once for each kind whatever happens in between.
	Tell(ctx context.Context, userID string, about *rooms.Event, kind string, content json.RawMessage) error
	// Language is the BCP 47 tag of the language that a user reads in a room.
	Language(ctx context.Context, userID, roomID string) string
}

// Words gives the texts of the bot in a language, each {name} of a text replaced by the value that follows the name.
type Words func(language, key string, pairs ...string) string

// Zones gives the IANA name of a user's time zone, "" for one who names none.
type Zones func(ctx context.Context, userID string) (string, error)

// Present is somebody in a call of a room.
type Present struct {
	UserID  string
	SlotID  string    // of MatrixRTC (MSC4143)
	EventID string    // by which they say it
	Since   time.Time // when that event was sent
}

// Calls gives those who are in the calls of a room.
type Calls func(ctx context.Context, roomID string) ([]Present, error)
