package clientapi

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"medixchange/accounts"
	"medixchange/accounts/sso"
	"medixchange/accounts/uia"
	"medixchange/internal/web"
)

// SSOCallback is where login services send browsers back to, under the node's public address.
const SSOCallback = "/_matrix/client/unstable/org.medixchange/sso/callback"

// ssoCookie binds a visit to the browser that began it.
const ssoCookie = "medix_sso"

// ssoRoutes are those of single sign-on (Client-Server API, SSO client login/authentication) and of its stage in
// user-interactive authentication (Fallback).
func (a *API) ssoRoutes() {
	if len(a.SSO) == 0 {
		return
	}
	for _, version := range []string{"v3", "r0"} {
		at := "/_matrix/client/" + version
		a.page(at+"/login/sso/redirect", a.ssoRedirect)
		a.page(at+"/login/sso/redirect/{idpId}", a.ssoRedirect)
		a.page(at+"/auth/m.login.sso/fallback/web", a.ssoFallback)
	}
	a.page(SSOCallback, a.ssoCallback)
}

// page registers what browsers ask for themselves.
func (a *API) page(path string, h func(w http.ResponseWriter, r *http.Request)) {
	a.router.HandleHTTP(http.MethodGet, path, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.limits.login.Check(a.clientIP(r)); err != nil {
			web.WriteError(w, err)
			return
		}
		h(w, r)
	}))
}

func (a *API) identityProviders() []map[string]string {
	list := make([]map[string]string, 0, len(a.SSO))
	for _, p := range a.SSO {
		entry := map[string]string{"id": p.ID, "name": p.Name}
		if p.Brand != "" {
			entry["brand"] = p.Brand
		}
		list = append(list, entry)
	}
	return list
}

