package accounts

import (
	"context"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// tokenTable is one of the two tables of tokens, which have the same columns.
type tokenTable struct{ insert, read string }

var accessTokens = tokenTable{
	insert: `INSERT INTO access_tokens (token_hash, user_id, device_id, created, expires_ts, replaces) VALUES ($1, $2, $3, $4, $5, $6)`,
	read:   `SELECT token_hash, user_id, device_id, created, expires_ts, replaces FROM access_tokens WHERE token_hash = $1`,
}

var refreshTokens = tokenTable{
	insert: `INSERT INTO refresh_tokens (token_hash, user_id, device_id, created, expires_ts, replaces) VALUES ($1, $2, $3, $4, $5, $6)`,
	read:   `SELECT token_hash, user_id, device_id, created, expires_ts, replaces FROM refresh_tokens WHERE token_hash = $1`,
}

type tokenRow struct {
	hash             []byte
	userID, deviceID string
	created, expires int64
	replaces         []byte // nil: none
}

func insertToken(tx *sqldb.Tx, table tokenTable, t tokenRow) error {
	if _, err := tx.Exec(table.insert, t.hash, t.userID, t.deviceID, t.created, t.expires, t.replaces); err != nil {
		return fmt.Errorf("storing a token: %w", err)
	}
	return nil
}

// readToken returns nil for a token that is not known.
func readToken(q sqldb.Querier, table tokenTable, hash []byte) (*tokenRow, error) {
	var t tokenRow
	err := q.QueryRow(table.read, hash).Scan(&t.hash, &t.userID, &t.deviceID, &t.created, &t.expires, &t.replaces)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading a token: %w", err)
	}
	return &t, nil
}

// supersede ends the refresh token that t took the place of, with the access tokens from before, now that t is used.
func supersede(tx *sqldb.Tx, t *tokenRow) error {
	if t.replaces == nil {
		return nil
	}
	return errors.Join(
		execAll(tx, "ending a refresh token", []string{
			`DELETE FROM access_tokens WHERE user_id = $1 AND device_id = $2 AND (replaces IS NULL OR replaces <> $3)`,
			`DELETE FROM refresh_tokens WHERE user_id = $1 AND device_id = $2 AND (replaces IS NULL OR replaces <> $3)`,
		}, t.userID, t.deviceID, t.replaces),
		execAll(tx, "marking tokens as used", []string{
			`UPDATE access_tokens SET replaces = NULL WHERE replaces = $1`,
			`UPDATE refresh_tokens SET replaces = NULL WHERE replaces = $1`,
		}, t.replaces))
}

// deleteSuccessors voids the unused tokens that an earlier exchange of refresh token t gave.
func deleteSuccessors(tx *sqldb.Tx, t *tokenRow) error {
	return execAll(tx, "voiding unused tokens", []string{
		`DELETE FROM access_tokens WHERE replaces = $1 AND user_id = $2 AND device_id = $3`,
		`DELETE FROM refresh_tokens WHERE replaces = $1 AND user_id = $2 AND device_id = $3`,
	}, t.hash, t.userID, t.deviceID)
}

// deleteTokens ends all tokens of a device.
func deleteTokens(tx *sqldb.Tx, userID, deviceID string) error {
	return execAll(tx, "ending the tokens of a device", []string{
		`DELETE FROM access_tokens WHERE user_id = $1 AND device_id = $2`,
		`DELETE FROM refresh_tokens WHERE user_id = $1 AND device_id = $2`,
	}, userID, deviceID)
}

