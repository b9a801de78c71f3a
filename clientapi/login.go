package clientapi

import (
	"encoding/json"
	"net/http"

	"medixchange/accounts"
	"medixchange/internal/web"
)

func (a *API) loginRoutes() {
	a.v3(http.MethodGet, "/login", a.loginFlows)
	a.v3(http.MethodPost, "/login", a.byAddress(a.limits.login, a.login))
	a.v1(http.MethodPost, "/login/get_token", a.limited(a.limits.login, a.loginToken))
	a.v3(http.MethodPost, "/refresh", a.byAddress(a.limits.login, a.refresh))
	a.v3(http.MethodPost, "/logout", a.evenLocked(a.logout))
	a.v3(http.MethodPost, "/logout/all", a.evenLocked(a.logoutAll))
}

func (a *API) loginFlows(http.ResponseWriter, *http.Request) (any, error) {
	flows := []map[string]any{
		{"type": "m.login.password"},
		{"type": "m.login.token", "get_login_token": true},
	}
	if len(a.SSO) > 0 {
		flows = append(flows, map[string]any{"type": "m.login.sso", "identity_providers": a.identityProviders()})
	}
	return map[string]any{"flows": flows}, nil
}

// login answers POST /login (Client-Server API, Login).
func (a *API) login(_ http.ResponseWriter, r *http.Request) (any, error) {
	var req struct {
		Type       string          `json:"type"`
		Identifier json.RawMessage `json:"identifier"`
		User       string          `json:"user"`
		Password   string          `json:"password"`
		Token      string          `json:"token"`
		DeviceID   string          `json:"device_id"`
		DeviceName string          `json:"initial_device_display_name"`
		Refresh    bool            `json:"refresh_token"`
	}
	if err := a.decode(r, &req); err != nil {
		return nil, err
	}
	s, err := a.Accounts.Login(r.Context(), accounts.LoginRequest{
		Type: req.Type, Identifier: req.Identifier, User: req.User, Password: req.Password, Token: req.Token,
		DeviceID: req.DeviceID, DeviceName: req.DeviceName, Refresh: req.Refresh,
	})
	if err != nil {
		return nil, err
	}
	return a.session(s), nil
}

// session is the answer of login and register.
func (a *API) session(s *accounts.Session) map[string]any {
	out := map[string]any{"user_id": s.UserID, "home_server": a.Accounts.ServerName()}
	if s.AccessToken != "" {
		out["access_token"] = s.AccessToken
		out["device_id"] = s.DeviceID
	}
	if a.Config.PublicBaseURL != "" {
		out["well_known"] = map[string]any{"m.homeserver": map[string]string{"base_url": a.Config.PublicBaseURL}}
	}
	addLifetime(out, s)
	return out
}

func addLifetime(out map[string]any, s *accounts.Session) {
	if s.RefreshToken != "" {
		out["refresh_token"] = s.RefreshToken
	}
	if s.ExpiresIn > 0 {
		out["expires_in_ms"] = s.ExpiresIn.Milliseconds()
	}
}

// loginToken answers POST /login/get_token: after authenticating once more, a token that logs another device in.
func (a *API) loginToken(w http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	if _, err := a.reauthenticate(r, d); err != nil {
		return nil, err
	}
	token, lifetime, err := a.Accounts.CreateLoginToken(r.Context(), d.UserID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"login_token": token, "expires_in_ms": lifetime.Milliseconds()}, nil
}

func (a *API) refresh(_ http.ResponseWriter, r *http.Request) (any, error) {
	var req struct {
		Token string `json:"refresh_token"`
	}
	if err := a.decode(r, &req); err != nil {
		return nil, err
	}
	if req.Token == "" {
		return nil, web.MissingParam("refresh_token is missing.")
	}
	s, err := a.Accounts.Refresh(r.Context(), req.Token)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"access_token": s.AccessToken}
	addLifetime(out, s)
	return out, nil
}

func (a *API) logout(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	return nil, a.Accounts.Logout(r.Context(), d)
}

func (a *API) logoutAll(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	return nil, a.Accounts.LogoutAll(r.Context(), d.UserID)
}
