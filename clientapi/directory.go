package clientapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"medixchange/accounts"
	"medixchange/internal/web"
	"medixchange/rooms"
)

func (a *API) directoryRoutes() {
	a.v3(http.MethodGet, "/directory/room/{alias}", a.alias)
	a.v3(http.MethodPut, "/directory/room/{alias}", a.limited(a.limits.other, writing(a.createAlias)))
	a.v3(http.MethodDelete, "/directory/room/{alias}", a.limited(a.limits.other, writing(a.deleteAlias)))
	a.v3(http.MethodGet, "/rooms/{roomID}/aliases", a.authed(a.aliases))
	a.v3(http.MethodGet, "/directory/list/room/{roomID}", a.published)
	a.v3(http.MethodPut, "/directory/list/room/{roomID}", a.limited(a.limits.other, writing(a.publish)))
	a.v3(http.MethodGet, "/publicRooms", a.byAddress(a.limits.other, a.publicRooms))
	a.v3(http.MethodPost, "/publicRooms", a.limited(a.limits.other, a.searchPublicRooms))
}

func (a *API) alias(_ http.ResponseWriter, r *http.Request) (any, error) {
	alias, err := aliasVar(r)
	if err != nil {
		return nil, err
	}
	roomID, servers, err := a.Rooms.ResolveAlias(r.Context(), alias)
	if errors.Is(err, rooms.ErrNotFound) {
		return nil, web.NotFound("There is no room with the alias %s.", alias).Because(err)
	}
	if err != nil {
		return nil, err
	}
	return map[string]any{"room_id": roomID, "servers": orEmpty(servers)}, nil
}

func aliasVar(r *http.Request) (string, error) {
	alias := web.Var(r, "alias")
	local, server, found := strings.Cut(strings.TrimPrefix(alias, "#"), ":")
	if !strings.HasPrefix(alias, "#") || !found || local == "" || server == "" || len(alias) > 255 {
		return "", web.InvalidParam("%q is no alias: it has the form #name:server.", alias)
	}
	return alias, nil
}

func (a *API) createAlias(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	alias, err := aliasVar(r)
	if err != nil {
		return nil, err
	}
	var body struct {
		RoomID string `json:"room_id"`
	}
	if err := a.decode(r, &body); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(body.RoomID, "!") {
		return nil, web.InvalidParam("room_id must be the id of a room.")
	}
	return nil, a.Rooms.CreateAlias(r.Context(), alias, body.RoomID, d.UserID)
}

func (a *API) deleteAlias(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	alias, err := aliasVar(r)
	if err != nil {
		return nil, err
	}
	return nil, a.Rooms.DeleteAlias(r.Context(), alias, d.UserID)
}

func (a *API) aliases(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	rd, err := a.read(r.Context(), d, web.Var(r, "roomID"))
	if err != nil {
		return nil, err
	}
	if rd.membership != "join" && rd.snapshot.Visibility != rooms.VisibilityWorldReadable {
		return nil, errNotMember
	}
	list, err := a.Rooms.LocalAliases(r.Context(), rd.roomID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"aliases": orEmpty(list)}, nil
}

func (a *API) published(_ http.ResponseWriter, r *http.Request) (any, error) {
	on, err := a.Rooms.Published(r.Context(), web.Var(r, "roomID"))
	if err != nil {
		return nil, err
	}
	if on {
		return map[string]string{"visibility": "public"}, nil
	}
	return map[string]string{"visibility": "private"}, nil
}

func (a *API) publish(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body struct {
		Visibility string `json:"visibility"`
	}
	if err := a.decodeOptional(r, &body); err != nil {
		return nil, err
	}
	switch body.Visibility {
	case "", "public", "private":
	default:
		return nil, web.InvalidParam("visibility must be public or private.")
	}
	return nil, a.Rooms.SetPublished(r.Context(), web.Var(r, "roomID"), d.UserID, body.Visibility != "private")
}

type publicRoomsBody struct {
	Limit  int    `json:"limit,omitempty"`
	Since  string `json:"since,omitempty"`
	Filter struct {
		Term      string    `json:"generic_search_term,omitempty"`
		RoomTypes []*string `json:"room_types,omitempty"`
	} `json:"filter"`
}

func (a *API) publicRooms(_ http.ResponseWriter, r *http.Request) (any, error) {
	limit, err := web.QueryInt(r, "limit", 0, 0, maxPage)
	if err != nil {
		return nil, err
	}
	return a.listPublic(r, publicRoomsBody{Limit: limit, Since: r.URL.Query().Get("since")})
}

func (a *API) searchPublicRooms(_ http.ResponseWriter, r *http.Request, _ *accounts.Device) (any, error) {
	var body publicRoomsBody
	if err := a.decodeOptional(r, &body); err != nil {
		return nil, err
	}
	return a.listPublic(r, body)
}

// listPublic lists our own directory or asks another server for its.
func (a *API) listPublic(r *http.Request, body publicRoomsBody) (any, error) {
	if server := r.URL.Query().Get("server"); server != "" && server != a.Accounts.ServerName() {
		query, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		return a.Remote.PublicRooms(r.Context(), server, query)
	}
	q := rooms.PublicRoomsQuery{Search: body.Filter.Term, Limit: body.Limit, Since: body.Since}
	for _, t := range body.Filter.RoomTypes {
		if t == nil {
			q.RoomTypes = append(q.RoomTypes, "")
		} else {
			q.RoomTypes = append(q.RoomTypes, *t)
		}
	}
	return a.Rooms.PublicRooms(r.Context(), q)
}