// readAccessToken returns a token with its device; *UnknownToken.
func (a *Accounts) readAccessToken(ctx context.Context, hash []byte) (*tokenRow, *Device, error) {
	var t tokenRow
	var d Device
	var admin, suspended, locked int
	err := a.db.QueryRow(ctx, `SELECT t.user_id, t.device_id, t.created, t.expires_ts, t.replaces,
			d.display_name, d.last_seen_ip, d.last_seen_ts, u.admin, u.suspended, u.locked, u.appservice_id
		FROM access_tokens t JOIN devices d ON d.user_id = t.user_id AND d.device_id = t.device_id
		JOIN users u ON u.user_id = t.user_id WHERE t.token_hash = $1 AND u.deactivated = 0`, hash).
		Scan(&t.userID, &t.deviceID, &t.created, &t.expires, &t.replaces,
			&d.DisplayName, &d.LastSeenIP, &d.LastSeenTS, &admin, &suspended, &locked, &d.AppserviceID)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, nil, &UnknownToken{}
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading an access token: %w", err)
	}
	t.hash = hash
	d.UserID, d.DeviceID, d.Scope = t.userID, t.deviceID, t.deviceID
	d.Admin, d.Suspended, d.Locked = admin != 0, suspended != 0, locked != 0
	return &t, &d, nil
}

func insertShortToken(tx *sqldb.Tx, hash []byte, kind, userID, deviceID string, expires int64) error {
	_, err := tx.Exec(`INSERT INTO login_tokens (token_hash, kind, user_id, device_id, expires_ts) VALUES ($1, $2, $3, $4, $5)`,
		hash, kind, userID, deviceID, expires)
	return err
}

// takeShortToken removes a token and returns whose it was; *UnknownToken.
func takeShortToken(tx *sqldb.Tx, hash []byte, kind string, now int64) (string, error) {
	var userID string
	err := tx.QueryRow(`DELETE FROM login_tokens WHERE token_hash = $1 AND kind = $2 AND expires_ts > $3 RETURNING user_id`,
		hash, kind, now).Scan(&userID)
	if errors.Is(err, sqldb.ErrNoRows) {
		return "", &UnknownToken{}
	}
	if err != nil {
		return "", fmt.Errorf("taking a token: %w", err)
	}
	return userID, nil
}

func (a *Accounts) readShortToken(ctx context.Context, hash []byte, kind string, now int64) (userID, deviceID string, err error) {
	err = a.db.QueryRow(ctx, `SELECT user_id, device_id FROM login_tokens WHERE token_hash = $1 AND kind = $2 AND expires_ts > $3`,
		hash, kind, now).Scan(&userID, &deviceID)
	if errors.Is(err, sqldb.ErrNoRows) {
		return "", "", &UnknownToken{}
	}
	if err != nil {
		return "", "", fmt.Errorf("reading a token: %w", err)
	}
	return userID, deviceID, nil
}

func writeSeen(tx *sqldb.Tx, waiting map[[2]string]sighting) error {
	rows := make([][]any, 0, len(waiting))
	for key, s := range waiting {
		rows = append(rows, []any{key[0], key[1], s.ts, s.ip, s.userAgent})
	}
	err := tx.ExecMany(`UPDATE devices SET last_seen_ts = $3, last_seen_ip = $4, user_agent = $5
		WHERE user_id = $1 AND device_id = $2`, rows)
	if err != nil {
		return fmt.Errorf("storing when devices were seen: %w", err)
	}
	return nil
}

const (
	day = 24 * 3600 * 1000 // ms
	// An expired access token still means "soft logout" for a while.
	keepExpired = 30 * day
	// Transaction ids and updates for other servers are kept this long.
	keepTransactions = 7 * day
	keepListUpdates  = 30 * day
)

func deleteExpired(tx *sqldb.Tx, now int64) error {
	old := []struct {
		query string
		limit int64
	}{
		{`DELETE FROM login_tokens WHERE expires_ts <= $1`, now},
		{`DELETE FROM access_tokens WHERE expires_ts > 0 AND expires_ts <= $1`, now - keepExpired},
		{`DELETE FROM refresh_tokens WHERE expires_ts > 0 AND expires_ts <= $1`, now - keepExpired},
		{`DELETE FROM to_device_transactions WHERE created <= $1`, now - keepTransactions},
		{`DELETE FROM device_list_updates WHERE created <= $1`, now - keepListUpdates},
	}
	for _, o := range old {
		if _, err := tx.Exec(o.query, o.limit); err != nil {
			return fmt.Errorf("removing what has expired: %w", err)
		}
	}
	return nil
}
