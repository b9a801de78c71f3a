package rooms

import (
	"context"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// roomRef is what never changes of a room.
type roomRef struct {
	nid     int64
	id      string
	version string
}

// roomRef returns the room's number and version without loading the room. ErrNotFound for a room not known.
func (r *Rooms) roomRef(ctx context.Context, roomID string) (roomRef, error) {
	if ref, ok := r.read.refs.Get(roomID); ok {
		return ref, nil
	}
	ref := roomRef{id: roomID}
	row := r.db.QueryRow(ctx, `SELECT room_nid, version FROM rooms WHERE room_id = $1`, roomID)
	if err := row.Scan(&ref.nid, &ref.version); errors.Is(err, sqldb.ErrNoRows) {
		return roomRef{}, fmt.Errorf("room %s: %w", roomID, ErrNotFound)
	} else if err != nil {
		return roomRef{}, fmt.Errorf("looking up a room: %w", err)
	}
	r.read.refs.Add(roomID, ref)
	return ref, nil
}
