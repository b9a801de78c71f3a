package bridge

import (
	"context"
	"database/sql"
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

// sweptRows are the rows of renderings that sweeping up to a position removes or empties: an edit that some readers got keeps its
// name without any text.
const sweptRows = `position <= $1 AND ((overdue = 0 AND threaded = 0) OR placed = 1 OR LENGTH(late_content) > 0)`

// renderingBytes is what the texts of a row of renderings take.
const renderingBytes = `LENGTH(content) + LENGTH(late_content) + COALESCE(LENGTH(parts), 0)`

// Swept says what sweeping removes of the stored renderings.
type Swept struct {
	Entries    int64 `json:"entries"`    // rows
	Renderings int64 `json:"renderings"` // of them those that show a message; the others were replaced, or follow as an edit
	Bytes      int64 `json:"bytes"`
}

func (s *Swept) add(other Swept) {
	s.Entries += other.Entries
	s.Renderings += other.Renderings
	s.Bytes += other.Bytes
}

const queryMeasureSwept = `SELECT COUNT(*), COALESCE(SUM(placed), 0), COALESCE(SUM(` + renderingBytes + `), 0) FROM renderings WHERE ` + sweptRows

// scan reads a row of queryMeasureSwept.
func (s *Swept) scan(row *sql.Row) error { return row.Scan(&s.Entries, &s.Renderings, &s.Bytes) }

// selectSwept measures what sweeping up to a position would remove.
func (b *Bridge) selectSwept(ctx context.Context, upto int64) (s Swept, err error) {
	if err = s.scan(b.o.DB.QueryRow(ctx, queryMeasureSwept, upto)); err != nil {
		return s, fmt.Errorf("measuring renderings: %w", err)
	}
	return s, nil
}

// sweepRows removes and empties the first limit rows at or before a position; it returns what they were.
func sweepRows(tx *sqldb.Tx, upto int64, limit int) (s Swept, err error) {
	var end int64
	err = tx.QueryRow(`SELECT COALESCE(MAX(position), 0) FROM (SELECT position FROM renderings WHERE `+sweptRows+` ORDER BY position LIMIT $2) AS step`,
		upto, limit).Scan(&end)
	if err != nil || end == 0 {
		return s, err
	}
	if err = s.scan(tx.QueryRow(queryMeasureSwept, end)); err != nil {
		return s, err
	}
	if _, err = tx.Exec(`DELETE FROM renderings WHERE position <= $1 AND overdue = 0 AND threaded = 0`, end); err != nil {
		return s, err
	}
	_, err = tx.Exec(`UPDATE renderings SET placed = 0, content = $2, late_content = $2, parts = $2 WHERE `+sweptRows, end, []byte{})
	return s, err
}
