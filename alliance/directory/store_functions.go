package directory

import (
	"context"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

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

// attendance is what is known of a room of a function account.
type attendance struct {
	shift    int64 // up to which the room was told who is on duty; -1: nothing yet
	activeTS int64 // when somebody last wrote there, to about an hour; ms
}

func (d *Directory) storeAttendance(ctx context.Context, roomID, localpart string, a attendance) error {
	return d.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`INSERT INTO directory_rooms (room_id, localpart, shift, active_ts) VALUES ($1, $2, $3, $4)
			ON CONFLICT (room_id, localpart) DO UPDATE SET shift = excluded.shift, active_ts = excluded.active_ts`,
			roomID, localpart, a.shift, a.activeTS)
		if err != nil {
			return fmt.Errorf("noting what a room was told of a duty: %w", err)
		}
		return nil
	})
}

func (d *Directory) readAttendance(ctx context.Context, roomID, localpart string) (attendance, error) {
	a := attendance{shift: -1}
	err := d.o.DB.QueryRow(ctx, `SELECT shift, active_ts FROM directory_rooms WHERE room_id = $1 AND localpart = $2`, roomID, localpart).
		Scan(&a.shift, &a.activeTS)
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return a, fmt.Errorf("reading what a room was told of a duty: %w", err)
	}
	return a, nil
}
