package clientapi

import (
	"net/http"

	"medixchange/accounts"
	"medixchange/internal/web"
)

func (a *API) accountRoutes() {
	a.v3(http.MethodGet, "/account/whoami", a.authed(a.whoami))
	a.v3(http.MethodPost, "/account/password", a.limited(a.limits.login, a.changePassword))
	a.v3(http.MethodPost, "/account/deactivate", a.limited(a.limits.login, a.deactivate))
	a.v3(http.MethodGet, "/account/3pid", a.authed(a.thirdPartyIDs))
	a.v3(http.MethodPost, "/user/{userID}/openid/request_token", a.authed(a.openIDToken))
}

func (a *API) whoami(_ http.ResponseWriter, _ *http.Request, d *accounts.Device) (any, error) {
	out := map[string]any{"user_id": d.UserID, "is_guest": false}
	if d.DeviceID != "" {
		out["device_id"] = d.DeviceID
	}
	return out, nil
}

func (a *API) changePassword(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	body, err := a.reauthenticate(r, d)
	if err != nil {
		return nil, err
	}
	var req struct {
		Password string `json:"new_password"`
		Logout   *bool  `json:"logout_devices"`
	}
	if err := web.Unmarshal(body, &req); err != nil {
		return nil, err
	}
	logout := req.Logout == nil || *req.Logout
	return nil, a.Accounts.ChangePassword(r.Context(), d.UserID, req.Password, logout, d.DeviceID)
}

func (a *API) deactivate(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	body, err := a.reauthenticate(r, d)
	if err != nil {
		return nil, err
	}
	var req struct {
		Erase bool `json:"erase"`
	}
	if err := web.Unmarshal(body, &req); err != nil {
		return nil, err
	}
	if err := a.Accounts.Deactivate(r.Context(), d.UserID, req.Erase); err != nil {
		return nil, err
	}
	return map[string]string{"id_server_unbind_result": "no-support"}, nil
}

// thirdPartyIDs is always empty: this node binds no e-mail addresses or phone numbers.
func (a *API) thirdPartyIDs(http.ResponseWriter, *http.Request, *accounts.Device) (any, error) {
	return map[string]any{"threepids": []struct{}{}}, nil
}

func (a *API) openIDToken(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	if err := onlySelf(r, d); err != nil {
		return nil, err
	}
	token, lifetime, err := a.Accounts.OpenIDToken(r.Context(), d.UserID, d.DeviceID)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"access_token": token, "token_type": "Bearer",
		"matrix_server_name": a.Accounts.ServerName(), "expires_in": int(lifetime.Seconds()),
	}, nil
}
