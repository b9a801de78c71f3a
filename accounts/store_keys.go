package accounts

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"medixchange/internal/sqldb"
)

// upsertDeviceKeys stores identity keys and reports whether they are others than before. Replaced keys lose the
// signatures that were made on the old ones.
func upsertDeviceKeys(tx *sqldb.Tx, userID, deviceID string, keys json.RawMessage) (changed bool, err error) {
	var old string
	err = tx.QueryRow(`SELECT keys FROM device_keys WHERE user_id = $1 AND device_id = $2`, userID, deviceID).Scan(&old)
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return false, fmt.Errorf("reading device keys: %w", err)
	}
	if old == string(keys) {
		return false, nil
	}
	_, err = tx.Exec(`INSERT INTO device_keys (user_id, device_id, keys) VALUES ($1, $2, $3)
		ON CONFLICT (user_id, device_id) DO UPDATE SET keys = excluded.keys`, userID, deviceID, string(keys))
	if err != nil {
		return false, fmt.Errorf("storing device keys: %w", err)
	}
	if old == "" {
		return true, nil
	}
	return true, deleteSignaturesOn(tx, userID, deviceID)
}

func deleteSignaturesOn(tx *sqldb.Tx, userID, key string) error {
	return execAll(tx, "removing signatures of a replaced key", []string{
		`DELETE FROM key_signatures WHERE target_user = $1 AND target_key = $2`}, userID, key)
}

// readOneTimeKeys returns the unclaimed keys by "algorithm:id".
func readOneTimeKeys(tx *sqldb.Tx, userID, deviceID string) (map[string]string, int, error) {
	rows, err := tx.Query(`SELECT algorithm, key_id, key FROM one_time_keys WHERE user_id = $1 AND device_id = $2`, userID, deviceID)
	if err != nil {
		return nil, 0, fmt.Errorf("reading one-time keys: %w", err)
	}
	defer rows.Close()
	keys := map[string]string{}
	for rows.Next() {
		var algorithm, id, key string
		if err := rows.Scan(&algorithm, &id, &key); err != nil {
			return nil, 0, fmt.Errorf("reading one-time keys: %w", err)
		}
		keys[algorithm+":"+id] = key
	}
	return keys, len(keys), rows.Err()
}

func insertOneTimeKeys(tx *sqldb.Tx, rows [][]any) error {
	err := tx.ExecMany(`INSERT INTO one_time_keys (user_id, device_id, algorithm, key_id, key_nid, key)
		VALUES ($1, $2, $3, $4, $5, $6)`, rows)
	if err != nil {
		return fmt.Errorf("storing one-time keys: %w", err)
	}
	return nil
}

// upsertFallbackKey stores the one fallback key of an algorithm; the same key again stays used if it was.
func upsertFallbackKey(tx *sqldb.Tx, userID, deviceID string, k namedKey) error {
	_, err := tx.Exec(`INSERT INTO fallback_keys (user_id, device_id, algorithm, key_id, key, used) VALUES ($1, $2, $3, $4, $5, 0)
		ON CONFLICT (user_id, device_id, algorithm) DO UPDATE SET key_id = excluded.key_id, key = excluded.key,
			used = CASE WHEN fallback_keys.key_id = excluded.key_id AND fallback_keys.key = excluded.key
				THEN fallback_keys.used ELSE 0 END`, userID, deviceID, k.algorithm, k.id, string(k.key))
	if err != nil {
		return fmt.Errorf("storing a fallback key: %w", err)
	}
	return nil
}

