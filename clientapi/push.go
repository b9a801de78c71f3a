package clientapi

import (
	"encoding/json"
	"net/http"

	"medixchange/accounts"
	"medixchange/accounts/pushrules"
	"medixchange/internal/web"
)

func (a *API) pushRoutes() {
	a.v3(http.MethodGet, "/pushrules/", a.authed(a.pushRules))
	a.v3(http.MethodGet, "/pushrules", a.authed(a.pushRules))
	a.v3(http.MethodGet, "/pushrules/global/", a.authed(a.globalRules))
	a.v3(http.MethodGet, "/pushrules/global", a.authed(a.globalRules))
	rule := "/pushrules/global/{kind}/{ruleID}"
	a.v3(http.MethodGet, rule, a.authed(a.pushRule))
	a.v3(http.MethodPut, rule, a.limited(a.limits.other, a.putPushRule))
	a.v3(http.MethodDelete, rule, a.limited(a.limits.other, a.deletePushRule))
	a.v3(http.MethodGet, rule+"/enabled", a.authed(a.pushRuleEnabled))
	a.v3(http.MethodPut, rule+"/enabled", a.limited(a.limits.other, a.setPushRuleEnabled))
	a.v3(http.MethodGet, rule+"/actions", a.authed(a.pushRuleActions))
	a.v3(http.MethodPut, rule+"/actions", a.limited(a.limits.other, a.setPushRuleActions))
	a.v3(http.MethodGet, "/pushers", a.authed(a.pushers))
	a.v3(http.MethodPost, "/pushers/set", a.limited(a.limits.other, a.setPusher))
}

func (a *API) pushRules(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	rules, err := a.Accounts.PushRules(r.Context(), d.UserID)
	if err != nil {
		return nil, err
	}
	return pushrules.Format(rules)
}

func (a *API) globalRules(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	return a.Accounts.PushRules(r.Context(), d.UserID)
}

func (a *API) findRule(r *http.Request, d *accounts.Device) (pushrules.Rule, error) {
	rules, err := a.Accounts.PushRules(r.Context(), d.UserID)
	if err != nil {
		return pushrules.Rule{}, err
	}
	rule, err := rules.Find(web.Var(r, "kind"), web.Var(r, "ruleID"))
	if err != nil {
		return rule, web.NotFound("There is no such push rule.").Because(err)
	}
	return rule, nil
}

func (a *API) pushRule(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	return a.findRule(r, d)
}

func (a *API) putPushRule(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body struct {
		Actions    []json.RawMessage     `json:"actions"`
		Conditions []pushrules.Condition `json:"conditions"`
		Pattern    string                `json:"pattern"`
	}
	if err := a.decode(r, &body); err != nil {
		return nil, err
	}
	if body.Actions == nil {
		return nil, web.MissingParam("actions is missing.")
	}
	query := r.URL.Query()
	return nil, a.Accounts.PutPushRule(r.Context(), d.UserID, web.Var(r, "kind"), pushrules.Rule{
		RuleID: web.Var(r, "ruleID"), Enabled: true, Actions: body.Actions, Conditions: body.Conditions, Pattern: body.Pattern,
	}, query.Get("before"), query.Get("after"))
}

func (a *API) deletePushRule(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	return nil, a.Accounts.DeletePushRule(r.Context(), d.UserID, web.Var(r, "kind"), web.Var(r, "ruleID"))
}

func (a *API) pushRuleEnabled(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	rule, err := a.findRule(r, d)
	if err != nil {
		return nil, err
	}
	return map[string]bool{"enabled": rule.Enabled}, nil
}

func (a *API) setPushRuleEnabled(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body struct {
		Enabled *bool `json:"enabled"`
	}
	if err := a.decode(r, &body); err != nil {
		return nil, err
	}
	if body.Enabled == nil {
		return nil, web.MissingParam("enabled is missing.")
	}
	return nil, a.Accounts.SetPushRuleEnabled(r.Context(), d.UserID, web.Var(r, "kind"), web.Var(r, "ruleID"), *body.Enabled)
}

func (a *API) pushRuleActions(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	rule, err := a.findRule(r, d)
	if err != nil {
		return nil, err
	}
	return map[string]any{"actions": rule.Actions}, nil
}

func (a *API) setPushRuleActions(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body struct {
		Actions []json.RawMessage `json:"actions"`
	}
	if err := a.decode(r, &body); err != nil {
		return nil, err
	}
	if body.Actions == nil {
		return nil, web.MissingParam("actions is missing.")
	}
	return nil, a.Accounts.SetPushRuleActions(r.Context(), d.UserID, web.Var(r, "kind"), web.Var(r, "ruleID"), body.Actions)
}

func (a *API) pushers(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	list, err := a.Accounts.Pushers(r.Context(), d.UserID)
	if err != nil {
		return nil, err
	}
	if list == nil {
		list = []*accounts.Pusher{}
	}
	return map[string]any{"pushers": list}, nil
}

// setPusher answers POST /pushers/set; kind null removes the pusher.
func (a *API) setPusher(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body struct {
		accounts.Pusher
		Kind   *string `json:"kind"`
		Append bool    `json:"append"`
	}
	if err := a.decode(r, &body); err != nil {
		return nil, err
	}
	if body.Kind == nil {
		return nil, a.Accounts.DeletePusher(r.Context(), d.UserID, body.AppID, body.PushKey)
	}
	body.Pusher.Kind = *body.Kind
	return nil, a.Accounts.SetPusher(r.Context(), d, body.Pusher, body.Append)
}
