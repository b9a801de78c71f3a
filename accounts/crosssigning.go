package accounts

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"slices"

	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
)

// Usages of cross-signing keys.
const (
	usageMaster      = "master"
	usageSelfSigning = "self_signing"
	usageUserSigning = "user_signing"
)

const maxSignatures = 1000 // in one upload

// signatures are those of an object: user → key → signature.
type signatures map[string]map[string]string

func (s signatures) add(user, key, signature string) {
	if s[user] == nil {
		s[user] = map[string]string{}
	}
	s[user][key] = signature
}

// withSignatures returns an object with more signatures; one that cannot be read stays as it is.
func withSignatures(object json.RawMessage, more signatures) json.RawMessage {
	fields := map[string]json.RawMessage{}
	if json.Unmarshal(object, &fields) != nil {
		return object
	}
	all := signatures{}
	if raw, ok := fields["signatures"]; ok && json.Unmarshal(raw, &all) != nil {
		return object
	}
	for user, keys := range more {
		for key, signature := range keys {
			all.add(user, key, signature)
		}
	}
	raw, err := json.Marshal(all)
	if err != nil {
		return object
	}
	fields["signatures"] = raw
	merged, err := json.Marshal(fields)
	if err != nil {
		return object
	}
	return merged
}

// crossSigningKey is what the server reads of one.
type crossSigningKey struct {
	UserID     string            `json:"user_id"`
	Usage      []string          `json:"usage"`
	Keys       map[string]string `json:"keys"`
	Signatures signatures        `json:"signatures"`
}

// id returns the only key's name and value; "" if there is not exactly one.
func (k *crossSigningKey) id() (name, public string) {
	if len(k.Keys) != 1 {
		return "", ""
	}
	for name, public := range k.Keys {
		return name, public
	}
	return "", ""
}

// publicKeyOf returns the public key of a cross-signing key, by which it is also named; "" if it cannot be read.
func publicKeyOf(raw json.RawMessage) string {
	var k crossSigningKey
	if json.Unmarshal(raw, &k) != nil {
		return ""
	}
	_, public := k.id()
	return public
}

