package accounts

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"medixchange/internal/sqldb"
)

type backupRow struct {
	version, etag       int64
	algorithm, authData string
}

// findBackup returns a version that was not deleted, the latest for ""; ErrNotFound.
func findBackup(q sqldb.Querier, userID, version string) (*backupRow, error) {
	n := int64(0)
	if version != "" {
		var err error
		if n, err = strconv.ParseInt(version, 10, 64); err != nil || n <= 0 {
			return nil, ErrNotFound.says("Unknown backup version")
		}
	}
	var row backupRow
	err := q.QueryRow(`SELECT version, etag, algorithm, auth_data FROM key_backups
		WHERE user_id = $1 AND deleted = 0 AND (version = $2 OR $2 = 0) ORDER BY version DESC LIMIT 1`, userID, n).
		Scan(&row.version, &row.etag, &row.algorithm, &row.authData)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, ErrNotFound.says("Unknown backup version")
	}
	if err != nil {
		return nil, fmt.Errorf("reading a backup: %w", err)
	}
	return &row, nil
}

// insertBackup begins a version; versions of deleted backups are not used again.
func insertBackup(tx *sqldb.Tx, userID, algorithm, authData string) (int64, error) {
	var last int64
	if err := tx.QueryRow(`SELECT COALESCE(MAX(version), 0) FROM key_backups WHERE user_id = $1`, userID).Scan(&last); err != nil {
		return 0, fmt.Errorf("reading the versions of a backup: %w", err)
	}
	_, err := tx.Exec(`INSERT INTO key_backups (user_id, version, algorithm, auth_data) VALUES ($1, $2, $3, $4)`,
		userID, last+1, algorithm, authData)
	if err != nil {
		return 0, fmt.Errorf("storing a backup version: %w", err)
	}
	return last + 1, nil
}

func writeBackupAuth(tx *sqldb.Tx, userID string, version int64, authData string) error {
	return affectOne(tx, "changing a backup", `UPDATE key_backups SET auth_data = $3 WHERE user_id = $1 AND version = $2`,
		userID, version, authData)
}

func writeBackupETag(tx *sqldb.Tx, userID string, version, etag int64) error {
	return affectOne(tx, "changing a backup", `UPDATE key_backups SET etag = $3 WHERE user_id = $1 AND version = $2`,
		userID, version, etag)
}

func removeBackup(tx *sqldb.Tx, userID string, version int64) error {
	err := affectOne(tx, "removing a backup", `UPDATE key_backups SET deleted = 1 WHERE user_id = $1 AND version = $2`, userID, version)
	if errors.Is(err, ErrNotFound) {
		return ErrNotFound.says("Unknown backup version")
	}
	if err != nil {
		return err
	}
	return execAll(tx, "removing the keys of a backup", []string{
		`DELETE FROM key_backup_sessions WHERE user_id = $1 AND version = $2`}, userID, version)
}

func countSessions(q sqldb.Querier, userID string, version int64) (int64, error) {
	var n int64
	err := q.QueryRow(`SELECT COUNT(*) FROM key_backup_sessions WHERE user_id = $1 AND version = $2`, userID, version).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting the keys of a backup: %w", err)
	}
	return n, nil
}

// putSession stores a key if it is new or better, and reports whether it did.
func putSession(tx *sqldb.Tx, userID string, version int64, roomID, sessionID string, s BackupSession) (bool, error) {
	var old BackupSession
	var verified int
	err := tx.QueryRow(`SELECT first_index, forwarded, verified FROM key_backup_sessions
		WHERE user_id = $1 AND version = $2 AND room_id = $3 AND session_id = $4`, userID, version, roomID, sessionID).
		Scan(&old.FirstMessageIndex, &old.ForwardedCount, &verified)
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return false, fmt.Errorf("reading a key of a backup: %w", err)
	}
	old.IsVerified = verified != 0
	if err == nil && !s.replaces(old) {
		return false, nil
	}
	_, err = tx.Exec(`INSERT INTO key_backup_sessions (user_id, version, room_id, session_id, first_index, forwarded, verified, session_data)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (user_id, version, room_id, session_id) DO UPDATE SET
			first_index = excluded.first_index, forwarded = excluded.forwarded, verified = excluded.verified,
			session_data = excluded.session_data`,
		userID, version, roomID, sessionID, s.FirstMessageIndex, s.ForwardedCount, number(s.IsVerified), string(s.SessionData))
	if err != nil {
		return false, fmt.Errorf("storing a key of a backup: %w", err)
	}
	return true, nil
}

func readSessions(q sqldb.Querier, userID string, version int64, roomID, sessionID string, keys BackupSessions) error {
	rows, err := q.Query(`SELECT room_id, session_id, first_index, forwarded, verified, session_data FROM key_backup_sessions
		WHERE user_id = $1 AND version = $2 AND ($3 = '' OR room_id = $3) AND ($4 = '' OR session_id = $4)`,
		userID, version, roomID, sessionID)
	if err != nil {
		return fmt.Errorf("reading the keys of a backup: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var room, session, data string
		var s BackupSession
		var verified int
		if err := rows.Scan(&room, &session, &s.FirstMessageIndex, &s.ForwardedCount, &verified, &data); err != nil {
			return fmt.Errorf("reading the keys of a backup: %w", err)
		}
		s.IsVerified, s.SessionData = verified != 0, json.RawMessage(data)
		if keys[room] == nil {
			keys[room] = map[string]BackupSession{}
		}
		keys[room][session] = s
	}
	return rows.Err()
}

// deleteSessions removes keys and reports whether there were any.
func deleteSessions(tx *sqldb.Tx, userID string, version int64, roomID, sessionID string) (bool, error) {
	result, err := tx.Exec(`DELETE FROM key_backup_sessions
		WHERE user_id = $1 AND version = $2 AND ($3 = '' OR room_id = $3) AND ($4 = '' OR session_id = $4)`,
		userID, version, roomID, sessionID)
	if err != nil {
		return false, fmt.Errorf("removing keys of a backup: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}
