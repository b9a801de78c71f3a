package clientapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"medixchange/accounts"
	"medixchange/internal/web"
	"medixchange/rooms"
)

func (a *API) membershipRoutes() {
	a.v3(http.MethodPost, "/join/{room}", a.limited(a.limits.join, writing(a.join)))
	a.v3(http.MethodPost, "/rooms/{room}/join", a.limited(a.limits.join, writing(a.join)))
	a.v3(http.MethodPost, "/knock/{room}", a.limited(a.limits.join, writing(a.knock)))
	a.v3(http.MethodPost, "/rooms/{roomID}/leave", a.authed(a.leave))
	a.v3(http.MethodPost, "/rooms/{roomID}/forget", a.authed(a.forget))
	a.v3(http.MethodPost, "/rooms/{roomID}/invite", a.limited(a.limits.invite, writing(a.invite)))
	a.v3(http.MethodPost, "/rooms/{roomID}/kick", a.authed(writing(a.ofAnother("leave", false))))
	a.v3(http.MethodPost, "/rooms/{roomID}/ban", a.authed(writing(a.ofAnother("ban", false))))
	a.v3(http.MethodPost, "/rooms/{roomID}/unban", a.authed(writing(a.ofAnother("leave", true))))
}

type membershipBody struct {
	UserID string `json:"user_id"`
	Reason string `json:"reason"`
	Medium string `json:"medium"`
}

func (a *API) join(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	return a.enter(r, d, "join")
}

func (a *API) knock(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	return a.enter(r, d, "knock")
}

// enter joins or knocks at a room named by id or alias.
func (a *API) enter(r *http.Request, d *accounts.Device, membership string) (any, error) {
	var extra map[string]json.RawMessage
	if err := a.decodeOptional(r, &extra); err != nil {
		return nil, err
	}
	reason, err := takeReason(extra)
	if err != nil {
		return nil, err
	}
	roomID, via, err := a.roomOf(r, web.Var(r, "room"))
	if err != nil {
		return nil, err
	}
	profile, err := a.Accounts.MemberProfile(r.Context(), d.UserID)
	if err != nil {
		return nil, err
	}
	req := rooms.MembershipRequest{
		RoomID: roomID, Sender: d.UserID, Target: d.UserID, Membership: membership,
		Reason: reason, Profile: profile, Via: via, Content: extra,
	}
	if roomID, err = a.Rooms.SetMembership(r.Context(), req); err != nil {
		return nil, err
	}
	return map[string]string{"room_id": roomID}, nil
}

// takeReason takes the reason out of a body; what else the client gave goes into the membership event.
func takeReason(body map[string]json.RawMessage) (reason string, err error) {
	if raw, there := body["reason"]; there && json.Unmarshal(raw, &reason) != nil {
		return "", web.BadJSON("reason must be a string.")
	}
	for _, ours := range []string{"reason", "membership", "displayname", "avatar_url", "join_authorised_via_users_server"} {
		delete(body, ours)
	}
	return reason, nil
}

// roomOf finds the room that a path means and the servers to ask for it.
func (a *API) roomOf(r *http.Request, name string) (roomID string, via []string, err error) {
	query := r.URL.Query()
	via = append(slices.Clone(query["via"]), query["server_name"]...)
	switch {
	case strings.HasPrefix(name, "!"):
		return name, via, nil
	case strings.HasPrefix(name, "#"):
		roomID, servers, err := a.Rooms.ResolveAlias(r.Context(), name)
		return roomID, append(via, servers...), err
	}
	return "", nil, web.InvalidParam("%q is neither a room id nor an alias.", name)
}

func (a *API) leave(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body membershipBody
	if err := a.decodeOptional(r, &body); err != nil {
		return nil, err
	}
	_, err := a.Rooms.SetMembership(r.Context(), rooms.MembershipRequest{
		RoomID: web.Var(r, "roomID"), Sender: d.UserID, Target: d.UserID, Membership: "leave", Reason: body.Reason,
	})
	return nil, err
}

func (a *API) forget(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	err := a.Rooms.Forget(r.Context(), web.Var(r, "roomID"), d.UserID)
	if errors.Is(err, rooms.ErrInvalidParam) {
		return nil, web.NewError(http.StatusBadRequest, "M_UNKNOWN", "You are still in this room: leave it first.").Because(err)
	}
	return nil, err
}

func (a *API) invite(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body membershipBody
	if err := a.decode(r, &body); err != nil {
		return nil, err
	}
	if body.UserID == "" && body.Medium != "" {
		return nil, web.NewError(http.StatusForbidden, "M_THREEPID_DENIED", "This server sends no invitations by e-mail or telephone.")
	}
	if err := body.checkTarget(); err != nil {
		return nil, err
	}
	profile, err := a.profileOf(r, body.UserID)
	if err != nil {
		return nil, err
	}
	_, err = a.Rooms.SetMembership(r.Context(), rooms.MembershipRequest{
		RoomID: web.Var(r, "roomID"), Sender: d.UserID, Target: body.UserID, Membership: "invite",
		Reason: body.Reason, Profile: profile,
	})
	return nil, err
}

// profileOf is what an invitation says of its target; other servers' users bring their own when they join.
func (a *API) profileOf(r *http.Request, userID string) (rooms.MemberProfile, error) {
	if !a.Accounts.IsLocal(userID) {
		return rooms.MemberProfile{}, nil
	}
	return a.Accounts.MemberProfile(r.Context(), userID)
}

func (b membershipBody) checkTarget() error {
	if b.UserID == "" {
		return web.MissingParam("user_id is missing.")
	}
	if !validUserID(b.UserID) {
		return web.InvalidParam("%q is no user id.", b.UserID)
	}
	return nil
}

// ofAnother sets somebody else's membership: kick, ban, unban.
func (a *API) ofAnother(membership string, unban bool) userHandler {
	return func(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
		var body membershipBody
		if err := a.decode(r, &body); err != nil {
			return nil, err
		}
		if err := body.checkTarget(); err != nil {
			return nil, err
		}
		_, err := a.Rooms.SetMembership(r.Context(), rooms.MembershipRequest{
			RoomID: web.Var(r, "roomID"), Sender: d.UserID, Target: body.UserID, Membership: membership,
			Reason: body.Reason, Unban: unban,
		})
		return nil, err
	}
}
