package federation

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"medixchange/internal/signing"
)

const (
	// ownValidity is how long others may use our keys without asking again.
	ownValidity = 24 * time.Hour
	// ownRenewal is how often the published answer is signed anew.
	ownRenewal = time.Hour
)

// publicKey reads a public key; ok is false for other algorithms than ed25519 and malformed keys.
func publicKey(id, text string) (key ed25519.PublicKey, ok bool) {
	if !strings.HasPrefix(id, "ed25519:") || len(id) > 255 {
		return nil, false
	}
	raw, err := signing.DecodeBase64(text)
	return raw, err == nil && len(raw) == ed25519.PublicKeySize
}

// Published returns the answer of GET /_matrix/key/v2/server: our keys, signed.
func (k *Keys) Published() ([]byte, error) {
	k.own.mu.Lock()
	defer k.own.mu.Unlock()
	now := k.now()
	if now.Before(k.own.until) {
		return k.own.answer, nil
	}
	old := map[string]any{}
	for _, o := range k.signer.Old {
		old[o.ID] = map[string]any{"key": signing.EncodeBase64(o.Public), "expired_ts": o.ExpiredAt.UnixMilli()}
	}
	body, err := json.Marshal(map[string]any{
		"server_name":     k.signer.ServerName,
		"valid_until_ts":  now.Add(ownValidity).UnixMilli(),
		"verify_keys":     map[string]any{k.signer.KeyID(): map[string]any{"key": signing.EncodeBase64(k.signer.Key.Public())}},
		"old_verify_keys": old,
	})
	if err != nil {
		return nil, fmt.Errorf("writing our keys: %w", err)
	}
	if k.own.answer, err = k.signer.SignJSON(body); err != nil {
		return nil, fmt.Errorf("signing our keys: %w", err)
	}
	k.own.until = now.Add(ownRenewal)
	return k.own.answer, nil
}

// notarised returns a server's last answer with our signature, nil if there is none. It is fetched anew if it does not
// count until the time asked for (ms; 0: now), unless that was tried a moment ago.
func (k *Keys) notarised(ctx context.Context, server string, until int64, mayAsk func(server string) bool) (json.RawMessage, error) {
	if server == k.signer.ServerName {
		return k.Published()
	}
	if !mayAsk(server) {
		return nil, nil
	}
	now := k.now().UnixMilli()
	raw, validUntil, fetched, err := loadKeyAnswer(ctx, k.db, server)
	if err != nil {
		return nil, err
	}
	counts := min(validUntil, fetched+maxValidity.Milliseconds()) >= max(until, now)
	if raw == nil || !counts && now-fetched >= notaryFresh.Milliseconds() {
		if _, ferr := k.refresh(ctx, server, "", now); ferr == nil {
			raw, _, _, err = loadKeyAnswer(ctx, k.db, server)
		}
	}
	if err != nil || raw == nil {
		return nil, err
	}
	return k.signer.SignJSON(raw)
}
