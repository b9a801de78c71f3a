package sync

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"medixchange/accounts"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

// What the model answers: roomsPort, view.Rooms, view.Reader, accountsPort.

func (w *world) room(id string) *modelRoom {
	for _, room := range w.rooms {
		if room.id == id {
			return room
		}
	}
	return nil
}

func (w *world) lock() func() { w.mu.Lock(); return w.mu.Unlock }

func (w *world) UserRooms(_ context.Context, userID string) ([]rooms.UserRoom, error) {
	defer w.lock()()
	var out []rooms.UserRoom
	for _, room := range w.rooms {
		intervals := room.intervals[userID]
		if len(intervals) == 0 {
			continue
		}
		last := intervals[len(intervals)-1]
		out = append(out, rooms.UserRoom{RoomID: room.id, RoomNID: room.nid, Membership: last.Membership, EventNID: last.EventNID, Position: last.From.Anchor})
	}
	return out, nil
}

func (w *world) OutsideMemberships(_ context.Context, userID string) ([]rooms.OutsideMembership, error) {
	defer w.lock()()
	var out []rooms.OutsideMembership
	for _, o := range w.outside {
		if o.UserID == userID {
			out = append(out, o)
		}
	}
	return out, nil
}

func (w *world) Intervals(_ context.Context, roomID, userID string) ([]rooms.Interval, error) {
	defer w.lock()()
	return append([]rooms.Interval(nil), w.room(roomID).intervals[userID]...), nil
}

func (w *world) LiveTimeline(_ context.Context, roomID string, since, upto int64, limit int) ([]*rooms.Event, bool, rooms.HistoryKey, error) {
	defer w.lock()()
	var in []*rooms.Event
	for _, ev := range w.room(roomID).events {
		if ev.Position > since && ev.Position <= upto {
			in = append(in, ev)
		}
	}
	limited := len(in) > limit
	if limited {
		in = in[len(in)-limit:]
	}
	prev := rooms.HistoryKey{Anchor: upto}
	if len(in) > 0 {
		prev = rooms.HistoryKey{Anchor: in[0].Key.Anchor, Sub: -1}
	}
	return in, limited, prev, nil
}

func (w *world) Events(_ context.Context, nids []int64) (map[int64]*rooms.Event, error) {
	defer w.lock()()
	out := map[int64]*rooms.Event{}
	for _, nid := range nids {
		out[nid] = w.byNID[nid]
	}
	return out, nil
}

func (w *world) EventsByID(context.Context, []string) (map[string]*rooms.Event, error) {
	return nil, nil
}
func (w *world) Redacted(context.Context, []string) (map[string]*rooms.Event, error) { return nil, nil }
func (w *world) Aggregates(context.Context, []string) (map[string]rooms.Aggregate, error) {
	return nil, nil
}
func (w *world) TxnsOf(context.Context, string, string, []int64) (map[int64]string, error) {
	return nil, nil
}
func (w *world) Timeline(context.Context, string, rooms.HistoryKey, rooms.HistoryKey, rooms.Direction, int, bool) (*rooms.Page, error) {
	return &rooms.Page{}, nil
}
func (w *world) Relations(context.Context, rooms.RelationQuery) (*rooms.Page, error) {
	return &rooms.Page{}, nil
}

func (w *world) StateDeltas(_ context.Context, roomID string, since, upto int64) ([]rooms.StateDelta, error) {
	defer w.lock()()
	w.reads++
	var out []rooms.StateDelta
	for _, d := range w.room(roomID).deltas {
		if d.Position > since && d.Position <= upto {
			out = append(out, d)
		}
	}
	return out, nil
}

func (w *world) stateOf(entries map[string]int64, keep func(typ, key string) bool) []*rooms.Event {
	var out []*rooms.Event
	for k, nid := range entries {
		typ, key, _ := strings.Cut(k, "\x00")
		if keep == nil || keep(typ, key) {
			out = append(out, w.byNID[nid])
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].NID < out[j].NID })
	return out
}

func (w *world) StateAt(_ context.Context, stateNID int64, keep func(typ, key string) bool) ([]*rooms.Event, error) {
	defer w.lock()()
	for _, room := range w.rooms {
		if entries, ok := room.states[stateNID]; ok {
			return w.stateOf(entries, keep), nil
		}
	}
	return nil, rooms.ErrNotFound
}

func (w *world) StateEntryAt(ctx context.Context, stateNID int64, typ, key string) (*rooms.Event, error) {
	events, err := w.StateAt(ctx, stateNID, func(t, k string) bool { return t == typ && k == key })
	if err != nil || len(events) == 0 {
		return nil, rooms.ErrNotFound
	}
	return events[0], nil
}

