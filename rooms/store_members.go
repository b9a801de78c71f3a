package rooms

import (
	"context"
	"fmt"

	"medixchange/internal/sqldb"
)

// selectMemberships returns the memberships of a room by the nid of the member event.
func (r *Rooms) selectMemberships(ctx context.Context, roomNID int64) (map[int64]string, error) {
	rows, err := r.db.Query(ctx, `SELECT event_nid, membership FROM memberships WHERE room_nid = $1`, roomNID)
	if err != nil {
		return nil, fmt.Errorf("reading memberships: %w", err)
	}
	defer rows.Close()
	memberships := map[int64]string{}
	for rows.Next() {
		var nid int64
		var membership string
		if err := rows.Scan(&nid, &membership); err != nil {
			return nil, fmt.Errorf("reading a membership: %w", err)
		}
		memberships[nid] = intern(membership)
	}
	return memberships, rows.Err()
}

// intern returns the constant for a membership, so that thousands of members share one text.
func intern(membership string) string {
	for _, known := range [...]string{"join", "leave", "invite", "ban", "knock"} {
		if membership == known {
			return known
		}
	}
	return membership
}

// storeMemberships writes the current memberships after state changes.
func storeMemberships(tx *sqldb.Tx, changes []*stateChange) error {
	var set, gone [][]any
	for _, c := range changes {
		user := c.delta.StateKey
		if c.member == nil {
			gone = append(gone, []any{user, c.delta.RoomNID})
			continue
		}
		set = append(set, []any{user, c.delta.RoomNID, serverOf(user), c.after, c.delta.New, c.delta.Position})
	}
	err := tx.ExecMany(`INSERT INTO memberships (user_id, room_nid, server, membership, event_nid, position, forgotten)
		VALUES ($1, $2, $3, $4, $5, $6, 0) ON CONFLICT (user_id, room_nid) DO UPDATE SET membership = excluded.membership,
		event_nid = excluded.event_nid, position = excluded.position, forgotten = 0`, set)
	if err != nil {
		return fmt.Errorf("storing memberships: %w", err)
	}
	if err := tx.ExecMany(`DELETE FROM memberships WHERE user_id = $1 AND room_nid = $2`, gone); err != nil {
		return fmt.Errorf("removing memberships: %w", err)
	}
	return nil
}

type intervalRow struct {
	userID string
	Interval
}

func storeIntervals(tx *sqldb.Tx, roomNID int64, intervals []intervalRow) error {
	rows := make([][]any, 0, len(intervals))
	for _, i := range intervals {
		rows = append(rows, []any{roomNID, i.userID, i.From.Anchor, i.From.Sub, i.Membership, i.EventNID})
	}
	err := tx.ExecMany(`INSERT INTO membership_intervals (room_nid, user_id, anchor, sub, membership, event_nid)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (room_nid, user_id, anchor, sub)
		DO UPDATE SET membership = excluded.membership, event_nid = excluded.event_nid`, rows)
	if err != nil {
		return fmt.Errorf("storing membership intervals: %w", err)
	}
	return nil
}

func (r *Rooms) selectIntervals(ctx context.Context, roomNID int64, userID string) ([]Interval, error) {
	rows, err := r.db.Query(ctx, `SELECT anchor, sub, membership, event_nid FROM membership_intervals
		WHERE room_nid = $1 AND user_id = $2 ORDER BY anchor, sub`, roomNID, userID)
	if err != nil {
		return nil, fmt.Errorf("reading membership intervals: %w", err)
	}
	defer rows.Close()
	var intervals []Interval
	for rows.Next() {
		var i Interval
		if err := rows.Scan(&i.From.Anchor, &i.From.Sub, &i.Membership, &i.EventNID); err != nil {
			return nil, fmt.Errorf("reading a membership interval: %w", err)
		}
		intervals = append(intervals, i)
	}
	return intervals, rows.Err()
}

// selectUserRooms returns the memberships of a user.
func (r *Rooms) selectUserRooms(ctx context.Context, userID string) ([]UserRoom, error) {
	rows, err := r.db.Query(ctx, `SELECT r.room_id, m.room_nid, m.membership, m.event_nid, m.position, m.forgotten
		FROM memberships m JOIN rooms r ON r.room_nid = m.room_nid WHERE m.user_id = $1`, userID)
	if err != nil {
		return nil, fmt.Errorf("reading the rooms of a user: %w", err)
	}
	defer rows.Close()
	var rooms []UserRoom
	for rows.Next() {
		var u UserRoom
		var forgotten int64
		if err := rows.Scan(&u.RoomID, &u.RoomNID, &u.Membership, &u.EventNID, &u.Position, &forgotten); err != nil {
			return nil, fmt.Errorf("reading a room of a user: %w", err)
		}
		u.Membership, u.Forgotten = intern(u.Membership), forgotten != 0
		rooms = append(rooms, u)
	}
	return rooms, rows.Err()
}

// forgetRoom marks a membership that has ended as forgotten; it reports whether there was one.
func forgetRoom(tx *sqldb.Tx, roomNID int64, userID string) (bool, error) {
	result, err := tx.Exec(`UPDATE memberships SET forgotten = 1
		WHERE user_id = $1 AND room_nid = $2 AND membership IN ('leave', 'ban')`, userID, roomNID)
	if err != nil {
		return false, fmt.Errorf("forgetting a room: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

func forgetOutside(tx *sqldb.Tx, roomID, userID string) (bool, error) {
	result, err := tx.Exec(`UPDATE outside_memberships SET forgotten = 1
		WHERE user_id = $1 AND room_id = $2 AND membership = 'leave'`, userID, roomID)
	if err != nil {
		return false, fmt.Errorf("forgetting a room: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// OutsideMemberships returns a user's invites and knocks in rooms that this node is not in, and those that ended
// (Membership leave), which a client may still have to be told.
func (r *Rooms) OutsideMemberships(ctx context.Context, userID string) ([]OutsideMembership, error) {
	rows, err := r.db.Query(ctx, `SELECT user_id, room_id, version, membership, sender, event_id, json, stripped, position
		FROM outside_memberships WHERE user_id = $1 AND forgotten = 0 ORDER BY position`, userID)
	if err != nil {
		return nil, fmt.Errorf("reading outside memberships: %w", err)
	}
	defer rows.Close()
	var all []OutsideMembership
	for rows.Next() {
		var o OutsideMembership
		err := rows.Scan(&o.UserID, &o.RoomID, &o.Version, &o.Membership, &o.Sender, &o.EventID, &o.JSON, &o.Stripped, &o.Position)
		if err != nil {
			return nil, fmt.Errorf("reading an outside membership: %w", err)
		}
		all = append(all, o)
	}
	return all, rows.Err()
}
