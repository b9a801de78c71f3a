package appservice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/tidwall/gjson"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// house knows the people of the homeserver's rooms: who is there, which of them moderate, and which languages they chose.
// It implements replies.Host.
type house struct {
	s        *Service
	commands *replies.Allowances

	mu        sync.Mutex
	choices   map[place]language.Code // "" for originals
	members   map[string][]string     // joined, by room
	encrypted map[string]bool
	// translation is what the moderators of each room say of it.
	translation map[string]string
	// changes counts those of memberships and settings: what was asked for before the last one is not kept.
	changes uint64
}

// place is what a choice is for: a user in a room, or everywhere for room "".
type place struct{ room, user string }

const (
	// keptRooms bounds the rooms that are remembered, and maxChoices what members may have chosen.
	keptRooms  = 10_000
	maxChoices = 500_000
)

var _ replies.Host = (*house)(nil)

// choice is a stored choice.
type choice struct {
	Room     string        `json:"room"`
	User     string        `json:"user"`
	Language language.Code `json:"language"`
}

func newHouse(ctx context.Context, s *Service) (*house, error) {
	commands, err := replies.NewAllowances(replies.CommandEvery, replies.CommandBurst)
	if err != nil {
		return nil, err
	}
	h := &house{s: s, commands: commands, choices: map[place]language.Code{}, members: map[string][]string{},
		encrypted: map[string]bool{}, translation: map[string]string{}}
	stored, err := s.o.Vault.All(ctx, kindChoice)
	if err != nil {
		return nil, err
	}
	for _, record := range stored {
		var c choice
		if err := json.Unmarshal(record.Value, &c); err != nil {
			return nil, fmt.Errorf("reading a choice of language: %w", err)
		}
		h.choices[place{c.Room, c.User}] = c.Language
	}
	return h, nil
}

// note follows what the homeserver tells of a room.
func (h *house) note(ev gjson.Result) {
	roomID := ev.Get("room_id").Str
	if !ev.Get("state_key").Exists() {
		return
	}
	switch ev.Get("type").Str {
	case "m.room.member", replies.TypeSettings:
		h.forget(roomID)
	case "m.room.encryption":
		h.mu.Lock()
		defer h.mu.Unlock()
		h.encrypted[roomID] = true
	}
}

func (h *house) forget(roomID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.members, roomID)
	delete(h.translation, roomID)
	h.changes++
	if !h.encrypted[roomID] {
		delete(h.encrypted, roomID)
	}
}

// isEncrypted asks the homeserver once.
func (h *house) isEncrypted(ctx context.Context, roomID string) (bool, error) {
	h.mu.Lock()
	encrypted, known := h.encrypted[roomID]
	h.mu.Unlock()
	if known {
		return encrypted, nil
	}
	_, err := h.state(ctx, roomID, "m.room.encryption")
	if err != nil && !errors.Is(err, mautrix.MNotFound) && !errors.Is(err, mautrix.MForbidden) {
		return false, err
	}
	if errors.Is(err, mautrix.MForbidden) {
		return false, nil // invited only: asked again when it has joined
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.encrypted) >= keptRooms {
		clear(h.encrypted)
	}
	h.encrypted[roomID] = err == nil || h.encrypted[roomID] // an answer of before the encryption comes too late
	return h.encrypted[roomID], nil
}

func (h *house) state(ctx context.Context, roomID, typ string) (gjson.Result, error) {
	client := h.s.client
	raw, err := client.MakeRequest(ctx, http.MethodGet, client.BuildClientURL("v3", "rooms", roomID, "state", typ, ""), nil, nil)
	if err != nil {
		return gjson.Result{}, fmt.Errorf("asking for %s: %w", typ, err)
	}
	return gjson.ParseBytes(raw), nil
}

