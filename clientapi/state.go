package clientapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"medixchange/accounts"
	"medixchange/clientapi/sync"
	"medixchange/internal/web"
	"medixchange/rooms"
	"medixchange/rooms/view"
)

func (a *API) stateRoutes() {
	a.v3(http.MethodGet, "/rooms/{roomID}/state", a.authed(a.allState))
	for _, path := range []string{"/rooms/{roomID}/state/{type}/{stateKey}", "/rooms/{roomID}/state/{type}/", "/rooms/{roomID}/state/{type}"} {
		a.v3(http.MethodGet, path, a.authed(a.oneState))
	}
	a.v3(http.MethodGet, "/rooms/{roomID}/members", a.authed(a.members))
	a.v3(http.MethodGet, "/rooms/{roomID}/joined_members", a.authed(a.joinedMembers))
}

func (a *API) allState(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	rd, err := a.read(r.Context(), d, web.Var(r, "roomID"))
	if err != nil {
		return nil, err
	}
	state, err := a.state(r.Context(), rd, nil)
	if err != nil {
		return nil, err
	}
	return a.View.Show(r.Context(), rd.viewer, state, view.ShowOptions{})
}

// oneState answers with the content alone, or with the whole event where format=event asks for it.
func (a *API) oneState(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	rd, err := a.read(r.Context(), d, web.Var(r, "roomID"))
	if err != nil {
		return nil, err
	}
	ev, err := a.Rooms.StateEntryAt(r.Context(), rd.stateNID, web.Var(r, "type"), web.Var(r, "stateKey"))
	if errors.Is(err, rooms.ErrNotFound) {
		return nil, web.NotFound("The room has no such state.").Because(err)
	}
	if err != nil {
		return nil, err
	}
	shown, err := a.showOne(r.Context(), rd, ev)
	if err != nil || r.URL.Query().Get("format") == "event" {
		return shown, err
	}
	var content struct {
		Content json.RawMessage `json:"content"`
	}
	if err := json.Unmarshal(shown, &content); err != nil {
		return nil, err
	}
	return content.Content, nil
}

// members answers GET /members, now or at a token's place.
func (a *API) members(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	rd, err := a.read(r.Context(), d, web.Var(r, "roomID"))
	if err != nil {
		return nil, err
	}
	if err := a.rewind(r, rd); err != nil {
		return nil, err
	}
	members, err := a.state(r.Context(), rd, func(typ, _ string) bool { return typ == "m.room.member" })
	if err != nil {
		return nil, err
	}
	query := r.URL.Query()
	only, not := query.Get("membership"), query.Get("not_membership")
	kept := members[:0]
	for _, ev := range members {
		if m := ev.Membership(); (only == "" || m == only) && (not == "" || m != not) {
			kept = append(kept, ev)
		}
	}
	chunk, err := a.View.Show(r.Context(), rd.viewer, kept, view.ShowOptions{})
	if err != nil {
		return nil, err
	}
	return map[string]any{"chunk": chunk}, nil
}

// rewind sets the reading to the state at the parameter "at", if there is one; before the reader's time, to that of their
// first join.
func (a *API) rewind(r *http.Request, rd *reading) error {
	at := r.URL.Query().Get("at")
	if at == "" {
		return nil
	}
	key, err := sync.ParseHistory(at, rd.snapshot.RoomNID)
	if err != nil {
		return web.InvalidParam("at is not a token of this server.").Because(err)
	}
	ctx := r.Context()
	page, err := a.Rooms.Timeline(ctx, rd.roomID, key, beginning, rooms.Backward, 1, false)
	if err != nil {
		return err
	}
	last, err := a.View.Visible(ctx, rd.viewer, rd.roomID, page.Events)
	if err != nil {
		return err
	}
	if len(last) == 0 {
		if last, err = a.firstJoin(ctx, rd); err != nil || len(last) == 0 {
			return err
		}
	}
	rd.stateNID, err = a.Rooms.StateAfter(ctx, last[0])
	return err
}

// firstJoin returns the event with which the reader first came into the room: they see no state from before it.
func (a *API) firstJoin(ctx context.Context, rd *reading) ([]*rooms.Event, error) {
	intervals, err := a.Rooms.Intervals(ctx, rd.roomID, rd.viewer.UserID)
	if err != nil {
		return nil, err
	}
	for _, i := range intervals {
		if i.Membership == "join" {
			page, err := a.Rooms.Timeline(ctx, rd.roomID, i.From, beginning, rooms.Backward, 1, false)
			if err != nil {
				return nil, err
			}
			return page.Events, nil
		}
	}
	return nil, nil
}

func (a *API) joinedMembers(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	rd, err := a.member(r.Context(), d, web.Var(r, "roomID"))
	if err != nil {
		return nil, err
	}
	members, err := a.state(r.Context(), rd, func(typ, _ string) bool { return typ == "m.room.member" })
	if err != nil {
		return nil, err
	}
	type profile struct {
		DisplayName string `json:"display_name"`
		AvatarURL   string `json:"avatar_url"`
	}
	joined := map[string]profile{}
	for _, ev := range members {
		if ev.Membership() != "join" {
			continue
		}
		content := ev.Content()
		joined[*ev.StateKey] = profile{content.Get("displayname").Str, content.Get("avatar_url").Str}
	}
	return map[string]any{"joined": joined}, nil
}
