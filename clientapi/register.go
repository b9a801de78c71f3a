package clientapi

import (
	"encoding/json"
	"net/http"

	"medixchange/accounts"
	"medixchange/accounts/uia"
	"medixchange/internal/web"
)

func (a *API) registerRoutes() {
	a.v3(http.MethodPost, "/register", a.byAddress(a.limits.registration, a.register))
	a.v3(http.MethodGet, "/register/available", a.byAddress(a.limits.registration, a.registerAvailable))
	a.v1(http.MethodGet, "/register/m.login.registration_token/validity", a.byAddress(a.limits.registration, a.tokenValidity))
	a.router.Handle(http.MethodGet, "/_synapse/admin/v1/register", a.byAddress(a.limits.registration, a.sharedSecretNonce))
	a.router.Handle(http.MethodPost, "/_synapse/admin/v1/register", a.byAddress(a.limits.registration, a.sharedSecretRegister))
}

type registerRequest struct {
	Username     string `json:"username"`
	Password     string `json:"password"`
	DeviceID     string `json:"device_id"`
	DeviceName   string `json:"initial_device_display_name"`
	InhibitLogin bool   `json:"inhibit_login"`
	Refresh      bool   `json:"refresh_token"`
}

// register answers POST /register (Client-Server API, Account registration). The name is refused before any stage of
// authentication, the token is used up in the same transaction as the account is made.
func (a *API) register(_ http.ResponseWriter, r *http.Request) (any, error) {
	if kind := r.URL.Query().Get("kind"); kind != "" && kind != "user" {
		return nil, accounts.ErrGuests
	}
	flows := a.registrationFlows()
	if len(flows) == 0 {
		return nil, accounts.ErrRegistrationClosed
	}
	// The name and the form are refused before authentication begins; the body stays for it.
	body, err := a.body(r)
	if err != nil {
		return nil, err
	}
	var req registerRequest
	if err := web.Unmarshal(body, &req); err != nil {
		return nil, err
	}
	if req.Username != "" {
		if err := a.Accounts.CheckUsername(r.Context(), req.Username, ""); err != nil {
			return nil, err
		}
	}
	res, err := a.interactiveBody(r, body, "", flows)
	if err != nil {
		return nil, err
	}
	if err := web.Unmarshal(res.Body, &req); err != nil {
		return nil, err
	}
	s, err := a.Accounts.Register(r.Context(), accounts.Registration{
		Localpart: req.Username, Password: req.Password, Token: res.Values[uia.RegistrationToken],
		NoLogin: req.InhibitLogin, DeviceID: req.DeviceID, DeviceName: req.DeviceName, Refresh: req.Refresh,
	})
	if err != nil {
		return nil, err
	}
	return a.session(s), nil
}

// registrationFlows is empty where nobody may register.
func (a *API) registrationFlows() []uia.Flow {
	c := a.Config.Registration
	switch {
	case c.Enabled && !c.RequireToken:
		return []uia.Flow{{uia.Dummy}}
	case c.Enabled, c.RequireToken:
		return []uia.Flow{{uia.RegistrationToken}}
	}
	return nil
}

func (a *API) registerAvailable(_ http.ResponseWriter, r *http.Request) (any, error) {
	name := r.URL.Query().Get("username")
	if name == "" {
		return nil, web.MissingParam("username is missing.")
	}
	if err := a.Accounts.CheckUsername(r.Context(), name, ""); err != nil {
		return nil, err
	}
	return map[string]bool{"available": true}, nil
}

func (a *API) tokenValidity(_ http.ResponseWriter, r *http.Request) (any, error) {
	token := r.URL.Query().Get("token")
	if token == "" {
		return nil, web.MissingParam("token is missing.")
	}
	valid, err := a.Accounts.RegistrationTokenValid(r.Context(), token)
	if err != nil {
		return nil, err
	}
	return map[string]bool{"valid": valid}, nil
}

// sharedSecretNonce and sharedSecretRegister let scripts that know the shared secret make accounts, at the path and in
// the form that such scripts already use.
func (a *API) sharedSecretNonce(http.ResponseWriter, *http.Request) (any, error) {
	if a.Config.Registration.SharedSecret == "" {
		return nil, web.Unrecognized(http.StatusNotFound)
	}
	nonce, err := a.Accounts.RegistrationNonce()
	if err != nil {
		return nil, err
	}
	return map[string]string{"nonce": nonce}, nil
}

func (a *API) sharedSecretRegister(_ http.ResponseWriter, r *http.Request) (any, error) {
	if a.Config.Registration.SharedSecret == "" {
		return nil, web.Unrecognized(http.StatusNotFound)
	}
	var req struct {
		Nonce       string          `json:"nonce"`
		Username    string          `json:"username"`
		Password    string          `json:"password"`
		DisplayName string          `json:"displayname"`
		Admin       bool            `json:"admin"`
		UserType    json.RawMessage `json:"user_type"`
		MAC         string          `json:"mac"`
		Inhibit     bool            `json:"inhibit_login"`
	}
	if err := a.decode(r, &req); err != nil {
		return nil, err
	}
	var userType string
	if len(req.UserType) > 0 && string(req.UserType) != "null" {
		if err := json.Unmarshal(req.UserType, &userType); err != nil {
			return nil, web.BadJSON("user_type must be a string.")
		}
	}
	if err := a.Accounts.CheckRegistrationMAC(req.Nonce, req.Username, req.Password, req.Admin, userType, req.MAC); err != nil {
		return nil, err
	}
	s, err := a.Accounts.Register(r.Context(), accounts.Registration{
		Localpart: req.Username, Password: req.Password, DisplayName: req.DisplayName, Admin: req.Admin, NoLogin: req.Inhibit,
	})
	if err != nil {
		return nil, err
	}
	return a.session(s), nil
}
