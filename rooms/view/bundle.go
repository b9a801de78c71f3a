package view

import (
	"context"
	"strconv"

	"medixchange/rooms"
)

// bundle is the aggregated relations of one event, as far as the viewer may know them.
type bundle struct {
	edit       *rooms.Event
	thread     *rooms.Thread
	latest     *rooms.Event // of the thread
	references []string
}

func (b *bundle) each(fn func(*rooms.Event)) {
	if b.edit != nil {
		fn(b.edit)
	}
	if b.latest != nil {
		fn(b.latest)
	}
}

func (b *bundle) appendIDs(ids []string) []string {
	b.each(func(ev *rooms.Event) { ids = append(ids, ev.ID) })
	return ids
}

func (s *showing) readBundles(ctx context.Context, events []*rooms.Event) error {
	if !s.o.Bundle || s.o.StateSection {
		return nil
	}
	var ids []string
	for _, ev := range events {
		if !ev.IsState() && (s.o.Related == nil || s.o.Related(ev.ID)) {
			ids = append(ids, ev.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := s.v.rooms.Aggregates(ctx, ids)
	if err != nil || len(found) == 0 {
		return err
	}
	s.bundles = make(map[string]*bundle, len(found))
	for id, a := range found {
		if s.bundles[id], err = s.bundleOf(ctx, id, a); err != nil {
			return err
		}
	}
	return nil
}

func (s *showing) bundleOf(ctx context.Context, id string, a rooms.Aggregate) (*bundle, error) {
	b := &bundle{edit: a.Edit, thread: a.Thread, references: a.References}
	if b.edit != nil && s.viewer.ignores(b.edit.Sender) {
		b.edit = nil
	}
	if b.thread == nil {
		return b, nil
	}
	b.latest = b.thread.Latest
	if b.latest == nil {
		return b, nil
	}
	if s.viewer.ignores(b.latest.Sender) {
		if err := s.latestNotIgnored(ctx, id, b); err != nil {
			return nil, err
		}
	}
	return b, s.withoutHidden(ctx, id, b)
}

// threadLookBack is how many events of a thread are looked through for one that the viewer does not ignore.
const threadLookBack = 20

func (s *showing) latestNotIgnored(ctx context.Context, rootID string, b *bundle) error {
	page, err := s.v.rooms.Relations(ctx, rooms.RelationQuery{
		RoomID: b.latest.RoomID, EventID: rootID, RelType: "m.thread",
		From: rooms.HistoryKey{Anchor: newest}, Dir: rooms.Backward, Limit: threadLookBack,
	})
	if err != nil {
		return err
	}
	b.latest = nil
	for _, ev := range page.Events {
		if !s.viewer.ignores(ev.Sender) {
			b.latest = ev
			return nil
		}
	}
	return nil
}

// relations appends m.relations. A redacted event has no edit any more.
func (s *showing) relations(dst []byte, b *bundle, redacted bool) []byte {
	start := len(dst)
	dst = append(appendKey(dst, "m.relations"), '{')
	empty := len(dst)
	if len(b.references) > 0 {
		dst = append(appendKey(dst, "m.reference"), `{"chunk":[`...)
		for i, id := range b.references {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendStringKey(append(dst, '{'), "event_id", id), '}')
		}
		dst = append(dst, "]}"...)
	}
	if b.edit != nil && !redacted {
		dst = s.plainEvent(appendKey(dst, "m.replace"), b.edit)
	}
	if b.thread != nil && b.latest != nil {
		dst = s.thread(appendKey(dst, "m.thread"), b)
	}
	if len(dst) == empty {
		return dst[:start]
	}
	return append(dst, '}')
}

func (s *showing) thread(dst []byte, b *bundle) []byte {
	dst = append(dst, '{')
	dst = appendIntKey(dst, "count", int64(b.thread.Count))
	dst = strconv.AppendBool(appendKey(dst, "current_user_participated"), b.thread.Participants[s.viewer.UserID])
	dst = s.plainEvent(appendKey(dst, "latest_event"), b.latest)
	return append(dst, '}')
}
