package rooms

import (
	"context"
	"fmt"
)

// JoinedRoomsOf returns the ids of the rooms that a user, local or not, is joined to and in which this node has a member,
// in no order. Unlike UserRooms it always reads the database.
func (r *Rooms) JoinedRoomsOf(ctx context.Context, userID string) ([]string, error) {
	rows, err := r.db.Query(ctx, `SELECT r.room_id FROM memberships m JOIN rooms r ON r.room_nid = m.room_nid
		WHERE m.user_id = $1 AND m.membership = 'join' AND r.left_at = 0`, userID)
	if err != nil {
		return nil, fmt.Errorf("reading the rooms of a user: %w", err)
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("reading the rooms of a user: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
