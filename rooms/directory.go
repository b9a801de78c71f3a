package rooms

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"golang.org/x/text/cases"

	"medixchange/internal/sqldb"
)

const (
	standardDirectory = 100
	maxDirectory      = 500
)

// PublicRoomsQuery asks for a page of the published rooms.
type PublicRoomsQuery struct {
	Search    string   // "" all; folded, anywhere in name, topic and canonical alias
	RoomTypes []string // nil all; "" stands for rooms without a type
	Limit     int      // 0: the default
	Since     string   // Next or Prev of another page
}

// PublicRoomsPage is a page of the published rooms, most joined members first.
type PublicRoomsPage struct {
	Chunk []*RoomSummary `json:"chunk"`
	Next  string         `json:"next_batch,omitempty"`
	Prev  string         `json:"prev_batch,omitempty"`
	Total int            `json:"total_room_count_estimate"`
}

// PublicRooms returns a page of the published rooms, those with most joined members first, then by room id. Tokens name
// the room at the border, so that rooms which come and go do not shift pages. ErrInvalidParam for a malformed token.
func (r *Rooms) PublicRooms(ctx context.Context, q PublicRoomsQuery) (*PublicRoomsPage, error) {
	border, err := parseDirectoryToken(q.Since)
	if err != nil {
		return nil, err
	}
	listed, err := r.selectPublished(ctx)
	if err != nil {
		return nil, err
	}
	fold := cases.Fold()
	search := fold.String(strings.TrimSpace(q.Search))
	matching := make([]*RoomSummary, 0, len(listed))
	for _, room := range listed {
		summary, err := r.summaryAt(ctx, room.roomRef, room.stateNID)
		if err != nil {
			return nil, err
		}
		summary.Joined = room.joined
		if q.wants(&summary) && summary.contains(search, fold) {
			matching = append(matching, &summary)
		}
	}
	sort.Slice(matching, func(i, j int) bool { return borderOf(matching[i]).before(borderOf(matching[j])) })
	return directoryPage(matching, border, bounded(q.Limit, standardDirectory, maxDirectory)), nil
}

func (q *PublicRoomsQuery) wants(s *RoomSummary) bool {
	return q.RoomTypes == nil || slices.Contains(q.RoomTypes, s.RoomType)
}

func (s *RoomSummary) contains(search string, fold cases.Caser) bool {
	if search == "" {
		return true
	}
	for _, text := range []string{s.Name, s.Topic, s.CanonicalAlias} {
		if strings.Contains(fold.String(text), search) {
			return true
		}
	}
	return false
}

// directoryBorder is a place in the directory's order, with the direction in which a page lies from it.
type directoryBorder struct {
	Joined   int    `json:"n"`
	RoomID   string `json:"r"`
	Backward bool   `json:"b,omitempty"`
}

func borderOf(s *RoomSummary) directoryBorder {
	return directoryBorder{Joined: s.Joined, RoomID: s.RoomID}
}

func (b directoryBorder) before(o directoryBorder) bool {
	if b.Joined != o.Joined {
		return b.Joined > o.Joined
	}
	return b.RoomID < o.RoomID
}

func (b directoryBorder) token() string {
	text, _ := json.Marshal(b) // a number, a string and a truth value always marshal
	return base64.RawURLEncoding.EncodeToString(text)
}

// parseDirectoryToken returns nil for the first page.
func parseDirectoryToken(token string) (*directoryBorder, error) {
	if token == "" {
		return nil, nil
	}
	var border directoryBorder
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		err = json.Unmarshal(text, &border)
	}
	if err != nil || border.RoomID == "" {
		return nil, fmt.Errorf("token of the room directory: %w", ErrInvalidParam)
	}
	return &border, nil
}

// directoryPage cuts the page out of the sorted rooms.
func directoryPage(rooms []*RoomSummary, border *directoryBorder, limit int) *PublicRoomsPage {
	page := &PublicRoomsPage{Total: len(rooms)}
	first, end := 0, min(limit, len(rooms))
	switch {
	case border == nil:
	case border.Backward:
		end = sort.Search(len(rooms), func(i int) bool { return !borderOf(rooms[i]).before(border.place()) })
		first = max(0, end-limit)
	default:
		first = sort.Search(len(rooms), func(i int) bool { return border.place().before(borderOf(rooms[i])) })
		end = min(first+limit, len(rooms))
	}
	page.Chunk = rooms[first:end]
	if first == end {
		return page
	}
	if end < len(rooms) {
		page.Next = borderOf(rooms[end-1]).token()
	}
	if first > 0 {
		back := borderOf(rooms[first])
		back.Backward = true
		page.Prev = back.token()
	}
	return page
}

func (b *directoryBorder) place() directoryBorder {
	return directoryBorder{Joined: b.Joined, RoomID: b.RoomID}
}

// SetPublished lists the room in the public directory, or takes it out. The user needs the power to set the room's
// canonical alias; the empty user stands for the node itself. Errors: ErrNotFound, ErrForbidden.
func (r *Rooms) SetPublished(ctx context.Context, roomID, user string, on bool) error {
	room, err := r.roomRef(ctx, roomID)
	if err != nil {
		return err
	}
	if user != "" {
		if err := r.mayName(ctx, roomID, user); err != nil {
			return err
		}
	}
	err = r.do(ctx, roomID, false, func(b *batch) error {
		b.st.published = on
		b.stores = append(b.stores, func(tx *sqldb.Tx) error { return updatePublished(tx, room.nid, on) })
		return nil
	})
	if err != nil {
		return fmt.Errorf("listing a room: %w", err)
	}
	return nil
}

// Published reports whether the room is in the public directory. ErrNotFound for a room not known.
func (r *Rooms) Published(ctx context.Context, roomID string) (bool, error) {
	return r.selectIsPublished(ctx, roomID)
}

func notFound(err error) bool { return errors.Is(err, ErrNotFound) }
