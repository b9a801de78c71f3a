package rooms

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

const outsideColumns = `user_id, room_id, version, membership, sender, event_id, json, stripped, position`

func scanOutside(rows *sql.Rows) (o OutsideMembership, err error) {
	err = rows.Scan(&o.UserID, &o.RoomID, &o.Version, &o.Membership, &o.Sender, &o.EventID, &o.JSON, &o.Stripped, &o.Position)
	return o, err
}

const selectOneOutside = `SELECT ` + outsideColumns + ` FROM outside_memberships WHERE user_id = $1 AND room_id = $2`

// selectOutside returns a user's outside membership in a room, nil without one.
func (r *Rooms) selectOutside(ctx context.Context, userID, roomID string) (*OutsideMembership, error) {
	return oneOutside(r.db.QueryRow(ctx, selectOneOutside, userID, roomID))
}

func oneOutside(row *sql.Row) (*OutsideMembership, error) {
	o := &OutsideMembership{}
	err := row.Scan(&o.UserID, &o.RoomID, &o.Version, &o.Membership, &o.Sender, &o.EventID, &o.JSON, &o.Stripped, &o.Position)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading an outside membership: %w", err)
	}
	return o, nil
}

// upsertOutside stores an outside membership, which has its position.
func upsertOutside(tx *sqldb.Tx, o *OutsideMembership) error {
	_, err := tx.Exec(`INSERT INTO outside_memberships (user_id, room_id, version, membership, sender, event_id, json, stripped,
			position, forgotten) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)
		ON CONFLICT (user_id, room_id) DO UPDATE SET version = excluded.version, membership = excluded.membership,
			sender = excluded.sender, event_id = excluded.event_id, json = excluded.json, stripped = excluded.stripped,
			position = excluded.position, forgotten = 0`,
		o.UserID, o.RoomID, o.Version, o.Membership, o.Sender, o.EventID, o.JSON, o.Stripped, o.Position)
	if err != nil {
		return fmt.Errorf("storing an outside membership: %w", err)
	}
	return nil
}

// takeOutside removes and returns the outside memberships in a room.
func takeOutside(tx *sqldb.Tx, roomID string) ([]OutsideMembership, error) {
	rows, err := tx.Query(`DELETE FROM outside_memberships WHERE room_id = $1 RETURNING `+outsideColumns, roomID)
	return scanAll(rows, err, "taking the outside memberships of a room", scanOutside)
}
