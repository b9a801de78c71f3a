package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"medixchange/internal/sqldb"
)

// Login types (Client-Server API, Login).
const (
	LoginPassword   = "m.login.password"
	LoginToken      = "m.login.token"
	LoginAppservice = "m.login.application_service"
)

const (
	loginTokenLifetime  = 2 * time.Minute
	openIDTokenLifetime = time.Hour
	maxDeviceID         = 512
	maxDeviceName       = 100
)

// identifier is a user identifier of a login or of m.login.password.
type identifier struct {
	Type string `json:"type"`
	User string `json:"user"`
}

// readIdentifier returns the local user that a client means; old is the deprecated member "user".
func (a *Accounts) readIdentifier(raw json.RawMessage, old string) (string, error) {
	id := identifier{Type: "m.id.user", User: old}
	if len(raw) > 0 && string(raw) != "null" {
		id = identifier{}
		if err := json.Unmarshal(raw, &id); err != nil {
			return "", ErrBadJSON.says("Malformed identifier")
		}
	}
	switch id.Type {
	case "m.id.user":
	case "m.id.thirdparty", "m.id.phone":
		return "", ErrForbidden.says("Third-party identifiers are not supported here")
	default:
		return "", ErrUnknown.says("Unknown type of identifier")
	}
	if id.User == "" {
		return "", ErrMissingParam.says("The user is missing")
	}
	userID, ok := a.localUserID(id.User)
	if !ok {
		return "", ErrWrongCredentials
	}
	return userID, nil
}

// Login checks the credentials and gives a session. Errors: ErrWrongCredentials, ErrDeactivated, ErrUnknown
// for another type, ErrInvalidParam for a device id that is too long.
func (a *Accounts) Login(ctx context.Context, r LoginRequest) (*Session, error) {
	userID, err := a.credentials(ctx, r)
	if err != nil {
		return nil, err
	}
	return a.loginAs(ctx, userID, loginDevice{id: r.DeviceID, name: r.DeviceName, refresh: r.Refresh, lifetime: r.Lifetime})
}

func (a *Accounts) credentials(ctx context.Context, r LoginRequest) (string, error) {
	switch r.Type {
	case LoginPassword:
		userID, err := a.readIdentifier(r.Identifier, r.User)
		if err != nil {
			return "", err
		}
		return userID, a.CheckPassword(ctx, userID, r.Password)
	case LoginToken:
		return a.takeLoginToken(ctx, r.Token)
	case LoginAppservice:
		if r.AppserviceID == "" {
			return "", ErrForbidden.says("Only an application service may log in this way")
		}
		userID, err := a.readIdentifier(r.Identifier, r.User)
		if err != nil {
			return "", err
		}
		if a.o.Exclusive != nil && a.o.Exclusive(userID, r.AppserviceID) {
			return "", ErrExclusive
		}
		return userID, nil
	}
	return "", ErrUnknown.says("Unknown login type")
}

// LoginAs gives a session without credentials: to application services, the node's own bots, the local admin. deviceID
// "" makes a new device; that of an existing one takes the place of its tokens and keeps its keys.
func (a *Accounts) LoginAs(ctx context.Context, userID, deviceID, deviceName string, refresh bool) (*Session, error) {
	return a.loginAs(ctx, userID, loginDevice{id: deviceID, name: deviceName, refresh: refresh})
}

