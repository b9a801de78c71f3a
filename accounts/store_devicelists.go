package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// readListPosition returns when a user's list changed last; 0 for never.
func readListPosition(q sqldb.Querier, userID string) (int64, error) {
	var position int64
	err := q.QueryRow(`SELECT position FROM device_list_changes WHERE user_id = $1 AND viewer = ''`, userID).Scan(&position)
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return 0, fmt.Errorf("reading when a device list changed: %w", err)
	}
	return position, nil
}

func upsertListChange(tx *sqldb.Tx, userID, viewer string, position int64) error {
	_, err := tx.Exec(`INSERT INTO device_list_changes (user_id, viewer, position) VALUES ($1, $2, $3)
		ON CONFLICT (user_id, viewer) DO UPDATE SET position = excluded.position`, userID, viewer, position)
	if err != nil {
		return fmt.Errorf("storing that a device list changed: %w", err)
	}
	return nil
}

func (a *Accounts) readListChanges(ctx context.Context, since, upto int64) ([]listChange, error) {
	rows, err := a.db.Query(ctx, `SELECT position, user_id, viewer FROM device_list_changes
		WHERE position > $1 AND position <= $2`, since, upto)
	if err != nil {
		return nil, fmt.Errorf("reading changes of device lists: %w", err)
	}
	defer rows.Close()
	var changes []listChange
	for rows.Next() {
		var c listChange
		if err := rows.Scan(&c.position, &c.userID, &c.viewer); err != nil {
			return nil, fmt.Errorf("reading changes of device lists: %w", err)
		}
		changes = append(changes, c)
	}
	return changes, rows.Err()
}

// listUpdateRow is an update for other servers.
type listUpdateRow struct {
	position int64
	userID   string
	update   listUpdate
	prev     int64
	servers  []string
	created  int64
}

func insertListUpdate(tx *sqldb.Tx, r listUpdateRow) error {
	servers, err := json.Marshal(r.servers)
	if err != nil {
		return fmt.Errorf("encoding servers: %w", err)
	}
	_, err = tx.Exec(`INSERT INTO device_list_updates (position, user_id, device_id, prev, deleted, servers, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		r.position, r.userID, r.update.deviceID, r.prev, number(r.update.deleted), string(servers), r.created)
	if err != nil {
		return fmt.Errorf("storing a device list update: %w", err)
	}
	return nil
}

func readListUpdates(q sqldb.Querier, since, upto int64, limit int) ([]*listUpdateRow, error) {
	rows, err := q.Query(`SELECT position, user_id, device_id, prev, deleted, servers FROM device_list_updates
		WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3`, since, upto, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []*listUpdateRow
	for rows.Next() {
		r := &listUpdateRow{}
		var deleted int
		var servers string
		if err := rows.Scan(&r.position, &r.userID, &r.update.deviceID, &r.prev, &deleted, &servers); err != nil {
			return nil, err
		}
		r.update.deleted = deleted != 0
		if err := json.Unmarshal([]byte(servers), &r.servers); err != nil {
			return nil, fmt.Errorf("reading stored servers: %w", err)
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// readDeviceNames returns the display names of the local users' devices, by user and device.
func readDeviceNames(q sqldb.Querier, users []string) (map[string]map[string]string, error) {
	rows, err := q.Query(`SELECT user_id, device_id, display_name FROM devices WHERE user_id = ANY($1)`, sqldb.List(users))
	if err != nil {
		return nil, fmt.Errorf("reading the names of devices: %w", err)
	}
	defer rows.Close()
	names := map[string]map[string]string{}
	for rows.Next() {
		var userID, deviceID, name string
		if err := rows.Scan(&userID, &deviceID, &name); err != nil {
			return nil, fmt.Errorf("reading the names of devices: %w", err)
		}
		if names[userID] == nil {
			names[userID] = map[string]string{}
		}
		names[userID][deviceID] = name
	}
	return names, rows.Err()
}

// remoteList is what is known of a remote user's device list.
type remoteList struct {
	streamID int64
	stale    bool
	attempts int
	nextTry  int64 // ms
}

// readRemoteList returns nil if nothing is kept.
func readRemoteList(q sqldb.Querier, userID string) (*remoteList, error) {
	var l remoteList
	var stale int
	err := q.QueryRow(`SELECT stream_id, stale, attempts, next_try FROM remote_device_lists WHERE user_id = $1`, userID).
		Scan(&l.streamID, &stale, &l.attempts, &l.nextTry)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading a remote device list: %w", err)
	}
	l.stale = stale != 0
	return &l, nil
}

func upsertRemoteList(tx *sqldb.Tx, userID string, l remoteList) error {
	_, err := tx.Exec(`INSERT INTO remote_device_lists (user_id, stream_id, stale, attempts, next_try) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (user_id) DO UPDATE SET stream_id = excluded.stream_id, stale = excluded.stale,
			attempts = excluded.attempts, next_try = excluded.next_try`,
		userID, l.streamID, number(l.stale), l.attempts, l.nextTry)
	if err != nil {
		return fmt.Errorf("storing a remote device list: %w", err)
	}
	return nil
}

// forgetRemoteList drops what is kept of a user with whom no room is shared any more.
func forgetRemoteList(tx *sqldb.Tx, userID string) error {
	return execAll(tx, "forgetting a remote device list", []string{
		`DELETE FROM remote_device_lists WHERE user_id = $1`,
		`DELETE FROM remote_devices WHERE user_id = $1`,
		`DELETE FROM cross_signing_keys WHERE user_id = $1`,
	}, userID)
}

func upsertRemoteDevice(tx *sqldb.Tx, userID string, d RemoteDevice) error {
	_, err := tx.Exec(`INSERT INTO remote_devices (user_id, device_id, keys, display_name) VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id, device_id) DO UPDATE SET keys = excluded.keys, display_name = excluded.display_name`,
		userID, d.DeviceID, string(d.Keys), d.DisplayName)
	if err != nil {
		return fmt.Errorf("storing a remote device: %w", err)
	}
	return nil
}

// countOtherDevices counts what is kept of a remote user's devices but one.
func countOtherDevices(tx *sqldb.Tx, userID, but string) (int, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM remote_devices WHERE user_id = $1 AND device_id <> $2`, userID, but).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting the devices of a remote user: %w", err)
	}
	return n, nil
}

func deleteRemoteDevice(tx *sqldb.Tx, userID, deviceID string) error {
	return execAll(tx, "removing a remote device", []string{
		`DELETE FROM remote_devices WHERE user_id = $1 AND device_id = $2`}, userID, deviceID)
}

func deleteRemoteDevices(tx *sqldb.Tx, userID string) error {
	return execAll(tx, "removing remote devices", []string{`DELETE FROM remote_devices WHERE user_id = $1`}, userID)
}

// staleLists returns remote users whose lists are due to be fetched.
func (a *Accounts) staleLists(ctx context.Context, now int64, limit int) ([]string, error) {
	rows, err := a.db.Query(ctx, `SELECT user_id FROM remote_device_lists WHERE stale = 1 AND next_try <= $1
		ORDER BY next_try LIMIT $2`, now, limit)
	if err != nil {
		return nil, fmt.Errorf("reading stale device lists: %w", err)
	}
	defer rows.Close()
	var users []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("reading stale device lists: %w", err)
		}
		users = append(users, id)
	}
	return users, rows.Err()
}
