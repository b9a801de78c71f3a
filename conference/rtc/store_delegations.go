package rtc

import (
	"context"
	"fmt"

	"medixchange/internal/sqldb"
)

// loadDelegations reads what was handed over before a restart. How long the delay is, is asked again.
func (r *RTC) loadDelegations(ctx context.Context) error {
	r.watched.all = map[place]*delegation{}
	rows, err := r.o.DB.Query(ctx, `SELECT sfu_room, identity, user_id, delay_id, since_ts FROM conference_delegations`)
	if err != nil {
		return fmt.Errorf("reading the delayed leaves of conferences: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		w := &delegation{here: true}
		if err := rows.Scan(&w.place.sfuRoom, &w.place.identity, &w.userID, &w.delayID, &w.sinceTS); err != nil {
			return fmt.Errorf("reading the delayed leaves of conferences: %w", err)
		}
		r.watched.all[w.place] = w
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading the delayed leaves of conferences: %w", err)
	}
	return nil
}

func (r *RTC) storeDelegation(ctx context.Context, w *delegation) error {
	err := r.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`INSERT INTO conference_delegations (sfu_room, identity, user_id, delay_id, since_ts) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (sfu_room, identity) DO UPDATE SET user_id = $3, delay_id = $4, since_ts = $5`,
			w.place.sfuRoom, w.place.identity, w.userID, w.delayID, w.sinceTS)
		return err
	})
	if err != nil {
		return fmt.Errorf("storing a delayed leave of a conference: %w", err)
	}
	return nil
}

// deleteDelegation forgets one, unless another event was handed over for the same participant since.
func deleteDelegation(tx *sqldb.Tx, w *delegation) error {
	_, err := tx.Exec(`DELETE FROM conference_delegations WHERE sfu_room = $1 AND identity = $2 AND delay_id = $3`,
		w.place.sfuRoom, w.place.identity, w.delayID)
	return err
}