func (a *Accounts) loginAs(ctx context.Context, userID string, d loginDevice) (*Session, error) {
	user, err := a.User(ctx, userID)
	if errors.Is(err, ErrNotFound) {
		return nil, ErrWrongCredentials
	}
	if err != nil {
		return nil, err
	}
	if user.Deactivated {
		return nil, ErrDeactivated
	}
	var session *Session
	err = a.db.Write(ctx, func(tx *sqldb.Tx) error {
		session, err = a.login(tx, userID, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("logging in: %w", err)
	}
	return session, nil
}

// loginDevice is the device that a login wishes.
type loginDevice struct {
	id, name string
	refresh  bool
	lifetime time.Duration // of the access token of a device that does not refresh; 0 for ever
}

// login makes or takes over a device and gives it tokens.
func (a *Accounts) login(tx *sqldb.Tx, userID string, d loginDevice) (*Session, error) {
	if len(d.id) > maxDeviceID {
		return nil, ErrInvalidParam.says("A device id has at most %d bytes", maxDeviceID)
	}
	if !storable(d.id, d.name) {
		return nil, ErrInvalidParam.says("The device's id or name is not text")
	}
	if d.id == "" {
		d.id = newDeviceID()
	}
	if err := upsertDevice(tx, userID, d.id, truncate(d.name, maxDeviceName), a.nowMS()); err != nil {
		return nil, err
	}
	if err := deleteTokens(tx, userID, d.id); err != nil {
		return nil, err
	}
	tx.OnCommit(func() { a.tokens.forget(userID) })
	return a.issue(tx, userID, d, nil)
}

// issue gives a device an access token and, if wanted, a refresh token, which take the place of a refresh token when one
// of them is first used.
func (a *Accounts) issue(tx *sqldb.Tx, userID string, d loginDevice, replaces []byte) (*Session, error) {
	now := a.nowMS()
	s := &Session{UserID: userID, DeviceID: d.id, AccessToken: newToken("mdx_"), ExpiresIn: d.lifetime}
	access := tokenRow{hash: hashToken(s.AccessToken), userID: userID, deviceID: d.id, created: now, replaces: replaces}
	if d.refresh {
		s.ExpiresIn = a.o.AccessLifetime
		s.RefreshToken = newToken("mdxr_")
		row := tokenRow{hash: hashToken(s.RefreshToken), userID: userID, deviceID: d.id, created: now, replaces: replaces}
		if a.o.RefreshLifetime > 0 {
			row.expires = now + a.o.RefreshLifetime.Milliseconds()
		}
		if err := insertToken(tx, refreshTokens, row); err != nil {
			return nil, err
		}
	}
	if s.ExpiresIn > 0 {
		access.expires = now + s.ExpiresIn.Milliseconds()
	}
	if err := insertToken(tx, accessTokens, access); err != nil {
		return nil, err
	}
	return s, nil
}

// Refresh exchanges a refresh token for new tokens. The old refresh token stays good until one of the new ones is used,
// so that a lost answer can be asked for again; what the lost answer held is then void. Error: *UnknownToken.
func (a *Accounts) Refresh(ctx context.Context, refreshToken string) (*Session, error) {
	hash := hashToken(refreshToken)
	var session *Session
	err := a.db.Write(ctx, func(tx *sqldb.Tx) error {
		row, err := readToken(tx, refreshTokens, hash)
		if err != nil {
			return err
		}
		if row == nil || row.expires != 0 && row.expires <= a.nowMS() {
			return &UnknownToken{SoftLogout: row != nil}
		}
		if err := supersede(tx, row); err != nil {
			return err
		}
		if err := deleteSuccessors(tx, row); err != nil {
			return err
		}
		tx.OnCommit(func() { a.tokens.forget(row.userID) })
		session, err = a.issue(tx, row.userID, loginDevice{id: row.deviceID, refresh: true}, hash)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("refreshing a token: %w", err)
	}
	return session, nil
}

// Logout deletes the device of the token, and with it the token, keys and waiting messages.
func (a *Accounts) Logout(ctx context.Context, d *Device) error {
	return a.deleteDevices(ctx, d.UserID, []string{d.DeviceID}, "")
}

// LogoutAll deletes all devices of a user.
func (a *Accounts) LogoutAll(ctx context.Context, userID string) error {
	return a.deleteDevices(ctx, userID, nil, "")
}

// CreateLoginToken gives a token with which another client can log in once as the user (POST /login/get_token), and how
// long it is good.
func (a *Accounts) CreateLoginToken(ctx context.Context, userID string) (string, time.Duration, error) {
	token, err := a.shortToken(ctx, "login", userID, "", loginTokenLifetime)
	return token, loginTokenLifetime, err
}

// OpenIDToken gives a device a token by which a third party can learn who its user is, and how long it is good. It ends with the device.
func (a *Accounts) OpenIDToken(ctx context.Context, userID, deviceID string) (string, time.Duration, error) {
	token, err := a.shortToken(ctx, "openid", userID, deviceID, openIDTokenLifetime)
	return token, openIDTokenLifetime, err
}

func (a *Accounts) shortToken(ctx context.Context, kind, userID, deviceID string, lifetime time.Duration) (string, error) {
	token := newToken("mdxs_")
	err := a.db.Write(ctx, func(tx *sqldb.Tx) error {
		return insertShortToken(tx, hashToken(token), kind, userID, deviceID, a.nowMS()+lifetime.Milliseconds())
	})
	if err != nil {
		return "", fmt.Errorf("making a %s token: %w", kind, err)
	}
	return token, nil
}

// OpenIDUser returns whose OpenID token it is; ErrUnknownToken.
func (a *Accounts) OpenIDUser(ctx context.Context, token string) (string, error) {
	userID, _, err := a.OpenIDDevice(ctx, token)
	return userID, err
}

// OpenIDDevice returns whose OpenID token it is and which device asked for it; ErrUnknownToken.
func (a *Accounts) OpenIDDevice(ctx context.Context, token string) (userID, deviceID string, err error) {
	return a.readShortToken(ctx, hashToken(token), "openid", a.nowMS())
}

func (a *Accounts) takeLoginToken(ctx context.Context, token string) (string, error) {
	var userID string
	err := a.db.Write(ctx, func(tx *sqldb.Tx) error {
		var err error
		userID, err = takeShortToken(tx, hashToken(token), "login", a.nowMS())
		return err
	})
	if errors.Is(err, ErrUnknownToken) {
		return "", ErrForbidden.says("Invalid login token")
	}
	return userID, err
}

// storable reports whether texts from outside can be stored: PostgreSQL takes no NUL and no broken UTF-8.
func storable(texts ...string) bool {
	for _, s := range texts {
		if strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) {
			return false
		}
	}
	return true
}

func truncate(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	for bytes > 0 && s[bytes]&0xC0 == 0x80 {
		bytes--
	}
	return s[:bytes]
}
