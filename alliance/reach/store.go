package reach

import (
	"context"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// beginAt has messages counted from a position on, unless they are counted already.
func (r *Reach) beginAt(ctx context.Context, position int64) error {
	return r.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		result, err := tx.Exec(`INSERT INTO reach_counted (one, position) VALUES (1, $1) ON CONFLICT (one) DO NOTHING`, position)
		if err != nil {
			return fmt.Errorf("beginning to count messages: %w", err)
		}
		begun, err := result.RowsAffected()
		if err != nil || begun == 0 {
			return err
		}
		return r.o.Hub.SaveCursorTx(tx, cursorName, position)
	})
}

// forgetPosition has the next beginAt begin anew.
func (r *Reach) forgetPosition(ctx context.Context) error {
	return r.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if _, err := tx.Exec(`DELETE FROM reach_counted`); err != nil {
			return fmt.Errorf("ending to count messages: %w", err)
		}
		return nil
	})
}

// addMessages counts messages, all of those up to upto that there are behind some position. Those that were counted before are
// left out.
func (r *Reach) addMessages(ctx context.Context, messages []sent, upto int64) error {
	return r.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		var counted int64
		err := tx.QueryRow(`SELECT position FROM reach_counted`).Scan(&counted)
		if errors.Is(err, sqldb.ErrNoRows) {
			return errors.New("counting messages has not begun")
		}
		if err != nil {
			return fmt.Errorf("reading up to where messages are counted: %w", err)
		}
		if upto <= counted {
			return nil
		}
		for day, n := range byDay(messages, counted) {
			_, err := tx.Exec(`INSERT INTO reach_days (day, messages) VALUES ($1, $2)
				ON CONFLICT (day) DO UPDATE SET messages = reach_days.messages + excluded.messages`, day, n)
			if err != nil {
				return fmt.Errorf("counting messages: %w", err)
			}
		}
		if _, err := tx.Exec(`UPDATE reach_counted SET position = $1`, upto); err != nil {
			return fmt.Errorf("noting up to where messages are counted: %w", err)
		}
		return nil
	})
}

func byDay(messages []sent, after int64) map[int64]int64 {
	days := map[int64]int64{}
	for _, m := range messages {
		if m.position > after {
			days[m.day]++
		}
	}
	return days
}

// storeStanding notes what is true of a day. Who was active on it stays so, even if their devices are gone.
func (r *Reach) storeStanding(ctx context.Context, s standing) error {
	return r.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`INSERT INTO reach_days (day, users, active_day, active_week, active_month, rooms) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (day) DO UPDATE SET users = excluded.users, active_week = excluded.active_week,
			active_month = excluded.active_month, rooms = excluded.rooms,
			active_day = CASE WHEN excluded.active_day > reach_days.active_day THEN excluded.active_day ELSE reach_days.active_day END`,
			s.day, s.users, s.today, s.week, s.month, s.rooms)
		if err != nil {
			return fmt.Errorf("noting the reach of a day: %w", err)
		}
		if err := replace(tx, "reach_rooms", "server_name, rooms", s.day, s.roomsWith); err != nil {
			return err
		}
		return replace(tx, "reach_languages", "language, users", s.day, s.readersOf)
	})
}

// replace puts the counts of a day into a table in place of those that are there.
func replace(tx *sqldb.Tx, table, columns string, day int64, counts map[string]int64) error {
	if _, err := tx.Exec(`DELETE FROM `+table+` WHERE day = $1`, day); err != nil {
		return fmt.Errorf("noting the reach of a day: %w", err)
	}
	rows := make([][]any, 0, len(counts))
	for name, n := range counts {
		rows = append(rows, []any{day, name, n})
	}
	if err := tx.ExecMany(`INSERT INTO `+table+` (day, `+columns+`) VALUES ($1, $2, $3)`, rows); err != nil {
		return fmt.Errorf("noting the reach of a day: %w", err)
	}
	return nil
}

// sweep removes the days that are too old.
func (r *Reach) sweep(ctx context.Context, today int64) error {
	return r.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		for _, table := range []string{"reach_days", "reach_rooms", "reach_languages"} {
			if _, err := tx.Exec(`DELETE FROM `+table+` WHERE day <= $1`, today-kept); err != nil {
				return fmt.Errorf("removing old days of the reach: %w", err)
			}
		}
		return nil
	})
}

// dayRow is what was counted of a day.
type dayRow struct {
	day, users, active, week, month, rooms, messages int64
}

// days returns what was counted from a day on, by day.
func (r *Reach) days(ctx context.Context, from int64) ([]dayRow, error) {
	rows, err := r.o.DB.Query(ctx, `SELECT day, users, active_day, active_week, active_month, rooms, messages FROM reach_days
		WHERE day >= $1 ORDER BY day`, from)
	if err != nil {
		return nil, fmt.Errorf("reading the reach: %w", err)
	}
	defer rows.Close()
	var all []dayRow
	for rows.Next() {
		var d dayRow
		if err := rows.Scan(&d.day, &d.users, &d.active, &d.week, &d.month, &d.rooms, &d.messages); err != nil {
			return nil, fmt.Errorf("reading the reach: %w", err)
		}
		all = append(all, d)
	}
	return all, rows.Err()
}

// roomsOn and languagesOn return the counts of a day.
func (r *Reach) roomsOn(ctx context.Context, day int64) (map[string]int64, error) {
	return r.countsOn(ctx, `SELECT server_name, rooms FROM reach_rooms WHERE day = $1`, day)
}

func (r *Reach) languagesOn(ctx context.Context, day int64) (map[string]int64, error) {
	return r.countsOn(ctx, `SELECT language, users FROM reach_languages WHERE day = $1`, day)
}

func (r *Reach) countsOn(ctx context.Context, query string, day int64) (map[string]int64, error) {
	rows, err := r.o.DB.Query(ctx, query, day)
	if err != nil {
		return nil, fmt.Errorf("reading the reach of a day: %w", err)
	}
	defer rows.Close()
	counts := map[string]int64{}
	for rows.Next() {
		var name string
		var n int64
		if err := rows.Scan(&name, &n); err != nil {
			return nil, fmt.Errorf("reading the reach of a day: %w", err)
		}
		counts[name] = n
	}
	return counts, rows.Err()
}
