package view

import (
	"context"
	"encoding/json"
	"fmt"

	"medixchange/rooms"
)

// Format is the form in which events are shown.
type Format int8

// Formats of the Client-Server API. Sync leaves out room_id, which the answer's structure says; federation is the PDU.
const (
	FormatClient Format = iota
	FormatSync
	FormatFederation
)

// ShowOptions says how events are shown.
type ShowOptions struct {
	Format Format
	// Fields are the dot-separated paths of an event_fields filter; none for all.
	Fields []string
	// Bundle adds the aggregated relations (m.relations in unsigned).
	Bundle bool
	// Related, where it is given, says which events may have relations at all; it saves the look-up for the others.
	Related func(eventID string) bool
	// Unread says that nobody reads the answer: it is looked through, or its way to a reader is not known to end there.
	Unread bool
	// Given, where it is set, is told of the renderings that are shown in place of the log: the caller tells the log when they
	// have gone their way, see [View.Pushed].
	Given func(r *Rendering)
	// StateSection leaves out what belongs to a timeline only: prev_content, replaces_state. The viewer's own membership
	// keeps them: a client that takes its state from here learns from the invite before that the room is a direct chat.
	StateSection bool
	// Upto is the stream position whose renderings are in force; 0 for the newest, as for a page of history: then those
	// that are missing are asked for, see Budget.
	Upto int64
	// Ahead shows renderings made after Upto, too, where no edit tells the viewer of them.
	Ahead bool
	// Last says that the viewer is told nothing of the room any more, having left it: what was rendered by now is shown whatever
	// Upto says, and nothing as pending, since nobody would tell them what it ends in.
	Last bool
	// Budget is how long the request may still wait for translations; nil: Options.PageBudget, for this call alone.
	Budget *Budget
	// Joined is a position since which the viewer is known to be joined without a break; it saves the look-up of the
	// membership intervals for later events. 0 when not known.
	Joined int64
}

// newest is the position of everything that is rendered by now.
const newest = int64(^uint64(0) >> 1)

// Show returns each event as the viewer gets it, in their order: redaction, translation into the viewer's language of
// the room, unsigned (age, transaction_id, prev_content, replaces_state, membership, redacted_because, bundled
// relations). It does not ask whether the viewer may see them; see [View.Visible].
func (v *View) Show(ctx context.Context, viewer Viewer, events []*rooms.Event, o ShowOptions) ([]json.RawMessage, error) {
	s, err := v.prepare(ctx, viewer, events, o)
	if err != nil {
		return nil, err
	}
	out := make([]json.RawMessage, len(events))
	for i, ev := range events {
		out[i] = s.event(nil, ev)
	}
	return out, nil
}

// Append is Show for one room, written behind dst with commas between: the way of /sync.
func (v *View) Append(ctx context.Context, dst []byte, viewer Viewer, events []*rooms.Event, o ShowOptions) ([]byte, error) {
	s, err := v.prepare(ctx, viewer, events, o)
	if err != nil {
		return dst, err
	}
	for i, ev := range events {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = s.event(dst, ev)
	}
	return dst, nil
}

// showing is everything that the events of one call need, looked up at once.
type showing struct {
	v          *View
	viewer     Viewer
	o          ShowOptions
	now        int64 // ms
	redactions map[string]*rooms.Event
	renderings map[int64]*Rendering
	bundles    map[string]*bundle
	txns       map[int64]string
	delays     map[int64]string // delay ids of the viewer's own events (MSC4140)
	histories  map[string]history
	replaced   map[int64]*rooms.Event // the state event that each one replaced
	fallbacks  map[int64]*fallback    // of replies
	beside     map[int64]*Notice      // what the viewer is told with an event
}

