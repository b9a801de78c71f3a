package sync

import (
	"fmt"

	"medixchange/rooms"
	"medixchange/rooms/view"
)

// left reads a room that the user has left or was removed from: the way up to that moment for a device that has not seen
// it yet, the archive for one that begins and asks for it (include_leave).
func (r *round) left(ur rooms.UserRoom) error {
	archive := (r.q.initial || r.q.fullState) && r.q.filter.Room.IncludeLeave && !ur.Forgotten
	fresh := !r.q.initial && ur.Position > r.since.Position // also of a forgotten room: other devices still show it
	if !archive && !fresh {
		return nil
	}
	s := &section{ur: ur, since: r.sinceIn(ur), upto: min(r.upto, ur.Position), filter: &r.q.filter.Room, left: true}
	s.data = r.mine.byRoom[ur.RoomID]
	s.changes = changes{events: true, fromSQL: true}
	r.keysChange = true
	if r.wasOwed {
		r.h.view.ForgetLate(r.q.device.UserID, r.q.device.DeviceID, ur.RoomID)
	}
	if err := r.seat(); err != nil {
		return err
	}
	var err error
	if s.viewer, err = r.h.view.InRoom(r.ctx, r.viewer, ur.RoomID); err != nil {
		return err
	}
	stay, err := r.stayedSince(ur, s.since)
	if err != nil {
		return err
	}
	s.full = archive || !stay.atSince
	s.fresh = s.full
	if s.full && stay.ever {
		s.since = 0
	}
	if err := r.leftTimeline(s); err != nil {
		return err
	}
	if stay.ever {
		if err := r.leftState(s); err != nil {
			return err
		}
	}
	return r.write(s)
}

// stay says whether the user was in a room at the token, and whether at any time after it.
type stay struct{ atSince, ever bool }

func (r *round) stayedSince(ur rooms.UserRoom, since int64) (stay, error) {
	intervals, err := r.h.rooms.Intervals(r.ctx, ur.RoomID, r.q.device.UserID)
	if err != nil {
		return stay{}, fmt.Errorf("reading membership intervals: %w", err)
	}
	var out stay
	at := rooms.HistoryKey{Anchor: since}
	for _, i := range intervals {
		joined := i.Membership == "join"
		if !at.Less(i.From) {
			out.atSince = joined && since > 0
		}
		out.ever = out.ever || joined && at.Less(i.From)
	}
	out.ever = out.ever || out.atSince
	return out, nil
}

// leftTimeline is readTimeline without holding: what led to the end is not kept back.
func (r *round) leftTimeline(s *section) error {
	s.timeline = timeline{start: s.upto + 1, prev: rooms.HistoryKey{Anchor: s.upto}}
	limit := s.filter.Timeline.timelineLimit()
	events, limited, prev, err := r.h.rooms.LiveTimeline(r.ctx, s.ur.RoomID, s.since, s.upto, max(limit, 1)*2)
	if err != nil {
		return fmt.Errorf("reading the timeline of a room left: %w", err)
	}
	s.timeline.limited, s.timeline.prev = limited, prev
	return r.trim(s, events, limit)
}

func (r *round) leftState(s *section) error {
	var err error
	if s.full {
		err = r.stateAtLeave(s)
	} else {
		var deltas []rooms.StateDelta
		if deltas, err = r.deltas(s); err == nil {
			s.state, err = r.changedState(s, deltas)
		}
	}
	s.state = r.filterState(s.state, &s.filter.State, s.ur.RoomID)
	return err
}

func (r *round) stateAtLeave(s *section) error {
	leaves, err := r.events([]int64{s.ur.EventNID})
	if err != nil || len(leaves) == 0 {
		return err
	}
	events, err := r.h.rooms.stateAfter(r.ctx, leaves[0], nil)
	if err != nil {
		return fmt.Errorf("reading the state of a room left: %w", err)
	}
	if r.q.stateAfter {
		s.state = events
		return nil
	}
	s.state, err = r.beforeTimeline(s, events)
	return err
}

func (r *round) appendLeft(dst []byte, s *section) ([]byte, error) {
	dst = append(stringKey(dst, s.ur.RoomID), '{')
	dst = appendData(key(dst, "account_data"), r.roomData(s.data))
	dst, err := r.appendStateAndTimeline(dst, s)
	return append(dst, '}'), err
}

// outsideNews reads invites and knocks in rooms that this node is not in, and their end. What the node knows of a room
// from within counts more, unless it is older.
func (r *round) outsideNews(inside []rooms.UserRoom) ([]rooms.OutsideMembership, error) {
	if !r.mine.outside {
		return nil, nil
	}
	known := make(map[string]rooms.UserRoom, len(inside))
	for _, ur := range inside {
		known[ur.RoomID] = ur
	}
	all, err := r.h.rooms.OutsideMemberships(r.ctx, r.q.device.UserID)
	if err != nil {
		return nil, fmt.Errorf("reading invites from elsewhere: %w", err)
	}
	var news []rooms.OutsideMembership
	for _, o := range all {
		if o.Position > r.upto || !r.q.initial && !r.q.fullState && o.Position <= r.since.Position {
			continue
		}
		if ur := known[o.RoomID]; ur.Membership == "join" || ur.Position > o.Position || !r.q.filter.Room.wants(o.RoomID) {
			continue
		}
		if o.Membership != "invite" || r.viewer.Ignored == nil || !r.viewer.Ignored(o.Sender) {
			news = append(news, o)
		}
	}
	return news, nil
}

func (r *round) outside(o rooms.OutsideMembership) {
	switch o.Membership {
	case "invite":
		r.invite = appendStripped(r.invite, o.RoomID, "invite_state", r.h.view.StrippedFrom(o.Stripped, o.JSON))
	case "knock":
		r.knock = appendStripped(r.knock, o.RoomID, "knock_state", r.h.view.StrippedFrom(o.Stripped, o.JSON))
	case "leave", "ban":
		archive := (r.q.initial || r.q.fullState) && r.q.filter.Room.IncludeLeave
		if archive || !r.q.initial && o.Position > r.since.Position {
			r.leave = r.appendOutsideLeave(r.leave, o)
		}
	}
}

// appendOutsideLeave tells that an invite was withdrawn or declined: the membership event is all there is.
func (r *round) appendOutsideLeave(dst []byte, o rooms.OutsideMembership) []byte {
	dst = append(stringKey(dst, o.RoomID), `{"account_data":{"events":[]},"`...)
	dst = append(append(dst, r.q.stateName...), `":{"events":[]},"timeline":{"events":[`...)
	if event := view.Bare(o.JSON, o.EventID); event != nil {
		dst = append(dst, event...)
	}
	return append(dst, `],"limited":false}}`...)
}
