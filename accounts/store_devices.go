package accounts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// upsertDevice makes a device; one that exists keeps its name unless another is given.
func upsertDevice(tx *sqldb.Tx, userID, deviceID, name string, now int64) error {
	_, err := tx.Exec(`INSERT INTO devices (user_id, device_id, display_name, created) VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id, device_id) DO UPDATE SET display_name =
			CASE WHEN excluded.display_name = '' THEN devices.display_name ELSE excluded.display_name END`,
		userID, deviceID, name, now)
	if err != nil {
		return fmt.Errorf("storing a device: %w", err)
	}
	return nil
}

const deviceColumns = `user_id, device_id, display_name, last_seen_ip, last_seen_ts`

func scanDevice(row scanner) (*Device, error) {
	var d Device
	err := row.Scan(&d.UserID, &d.DeviceID, &d.DisplayName, &d.LastSeenIP, &d.LastSeenTS)
	d.Scope = d.DeviceID
	return &d, err
}

// contextQuerier is the pool of readers.
type contextQuerier interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func readDevices(ctx context.Context, db contextQuerier, userID string) ([]*Device, error) {
	rows, err := db.Query(ctx, `SELECT `+deviceColumns+` FROM devices WHERE user_id = $1 ORDER BY device_id`, userID)
	if err != nil {
		return nil, fmt.Errorf("reading devices: %w", err)
	}
	defer rows.Close()
	devices := []*Device{}
	for rows.Next() {
		d, err := scanDevice(rows)
		if err != nil {
			return nil, fmt.Errorf("reading devices: %w", err)
		}
		devices = append(devices, d)
	}
	return devices, rows.Err()
}

func (a *Accounts) readDevice(ctx context.Context, userID, deviceID string) (*Device, error) {
	d, err := scanDevice(a.db.QueryRow(ctx, `SELECT `+deviceColumns+` FROM devices WHERE user_id = $1 AND device_id = $2`,
		userID, deviceID))
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, ErrNotFound.says("No such device")
	}
	if err != nil {
		return nil, fmt.Errorf("reading a device: %w", err)
	}
	return d, nil
}

func writeDeviceName(tx *sqldb.Tx, userID, deviceID, name string) error {
	return affectOne(tx, "storing a device's name", `UPDATE devices SET display_name = $3 WHERE user_id = $1 AND device_id = $2`,
		userID, deviceID, name)
}

// existingDevices returns which of ids exist; all of the user's for nil.
func existingDevices(tx *sqldb.Tx, userID string, ids []string) ([]string, error) {
	if ids == nil {
		return texts(tx, "reading devices", `SELECT device_id FROM devices WHERE user_id = $1 ORDER BY device_id`, userID)
	}
	return texts(tx, "reading devices",
		`SELECT device_id FROM devices WHERE user_id = $1 AND device_id = ANY($2) ORDER BY device_id`, userID, sqldb.List(ids))
}

// devicesWithKeys returns which of ids have identity keys.
func devicesWithKeys(tx *sqldb.Tx, userID string, ids []string) ([]string, error) {
	return texts(tx, "reading which devices have keys",
		`SELECT device_id FROM device_keys WHERE user_id = $1 AND device_id = ANY($2) ORDER BY device_id`, userID, sqldb.List(ids))
}

// texts reads one column of text.
func texts(q sqldb.Querier, what, query string, args ...any) ([]string, error) {
	rows, err := q.Query(query, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

func removeDevices(tx *sqldb.Tx, userID string, ids []string) error {
	return execAll(tx, "deleting devices", []string{
		`DELETE FROM devices WHERE user_id = $1 AND device_id = ANY($2)`,
		`DELETE FROM access_tokens WHERE user_id = $1 AND device_id = ANY($2)`,
		`DELETE FROM refresh_tokens WHERE user_id = $1 AND device_id = ANY($2)`,
		`DELETE FROM login_tokens WHERE user_id = $1 AND device_id = ANY($2)`,
		`DELETE FROM device_keys WHERE user_id = $1 AND device_id = ANY($2)`,
		`DELETE FROM one_time_keys WHERE user_id = $1 AND device_id = ANY($2)`,
		`DELETE FROM fallback_keys WHERE user_id = $1 AND device_id = ANY($2)`,
		`DELETE FROM key_signatures WHERE target_user = $1 AND target_key = ANY($2)`,
		`DELETE FROM to_device WHERE user_id = $1 AND device_id = ANY($2)`,
		`DELETE FROM pushers WHERE user_id = $1 AND device_id = ANY($2)`,
	}, userID, sqldb.List(ids))
}
