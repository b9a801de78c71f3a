package clientapi

import (
	"encoding/json"
	"net/http"

	"medixchange/accounts"
	"medixchange/internal/web"
)

// maxBackupBody lets a client put many session keys at once.
const maxBackupBody = 16 << 20

func (a *API) backupRoutes() {
	a.v3(http.MethodPost, "/room_keys/version", a.limited(a.limits.other, a.createBackup))
	a.v3(http.MethodGet, "/room_keys/version", a.authed(a.backup))
	a.v3(http.MethodGet, "/room_keys/version/{version}", a.authed(a.backup))
	a.v3(http.MethodPut, "/room_keys/version/{version}", a.limited(a.limits.other, a.updateBackup))
	a.v3(http.MethodDelete, "/room_keys/version/{version}", a.limited(a.limits.other, a.deleteBackup))
	for _, path := range []string{"/room_keys/keys", "/room_keys/keys/{roomID}", "/room_keys/keys/{roomID}/{sessionID}"} {
		a.v3(http.MethodPut, path, a.limited(a.limits.other, a.putBackupKeys))
		a.v3(http.MethodGet, path, a.authed(a.backupKeys))
		a.v3(http.MethodDelete, path, a.limited(a.limits.other, a.deleteBackupKeys))
	}
}

type backupBody struct {
	Algorithm string          `json:"algorithm"`
	AuthData  json.RawMessage `json:"auth_data"`
	Version   string          `json:"version"`
}

func (a *API) createBackup(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body backupBody
	if err := a.decode(r, &body); err != nil {
		return nil, err
	}
	version, err := a.Accounts.CreateBackup(r.Context(), d.UserID, body.Algorithm, body.AuthData)
	if err != nil {
		return nil, err
	}
	return map[string]string{"version": version}, nil
}

func (a *API) backup(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	return a.Accounts.Backup(r.Context(), d.UserID, web.Var(r, "version"))
}

func (a *API) updateBackup(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	var body backupBody
	if err := a.decode(r, &body); err != nil {
		return nil, err
	}
	return nil, a.Accounts.UpdateBackup(r.Context(), d.UserID, web.Var(r, "version"), body.Version, body.Algorithm, body.AuthData)
}

func (a *API) deleteBackup(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	return nil, a.Accounts.DeleteBackup(r.Context(), d.UserID, web.Var(r, "version"))
}

// roomSessions is what is stored of one room.
type roomSessions struct {
	Sessions map[string]accounts.BackupSession `json:"sessions"`
}

// putBackupKeys answers PUT for all rooms, one room or one session, which differ only in how deep the body is.
func (a *API) putBackupKeys(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	version, err := backupVersion(r)
	if err != nil {
		return nil, err
	}
	keys, err := a.readBackupKeys(r)
	if err != nil {
		return nil, err
	}
	etag, count, err := a.Accounts.PutBackupKeys(r.Context(), d.UserID, version, keys)
	if err != nil {
		return nil, err
	}
	return map[string]any{"etag": etag, "count": count}, nil
}

func (a *API) readBackupKeys(r *http.Request) (accounts.BackupSessions, error) {
	roomID, sessionID := web.Var(r, "roomID"), web.Var(r, "sessionID")
	switch {
	case sessionID != "":
		var one accounts.BackupSession
		err := web.Decode(r, &one, maxBackupBody)
		return accounts.BackupSessions{roomID: {sessionID: one}}, err
	case roomID != "":
		var room roomSessions
		err := web.Decode(r, &room, maxBackupBody)
		return accounts.BackupSessions{roomID: room.Sessions}, err
	}
	var all struct {
		Rooms map[string]roomSessions `json:"rooms"`
	}
	err := web.Decode(r, &all, maxBackupBody)
	keys := accounts.BackupSessions{}
	for id, room := range all.Rooms {
		keys[id] = room.Sessions
	}
	return keys, err
}

func backupVersion(r *http.Request) (string, error) {
	version := r.URL.Query().Get("version")
	if version == "" {
		return "", web.MissingParam("version is missing.")
	}
	return version, nil
}

func (a *API) backupKeys(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	version, err := backupVersion(r)
	if err != nil {
		return nil, err
	}
	roomID, sessionID := web.Var(r, "roomID"), web.Var(r, "sessionID")
	keys, err := a.Accounts.BackupKeys(r.Context(), d.UserID, version, roomID, sessionID)
	if err != nil {
		return nil, err
	}
	switch {
	case sessionID != "":
		one, there := keys[roomID][sessionID]
		if !there {
			return nil, web.NotFound("The backup has no such key.")
		}
		return one, nil
	case roomID != "":
		return sessionsOf(keys[roomID]), nil
	}
	rooms := make(map[string]roomSessions, len(keys))
	for id, sessions := range keys {
		rooms[id] = sessionsOf(sessions)
	}
	return map[string]any{"rooms": rooms}, nil
}

func sessionsOf(sessions map[string]accounts.BackupSession) roomSessions {
	if sessions == nil {
		sessions = map[string]accounts.BackupSession{}
	}
	return roomSessions{sessions}
}

func (a *API) deleteBackupKeys(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	version, err := backupVersion(r)
	if err != nil {
		return nil, err
	}
	etag, count, err := a.Accounts.DeleteBackupKeys(r.Context(), d.UserID, version, web.Var(r, "roomID"), web.Var(r, "sessionID"))
	if err != nil {
		return nil, err
	}
	return map[string]any{"etag": etag, "count": count}, nil
}