func (v *View) prepare(ctx context.Context, viewer Viewer, events []*rooms.Event, o ShowOptions) (*showing, error) {
	if o.Upto == 0 {
		o.Upto = newest
	}
	s := &showing{v: v, viewer: viewer, o: o, now: v.now().UnixMilli()}
	if len(events) == 0 {
		return s, nil
	}
	steps := []struct {
		what string
		do   func(context.Context, []*rooms.Event) error
	}{
		{"replaced state", s.readReplaced},
		{"relations", s.readBundles},
		{"what replies repeat", s.readFallbacks},
		{"redactions", s.readRedactions},
		{"notices", s.readBeside},
		{"renderings", s.readRenderings},
		{"transaction ids", s.readTxns},
		{"memberships", s.readHistories},
	}
	for _, step := range steps {
		if err := step.do(ctx, events); err != nil {
			return nil, fmt.Errorf("reading %s: %w", step.what, err)
		}
	}
	return s, nil
}

func (s *showing) readReplaced(ctx context.Context, events []*rooms.Event) error {
	for _, ev := range events {
		if !ev.IsState() || ev.StateBefore == 0 || s.o.StateSection && !s.ownMembership(ev) {
			continue
		}
		old, err := s.v.replaced(ctx, ev)
		if err != nil {
			return err
		}
		if old == nil {
			continue
		}
		if s.replaced == nil {
			s.replaced = make(map[int64]*rooms.Event)
		}
		s.replaced[ev.NID] = old
	}
	return nil
}

// ownMembership reports whether ev is about the viewer's membership, which they may always see.
func (s *showing) ownMembership(ev *rooms.Event) bool {
	return ev.Type == "m.room.member" && ev.IsState() && *ev.StateKey == s.viewer.UserID
}

// readRedactions asks for the events, for what they replaced and for what is bundled with them.
func (s *showing) readRedactions(ctx context.Context, events []*rooms.Event) error {
	ids := make([]string, 0, len(events)+len(s.replaced)+len(s.bundles))
	for _, ev := range events {
		ids = append(ids, ev.ID)
	}
	for _, ev := range s.replaced {
		ids = append(ids, ev.ID)
	}
	for _, b := range s.bundles {
		ids = b.appendIDs(ids)
	}
	for _, f := range s.fallbacks {
		ids = append(ids, f.target.ID)
	}
	var err error
	s.redactions, err = s.v.rooms.Redacted(ctx, ids)
	return err
}

// States of renderings that show the event as it was written: one is to be followed by another, the other says why it is not.
const (
	statePending = "pending"
	stateNone    = "none"
)

// inMode puts renderings into the form that the viewer wants. Those that the bot says in a thread are left out.
func (s *showing) inMode(ctx context.Context, mode string, found map[int64]*Rendering) error {
	if mode != ModeThread && mode != ModeOriginalFirst {
		return nil
	}
	for nid, r := range found {
		if mode == ModeThread && (r.Threaded || r.State == statePending) {
			delete(found, nid)
			continue
		}
		of, err := s.v.inMode(ctx, r, mode)
		if err != nil {
			return err
		}
		found[nid] = of
	}
	return nil
}

// inMode returns r in another form.
func (v *View) inMode(ctx context.Context, r *Rendering, mode string) (*Rendering, error) {
	of := *r
	var err error
	of.Content, of.LateContent, err = v.renderer.InMode(ctx, r, mode)
	of.mode, of.Key = ModeOriginalFirst, nil
	return &of, err
}

// roomEvents are events by their rooms. They are few: nearly always all are of one room.
type roomEvents [][]*rooms.Event

func (all *roomEvents) add(ev *rooms.Event) {
	for i, in := range *all {
		if in[0].RoomID == ev.RoomID {
			(*all)[i] = append(in, ev)
			return
		}
	}
	*all = append(*all, []*rooms.Event{ev})
}

func (s *showing) wantRendering(byRoom *roomEvents, ev *rooms.Event) {
	viewer := s.viewer
	viewer.Topics = true // see topicsFor
	if translatable(viewer, ev) && s.redactions[ev.ID] == nil {
		byRoom.add(ev)
	}
}

