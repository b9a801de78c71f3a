package accounts

import (
	"context"
	"maps"
	"slices"

	"medixchange/rooms"
)

func (w *town) JoinedRooms(_ context.Context, userID string) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var ids []string
	for id, s := range w.rooms {
		local := false
		for member, membership := range s.members {
			local = local || membership == "join" && serverOf(member) == "a.example"
		}
		if s.members[userID] == "join" && local {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

func (w *town) UserRooms(_ context.Context, userID string) ([]rooms.UserRoom, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []rooms.UserRoom
	for id, s := range w.rooms {
		if m := s.members[userID]; m != "" {
			out = append(out, rooms.UserRoom{RoomID: id, Membership: m})
		}
	}
	return out, nil
}

func (w *town) OutsideMemberships(context.Context, string) ([]rooms.OutsideMembership, error) {
	return nil, nil
}

func (w *town) Room(_ context.Context, roomID string) (roomView, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.rooms[roomID]; s != nil {
		return s, nil
	}
	return nil, rooms.ErrNotFound
}

func (w *town) PublicRooms(context.Context, int) ([]string, error) { return nil, nil }

func (w *town) Events(_ context.Context, nids []int64) (map[int64]*rooms.Event, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[int64]*rooms.Event{}
	for _, nid := range nids {
		if ev := w.events[nid]; ev != nil {
			out[nid] = ev
		}
	}
	return out, nil
}

func (w *town) EventsByID(context.Context, []string) (map[string]*rooms.Event, error) {
	return nil, nil
}

func (w *town) Timeline(_ context.Context, roomID string, from, to rooms.HistoryKey, _ rooms.Direction, limit int, _ bool) (*rooms.Page, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timelines++
	page := &rooms.Page{Next: to, Done: true}
	for _, ev := range slices.Backward(w.rooms[roomID].timeline) {
		if from.Less(ev.Key) || !to.Less(ev.Key) {
			continue
		}
		if len(page.Events) == limit {
			page.Done = false
			break
		}
		page.Events = append(page.Events, ev)
		page.Next = rooms.HistoryKey{Anchor: ev.Key.Anchor - 1, Sub: 1 << 40}
	}
	return page, nil
}

func (w *town) Intervals(_ context.Context, roomID, userID string) ([]rooms.Interval, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.rooms[roomID].intervals[userID]), nil
}

func (w *town) UserReceipts(_ context.Context, roomID, userID string) ([]rooms.Receipt, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []rooms.Receipt
	for _, r := range w.rooms[roomID].receipts {
		if r.UserID == userID {
			out = append(out, r)
		}
	}
	return out, nil
}

func (w *town) MembershipDeltas(_ context.Context, since, upto int64) ([]rooms.MembershipDelta, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []rooms.MembershipDelta
	for _, d := range w.deltas {
		if d.Position > since && d.Position <= upto {
			out = append(out, d)
		}
	}
	return out, nil
}

func (w *town) StateChanges(context.Context, string, int64, int64) ([]rooms.StateDelta, error) {
	return nil, nil // TestUpgradeCarriesSettingsOver has real rooms
}

func (w *town) StateEvent(context.Context, string, string, string) (*rooms.Event, error) {
	return nil, rooms.ErrNotFound
}

func (w *town) UpdateProfile(_ context.Context, userID string, p rooms.MemberProfile) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failing != nil {
		return w.failing
	}
	w.profiles[userID] = append(w.profiles[userID], p)
	return nil
}

func (w *town) SetMembership(_ context.Context, req rooms.MembershipRequest) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rooms[req.RoomID].members[req.Target] = req.Membership
	return req.RoomID, nil
}

func (s *square) JoinedCount() int {
	defer s.lock()()
	n := 0
	for _, m := range s.members {
		if m == "join" {
			n++
		}
	}
	return n
}

func (s *square) Public() bool { return false }

func (s *square) Membership(userID string) string {
	defer s.lock()()
	return s.members[userID]
}

func (s *square) EachMember(fn func(userID, membership string, eventNID int64) bool) {
	unlock := s.lock()
	members, nids := maps.Clone(s.members), maps.Clone(s.nids)
	unlock()
	for id, m := range members {
		if !fn(id, m, nids[id]) {
			return
		}
	}
}

func (s *square) LocalMembers() []string {
	return s.joined(func(server string) bool { return server == "a.example" })
}

func (s *square) Servers() []string {
	var out []string
	for _, id := range s.joined(func(string) bool { return true }) {
		out = append(out, serverOf(id))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (s *square) PowerLevel(userID string) int64     { return s.power[userID] }
func (s *square) NotificationPower(key string) int64 { return 50 }
func (s *square) MemberEvent(userID string) (int64, bool) {
	defer s.lock()()
	nid, ok := s.nids[userID]
	return nid, ok
}
