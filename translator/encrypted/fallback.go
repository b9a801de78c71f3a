package encrypted

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto/signatures"
	"maunium.net/go/mautrix/id"
)

// A fallback key is what the server gives out when the one-time keys have run out, as while this node is down (Client-Server
// API, One-time and fallback keys). The server says whether it has been given out; then another takes its place, and the old
// one still opens what was under way for a while.

const (
	nameFallback = "fallback" // when the newest was made, ms
	// keptFallback is how long a key that was replaced still opens what comes.
	keptFallback = 6 * time.Hour
	// fallbackEvery is how long a new one is taken to be unused, whatever an answer says that was made before it came.
	fallbackEvery = time.Minute
)

// fallbackAccount is what the account of the library can do beside what its interface says.
type fallbackAccount interface {
	GenFallbackKey() error
	FallbackKey() map[string]id.Curve25519
	ForgetOldFallbackKey()
}

// fallbackKey is a key as it is uploaded and signed.
type fallbackKey struct {
	Key        id.Curve25519         `json:"key"`
	Fallback   bool                  `json:"fallback"`
	Signatures signatures.Signatures `json:"signatures,omitempty"`
}

// refill uploads a new fallback key unless the server has one that nobody has used.
func (b *Bot) refill(ctx context.Context, unused []id.KeyAlgorithm) error {
	made, err := b.fallbackMade(ctx)
	if err != nil || slices.Contains(unused, id.KeyAlgorithmSignedCurve25519) || b.o.Now().Sub(made) < fallbackEvery {
		return err
	}
	err = b.o.Vault.Together(ctx, func() error { return b.makeFallback(committed(ctx)) })
	if err != nil {
		return fmt.Errorf("uploading a fallback key: %w", err)
	}
	return nil
}

// makeFallback makes a key, which is on the disk before it leaves.
func (b *Bot) makeFallback(ctx context.Context) error {
	account := b.machine.GetAccount()
	internal, ok := account.Internal.(fallbackAccount)
	if !ok {
		return errors.New("the library's account has no fallback keys")
	}
	if err := internal.GenFallbackKey(); err != nil {
		return err
	}
	if err := b.keys.PutAccount(ctx, account); err != nil {
		return err
	}
	b.o.Vault.Put(kindState, "", nameFallback, strconv.AppendInt(nil, b.o.Now().UnixMilli(), 10))
	upload := map[id.KeyID]fallbackKey{}
	for name, public := range internal.FallbackKey() {
		key := fallbackKey{Key: public, Fallback: true}
		signature, err := account.SignJSON(key)
		if err != nil {
			return fmt.Errorf("signing it: %w", err)
		}
		key.Signatures = signatures.NewSingleSignature(b.client.UserID, id.KeyAlgorithmEd25519, b.client.DeviceID.String(), signature)
		upload[id.NewKeyID(id.KeyAlgorithmSignedCurve25519, name)] = key
	}
	address := b.client.BuildURL(mautrix.ClientURLPath{"v3", "keys", "upload"})
	_, err := b.client.MakeRequest(ctx, http.MethodPost, address, map[string]any{"fallback_keys": upload}, nil)
	return err
}

// forgetFallback drops the key that was replaced, once nothing can be under way for it.
func (b *Bot) forgetFallback(ctx context.Context) error {
	return b.o.Vault.Together(ctx, func() error {
		made, err := b.fallbackMade(ctx)
		if err != nil || made.IsZero() {
			return err
		}
		account := b.machine.GetAccount()
		internal, ok := account.Internal.(fallbackAccount)
		if !ok || b.o.Now().Sub(made) < keptFallback {
			return nil
		}
		internal.ForgetOldFallbackKey()
		b.o.Vault.Delete(kindState, "", nameFallback)
		return b.keys.PutAccount(ctx, account)
	})
}

// fallbackMade is when the newest key was made, zero when there is none or nothing older than it.
func (b *Bot) fallbackMade(ctx context.Context) (time.Time, error) {
	value, err := b.o.Vault.Get(ctx, kindState, "", nameFallback)
	if err != nil || value == nil {
		return time.Time{}, err
	}
	ms, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading when a fallback key was made: %w", err)
	}
	return time.UnixMilli(ms), nil
}
