package clientapi

import (
	"net/http"

	"medixchange/accounts"
	"medixchange/internal/web"
)

func (a *API) deviceRoutes() {
	a.v3(http.MethodGet, "/devices", a.authed(a.devices))
	a.v3(http.MethodGet, "/devices/{deviceID}", a.authed(a.oneDevice))
	a.v3(http.MethodPut, "/devices/{deviceID}", a.limited(a.limits.other, a.renameDevice))
	a.v3(http.MethodDelete, "/devices/{deviceID}", a.limited(a.limits.login, a.deleteDevice))
	a.v3(http.MethodPost, "/delete_devices", a.limited(a.limits.login, a.deleteDevices))
}

type deviceJSON struct {
	DeviceID    string `json:"device_id"`
	DisplayName string `json:"display_name,omitempty"`
	LastSeenIP  string `json:"last_seen_ip,omitempty"`
	LastSeenTS  int64  `json:"last_seen_ts,omitempty"`
}

func deviceOf(d *accounts.Device) deviceJSON {
	return deviceJSON{d.DeviceID, d.DisplayName, d.LastSeenIP, d.LastSeenTS}
}

func (a *API) devices(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	list, err := a.Accounts.Devices(r.Context(), d.UserID)
	if err != nil {
		return nil, err
	}
	out := make([]deviceJSON, 0, len(list))
	for _, device := range list {
		out = append(out, deviceOf(device))
	}
	return map[string]any{"devices": out}, nil
}

func (a *API) oneDevice(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	device, err := a.Accounts.Device(r.Context(), d.UserID, web.Var(r, "deviceID"))
	if err != nil {
		return nil, err
	}
	return deviceOf(device), nil
}

func (a *API) renameDevice(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body struct {
		DisplayName *string `json:"display_name"`
	}
	if err := a.decode(r, &body); err != nil {
		return nil, err
	}
	deviceID := web.Var(r, "deviceID")
	if body.DisplayName == nil {
		_, err := a.Accounts.Device(r.Context(), d.UserID, deviceID)
		return nil, err
	}
	return nil, a.Accounts.RenameDevice(r.Context(), d.UserID, deviceID, *body.DisplayName)
}

func (a *API) deleteDevice(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	if _, err := a.reauthenticate(r, d); err != nil {
		return nil, err
	}
	return nil, a.Accounts.DeleteDevices(r.Context(), d.UserID, []string{web.Var(r, "deviceID")})
}

func (a *API) deleteDevices(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	body, err := a.reauthenticate(r, d)
	if err != nil {
		return nil, err
	}
	var req struct {
		Devices []string `json:"devices"`
	}
	if err := web.Unmarshal(body, &req); err != nil {
		return nil, err
	}
	if req.Devices == nil {
		return nil, web.MissingParam("devices is missing.")
	}
	return nil, a.Accounts.DeleteDevices(r.Context(), d.UserID, req.Devices)
}
