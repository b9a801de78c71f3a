package sync

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strconv"

	"medixchange/accounts"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// The answer is appended byte by byte: events come encoded from rooms/view, and the few objects around them are small.

// key appends a comma if dst does not just open an object or list, and the key, which needs no escape.
func key(dst []byte, name string) []byte {
	dst = comma(dst)
	dst = append(dst, '"')
	dst = append(dst, name...)
	return append(dst, '"', ':')
}

func comma(dst []byte) []byte {
	if n := len(dst); n > 0 && dst[n-1] != '{' && dst[n-1] != '[' {
		return append(dst, ',')
	}
	return dst
}

func stringKey(dst []byte, name string) []byte {
	return append(view.AppendString(comma(dst), name), ':')
}

func number(dst []byte, name string, n int64) []byte {
	return strconv.AppendInt(key(dst, name), n, 10)
}

func stringList(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for _, s := range list {
		dst = view.AppendString(comma(dst), s)
	}
	return append(dst, ']')
}

// appendJoined appends the section of a joined room, unless it says nothing.
func (r *round) appendJoined(dst []byte, s *section) ([]byte, error) {
	data := r.roomData(s.data)
	ephemeral := r.ephemeral(s)
	if !s.full && len(s.timeline.events) == 0 && !s.timeline.limited && len(s.state) == 0 && len(s.own) == 0 &&
		!s.summary && len(s.sticky) == 0 && len(data) == 0 && len(ephemeral) == 0 && len(s.receipts) == 0 {
		return dst, nil
	}
	dst = append(stringKey(dst, s.ur.RoomID), '{')
	dst = appendData(key(dst, "account_data"), data)
	dst = append(append(append(key(dst, "ephemeral"), `{"events":[`...), ephemeral...), ']', '}')
	dst, err := r.appendStateAndTimeline(dst, s)
	if err != nil {
		return dst, err
	}
	if s.summary {
		if dst, err = r.appendSummary(dst, s); err != nil {
			return dst, err
		}
	}
	if dst, err = r.appendCounts(dst, s); err != nil {
		return dst, err
	}
	return append(dst, '}'), nil
}

func (r *round) appendStateAndTimeline(dst []byte, s *section) ([]byte, error) {
	dst = append(key(dst, r.q.stateName), `{"events":[`...)
	o := view.ShowOptions{Format: view.FormatSync, Fields: r.q.filter.EventFields, Upto: s.upto, Joined: r.joinedAt(s.ur), Ahead: s.asked, Last: s.left}
	if r.q.filter.EventFormat == "federation" {
		o.Format = view.FormatFederation
	}
	o.StateSection = true
	dst, err := r.h.view.Append(r.ctx, dst, s.viewer, s.state, o)
	if err != nil {
		return dst, fmt.Errorf("showing state: %w", err)
	}
	dst = append(key(append(dst, ']', '}'), "timeline"), `{"events":[`...)
	o.StateSection, o.Bundle = false, true
	o.Related = r.relatedIn(s)
	if dst, err = r.appendEvents(dst, s, o); err != nil {
		return dst, fmt.Errorf("showing the timeline: %w", err)
	}
	dst = strconv.AppendBool(key(append(dst, ']'), "limited"), s.timeline.limited)
	dst = append(key(dst, "prev_batch"), '"')
	dst = append(appendHistoryToken(dst, s.timeline.prev), '"', '}')
	o.Bundle, o.Related = false, nil
	return r.appendSticky(dst, s, o)
}

// appendEvents writes the timeline's events, and what exists for this user only among them, where it has its place in the
// stream: a receipt on any of them counts for all that stands before it (TRANSLATION 4).
func (r *round) appendEvents(dst []byte, s *section, o view.ShowOptions) ([]byte, error) {
	if len(s.own) == 0 {
		return r.h.view.Append(r.ctx, dst, s.viewer, s.timeline.events, o)
	}
	shown, err := r.h.view.Show(r.ctx, s.viewer, s.timeline.events, o)
	if err != nil {
		return dst, err
	}
	slices.SortStableFunc(s.own, func(a, b view.Placed) int { return cmp.Compare(a.Position, b.Position) })
	own := s.own
	for i, event := range shown {
		for len(own) > 0 && own[0].Position < s.timeline.events[i].Position {
			dst, own = appendOwn(dst, own[0], o.Fields), own[1:]
		}
		dst = append(comma(dst), event...)
	}
	for _, placed := range own {
		dst = appendOwn(dst, placed, o.Fields)
	}
	return dst, nil
}

