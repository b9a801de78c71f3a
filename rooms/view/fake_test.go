package view

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/sjson"

	"medixchange/rooms"
)

const (
	room  = "!room:a"
	alice = "@alice:a"
	bob   = "@bob:b"
	carol = "@carol:c"
)

var clock = time.UnixMilli(10_000)

// world is rooms, reader and renderer in memory.
type world struct {
	intervals  map[string][]rooms.Interval // by user
	events     map[int64]*rooms.Event
	redacted   map[string]*rooms.Event
	aggregates map[string]rooms.Aggregate
	txns       map[int64]string
	sticky     map[int64]int64
	states     map[int64][]*rooms.Event
	current    []*rooms.Event
	ignored    map[string]struct{}
	language   string
	mode       string
	chosen     int64 // when the language was
	threads    bool  // the bot answers in threads
	renderings []*Rendering
	notices    []*Notice
	hold       map[int64]time.Time
	lookups    int      // of intervals
	asked      int      // for redactions
	askedAt    int      // for what is owed
	followed   []string // ids
	down       error    // why ids cannot be looked up
	request    func(language string, events []*rooms.Event, budget time.Duration)
}

func newWorld() *world {
	return &world{
		intervals: map[string][]rooms.Interval{}, events: map[int64]*rooms.Event{}, redacted: map[string]*rooms.Event{},
		aggregates: map[string]rooms.Aggregate{}, txns: map[int64]string{}, states: map[int64][]*rooms.Event{},
		hold: map[int64]time.Time{}, mode: ModeInPlace,
	}
}

func (w *world) view() *View {
	return New(Options{Rooms: w, Reader: w, Renderer: (*fakeRenderer)(w), Now: func() time.Time { return clock }})
}

func (w *world) Intervals(_ context.Context, _, userID string) ([]rooms.Interval, error) {
	w.lookups++
	return w.intervals[userID], nil
}

func (w *world) Events(_ context.Context, nids []int64) (map[int64]*rooms.Event, error) {
	out := map[int64]*rooms.Event{}
	for _, nid := range nids {
		if ev := w.events[nid]; ev != nil {
			out[nid] = ev
		}
	}
	return out, nil
}

func (w *world) EventsByID(_ context.Context, ids []string) (map[string]*rooms.Event, error) {
	out := map[string]*rooms.Event{}
	for _, ev := range w.events {
		for _, id := range ids {
			if ev.ID == id {
				out[id] = ev
			}
		}
	}
	return out, nil
}

func (w *world) Redacted(_ context.Context, ids []string) (map[string]*rooms.Event, error) {
	w.asked++
	return w.redacted, nil
}

func (w *world) Aggregates(_ context.Context, ids []string) (map[string]rooms.Aggregate, error) {
	return w.aggregates, nil
}

func (w *world) StickyUntil(nid int64) int64 { return w.sticky[nid] }

func (w *world) TxnsOf(_ context.Context, _, scope string, _ []int64) (map[int64]string, error) {
	if scope != "SCOPE" {
		return nil, nil
	}
	return w.txns, nil
}

func (w *world) StateAt(_ context.Context, stateNID int64, keep func(typ, key string) bool) ([]*rooms.Event, error) {
	state, ok := w.states[stateNID]
	if !ok {
		return nil, rooms.ErrNotFound
	}
	var out []*rooms.Event
	for _, ev := range state {
		if keep == nil || keep(ev.Type, *ev.StateKey) {
			out = append(out, ev)
		}
	}
	return out, nil
}

func (w *world) StateEntryAt(_ context.Context, stateNID int64, typ, key string) (*rooms.Event, error) {
	for _, ev := range w.states[stateNID] {
		if ev.IsStateOf(typ, key) {
			return ev, nil
		}
	}
	return nil, rooms.ErrNotFound
}

func (w *world) StateEvent(_ context.Context, _, typ, key string) (*rooms.Event, error) {
	for _, ev := range w.current {
		if ev.IsStateOf(typ, key) {
			return ev, nil
		}
	}
	return nil, rooms.ErrNotFound
}

func (w *world) Timeline(_ context.Context, _ string, from, _ rooms.HistoryKey, _ rooms.Direction, limit int, _ bool) (*rooms.Page, error) {
	page := &rooms.Page{}
	for nid := int64(1000); nid > 0 && len(page.Events) < limit; nid-- {
		if ev := w.events[nid]; ev != nil && !from.Less(ev.Key) {
			page.Events = append(page.Events, ev)
		}
	}
	return page, nil
}

