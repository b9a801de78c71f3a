package directory

import (
	"context"
	"errors"
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

// function is an account behind which is whoever is on duty.
type function struct {
	localpart, name, specialty string
	fallback                   string // what those are told who find nobody on duty
	may                        []string
	onDuty                     string // user id; "" nobody
	shift                      int64  // counts the changes of onDuty
	sinceTS                    int64
}

func (d *Directory) readFunctions(ctx context.Context) ([]function, error) {
	rows, err := d.o.DB.Query(ctx, `SELECT localpart, name, specialty, fallback, may, on_duty, shift, since_ts FROM directory_functions ORDER BY localpart`)
	if err != nil {
		return nil, fmt.Errorf("reading function accounts: %w", err)
	}
	defer rows.Close()
	var all []function
	for rows.Next() {
		var f function
		var may string
		if err := rows.Scan(&f.localpart, &f.name, &f.specialty, &f.fallback, &may, &f.onDuty, &f.shift, &f.sinceTS); err != nil {
			return nil, fmt.Errorf("reading function accounts: %w", err)
		}
		if f.may, err = listOf(may); err != nil {
			return nil, fmt.Errorf("reading function accounts: %w", err)
		}
		all = append(all, f)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading function accounts: %w", err)
	}
	return all, nil
}

func (d *Directory) storeFunction(ctx context.Context, f function) error {
	return d.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`INSERT INTO directory_functions (localpart, name, specialty, fallback, may, on_duty, shift, since_ts)
			VALUES ($1, $2, $3, $4, $5, '', 0, 0) ON CONFLICT (localpart) DO UPDATE SET
			name = excluded.name, specialty = excluded.specialty, fallback = excluded.fallback, may = excluded.may`,
			f.localpart, f.name, f.specialty, f.fallback, textOf(f.may))
		if err != nil {
			return fmt.Errorf("storing a function account: %w", err)
		}
		return nil
	})
}

// storeShift changes who is on duty. It reports false if it was so already.
func (d *Directory) storeShift(ctx context.Context, localpart, userID string, ts int64) (changed bool, err error) {
	err = d.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		result, err := tx.Exec(`UPDATE directory_functions SET on_duty = $2, shift = shift + 1, since_ts = $3
			WHERE localpart = $1 AND on_duty <> $2`, localpart, userID, ts)
		if err != nil {
			return fmt.Errorf("changing who is on duty: %w", err)
		}
		n, err := result.RowsAffected()
		changed = n > 0
		return err
	})
	return changed, err
}

// storeAnnounced remembers up to which shift a room was told.
func (d *Directory) storeAnnounced(ctx context.Context, roomID, localpart string, shift int64) error {
	return d.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`INSERT INTO directory_rooms (room_id, localpart, shift) VALUES ($1, $2, $3)
			ON CONFLICT (room_id, localpart) DO UPDATE SET shift = excluded.shift`, roomID, localpart, shift)
		if err != nil {
			return fmt.Errorf("noting what a room was told of a duty: %w", err)
		}
		return nil
	})
}

// readAnnounced returns up to which shift a room was told; -1: of none.
func (d *Directory) readAnnounced(ctx context.Context, roomID, localpart string) (int64, error) {
	var shift int64
	err := d.o.DB.QueryRow(ctx, `SELECT shift FROM directory_rooms WHERE room_id = $1 AND localpart = $2`, roomID, localpart).Scan(&shift)
	if errors.Is(err, sqldb.ErrNoRows) {
		return -1, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading what a room was told of a duty: %w", err)
	}
	return shift, nil
}
