package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	defaultSearchLimit = 10
	maxSearchLimit     = 50
	// maxSearched bounds the members looked at by one search, and maxPublicRooms the public rooms beside the own ones.
	maxSearched    = 5000
	maxPublicRooms = 100
	searchBatch    = 200
)

// SearchUsers searches the user directory: users who share a room with userID, are in a public room, or whose whole id
// was typed. The term is looked for, whatever the case, in user id and display name. limited says that there may be more.
func (a *Accounts) SearchUsers(ctx context.Context, userID, term string, limit int) (found []DirectoryUser, limited bool, err error) {
	if limit <= 0 {
		limit = defaultSearchLimit
	}
	s := &userSearch{a: a, self: userID, term: strings.ToLower(strings.TrimSpace(term)), limit: min(limit, maxSearchLimit),
		seen: map[string]bool{userID: true}}
	found = []DirectoryUser{}
	if s.term == "" {
		return found, false, nil
	}
	if err := s.exact(ctx, strings.TrimSpace(term)); err != nil {
		return nil, false, err
	}
	own, err := a.rooms.JoinedRooms(ctx, userID)
	if err != nil {
		return nil, false, fmt.Errorf("reading the rooms of a user: %w", err)
	}
	public, err := a.rooms.PublicRooms(ctx, maxPublicRooms)
	if err != nil {
		return nil, false, err
	}
	for _, id := range append(slices.Clone(own), public...) {
		if err := s.room(ctx, id); err != nil {
			return nil, false, err
		}
		if len(s.found) > s.limit || s.looked >= maxSearched {
			break
		}
	}
	if len(s.found) > s.limit {
		return s.found[:s.limit], true, nil
	}
	return append(found, s.found...), s.looked >= maxSearched, nil
}

// userSearch is one SearchUsers.
type userSearch struct {
	a          *Accounts
	self, term string
	limit      int
	looked     int
	seen       map[string]bool
	found      []DirectoryUser
}

// exact finds a local user whose id was typed.
func (s *userSearch) exact(ctx context.Context, term string) error {
	if !strings.HasPrefix(term, "@") || !s.a.IsLocal(term) || s.seen[term] {
		return nil
	}
	user, err := s.a.User(ctx, term)
	if errors.Is(err, ErrNotFound) || err == nil && user.Deactivated {
		return nil
	}
	if err != nil {
		return err
	}
	profile, err := s.a.MemberProfile(ctx, term)
	if err != nil {
		return err
	}
	s.add(DirectoryUser{term, profile.DisplayName, profile.AvatarURL})
	return nil
}

func (s *userSearch) add(u DirectoryUser) {
	s.seen[u.UserID] = true
	s.found = append(s.found, u)
}

// room looks at the members of a room: those of this node by their profile, which a name given in one room must not
// replace in the directory, others by their member events.
func (s *userSearch) room(ctx context.Context, roomID string) error {
	view, err := s.a.room(ctx, roomID)
	if err != nil || view == nil {
		return err
	}
	members := map[int64]string{}
	view.EachMember(func(userID, membership string, nid int64) bool {
		if membership == "join" && !s.seen[userID] {
			s.looked++
			members[nid] = userID
		}
		return s.looked < maxSearched
	})
	nids := make([]int64, 0, len(members))
	for nid := range members {
		nids = append(nids, nid)
	}
	slices.Sort(nids)
	for batch := range slices.Chunk(nids, searchBatch) {
		if err := s.members(ctx, members, batch); err != nil || len(s.found) > s.limit {
			return err
		}
	}
	return nil
}

func (s *userSearch) members(ctx context.Context, members map[int64]string, nids []int64) error {
	events, err := s.a.rooms.Events(ctx, nids)
	if err != nil {
		return fmt.Errorf("reading members: %w", err)
	}
	profiles, err := s.localProfiles(ctx, members, nids)
	if err != nil {
		return err
	}
	for _, nid := range nids {
		ev, userID := events[nid], members[nid]
		if ev == nil {
			continue
		}
		u, local := profiles[userID]
		if !local {
			content := ev.Content()
			u = DirectoryUser{userID, content.Get("displayname").Str, content.Get("avatar_url").Str}
		}
		if strings.Contains(strings.ToLower(u.UserID), s.term) || strings.Contains(strings.ToLower(u.DisplayName), s.term) {
			s.add(u)
		}
	}
	return nil
}

// localProfiles returns what the directory says of the local users among the members.
func (s *userSearch) localProfiles(ctx context.Context, members map[int64]string, nids []int64) (map[string]DirectoryUser, error) {
	var local []string
	for _, nid := range nids {
		if s.a.IsLocal(members[nid]) {
			local = append(local, members[nid])
		}
	}
	if len(local) == 0 {
		return nil, nil
	}
	return s.a.readDirectoryUsers(ctx, local)
}

// MutualRooms returns the ids of the rooms that both users are joined to, sorted.
func (a *Accounts) MutualRooms(ctx context.Context, userID, other string) ([]string, error) {
	if userID == other {
		return nil, ErrInvalidParam.says("Ask for the rooms shared with someone else")
	}
	memberships, err := a.rooms.UserRooms(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("reading the rooms of a user: %w", err)
	}
	shared := []string{}
	for _, m := range memberships {
		if m.Membership != "join" {
			continue
		}
		view, err := a.room(ctx, m.RoomID)
		if err != nil {
			return nil, err
		}
		if view != nil && view.Membership(other) == "join" {
			shared = append(shared, m.RoomID)
		}
	}
	slices.Sort(shared)
	return shared, nil
}

// sharesRoom reports whether two users are joined to one room.
func (a *Accounts) sharesRoom(ctx context.Context, userID, other string) (bool, error) {
	if userID == other {
		return true, nil
	}
	shared, err := a.MutualRooms(ctx, userID, other)
	return len(shared) > 0, err
}
