package clientapi

import (
	"encoding/json"
	"errors"
	"net/http"

	"medixchange/accounts"
	"medixchange/accounts/uia"
	"medixchange/internal/web"
)

// decode reads a request's JSON object.
func (a *API) decode(r *http.Request, v any) error {
	return web.Decode(r, v, int64(a.Config.Limits.MaxBody))
}

// decodeOptional is decode for requests whose body may be left out.
func (a *API) decodeOptional(r *http.Request, v any) error {
	return web.DecodeOptional(r, v, int64(a.Config.Limits.MaxBody))
}

// body reads a request's JSON as it is.
func (a *API) body(r *http.Request) (json.RawMessage, error) {
	return web.ReadJSON(r, int64(a.Config.Limits.MaxBody))
}

// reauthenticate asks for the user's password, or for the login service's word, before what a stolen token must not do, by user-interactive authentication and returns the request's body
// (Client-Server API, User-Interactive Authentication).
func (a *API) reauthenticate(r *http.Request, d *accounts.Device) (json.RawMessage, error) {
	flows, err := a.Accounts.ConfirmFlows(r.Context(), d.UserID)
	if err != nil {
		return nil, err
	}
	res, err := a.interactive(r, d.UserID, flows)
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}

// interactive runs one step of user-interactive authentication. While it is not finished the error is the 401 that
// tells the client how to go on.
func (a *API) interactive(r *http.Request, userID string, flows []uia.Flow) (*uia.Result, error) {
	var body json.RawMessage // a DELETE may come without one
	if err := a.decodeOptional(r, &body); err != nil {
		return nil, err
	}
	if body == nil {
		body = json.RawMessage("{}")
	}
	return a.interactiveBody(r, body, userID, flows)
}

// interactiveBody is interactive for a body that was read already.
func (a *API) interactiveBody(r *http.Request, body json.RawMessage, userID string, flows []uia.Flow) (*uia.Result, error) {
	res, err := a.Accounts.Require(r.Context(), uia.Request{
		Body: body, Operation: r.Method + " " + r.URL.Path, UserID: userID,
	}, flows)
	var challenge *uia.Challenge
	if errors.As(err, &challenge) {
		return nil, challengeError(challenge)
	}
	return res, err
}

// challengeError puts a challenge into the form of an error answer: status 401, with errcode only after a failed attempt.
func challengeError(c *uia.Challenge) error {
	e := &web.Error{Status: http.StatusUnauthorized, Extra: map[string]any{}}
	for k, v := range c.Body() {
		switch k {
		case "errcode":
			e.Code, _ = v.(string)
		case "error":
			e.Message, _ = v.(string)
		default:
			e.Extra[k] = v
		}
	}
	return e
}
