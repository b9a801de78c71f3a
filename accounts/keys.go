package accounts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
)

const (
	// maxOneTimeKeys bounds the unclaimed one-time keys of a device; clients keep 50 to 100.
	maxOneTimeKeys = 1000
	maxKeySize     = 16 << 10
)

// deviceKeys is what the server looks at in a device's identity keys.
type deviceKeys struct {
	UserID     string                       `json:"user_id"`
	DeviceID   string                       `json:"device_id"`
	Algorithms []string                     `json:"algorithms"`
	Keys       map[string]string            `json:"keys"`
	Signatures map[string]map[string]string `json:"signatures"`
}

// UploadKeys stores what a device publishes and returns the counts of its unclaimed one-time keys. A repetition changes
// nothing. Errors: ErrInvalidParam for keys of another device or a one-time key id that is taken by another key.
func (a *Accounts) UploadKeys(ctx context.Context, userID, deviceID string, u KeyUpload) (map[string]int64, error) {
	var identity json.RawMessage
	if len(u.DeviceKeys) > 0 && string(u.DeviceKeys) != "null" {
		var err error
		if identity, err = ownDeviceKeys(userID, deviceID, u.DeviceKeys); err != nil {
			return nil, err
		}
	}
	oneTime, err := splitKeys(u.OneTimeKeys)
	if err != nil {
		return nil, err
	}
	fallback, err := splitKeys(u.FallbackKeys)
	if err != nil {
		return nil, err
	}
	if identity == nil && len(oneTime) == 0 && len(fallback) == 0 {
		counts, err := a.KeyCounts(ctx, userID, deviceID)
		return counts.OneTime, err
	}
	if err := a.storeKeys(ctx, userID, deviceID, identity, oneTime, fallback); err != nil {
		return nil, fmt.Errorf("storing keys: %w", err)
	}
	counts, err := a.KeyCounts(ctx, userID, deviceID)
	return counts.OneTime, err
}

func (a *Accounts) storeKeys(ctx context.Context, userID, deviceID string, identity json.RawMessage, oneTime, fallback []namedKey) error {
	var to audience
	if identity != nil {
		var err error
		if to, err = a.audienceOf(ctx, userID); err != nil {
			return err
		}
	}
	return a.db.Write(ctx, func(tx *sqldb.Tx) error {
		if len(oneTime)+len(fallback) > 0 {
			a.keyCountsChanged(tx, userID, deviceID)
		}
		if err := a.addOneTimeKeys(tx, userID, deviceID, oneTime); err != nil {
			return err
		}
		for _, k := range fallback {
			if err := upsertFallbackKey(tx, userID, deviceID, k); err != nil {
				return err
			}
		}
		if identity == nil {
			return nil
		}
		changed, err := upsertDeviceKeys(tx, userID, deviceID, identity)
		if err != nil || !changed {
			return err
		}
		return a.deviceListChanged(tx, userID, to, listUpdate{deviceID: deviceID})
	})
}

func (a *Accounts) addOneTimeKeys(tx *sqldb.Tx, userID, deviceID string, keys []namedKey) error {
	if len(keys) == 0 {
		return nil
	}
	known, total, err := readOneTimeKeys(tx, userID, deviceID)
	if err != nil {
		return err
	}
	var rows [][]any
	for _, k := range keys {
		old, there := known[k.algorithm+":"+k.id]
		if there && !sameJSON([]byte(old), k.key) {
			return ErrInvalidParam.says("One-time key %s:%s exists and is another", k.algorithm, k.id)
		}
		if !there {
			rows = append(rows, []any{userID, deviceID, k.algorithm, k.id, a.keyIDs.Next(), string(k.key)})
		}
	}
	if total+len(rows) > maxOneTimeKeys {
		return ErrTooLarge.says("A device keeps at most %d one-time keys", maxOneTimeKeys)
	}
	return insertOneTimeKeys(tx, rows)
}

// keyCountsChanged tells a device that its one-time keys became more or fewer.
func (a *Accounts) keyCountsChanged(tx *sqldb.Tx, userID, deviceID string) {
	change := &DeviceListChange{UserID: userID, DeviceID: deviceID, KeyCounts: true, Position: tx.NextPosition()}
	tx.OnCommit(func() {
		a.keyCounts.forget(userID, deviceID)
		a.hub.Append(stream.Entry{Position: change.Position, Topic: rooms.UserTopic(userID), Kind: rooms.EntryDeviceList,
			Value: change, Size: 96})
	})
}

