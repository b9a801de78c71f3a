package sync

import (
	"slices"
	"strings"

	"medixchange/internal/web"
	"medixchange/rooms"
)

// Filter is the definition that a client gives for /sync (Client-Server API, Filtering).
type Filter struct {
	EventFields []string    `json:"event_fields"`
	EventFormat string      `json:"event_format"`
	Presence    EventFilter `json:"presence"`
	AccountData EventFilter `json:"account_data"`
	Room        RoomFilter  `json:"room"`
}

// RoomFilter is the part of a Filter that concerns rooms.
type RoomFilter struct {
	Rooms        []string    `json:"rooms"`
	NotRooms     []string    `json:"not_rooms"`
	IncludeLeave bool        `json:"include_leave"`
	Ephemeral    EventFilter `json:"ephemeral"`
	State        EventFilter `json:"state"`
	Timeline     EventFilter `json:"timeline"`
	AccountData  EventFilter `json:"account_data"`
}

// EventFilter is an EventFilter or RoomEventFilter. A list that is absent (nil) includes everything, an empty one nothing.
type EventFilter struct {
	Limit                     *int     `json:"limit"`
	Types                     []string `json:"types"`
	NotTypes                  []string `json:"not_types"`
	Senders                   []string `json:"senders"`
	NotSenders                []string `json:"not_senders"`
	Rooms                     []string `json:"rooms"`
	NotRooms                  []string `json:"not_rooms"`
	ContainsURL               *bool    `json:"contains_url"`
	LazyLoadMembers           bool     `json:"lazy_load_members"`
	IncludeRedundantMembers   bool     `json:"include_redundant_members"`
	UnreadThreadNotifications bool     `json:"unread_thread_notifications"`
}

// maxFilterList bounds every list of a filter.
const maxFilterList = 5000

// ParseFilter reads a filter's definition. The error is a *web.Error.
func ParseFilter(raw []byte) (*Filter, error) {
	var f Filter
	if err := web.Unmarshal(raw, &f); err != nil {
		return nil, err
	}
	if f.EventFormat != "" && f.EventFormat != "client" && f.EventFormat != "federation" {
		return nil, web.BadJSON("event_format must be client or federation")
	}
	if len(f.EventFields) > maxFilterList || len(f.Room.Rooms) > maxFilterList || len(f.Room.NotRooms) > maxFilterList {
		return nil, web.BadJSON("A list of the filter is longer than %d", maxFilterList)
	}
	if !allBegin(f.Room.Rooms, '!') || !allBegin(f.Room.NotRooms, '!') {
		return nil, web.BadJSON("rooms and not_rooms are lists of room ids")
	}
	for _, e := range []*EventFilter{&f.Presence, &f.AccountData, &f.Room.Ephemeral, &f.Room.State, &f.Room.Timeline, &f.Room.AccountData} {
		if err := e.check(); err != nil {
			return nil, err
		}
	}
	return &f, nil
}

// ParseEventFilter reads a RoomEventFilter, as /messages and /context take it. The error is a *web.Error.
func ParseEventFilter(raw []byte) (*EventFilter, error) {
	var e EventFilter
	if err := web.Unmarshal(raw, &e); err != nil {
		return nil, err
	}
	return &e, e.check()
}

func (e *EventFilter) check() error {
	if e.Limit != nil && *e.Limit < 0 {
		return web.BadJSON("limit must not be negative")
	}
	for _, list := range [][]string{e.Types, e.NotTypes, e.Senders, e.NotSenders, e.Rooms, e.NotRooms} {
		if len(list) > maxFilterList {
			return web.BadJSON("A list of the filter is longer than %d", maxFilterList)
		}
	}
	return e.checkIDs()
}

// checkIDs refuses what can be no room and no user: a filter with it would show less than its author thinks, in silence.
func (e *EventFilter) checkIDs() error {
	if !allBegin(e.Rooms, '!') || !allBegin(e.NotRooms, '!') {
		return web.BadJSON("rooms and not_rooms are lists of room ids")
	}
	if !allBegin(e.Senders, '@') || !allBegin(e.NotSenders, '@') {
		return web.BadJSON("senders and not_senders are lists of user ids")
	}
	return nil
}

func allBegin(ids []string, sigil byte) bool {
	return !slices.ContainsFunc(ids, func(id string) bool { return id == "" || id[0] != sigil })
}

// WantsRoom reports whether the filter lets a room's events through at all.
func (e *EventFilter) WantsRoom(roomID string) bool {
	return listed(e.Rooms, roomID) && !slices.Contains(e.NotRooms, roomID)
}

// Wants reports whether the filter lets the event through.
func (e *EventFilter) Wants(ev *rooms.Event) bool {
	if !e.WantsType(ev.Type) || !e.WantsSender(ev.Sender) {
		return false
	}
	return e.ContainsURL == nil || *e.ContainsURL == ev.Content().Get("url").Exists()
}

// WantsType reports whether the filter lets events of a type through; * in its lists stands for any characters.
func (e *EventFilter) WantsType(typ string) bool {
	if e.Types != nil && !anyMatches(e.Types, typ) {
		return false
	}
	return !anyMatches(e.NotTypes, typ)
}

// WantsSender reports whether the filter lets events of a sender through.
func (e *EventFilter) WantsSender(sender string) bool {
	return listed(e.Senders, sender) && !slices.Contains(e.NotSenders, sender)
}

// open reports whether every event of every room passes.
func (e *EventFilter) open() bool {
	return e.Types == nil && e.NotTypes == nil && e.Senders == nil && e.NotSenders == nil && e.ContainsURL == nil
}

func (f *RoomFilter) wants(roomID string) bool {
	return listed(f.Rooms, roomID) && !slices.Contains(f.NotRooms, roomID)
}

func listed(list []string, s string) bool { return list == nil || slices.Contains(list, s) }

func anyMatches(patterns []string, s string) bool {
	for _, p := range patterns {
		if matches(p, s) {
			return true
		}
	}
	return false
}

// matches reports whether s is the pattern, in which * stands for any sequence of characters.
func matches(pattern, s string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == s
	}
	if !strings.HasPrefix(s, head) {
		return false
	}
	s = s[len(head):]
	for {
		part, next, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(s, part)
		}
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(part):], next
	}
}

// Limits of a room's timeline.
const (
	defaultTimeline = 10
	maxTimeline     = 100
)

// timelineLimit returns how many events of a timeline are wanted.
func (e *EventFilter) timelineLimit() int {
	if e.Limit == nil {
		return defaultTimeline
	}
	return min(*e.Limit, maxTimeline)
}
