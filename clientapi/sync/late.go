package sync

import (
	"fmt"
	"time"

	"medixchange/rooms/view"
)

// startLate finds out whether late edits that were over the limit are owed to the device, and up to which it has them: they
// have their places before its token. That is carried on as long as they may be asked for again. Before any of them may go out the
// device has no reason to be read on their account.
func (r *round) startLate() {
	arrived := int64(0)
	if r.epoch {
		arrived = r.since.Late
	}
	remembered, first := r.h.view.OwesLate(r.q.device.UserID, r.q.device.DeviceID, arrived, &r.q.owed)
	if !remembered {
		return
	}
	r.wasOwed, r.arrived, r.next.Late = true, arrived, arrived
	switch {
	case first.IsZero():
	case first.After(r.h.now()):
		r.wakeAt(first)
	default:
		r.owed = true
	}
}

// lateDue reports whether such edits may go out now in a room in which maybe nothing else has changed.
func (r *round) lateDue(s *section) bool {
	if r.wasOwed && s.fresh {
		r.h.view.ForgetLate(r.q.device.UserID, r.q.device.DeviceID, s.ur.RoomID)
		return false
	}
	if !r.owed {
		return false
	}
	due := r.nextLate(s, s.since)
	return !due.IsZero() && !due.After(r.h.now())
}

// nextLate returns when the next of such edits may go to the device once it has come up to since, and notes it. It is zero
// when there is none.
func (r *round) nextLate(s *section, since int64) time.Time {
	if !r.wantsLate(s) {
		return time.Time{}
	}
	due := r.h.view.LateDue(r.q.device.UserID, r.q.device.DeviceID, s.ur.RoomID, since, r.arrived)
	if !due.IsZero() {
		r.wakeAt(due)
	}
	return due
}

// wantsLate reports whether the device is told late edits: what the timeline's filter keeps back did not go out, and PDUs are
// never shown translated.
func (r *round) wantsLate(s *section) bool {
	filter := &s.filter.Timeline
	return r.q.filter.EventFormat != "federation" && filter.timelineLimit() != 0 && filter.WantsRoom(s.ur.RoomID)
}

// readLate takes renderings that came after their event had gone out as it was written.
func (r *round) readLate(s *section) error {
	if s.fresh || !s.changes.rendered && !s.owed || !r.wantsLate(s) {
		return nil
	}
	if s.owed {
		if err := r.seat(); err != nil { // it may be older than what the stream's memory has
			return err
		}
	}
	late, err := r.h.view.Late(r.ctx, s.viewer, s.ur.RoomID, view.LateOptions{
		Since: s.since, Upto: s.upto, Wants: s.filter.Timeline.Wants, NeverSent: r.neverSent(s.ur.RoomNID), Arrived: r.arrived,
	})
	if err != nil {
		return fmt.Errorf("reading late renderings: %w", err)
	}
	if len(late) == 0 {
		r.nextLate(s, s.upto) // all of it may be over the limit
	}
	for _, placed := range late {
		r.next.Late = max(r.next.Late, placed.Number)
	}
	s.own = append(s.own, late...)
	return nil
}