// ownDeviceKeys checks identity keys and returns them without unsigned, in canonical form.
func ownDeviceKeys(userID, deviceID string, raw json.RawMessage) (json.RawMessage, error) {
	var k deviceKeys
	if err := json.Unmarshal(raw, &k); err != nil {
		return nil, ErrBadJSON.says("Malformed device_keys")
	}
	if k.UserID != userID || k.DeviceID != deviceID {
		return nil, ErrInvalidParam.says("device_keys are not those of this device")
	}
	if err := k.check(); err != nil {
		return nil, err
	}
	return cleanKeys(raw)
}

// check finds what the specification requires of device keys: algorithms, keys of this device, signatures. Whether these
// are there and true is for those to check who will trust them.
func (k *deviceKeys) check() error {
	if k.Algorithms == nil || len(k.Keys) == 0 {
		return ErrBadJSON.says("device_keys need algorithms and keys")
	}
	for name := range k.Keys {
		if algorithm, device, ok := strings.Cut(name, ":"); !ok || algorithm == "" || device != k.DeviceID {
			return ErrBadJSON.says("A device key's name has the form algorithm:device_id")
		}
	}
	if k.Signatures == nil {
		return ErrBadJSON.says("device_keys need signatures")
	}
	return nil
}

// cleanKeys returns keys without unsigned, in canonical form.
func cleanKeys(raw json.RawMessage) (json.RawMessage, error) {
	if len(raw) > maxKeySize {
		return nil, ErrTooLarge.says("Keys have at most %d bytes", maxKeySize)
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, ErrBadJSON.says("Malformed keys")
	}
	delete(fields, "unsigned")
	joined, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("encoding keys: %w", err)
	}
	canonical, err := signing.CanonicalJSON(joined, signing.Limits{})
	if err != nil {
		return nil, ErrBadJSON.says("Keys are not acceptable JSON")
	}
	return canonical, nil
}

// namedKey is a one-time or fallback key.
type namedKey struct {
	algorithm, id string
	key           json.RawMessage
}

func splitKeys(keys map[string]json.RawMessage) ([]namedKey, error) {
	out := make([]namedKey, 0, len(keys))
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		algorithm, id, ok := strings.Cut(name, ":")
		if !ok || algorithm == "" || id == "" || len(name) > 512 || !storable(name) {
			return nil, ErrInvalidParam.says("A key's name has the form algorithm:id")
		}
		if key := keys[name]; len(key) > maxKeySize || len(key) == 0 || key[0] != '{' && key[0] != '"' {
			return nil, ErrBadJSON.says("Malformed key %s", name)
		}
		out = append(out, namedKey{algorithm, id, keys[name]})
	}
	return out, nil
}

// sameJSON compares values, whatever their spelling.
func sameJSON(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	ca, errA := signing.CanonicalJSON(a, signing.Limits{})
	cb, errB := signing.CanonicalJSON(b, signing.Limits{})
	return errA == nil && errB == nil && bytes.Equal(ca, cb)
}

// KeyCounts returns how many one-time keys of a device are left and which fallback keys are unused, from memory.
func (a *Accounts) KeyCounts(ctx context.Context, userID, deviceID string) (KeyCounts, error) {
	counts, epoch, ok := a.keyCounts.get(userID, deviceID)
	if ok {
		return counts, nil
	}
	err := a.db.Read(ctx, func(q *sqldb.Snapshot) error {
		var err error
		counts, err = countKeys(q, userID, deviceID)
		return err
	})
	if err != nil {
		return KeyCounts{}, err
	}
	a.keyCounts.put(userID, deviceID, counts, epoch)
	return counts, nil
}

const maxCachedKeyCounts = 20000

// keyCountCache keeps counts of keys; what was read before a change is not kept.
type keyCountCache struct {
	mu     sync.Mutex
	counts map[[2]string]KeyCounts
	epoch  int64
}

func newKeyCountCache() *keyCountCache { return &keyCountCache{counts: map[[2]string]KeyCounts{}} }

func (c *keyCountCache) get(userID, deviceID string) (counts KeyCounts, epoch int64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts, ok = c.counts[[2]string{userID, deviceID}]
	return counts, c.epoch, ok
}

func (c *keyCountCache) put(userID, deviceID string, counts KeyCounts, epoch int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch != epoch {
		return
	}
	if len(c.counts) >= maxCachedKeyCounts {
		clear(c.counts)
	}
	c.counts[[2]string{userID, deviceID}] = counts
}

func (c *keyCountCache) forget(userID, deviceID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	delete(c.counts, [2]string{userID, deviceID})
}
