package clientapi

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"strconv"

	"medixchange/accounts"
	"medixchange/clientapi/sync"
	"medixchange/internal/web"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

const (
	defaultPage = 10
	maxPage     = 1000
	// maxFilteredPages bounds how much history one request reads when a filter or visibility hides most of it.
	maxFilteredPages = 10
)

var (
	beginning = rooms.HistoryKey{Anchor: math.MinInt64, Sub: math.MinInt64}
	end       = rooms.HistoryKey{Anchor: math.MaxInt64, Sub: math.MaxInt64}
)

func (a *API) messageRoutes() {
	a.v3(http.MethodGet, "/rooms/{roomID}/messages", a.limited(a.limits.other, a.messages))
	a.v3(http.MethodGet, "/rooms/{roomID}/context/{eventID}", a.limited(a.limits.other, a.context))
	a.v3(http.MethodGet, "/rooms/{roomID}/event/{eventID}", a.limited(a.limits.other, a.event))
	a.v1(http.MethodGet, "/rooms/{roomID}/timestamp_to_event", a.limited(a.limits.other, a.timestampToEvent), "org.matrix.msc3030")
}

// messages answers GET /messages: a page of history, fetched from other servers where it is not here yet.
func (a *API) messages(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	rd, err := a.read(r.Context(), d, web.Var(r, "roomID"))
	if err != nil {
		return nil, err
	}
	q, err := parsePageQuery(r, rd)
	if err != nil {
		return nil, err
	}
	page, err := a.filteredPage(r.Context(), rd, q)
	if err != nil {
		return nil, err
	}
	chunk, err := a.View.Show(r.Context(), rd.viewer, page.Events, view.ShowOptions{Bundle: true})
	if err != nil {
		return nil, err
	}
	out := map[string]any{"chunk": chunk, "start": sync.HistoryToken(q.from)}
	if next, more := nextPage(page, q.dir); more {
		out["end"] = sync.HistoryToken(next)
	}
	if q.filter.LazyLoadMembers {
		if out["state"], err = a.membersOf(r.Context(), rd, page.Events); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// nextPage is where the page goes on. Behind the last events comes an empty page without a token, which says that it is
// over: clients that filter would otherwise stop at the first event that they do not want.
func nextPage(page *rooms.Page, dir rooms.Direction) (rooms.HistoryKey, bool) {
	if !page.Done || len(page.Events) == 0 {
		return page.Next, !page.Done
	}
	last := page.Events[len(page.Events)-1].Key
	if dir == rooms.Backward {
		last.Sub--
	}
	return last, true
}

type pageQuery struct {
	from, to rooms.HistoryKey
	dir      rooms.Direction
	limit    int
	filter   *sync.EventFilter
	// here keeps to what this server has: nothing is fetched from others.
	here bool
}

func parsePageQuery(r *http.Request, rd *reading) (q pageQuery, err error) {
	start, stop := beginning, end
	switch r.URL.Query().Get("dir") {
	case "b":
		q.dir, start, stop = rooms.Backward, end, beginning
	case "f":
	case "":
		return q, web.MissingParam("dir is missing: b for older, f for newer.")
	default:
		return q, web.InvalidParam("dir must be b or f.")
	}
	if q.from, err = historyToken(r, "from", rd.snapshot.RoomNID, start); err != nil {
		return q, err
	}
	if q.from == end {
		q.from = rooms.HistoryKey{Anchor: rd.snapshot.Position}
	}
	if q.to, err = historyToken(r, "to", rd.snapshot.RoomNID, stop); err != nil {
		return q, err
	}
	if q.filter, err = eventFilter(r); err != nil {
		return q, err
	}
	if q.limit, err = web.QueryInt(r, "limit", defaultPage, 1, maxPage); err != nil {
		return q, err
	}
	if q.filter.Limit != nil && r.URL.Query().Get("limit") == "" {
		q.limit = min(max(*q.filter.Limit, 1), maxPage)
	}
	return q, nil
}

// filteredPage reads on until the page is full, the history ends or the request has read its share.
func (a *API) filteredPage(ctx context.Context, rd *reading, q pageQuery) (*rooms.Page, error) {
	out := &rooms.Page{Next: q.from}
	if !q.filter.WantsRoom(rd.roomID) {
		out.Done = true
		return out, nil
	}
	for range maxFilteredPages {
		page, err := a.Rooms.Timeline(ctx, rd.roomID, out.Next, q.to, q.dir, q.limit-len(out.Events), !q.here)
		if err != nil {
			return nil, err
		}
		shown, err := a.View.Visible(ctx, rd.viewer, rd.roomID, page.Events)
		if err != nil {
			return nil, err
		}
		for _, ev := range shown {
			if q.filter.Wants(ev) {
				out.Events = append(out.Events, ev)
			}
		}
		out.Next, out.Done = page.Next, page.Done
		if page.Done || page.Gap || len(page.Events) == 0 || len(out.Events) >= q.limit {
			break
		}
	}
	return out, nil
}

// membersOf returns the member events of the senders, for clients that load members lazily.
func (a *API) membersOf(ctx context.Context, rd *reading, events []*rooms.Event) ([]json.RawMessage, error) {
	senders := map[string]bool{}
	for _, ev := range events {
		senders[ev.Sender] = true
	}
	members, err := a.state(ctx, rd, func(typ, key string) bool { return typ == "m.room.member" && senders[key] })
	if err != nil {
		return nil, err
	}
	return a.View.Show(ctx, rd.viewer, members, view.ShowOptions{StateSection: true})
}

// context answers GET /context: an event with what came before and after it.
func (a *API) context(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	ctx := r.Context()
	rd, err := a.read(ctx, d, web.Var(r, "roomID"))
	if err != nil {
		return nil, err
	}
	filter, err := eventFilter(r)
	if err != nil {
		return nil, err
	}
	limit, err := web.QueryInt(r, "limit", defaultPage, 0, maxPage)
	if err != nil {
		return nil, err
	}
	ev, err := a.visible(ctx, rd, web.Var(r, "eventID"))
	if err != nil {
		return nil, err
	}
	before := rooms.HistoryKey{Anchor: ev.Key.Anchor, Sub: ev.Key.Sub - 1}
	earlier, later := &rooms.Page{Next: before}, &rooms.Page{Next: ev.Key}
	if half := limit / 2; limit > 0 {
		if earlier, err = a.filteredPage(ctx, rd, pageQuery{from: before, to: beginning, dir: rooms.Backward, limit: max(half, 1), filter: filter}); err != nil {
			return nil, err
		}
		if later, err = a.filteredPage(ctx, rd, pageQuery{from: ev.Key, to: end, limit: max(limit-half, 1), filter: filter}); err != nil {
			return nil, err
		}
	}
	notice, err := a.View.NoticeByID(ctx, rd.viewer, rd.roomID, web.Var(r, "eventID"))
	if err != nil {
		return nil, err
	}
	return a.contextAnswer(ctx, rd, ev, notice, earlier, later)
}

// contextAnswer shows ev, or in its place the notice about it that was asked for, among what is around it.
func (a *API) contextAnswer(ctx context.Context, rd *reading, ev *rooms.Event, notice json.RawMessage, earlier, later *rooms.Page) (any, error) {
	around := append(append([]*rooms.Event{ev}, earlier.Events...), later.Events...)
	budget := a.View.Budget()
	shown, err := a.View.Show(ctx, rd.viewer, around, view.ShowOptions{Bundle: true, Budget: budget})
	if err != nil {
		return nil, err
	}
	first := shown[0]
	if notice != nil {
		first = notice
	}
	newest := ev
	if n := len(later.Events); n > 0 {
		newest = later.Events[n-1]
	}
	stateNID, err := a.Rooms.StateAfter(ctx, newest)
	if err != nil {
		return nil, err
	}
	state, err := a.Rooms.StateAt(ctx, stateNID, nil)
	if err != nil {
		return nil, err
	}
	shownState, err := a.View.Show(ctx, rd.viewer, state, view.ShowOptions{StateSection: true, Budget: budget})
	if err != nil {
		return nil, err
	}
	n := len(earlier.Events)
	return map[string]any{
		"event":         first,
		"events_before": shown[1 : 1+n],
		"events_after":  shown[1+n:],
		"state":         shownState,
		"start":         sync.HistoryToken(earlier.Next),
		"end":           sync.HistoryToken(later.Next),
	}, nil
}

func (a *API) event(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	rd, err := a.read(r.Context(), d, web.Var(r, "roomID"))
	if err != nil {
		return nil, web.NotFound("There is no such event, or you may not see it.").Because(err)
	}
	ev, err := a.visible(r.Context(), rd, web.Var(r, "eventID"))
	if err != nil {
		return nil, err
	}
	notice, err := a.View.NoticeByID(r.Context(), rd.viewer, rd.roomID, web.Var(r, "eventID"))
	if err != nil || notice != nil {
		return notice, err
	}
	return a.showOne(r.Context(), rd, ev)
}

func (a *API) showOne(ctx context.Context, rd *reading, ev *rooms.Event) (json.RawMessage, error) {
	shown, err := a.View.Show(ctx, rd.viewer, []*rooms.Event{ev}, view.ShowOptions{Bundle: true})
	if err != nil {
		return nil, err
	}
	return shown[0], nil
}

// timestampToEvent answers GET /timestamp_to_event (Client-Server API, Jump to date).
func (a *API) timestampToEvent(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	rd, err := a.read(r.Context(), d, web.Var(r, "roomID"))
	if err != nil {
		return nil, err
	}
	ts, err := strconv.ParseInt(r.URL.Query().Get("ts"), 10, 64)
	if err != nil {
		return nil, web.InvalidParam("ts must be milliseconds since 1970.")
	}
	dir := rooms.Forward
	switch r.URL.Query().Get("dir") {
	case "f", "":
	case "b":
		dir = rooms.Backward
	default:
		return nil, web.InvalidParam("dir must be b or f.")
	}
	ev, err := a.visibleNear(r.Context(), rd, ts, dir)
	if err != nil {
		return nil, err
	}
	return map[string]any{"event_id": ev.ID, "origin_server_ts": ev.OriginServerTS}, nil
}

// maxHiddenNear bounds the hidden events that timestamp_to_event passes over.
const maxHiddenNear = 50

// visibleNear returns the event closest to a time that the reader may see.
func (a *API) visibleNear(ctx context.Context, rd *reading, ts int64, dir rooms.Direction) (*rooms.Event, error) {
	for range maxHiddenNear {
		ev, err := a.Rooms.EventNear(ctx, rd.roomID, ts, dir)
		if err != nil {
			return nil, err
		}
		shown, err := a.View.Visible(ctx, rd.viewer, rd.roomID, []*rooms.Event{ev})
		if err != nil {
			return nil, err
		}
		if len(shown) > 0 {
			return ev, nil
		}
		if ts = ev.OriginServerTS + 1; dir == rooms.Backward {
			ts = ev.OriginServerTS - 1
		}
	}
	return nil, web.NotFound("There is no event near this time that you may see.")
}
