package accounts

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"time"

	"medixchange/internal/sqldb"
)

// CreateRegistrationToken stores a registration token; Token "" makes one of 16 characters, UsesAllowed 0 means -1.
// ErrInvalidParam if it exists or has characters that the specification does not allow.
func (a *Accounts) CreateRegistrationToken(ctx context.Context, t RegistrationToken) (*RegistrationToken, error) {
	if t.Token == "" {
		t.Token = rand.Text()[:16]
	}
	if t.UsesAllowed == 0 {
		t.UsesAllowed = -1
	}
	if len(t.Token) > 64 || strings.Trim(t.Token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-") != "" {
		return nil, ErrInvalidParam.says("A registration token has at most 64 characters of A-Z a-z 0-9 . _ ~ -")
	}
	t.Created, t.Completed = a.nowMS(), 0
	err := a.db.Write(ctx, func(tx *sqldb.Tx) error { return insertRegistrationToken(tx, &t) })
	if err != nil {
		return nil, err
	}
	return &t, nil
}

// RegistrationTokens lists all registration tokens, the oldest first.
func (a *Accounts) RegistrationTokens(ctx context.Context) ([]*RegistrationToken, error) {
	return a.readRegistrationTokens(ctx)
}

// RevokeRegistrationToken removes a registration token; ErrNotFound.
func (a *Accounts) RevokeRegistrationToken(ctx context.Context, token string) error {
	return a.db.Write(ctx, func(tx *sqldb.Tx) error { return deleteRegistrationToken(tx, token) })
}

// RegistrationTokenValid reports whether a registration with the token would be admitted now.
func (a *Accounts) RegistrationTokenValid(ctx context.Context, token string) (bool, error) {
	t, err := a.readRegistrationToken(ctx, token)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	unused := t.UsesAllowed < 0 || t.Completed < t.UsesAllowed
	return unused && (t.ExpiresTS == 0 || t.ExpiresTS > a.nowMS()), nil
}

const (
	nonceLifetime = time.Minute
	maxNonces     = 1000
)

// nonces are those given out for registration by shared secret; each is good once.
type nonces struct {
	now   func() time.Time
	mu    sync.Mutex
	given map[string]time.Time
}

func newNonces(now func() time.Time) *nonces {
	return &nonces{now: now, given: map[string]time.Time{}}
}

func (n *nonces) give() (string, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.now()
	for nonce, at := range n.given {
		if now.Sub(at) > nonceLifetime {
			delete(n.given, nonce)
		}
	}
	if len(n.given) >= maxNonces {
		return "", false
	}
	nonce := rand.Text() + rand.Text()
	n.given[nonce] = now
	return nonce, true
}

func (n *nonces) take(nonce string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	at, ok := n.given[nonce]
	delete(n.given, nonce)
	return ok && n.now().Sub(at) <= nonceLifetime
}

// RegistrationNonce gives a nonce for registration by shared secret, good once and for a minute. ErrNotFound when no
// secret is configured; ErrLimited when too many are out.
func (a *Accounts) RegistrationNonce() (string, error) {
	if a.o.RegistrationSecret == "" {
		return "", ErrUnknown.says("Registration by shared secret is not enabled")
	}
	nonce, ok := a.nonces.give()
	if !ok {
		return "", ErrLimited
	}
	return nonce, nil
}

// CheckRegistrationMAC takes the nonce and checks the HMAC-SHA1, in hexadecimal, of nonce, user, password and admin or
// notadmin (and the user type, if any) separated by NUL: the form of Synapse's /_synapse/admin/v1/register.
func (a *Accounts) CheckRegistrationMAC(nonce, user, password string, admin bool, userType, mac string) error {
	if a.o.RegistrationSecret == "" {
		return ErrUnknown.says("Registration by shared secret is not enabled")
	}
	if !a.nonces.take(nonce) {
		return ErrUnknown.says("Unrecognised nonce")
	}
	role := "notadmin"
	if admin {
		role = "admin"
	}
	parts := []string{nonce, user, password, role}
	if userType != "" {
		parts = append(parts, userType)
	}
	want := hmac.New(sha1.New, []byte(a.o.RegistrationSecret))
	want.Write([]byte(strings.Join(parts, "\x00")))
	got, err := hex.DecodeString(mac)
	if err != nil || !hmac.Equal(got, want.Sum(nil)) {
		return ErrForbidden.says("HMAC incorrect")
	}
	return nil
}
