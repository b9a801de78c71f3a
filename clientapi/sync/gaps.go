package sync

import (
	"slices"
	"time"

	"medixchange/rooms"
)

// Gap is a piece of a room that a device was never sent, before a timeline that was limited or that it began with: what lies
// between two positions. It is told no late edits of that (TRANSLATION 5).
type Gap struct {
	RoomNID int64
	From    int64 // the last position that the device had
	Start   int64 // where its timeline goes on
	Minute  int64 // of Unix time in which the gap came about
}

const (
	// maxGaps bounds those of a token; the oldest go first.
	maxGaps = 16
	// gapKept is how long a gap is remembered, and how old what lies in it may be. A translation comes to its end within a
	// minute of being begun, and most of what was put off since engines had no room within minutes. What is owed for longer,
	// up to six hours, is told whether a device has it or not: tokens would become long.
	gapKept = 10 * time.Minute
)

func (g Gap) has(roomNID, position int64) bool {
	return g.RoomNID == roomNID && g.From < position && position < g.Start
}

// youngGaps returns the gaps of the token of which late edits can still come.
func (t Token) youngGaps(now time.Time) []Gap {
	if len(t.Gaps) == 0 {
		return nil
	}
	oldest := minuteOf(now.Add(-gapKept))
	return slices.DeleteFunc(slices.Clone(t.Gaps), func(g Gap) bool { return g.Minute < oldest })
}

func minuteOf(t time.Time) int64 { return t.Unix() / 60 }

// noteGap remembers what the device is not sent of a room that it reads in translation, if that is young.
func (r *round) noteGap(s *section) {
	now := r.h.now()
	if s.viewer.Language == "" || now.UnixMilli()-s.timeline.cutAt > gapKept.Milliseconds() {
		return
	}
	gap := Gap{RoomNID: s.ur.RoomNID, From: s.since, Start: s.timeline.start, Minute: minuteOf(now)}
	if s.fresh {
		gap.From = s.known
	}
	within := func(g Gap) bool { return g.RoomNID == gap.RoomNID && gap.From <= g.From && g.Start <= gap.Start }
	r.next.Gaps = append(slices.DeleteFunc(r.next.Gaps, within), gap)
	if over := len(r.next.Gaps) - maxGaps; over > 0 {
		r.next.Gaps = slices.Delete(r.next.Gaps, 0, over)
	}
}

// neverSent returns what tells of events of a room that the device was never sent; nil when it knows of none. Of tokens from
// before this process nothing is known: it does not remember what of their gaps the device has read as history since.
func (r *round) neverSent(roomNID int64) func(*rooms.Event) bool {
	gaps := r.since.Gaps
	if !r.epoch || !slices.ContainsFunc(gaps, func(g Gap) bool { return g.RoomNID == roomNID }) {
		return nil
	}
	return func(ev *rooms.Event) bool {
		// State and sticky events are sent with the room, wherever its timeline begins.
		return ev.StateKey == nil && ev.Sticky == 0 && slices.ContainsFunc(gaps, func(g Gap) bool { return g.has(roomNID, ev.Position) })
	}
}

// cameAt is when an event came at the latest (ms): a clock elsewhere may be behind.
func cameAt(ev *rooms.Event) int64 { return max(ev.Received, ev.OriginServerTS) }
