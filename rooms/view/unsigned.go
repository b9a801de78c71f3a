package view

import (
	"context"
	"errors"

	"medixchange/rooms"
)

// unsigned appends the members of ev's unsigned object.
func (s *showing) unsigned(dst []byte, ev, redaction *rooms.Event) []byte {
	dst = appendIntKey(dst, "age", s.now-ev.OriginServerTS)
	if h, ok := s.historyAt(ev); ok && ev.Outcome == rooms.Accepted {
		dst = appendStringKey(dst, "membership", h.membershipAt(ev.Key))
	}
	if b := s.bundles[ev.ID]; b != nil {
		dst = s.relations(dst, b, redaction != nil)
	}
	dst = s.replacedState(dst, ev)
	if redaction != nil {
		dst = appendKey(dst, "redacted_because")
		dst = s.plainEvent(dst, redaction)
	}
	if txn := s.txns[ev.NID]; txn != "" {
		dst = appendStringKey(dst, "transaction_id", txn)
	}
	if id := s.delays[ev.NID]; id != "" {
		dst = appendStringKey(dst, "org.matrix.msc4140.delay_id", id)
	}
	if ev.Sticky > 0 && redaction == nil {
		if left := s.v.rooms.StickyUntil(ev.NID) - s.now; left > 0 {
			dst = appendIntKey(dst, "msc4354_sticky_duration_ttl_ms", left)
		}
	}
	return s.translationOf(dst, ev, redaction)
}

// replacedState appends prev_content, where the viewer may see the event before, prev_sender, which clients read though the
// specification does not have it, and replaces_state.
func (s *showing) replacedState(dst []byte, ev *rooms.Event) []byte {
	old := s.replaced[ev.NID]
	if old == nil {
		return dst
	}
	if h, ok := s.historyAt(ev); s.ownMembership(old) || ok && (h.joined || h.allows(s.viewer.UserID, old)) {
		dst = append(appendKey(dst, "prev_content"), s.v.encoded(old, s.redactions[old.ID], nil).content...)
		dst = appendStringKey(dst, "prev_sender", old.Sender)
	}
	return appendStringKey(dst, "replaces_state", old.ID)
}

// plainEvent appends an event that is nested in another's unsigned: with its age and translation key, and nothing else there.
func (s *showing) plainEvent(dst []byte, ev *rooms.Event) []byte {
	redaction := s.redactions[ev.ID]
	s.shown(ev, redaction)
	dst = append(dst, s.encoded(ev, redaction).open...)
	if s.o.Format == FormatClient {
		dst = appendStringKey(dst, "room_id", ev.RoomID)
	}
	dst = append(appendKey(dst, "unsigned"), '{')
	dst = appendIntKey(dst, "age", s.now-ev.OriginServerTS)
	dst = s.translationOf(dst, ev, redaction)
	return append(dst, '}', '}')
}

// translationOf repeats the translation key in unsigned, for tools: clients that forward a message copy its content and
// leave unsigned behind (TRANSLATION 9).
func (s *showing) translationOf(dst []byte, ev, redaction *rooms.Event) []byte {
	r := s.renderings[ev.NID]
	if r == nil || redaction != nil || len(r.Content) == 0 {
		return dst
	}
	if len(r.Key) > 0 {
		return append(appendKey(dst, TranslationKey), r.Key...)
	}
	if key := translationIn(r.Content); len(key) > 0 {
		dst = append(appendKey(dst, TranslationKey), key...)
	}
	return dst
}

// replaced returns the state event that ev replaced, nil if there was none.
func (v *View) replaced(ctx context.Context, ev *rooms.Event) (*rooms.Event, error) {
	old, err := v.rooms.StateEntryAt(ctx, ev.StateBefore, ev.Type, *ev.StateKey)
	if errors.Is(err, rooms.ErrNotFound) || err == nil && old.NID == ev.NID {
		return nil, nil
	}
	return old, err
}
