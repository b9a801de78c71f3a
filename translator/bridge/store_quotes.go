package bridge

import (
	"context"
	"fmt"

	"medixchange/internal/sqldb"
)

// insertQuote notes that translations of an event quote a version of a message.
func insertQuote(tx *sqldb.Tx, messageNID, versionNID, eventNID int64) error {
	_, err := tx.Exec(`INSERT INTO translation_quotes (message_nid, version_nid, event_nid) VALUES ($1, $2, $3)
		ON CONFLICT (message_nid, version_nid, event_nid) DO NOTHING`, messageNID, versionNID, eventNID)
	if err != nil {
		return fmt.Errorf("storing what a translation quotes: %w", err)
	}
	return nil
}

// selectQuoting returns the events whose translations quote a message, or one version of it (0: any), with the versions.
func (b *Bridge) selectQuoting(ctx context.Context, messageNID, versionNID int64) (map[int64][]int64, error) {
	rows, err := b.o.DB.Query(ctx, `SELECT event_nid, version_nid FROM translation_quotes
		WHERE message_nid = $1 AND (CAST($2 AS BIGINT) = 0 OR version_nid = $2)`, messageNID, versionNID)
	if err != nil {
		return nil, fmt.Errorf("looking for what quotes a message: %w", err)
	}
	defer rows.Close()
	found := map[int64][]int64{}
	for rows.Next() {
		var event, version int64
		if err := rows.Scan(&event, &version); err != nil {
			return nil, fmt.Errorf("looking for what quotes a message: %w", err)
		}
		found[event] = append(found[event], version)
	}
	return found, rows.Err()
}

// emptyRows erases what rows say and takes them out of their places; synthetics of them are told no more.
func emptyRows(tx *sqldb.Tx, said []*row) error {
	positions := make([]int64, 0, len(said))
	for _, r := range said {
		positions = append(positions, r.Position)
	}
	_, err := tx.Exec(`UPDATE renderings SET placed = 0, content = $2, late_content = $2, parts = $2 WHERE position = ANY($1)`,
		sqldb.List(positions), []byte{})
	if err != nil {
		return fmt.Errorf("erasing renderings: %w", err)
	}
	return nil
}
