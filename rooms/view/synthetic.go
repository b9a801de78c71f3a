package view

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/tidwall/gjson"

	"medixchange/rooms"
)

// translationIn returns the raw translation key of a rendered content.
func translationIn(content []byte) string {
	return gjson.GetBytes(content, `org\.medixchange\.translation`).Raw
}

// Hold returns from which of the events, ascending, a viewer's timeline of the room up to upto has to wait for a
// rendering, and until when at most. index is len(events) when nothing is held.
func (v *View) Hold(viewer Viewer, events []*rooms.Event, upto int64) (index int, until time.Time) {
	if v.plain || viewer.Language == "" || viewer.Mode == ModeThread {
		return len(events), time.Time{}
	}
	index, until = v.firstHeld(viewer, events, upto)
	for index < len(events) {
		// What comes before goes out as of the place where the answer ends now: a rendering after that is not in place.
		before, sooner := v.firstHeld(viewer, events[:index], events[index].Position-1)
		if before == index {
			break
		}
		index, until = before, sooner
	}
	return index, until
}

func (v *View) firstHeld(viewer Viewer, events []*rooms.Event, upto int64) (index int, until time.Time) {
	now := v.now()
	for i, ev := range events {
		if !translatable(viewer, ev) || !v.renderer.Wanted(ev, viewer.Language) {
			continue
		}
		if until := v.renderer.HoldUntil(ev, viewer.Language, upto); until.After(now) {
			return i, until
		}
	}
	return len(events), time.Time{}
}

// maxLatePerMinute is how many late edits a device gets for one room in a minute; the newest are sent.
const maxLatePerMinute = 20

// Late returns what the viewer, who had the room up to since, has to be told of renderings that came later: edits, and
// redactions of such edits, that exist for this viewer only, encoded for /sync and ascending (TRANSLATION 2, 3, 6, 7).
func (v *View) Late(ctx context.Context, viewer Viewer, roomID string, since, upto int64) ([]json.RawMessage, error) {
	if v.plain || viewer.Language == "" || since >= upto {
		return nil, nil
	}
	changed, err := v.renderer.Changed(ctx, roomID, viewer.Language, since, upto)
	if err != nil || len(changed) == 0 {
		return nil, err
	}
	originals, err := v.originals(ctx, changed)
	if err != nil {
		return nil, fmt.Errorf("reading what was translated: %w", err)
	}
	changed, err = v.worthTelling(ctx, viewer, roomID, changed, originals)
	if err != nil {
		return nil, err
	}
	allowed := v.late.take(viewer.UserID+"\x00"+viewer.DeviceID+"\x00"+roomID, len(changed), v.now())
	changed = changed[len(changed)-allowed:]
	out := make([]json.RawMessage, 0, len(changed))
	for _, r := range changed {
		if viewer.Mode == ModeOriginalFirst || viewer.Mode == ModeThread {
			if r, err = v.inMode(ctx, r, viewer.Mode); err != nil {
				return nil, fmt.Errorf("writing a late edit: %w", err)
			}
		}
		if v.log != nil && !r.Redaction && r.State != "" {
			v.log.Shown(viewer, r, true)
		}
		out = append(out, v.synthetic(viewer, originals[r.EventNID], r))
	}
	return out, nil
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
		if viewer.Mode == ModeThread && r.Threaded && !r.Redaction {
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
	ts := r.VersionTS
	if ts == 0 {
		ts = ev.OriginServerTS
	}
	id := v.renderer.SyntheticID(r, viewer.UserID)
	out := append(make([]byte, 0, 2*len(r.LateContent)+400), '{')
	out = appendKey(out, "content")
	if r.Redaction {
		edit := *r
		edit.Redaction = false
		target := v.renderer.SyntheticID(&edit, viewer.UserID)
		out = append(appendStringKey(append(out, '{'), "redacts", target), '}')
		out = v.syntheticHead(out, id, ts, ev.Sender, "m.room.redaction")
		out = appendStringKey(out, "redacts", target)
		return append(out, '}')
	}
	sender, typ := ev.Sender, ev.Type
	if gjson.GetBytes(r.LateContent, `m\.relates_to`).Exists() {
		sender, typ = v.renderer.Speaker(), "m.room.message"
		out = append(out, r.LateContent...)
	} else {
		out = appendEditContent(out, ev, r)
	}
	out = v.syntheticHead(out, id, ts, sender, typ)
	return append(out, '}')
}

func (v *View) syntheticHead(out []byte, id string, ts int64, sender, typ string) []byte {
	out = appendStringKey(out, "event_id", id)
	out = appendIntKey(out, "origin_server_ts", ts)
	out = appendStringKey(out, "sender", sender)
	out = appendStringKey(out, "type", typ)
	out = append(appendKey(out, "unsigned"), '{')
	out = appendIntKey(out, "age", v.now().UnixMilli()-ts)
	return append(out, '}')
}

// appendEditContent writes an m.replace whose mentions are empty at the top (nobody is called twice) and the original's
// in m.new_content, which the renderer has put there.
func appendEditContent(out []byte, ev *rooms.Event, r *Rendering) []byte {
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
	if key := translationIn(r.LateContent); key != "" {
		out = append(appendKey(out, TranslationKey), key...)
	}
	return append(out, '}')
}

// lateLimit counts late edits in windows of a minute. It is bounded: when full, what is over is forgotten.
type lateLimit struct {
	mu      sync.Mutex
	started time.Time
	sent    map[string]int
}

// take returns how many of wanted edits may go to key now.
func (l *lateLimit) take(key string, wanted int, now time.Time) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sent == nil || now.Sub(l.started) >= time.Minute || now.Before(l.started) {
		l.started, l.sent = now, make(map[string]int)
	}
	allowed := min(wanted, maxLatePerMinute-l.sent[key])
	l.sent[key] += allowed
	return allowed
}
