package bridge

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"medixchange/translator/language"
)

// roomReaders remembers which languages the members of this node read in each room. The reader of the stream, which sees
// every change of membership and choice in order, forgets what has changed. Safe for concurrent use.
type roomReaders struct {
	mu    sync.Mutex
	rooms map[string][]audience
}

// audience is those of a room who read one language.
type audience struct {
	language language.Code
	users    []string // without the bot
}

// keptRooms bounds the rooms whose audiences are remembered.
const keptRooms = 10_000

func newRoomReaders() *roomReaders { return &roomReaders{rooms: map[string][]audience{}} }

func (r *roomReaders) get(roomID string) ([]audience, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok := r.rooms[roomID]
	return found, ok
}

func (r *roomReaders) put(roomID string, of []audience) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rooms) >= keptRooms {
		clear(r.rooms)
	}
	r.rooms[roomID] = of
}

func (r *roomReaders) forget(roomID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.rooms, roomID)
}

func (r *roomReaders) forgetAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.rooms)
}

// audiences returns who reads what in a room, by language.
func (b *Bridge) audiences(ctx context.Context, roomID string) ([]audience, error) {
	if known, ok := b.readers.get(roomID); ok {
		return known, nil
	}
	byTag, err := b.o.Accounts.LanguagesInRoom(ctx, roomID)
	if err != nil {
		return nil, fmt.Errorf("reading the languages of a room: %w", err)
	}
	byCode := map[language.Code][]string{}
	for tag, users := range byTag {
		code := b.code(tag)
		if code == "" {
			continue
		}
		for _, user := range users {
			if user != b.bot {
				byCode[code] = append(byCode[code], user)
			}
		}
	}
	found := make([]audience, 0, len(byCode))
	for code, users := range byCode {
		found = append(found, audience{code, users})
	}
	slices.SortFunc(found, func(x, y audience) int {
		if x.language < y.language {
			return -1
		}
		return 1
	})
	b.readers.put(roomID, found)
	return found, nil
}

// hasOther reports whether anybody but the sender reads the language.
func (a audience) hasOther(sender string) bool {
	return len(a.users) > 1 || len(a.users) == 1 && a.users[0] != sender
}
