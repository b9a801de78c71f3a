package accounts

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"medixchange/accounts/pushrules"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// Translations is what users are shown in other words than the author's, as keywords are looked for in both (TRANSLATION 13).
// *view.View implements it; each method is described there.
type Translations interface {
	InRoom(ctx context.Context, viewer view.Viewer, roomID string) (view.Viewer, error)
	Wants(viewer view.Viewer, ev *rooms.Event) bool
	Renderings(ctx context.Context, viewer view.Viewer, events []*rooms.Event, upto int64) (map[int64]*view.Rendering, error)
	Words(viewer view.Viewer, r *view.Rendering) string
}

// maxWaiting bounds the events of a room that a counter looks for in translation; those that are older stay as they are counted.
const maxWaiting = 500

// waiting is an event, unread, whose translation may hold a keyword that the original does not. Whoever has no keywords has none.
type waiting struct {
	NID      int64  `json:"n"`
	Position int64  `json:"p"`
	Thread   string `json:"t,omitempty"` // as in unread
}

// inWords is what the rules say of an event in other words, where that is more than what they say of the original.
func (e *evaluator) inWords(ev *rooms.Event, original pushrules.Result, words string) pushrules.Result {
	if words == "" || e.passesOver(ev.Sender) || e.a.quiet(ev) {
		return original
	}
	result := e.rules.compiled.Evaluate(e.a.rules.event(ev).WithBody(words), e)
	if result.Exceeds(original) {
		return result
	}
	return original
}

// awaitsWords reports whether the user is to be shown an event in other words, which may hold one of their keywords.
func (e *evaluator) awaitsWords(ev *rooms.Event) (bool, error) {
	if !e.rules.keywords || e.a.o.Translations == nil || ev.Type != "m.room.message" || ev.IsState() {
		return false, nil
	}
	if e.passesOver(ev.Sender) || e.a.quiet(ev) {
		return false, nil
	}
	reader, err := e.reads(ev.RoomID)
	if err != nil {
		return false, err
	}
	return e.a.o.Translations().Wants(reader, ev), nil
}

// reads returns how the user reads the room.
func (e *evaluator) reads(roomID string) (view.Viewer, error) {
	if e.reader != nil {
		return *e.reader, nil
	}
	reader, err := e.a.o.Translations().InRoom(e.ctx, view.Viewer{UserID: e.userID}, roomID)
	if err != nil {
		return reader, fmt.Errorf("asking how a user reads a room: %w", err)
	}
	e.reader = &reader
	return reader, nil
}

// wait has an event wait for its translation, after all others.
func (c *counter) wait(w waiting) {
	c.waiting = append(c.waiting, w)
	if len(c.waiting) > maxWaiting {
		c.waiting = slices.Delete(c.waiting, 0, 1)
	}
}

// translated takes a rendering that comes to its place in the stream. Those of edits count no more than edits do.
func (f *following) translated(r *view.Rendering) error {
	if r == nil || r.Redaction || r.Version != r.EventNID {
		return nil
	}
	i := slices.IndexFunc(f.c.waiting, func(w waiting) bool { return w.NID == r.EventNID })
	if i < 0 {
		return nil
	}
	e, err := f.evaluator()
	if err != nil || e == nil {
		return err
	}
	events, err := f.a.rooms.Events(f.ctx, []int64{r.EventNID})
	if err != nil {
		return fmt.Errorf("reading what was translated: %w", err)
	}
	return f.c.hear(e, f.c.waiting[i], events[r.EventNID], r)
}

// lookUp takes the renderings of what waits that are in place at stream position upto.
func (c *counter) lookUp(e *evaluator, upto int64) error {
	if len(c.waiting) == 0 || e.a.o.Translations == nil {
		return nil
	}
	reader, err := e.reads(c.roomID)
	if err != nil {
		return err
	}
	nids := make([]int64, 0, len(c.waiting))
	for _, w := range c.waiting {
		nids = append(nids, w.NID)
	}
	byNID, err := e.a.rooms.Events(e.ctx, nids)
	if err != nil {
		return fmt.Errorf("reading what may be translated: %w", err)
	}
	events := make([]*rooms.Event, 0, len(byNID))
	for _, ev := range byNID {
		events = append(events, ev)
	}
	found, err := e.a.o.Translations().Renderings(e.ctx, reader, events, upto)
	if err != nil {
		return fmt.Errorf("reading translations: %w", err)
	}
	for _, w := range slices.Clone(c.waiting) {
		if r := found[w.NID]; r != nil {
			if err := c.hear(e, w, byNID[w.NID], r); err != nil {
				return err
			}
		}
	}
	return nil
}

// hear counts what the rules say of a translation. What was not translated waits on: it may be when somebody asks again.
func (c *counter) hear(e *evaluator, w waiting, ev *rooms.Event, r *view.Rendering) error {
	reader, err := e.reads(c.roomID)
	if err != nil || ev == nil {
		return err
	}
	words := e.a.o.Translations().Words(reader, r)
	if words == "" {
		return nil
	}
	c.waiting = slices.DeleteFunc(c.waiting, func(other waiting) bool { return other.NID == w.NID })
	original := e.evaluate(ev)
	if result := e.inWords(ev, original, words); result.Exceeds(original) {
		c.raise(unread{Position: w.Position, Thread: w.Thread, Highlight: result.Highlight, Placed: r.Position, Only: !original.Notify})
	}
	return nil
}

// raise counts a notification among the others, or in the place of what the original counts. What is known as sums stays so.
func (c *counter) raise(u unread) {
	if len(c.older) > 0 && u.Position <= c.olderUpto {
		return
	}
	i, there := slices.BinarySearchFunc(c.unread, u.Position, func(other unread, position int64) int {
		return cmp.Compare(other.Position, position)
	})
	if there {
		c.unread[i] = u
		return
	}
	c.unread = slices.Insert(c.unread, i, u)
	c.bound()
}