func appendOwn(dst []byte, placed view.Placed, fields []string) []byte {
	event := placed.JSON
	if len(fields) > 0 {
		event = view.PickFields(event, fields)
	}
	return append(comma(dst), event...)
}

// relatedIn says which events of the timeline may have relations, where the stream's memory knows: what relates to an
// event comes after it. It returns nil where it does not.
func (r *round) relatedIn(s *section) func(eventID string) bool {
	if len(s.timeline.events) == 0 {
		return nil
	}
	entries, complete := r.h.hub.EventsSince(rooms.RoomTopic(s.ur.RoomID), s.timeline.events[0].Position, s.upto)
	if !complete {
		return nil
	}
	var targets map[string]bool
	for _, e := range entries {
		ev, ok := e.Value.(*rooms.Event)
		if !ok || ev.Relation.EventID == "" {
			continue
		}
		if targets == nil {
			targets = make(map[string]bool)
		}
		targets[ev.Relation.EventID] = true
	}
	return func(eventID string) bool { return targets[eventID] }
}

func (r *round) appendSummary(dst []byte, s *section) ([]byte, error) {
	b, err := r.h.rooms.brief(r.ctx, s.ur.RoomID, r.q.device.UserID)
	if err != nil {
		return dst, err
	}
	dst = append(key(dst, "summary"), '{')
	dst = stringList(key(dst, "m.heroes"), b.heroes)
	dst = number(dst, "m.invited_member_count", int64(b.invited))
	dst = number(dst, "m.joined_member_count", int64(b.joined))
	return append(dst, '}'), nil
}

func (r *round) appendCounts(dst []byte, s *section) ([]byte, error) {
	c, err := r.h.accounts.Counts(r.ctx, r.q.device.UserID, s.ur.RoomID, s.upto)
	if err != nil {
		return dst, fmt.Errorf("counting notifications: %w", err)
	}
	threads := s.filter.Timeline.UnreadThreadNotifications
	main := accounts.ThreadCounts{Notify: c.Notify, Highlight: c.Highlight}
	if !threads {
		main = c.Total()
	}
	dst = appendThreadCounts(key(dst, "unread_notifications"), main)
	if !threads || len(c.Threads) == 0 {
		return dst, nil
	}
	roots := make([]string, 0, len(c.Threads))
	for root := range c.Threads {
		roots = append(roots, root)
	}
	sort.Strings(roots)
	dst = append(key(dst, "unread_thread_notifications"), '{')
	for _, root := range roots {
		dst = appendThreadCounts(stringKey(dst, root), c.Threads[root])
	}
	return append(dst, '}'), nil
}

func appendThreadCounts(dst []byte, c accounts.ThreadCounts) []byte {
	dst = number(append(dst, '{'), "highlight_count", int64(c.Highlight))
	return append(number(dst, "notification_count", int64(c.Notify)), '}')
}

// roomData leaves the room account data that the filter wants.
func (r *round) roomData(data []*accounts.AccountDatum) []*accounts.AccountDatum {
	return wantedData(data, &r.q.filter.Room.AccountData)
}

func wantedData(data []*accounts.AccountDatum, filter *EventFilter) []*accounts.AccountDatum {
	if filter.Types == nil && filter.NotTypes == nil {
		return data
	}
	var kept []*accounts.AccountDatum
	for _, d := range data {
		if filter.WantsType(d.Type) {
			kept = append(kept, d)
		}
	}
	return kept
}

