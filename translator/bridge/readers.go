package bridge

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"medixchange/accounts"
	"medixchange/rooms"
	"medixchange/rooms/view"
	"medixchange/translator/language"
)

// roomReaders remembers which languages the members of this node read in each room. The reader of the stream, which sees
// every change of membership and choice in order, forgets what has changed. Safe for concurrent use.
type roomReaders struct {
	mu    sync.Mutex
	rooms map[string][]audience
	// changes counts what was forgotten: what was read before the last of them is not remembered.
	changes uint64
}

// audience is those of a room who read one language.
type audience struct {
	language language.Code
	users    []string // without the bot
	threads  []string // those of them who want translations in threads
	topics   []string // those of them who want topics translated
}

// keptRooms bounds the rooms whose audiences are remembered.
const keptRooms = 10_000

func newRoomReaders() *roomReaders { return &roomReaders{rooms: map[string][]audience{}} }

// get returns what is remembered of a room, or the count of changes that put wants with what is read then.
func (r *roomReaders) get(roomID string) (found []audience, ok bool, changes uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found, ok = r.rooms[roomID]
	return found, ok, r.changes
}

// put remembers what was read of a room, unless something has changed since: whoever read it may have read what was before.
func (r *roomReaders) put(roomID string, of []audience, changes uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if changes != r.changes {
		return
	}
	if len(r.rooms) >= keptRooms {
		clear(r.rooms)
	}
	r.rooms[roomID] = of
}

func (r *roomReaders) forget(roomID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.rooms, roomID)
	r.changes++
}

func (r *roomReaders) forgetAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.rooms)
	r.changes++
}

// audiences returns who reads what in a room, by language.
func (b *Bridge) audiences(ctx context.Context, roomID string) ([]audience, error) {
	known, ok, changes := b.readers.get(roomID)
	if ok {
		return known, nil
	}
	byTag, err := b.o.Accounts.LanguagesInRoom(ctx, roomID)
	if err != nil {
		return nil, fmt.Errorf("reading the languages of a room: %w", err)
	}
	byCode := map[language.Code]*audience{}
	for tag, readers := range byTag {
		if code := b.code(tag); code != "" {
			b.addReaders(byCode, code, readers)
		}
	}
	if len(byCode) > 0 {
		b.o.Pipeline.Prepare()
	}
	found := make([]audience, 0, len(byCode))
	for _, a := range byCode {
		found = append(found, *a)
	}
	slices.SortFunc(found, func(x, y audience) int {
		if x.language < y.language {
			return -1
		}
		return 1
	})
	b.readers.put(roomID, found, changes)
	return found, nil
}

func (b *Bridge) addReaders(byCode map[language.Code]*audience, code language.Code, readers []accounts.RoomReader) {
	for _, reader := range readers {
		if reader.UserID == b.bot {
			continue
		}
		if byCode[code] == nil {
			byCode[code] = &audience{language: code}
		}
		a := byCode[code]
		a.users = append(a.users, reader.UserID)
		if reader.Mode == view.ModeThread {
			a.threads = append(a.threads, reader.UserID)
		}
		if reader.Topics {
			a.topics = append(a.topics, reader.UserID)
		}
	}
}

// hasOther reports whether anybody but the sender reads the language.
func (a audience) hasOther(sender string) bool {
	return len(a.users) > 1 || len(a.users) == 1 && a.users[0] != sender
}

// reads reports whether anybody but its sender wants an event in the language: a topic only who asked for topics.
func (a audience) reads(ev *rooms.Event) bool {
	if isTopic(ev) {
		a.users = a.topics
	}
	return a.hasOther(ev.Sender)
}