func (s *showing) addRenderings(found map[int64]*Rendering) {
	if s.renderings == nil {
		s.renderings = found
		return
	}
	for nid, r := range found {
		s.renderings[nid] = r
	}
}

// translatable reports whether ev could be shown to the viewer in other words: the sender always sees their own.
func translatable(viewer Viewer, ev *rooms.Event) bool {
	if ev.IsState() {
		return viewer.Topics && isTopic(ev) && ev.Sender != viewer.UserID
	}
	return ev.Type != "m.room.redaction" && ev.Type != "m.reaction" && ev.Sender != viewer.UserID
}

func (s *showing) readTxns(ctx context.Context, events []*rooms.Event) error {
	var own []int64
	for _, ev := range events {
		if ev.Sender == s.viewer.UserID {
			own = append(own, ev.NID)
		}
	}
	if len(own) == 0 {
		return nil
	}
	var err error
	if s.txns, err = s.v.rooms.TxnsOf(ctx, s.viewer.UserID, s.viewer.Scope, own); err != nil {
		return err
	}
	s.delays, err = s.v.rooms.TxnsOf(ctx, s.viewer.UserID, rooms.DelayScope, own)
	return err
}

func (s *showing) readHistories(ctx context.Context, events []*rooms.Event) error {
	if s.o.StateSection && s.o.Joined > 0 {
		return nil // not worth a look-up for what is older than the joining
	}
	for _, ev := range events {
		if s.o.Joined > 0 && ev.Key.Anchor > s.o.Joined {
			continue
		}
		if _, ok := s.histories[ev.RoomID]; ok {
			continue
		}
		intervals, err := s.v.rooms.Intervals(ctx, ev.RoomID, s.viewer.UserID)
		if err != nil {
			return err
		}
		if s.histories == nil {
			s.histories = make(map[string]history, 1)
		}
		s.histories[ev.RoomID] = history{intervals: intervals}
	}
	return nil
}

// historyAt returns the viewer's history as far as it concerns ev; false when it was not read.
func (s *showing) historyAt(ev *rooms.Event) (history, bool) {
	if s.o.Joined > 0 && ev.Key.Anchor > s.o.Joined {
		return history{joined: true}, true
	}
	h, ok := s.histories[ev.RoomID]
	return h, ok
}

// shown tells the log what a viewer gets in other words than the author's.
func (s *showing) shown(ev, redaction *rooms.Event) {
	if s.v.log == nil || redaction != nil || s.o.Unread {
		return
	}
	r := s.renderings[ev.NID]
	switch {
	case r != nil && r.Position > 0 && s.o.Given != nil:
		s.o.Given(r)
	case r != nil && r.Position > 0:
		s.v.log.Shown(s.viewer, r, false)
	case s.v.isReply(ev) && s.o.Given == nil:
		s.v.log.Replied(s.viewer, ev)
	}
}

// event appends ev as the viewer gets it.
func (s *showing) event(dst []byte, ev *rooms.Event) []byte {
	start := len(dst)
	redaction := s.redactions[ev.ID]
	if s.o.Format == FormatFederation {
		return append(dst, rawPDU(ev, redaction)...)
	}
	st := s.encoded(ev, redaction)
	s.shown(ev, redaction)
	if n := s.beside[ev.NID]; n != nil && redaction == nil {
		st = withBeside(ev, st, n)
	}
	dst = append(dst, st.open...)
	if s.o.Format == FormatClient {
		dst = appendStringKey(dst, "room_id", ev.RoomID)
	}
	dst = append(appendKey(dst, "unsigned"), '{')
	dst = s.unsigned(dst, ev, redaction)
	dst = append(dst, '}', '}')
	if len(s.o.Fields) > 0 {
		return append(dst[:start], PickFields(dst[start:], s.o.Fields)...)
	}
	return dst
}
