package view

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"medixchange/rooms"
)

func (s *showing) readRenderings(ctx context.Context, events []*rooms.Event) error {
	if s.v.plain {
		return nil
	}
	var byRoom roomEvents
	for _, ev := range events {
		s.wantRendering(&byRoom, ev)
	}
	for _, b := range s.bundles {
		b.each(func(ev *rooms.Event) { s.wantRendering(&byRoom, ev) })
	}
	for _, f := range s.fallbacks {
		s.wantRendering(&byRoom, f.target)
	}
	if s.o.Upto == newest {
		if err := s.ask(ctx, byRoom); err != nil {
			return err
		}
	}
	for _, in := range byRoom {
		viewer, err := s.v.InRoom(ctx, s.viewer, in[0].RoomID)
		if err != nil {
			return err
		}
		wanted := topicsFor(viewer, in)
		if viewer.Language == "" || len(wanted) == 0 {
			continue
		}
		found, err := s.inForce(ctx, viewer.Language, wanted)
		if err != nil {
			return err
		}
		if s.o.Upto == newest && !s.o.Unread {
			s.v.awaited.note(viewer, found)
		}
		if err := s.inMode(ctx, viewer.Mode, found); err != nil {
			return err
		}
		s.addRenderings(found)
	}
	return nil
}

// ask asks for what is missing of a page of history, of all rooms at the same time.
func (s *showing) ask(ctx context.Context, byRoom roomEvents) error {
	budget := s.o.Budget
	if budget == nil {
		budget = s.v.Budget()
	}
	wanted := make(map[string][]*rooms.Event, 1)
	for _, in := range byRoom {
		viewer, err := s.v.InRoom(ctx, s.viewer, in[0].RoomID)
		if err != nil {
			return err
		}
		if events := topicsFor(viewer, in); viewer.Language != "" && len(events) > 0 {
			wanted[viewer.Language] = append(wanted[viewer.Language], events...)
		}
	}
	return s.v.ask(ctx, wanted, budget)
}

// inForce returns the renderings of events, see [ShowOptions].Upto, Ahead and Last.
func (s *showing) inForce(ctx context.Context, language string, events []*rooms.Event) (map[int64]*Rendering, error) {
	if s.o.Last {
		found, err := s.v.renderer.Renderings(ctx, language, events, newest)
		maps.DeleteFunc(found, func(_ int64, r *Rendering) bool { return r.State == statePending })
		return found, err
	}
	found, err := s.v.renderer.Renderings(ctx, language, events, s.o.Upto)
	if err != nil || !s.o.Ahead {
		return found, err
	}
	newer, err := s.v.renderer.Renderings(ctx, language, events, newest)
	if err != nil {
		return nil, err
	}
	for nid, r := range newer {
		if r.Position > s.o.Upto && !r.Told {
			continue
		}
		if delete(newer, nid); found[nid] != nil {
			newer[nid] = found[nid]
		}
	}
	return newer, nil
}

// Budget is how long one request to this node may still wait for translations, however many answers it is made of
// (TRANSLATION 5). It belongs to one goroutine.
type Budget struct{ left time.Duration }

// Budget returns a whole budget, for one request.
func (v *View) Budget() *Budget { return &Budget{left: v.budget} }

// glance is how long an answer waits for translations while others of its rooms have something to tell: as long as known phrases
// and repeated texts take.
const glance = 10 * time.Millisecond

// Glance returns a budget for an answer that must not wait for one of its rooms (TRANSLATION 1).
func (v *View) Glance() *Budget { return &Budget{left: min(glance, v.budget)} }

// Lack is what one room lacks in an answer: events, ascending, whose translation into the reader's language is not there.
type Lack struct {
	Language string
	Events   []*rooms.Event
}

// maxAsked bounds the events that one answer of several rooms asks translations for.
const maxAsked = 200

