package sync

import (
	"fmt"
	"time"

	"medixchange/accounts"
	"medixchange/internal/stream"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// section is one room of the answer while it is made.
type section struct {
	ur     rooms.UserRoom
	viewer view.Viewer
	since  int64
	upto   int64 // the round's, or less: held, or left before
	fresh  bool  // the device does not know the room, or not all of it
	full   bool  // all state is wanted
	left   bool  // the user is not in the room any more
	asked  bool  // for translations that were missing
	owed   bool  // late edits that were over the limit may go out now
	known  int64 // up to where a device that begins again knew the room; 0 if it did not
	filter *RoomFilter

	changes  changes
	timeline timeline
	state    []*rooms.Event
	sticky   []*rooms.Event
	typing   bool
	receipts []rooms.Receipt
	data     []*accounts.AccountDatum
	own      []view.Placed // what exists for this user only: late edits, notices
	summary  bool
}

// changes is what the stream knows of a room between since and the round's position.
type changes struct {
	events   bool // there may be events
	rendered bool // there may be renderings
	deltas   []rooms.StateDelta
	receipts []rooms.Receipt
	fromSQL  bool // deltas and receipts have to be read
}

// joined reads one room that the user is in.
func (r *round) joined(ur rooms.UserRoom) error {
	s := &section{ur: ur, since: r.sinceIn(ur), upto: r.upto, filter: &r.q.filter.Room}
	s.data = r.mine.byRoom[ur.RoomID]
	s.receipts = r.mine.receipts[ur.RoomID]
	s.typing = r.typingChanged(ur.RoomID)
	if err := r.freshness(s); err != nil {
		return err
	}
	s.owed = r.lateDue(s)
	topic, notices := rooms.RoomTopic(ur.RoomID), r.mine.notices[ur.RoomID]
	if !s.full && !s.owed && r.h.hub.LastChange(topic) <= s.since && s.data == nil && s.receipts == nil && !s.typing && len(notices) == 0 {
		return nil
	}
	var err error
	if s.viewer, err = r.h.view.InRoom(r.ctx, r.viewer, ur.RoomID); err != nil {
		return err
	}
	for _, step := range []func(*section) error{r.readChanges, r.readTimeline, r.readState, r.readSticky, r.readReceipts, r.readNotices, r.readLate} {
		if err := step(s); err != nil {
			return err
		}
	}
	if s.timeline.cutAt != 0 {
		r.noteGap(s)
	}
	return r.write(s)
}

// freshness finds out whether the device begins with this room: no token, or the user was not in it all the time since.
func (r *round) freshness(s *section) error {
	switch {
	case r.q.initial:
		s.fresh = true
	case s.ur.Position > s.since:
		was, steady, err := r.joinedSince(s.ur.RoomID, s.since)
		if err != nil {
			return err
		}
		s.fresh = !steady
		if was {
			s.known = s.since
		}
	}
	s.full = s.fresh || r.q.fullState
	if s.fresh {
		s.since = 0
		r.keysChange = true
	}
	return nil
}

// joinedSince reports whether the user was joined at since, and whether they were so ever after.
func (r *round) joinedSince(roomID string, since int64) (was, steady bool, err error) {
	intervals, err := r.h.rooms.Intervals(r.ctx, roomID, r.q.device.UserID)
	if err != nil {
		return false, false, fmt.Errorf("reading membership intervals: %w", err)
	}
	at := rooms.HistoryKey{Anchor: since}
	away := false
	for _, i := range intervals {
		joined := i.Membership == "join"
		if !at.Less(i.From) {
			was = joined
		} else if !joined {
			away = true
		}
	}
	return was, was && !away, nil
}

// readChanges looks into the stream's memory; what it does not remember is read from SQL.
func (r *round) readChanges(s *section) error {
	if s.fresh {
		s.changes = changes{events: true, fromSQL: true}
		return r.seat()
	}
	entries, complete := r.h.hub.Since(rooms.RoomTopic(s.ur.RoomID), s.since, r.upto)
	if !complete {
		s.changes = changes{events: true, rendered: true, fromSQL: true}
		r.keysChange = true
		return r.seat()
	}
	for _, e := range entries {
		r.note(&s.changes, e)
	}
	return nil
}

func (r *round) note(c *changes, e stream.Entry) {
	switch value := e.Value.(type) {
	case *rooms.Event:
		c.events = true
	case *rooms.StateDelta:
		c.deltas = append(c.deltas, *value)
		if value.Type == "m.room.member" || value.Type == "m.room.encryption" {
			r.keysChange = true
		}
	case *rooms.Receipt:
		c.receipts = append(c.receipts, *value)
	case *accounts.DeviceListChange:
		r.keysChange = r.keysChange || !value.KeyCounts
	}
	if e.Kind == rooms.EntryRendering {
		c.rendered = true
	}
}

// readReceipts takes those of the section's range: a held room keeps its receipts back too.
func (r *round) readReceipts(s *section) error {
	receipts := s.changes.receipts
	if s.changes.fromSQL {
		var err error
		if receipts, err = r.h.rooms.Receipts(r.ctx, s.ur.RoomID, s.since, s.upto); err != nil {
			return fmt.Errorf("reading receipts: %w", err)
		}
	}
	private := s.receipts
	s.receipts = nil
	for _, receipt := range receipts {
		if receipt.Position <= s.upto && receipt.Type != "m.read.private" {
			s.receipts = append(s.receipts, receipt)
		}
	}
	s.receipts = append(s.receipts, private...)
	var err error
	if s.receipts, err = r.h.view.Receipts(r.ctx, s.viewer, s.ur.RoomID, s.receipts); err != nil {
		return fmt.Errorf("showing receipts: %w", err)
	}
	return nil
}

func (r *round) typingChanged(roomID string) bool {
	if r.q.initial {
		return len(r.h.rooms.Typing(roomID)) > 0
	}
	if r.epoch && r.next.Ephemeral <= r.since.Ephemeral {
		return false
	}
	return !r.epoch || r.h.hub.EphemeralLast(rooms.RoomTopic(roomID), rooms.EphemeralTyping) > r.since.Ephemeral
}

// timeline is the piece of a room's history in an answer.
type timeline struct {
	events  []*rooms.Event
	limited bool
	prev    rooms.HistoryKey
	start   int64 // position of the first event that was looked at; state up to there belongs into state
	cutAt   int64 // when the newest event before start that was left out came, at the latest (ms); 0: none was
}

// filteredFactor is how many times the limit is read when a filter throws events away.
const filteredFactor = 8

// readTimeline reads the room's newest events, cuts them where the device has to wait for a translation, and takes out
// what the viewer may not see or does not want.
func (r *round) readTimeline(s *section) error {
	s.timeline = timeline{start: s.upto + 1, prev: rooms.HistoryKey{Anchor: s.upto}}
	if !s.changes.events {
		return nil
	}
	filter := &s.filter.Timeline
	limit := filter.timelineLimit()
	read := max(limit, 1)
	if !filter.open() {
		read *= filteredFactor
	}
	events, limited, prev, err := r.h.rooms.LiveTimeline(r.ctx, s.ur.RoomID, s.since, s.upto, read)
	if err != nil {
		return fmt.Errorf("reading the timeline: %w", err)
	}
	if i, until := r.heldIn(s, events); i < len(events) && r.holdAt(s, events[i].Position-1, until) {
		events, limited, prev, err = r.h.rooms.LiveTimeline(r.ctx, s.ur.RoomID, s.since, s.upto, read)
		if err != nil {
			return fmt.Errorf("reading the timeline before a held event: %w", err)
		}
	}
	// A device that begins anew with a room must not append to what it may still have of it from an earlier stay.
	s.timeline.limited = limited || s.fresh && !r.q.initial
	s.timeline.prev = prev
	if limited && len(events) > 0 {
		s.timeline.cutAt = cameAt(events[0])
	}
	return r.trim(s, events, limit)
}

// heldIn returns which of the events is the first that the device has to wait for, len(events) when none is: what it is not
// told late is not worth waiting for.
func (r *round) heldIn(s *section, events []*rooms.Event) (index int, until time.Time) {
	if !r.wantsLate(s) {
		return len(events), time.Time{}
	}
	return r.h.view.Hold(s.viewer, events, s.upto, s.filter.Timeline.Wants)
}

func (r *round) holdAt(s *section, position int64, until time.Time) bool {
	if !r.hold(s.ur, position, until) {
		return false
	}
	s.upto = position
	s.timeline.start, s.timeline.prev = s.upto+1, rooms.HistoryKey{Anchor: s.upto}
	return true
}

// trim leaves the last events up to limit that the viewer may see and wants.
func (r *round) trim(s *section, events []*rooms.Event, limit int) error {
	filter := &s.filter.Timeline
	if len(events) == 0 {
		s.timeline.prev = rooms.HistoryKey{Anchor: s.upto}
		return nil
	}
	s.timeline.start = events[0].Position
	visible, err := r.h.view.VisibleSince(r.ctx, s.viewer, s.ur.RoomID, r.joinedAt(s.ur), events)
	if err != nil {
		return fmt.Errorf("filtering the timeline: %w", err)
	}
	if !filter.WantsRoom(s.ur.RoomID) {
		visible = nil
	} else if !filter.open() {
		visible = wanted(visible, filter)
	}
	if over := len(visible) - limit; over > 0 {
		s.timeline.limited = true
		first := visible[over-1]
		s.timeline.prev = first.Key
		s.timeline.start, s.timeline.cutAt = first.Position+1, cameAt(first)
		visible = visible[over:]
	}
	s.timeline.events = visible
	return nil
}

// joinedAt returns a position since which the user is known to be joined; the greatest for one who is not.
func (r *round) joinedAt(ur rooms.UserRoom) int64 {
	if ur.Membership != "join" {
		return int64(^uint64(0) >> 1)
	}
	return ur.Position
}

func wanted(events []*rooms.Event, filter *EventFilter) []*rooms.Event {
	var kept []*rooms.Event
	for _, ev := range events {
		if filter.Wants(ev) {
			kept = append(kept, ev)
		}
	}
	return kept
}
