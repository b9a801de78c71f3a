package bridge

import (
	"context"
	"fmt"

	"medixchange/internal/sqldb"
)

// insertPutOffReadings stores a line for each group.
func insertPutOffReadings(tx *sqldb.Tx, groups map[putOffGroup][]putOffReading) error {
	rows := make([][]any, 0, len(groups))
	for of, readings := range groups {
		packed := packReadings(readings)
		var lastTS int64
		for _, r := range readings {
			lastTS = max(lastTS, r.ts)
		}
		rows = append(rows, []any{
			of.roomNID, readings[0].message, readings[len(readings)-1].message, lastTS, of.userID, of.language, of.source, of.mode, packed,
		})
	}
	err := insertMany(tx, `INSERT INTO translation_put_off_readings (room_nid, first, last, last_ts, user_id, language, source, mode, messages)`, "", rows)
	if err != nil {
		return fmt.Errorf("storing readings of what was put off: %w", err)
	}
	return nil
}

// putOffLine is a line of translation_put_off_readings.
type putOffLine struct {
	putOffGroup
	packed []byte
}

// selectPutOffLines returns the lines that may hold readings of a message, and sometimes others.
func (b *Bridge) selectPutOffLines(ctx context.Context, roomNID, messageNID int64) ([]putOffLine, error) {
	// An index finds the lines whose messages are close together, another one those that hold the edit of an old message.
	rows, err := b.o.DB.Query(ctx, `SELECT user_id, language, source, mode, messages, last_ts FROM translation_put_off_readings
		WHERE room_nid = $1 AND last >= $2 AND last <= $2 + 65536 AND first <= $2 AND last - first <= 65536
		UNION ALL SELECT user_id, language, source, mode, messages, last_ts FROM translation_put_off_readings
		WHERE room_nid = $1 AND last >= $2 AND first <= $2 AND last - first > 65536 ORDER BY last_ts LIMIT $3`, roomNID, messageNID, maxReadingsShown)
	if err != nil {
		return nil, fmt.Errorf("reading the reading log of what was put off: %w", err)
	}
	defer rows.Close()
	var lines []putOffLine
	for rows.Next() {
		line, lastTS := putOffLine{putOffGroup: putOffGroup{roomNID: roomNID}}, int64(0)
		if err := rows.Scan(&line.userID, &line.language, &line.source, &line.mode, &line.packed, &lastTS); err != nil {
			return nil, fmt.Errorf("reading the reading log of what was put off: %w", err)
		}
		lines = append(lines, line)
	}
	return lines, rows.Err()
}

// sweepPutOffReadings removes up to limit lines whose readings are all from before ts (ms).
func sweepPutOffReadings(tx *sqldb.Tx, ts int64, limit int) (int64, error) {
	removed, err := tx.Exec(`DELETE FROM translation_put_off_readings WHERE (room_nid, user_id, first, last, last_ts) IN
		(SELECT room_nid, user_id, first, last, last_ts FROM translation_put_off_readings WHERE last_ts < $1 ORDER BY last_ts LIMIT $2)`, ts, limit)
	if err != nil {
		return 0, fmt.Errorf("removing old readings of what was put off: %w", err)
	}
	return removed.RowsAffected()
}
