package pagelogin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/internal/web"
)

// Prefix is where the login's own pages are.
const Prefix = "/_medix/login"

// Lifetime of a login, after which people are asked again.
const Lifetime = 12 * time.Hour

const (
	sessionCookie = "medix_session"
	stateCookie   = "medix_login"
	devicePrefix  = "PAGES_" // of the ids of devices that are logins here
	deviceName    = "Pages of the hospital"
)

// Service is a login service that people may come by.
type Service struct{ ID, Name string }

// Options of a Login.
type Options struct {
	Accounts *accounts.Accounts
	// BaseURL is the address that browsers know the node by, without a slash at the end; "" where the config names none.
	BaseURL  string
	Services []Service
	// ClientIP gives the address that a request came from.
	ClientIP func(r *http.Request) string
	// Limit refuses who tries too often, with an error; nil lets everybody try.
	Limit func(r *http.Request) error
	Log   *logrus.Entry
	Now   func() time.Time
}

// Login knows who is behind a request. It is safe for concurrent use.
type Login struct{ o Options }

// New makes a Login. It reads nothing yet.
func New(o Options) *Login {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	return &Login{o}
}

// Device gives the device behind a request: by access token, or by the cookie of a page. Requests that carry the cookie and
// change something must come from the node's own pages. Errors: M_MISSING_TOKEN, M_UNKNOWN_TOKEN, M_FORBIDDEN.
func (l *Login) Device(r *http.Request) (*accounts.Device, error) {
	if token, ok := web.AccessToken(r); ok {
		return l.authenticate(r, token)
	}
	cookie, err := r.Cookie(sessionCookie)
	if err != nil || cookie.Value == "" {
		return nil, web.MissingToken()
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		if err := l.SameOrigin(r); err != nil {
			return nil, err
		}
	}
	return l.authenticate(r, cookie.Value)
}

func (l *Login) authenticate(r *http.Request, token string) (*accounts.Device, error) {
	device, err := l.o.Accounts.Authenticate(r.Context(), token)
	var unknown *accounts.UnknownToken
	switch {
	case errors.As(err, &unknown):
		return nil, web.UnknownToken(unknown.SoftLogout).Because(err)
	case errors.Is(err, accounts.ErrLocked):
		return nil, web.Unauthorized("This account is locked. Ask your IT department.")
	case err != nil:
		return nil, err
	}
	l.o.Accounts.Seen(device, l.o.ClientIP(r), r.UserAgent())
	return device, nil
}

// Page gives the device of the person who asks for a page. Where nobody is logged in it answers itself, by sending the
// browser to the form and back here afterwards, and gives false.
func (l *Login) Page(w http.ResponseWriter, r *http.Request) (*accounts.Device, bool) {
	device, err := l.Device(r)
	if err == nil {
		return device, true
	}
	asks := r.Method == http.MethodGet || r.Method == http.MethodHead
	if asks && (web.IsCode(err, "M_MISSING_TOKEN") || web.IsCode(err, "M_UNKNOWN_TOKEN")) {
		http.Redirect(w, r, Prefix+"?to="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		return nil, false
	}
	web.WriteError(w, err)
	return nil, false
}

// SameOrigin refuses a request that another site made a browser send (M_FORBIDDEN).
func (l *Login) SameOrigin(r *http.Request) error {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return nil
	case "":
		if l.own(r, r.Header.Get("Origin")) {
			return nil
		}
	}
	return web.Forbidden("This must be sent from the pages of this node.")
}

// own reports whether an origin is this node, as the browser knows it.
func (l *Login) own(r *http.Request, origin string) bool {
	if origin == "" {
		return false
	}
	if origin == l.o.BaseURL {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && u.Host == r.Host
}

// forget deletes the devices of a user's logins that have ended, so that they do not gather in the list of sessions.
func (l *Login) forget(ctx context.Context, userID string) error {
	devices, err := l.o.Accounts.Devices(ctx, userID)
	if err != nil {
		return err
	}
	var ended []string
	for _, d := range devices {
		if strings.HasPrefix(d.DeviceID, devicePrefix) && d.LastSeenTS > 0 && l.o.Now().Sub(time.UnixMilli(d.LastSeenTS)) > Lifetime {
			ended = append(ended, d.DeviceID)
		}
	}
	if len(ended) == 0 {
		return nil
	}
	return l.o.Accounts.DeleteDevices(ctx, userID, ended)
}
