package sync

import (
	"fmt"
	"slices"

	"medixchange/rooms/view"
)

// write appends a section to the answer, or puts it off until the translations that it lacks were asked for, for all rooms
// at once.
func (r *round) write(s *section) error {
	lack, err := r.lackOf(s)
	if err != nil {
		return err
	}
	if len(lack.Events) == 0 {
		return r.append(s)
	}
	s.asked = true
	r.lacking, r.lacks = append(r.lacking, s), append(r.lacks, lack)
	return nil
}

// sectionBytes hold what most rooms have in an answer: a message or two.
const sectionBytes = 2048

func (r *round) append(s *section) (err error) {
	if s.left {
		r.leave, err = r.appendLeft(r.leave, s)
		return err
	}
	if r.join == nil {
		r.join = make([]byte, 0, sectionBytes)
	}
	r.join, err = r.appendJoined(r.join, s)
	return err
}

// lackOf finds out what nobody has translated yet of a room that the device begins with, or of which it missed something:
// such a piece is a page of history. What comes while a device follows a room is held instead.
func (r *round) lackOf(s *section) (view.Lack, error) {
	if !s.fresh && !s.timeline.limited || s.viewer.Language == "" {
		return view.Lack{}, nil
	}
	shown := slices.Concat(s.state, s.timeline.events) // of the state topics are read in translation
	lack, err := r.h.view.Lacking(r.ctx, s.viewer, shown)
	if err != nil {
		return lack, fmt.Errorf("looking for what is not translated: %w", err)
	}
	return lack, nil
}

// lackBudget is how long the answer may wait for what is not translated: where other rooms have something to tell, hardly at all.
func (r *round) lackBudget() *view.Budget {
	if !r.q.initial && len(r.join)+len(r.leave)+len(r.invite)+len(r.knock) > 0 {
		return r.h.view.Glance()
	}
	return r.h.view.Budget()
}

// writeLacking asks for what the sections that were put off lack, within the budget of one page, and writes them. Other
// devices may read the database meanwhile.
func (r *round) writeLacking() error {
	if len(r.lacking) == 0 {
		return nil
	}
	r.unseat()
	if err := r.h.view.Ask(r.ctx, r.lacks, r.lackBudget()); err != nil {
		return fmt.Errorf("asking for translations: %w", err)
	}
	if err := r.seat(); err != nil {
		return err
	}
	for _, s := range r.lacking {
		if err := r.orSkip(s.ur, func() error { return r.append(s) }); err != nil {
			return fmt.Errorf("writing room %s: %w", s.ur.RoomID, err)
		}
	}
	return nil
}
