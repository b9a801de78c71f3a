package clientapi

import (
	"errors"
	"net/http"

	"medixchange/accounts"
	"medixchange/internal/web"
	"medixchange/rooms/view"
)

// userHandler answers a request of a device that is logged in.
type userHandler func(w http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error)

// authed makes h ask for a valid access token first (Client-Server API, Using access tokens).
func (a *API) authed(h userHandler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) (any, error) {
		d, err := a.device(r)
		if err != nil {
			return nil, err
		}
		return h(w, r, d)
	}
}

// limited is authed with a rate limit for each user.
func (a *API) limited(l *web.Limiter, h userHandler) web.Handler {
	return a.authed(func(w http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
		if a.Unlimited != nil && a.Unlimited(d.UserID) {
			return h(w, r, d)
		}
		if err := l.Check(d.UserID); err != nil {
			return nil, err
		}
		return h(w, r, d)
	})
}

// byAddress limits a request without a login for each client address.
func (a *API) byAddress(l *web.Limiter, h web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) (any, error) {
		if err := l.Check(a.clientIP(r)); err != nil {
			return nil, err
		}
		return h(w, r)
	}
}

// writing makes h refuse users who are suspended (Client-Server API, Account suspension).
func writing(h userHandler) userHandler {
	return func(w http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
		if d.Suspended {
			return nil, accounts.ErrSuspended
		}
		return h(w, r, d)
	}
}

// evenLocked is authed also for users who are locked out, who may do nothing else than log out (Client-Server API, Account
// locking).
func (a *API) evenLocked(h userHandler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) (any, error) {
		d, err := a.device(r)
		if err != nil && !(errors.Is(err, accounts.ErrLocked) && d != nil) {
			return nil, err
		}
		return h(w, r, d)
	}
}

// device returns the device of the request's access token; with accounts.ErrLocked that of a user who is locked out.
func (a *API) device(r *http.Request) (*accounts.Device, error) {
	token, ok := web.AccessToken(r)
	if !ok {
		return nil, web.MissingToken()
	}
	d, err := a.Accounts.Authenticate(r.Context(), token)
	if err != nil {
		return d, err
	}
	a.Accounts.Seen(d, a.clientIP(r), r.UserAgent())
	return d, nil
}

func (a *API) clientIP(r *http.Request) string {
	return web.ClientIP(r, a.Config.Listen.TrustedProxies).String()
}

// viewer is the device as a reader of rooms.
func viewer(d *accounts.Device) view.Viewer {
	return view.Viewer{UserID: d.UserID, DeviceID: d.DeviceID, Scope: d.Scope}
}

// onlySelf refuses a path that names another user than the one who asks.
func onlySelf(r *http.Request, d *accounts.Device) error {
	if web.Var(r, "userID") != d.UserID {
		return web.Forbidden("This can only be done for oneself.")
	}
	return nil
}
