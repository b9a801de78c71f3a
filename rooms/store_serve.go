package rooms

import (
	"context"
	"fmt"

	"medixchange/internal/sqldb"
)

// serverWasJoined reports whether a user of the server was ever joined in the room, as far as its history is known.
func (r *Rooms) serverWasJoined(ctx context.Context, roomNID int64, server string) (bool, error) {
	var was int64
	err := r.db.QueryRow(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM memberships m
		JOIN membership_intervals i ON i.room_nid = m.room_nid AND i.user_id = m.user_id
		WHERE m.room_nid = $1 AND m.membership = ANY($3) AND m.server = $2 AND i.membership = 'join' LIMIT 1) AS joined`,
		roomNID, server, sqldb.List([]string{"join", "leave", "ban", "invite", "knock"})).Scan(&was)
	if err != nil {
		return false, fmt.Errorf("looking for members of a server: %w", err)
	}
	return was != 0, nil
}

// serverHasMember reports whether a user of the server has one of the memberships in the room now.
func (r *Rooms) serverHasMember(ctx context.Context, roomID, server string, memberships ...string) (bool, error) {
	room, err := r.roomRef(ctx, roomID)
	if notFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var has int64
	err = r.db.QueryRow(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM memberships
		WHERE room_nid = $1 AND membership = ANY($3) AND server = $2 LIMIT 1) AS here`,
		room.nid, server, sqldb.List(memberships)).Scan(&has)
	if err != nil {
		return false, fmt.Errorf("looking for members of a server: %w", err)
	}
	return has != 0, nil
}