func (w *world) StateEvent(_ context.Context, roomID, typ, key string) (*rooms.Event, error) {
	defer w.lock()()
	if ev := w.byNID[w.room(roomID).current[stateKeyOf(typ, key)]]; ev != nil {
		return ev, nil
	}
	return nil, rooms.ErrNotFound
}

func (w *world) entries(roomID string, keep func(typ, key string) bool) ([]*rooms.Event, int64) {
	defer w.lock()()
	room := w.room(roomID)
	return w.stateOf(room.current, keep), room.position
}

func (w *world) stateAfter(ctx context.Context, ev *rooms.Event, keep func(typ, key string) bool) ([]*rooms.Event, error) {
	return w.StateAt(ctx, ev.NID, keep)
}

func (w *world) members(_ context.Context, roomID string, users []string) ([]int64, error) {
	defer w.lock()()
	nids := make([]int64, len(users))
	for i, user := range users {
		nids[i] = w.room(roomID).current[stateKeyOf(memberType, user)]
	}
	return nids, nil
}

func (w *world) brief(_ context.Context, roomID, userID string) (brief, error) {
	events, _ := w.entries(roomID, func(typ, _ string) bool { return typ == memberType })
	var b brief
	for _, ev := range events {
		switch ev.Membership() {
		case "join":
			b.joined++
		case "invite":
			b.invited++
		default:
			continue
		}
		if *ev.StateKey != userID && len(b.heroes) < 5 {
			b.heroes = append(b.heroes, *ev.StateKey)
		}
	}
	return b, nil
}

func (w *world) Receipts(_ context.Context, roomID string, since, upto int64) ([]rooms.Receipt, error) {
	defer w.lock()()
	w.reads++
	var out []rooms.Receipt
	for _, r := range w.room(roomID).receipts {
		if r.Position > since && r.Position <= upto {
			out = append(out, r)
		}
	}
	return out, nil
}

func (w *world) PrivateReceipts(_ context.Context, userID string, since, upto int64) ([]rooms.Receipt, error) {
	defer w.lock()()
	w.reads++
	var out []rooms.Receipt
	for _, r := range w.private {
		if r.UserID == userID && r.Position > since && r.Position <= upto {
			out = append(out, r)
		}
	}
	return out, nil
}

func (w *world) Typing(roomID string) []string {
	defer w.lock()()
	return w.typing[roomID]
}

func (w *world) IgnoredUsers(context.Context, string) (map[string]struct{}, error) {
	return w.ignored, nil
}

func (w *world) ReadsTopics(context.Context, string, string) (bool, error) { return false, nil }

func (w *world) LanguageChanged(context.Context, string, string) (int64, error) { return 0, nil }

func (w *world) RoomLanguage(_ context.Context, userID, _ string) (string, string, error) {
	return w.language[userID], "inline", nil
}

func (w *world) Filter(_ context.Context, _, id string) (json.RawMessage, error) {
	if id == "lazy" {
		return json.RawMessage(`{"room":{"state":{"lazy_load_members":true}}}`), nil
	}
	return nil, accounts.ErrNotFound
}

func (w *world) AccountDataSince(_ context.Context, userID string, since, upto int64) ([]*accounts.AccountDatum, error) {
	defer w.lock()()
	w.reads++
	var out []*accounts.AccountDatum
	for _, d := range w.data {
		if d.UserID == userID && d.Position > since && d.Position <= upto {
			out = append(out, d)
		}
	}
	return out, nil
}

func (w *world) Counts(_ context.Context, userID, roomID string, upto int64) (accounts.Counts, error) {
	defer w.lock()()
	var c accounts.Counts
	for _, ev := range w.room(roomID).events {
		if ev.Type == "m.room.message" && ev.Sender != userID && ev.Position <= upto {
			c.Notify++
		}
	}
	return c, nil
}

func (w *world) KeyCounts(context.Context, string, string) (accounts.KeyCounts, error) {
	return accounts.KeyCounts{OneTime: map[string]int64{"signed_curve25519": 50}, UnusedFallback: []string{"signed_curve25519"}}, nil
}

func (w *world) KeyChanges(_ context.Context, _ string, since, upto int64) (changed, left []string, err error) {
	defer w.lock()()
	for _, c := range w.keyUsers {
		if c.position > since && c.position <= upto {
			changed = append(changed, c.user)
		}
	}
	return changed, nil, nil
}

func (w *world) ToDevice(_ context.Context, userID, deviceID string, after, upto int64, limit int) ([]json.RawMessage, int64, bool, error) {
	defer w.lock()()
	w.reads++
	var out []json.RawMessage
	last := after
	for _, m := range w.toDevice[userID+deviceID] {
		if m.position <= after || m.position > upto {
			continue
		}
		if len(out) == limit {
			return out, last, true, nil
		}
		out, last = append(out, json.RawMessage(m.json)), m.position
	}
	return out, last, false, nil
}

