package rooms

import (
	"context"
	"fmt"
	"strings"
)

// JoinedRoomsOf returns the ids of the rooms that a user, local or not, is joined to and in which this node has a member,
// the one that they came to last first. Unlike UserRooms it always reads the database.
func (r *Rooms) JoinedRoomsOf(ctx context.Context, userID string) ([]string, error) {
	rows, err := r.db.Query(ctx, `SELECT r.room_id FROM memberships m JOIN rooms r ON r.room_nid = m.room_nid
		WHERE m.user_id = $1 AND m.membership = 'join' AND r.left_at = 0 ORDER BY m.position DESC`, userID)
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

// RoomsOfServer returns the ids of the rooms in which a server has joined members and this node has some, too; in no order.
func (r *Rooms) RoomsOfServer(ctx context.Context, server string) ([]string, error) {
	escaped := strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`).Replace(server)
	rows, err := r.db.Query(ctx, `SELECT r.room_id FROM rooms r JOIN server_sets s ON s.servers_nid = r.servers_nid
		WHERE r.left_at = 0 AND s.servers LIKE $1 ESCAPE '!'`, `%"`+escaped+`"%`)
	if err != nil {
		return nil, fmt.Errorf("reading the rooms of a server: %w", err)
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("reading the rooms of a server: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