func (w *world) Relations(_ context.Context, q rooms.RelationQuery) (*rooms.Page, error) {
	page := &rooms.Page{}
	for nid := int64(1000); nid > 0; nid-- {
		if ev := w.events[nid]; ev != nil && ev.Relation.Type == q.RelType && ev.Relation.EventID == q.EventID {
			page.Events = append(page.Events, ev)
		}
	}
	return page, nil
}

func (w *world) IgnoredUsers(context.Context, string) (map[string]struct{}, error) {
	return w.ignored, nil
}

func (w *world) ReadsTopics(context.Context, string, string) (bool, error) { return false, nil }

func (w *world) LanguageChanged(context.Context, string, string) (int64, error) {
	return w.chosen, nil
}

func (w *world) RoomLanguage(context.Context, string, string) (string, string, error) {
	return w.language, w.mode, nil
}

// add makes an event at position nid.
func (w *world) add(nid int64, typ, sender string, stateKey *string, content string) *rooms.Event {
	ev := &rooms.Event{
		NID: nid, ID: fmt.Sprintf("$event%d", nid), RoomID: room, Version: "12", Type: typ, Sender: sender, StateKey: stateKey,
		OriginServerTS: 1000 + nid, Position: nid, Key: rooms.HistoryKey{Anchor: nid},
	}
	pdu := map[string]any{
		"type": typ, "sender": sender, "room_id": room, "content": json.RawMessage(content), "origin_server_ts": ev.OriginServerTS,
		"auth_events": []string{}, "prev_events": []string{}, "depth": nid, "hashes": map[string]string{"sha256": "x"},
	}
	if stateKey != nil {
		pdu["state_key"] = *stateKey
	}
	ev.JSON, _ = json.Marshal(pdu)
	relates := ev.Content().Get(`m\.relates_to`)
	ev.Relation = rooms.Relation{Type: relates.Get("rel_type").Str, EventID: relates.Get("event_id").Str}
	w.events[nid] = ev
	return ev
}

func (w *world) message(nid int64, sender, body string) *rooms.Event {
	return w.add(nid, "m.room.message", sender, nil, `{"msgtype":"m.text","body":"`+body+`"}`)
}

func (w *world) member(nid int64, user, membership string) *rooms.Event {
	ev := w.add(nid, "m.room.member", user, &user, `{"membership":"`+membership+`"}`)
	w.intervals[user] = append(w.intervals[user], rooms.Interval{From: ev.Key, Membership: membership, EventNID: nid})
	return ev
}

func key(s string) *string { return &s }

// fakeRenderer renders what the test put into the world.
type fakeRenderer world

func (f *fakeRenderer) Renderings(_ context.Context, language string, events []*rooms.Event, upto int64) (map[int64]*Rendering, error) {
	out := map[int64]*Rendering{}
	for _, r := range f.renderings {
		for _, ev := range events {
			if r.EventNID == ev.NID && r.Language == language && r.Position <= upto && !r.Redaction {
				out[ev.NID] = r
			}
		}
	}
	return out, nil
}
func (f *fakeRenderer) OwnTopic(_ context.Context, _ string, _ *rooms.Event, content json.RawMessage) (json.RawMessage, error) {
	return content, nil
}

func (f *fakeRenderer) Speaker() string { return "@translator:a" }

func (f *fakeRenderer) Wanted(ev *rooms.Event, language string) bool {
	return language != "" && ev.Type == "m.room.message"
}
func (f *fakeRenderer) Away() bool { return false }

