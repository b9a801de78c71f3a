package doors

import (
	"context"
	"fmt"

	"medixchange/internal/sqldb"
)

// closure is a room that this node closed for a server.
type closure struct{ room, server string }

func (d *Doors) remember(ctx context.Context, room, server string) error {
	return d.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`INSERT INTO alliance_closed_rooms (room_id, server_name, closed_ts) VALUES ($1, $2, $3)
			ON CONFLICT (room_id, server_name) DO NOTHING`, room, server, d.o.Now().UnixMilli())
		if err != nil {
			return fmt.Errorf("noting a closed room: %w", err)
		}
		return nil
	})
}

func (d *Doors) forget(ctx context.Context, room, server string) error {
	return d.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(`DELETE FROM alliance_closed_rooms WHERE room_id = $1 AND server_name = $2`, room, server); err != nil {
			return fmt.Errorf("forgetting a closed room: %w", err)
		}
		return nil
	})
}

func (d *Doors) closed(ctx context.Context) ([]closure, error) {
	rows, err := d.o.DB.Query(ctx, `SELECT room_id, server_name FROM alliance_closed_rooms ORDER BY server_name, room_id`)
	if err != nil {
		return nil, fmt.Errorf("reading closed rooms: %w", err)
	}
	defer rows.Close()
	var all []closure
	for rows.Next() {
		var c closure
		if err := rows.Scan(&c.room, &c.server); err != nil {
			return nil, fmt.Errorf("reading closed rooms: %w", err)
		}
		all = append(all, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading closed rooms: %w", err)
	}
	return all, nil
}
