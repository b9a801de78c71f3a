package view

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/tidwall/gjson"

	"medixchange/rooms"
)

// translationIn returns the raw translation key of a rendered content.
func translationIn(content []byte) string {
	return gjson.GetBytes(content, `org\.medixchange\.translation`).Raw
}

// Hold returns from which of the events, ascending, a viewer's timeline of the room up to upto has to wait for a
// rendering, and until when at most. index is len(events) when nothing is held. For what the viewer's filter does not want, or
// for whom they ignore, nobody waits; nil wants everything.
func (v *View) Hold(viewer Viewer, events []*rooms.Event, upto int64, wants func(*rooms.Event) bool) (index int, until time.Time) {
	if v.plain || viewer.Language == "" || viewer.Mode == ModeThread {
		return len(events), time.Time{}
	}
	index, until = v.firstHeld(viewer, events, upto, wants)
	for index < len(events) {
		// What comes before goes out as of the place where the answer ends now: a rendering after that is not in place.
		before, sooner := v.firstHeld(viewer, events[:index], events[index].Position-1, wants)
		if before == index {
			break
		}
		index, until = before, sooner
	}
	return index, until
}

// Unhurried reports whether a user may be told a moment later, together with what comes in it: they read translations while engines have no
// room for them, when each message costs the node more than one that nobody translates.
func (v *View) Unhurried(ctx context.Context, userID string) bool {
	if !v.renderer.Away() {
		return false
	}
	language, mode, err := v.reader.RoomLanguage(ctx, userID, "")
	return err == nil && language != "" && mode != ModeThread
}

func (v *View) firstHeld(viewer Viewer, events []*rooms.Event, upto int64, wants func(*rooms.Event) bool) (index int, until time.Time) {
	now := v.now()
	for i, ev := range events {
		if !translatable(viewer, ev) || viewer.ignores(ev.Sender) || wants != nil && !wants(ev) {
			continue
		}
		if until := v.renderer.HoldUntil(ev, viewer.Language, upto); until.After(now) {
			return i, until
		}
	}
	return len(events), time.Time{}
}

// LateOptions says of what the viewer is told.
type LateOptions struct {
	// Since is the position up to which the viewer had the room, Upto that which the answer goes up to.
	Since, Upto int64
	// Wants is the viewer's filter: what it keeps back did not go out to them. nil wants everything.
	Wants func(*rooms.Event) bool
	// NeverSent says what no answer of /sync has sent to the device: it is told no translations of that, unless it has read it as
	// history meanwhile. What takes back or puts right is told all the same. nil knows of nothing.
	NeverSent func(*rooms.Event) bool
	// Arrived is the highest Number of those that the device has proved to have.
	Arrived int64
}

// Placed is an event that exists for one viewer only, encoded for /sync, and its place in the stream.
type Placed struct {
	Position int64
	JSON     json.RawMessage
	// Number grows with each late edit that goes out after it was over the limit, for it has its place before the token that the
	// device asks with; 0 for all others.
	Number int64
}

// Late returns what the viewer has to be told of renderings that came later: edits, and redactions of such edits, that exist
// for this viewer only, ascending (TRANSLATION 2, 3, 6, 7). A receipt on one counts for what stands before it. What is over
// the limit follows when the minute allows (see [View.LateDue]).
func (v *View) Late(ctx context.Context, viewer Viewer, roomID string, o LateOptions) ([]Placed, error) {
	changed, err := v.changed(ctx, viewer, roomID, o.Since, o.Upto)
	if err != nil {
		return nil, err
	}
	key := lateKey{lateDevice{viewer.UserID, viewer.DeviceID}, roomID}
	due := v.late.due(key, o, v.now())
	if len(changed) == 0 && len(due) == 0 {
		return nil, nil
	}
	owed, err := v.stillOwed(ctx, viewer, roomID, due)
	if err != nil {
		return nil, err
	}
	originals, err := v.originals(ctx, slices.Concat(owed, changed))
	if err != nil {
		return nil, fmt.Errorf("reading what was translated: %w", err)
	}
	newest := newestPlaces(changed, originals)
	v.late.replaced(key, newest, v.now())
	owed = slices.DeleteFunc(owed, func(r *Rendering) bool {
		ev := originals[r.EventNID]
		return ev == nil || r.Position < newest[editedBy(ev)]
	})
	if changed, err = v.toTell(ctx, viewer, roomID, o, append(owed, changed...), originals); err != nil {
		return nil, err
	}
	changed, numbers := v.late.cut(key, due, changed, originals, v.now())
	out := make([]Placed, 0, len(changed))
	for _, r := range changed {
		event, err := v.lateEvent(ctx, viewer, originals[r.EventNID], r)
		if err != nil {
			return nil, err
		}
		number := numbers[r.Position]
		if number != 0 {
			v.outOfPlace.note(viewer, r.Position, o.Since)
		}
		out = append(out, Placed{r.Position, event, number})
	}
	return out, nil
}

