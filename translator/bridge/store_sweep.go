package bridge

import (
	"context"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// selectBeyond returns the position of the newest row behind the newest n that hold text, 0 without one.
func (b *Bridge) selectBeyond(ctx context.Context, n int) (position int64, err error) {
	err = b.o.DB.QueryRow(ctx, `SELECT position FROM renderings WHERE placed = 1 ORDER BY position DESC LIMIT 1 OFFSET $1`, n).Scan(&position)
	if errors.Is(err, sqldb.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("counting renderings: %w", err)
	}
	return position, nil
}

// selectOlder returns the position of the newest row that was stored before ts (ms), 0 without one.
func (b *Bridge) selectOlder(ctx context.Context, ts int64) (position int64, err error) {
	err = b.o.DB.QueryRow(ctx, `SELECT COALESCE(MAX(position), 0) FROM renderings WHERE stored_ts < $1`, ts).Scan(&position)
	if err != nil {
		return 0, fmt.Errorf("looking for old renderings: %w", err)
	}
	return position, nil
}

// sweepRows removes up to limit rows at or before a position and empties as many; it returns how many there were.
func sweepRows(tx *sqldb.Tx, upto int64, limit int) (int64, error) {
	removed, err := tx.Exec(`DELETE FROM renderings WHERE position IN
		(SELECT position FROM renderings WHERE position <= $1 AND overdue = 0 AND threaded = 0 ORDER BY position LIMIT $2)`, upto, limit)
	if err != nil {
		return 0, err
	}
	emptied, err := tx.Exec(`UPDATE renderings SET placed = 0, content = $3, late_content = $3, parts = $3 WHERE position IN
		(SELECT position FROM renderings WHERE position <= $1 AND (overdue = 1 OR threaded = 1) AND (placed = 1 OR LENGTH(late_content) > 0) ORDER BY position LIMIT $2)`,
		upto, limit, []byte{})
	if err != nil {
		return 0, err
	}
	n, err := removed.RowsAffected()
	if err != nil {
		return 0, err
	}
	m, err := emptied.RowsAffected()
	return n + m, err
}