func (w *world) AckToDevice(_ context.Context, userID, deviceID string, upto int64) error {
	defer w.lock()()
	w.acked[userID+deviceID] = upto
	return nil
}

// port gives the model the method that shares its name with the test's own helper.
type port struct{ *world }

func (p port) state(_ context.Context, roomID string, keep func(typ, key string) bool) ([]*rooms.Event, int64, error) {
	events, position := p.entries(roomID, keep)
	return events, position, nil
}

// modelRenderer is the translator of the model.
type modelRenderer world

func (m *modelRenderer) Renderings(_ context.Context, language string, events []*rooms.Event, upto int64) (map[int64]*view.Rendering, error) {
	defer (*world)(m).lock()()
	out := map[int64]*view.Rendering{}
	for nid := range m.under {
		out[nid] = &view.Rendering{EventNID: nid, State: "none", Missing: "timeout", Content: json.RawMessage(`{"msgtype":"m.text","body":"not translated"}`)}
	}
	for nid := range m.pending {
		out[nid] = &view.Rendering{EventNID: nid, State: "pending", Told: true}
	}
	for _, r := range m.renderings {
		for _, ev := range events {
			if r.EventNID == ev.NID && r.Language == language && r.Position <= upto {
				out[ev.NID] = r
			}
		}
	}
	return out, nil
}

func (m *modelRenderer) Wanted(ev *rooms.Event, language string) bool {
	return language != "" && ev.Type == "m.room.message"
}

func (m *modelRenderer) HoldUntil(ev *rooms.Event, _ string, upto int64) time.Time {
	defer (*world)(m).lock()()
	for _, r := range m.renderings {
		if r.EventNID == ev.NID && r.Position > upto {
			return m.now().Add(time.Second)
		}
	}
	return m.held[ev.NID]
}

func (m *modelRenderer) Away() bool { return false }

func (m *modelRenderer) Request(_ context.Context, language string, events []*rooms.Event, budget time.Duration) error {
	m.budget = budget
	if m.asked != nil {
		m.asked(language, events)
	}
	return nil
}

func (m *modelRenderer) Changed(_ context.Context, roomID, language string, _, since, upto int64) ([]*view.Rendering, error) {
	defer (*world)(m).lock()()
	var out []*view.Rendering
	for _, r := range m.renderings {
		if r.Told && r.RoomID == roomID && r.Language == language && m.byNID[r.EventNID].Position <= since && since < r.Position && r.Position <= upto {
			out = append(out, r)
		}
	}
	return out, nil
}

func (m *modelRenderer) ChangedAt(_ context.Context, roomID, language string, positions []int64) ([]*view.Rendering, error) {
	defer (*world)(m).lock()()
	var out []*view.Rendering
	for _, r := range m.renderings {
		if r.Told && r.RoomID == roomID && r.Language == language && slices.Contains(positions, r.Position) {
			out = append(out, r)
		}
	}
	return out, nil
}

func (m *modelRenderer) OwnTopic(_ context.Context, _ string, _ *rooms.Event, content json.RawMessage) (json.RawMessage, error) {
	return content, nil
}
func (m *modelRenderer) Speaker() string                               { return "" }
func (m *modelRenderer) Threads(context.Context, string) (bool, error) { return false, nil }
func (m *modelRenderer) InMode(_ context.Context, r *view.Rendering, _ string) (content, late json.RawMessage, err error) {
	return r.Content, r.LateContent, nil
}
func (m *modelRenderer) Notices(_ context.Context, userID string, since, upto int64) (out []*view.Notice, err error) {
	defer (*world)(m).lock()()
	for _, n := range m.notices {
		if n.UserID == userID && since < n.Position && n.Position <= upto {
			out = append(out, n)
		}
	}
	return out, nil
}
func (m *modelRenderer) NoticesOfAll(context.Context, int64, int64, int) ([]*view.Notice, error) {
	return nil, nil
}
func (m *modelRenderer) Beside(context.Context, string, []*rooms.Event, int64) (map[int64]*view.Notice, error) {
	return nil, nil
}
func (m *modelRenderer) NoticeID(n *view.Notice) string                       { return fmt.Sprintf("$notice-%d", n.Position) }
func (m *modelRenderer) NoticePlace(string, string) int64                     { return 0 }
func (m *modelRenderer) Place(context.Context, string, string) (int64, error) { return 0, nil }
func (m *modelRenderer) Words(string, *view.Rendering) string                 { return "" }
func (m *modelRenderer) RealID(_ context.Context, id, _ string) (string, bool, error) {
	return id, false, nil
}
func (m *modelRenderer) SyntheticID(r *view.Rendering, userID string) string {
	return fmt.Sprintf("$synthetic-%d-%s", r.Version, userID)
}