// toTell leaves out what the viewer is not to be told.
func (v *View) toTell(ctx context.Context, viewer Viewer, roomID string, o LateOptions, changed []*Rendering, originals map[int64]*rooms.Event) ([]*Rendering, error) {
	changed, err := v.worthTelling(ctx, viewer, roomID, changed, originals)
	if err != nil {
		return nil, err
	}
	if o.Wants != nil {
		changed = slices.DeleteFunc(changed, func(r *Rendering) bool {
			return !o.Wants(originals[r.EventNID]) || !o.Wants(v.asEvent(originals[r.EventNID], r))
		})
	}
	if o.NeverSent != nil {
		changed = slices.DeleteFunc(changed, func(r *Rendering) bool {
			return r.limited() && o.NeverSent(originals[r.EventNID]) && !v.awaited.has(viewer, r.EventNID)
		})
	}
	return changed, nil
}

// lateEvent makes the event that brings r to the viewer, and notes that they were shown it.
func (v *View) lateEvent(ctx context.Context, viewer Viewer, ev *rooms.Event, r *Rendering) (json.RawMessage, error) {
	if viewer.Mode == ModeOriginalFirst || viewer.Mode == ModeThread {
		var err error
		if r, err = v.inMode(ctx, r, viewer.Mode); err != nil {
			return nil, fmt.Errorf("writing a late edit: %w", err)
		}
	}
	if v.log != nil && !r.Redaction && r.State != "" {
		v.log.Shown(viewer, r, true)
	}
	return v.synthetic(viewer, ev, r), nil
}

// changed asks the renderer, unless the viewer cannot have had any translation.
func (v *View) changed(ctx context.Context, viewer Viewer, roomID string, since, upto int64) ([]*Rendering, error) {
	if v.plain || since >= upto {
		return nil, nil
	}
	chosen, err := v.reader.LanguageChanged(ctx, viewer.UserID, roomID)
	if err != nil {
		return nil, fmt.Errorf("reading since when the reader reads a language: %w", err)
	}
	if viewer.Language == "" && chosen == 0 {
		return nil, nil
	}
	return v.renderer.Changed(ctx, roomID, viewer.Language, chosen, since, upto)
}

func (v *View) originals(ctx context.Context, changed []*Rendering) (map[int64]*rooms.Event, error) {
	nids := make([]int64, 0, len(changed))
	for _, r := range changed {
		nids = append(nids, r.EventNID)
	}
	return v.rooms.Events(ctx, nids)
}

// worthTelling leaves out what the viewer wrote, may not see or ignores, edits of what is redacted by now, and versions
// that a newer edit has replaced: clients that go by position would show the old text (TRANSLATION 3).
func (v *View) worthTelling(ctx context.Context, viewer Viewer, roomID string, changed []*Rendering, originals map[int64]*rooms.Event) ([]*Rendering, error) {
	events := make([]*rooms.Event, 0, len(originals))
	ids := make([]string, 0, len(originals))
	for _, ev := range originals {
		events, ids = append(events, ev), append(ids, ev.ID)
	}
	visible, err := v.Visible(ctx, viewer, roomID, events)
	if err != nil {
		return nil, err
	}
	redacted, err := v.rooms.Redacted(ctx, ids)
	if err != nil {
		return nil, err
	}
	edited, err := v.newestVersions(ctx, originals)
	if err != nil {
		return nil, err
	}
	seen := make(map[int64]bool, len(visible))
	for _, ev := range visible {
		seen[ev.NID] = true
	}
	kept := changed[:0:0]
	for _, r := range changed {
		ev := originals[r.EventNID]
		if ev == nil || !seen[ev.NID] || !translatable(viewer, ev) {
			continue
		}
		version, ok := edited[editedBy(ev)]
		if viewer.Mode == ModeThread && r.Threaded {
			continue
		}
		if r.Redaction || len(r.LateContent) > 0 && redacted[ev.ID] == nil && (!ok || version == r.Version) {
			kept = append(kept, r)
		}
	}
	return kept, nil
}

// newestVersions returns the nid of the edit in force of each message that has one, by the message's id.
func (v *View) newestVersions(ctx context.Context, originals map[int64]*rooms.Event) (map[string]int64, error) {
	ids := make([]string, 0, len(originals))
	for _, ev := range originals {
		ids = append(ids, editedBy(ev))
	}
	found, err := v.rooms.Aggregates(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading edits: %w", err)
	}
	newest := make(map[string]int64, len(found))
	for id, a := range found {
		if a.Edit != nil {
			newest[id] = a.Edit.NID
		}
	}
	return newest, nil
}

