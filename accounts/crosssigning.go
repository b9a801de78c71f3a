package accounts

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

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

// UploadSignatures stores signatures by the user on own devices and keys and on other users' master keys. The result
// says per user and key which were refused.
func (a *Accounts) UploadSignatures(ctx context.Context, userID string, signed map[string]map[string]json.RawMessage) (map[string]map[string]*Error, error) {
	total := 0
	for _, keys := range signed {
		total += len(keys)
	}
	if total > maxSignatures {
		return nil, ErrTooLarge.says("At most %d signatures at a time", maxSignatures)
	}
	own, err := a.ownKeys(ctx, userID)
	if err != nil {
		return nil, err
	}
	u := &signatureUpload{a: a, userID: userID, own: own, failures: map[string]map[string]*Error{}}
	for _, target := range slices.Sorted(maps.Keys(signed)) {
		keys, err := u.keysOf(ctx, target)
		if err != nil {
			return nil, err
		}
		for _, key := range slices.Sorted(maps.Keys(signed[target])) {
			u.check(target, key, keys, signed[target][key])
		}
	}
	if err := u.store(ctx); err != nil {
		return nil, fmt.Errorf("storing signatures: %w", err)
	}
	return u.failures, nil
}

// signatureUpload is one UploadSignatures.
type signatureUpload struct {
	a        *Accounts
	userID   string
	own      *userKeys
	accepted []acceptedSignature
	failures map[string]map[string]*Error
}

type acceptedSignature struct{ targetUser, targetKey, signerKey, signature string }

func (u *signatureUpload) keysOf(ctx context.Context, target string) (*userKeys, error) {
	if target == u.userID {
		return u.own, nil
	}
	found := map[string]*userKeys{}
	err := u.a.db.Read(ctx, func(q *sqldb.Snapshot) error {
		read := readLocalKeys
		if !u.a.IsLocal(target) {
			read = readRemoteKeys
		}
		var err error
		found, err = read(q, []string{target}, u.userID)
		return err
	})
	return userKeysOf(found, target), err
}

func (u *signatureUpload) refuse(target, key string, e *Error) {
	if u.failures[target] == nil {
		u.failures[target] = map[string]*Error{}
	}
	u.failures[target][key] = e
}

// check accepts the signatures by the user on one object, or says why not.
func (u *signatureUpload) check(target, key string, keys *userKeys, object json.RawMessage) {
	stored, ok := u.stored(target, key, keys)
	if !ok {
		u.refuse(target, key, ErrNotFound.says("No such key"))
		return
	}
	if !sameSigned(stored, object) {
		u.refuse(target, key, ErrInvalidParam.says("The object is not the key that is stored"))
		return
	}
	var s struct {
		Signatures signatures `json:"signatures"`
	}
	if err := json.Unmarshal(object, &s); err != nil || len(s.Signatures[u.userID]) == 0 {
		u.refuse(target, key, ErrInvalidSignature.says("There is no signature by %s", u.userID))
		return
	}
	for signerKey, signature := range s.Signatures[u.userID] {
		public, ok := u.signer(target, key, signerKey)
		if !ok || verifySignedBy(u.userID, signerKey, public, object) != nil {
			u.refuse(target, key, ErrInvalidSignature.says("The signature with %s is not valid", signerKey))
			return
		}
		u.accepted = append(u.accepted, acceptedSignature{target, key, signerKey, signature})
	}
}

// stored returns what may be signed: own devices, the own master key, and others' master keys.
func (u *signatureUpload) stored(target, key string, keys *userKeys) (json.RawMessage, bool) {
	if d, ok := keys.device(key); ok && target == u.userID {
		return d.keys, true
	}
	if keys.master != nil && publicKeyOf(keys.master) == key {
		return keys.master, true
	}
	return nil, false
}

// signer returns the public key by which the user may sign: own devices by the self-signing key or themselves, the own
// master key by a device, others by the user-signing key.
func (u *signatureUpload) signer(target, key, signerKey string) (string, bool) {
	name := strings.TrimPrefix(signerKey, "ed25519:")
	if target != u.userID {
		return name, u.own.userSigning != nil && publicKeyOf(u.own.userSigning) == name
	}
	if d, ok := u.own.devices[name]; ok {
		var k deviceKeys
		if json.Unmarshal(d.keys, &k) != nil {
			return "", false
		}
		public, ok := k.Keys["ed25519:"+name]
		return public, ok
	}
	for _, own := range []json.RawMessage{u.own.selfSigning, u.own.master} {
		if own != nil && publicKeyOf(own) == name {
			return name, true
		}
	}
	return "", false
}

// sameSigned compares what signatures cover.
func sameSigned(a, b json.RawMessage) bool {
	strip := func(raw json.RawMessage) ([]byte, bool) {
		fields := map[string]json.RawMessage{}
		if json.Unmarshal(raw, &fields) != nil {
			return nil, false
		}
		delete(fields, "signatures")
		delete(fields, "unsigned")
		out, err := json.Marshal(fields)
		return out, err == nil
	}
	sa, okA := strip(a)
	sb, okB := strip(b)
	return okA && okB && sameJSON(sa, sb)
}

func (u *signatureUpload) store(ctx context.Context) error {
	if len(u.accepted) == 0 {
		return nil
	}
	to, err := u.a.audienceOf(ctx, u.userID)
	if err != nil {
		return err
	}
	return u.a.db.Write(ctx, func(tx *sqldb.Tx) error {
		told := map[listUpdate]bool{}
		others := map[string]bool{}
		for _, s := range u.accepted {
			if err := upsertSignature(tx, s.targetUser, s.targetKey, u.userID, s.signerKey, s.signature); err != nil {
				return err
			}
			if s.targetUser != u.userID {
				others[s.targetUser] = true
				continue
			}
			if _, device := u.own.devices[s.targetKey]; device {
				told[listUpdate{deviceID: s.targetKey}] = true
			} else {
				told[listUpdate{}] = true
			}
		}
		updates := slices.SortedFunc(maps.Keys(told), func(a, b listUpdate) int { return strings.Compare(a.deviceID, b.deviceID) })
		if err := u.a.deviceListChanged(tx, u.userID, to, updates...); err != nil {
			return err
		}
		for _, other := range slices.Sorted(maps.Keys(others)) {
			if err := u.a.signatureChanged(tx, other, u.userID); err != nil {
				return err
			}
		}
		return nil
	})
}