func appendData(dst []byte, data []*accounts.AccountDatum) []byte {
	dst = append(dst, `{"events":[`...)
	for _, d := range data {
		dst = append(key(append(comma(dst), '{'), "content"), d.Content...)
		dst = append(view.AppendString(key(dst, "type"), d.Type), '}')
	}
	return append(dst, ']', '}')
}

// ephemeral returns the encoded ephemeral events of a room: who types, and receipts.
func (r *round) ephemeral(s *section) []byte {
	filter := &s.filter.Ephemeral
	if !filter.WantsRoom(s.ur.RoomID) {
		return nil
	}
	var dst []byte
	if s.typing && filter.WantsType("m.typing") {
		dst = append(dst, `{"content":{"user_ids":`...)
		dst = stringList(dst, r.notIgnored(r.h.rooms.Typing(s.ur.RoomID)))
		dst = append(dst, `},"type":"m.typing"}`...)
	}
	if filter.WantsType("m.receipt") {
		dst = r.appendReceipts(dst, s.receipts)
	}
	return dst
}

func (r *round) notIgnored(users []string) []string {
	if r.viewer.Ignored == nil {
		return users
	}
	var kept []string
	for _, user := range users {
		if !r.viewer.Ignored(user) {
			kept = append(kept, user)
		}
	}
	return kept
}

// appendReceipts writes one m.receipt event: event → type → user → {ts, thread_id}. Of one user, type and thread the
// newest counts; the same user may have an unthreaded one and one for each thread.
func (r *round) appendReceipts(dst []byte, receipts []rooms.Receipt) []byte {
	receipts = r.newestReceipts(receipts)
	if len(receipts) == 0 {
		return dst
	}
	dst = append(comma(dst), `{"content":{`...)
	for i := 0; i < len(receipts); {
		event := receipts[i].EventID
		dst = append(stringKey(dst, event), '{')
		for i < len(receipts) && receipts[i].EventID == event {
			typ := receipts[i].Type
			dst = append(stringKey(dst, typ), '{')
			for ; i < len(receipts) && receipts[i].EventID == event && receipts[i].Type == typ; i++ {
				dst = appendReceipt(dst, receipts[i])
			}
			dst = append(dst, '}')
		}
		dst = append(dst, '}')
	}
	return append(dst, `},"type":"m.receipt"}`...)
}

func appendReceipt(dst []byte, receipt rooms.Receipt) []byte {
	dst = append(stringKey(dst, receipt.UserID), '{')
	if receipt.ThreadID != "" {
		dst = view.AppendString(key(dst, "thread_id"), receipt.ThreadID)
	}
	return append(number(dst, "ts", receipt.TS), '}')
}

// newestReceipts sorts by event, type and user. Where one event has two receipts of a user and type (unthreaded and of a
// thread), only the unthreaded one can be written; it says more.
func (r *round) newestReceipts(receipts []rooms.Receipt) []rooms.Receipt {
	type slot struct{ user, typ, thread string }
	newest := make(map[slot]int, len(receipts))
	kept := make([]rooms.Receipt, 0, len(receipts))
	for _, receipt := range receipts {
		if r.viewer.Ignored != nil && r.viewer.Ignored(receipt.UserID) {
			continue
		}
		at := slot{receipt.UserID, receipt.Type, receipt.ThreadID}
		if i, ok := newest[at]; ok {
			if receipt.Position >= kept[i].Position {
				kept[i] = receipt
			}
			continue
		}
		newest[at] = len(kept)
		kept = append(kept, receipt)
	}
	sort.Slice(kept, func(i, j int) bool {
		a, b := &kept[i], &kept[j]
		if a.EventID != b.EventID {
			return a.EventID < b.EventID
		}
		if a.Type != b.Type {
			return a.Type < b.Type
		}
		if a.UserID != b.UserID {
			return a.UserID < b.UserID
		}
		return a.ThreadID < b.ThreadID
	})
	unique := kept[:0]
	for _, receipt := range kept {
		if n := len(unique); n > 0 && unique[n-1].EventID == receipt.EventID && unique[n-1].Type == receipt.Type && unique[n-1].UserID == receipt.UserID {
			continue
		}
		unique = append(unique, receipt)
	}
	return unique
}
