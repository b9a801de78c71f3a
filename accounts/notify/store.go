package notify

import (
	"context"
	"fmt"

	"medixchange/internal/push"
	"medixchange/internal/sqldb"
)

func upsertPlaces(tx *sqldb.Tx, places map[push.Key]int64) error {
	rows := make([][]any, 0, len(places))
	for key, position := range places {
		rows = append(rows, []any{key.UserID, key.AppID, key.PushKey, position})
	}
	return tx.ExecMany(`INSERT INTO push_places (user_id, app_id, pushkey, position) VALUES ($1, $2, $3, $4)
		ON CONFLICT (user_id, app_id, pushkey) DO UPDATE SET position = excluded.position`, rows)
}

func deletePlaces(tx *sqldb.Tx, keys []push.Key) error {
	rows := make([][]any, 0, len(keys))
	for _, key := range keys {
		rows = append(rows, []any{key.UserID, key.AppID, key.PushKey})
	}
	return tx.ExecMany(`DELETE FROM push_places WHERE user_id = $1 AND app_id = $2 AND pushkey = $3`, rows)
}

func (n *Notifier) readPlaces(ctx context.Context) (map[push.Key]int64, error) {
	rows, err := n.o.DB.Query(ctx, `SELECT user_id, app_id, pushkey, position FROM push_places`)
	if err != nil {
		return nil, fmt.Errorf("reading places of pushers: %w", err)
	}
	defer rows.Close()
	places := map[push.Key]int64{}
	for rows.Next() {
		var key push.Key
		var position int64
		if err := rows.Scan(&key.UserID, &key.AppID, &key.PushKey, &position); err != nil {
			return nil, fmt.Errorf("reading places of pushers: %w", err)
		}
		places[key] = position
	}
	return places, rows.Err()
}
