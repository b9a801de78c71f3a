package rooms

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

type publishedRoom struct {
	roomRef
	stateNID int64
	joined   int
}

// maxPublished bounds the rooms that the directory looks at, those with most members first.
const maxPublished = 10_000

func (r *Rooms) selectPublished(ctx context.Context) ([]publishedRoom, error) {
	rows, err := r.db.Query(ctx, `SELECT room_nid, room_id, version, state_nid,
		(SELECT COUNT(*) FROM memberships m WHERE m.room_nid = rooms.room_nid AND m.membership = 'join') AS joined
		FROM rooms WHERE published = 1 ORDER BY joined DESC, room_id LIMIT $1`, maxPublished)
	return scanAll(rows, err, "reading the room directory", func(rows *sql.Rows) (p publishedRoom, err error) {
		return p, rows.Scan(&p.nid, &p.id, &p.version, &p.stateNID, &p.joined)
	})
}

func (r *Rooms) selectIsPublished(ctx context.Context, roomID string) (bool, error) {
	var published int64
	err := r.db.QueryRow(ctx, `SELECT published FROM rooms WHERE room_id = $1`, roomID).Scan(&published)
	if errors.Is(err, sqldb.ErrNoRows) {
		return false, fmt.Errorf("room %s: %w", roomID, ErrNotFound)
	}
	if err != nil {
		return false, fmt.Errorf("reading whether a room is listed: %w", err)
	}
	return published != 0, nil
}

func updatePublished(tx *sqldb.Tx, roomNID int64, on bool) error {
	_, err := tx.Exec(`UPDATE rooms SET published = $2 WHERE room_nid = $1`, roomNID, flag(on))
	return err
}