// countKeys counts what is left. The usual algorithm is listed also with none, since clients wait for it.
func countKeys(q sqldb.Querier, userID, deviceID string) (KeyCounts, error) {
	counts := KeyCounts{OneTime: map[string]int64{"signed_curve25519": 0}, UnusedFallback: []string{}}
	rows, err := q.Query(`SELECT algorithm, COUNT(*) FROM one_time_keys WHERE user_id = $1 AND device_id = $2 GROUP BY algorithm`,
		userID, deviceID)
	if err != nil {
		return counts, fmt.Errorf("counting one-time keys: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var algorithm string
		var n int64
		if err := rows.Scan(&algorithm, &n); err != nil {
			return counts, fmt.Errorf("counting one-time keys: %w", err)
		}
		counts.OneTime[algorithm] = n
	}
	if err := rows.Err(); err != nil {
		return counts, fmt.Errorf("counting one-time keys: %w", err)
	}
	rows.Close()
	unused, err := texts(q, "reading fallback keys",
		`SELECT algorithm FROM fallback_keys WHERE user_id = $1 AND device_id = $2 AND used = 0 ORDER BY algorithm`, userID, deviceID)
	counts.UnusedFallback = append(counts.UnusedFallback, unused...)
	return counts, err
}

// takeOneTimeKey removes the oldest key of an algorithm, or else marks the fallback key as used. ok is false if the
// device has neither.
func takeOneTimeKey(tx *sqldb.Tx, userID, deviceID, algorithm string) (k namedKey, ok bool, err error) {
	k.algorithm = algorithm
	var key string
	err = tx.QueryRow(`DELETE FROM one_time_keys WHERE user_id = $1 AND device_id = $2 AND algorithm = $3 AND key_nid =
			(SELECT MIN(key_nid) FROM one_time_keys WHERE user_id = $1 AND device_id = $2 AND algorithm = $3)
		RETURNING key_id, key`, userID, deviceID, algorithm).Scan(&k.id, &key)
	if errors.Is(err, sqldb.ErrNoRows) {
		err = tx.QueryRow(`UPDATE fallback_keys SET used = 1 WHERE user_id = $1 AND device_id = $2 AND algorithm = $3
			RETURNING key_id, key`, userID, deviceID, algorithm).Scan(&k.id, &key)
	}
	if errors.Is(err, sqldb.ErrNoRows) {
		return k, false, nil
	}
	if err != nil {
		return k, false, fmt.Errorf("claiming a one-time key: %w", err)
	}
	k.key = json.RawMessage(key)
	return k, true, nil
}

// userKeys are the keys of one user as a requester sees them.
type userKeys struct {
	devices                          map[string]deviceEntry
	master, selfSigning, userSigning json.RawMessage // nil: none
}

type deviceEntry struct {
	keys json.RawMessage
	name string
}

func (u *userKeys) device(id string) (deviceEntry, bool) {
	if u == nil {
		return deviceEntry{}, false
	}
	d, ok := u.devices[id]
	return d, ok
}

func (u *userKeys) deviceIDs() []string { return slices.Sorted(maps.Keys(u.devices)) }

// readLocalKeys reads the keys of local users with the signatures that requester may see: the user's own, and those of
// requester ("" for another server, which sees the user's own only).
func readLocalKeys(q sqldb.Querier, users []string, requester string) (map[string]*userKeys, error) {
	return readKeys(q, users, requester, `SELECT k.user_id, k.device_id, k.keys, COALESCE(d.display_name, '')
		FROM device_keys k LEFT JOIN devices d ON d.user_id = k.user_id AND d.device_id = k.device_id WHERE k.user_id = ANY($1)`)
}

// readRemoteKeys is readLocalKeys for what is kept of remote users.
func readRemoteKeys(q sqldb.Querier, users []string, requester string) (map[string]*userKeys, error) {
	return readKeys(q, users, requester,
		`SELECT user_id, device_id, keys, display_name FROM remote_devices WHERE user_id = ANY($1)`)
}

func readKeys(q sqldb.Querier, users []string, requester, devices string) (map[string]*userKeys, error) {
	found := map[string]*userKeys{}
	if err := readDeviceRows(q, users, devices, found); err != nil {
		return nil, err
	}
	if err := readCrossSigningRows(q, users, requester, found); err != nil {
		return nil, err
	}
	return found, mergeSignatures(q, users, requester, found)
}

func userKeysOf(found map[string]*userKeys, userID string) *userKeys {
	u := found[userID]
	if u == nil {
		u = &userKeys{devices: map[string]deviceEntry{}}
		found[userID] = u
	}
	return u
}

func readDeviceRows(q sqldb.Querier, users []string, query string, found map[string]*userKeys) error {
	rows, err := q.Query(query, sqldb.List(users))
	if err != nil {
		return fmt.Errorf("reading device keys: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var userID, deviceID, keys, name string
		if err := rows.Scan(&userID, &deviceID, &keys, &name); err != nil {
			return fmt.Errorf("reading device keys: %w", err)
		}
		userKeysOf(found, userID).devices[deviceID] = deviceEntry{json.RawMessage(keys), name}
	}
	return rows.Err()
}

func readCrossSigningRows(q sqldb.Querier, users []string, requester string, found map[string]*userKeys) error {
	rows, err := q.Query(`SELECT user_id, usage, keys FROM cross_signing_keys WHERE user_id = ANY($1)`, sqldb.List(users))
	if err != nil {
		return fmt.Errorf("reading cross-signing keys: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var userID, usage, keys string
		if err := rows.Scan(&userID, &usage, &keys); err != nil {
			return fmt.Errorf("reading cross-signing keys: %w", err)
		}
		u := userKeysOf(found, userID)
		switch {
		case usage == usageMaster:
			u.master = json.RawMessage(keys)
		case usage == usageSelfSigning:
			u.selfSigning = json.RawMessage(keys)
		case usage == usageUserSigning && userID == requester:
			u.userSigning = json.RawMessage(keys)
		}
	}
	return rows.Err()
}

// mergeSignatures adds the signatures that were uploaded later.
func mergeSignatures(q sqldb.Querier, users []string, requester string, found map[string]*userKeys) error {
	rows, err := q.Query(`SELECT target_user, target_key, signer_user, signer_key, signature FROM key_signatures
		WHERE target_user = ANY($1) AND (signer_user = target_user OR signer_user = $2)`, sqldb.List(users), requester)
	if err != nil {
		return fmt.Errorf("reading signatures: %w", err)
	}
	defer rows.Close()
	added := map[[2]string]signatures{}
	for rows.Next() {
		var target [2]string
		var signer, key, signature string
		if err := rows.Scan(&target[0], &target[1], &signer, &key, &signature); err != nil {
			return fmt.Errorf("reading signatures: %w", err)
		}
		if added[target] == nil {
			added[target] = signatures{}
		}
		added[target].add(signer, key, signature)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading signatures: %w", err)
	}
	for target, more := range added {
		u := found[target[0]]
		if u == nil {
			continue
		}
		if d, ok := u.devices[target[1]]; ok {
			d.keys = withSignatures(d.keys, more)
			u.devices[target[1]] = d
		}
		if u.master != nil && publicKeyOf(u.master) == target[1] {
			u.master = withSignatures(u.master, more)
		}
	}
	return nil
}

func upsertCrossSigningKey(tx *sqldb.Tx, userID, usage string, keys json.RawMessage) error {
	_, err := tx.Exec(`INSERT INTO cross_signing_keys (user_id, usage, keys) VALUES ($1, $2, $3)
		ON CONFLICT (user_id, usage) DO UPDATE SET keys = excluded.keys`, userID, usage, string(keys))
	if err != nil {
		return fmt.Errorf("storing a cross-signing key: %w", err)
	}
	return nil
}

func deleteCrossSigningKey(tx *sqldb.Tx, userID, usage string) error {
	return execAll(tx, "removing a cross-signing key", []string{
		`DELETE FROM cross_signing_keys WHERE user_id = $1 AND usage = $2`}, userID, usage)
}

func upsertSignature(tx *sqldb.Tx, targetUser, targetKey, signer, signerKey, signature string) error {
	_, err := tx.Exec(`INSERT INTO key_signatures (target_user, target_key, signer_user, signer_key, signature)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT (target_user, target_key, signer_user, signer_key)
		DO UPDATE SET signature = excluded.signature`, targetUser, targetKey, signer, signerKey, signature)
	if err != nil {
		return fmt.Errorf("storing a signature: %w", err)
	}
	return nil
}
