package rtc

import (
	"context"
	"fmt"

	"medixchange/internal/sqldb"
)

func (r *RTC) loadParticipants(ctx context.Context) ([]Member, error) {
	rows, err := r.o.DB.Query(ctx, `SELECT sfu_room, identity, room_id, slot_id, user_id, device_id, issued_ts FROM conference_participants`)
	if err != nil {
		return nil, fmt.Errorf("reading who takes part in conferences: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var out []Member
	for rows.Next() {
		var m Member
		if err := rows.Scan(&m.SFURoom, &m.Identity, &m.RoomID, &m.SlotID, &m.UserID, &m.DeviceID, &m.IssuedTS); err != nil {
			return nil, fmt.Errorf("reading who takes part in conferences: %w", err)
		}
		out = append(out, m)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading who takes part in conferences: %w", err)
	}
	return out, nil
}

func (r *RTC) storeParticipant(ctx context.Context, m Member) error {
	err := r.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`INSERT INTO conference_participants (sfu_room, identity, room_id, slot_id, user_id, device_id, issued_ts)
			VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (sfu_room, identity) DO UPDATE SET issued_ts = $7`,
			m.SFURoom, m.Identity, m.RoomID, m.SlotID, m.UserID, m.DeviceID, m.IssuedTS)
		return err
	})
	if err != nil {
		return fmt.Errorf("storing who takes part in a conference: %w", err)
	}
	return nil
}

func (r *RTC) deleteParticipant(ctx context.Context, sfuRoom, identity string) error {
	err := r.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`DELETE FROM conference_participants WHERE sfu_room = $1 AND identity = $2`, sfuRoom, identity)
		return err
	})
	if err != nil {
		return fmt.Errorf("removing somebody from a conference: %w", err)
	}
	return nil
}
