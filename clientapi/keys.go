package clientapi

import (
	"encoding/json"
	"net/http"
	"time"

	"medixchange/accounts"
	"medixchange/clientapi/sync"
	"medixchange/internal/web"
)

// maxKeyWait bounds how long a client may have other servers waited for.
const maxKeyWait = 10 * time.Second

func (a *API) keyRoutes() {
	a.v3(http.MethodPost, "/keys/upload", a.limited(a.limits.other, a.uploadKeys))
	a.v3(http.MethodPost, "/keys/upload/{deviceID}", a.limited(a.limits.other, a.uploadKeys))
	a.v3(http.MethodPost, "/keys/query", a.limited(a.limits.other, a.queryKeys))
	a.v3(http.MethodPost, "/keys/claim", a.limited(a.limits.other, a.claimKeys))
	a.v3(http.MethodGet, "/keys/changes", a.limited(a.limits.other, a.keyChanges))
	a.v3(http.MethodPost, "/keys/device_signing/upload", a.limited(a.limits.other, a.uploadSigningKeys))
	a.v3(http.MethodPost, "/keys/signatures/upload", a.limited(a.limits.other, a.uploadSignatures))
	a.v3(http.MethodPut, "/sendToDevice/{type}/{txnID}", a.limited(a.limits.message, a.sendToDevice))
}

func (a *API) uploadKeys(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body accounts.KeyUpload
	if err := a.decodeOptional(r, &body); err != nil {
		return nil, err
	}
	counts, err := a.Accounts.UploadKeys(r.Context(), d.UserID, d.DeviceID, body)
	if err != nil {
		return nil, err
	}
	return map[string]any{"one_time_key_counts": counts}, nil
}

func waitFor(ms *int64) time.Duration {
	if ms == nil {
		return maxKeyWait
	}
	return min(max(time.Duration(*ms)*time.Millisecond, 0), maxKeyWait)
}

func (a *API) queryKeys(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body struct {
		DeviceKeys map[string][]string `json:"device_keys"`
		Timeout    *int64              `json:"timeout"`
	}
	if err := a.decode(r, &body); err != nil {
		return nil, err
	}
	if body.DeviceKeys == nil {
		return nil, web.MissingParam("device_keys is missing.")
	}
	return a.Accounts.QueryKeys(r.Context(), d.UserID, body.DeviceKeys, waitFor(body.Timeout))
}

func (a *API) claimKeys(_ http.ResponseWriter, r *http.Request, _ *accounts.Device) (any, error) {
	var body struct {
		Keys    map[string]map[string]string `json:"one_time_keys"`
		Timeout *int64                       `json:"timeout"`
	}
	if err := a.decode(r, &body); err != nil {
		return nil, err
	}
	if body.Keys == nil {
		return nil, web.MissingParam("one_time_keys is missing.")
	}
	return a.Accounts.ClaimKeys(r.Context(), body.Keys, waitFor(body.Timeout))
}

func (a *API) keyChanges(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	from, err := sync.ParseToken(r.URL.Query().Get("from"))
	if err != nil {
		return nil, web.InvalidParam("from is not a token of /sync.").Because(err)
	}
	to, err := sync.ParseToken(r.URL.Query().Get("to"))
	if err != nil {
		return nil, web.InvalidParam("to is not a token of /sync.").Because(err)
	}
	changed, left, err := a.Accounts.KeyChanges(r.Context(), d.UserID, from.Position, to.Position)
	if err != nil {
		return nil, err
	}
	return map[string]any{"changed": orEmpty(changed), "left": orEmpty(left)}, nil
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// uploadSigningKeys asks for the password unless these are the user's first cross-signing keys or the same again.
func (a *API) uploadSigningKeys(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	body, err := a.body(r)
	if err != nil {
		return nil, err
	}
	var keys accounts.SigningKeys
	if err := web.Unmarshal(body, &keys); err != nil {
		return nil, err
	}
	needed, err := a.Accounts.SigningKeysNeedAuth(r.Context(), d.UserID, keys)
	if err != nil {
		return nil, err
	}
	if needed {
		flows, err := a.Accounts.ConfirmFlows(r.Context(), d.UserID)
		if err != nil {
			return nil, err
		}
		res, err := a.interactiveBody(r, body, d.UserID, flows)
		if err != nil {
			return nil, err
		}
		if err := web.Unmarshal(res.Body, &keys); err != nil {
			return nil, err
		}
	}
	return nil, a.Accounts.UploadSigningKeys(r.Context(), d.UserID, keys)
}

func (a *API) uploadSignatures(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body map[string]map[string]json.RawMessage
	if err := a.decode(r, &body); err != nil {
		return nil, err
	}
	refused, err := a.Accounts.UploadSignatures(r.Context(), d.UserID, body)
	if err != nil {
		return nil, err
	}
	failures := map[string]map[string]map[string]string{}
	for user, keys := range refused {
		failures[user] = map[string]map[string]string{}
		for key, e := range keys {
			failures[user][key] = map[string]string{"errcode": e.Code, "error": e.Message}
		}
	}
	return map[string]any{"failures": failures}, nil
}

// sendToDevice answers PUT /sendToDevice (Client-Server API, Send-to-Device messaging).
func (a *API) sendToDevice(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body struct {
		Messages map[string]map[string]json.RawMessage `json:"messages"`
	}
	if err := a.decode(r, &body); err != nil {
		return nil, err
	}
	if body.Messages == nil {
		return nil, web.MissingParam("messages is missing.")
	}
	return nil, a.Accounts.SendToDevice(r.Context(), accounts.ToDeviceRequest{
		Sender: d.UserID, DeviceID: d.DeviceID, Type: web.Var(r, "type"), TxnID: web.Var(r, "txnID"), Messages: body.Messages,
	})
}
