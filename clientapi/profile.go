package clientapi

import (
	"encoding/json"
	"net/http"
	"slices"

	"medixchange/accounts"
	"medixchange/internal/web"
)

func (a *API) profileRoutes() {
	a.v3(http.MethodGet, "/profile/{userID}", a.profile)
	a.v3(http.MethodGet, "/profile/{userID}/{field}", a.profileField)
	a.v3(http.MethodPut, "/profile/{userID}/{field}", a.limited(a.limits.other, writing(a.setProfileField)))
	a.v3(http.MethodDelete, "/profile/{userID}/{field}", a.limited(a.limits.other, writing(a.deleteProfileField)))
	a.v3(http.MethodPost, "/user_directory/search", a.limited(a.limits.other, a.searchUsers))
	a.v1(http.MethodGet, "/mutual_rooms", a.limited(a.limits.other, a.mutualRooms), "uk.half-shot.msc2666/user")
}

func (a *API) profile(_ http.ResponseWriter, r *http.Request) (any, error) {
	if err := checkUserVar(r); err != nil {
		return nil, err
	}
	return a.Accounts.Profile(r.Context(), web.Var(r, "userID"))
}

func checkUserVar(r *http.Request) error {
	if id := web.Var(r, "userID"); !validUserID(id) {
		return web.InvalidParam("%q is no user id.", id)
	}
	return nil
}

func (a *API) profileField(_ http.ResponseWriter, r *http.Request) (any, error) {
	if err := checkUserVar(r); err != nil {
		return nil, err
	}
	field := web.Var(r, "field")
	value, err := a.Accounts.ProfileField(r.Context(), web.Var(r, "userID"), field)
	if err != nil {
		return nil, err
	}
	return map[string]json.RawMessage{field: value}, nil
}

// setProfileField answers PUT /profile/{userId}/{keyName}; the body is an object with that one key.
func (a *API) setProfileField(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	if err := onlySelf(r, d); err != nil {
		return nil, err
	}
	var body map[string]json.RawMessage
	if err := a.decode(r, &body); err != nil {
		return nil, err
	}
	field := web.Var(r, "field")
	value, there := body[field]
	if !there {
		return nil, web.MissingParam("The body has no %s.", field)
	}
	return nil, a.Accounts.SetProfileField(r.Context(), d.UserID, field, value)
}

func (a *API) deleteProfileField(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	if err := onlySelf(r, d); err != nil {
		return nil, err
	}
	return nil, a.Accounts.DeleteProfileField(r.Context(), d.UserID, web.Var(r, "field"))
}

func (a *API) searchUsers(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body struct {
		Term  string `json:"search_term"`
		Limit *int   `json:"limit"`
	}
	if err := a.decode(r, &body); err != nil {
		return nil, err
	}
	limit := defaultPage
	if body.Limit != nil {
		limit = min(max(*body.Limit, 0), 5*defaultPage)
	}
	users, limited, err := a.Accounts.SearchUsers(r.Context(), d.UserID, body.Term, limit)
	if err != nil {
		return nil, err
	}
	if a.Colleagues != nil && len(users) < limit {
		more, cut := a.Colleagues(r.Context(), d.UserID, body.Term, limit)
		users, cut = appended(users, more, limit, cut)
		limited = limited || cut
	}
	if users == nil {
		users = []accounts.DirectoryUser{}
	}
	return map[string]any{"results": users, "limited": limited}, nil
}

// appended puts colleagues behind the users who were found here, each once.
func appended(users, colleagues []accounts.DirectoryUser, limit int, cut bool) ([]accounts.DirectoryUser, bool) {
	for _, c := range colleagues {
		if slices.ContainsFunc(users, func(u accounts.DirectoryUser) bool { return u.UserID == c.UserID }) {
			continue
		}
		if len(users) == limit {
			return users, true
		}
		users = append(users, c)
	}
	return users, cut
}

func (a *API) mutualRooms(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	other := r.URL.Query().Get("user_id")
	if !validUserID(other) || other == d.UserID {
		return nil, web.InvalidParam("user_id must be another user.")
	}
	joined, err := a.Accounts.MutualRooms(r.Context(), d.UserID, other)
	if err != nil {
		return nil, err
	}
	if joined == nil {
		joined = []string{}
	}
	return map[string]any{"joined": joined, "count": len(joined)}, nil
}
