package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

func upsertCheckpoint(tx *sqldb.Tx, userID, roomID string, position int64, counts []byte) error {
	_, err := tx.Exec(`INSERT INTO notification_checkpoints (user_id, room_id, position, counts) VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id, room_id) DO UPDATE SET position = excluded.position, counts = excluded.counts`,
		userID, roomID, position, string(counts))
	return err
}

// readCheckpoint returns position 0 for none.
func (a *Accounts) readCheckpoint(ctx context.Context, userID, roomID string) (int64, []byte, error) {
	var position int64
	var counts string
	err := a.db.QueryRow(ctx, `SELECT position, counts FROM notification_checkpoints WHERE user_id = $1 AND room_id = $2`,
		userID, roomID).Scan(&position, &counts)
	if errors.Is(err, sqldb.ErrNoRows) {
		return 0, nil, nil
	}
	if err != nil {
		return 0, nil, fmt.Errorf("reading stored notification counts: %w", err)
	}
	return position, []byte(counts), nil
}

func (a *Accounts) readCheckpointRooms(ctx context.Context, userID string) ([]string, error) {
	var ids []string
	err := a.db.Read(ctx, func(q *sqldb.Snapshot) error {
		var err error
		ids, err = texts(q, "reading where notification counts are stored",
			`SELECT room_id FROM notification_checkpoints WHERE user_id = $1`, userID)
		return err
	})
	return ids, err
}

func upsertPusher(tx *sqldb.Tx, p Pusher, now int64) error {
	_, err := tx.Exec(`INSERT INTO pushers (user_id, app_id, pushkey, device_id, kind, app_display_name, device_display_name,
			profile_tag, lang, data, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (app_id, pushkey, user_id) DO UPDATE SET device_id = excluded.device_id, kind = excluded.kind,
			app_display_name = excluded.app_display_name, device_display_name = excluded.device_display_name,
			profile_tag = excluded.profile_tag, lang = excluded.lang, data = excluded.data`,
		p.UserID, p.AppID, p.PushKey, p.DeviceID, p.Kind, p.AppDisplayName, p.DeviceDisplayName, p.ProfileTag, p.Lang, string(p.Data), now)
	if err != nil {
		return fmt.Errorf("storing a pusher: %w", err)
	}
	return nil
}

// deleteOtherPushers removes the pushers of other users with the same app and key, and returns those users.
func deleteOtherPushers(tx *sqldb.Tx, userID, appID, pushKey string) ([]string, error) {
	others, err := texts(tx, "reading whose pushers are replaced",
		`SELECT user_id FROM pushers WHERE user_id <> $1 AND app_id = $2 AND pushkey = $3`, userID, appID, pushKey)
	if err != nil || len(others) == 0 {
		return nil, err
	}
	return others, execAll(tx, "removing a pusher", []string{
		`DELETE FROM pushers WHERE user_id <> $1 AND app_id = $2 AND pushkey = $3`}, userID, appID, pushKey)
}

func deletePusher(tx *sqldb.Tx, userID, appID, pushKey string) error {
	return execAll(tx, "removing a pusher", []string{
		`DELETE FROM pushers WHERE user_id = $1 AND app_id = $2 AND pushkey = $3`}, userID, appID, pushKey)
}

func (a *Accounts) readPushers(ctx context.Context, userID string) ([]*Pusher, error) {
	rows, err := a.db.Query(ctx, `SELECT user_id, device_id, app_id, pushkey, kind, app_display_name, device_display_name,
		profile_tag, lang, data, created FROM pushers WHERE user_id = $1 ORDER BY created, app_id, pushkey`, userID)
	if err != nil {
		return nil, fmt.Errorf("reading pushers: %w", err)
	}
	defer rows.Close()
	pushers := []*Pusher{}
	for rows.Next() {
		p := &Pusher{}
		var data string
		err := rows.Scan(&p.UserID, &p.DeviceID, &p.AppID, &p.PushKey, &p.Kind, &p.AppDisplayName, &p.DeviceDisplayName,
			&p.ProfileTag, &p.Lang, &data, &p.Created)
		if err != nil {
			return nil, fmt.Errorf("reading pushers: %w", err)
		}
		p.Data = json.RawMessage(data)
		pushers = append(pushers, p)
	}
	return pushers, rows.Err()
}

// readPusherUsers returns the users who have any pusher.
func (a *Accounts) readPusherUsers(ctx context.Context) ([]string, error) {
	var users []string
	err := a.db.Read(ctx, func(q *sqldb.Snapshot) error {
		var err error
		users, err = texts(q, "reading who has pushers", `SELECT DISTINCT user_id FROM pushers`)
		return err
	})
	return users, err
}

func countPushers(tx *sqldb.Tx, userID string) (int, error) {
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM pushers WHERE user_id = $1`, userID).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting pushers: %w", err)
	}
	return n, nil
}
