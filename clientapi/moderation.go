package clientapi

import (
	"net/http"

	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/internal/web"
)

// maxReason bounds the words of a report.
const maxReason = 4096

func (a *API) moderationRoutes() {
	a.v3(http.MethodPost, "/rooms/{roomID}/report/{eventID}", a.limited(a.limits.other, a.report))
	a.v3(http.MethodPost, "/rooms/{roomID}/report", a.limited(a.limits.other, a.report))
	a.v3(http.MethodPost, "/users/{userID}/report", a.limited(a.limits.other, a.report))
	a.v3(http.MethodGet, "/admin/whois/{userID}", a.authed(a.whois))
	a.v1(http.MethodGet, "/admin/lock/{userID}", a.adminOnly(a.locked))
	a.v1(http.MethodPut, "/admin/lock/{userID}", a.adminOnly(a.setLocked))
	a.v1(http.MethodGet, "/admin/suspend/{userID}", a.adminOnly(a.suspended))
	a.v1(http.MethodPut, "/admin/suspend/{userID}", a.adminOnly(a.setSuspended))
}

func (a *API) adminOnly(h userHandler) web.Handler {
	return a.authed(func(w http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
		if !d.Admin {
			return nil, web.Forbidden("Only an administrator of this server may do this.")
		}
		return h(w, r, d)
	})
}

// report takes a report of an event, a room or a user. Its words go to nobody but the log's reader, and only their length:
// logs hold no text that could be a patient's.
func (a *API) report(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body struct {
		Reason string `json:"reason"`
	}
	if err := a.decodeOptional(r, &body); err != nil {
		return nil, err
	}
	if len(body.Reason) > maxReason {
		return nil, web.InvalidParam("The reason is longer than %d bytes.", maxReason)
	}
	roomID, eventID, userID := web.Var(r, "roomID"), web.Var(r, "eventID"), web.Var(r, "userID")
	if roomID != "" {
		rd, err := a.read(r.Context(), d, roomID)
		if err != nil {
			return nil, web.NotFound("You are not in this room.").Because(err)
		}
		if eventID != "" {
			ev, err := a.visible(r.Context(), rd, eventID)
			if err != nil {
				return nil, err
			}
			eventID = ev.ID
		}
	}
	if userID != "" && a.Accounts.IsLocal(userID) {
		if _, err := a.Accounts.User(r.Context(), userID); err != nil {
			return nil, err
		}
	}
	a.Log.WithFields(logrus.Fields{
		"by": d.UserID, "room": roomID, "event": eventID, "user": userID, "reason_bytes": len(body.Reason),
	}).Warn("something was reported to the administrators")
	return nil, nil
}

// whois answers GET /admin/whois for oneself and, to administrators, for everyone here.
func (a *API) whois(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	userID := web.Var(r, "userID")
	if userID != d.UserID && !d.Admin {
		return nil, web.Forbidden("Only an administrator of this server may do this.")
	}
	list, err := a.Accounts.Devices(r.Context(), userID)
	if err != nil {
		return nil, err
	}
	devices := map[string]any{}
	for _, device := range list {
		connection := map[string]any{"ip": device.LastSeenIP, "last_seen": device.LastSeenTS}
		devices[device.DeviceID] = map[string]any{"sessions": []any{map[string]any{"connections": []any{connection}}}}
	}
	return map[string]any{"user_id": userID, "devices": devices}, nil
}

func (a *API) locked(_ http.ResponseWriter, r *http.Request, _ *accounts.Device) (any, error) {
	u, err := a.Accounts.User(r.Context(), web.Var(r, "userID"))
	if err != nil {
		return nil, err
	}
	return map[string]bool{"locked": u.Locked}, nil
}

func (a *API) setLocked(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body struct {
		Locked *bool `json:"locked"`
	}
	if err := a.decode(r, &body); err != nil {
		return nil, err
	}
	if body.Locked == nil {
		return nil, web.MissingParam("locked is missing.")
	}
	if web.Var(r, "userID") == d.UserID {
		return nil, web.Forbidden("Nobody locks themselves out.")
	}
	if err := a.Accounts.SetLocked(r.Context(), web.Var(r, "userID"), *body.Locked); err != nil {
		return nil, err
	}
	return map[string]bool{"locked": *body.Locked}, nil
}

func (a *API) suspended(_ http.ResponseWriter, r *http.Request, _ *accounts.Device) (any, error) {
	u, err := a.Accounts.User(r.Context(), web.Var(r, "userID"))
	if err != nil {
		return nil, err
	}
	return map[string]bool{"suspended": u.Suspended}, nil
}

func (a *API) setSuspended(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body struct {
		Suspended *bool `json:"suspended"`
	}
	if err := a.decode(r, &body); err != nil {
		return nil, err
	}
	if body.Suspended == nil {
		return nil, web.MissingParam("suspended is missing.")
	}
	if web.Var(r, "userID") == d.UserID {
		return nil, web.Forbidden("Nobody suspends themselves.")
	}
	if err := a.Accounts.SetSuspended(r.Context(), web.Var(r, "userID"), *body.Suspended); err != nil {
		return nil, err
	}
	return map[string]bool{"suspended": *body.Suspended}, nil
}
