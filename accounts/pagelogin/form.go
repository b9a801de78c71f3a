package pagelogin

import (
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"medixchange/accounts"
	"medixchange/internal/markup"
	"medixchange/internal/web"
)

//go:embed strings/*.yaml
var wordFiles embed.FS

//go:embed login.css
var style string

var catalogue = markup.NewCatalogue(wordFiles, "strings")

const (
	maxForm  = 16 << 10
	maxWay   = 4 << 10 // of an address to go on to, in bytes
	backPath = Prefix + "/back"
)

// Handler serves the form, the way back from login services, and logging out.
func (l *Login) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Prefix, l.ask)
	mux.HandleFunc("POST "+Prefix, l.enter)
	mux.HandleFunc("GET "+backPath, l.back)
	mux.HandleFunc("GET "+Prefix+"/token", l.token)
	mux.HandleFunc("POST "+Prefix+"/out", l.leave)
	mux.HandleFunc("GET "+Prefix+"/login.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "public, max-age=3600")
		_, _ = w.Write([]byte(style))
	})
	return mux
}

// way is where somebody goes after the login: a path of this node, never another site.
func way(asked string) string {
	u, err := url.Parse(asked)
	if err != nil || len(asked) > maxWay || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(u.Path, "/") ||
		strings.HasPrefix(asked, "//") || strings.ContainsAny(asked, "\\\r\n\t") {
		return "/"
	}
	return u.RequestURI()
}

func (l *Login) ask(w http.ResponseWriter, r *http.Request) {
	l.form(w, r, http.StatusOK, way(r.URL.Query().Get("to")), "")
}

// form shows the form; trouble is the key of what went wrong, "" nothing.
func (l *Login) form(w http.ResponseWriter, r *http.Request, status int, to, trouble string) {
	words := catalogue.For(r)
	var b markup.Builder
	b.Put(`<!DOCTYPE html><html lang="%s" dir="%s"><head><meta charset="utf-8">`, words.Tag, words.Dir())
	b.Put(`<meta name="viewport" content="width=device-width, initial-scale=1"><title>%s</title>`, words.Text("title"))
	b.Put(`<link rel="stylesheet" href="%s/login.css"></head><body><main><h1>%s</h1>`+"\n", Prefix, words.Text("title"))
	b.Put(`<p><bdi>%s</bdi></p>`, l.o.Accounts.ServerName())
	if trouble != "" {
		b.Put(`<p class="trouble" role="alert">%s</p>`, words.Text(trouble))
	}
	b.Put(`<form method="post" action="%s"><input type="hidden" name="to" value="%s">`, Prefix, to)
	b.Put(`<label for="user">%s</label><input id="user" name="user" dir="ltr" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="255">`, words.Text("user"))
	b.Put(`<label for="password">%s</label><input id="password" name="password" type="password" autocomplete="current-password" required maxlength="512">`, words.Text("password"))
	b.Put(`<button type="submit">%s</button></form>`+"\n", words.Text("enter"))
	if len(l.o.Services) > 0 && l.o.BaseURL != "" {
		state := l.begin(w)
		back := l.o.BaseURL + backPath + "?" + url.Values{"state": {state}, "to": {to}}.Encode()
		for _, s := range l.o.Services {
			b.Put(`<p><a class="go" href="/_matrix/client/v3/login/sso/redirect/%s?redirectUrl=%s">%s</a></p>`,
				url.PathEscape(s.ID), url.QueryEscape(back), words.Text("service", "name", s.Name))
		}
	}
	b.Put(`</main></body></html>` + "\n")
	markup.Serve(w, status, markup.Strict, b.HTML())
}

// begin notes in the browser that it went to a login service, so that nobody is logged in by a link that somebody else sent.
func (l *Login) begin(w http.ResponseWriter) string {
	state := rand.Text()
	http.SetCookie(w, l.cookie(stateCookie, state, Prefix))
	return state
}

func (l *Login) cookie(name, value, path string) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: path, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(l.o.BaseURL, "https://"), MaxAge: int(Lifetime.Seconds()),
	}
}

func (l *Login) enter(w http.ResponseWriter, r *http.Request) {
	if err := l.SameOrigin(r); err != nil {
		web.WriteError(w, err)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		web.WriteError(w, web.InvalidParam("The form cannot be read: it is too long or broken.").Because(err))
		return
	}
	to := way(r.PostForm.Get("to"))
	l.logIn(w, r, to, accounts.LoginRequest{
		Type: accounts.LoginPassword, User: strings.TrimSpace(r.PostForm.Get("user")), Password: r.PostForm.Get("password"),
	})
}

// back takes somebody who comes from a login service with a login token.
func (l *Login) back(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	to := way(query.Get("to"))
	state, err := r.Cookie(stateCookie)
	if err != nil || subtle.ConstantTimeCompare([]byte(state.Value), []byte(query.Get("state"))) != 1 {
		l.form(w, r, http.StatusForbidden, to, "again")
		return
	}
	l.logIn(w, r, to, accounts.LoginRequest{Type: accounts.LoginToken, Token: query.Get("loginToken")})
}

func (l *Login) logIn(w http.ResponseWriter, r *http.Request, to string, who accounts.LoginRequest) {
	if l.o.Limit != nil {
		if err := l.o.Limit(r); err != nil {
			l.form(w, r, http.StatusTooManyRequests, to, "slow")
			return
		}
	}
	who.DeviceID, who.DeviceName, who.Lifetime = devicePrefix+rand.Text(), deviceName, Lifetime
	session, err := l.o.Accounts.Login(r.Context(), who)
	if refused(err) {
		l.form(w, r, http.StatusForbidden, to, "wrong")
		return
	}
	if err != nil {
		l.o.Log.WithError(err).Error("logging in to the pages failed")
		l.form(w, r, http.StatusInternalServerError, to, "again")
		return
	}
	if err := l.forget(r.Context(), session.UserID); err != nil {
		l.o.Log.WithError(err).Warn("logins that have ended were not tidied away")
	}
	http.SetCookie(w, l.cookie(sessionCookie, session.AccessToken, "/"))
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// refused reports whether a login failed by what the person gave.
func refused(err error) bool {
	for _, known := range []error{
		accounts.ErrWrongCredentials, accounts.ErrDeactivated, accounts.ErrForbidden, accounts.ErrMissingParam, accounts.ErrInvalidParam, accounts.ErrUnknownToken,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// token gives the script of a page the access token that its cookie holds, so that it can use the Client-Server API.
func (l *Login) token(w http.ResponseWriter, r *http.Request) {
	if err := l.SameOrigin(r); err != nil {
		web.WriteError(w, err)
		return
	}
	device, err := l.Device(r)
	if err != nil {
		web.WriteError(w, err)
		return
	}
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		web.WriteError(w, web.MissingToken())
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	_ = web.WriteJSON(w, http.StatusOK, map[string]string{
		"user_id": device.UserID, "device_id": device.DeviceID, "access_token": cookie.Value,
	})
}

func (l *Login) leave(w http.ResponseWriter, r *http.Request) {
	device, err := l.Device(r)
	if err != nil {
		web.WriteError(w, err)
		return
	}
	if strings.HasPrefix(device.DeviceID, devicePrefix) {
		if err := l.o.Accounts.Logout(r.Context(), device); err != nil {
			web.WriteError(w, err)
			return
		}
	}
	gone := l.cookie(sessionCookie, "", "/")
	gone.MaxAge = -1
	http.SetCookie(w, gone)
	http.Redirect(w, r, Prefix, http.StatusSeeOther)
}
