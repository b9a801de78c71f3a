package accounts

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"medixchange/internal/sqldb"
)

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
