package clientapi

import (
	"encoding/json"
	"net/http"

	"medixchange/accounts"
	"medixchange/clientapi/sync"
	"medixchange/internal/web"
)

func (a *API) dataRoutes() {
	for _, path := range []string{"/user/{userID}/account_data/{type}", "/user/{userID}/rooms/{roomID}/account_data/{type}"} {
		a.v3(http.MethodGet, path, a.authed(a.accountData))
		a.v3(http.MethodPut, path, a.limited(a.limits.other, a.setAccountData))
	}
	a.v3(http.MethodGet, "/user/{userID}/rooms/{roomID}/tags", a.authed(a.tags))
	a.v3(http.MethodPut, "/user/{userID}/rooms/{roomID}/tags/{tag}", a.limited(a.limits.other, a.setTag))
	a.v3(http.MethodDelete, "/user/{userID}/rooms/{roomID}/tags/{tag}", a.limited(a.limits.other, a.deleteTag))
	a.v3(http.MethodPost, "/user/{userID}/filter", a.limited(a.limits.other, a.saveFilter))
	a.v3(http.MethodGet, "/user/{userID}/filter/{filterID}", a.authed(a.filter))
}

func (a *API) accountData(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	if err := onlySelf(r, d); err != nil {
		return nil, err
	}
	return a.Accounts.AccountData(r.Context(), d.UserID, web.Var(r, "roomID"), web.Var(r, "type"))
}

func (a *API) setAccountData(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	if err := onlySelf(r, d); err != nil {
		return nil, err
	}
	content, err := a.body(r)
	if err != nil {
		return nil, err
	}
	if content[0] != '{' {
		return nil, web.BadJSON("Account data is a JSON object.")
	}
	if content, err = a.View.FromClient(r.Context(), viewer(d), content); err != nil {
		return nil, err
	}
	return nil, a.Accounts.SetAccountData(r.Context(), d.UserID, web.Var(r, "roomID"), web.Var(r, "type"), content)
}

func (a *API) tags(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	if err := onlySelf(r, d); err != nil {
		return nil, err
	}
	return a.Accounts.Tags(r.Context(), d.UserID, web.Var(r, "roomID"))
}

func (a *API) setTag(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	if err := onlySelf(r, d); err != nil {
		return nil, err
	}
	var content map[string]json.RawMessage
	if err := a.decodeOptional(r, &content); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	return nil, a.Accounts.SetTag(r.Context(), d.UserID, web.Var(r, "roomID"), web.Var(r, "tag"), raw)
}

func (a *API) deleteTag(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	if err := onlySelf(r, d); err != nil {
		return nil, err
	}
	return nil, a.Accounts.DeleteTag(r.Context(), d.UserID, web.Var(r, "roomID"), web.Var(r, "tag"))
}

func (a *API) saveFilter(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	if err := onlySelf(r, d); err != nil {
		return nil, err
	}
	body, err := a.body(r)
	if err != nil {
		return nil, err
	}
	if _, err := sync.ParseFilter(body); err != nil {
		return nil, err
	}
	id, err := a.Accounts.SaveFilter(r.Context(), d.UserID, body)
	if err != nil {
		return nil, err
	}
	return map[string]string{"filter_id": id}, nil
}

func (a *API) filter(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	if err := onlySelf(r, d); err != nil {
		return nil, err
	}
	return a.Accounts.Filter(r.Context(), d.UserID, web.Var(r, "filterID"))
}
