package clientapi

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/tidwall/gjson"

	"medixchange/accounts"
	"medixchange/clientapi/sync"
	"medixchange/internal/web"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

func (a *API) relationRoutes() {
	for _, path := range []string{
		"/rooms/{roomID}/relations/{eventID}",
		"/rooms/{roomID}/relations/{eventID}/{relType}",
		"/rooms/{roomID}/relations/{eventID}/{relType}/{eventType}",
	} {
		a.v1(http.MethodGet, path, a.limited(a.limits.other, a.relations))
	}
	a.v1(http.MethodGet, "/rooms/{roomID}/threads", a.limited(a.limits.other, a.threads))
}

// relations answers GET /relations (Client-Server API, Relationships API). Late translations are nobody's edits and do not
// appear here.
func (a *API) relations(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	rd, err := a.read(r.Context(), d, web.Var(r, "roomID"))
	if err != nil {
		return nil, err
	}
	parent, err := a.visible(r.Context(), rd, web.Var(r, "eventID"))
	if err != nil {
		return nil, err
	}
	q, err := relationQuery(r, rd, parent)
	if err != nil {
		return nil, err
	}
	page, err := a.Rooms.Relations(r.Context(), q)
	if err != nil {
		return nil, err
	}
	out, err := a.relatedPage(r, rd, page, nil)
	if err != nil {
		return nil, err
	}
	if r.URL.Query().Get("from") != "" {
		out["prev_batch"] = sync.HistoryToken(q.From)
	}
	if q.Recurse {
		out["recursion_depth"] = rooms.RelationDepth
	}
	return out, nil
}

func relationQuery(r *http.Request, rd *reading, parent *rooms.Event) (q rooms.RelationQuery, err error) {
	q = rooms.RelationQuery{
		RoomID: rd.roomID, EventID: parent.ID, RelType: web.Var(r, "relType"), EventType: web.Var(r, "eventType"),
	}
	from, to := end, beginning
	switch r.URL.Query().Get("dir") {
	case "", "b":
		q.Dir = rooms.Backward
	case "f":
		q.Dir, from, to = rooms.Forward, beginning, end
	default:
		return q, web.InvalidParam("dir must be b or f.")
	}
	if q.From, err = historyToken(r, "from", rd.snapshot.RoomNID, from); err != nil {
		return q, err
	}
	if q.To, err = historyToken(r, "to", rd.snapshot.RoomNID, to); err != nil {
		return q, err
	}
	if q.Recurse, err = web.QueryBool(r, "recurse", false); err != nil {
		return q, err
	}
	q.Limit, err = web.QueryInt(r, "limit", 5*defaultPage, 1, maxPage)
	return q, err
}

// relatedPage shows a page of relations or threads, without those that keep, if it is given, says no to.
func (a *API) relatedPage(r *http.Request, rd *reading, page *rooms.Page, keep func(json.RawMessage) bool) (map[string]any, error) {
	visible, err := a.View.Visible(r.Context(), rd.viewer, rd.roomID, page.Events)
	if err != nil {
		return nil, err
	}
	chunk, err := a.View.Show(r.Context(), rd.viewer, visible, view.ShowOptions{Bundle: true})
	if err != nil {
		return nil, err
	}
	if keep != nil {
		chunk = slices.DeleteFunc(chunk, func(event json.RawMessage) bool { return !keep(event) })
	}
	out := map[string]any{"chunk": chunk}
	if !page.Done {
		out["next_batch"] = sync.HistoryToken(page.Next)
	}
	return out, nil
}

// threads answers GET /threads (Client-Server API, Querying threads in a room).
func (a *API) threads(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	rd, err := a.read(r.Context(), d, web.Var(r, "roomID"))
	if err != nil {
		return nil, err
	}
	participant := ""
	switch r.URL.Query().Get("include") {
	case "", "all":
	case "participated":
		participant = d.UserID
	default:
		return nil, web.InvalidParam("include must be all or participated.")
	}
	from, err := historyToken(r, "from", rd.snapshot.RoomNID, end)
	if err != nil {
		return nil, err
	}
	limit, err := web.QueryInt(r, "limit", 2*defaultPage, 1, maxPage)
	if err != nil {
		return nil, err
	}
	page, err := a.Rooms.Threads(r.Context(), rd.roomID, participant, from, limit)
	if err != nil {
		return nil, err
	}
	// A thread in which nothing is for this reader is none to them.
	return a.relatedPage(r, rd, page, func(root json.RawMessage) bool {
		return gjson.GetBytes(root, `unsigned.m\.relations.m\.thread`).Exists()
	})
}