// Lacking returns what a viewer who begins with these events, ascending and of one room, would have to read as it was
// written although nothing else brings its translation: not what is being translated since it has just come, which follows as
// an edit. Nothing of what is redacted.
func (v *View) Lacking(ctx context.Context, viewer Viewer, events []*rooms.Event) (Lack, error) {
	if v.plain || v.budget <= 0 || viewer.Language == "" {
		return Lack{}, nil
	}
	var wanted []*rooms.Event
	for _, ev := range events {
		if translatable(viewer, ev) && v.renderer.Wanted(ev, viewer.Language) {
			wanted = append(wanted, ev)
		}
	}
	if len(wanted) == 0 {
		return Lack{}, nil
	}
	found, err := v.renderer.Renderings(ctx, viewer.Language, wanted, newest)
	if err != nil {
		return Lack{}, fmt.Errorf("looking for translations: %w", err)
	}
	missing := slices.DeleteFunc(wanted, func(ev *rooms.Event) bool { return !found[ev.NID].lacking() })
	missing, err = v.notRedacted(ctx, missing)
	return Lack{Language: viewer.Language, Events: missing}, err
}

// lacking reports whether it is worth asking for another rendering in place of r, which may be nil.
func (r *Rendering) lacking() bool {
	if r == nil || r.Missing != "" {
		return true
	}
	return r.State == stateNone && r.Verdict == "" && r.Position > 0 && !r.PutOff
}

func (v *View) notRedacted(ctx context.Context, events []*rooms.Event) ([]*rooms.Event, error) {
	if len(events) == 0 {
		return nil, nil
	}
	ids := make([]string, 0, len(events))
	for _, ev := range events {
		ids = append(ids, ev.ID)
	}
	redacted, err := v.rooms.Redacted(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading redactions: %w", err)
	}
	return slices.DeleteFunc(events, func(ev *rooms.Event) bool { return redacted[ev.ID] != nil }), nil
}

// Ask asks for the translations that the rooms of an answer lack, and waits for them within the budget: at most maxAsked,
// the newest of each room first. What came in time is shown with [ShowOptions].Ahead; what is still under way then follows as
// an edit.
func (v *View) Ask(ctx context.Context, lacks []Lack, budget *Budget) error {
	if err := v.ask(ctx, newestOf(lacks), budget); err != nil {
		return err
	}
	for language, events := range followed(lacks) {
		if err := v.renderer.Follow(ctx, language, events); err != nil {
			return fmt.Errorf("letting translations follow: %w", err)
		}
	}
	return nil
}

// followed are the newest events of each room, by language: no more than the late edits of a room that a device gets in a
// minute, since one that it does not get would stay pending.
func followed(lacks []Lack) map[string][]*rooms.Event {
	chosen := make(map[string][]*rooms.Event, 1)
	for _, lack := range lacks {
		newest := lack.Events[max(0, len(lack.Events)-maxLatePerMinute):]
		chosen[lack.Language] = append(chosen[lack.Language], newest...)
	}
	return chosen
}

// newestOf takes turns between the rooms, from their newest events on. Each list is ascending in that order.
func newestOf(lacks []Lack) map[string][]*rooms.Event {
	chosen := make(map[string][]*rooms.Event, 1)
	asked := 0
	for back, more := 1, true; more; back++ {
		more = false
		for _, lack := range lacks {
			if back > len(lack.Events) || asked == maxAsked {
				continue
			}
			chosen[lack.Language] = append(chosen[lack.Language], lack.Events[len(lack.Events)-back])
			asked++
			more = true
		}
	}
	for _, events := range chosen {
		slices.Reverse(events)
	}
	return chosen
}

// ask requests events by language, all languages at the same time, and takes what it waited from the budget.
func (v *View) ask(ctx context.Context, wanted map[string][]*rooms.Event, budget *Budget) error {
	if budget.left <= 0 || len(wanted) == 0 {
		return nil
	}
	began := time.Now()
	asking, ctx := errgroup.WithContext(ctx)
	for language, events := range wanted {
		asking.Go(func() error { return v.renderer.Request(ctx, language, events, budget.left) })
	}
	err := asking.Wait()
	budget.left -= time.Since(began)
	return err
}
