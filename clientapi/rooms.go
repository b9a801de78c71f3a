package clientapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"medixchange/accounts"
	"medixchange/internal/web"
	"medixchange/rooms"
)

func (a *API) roomRoutes() {
	a.v3(http.MethodPost, "/createRoom", a.limited(a.limits.createRoom, writing(a.createRoom)))
	a.v3(http.MethodPost, "/rooms/{roomID}/upgrade", a.limited(a.limits.createRoom, writing(a.upgradeRoom)))
	a.v3(http.MethodGet, "/joined_rooms", a.authed(a.joinedRooms))
}

type createRoomRequest struct {
	Visibility      string             `json:"visibility"`
	AliasName       string             `json:"room_alias_name"`
	Name            string             `json:"name"`
	Topic           string             `json:"topic"`
	Invite          []string           `json:"invite"`
	Invite3PID      []json.RawMessage  `json:"invite_3pid"`
	RoomVersion     string             `json:"room_version"`
	CreationContent json.RawMessage    `json:"creation_content"`
	InitialState    []rooms.StateInput `json:"initial_state"`
	Preset          string             `json:"preset"`
	IsDirect        bool               `json:"is_direct"`
	PowerOverride   json.RawMessage    `json:"power_level_content_override"`
}

// createRoom answers POST /createRoom (Client-Server API, Creation).
func (a *API) createRoom(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var req createRoomRequest
	if err := a.decodeOptional(r, &req); err != nil {
		return nil, err
	}
	if err := req.check(); err != nil {
		return nil, err
	}
	if err := a.mapInitialState(r.Context(), d, req.InitialState); err != nil {
		return nil, err
	}
	profile, err := a.Accounts.MemberProfile(r.Context(), d.UserID)
	if err != nil {
		return nil, err
	}
	roomID, err := a.Rooms.Create(r.Context(), rooms.CreateRequest{
		Creator: d.UserID, Version: req.RoomVersion, Preset: req.Preset, Visibility: req.Visibility,
		AliasLocalpart: req.AliasName, Name: req.Name, Topic: req.Topic, Invite: req.Invite,
		InitialState: req.InitialState, PowerOverride: req.PowerOverride, CreationContent: req.CreationContent,
		IsDirect: req.IsDirect, Invite3PIDs: req.Invite3PID, CreatorProfile: profile,
	})
	if err != nil {
		return nil, err
	}
	return map[string]string{"room_id": roomID}, nil
}

// mapInitialState does for the state of a new room what content does for other events. What is no object the room refuses.
func (a *API) mapInitialState(ctx context.Context, d *accounts.Device, state []rooms.StateInput) (err error) {
	for i, s := range state {
		if len(s.Content) == 0 || s.Content[0] != '{' {
			continue
		}
		if state[i].Content, err = a.View.FromClient(ctx, viewer(d), s.Content); err != nil {
			return err
		}
	}
	return nil
}

func (c createRoomRequest) check() error {
	switch c.Visibility {
	case "", "public", "private":
	default:
		return web.InvalidParam("visibility must be public or private.")
	}
	switch c.Preset {
	case "", "private_chat", "public_chat", "trusted_private_chat":
	default:
		return web.InvalidParam("preset must be private_chat, public_chat or trusted_private_chat.")
	}
	if strings.ContainsAny(c.AliasName, ":#\x00") {
		return web.InvalidParam("room_alias_name is the local part alone: no # and no server name.")
	}
	for _, user := range c.Invite {
		if !validUserID(user) {
			return web.InvalidParam("%q in invite is no user id.", user)
		}
	}
	return nil
}

// validUserID says whether an id has the form @localpart:server.
func validUserID(id string) bool {
	local, server, found := strings.Cut(strings.TrimPrefix(id, "@"), ":")
	return strings.HasPrefix(id, "@") && found && local != "" && server != "" && len(id) <= 255
}

func (a *API) upgradeRoom(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var req struct {
		NewVersion string   `json:"new_version"`
		Creators   []string `json:"additional_creators"`
	}
	if err := a.decode(r, &req); err != nil {
		return nil, err
	}
	if req.NewVersion == "" {
		return nil, web.MissingParam("new_version is missing.")
	}
	roomID, err := a.Rooms.Upgrade(r.Context(), web.Var(r, "roomID"), d.UserID, req.NewVersion, req.Creators)
	if err != nil {
		return nil, err
	}
	return map[string]string{"replacement_room": roomID}, nil
}

func (a *API) joinedRooms(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	memberships, err := a.Rooms.UserRooms(r.Context(), d.UserID)
	if err != nil {
		return nil, err
	}
	joined := make([]string, 0, len(memberships))
	for _, m := range memberships {
		if m.Membership == "join" {
			joined = append(joined, m.RoomID)
		}
	}
	return map[string]any{"joined_rooms": joined}, nil
}