func (a *API) provider(id string) *sso.Provider {
	for _, p := range a.SSO {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// ssoRedirect sends a browser to the login service, or lets the person choose one.
func (a *API) ssoRedirect(w http.ResponseWriter, r *http.Request) {
	target := r.URL.Query().Get("redirectUrl")
	if !goodRedirect(target) {
		web.WriteError(w, web.InvalidParam("redirectUrl must be the address of a client."))
		return
	}
	id := web.Var(r, "idpId")
	if id == "" && len(a.SSO) == 1 {
		id = a.SSO[0].ID
	}
	if id == "" {
		a.chooseProvider(w, r, target)
		return
	}
	p := a.provider(id)
	if p == nil {
		web.WriteError(w, web.NotFound("There is no such login service."))
		return
	}
	a.sendOn(w, r, p, sso.Visit{Provider: p.ID, Redirect: target}, false)
}

func (a *API) chooseProvider(w http.ResponseWriter, r *http.Request, target string) {
	a.show(w, r, http.StatusOK, func(page *signOnPage, say func(string) string) {
		page.Title = say("choose")
		for _, p := range a.SSO {
			at := "/_matrix/client/v3/login/sso/redirect/" + url.PathEscape(p.ID) + "?redirectUrl=" + url.QueryEscape(target)
			page.Choices = append(page.Choices, signOnChoice{p.Name, at})
		}
	})
}

// ssoFallback sends the browser of somebody who is to confirm something to the login service.
func (a *API) ssoFallback(w http.ResponseWriter, r *http.Request) {
	session := r.URL.Query().Get("session")
	if _, ok := a.Accounts.UIA.Owner(session); !ok {
		a.signOnFailed(w, r, http.StatusBadRequest, "unknown")
		return
	}
	// One service is enough to confirm with; a person who has another is told so at the end.
	p := a.SSO[0]
	if chosen := a.provider(r.URL.Query().Get("idp")); chosen != nil {
		p = chosen
	}
	a.sendOn(w, r, p, sso.Visit{Provider: p.ID, Session: session}, true)
}

func (a *API) sendOn(w http.ResponseWriter, r *http.Request, p *sso.Provider, visit sso.Visit, again bool) {
	cookie := ""
	if c, err := r.Cookie(ssoCookie); err == nil {
		cookie = c.Value
	}
	begun := a.visits.Begin(visit, cookie)
	there, err := p.Begin(r.Context(), begun, again)
	if err != nil {
		a.Log.WithError(err).WithField("provider", p.ID).Warn("the login service does not answer")
		a.signOnFailed(w, r, http.StatusBadGateway, "away")
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: ssoCookie, Value: begun.Cookie, Path: "/_matrix/client/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(a.Config.PublicBaseURL, "https://"),
	})
	http.Redirect(w, r, there, http.StatusFound)
}

// ssoCallback takes a browser that comes back.
func (a *API) ssoCallback(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	cookie := ""
	if c, err := r.Cookie(ssoCookie); err == nil {
		cookie = c.Value
	}
	visit := a.visits.Take(query.Get("state"), cookie)
	if visit == nil {
		a.signOnFailed(w, r, http.StatusBadRequest, "unknown")
		return
	}
	if query.Get("error") != "" || query.Get("code") == "" {
		a.signOnFailed(w, r, http.StatusForbidden, "again")
		return
	}
	p := a.provider(visit.Provider)
	who, err := p.Finish(r.Context(), visit, query.Get("code"))
	if err != nil {
		a.Log.WithError(err).WithField("provider", p.ID).Warn("signing on failed")
		status, key := http.StatusForbidden, "again"
		if errors.Is(err, sso.ErrUnreachable) {
			status, key = http.StatusBadGateway, "away"
		}
		a.signOnFailed(w, r, status, key)
		return
	}
	if visit.Session != "" {
		a.confirmed(w, r, visit, who)
		return
	}
	a.signedOn(w, r, visit, who)
}

// confirmed marks the stage of user-interactive authentication as done, if it is the right person who came back.
func (a *API) confirmed(w http.ResponseWriter, r *http.Request, visit *sso.Visit, who sso.Identity) {
	owner, ok := a.Accounts.UIA.Owner(visit.Session)
	if !ok {
		a.signOnFailed(w, r, http.StatusBadRequest, "unknown")
		return
	}
	same, err := a.Accounts.SignsOnAs(r.Context(), who, owner)
	if err != nil {
		a.signOnBroke(w, r, err)
		return
	}
	if !same || !a.Accounts.UIA.Complete(visit.Session, owner, uia.SSO) {
		a.signOnFailed(w, r, http.StatusForbidden, "again")
		return
	}
	a.show(w, r, http.StatusOK, func(page *signOnPage, say func(string) string) {
		page.Title, page.Lines, page.User = say("title"), []string{say("done")}, owner
	})
}

// signedOn gives the client a login token: at once to one that the administrator trusts, else after the person has seen whom
// they log in as, and where.
func (a *API) signedOn(w http.ResponseWriter, r *http.Request, visit *sso.Visit, who sso.Identity) {
	link := false
	for _, p := range a.Config.SSO.Providers {
		link = link || p.ID == who.Provider && p.LinkExisting
	}
	userID, err := a.Accounts.SignOn(r.Context(), who, link)
	switch {
	case errors.Is(err, accounts.ErrUserInUse), errors.Is(err, accounts.ErrExclusive), errors.Is(err, accounts.ErrInvalidUsername):
		a.signOnFailed(w, r, http.StatusConflict, "taken")
		return
	case errors.Is(err, accounts.ErrDeactivated):
		a.signOnFailed(w, r, http.StatusForbidden, "again")
		return
	case err != nil:
		a.signOnBroke(w, r, err)
		return
	}
	token, _, err := a.Accounts.CreateLoginToken(r.Context(), userID)
	if err != nil {
		a.signOnBroke(w, r, err)
		return
	}
	target, host := withLoginToken(visit.Redirect, token)
	if a.trusted(visit.Redirect) {
		http.Redirect(w, r, target, http.StatusFound)
		return
	}
	a.show(w, r, http.StatusOK, func(page *signOnPage, say func(string) string) {
		page.Title, page.User, page.To, page.Host = say("title"), userID, say("to"), host
		page.Go, page.Button, page.Hint = target, say("button"), say("hint")
	})
}

func (a *API) signOnBroke(w http.ResponseWriter, r *http.Request, err error) {
	a.Log.WithError(err).Error("signing on broke")
	a.signOnFailed(w, r, http.StatusInternalServerError, "again")
}

func (a *API) signOnFailed(w http.ResponseWriter, r *http.Request, status int, key string) {
	a.show(w, r, status, func(page *signOnPage, say func(string) string) {
		page.Title, page.Lines = say("failed"), []string{say(key)}
	})
}

// neverRedirect are schemes by which a link does something else than open a client.
var neverRedirect = map[string]bool{
	"": true, "javascript": true, "data": true, "vbscript": true, "file": true, "blob": true, "about": true, "filesystem": true,
	"view-source": true, "ws": true, "wss": true, "mailto": true, "tel": true, "sms": true,
}

const maxRedirect = 4 << 10

// goodRedirect reports whether a login token may be given to an address: that of a web client, or of an app by its own scheme.
func goodRedirect(target string) bool {
	if target == "" || len(target) > maxRedirect {
		return false
	}
	for _, c := range target {
		if c <= ' ' || c == 0x7f {
			return false
		}
	}
	u, err := url.Parse(target)
	if err != nil || neverRedirect[strings.ToLower(u.Scheme)] || u.User != nil {
		return false
	}
	return u.Host != "" || u.Scheme != "http" && u.Scheme != "https"
}

// withLoginToken adds the token to a client's address and names the place for people. What stands in its fragment stays there.
func withLoginToken(target, token string) (address, host string) {
	u, err := url.Parse(target)
	if err != nil {
		return "", "" // goodRedirect has parsed it
	}
	query := u.Query()
	query.Set("loginToken", token)
	u.RawQuery = query.Encode()
	if host = u.Host; host == "" || u.Scheme != "https" {
		host = fmt.Sprintf("%s:%s", u.Scheme, u.Host)
	}
	return u.String(), host
}

// trusted reports whether the administrator trusts a client. The beginning must end where a part of the address ends, so that
// https://app.example does not stand for https://app.example.evil.example.
func (a *API) trusted(target string) bool {
	for _, beginning := range a.Config.SSO.TrustedClients {
		rest, ok := strings.CutPrefix(target, beginning)
		if ok && (rest == "" || strings.HasSuffix(beginning, "/") || strings.ContainsAny(rest[:1], "/?#")) {
			return true
		}
	}
	return false
}
