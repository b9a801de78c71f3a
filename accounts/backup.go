package accounts

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"medixchange/internal/sqldb"
)

const (
	maxBackupSessions = 10000 // in one request
	maxSessionData    = 16 << 10
	maxAuthData       = 64 << 10
)

// CreateBackup begins a new version of a user's key backup, which is the current one from now on, and returns it.
func (a *Accounts) CreateBackup(ctx context.Context, userID, algorithm string, authData json.RawMessage) (string, error) {
	if algorithm == "" || !storable(algorithm) {
		return "", ErrMissingParam.says("algorithm is missing")
	}
	if !isObject(authData) || len(authData) > maxAuthData {
		return "", ErrBadJSON.says("auth_data is an object")
	}
	var version int64
	err := a.db.Write(ctx, func(tx *sqldb.Tx) error {
		var err error
		version, err = insertBackup(tx, userID, algorithm, string(authData))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("beginning a key backup: %w", err)
	}
	return strconv.FormatInt(version, 10), nil
}

// Backup returns a version of a user's backup, the current one for ""; ErrNotFound.
func (a *Accounts) Backup(ctx context.Context, userID, version string) (*BackupVersion, error) {
	var b *BackupVersion
	err := a.db.Read(ctx, func(q *sqldb.Snapshot) error {
		row, err := findBackup(q, userID, version)
		if err != nil {
			return err
		}
		count, err := countSessions(q, userID, row.version)
		b = &BackupVersion{Version: strconv.FormatInt(row.version, 10), Algorithm: row.algorithm,
			AuthData: json.RawMessage(row.authData), Count: count, ETag: strconv.FormatInt(row.etag, 10)}
		return err
	})
	return b, err
}

// UpdateBackup changes the auth_data of a version. bodyVersion is the version of the body, "" if it had none. Errors:
// ErrNotFound, ErrInvalidParam for another algorithm or version.
func (a *Accounts) UpdateBackup(ctx context.Context, userID, version, bodyVersion, algorithm string, authData json.RawMessage) error {
	if bodyVersion != "" && bodyVersion != version {
		return ErrInvalidParam.says("The version does not match that of the path")
	}
	if !isObject(authData) || len(authData) > maxAuthData {
		return ErrBadJSON.says("auth_data is an object")
	}
	return a.db.Write(ctx, func(tx *sqldb.Tx) error {
		row, err := findBackup(tx, userID, version)
		if err != nil {
			return err
		}
		if row.algorithm != algorithm {
			return ErrInvalidParam.says("Algorithm does not match")
		}
		return writeBackupAuth(tx, userID, row.version, string(authData))
	})
}

// DeleteBackup removes a version with its keys. One that was removed already is no error; one that never was is
// ErrNotFound.
func (a *Accounts) DeleteBackup(ctx context.Context, userID, version string) error {
	n, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		return ErrNotFound.says("Unknown backup version")
	}
	return a.db.Write(ctx, func(tx *sqldb.Tx) error { return removeBackup(tx, userID, n) })
}

// PutBackupKeys stores keys in the current version. A key that is there is replaced only by a better one: verified, else
// with an earlier first message, else forwarded fewer times. It returns the new etag and count. Errors: ErrNotFound,
// ErrWrongKeysVersion (with current_version) for a version that is not the current one.
func (a *Accounts) PutBackupKeys(ctx context.Context, userID, version string, keys BackupSessions) (etag string, count int64, err error) {
	total := 0
	for roomID, sessions := range keys {
		total += len(sessions)
		for sessionID, s := range sessions {
			if !storable(roomID, sessionID) || !isObject(s.SessionData) || len(s.SessionData) > maxSessionData || s.FirstMessageIndex < 0 || s.ForwardedCount < 0 {
				return "", 0, ErrBadJSON.says("Malformed key in the backup")
			}
		}
	}
	if total > maxBackupSessions {
		return "", 0, ErrTooLarge.says("At most %d keys at a time", maxBackupSessions)
	}
	return a.changeBackup(ctx, userID, version, true, func(tx *sqldb.Tx, version int64) (bool, error) {
		changed := false
		for roomID, sessions := range keys {
			for sessionID, s := range sessions {
				better, err := putSession(tx, userID, version, roomID, sessionID, s)
				if err != nil {
					return false, err
				}
				changed = changed || better
			}
		}
		return changed, nil
	})
}

// BackupKeys returns keys of a version: all, of one room, or one session. Errors: ErrNotFound for an unknown version, and
// for one session that is not there.
func (a *Accounts) BackupKeys(ctx context.Context, userID, version, roomID, sessionID string) (BackupSessions, error) {
	keys := BackupSessions{}
	err := a.db.Read(ctx, func(q *sqldb.Snapshot) error {
		row, err := findBackup(q, userID, version)
		if err != nil {
			return err
		}
		return readSessions(q, userID, row.version, roomID, sessionID, keys)
	})
	if err != nil {
		return nil, err
	}
	if sessionID != "" && len(keys) == 0 {
		return nil, ErrNotFound.says("No such key in the backup")
	}
	return keys, nil
}

// DeleteBackupKeys removes keys of a version: all, of one room, or one session. It returns the new etag and count.
func (a *Accounts) DeleteBackupKeys(ctx context.Context, userID, version, roomID, sessionID string) (etag string, count int64, err error) {
	return a.changeBackup(ctx, userID, version, false, func(tx *sqldb.Tx, version int64) (bool, error) {
		return deleteSessions(tx, userID, version, roomID, sessionID)
	})
}

func (a *Accounts) changeBackup(ctx context.Context, userID, version string, current bool, change func(tx *sqldb.Tx, version int64) (bool, error)) (etag string, count int64, err error) {
	err = a.db.Write(ctx, func(tx *sqldb.Tx) error {
		row, err := findBackup(tx, userID, version)
		if err != nil {
			return err
		}
		if current {
			if err := mustBeCurrent(tx, userID, row.version); err != nil {
				return err
			}
		}
		changed, err := change(tx, row.version)
		if err != nil {
			return err
		}
		if changed {
			row.etag++
			if err := writeBackupETag(tx, userID, row.version, row.etag); err != nil {
				return err
			}
		}
		etag = strconv.FormatInt(row.etag, 10)
		count, err = countSessions(tx, userID, row.version)
		return err
	})
	return etag, count, err
}

func mustBeCurrent(tx *sqldb.Tx, userID string, version int64) error {
	latest, err := findBackup(tx, userID, "")
	if err != nil {
		return err
	}
	if latest.version == version {
		return nil
	}
	wrong := ErrWrongKeysVersion.says("This is not the current version of the backup")
	wrong.Extra = map[string]any{"current_version": strconv.FormatInt(latest.version, 10)}
	return wrong
}

// replaces reports whether key now takes the place of old (Client-Server API, Server-side key backups).
func (now BackupSession) replaces(old BackupSession) bool {
	if now.IsVerified != old.IsVerified {
		return now.IsVerified
	}
	if now.FirstMessageIndex != old.FirstMessageIndex {
		return now.FirstMessageIndex < old.FirstMessageIndex
	}
	return now.ForwardedCount < old.ForwardedCount
}
