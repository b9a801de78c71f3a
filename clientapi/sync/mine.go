package sync

import (
	"fmt"
	"slices"
	"sort"

	"medixchange/accounts"
	"medixchange/internal/stream"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// mine is what concerns the user alone, between the token and the round's position.
type mine struct {
	global    []*accounts.AccountDatum
	byRoom    map[string][]*accounts.AccountDatum
	receipts  map[string][]rooms.Receipt // private ones, by room
	notices   map[string][]*view.Notice  // by room
	toDevice  bool                       // messages may wait for the device
	keyCounts bool                       // one-time keys of the device were used
	outside   bool                       // invites or knocks elsewhere may have changed
}

// readMine takes the user's own entries from the stream's memory, or from SQL when it does not reach back so far.
func (r *round) readMine() error {
	topic := rooms.UserTopic(r.q.device.UserID)
	r.mine.toDevice = r.since.ToDevicePending || r.q.initial
	r.mine.outside = r.q.initial || r.q.fullState
	if !r.q.initial {
		if r.h.hub.LastChange(topic) <= r.since.Position {
			return nil
		}
		if entries, complete := r.h.hub.Since(topic, r.since.Position, r.upto); complete {
			data, receipts := r.sortMine(entries)
			r.keep(data, receipts)
			return nil
		}
	}
	return r.readMineSQL()
}

func (r *round) readMineSQL() error {
	if err := r.seat(); err != nil {
		return err
	}
	r.mine.toDevice, r.mine.outside, r.keysChange = true, true, true
	user := r.q.device.UserID
	data, err := r.h.accounts.AccountDataSince(r.ctx, user, r.from(), r.upto)
	if err != nil {
		return fmt.Errorf("reading account data: %w", err)
	}
	receipts, err := r.h.rooms.PrivateReceipts(r.ctx, user, r.from(), r.upto)
	if err != nil {
		return fmt.Errorf("reading private receipts: %w", err)
	}
	r.keep(data, receipts)
	if r.q.initial {
		return nil // what was said once is not said again to a device that begins
	}
	notices, err := r.h.view.Notices(r.ctx, user, r.since.Position, r.upto)
	if err != nil {
		return err
	}
	for _, n := range notices {
		r.keepNotice(n)
	}
	return nil
}

func (r *round) keepNotice(n *view.Notice) {
	if r.mine.notices == nil {
		r.mine.notices = make(map[string][]*view.Notice)
	}
	r.mine.notices[n.RoomID] = append(r.mine.notices[n.RoomID], n)
}

// readNotices takes what the user alone is told in a room, as far as the room is told. What is said of a message must not come before it:
// a client that looks up what a notice answers takes the message for a piece of history, and does not show it when it comes.
func (r *round) readNotices(s *section) error {
	notices, err := r.noticesIn(s)
	if err != nil {
		return err
	}
	filter := &s.filter.Timeline
	for _, n := range notices {
		if n.Position > s.upto {
			continue // with the room's held tail
		}
		if n.Beside > s.since {
			continue // it stands in the event itself
		}
		if !filter.WantsRoom(n.RoomID) || !filter.Wants(n.AsEvent()) {
			continue
		}
		if event := r.h.view.Notice(s.viewer, n); event != nil {
			s.own = append(s.own, view.Placed{Position: n.Position, JSON: event})
		}
	}
	return nil
}

// noticesIn returns what the user was told in a room since the device came to where it is there: in a held room that is before its
// token.
func (r *round) noticesIn(s *section) ([]*view.Notice, error) {
	notices := r.mine.notices[s.ur.RoomID]
	user := r.q.device.UserID
	if s.fresh || s.since >= r.since.Position || r.h.hub.LastChange(rooms.UserTopic(user)) <= s.since {
		return notices, nil
	}
	if err := r.seat(); err != nil {
		return nil, err
	}
	told, err := r.h.view.Notices(r.ctx, user, s.since, r.since.Position)
	if err != nil {
		return nil, err
	}
	told = slices.DeleteFunc(told, func(n *view.Notice) bool { return n.RoomID != s.ur.RoomID })
	return append(told, notices...), nil
}

// from is the position after which everything is new: zero for a device that begins.
func (r *round) from() int64 {
	if r.q.initial {
		return 0
	}
	return r.since.Position
}

// keep sorts by position, so that the answer does not depend on where the facts were read, and the last of each stays.
func (r *round) keep(data []*accounts.AccountDatum, receipts []rooms.Receipt) {
	sort.SliceStable(data, func(i, j int) bool { return data[i].Position < data[j].Position })
	for _, d := range data {
		if d.RoomID == "" {
			r.mine.global = append(r.mine.global, d)
			continue
		}
		if r.mine.byRoom == nil {
			r.mine.byRoom = make(map[string][]*accounts.AccountDatum)
		}
		r.mine.byRoom[d.RoomID] = append(r.mine.byRoom[d.RoomID], d)
	}
	for _, receipt := range receipts {
		if r.mine.receipts == nil {
			r.mine.receipts = make(map[string][]rooms.Receipt)
		}
		r.mine.receipts[receipt.RoomID] = append(r.mine.receipts[receipt.RoomID], receipt)
	}
}

// sortMine sorts the stream's entries of the user. The tables keep only the newest of each fact, so this does too.
func (r *round) sortMine(entries []stream.Entry) (data []*accounts.AccountDatum, receipts []rooms.Receipt) {
	at := map[[2]string]int{}
	for _, e := range entries {
		switch value := e.Value.(type) {
		case *accounts.AccountDatum:
			key := [2]string{value.RoomID, value.Type}
			if i, ok := at[key]; ok {
				data[i] = value
				continue
			}
			at[key] = len(data)
			data = append(data, value)
		case *rooms.Receipt:
			receipts = append(receipts, *value)
		case *view.Notice:
			r.keepNotice(value)
		case *accounts.ToDeviceArrival:
			r.mine.toDevice = r.mine.toDevice || value.DeviceID == r.q.device.DeviceID
		case *rooms.OutsideMembership:
			r.mine.outside = true
		case *rooms.MembershipChange:
			r.keysChange = true
		case *accounts.DeviceListChange:
			r.keysChange = r.keysChange || !value.KeyCounts
			r.mine.keyCounts = r.mine.keyCounts || value.KeyCounts && value.DeviceID == r.q.device.DeviceID
		}
	}
	return data, receipts
}
