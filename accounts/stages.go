package accounts

import (
	"context"
	"encoding/json"
	"errors"

	"medixchange/accounts/uia"
)

// Require is uia.Sessions.Require with the errors of this package: nil when the authentication is done, *uia.Challenge for
// a 401 with its Body, else an *Error.
func (a *Accounts) Require(ctx context.Context, r uia.Request, flows []uia.Flow) (*uia.Result, error) {
	result, err := a.UIA.Require(ctx, r, flows)
	switch {
	case errors.Is(err, uia.ErrChanged):
		return nil, ErrForbidden.says("The request changed during its authentication")
	case errors.Is(err, uia.ErrMalformed):
		return nil, ErrBadJSON.says("Malformed authentication data")
	}
	return result, err
}

// stages are the checks of user-interactive authentication that this node knows.
func (a *Accounts) stages() map[string]uia.Stage {
	return map[string]uia.Stage{
		uia.Password:          a.passwordStage,
		uia.Dummy:             func(context.Context, uia.Attempt) (string, error) { return "", nil },
		uia.RegistrationToken: a.registrationTokenStage,
		uia.SSO:               ssoStage,
		uia.Terms:             func(context.Context, uia.Attempt) (string, error) { return "", nil },
	}
}

// ssoStage is done in a browser, see uia.Sessions.Complete.
func ssoStage(context.Context, uia.Attempt) (string, error) {
	return "", &uia.Refusal{Code: "M_UNAUTHORIZED", Message: "Log in by your login service in the browser first"}
}

// passwordStage takes the password of the user who is logged in.
func (a *Accounts) passwordStage(ctx context.Context, attempt uia.Attempt) (string, error) {
	var auth struct {
		Identifier json.RawMessage `json:"identifier"`
		User       string          `json:"user"`
		Password   string          `json:"password"`
	}
	if err := json.Unmarshal(attempt.Auth, &auth); err != nil {
		return "", ErrBadJSON.says("Malformed auth")
	}
	userID, err := a.readIdentifier(auth.Identifier, auth.User)
	if err == nil && attempt.UserID != "" && userID != attempt.UserID {
		return "", ErrForbidden.says("This is not the user who is logged in") // another password would not help
	}
	if err == nil {
		err = a.CheckPassword(ctx, userID, auth.Password)
	}
	return userID, refusal(err)
}

// refusal turns an error of this package into one that is part of the challenge.
func refusal(err error) error {
	if err == nil {
		return nil
	}
	if kind := kindOf(err); kind != nil {
		return &uia.Refusal{Code: kind.Code, Message: kind.Message}
	}
	return err
}

func (a *Accounts) registrationTokenStage(ctx context.Context, attempt uia.Attempt) (string, error) {
	var auth struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(attempt.Auth, &auth); err != nil {
		return "", ErrBadJSON.says("Malformed auth")
	}
	valid, err := a.RegistrationTokenValid(ctx, auth.Token)
	if err != nil {
		return "", err
	}
	if !valid {
		return "", &uia.Refusal{Code: "M_UNAUTHORIZED", Message: "This registration token is not valid"}
	}
	return auth.Token, nil
}

// RegistrationFlows are the flows of POST /register; ErrRegistrationClosed where nobody may register.
func (a *Accounts) RegistrationFlows() ([]uia.Flow, error) {
	var flow uia.Flow
	switch {
	case a.o.TokenRegistration:
		flow = uia.Flow{uia.RegistrationToken}
	case a.o.OpenRegistration && len(a.o.Terms) == 0:
		flow = uia.Flow{uia.Dummy}
	case !a.o.OpenRegistration:
		return nil, ErrRegistrationClosed
	}
	if len(a.o.Terms) > 0 {
		flow = append(flow, uia.Terms)
	}
	return []uia.Flow{flow}, nil
}

// uiaParams are the params of the stages.
func (o Options) uiaParams() map[string]json.RawMessage {
	if len(o.Terms) == 0 {
		return nil
	}
	return map[string]json.RawMessage{uia.Terms: o.Terms}
}