func (f *fakeRenderer) HoldUntil(ev *rooms.Event, _ string, _ int64) time.Time {
	return f.hold[ev.NID]
}
func (f *fakeRenderer) Request(_ context.Context, language string, events []*rooms.Event, budget time.Duration) error {
	if f.request != nil {
		f.request(language, events, budget)
	}
	return nil
}
func (f *fakeRenderer) Follow(_ context.Context, _ string, events []*rooms.Event) error {
	f.followed = append(f.followed, idsOf(events)...)
	return nil
}
func (f *fakeRenderer) Changed(_ context.Context, _, language string, chosen, since, upto int64) ([]*Rendering, error) {
	var out []*Rendering
	for _, r := range f.renderings {
		ev := f.events[r.EventNID]
		mine := r.Language == language || r.Redaction && ev.Position < chosen
		if mine && ev.Position <= since && since < r.Position && r.Position <= upto {
			out = append(out, r)
		}
	}
	return out, nil
}
func (f *fakeRenderer) ChangedAt(_ context.Context, _, language string, positions []int64) ([]*Rendering, error) {
	f.askedAt++
	var out []*Rendering
	for _, r := range f.renderings {
		if r.Language == language && slices.Contains(positions, r.Position) {
			out = append(out, r)
		}
	}
	return out, nil
}
func (f *fakeRenderer) Threads(context.Context, string) (bool, error) { return f.threads, nil }
func (f *fakeRenderer) InMode(_ context.Context, r *Rendering, mode string) (content, late json.RawMessage, err error) {
	content, err = sjson.SetBytes(r.Content, "form", mode)
	if err != nil || len(r.LateContent) == 0 {
		return content, nil, err
	}
	late, err = sjson.SetBytes(r.LateContent, "form", mode)
	return content, late, err
}
func (f *fakeRenderer) Notices(_ context.Context, userID string, since, upto int64) ([]*Notice, error) {
	var out []*Notice
	for _, n := range f.notices {
		if n.UserID == userID && since < n.Position && n.Position <= upto {
			out = append(out, n)
		}
	}
	return out, nil
}
func (f *fakeRenderer) NoticesOfAll(_ context.Context, since, upto int64, limit int) ([]*Notice, error) {
	var out []*Notice
	for _, n := range f.notices {
		if since < n.Position && n.Position <= upto && len(out) < limit {
			out = append(out, n)
		}
	}
	return out, nil
}
func (f *fakeRenderer) Beside(_ context.Context, userID string, _ []*rooms.Event, upto int64) (map[int64]*Notice, error) {
	out := map[int64]*Notice{}
	for _, n := range f.notices {
		if n.Beside != 0 && n.UserID == userID && n.Position <= upto {
			out[n.EventNID] = n
		}
	}
	return out, nil
}
func (f *fakeRenderer) NoticeID(n *Notice) string {
	return (fmt.Sprintf("$notice-%d-%d", n.Position, n.EventNID) + strings.Repeat("-", 44))[:44]
}
func (f *fakeRenderer) NoticePlace(id, _ string) int64 {
	for _, n := range f.notices {
		if f.NoticeID(n) == id {
			return n.Position
		}
	}
	return 0
}
func (f *fakeRenderer) Place(_ context.Context, id, userID string) (int64, error) {
	for _, r := range f.renderings {
		if f.SyntheticID(r, userID) == id {
			return r.Position, nil
		}
	}
	return 0, nil
}
func (f *fakeRenderer) Words(language string, r *Rendering) string {
	if language != r.Language {
		return ""
	}
	return string(r.Parts)
}
func (f *fakeRenderer) RealID(_ context.Context, id, userID string) (string, bool, error) {
	for _, r := range f.renderings {
		if f.SyntheticID(r, userID) == id {
			return r.EventID, true, f.down
		}
	}
	for _, n := range f.notices {
		if n.UserID == userID && f.NoticeID(n) == id {
			return f.events[n.EventNID].ID, true, f.down
		}
	}
	return id, false, f.down
}
func (f *fakeRenderer) SyntheticID(r *Rendering, userID string) string {
	return syntheticID(r.EventNID, r.Version, userID, r.Redaction)
}

// syntheticID has the form of an id of a late edit: $ and 43 characters.
func syntheticID(nid, version int64, userID string, redaction bool) string {
	user := strings.NewReplacer("@", "", ":", "_").Replace(userID)
	return (fmt.Sprintf("$synthetic-%d-%d-%s-%v", nid, version, user, redaction) + strings.Repeat("-", 44))[:44]
}

func viewerOf(t *testing.T, v *View, user string) Viewer {
	t.Helper()
	viewer, err := v.Viewer(t.Context(), user, "DEVICE", "SCOPE")
	require.NoError(t, err)
	return viewer
}

func showOne(t *testing.T, v *View, viewer Viewer, ev *rooms.Event, o ShowOptions) map[string]any {
	t.Helper()
	shown, err := v.Show(t.Context(), viewer, []*rooms.Event{ev}, o)
	require.NoError(t, err)
	require.Len(t, shown, 1)
	var out map[string]any
	require.NoError(t, json.Unmarshal(shown[0], &out), string(shown[0]))
	return out
}

func idsOf(events []*rooms.Event) []string {
	out := []string{}
	for _, ev := range events {
		out = append(out, ev.ID)
	}
	return out
}
