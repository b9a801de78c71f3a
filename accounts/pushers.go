package accounts

import (
	"context"
	"encoding/json"
	"fmt"

	"medixchange/internal/push"
	"medixchange/internal/sqldb"
)

const (
	maxPushers    = 100
	maxPushKey    = 512
	maxAppID      = 64
	maxPusherData = 4096
)

// SetPusher stores a pusher of a device (POST /pushers/set with a kind). Unless appendIt, other users' pushers with the
// same app and key go: someone else has logged in on that phone. Errors: ErrMissingParam, ErrInvalidParam.
func (a *Accounts) SetPusher(ctx context.Context, d *Device, p Pusher, appendIt bool) error {
	p.UserID, p.DeviceID = d.UserID, d.DeviceID
	if err := a.checkPusher(p); err != nil {
		return err
	}
	err := a.db.Write(ctx, func(tx *sqldb.Tx) error {
		if !appendIt {
			others, err := deleteOtherPushers(tx, p.UserID, p.AppID, p.PushKey)
			if err != nil {
				return err
			}
			a.pushers.removed(tx, others...)
		}
		if n, err := countPushers(tx, p.UserID); err != nil || n >= maxPushers {
			if err == nil {
				err = ErrTooLarge.says("A user has at most %d pushers", maxPushers)
			}
			return err
		}
		a.pushers.added(tx, p.UserID)
		return upsertPusher(tx, p, a.nowMS())
	})
	if err != nil {
		return fmt.Errorf("setting a pusher: %w", err)
	}
	return nil
}

// DeletePusher removes a pusher (POST /pushers/set with kind null), if it is there.
func (a *Accounts) DeletePusher(ctx context.Context, userID, appID, pushKey string) error {
	return a.db.Write(ctx, func(tx *sqldb.Tx) error {
		a.pushers.removed(tx, userID)
		return deletePusher(tx, userID, appID, pushKey)
	})
}

func (a *Accounts) checkPusher(p Pusher) error {
	for _, field := range []struct{ name, value string }{{"pushkey", p.PushKey}, {"app_id", p.AppID}, {"kind", p.Kind},
		{"app_display_name", p.AppDisplayName}, {"device_display_name", p.DeviceDisplayName}, {"lang", p.Lang}} {
		if field.value == "" {
			return ErrMissingParam.says("%s is missing", field.name)
		}
		if len(field.value) > maxPushKey {
			return ErrInvalidParam.says("%s is too long", field.name)
		}
	}
	if !storable(p.PushKey, p.AppID, p.AppDisplayName, p.DeviceDisplayName, p.ProfileTag, p.Lang) {
		return ErrInvalidParam.says("A field is not text")
	}
	if len(p.AppID) > maxAppID || len(p.Data) > maxPusherData {
		return ErrInvalidParam.says("app_id or data is too long")
	}
	if p.Kind != "http" {
		return ErrInvalidParam.says("Pushers of this kind are not supported")
	}
	var data struct {
		URL    string `json:"url"`
		Format string `json:"format"`
	}
	if err := json.Unmarshal(p.Data, &data); err != nil {
		return ErrMissingParam.says("data is missing or not an object")
	}
	if err := push.CheckURL(data.URL, a.o.PrivateGateways); err != nil {
		return ErrInvalidParam.says("data.url: %s", err)
	}
	return nil
}