func (h *house) membersOf(ctx context.Context, roomID string) ([]string, error) {
	h.mu.Lock()
	known, ok := h.members[roomID]
	before := h.changes
	h.mu.Unlock()
	if ok {
		return known, nil
	}
	answer, err := h.s.client.JoinedMembers(ctx, id.RoomID(roomID))
	if err != nil {
		return nil, fmt.Errorf("asking for members: %w", err)
	}
	var users []string
	for user := range answer.Joined {
		if user != h.s.bot {
			users = append(users, user.String())
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.changes != before { // someone may have come or gone since the homeserver answered
		return users, nil
	}
	if len(h.members) >= keptRooms {
		clear(h.members)
	}
	h.members[roomID] = users
	return users, nil
}

// chosen returns what a user reads in a room; false for one who never chose.
func (h *house) chosen(userID, roomID string) (language.Code, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if code, ok := h.choices[place{roomID, userID}]; ok {
		return code, true
	}
	code, ok := h.choices[place{"", userID}]
	return code, ok
}

// Languages implements replies.Host: what members other than the sender have chosen.
func (h *house) Languages(ctx context.Context, roomID, sender string) ([]language.Code, error) {
	members, err := h.membersOf(ctx, roomID)
	if err != nil {
		return nil, err
	}
	return slices.Compact(h.readIn(roomID, members, sender)), nil
}

// readIn returns what each of a room's members but one has chosen to read, sorted.
func (h *house) readIn(roomID string, members []string, but string) []language.Code {
	var read []language.Code
	for _, user := range members {
		if code, ok := h.chosen(user, roomID); ok && code != "" && user != but {
			read = append(read, code)
		}
	}
	slices.Sort(read)
	return read
}

// Readers implements replies.Host: those members who have chosen a language.
func (h *house) Readers(ctx context.Context, roomID string) (replies.Readers, error) {
	var readers replies.Readers
	if h.translationIn(ctx, roomID) == replies.TranslationOff {
		return readers, nil
	}
	members, err := h.membersOf(ctx, roomID)
	if err != nil || len(members) <= 1 {
		return readers, err
	}
	read := h.readIn(roomID, members, "")
	return replies.Readers{Count: len(read), Languages: slices.Compact(read)}, nil
}

// Reads implements replies.Host.
func (h *house) Reads(_ context.Context, userID, roomID string) language.Code {
	if code, ok := h.chosen(userID, roomID); ok && code != "" {
		return code
	}
	return h.s.o.Home
}

// Needed implements replies.Host: whoever has chosen a language may need a translation. Somebody who is alone with the bot may
// be told something.
func (h *house) Needed(ctx context.Context, roomID string) (bool, error) {
	members, err := h.membersOf(ctx, roomID)
	if err != nil || len(members) == 1 {
		return err == nil, err
	}
	read, err := h.Languages(ctx, roomID, "")
	return len(read) > 0, err
}

// moderatorPower is from which level on a user decides about the bot.
const moderatorPower = 50

// Moderates implements replies.Host: a power of 50 or more that is enough to invite, or having created a room of version
// 12 or later.
func (h *house) Moderates(ctx context.Context, roomID, userID string) (bool, error) {
	return h.hasPower(ctx, roomID, userID, func(levels gjson.Result) int64 { return max(moderatorPower, levels.Get("invite").Int()) })
}

// hasPower reports whether a user has the power that is needed by a room's power levels.
func (h *house) hasPower(ctx context.Context, roomID, userID string, needed func(levels gjson.Result) int64) (bool, error) {
	levels, err := h.state(ctx, roomID, "m.room.power_levels")
	if err != nil && !errors.Is(err, mautrix.MNotFound) {
		return false, err
	}
	power := levels.Get("users_default").Int()
	if own, ok := levels.Get("users").Map()[userID]; ok {
		power = own.Int()
	}
	if power >= needed(levels) {
		return true, nil
	}
	return h.created(ctx, roomID, userID)
}

// created reports whether a user is a creator with unlimited power (room version 12).
func (h *house) created(ctx context.Context, roomID, userID string) (bool, error) {
	client := h.s.client
	url := client.BuildURLWithQuery(mautrix.ClientURLPath{"v3", "rooms", roomID, "state", "m.room.create", ""}, map[string]string{"format": "event"})
	raw, err := client.MakeRequest(ctx, http.MethodGet, url, nil, nil)
	if err != nil {
		return false, fmt.Errorf("asking for the room's creation: %w", err)
	}
	create := gjson.ParseBytes(raw)
	version := create.Get("content.room_version").Str
	for _, before := range []string{"", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"} {
		if version == before {
			return false, nil
		}
	}
	if create.Get("sender").Str == userID {
		return true, nil
	}
	for _, other := range create.Get("content.additional_creators").Array() {
		if other.Str == userID {
			return true, nil
		}
	}
	return false, nil
}

// choose stores a choice; nil takes it back.
func (h *house) choose(ctx context.Context, at place, code *language.Code) error {
	err := h.s.o.Vault.Together(ctx, func() error {
		if code == nil {
			h.s.o.Vault.Delete(kindChoice, at.room, at.user)
			return nil
		}
		return h.s.o.Vault.Write(kindChoice, at.room, at.user, choice{at.room, at.user, *code})
	})
	if err != nil {
		return fmt.Errorf("storing a choice of language: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.choices, at)
	if code != nil && len(h.choices) < maxChoices {
		h.choices[at] = *code
	}
	return nil
}

func (h *house) help(reader language.Code) string {
	lines := []string{language.Say(reader, "help_intro")}
	for _, name := range []string{"lang", "languages", "translate", "translation", "leave", "help"} {
		lines = append(lines, language.Say(reader, "help_"+name, language.SettingPairs(reader)...))
	}
	return strings.Join(lines, "\n")
}