// editedBy returns the id of the message that ev edits, its own if it is no edit.
func editedBy(ev *rooms.Event) string {
	if ev.Relation.Type == "m.replace" {
		return ev.Relation.EventID
	}
	return ev.ID
}

// synthetic encodes the edit (or its redaction) that brings r to the viewer.
func (v *View) synthetic(viewer Viewer, ev *rooms.Event, r *Rendering) json.RawMessage {
	head := syntheticHead{id: v.renderer.SyntheticID(r, viewer.UserID), ts: r.VersionTS}
	if head.ts == 0 {
		head.ts = ev.OriginServerTS
	}
	head.typ, head.sender = v.broughtBy(ev, r)
	out := append(make([]byte, 0, 2*len(r.LateContent)+400), '{')
	out = appendKey(out, "content")
	if r.Redaction {
		edit := *r
		edit.Redaction = false
		target := v.renderer.SyntheticID(&edit, viewer.UserID)
		out = append(appendStringKey(append(out, '{'), "redacts", target), '}')
		out = v.appendHead(out, head)
		out = appendStringKey(out, "redacts", target)
		return append(out, '}')
	}
	head.key = translationIn(r.LateContent)
	if isMessage(r) {
		out = append(out, r.LateContent...)
	} else {
		out = appendEditContent(out, ev, r, head.key)
	}
	out = v.appendHead(out, head)
	return append(out, '}')
}

// isMessage reports whether a rendering comes late as a message of the renderer's speaker, not as an edit.
func isMessage(r *Rendering) bool { return gjson.GetBytes(r.LateContent, `m\.relates_to`).Exists() }

// broughtBy returns the type and the sender of the event that brings r.
func (v *View) broughtBy(ev *rooms.Event, r *Rendering) (typ, sender string) {
	switch {
	case r.Redaction:
		return "m.room.redaction", ev.Sender
	case isMessage(r):
		return "m.room.message", v.renderer.Speaker()
	}
	return ev.Type, ev.Sender
}

// asEvent is what filters look at of the event that brings r: type and sender. An edit has the content of what it edits, as
// far as filters look there.
func (v *View) asEvent(ev *rooms.Event, r *Rendering) *rooms.Event {
	typ, sender := v.broughtBy(ev, r)
	if typ == ev.Type && sender == ev.Sender {
		return ev
	}
	return &rooms.Event{Type: typ, Sender: sender, RoomID: ev.RoomID, JSON: []byte(`{"content":{}}`)}
}

// syntheticHead is what an event that exists for one viewer only has beside its content.
type syntheticHead struct {
	id, sender, typ string
	ts              int64  // ms
	key             string // the translation key, repeated for tools (TRANSLATION 9); "" for none
}

func (v *View) appendHead(out []byte, h syntheticHead) []byte {
	out = appendStringKey(out, "event_id", h.id)
	out = appendIntKey(out, "origin_server_ts", h.ts)
	out = appendStringKey(out, "sender", h.sender)
	out = appendStringKey(out, "type", h.typ)
	out = append(appendKey(out, "unsigned"), '{')
	out = appendIntKey(out, "age", v.now().UnixMilli()-h.ts)
	if h.key != "" {
		out = append(appendKey(out, TranslationKey), h.key...)
	}
	return append(out, '}')
}

// appendEditContent writes an m.replace whose mentions are empty at the top (nobody is called twice) and the original's
// in m.new_content, which the renderer has put there.
func appendEditContent(out []byte, ev *rooms.Event, r *Rendering, key string) []byte {
	late := gjson.ParseBytes(r.LateContent)
	out = append(out, '{')
	out = appendStringKey(out, "body", "* "+late.Get("body").Str)
	if formatted := late.Get("formatted_body"); formatted.Type == gjson.String {
		out = appendStringKey(out, "format", late.Get("format").Str)
		out = appendStringKey(out, "formatted_body", "* "+formatted.Str)
	}
	out = append(appendKey(out, "m.mentions"), "{}"...)
	out = append(appendKey(out, "m.new_content"), r.LateContent...)
	out = append(appendKey(out, "m.relates_to"), '{')
	out = appendStringKey(out, "event_id", editedBy(ev))
	out = append(appendStringKey(out, "rel_type", "m.replace"), '}')
	out = appendStringKey(out, "msgtype", late.Get("msgtype").Str)
	if key != "" {
		out = append(appendKey(out, TranslationKey), key...)
	}
	return append(out, '}')
}