func present(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// checkCrossSigningKey checks the form of a key and returns it cleaned.
func checkCrossSigningKey(userID, usage string, raw json.RawMessage) (json.RawMessage, error) {
	var k crossSigningKey
	if err := json.Unmarshal(raw, &k); err != nil {
		return nil, ErrBadJSON.says("Malformed %s key", usage)
	}
	name, public := k.id()
	if k.UserID != userID || !slices.Contains(k.Usage, usage) || public == "" || name != "ed25519:"+public {
		return nil, ErrInvalidParam.says("The %s key needs this user's id, its usage, and exactly one ed25519 key named after itself", usage)
	}
	if key, err := signing.DecodeBase64(public); err != nil || len(key) != ed25519.PublicKeySize {
		return nil, ErrInvalidParam.says("The %s key is not an ed25519 key", usage)
	}
	return cleanKeys(raw)
}

// verifySignedBy checks that object carries a signature of userID by the ed25519 key public, named keyID.
func verifySignedBy(userID, keyID, public string, object json.RawMessage) error {
	key, err := signing.DecodeBase64(public)
	if err != nil {
		return fmt.Errorf("reading a public key: %w", err)
	}
	return signing.VerifyJSON(userID, keyID, key, object)
}

// SigningKeysNeedAuth reports whether an upload of cross-signing keys needs user-interactive authentication: not for the
// first master key, nor for keys that are there already.
func (a *Accounts) SigningKeysNeedAuth(ctx context.Context, userID string, k SigningKeys) (bool, error) {
	old, err := a.ownKeys(ctx, userID)
	if err != nil {
		return false, err
	}
	if old.master == nil {
		return false, nil
	}
	differs := func(now, old json.RawMessage) bool { return present(now) && publicKeyOf(now) != publicKeyOf(old) }
	return !present(k.MasterKey) || differs(k.MasterKey, old.master) || differs(k.SelfSigningKey, old.selfSigning) ||
		differs(k.UserSigningKey, old.userSigning), nil
}

// ownKeys are a local user's keys as they see them; never nil.
func (a *Accounts) ownKeys(ctx context.Context, userID string) (*userKeys, error) {
	found := map[string]*userKeys{}
	err := a.db.Read(ctx, func(q *sqldb.Snapshot) error {
		var err error
		found, err = readLocalKeys(q, []string{userID}, userID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading a user's keys: %w", err)
	}
	return userKeysOf(found, userID), nil
}

// UploadSigningKeys stores cross-signing keys. The caller has made sure of authentication where SigningKeysNeedAuth
// says so. Errors: ErrMissingParam without any master key, ErrInvalidSignature, ErrInvalidParam, ErrForbidden for a key
// that is named like a device.
func (a *Accounts) UploadSigningKeys(ctx context.Context, userID string, k SigningKeys) error {
	old, err := a.ownKeys(ctx, userID)
	if err != nil {
		return err
	}
	keys, err := checkSigningKeys(userID, k, old)
	if err != nil || len(keys) == 0 {
		return err
	}
	to, err := a.audienceOf(ctx, userID)
	if err != nil {
		return err
	}
	err = a.db.Write(ctx, func(tx *sqldb.Tx) error {
		if master, ok := keys[usageMaster]; ok && publicKeyOf(master) != publicKeyOf(old.master) {
			// The others were signed by the master key that goes.
			for _, usage := range []string{usageSelfSigning, usageUserSigning} {
				if err := deleteCrossSigningKey(tx, userID, usage); err != nil {
					return err
				}
			}
		}
		for usage, key := range keys {
			if err := upsertCrossSigningKey(tx, userID, usage, key); err != nil {
				return err
			}
		}
		return a.deviceListChanged(tx, userID, to, listUpdate{})
	})
	if err != nil {
		return fmt.Errorf("storing cross-signing keys: %w", err)
	}
	return nil
}

// checkSigningKeys checks an upload and returns the keys by usage, without those that are there already.
func checkSigningKeys(userID string, k SigningKeys, old *userKeys) (map[string]json.RawMessage, error) {
	master := old.master
	keys := map[string]json.RawMessage{}
	for _, key := range []struct {
		usage string
		raw   json.RawMessage
		old   json.RawMessage
	}{{usageMaster, k.MasterKey, old.master}, {usageSelfSigning, k.SelfSigningKey, old.selfSigning}, {usageUserSigning, k.UserSigningKey, old.userSigning}} {
		if !present(key.raw) {
			continue
		}
		clean, err := checkCrossSigningKey(userID, key.usage, key.raw)
		if err != nil {
			return nil, err
		}
		public := publicKeyOf(clean)
		if _, ok := old.devices[public]; ok {
			return nil, ErrForbidden.says("A device has this key's name")
		}
		if key.usage == usageMaster {
			master = clean
		} else if err := signedByMaster(userID, master, clean); err != nil {
			return nil, err
		}
		if public != publicKeyOf(key.old) || key.usage != usageMaster {
			keys[key.usage] = clean
		}
	}
	if master == nil {
		return nil, ErrMissingParam.says("No master signing key is available")
	}
	return keys, nil
}

func signedByMaster(userID string, master, key json.RawMessage) error {
	if master == nil {
		return ErrMissingParam.says("No master signing key is available")
	}
	public := publicKeyOf(master)
	if err := verifySignedBy(userID, "ed25519:"+public, public, key); err != nil {
		return ErrInvalidSignature.says("The key is not signed by the master key")
	}
	return nil
}

// RenewIdentity removes all devices and cross-signing keys of a local user, who begins anew with the next login. It is for
// the node's own bots: people ask for it themselves, with their password.
func (a *Accounts) RenewIdentity(ctx context.Context, userID string) error {
	to, err := a.audienceOf(ctx, userID)
	if err != nil {
		return err
	}
	err = a.db.Write(ctx, func(tx *sqldb.Tx) error {
		for _, usage := range []string{usageMaster, usageSelfSigning, usageUserSigning} {
			if err := deleteCrossSigningKey(tx, userID, usage); err != nil {
				return err
			}
		}
		return a.deviceListChanged(tx, userID, to, listUpdate{})
	})
	if err != nil {
		return fmt.Errorf("removing cross-signing keys: %w", err)
	}
	return a.deleteDevices(ctx, userID, nil, "")
}
