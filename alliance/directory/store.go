package directory

import (
	"context"
	"fmt"

	"medixchange/internal/sqldb"
)

// verification says that an administrator knows an entry to be true.
type verification struct {
	userID, claim, by string
	ts                int64 // ms
}

func (d *Directory) storeVerification(ctx context.Context, v verification) error {
	return d.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`INSERT INTO directory_verified (user_id, claim, verified_by, verified_ts) VALUES ($1, $2, $3, $4)
			ON CONFLICT (user_id) DO UPDATE SET claim = excluded.claim, verified_by = excluded.verified_by, verified_ts = excluded.verified_ts`,
			v.userID, v.claim, v.by, v.ts)
		if err != nil {
			return fmt.Errorf("storing a verification: %w", err)
		}
		return nil
	})
}

func (d *Directory) deleteVerification(ctx context.Context, userID string) error {
	return d.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(`DELETE FROM directory_verified WHERE user_id = $1`, userID); err != nil {
			return fmt.Errorf("taking back a verification: %w", err)
		}
		return nil
	})
}

func (d *Directory) readVerifications(ctx context.Context) (map[string]verification, error) {
	rows, err := d.o.DB.Query(ctx, `SELECT user_id, claim, verified_by, verified_ts FROM directory_verified`)
	if err != nil {
		return nil, fmt.Errorf("reading verifications: %w", err)
	}
	defer rows.Close()
	all := map[string]verification{}
	for rows.Next() {
		var v verification
		if err := rows.Scan(&v.userID, &v.claim, &v.by, &v.ts); err != nil {
			return nil, fmt.Errorf("reading verifications: %w", err)
		}
		all[v.userID] = v
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading verifications: %w", err)
	}
	return all, nil
}
