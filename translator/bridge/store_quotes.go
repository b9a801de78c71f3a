package bridge

import (
	"context"
	"database/sql"
	"fmt"

	"medixchange/internal/sqldb"
	"medixchange/translator/language"
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

// storedParts is what a version was translated to.
type storedParts struct {
	versionNID int64
	parts      []byte
}

// newestParts are the newest translations of a room ($1, its nid) for a language ($2), at most $3.
const newestParts = `SELECT position, version_nid, parts FROM renderings
	WHERE room_nid = $1 AND language = $2 AND placed = 1 AND LENGTH(parts) > 0 ORDER BY position DESC LIMIT $3`

// selectRecentParts returns the newest translations of a room for a language, newest first.
func (b *Bridge) selectRecentParts(ctx context.Context, roomNID int64, code language.Code, limit int) ([]storedParts, error) {
	return b.scanParts(b.o.DB.Query(ctx, newestParts, roomNID, string(code), limit))
}

// selectGivenParts returns those among the newest translations of a room for a language that a user was given, newest first.
func (b *Bridge) selectGivenParts(ctx context.Context, roomID, userID string, code language.Code, limit int) ([]storedParts, error) {
	var roomNID int64
	err := b.o.DB.QueryRow(ctx, `SELECT room_nid FROM rooms WHERE room_id = $1`, roomID).Scan(&roomNID)
	if err != nil {
		return nil, fmt.Errorf("looking for a room: %w", err)
	}
	return b.scanParts(b.o.DB.Query(ctx, `SELECT x.position, x.version_nid, x.parts FROM (`+newestParts+`) x
		JOIN translation_readings r ON r.rendering = x.position AND r.user_id = $4 ORDER BY x.position DESC`,
		roomNID, string(code), limit, userID))
}

func (b *Bridge) scanParts(rows *sql.Rows, err error) ([]storedParts, error) {
	if err != nil {
		return nil, fmt.Errorf("reading recent translations: %w", err)
	}
	defer rows.Close()
	var found []storedParts
	for rows.Next() {
		var s storedParts
		var position int64
		if err := rows.Scan(&position, &s.versionNID, &s.parts); err != nil {
			return nil, fmt.Errorf("reading recent translations: %w", err)
		}
		if s.parts, err = b.unsealed(s.parts, position, columnParts); err != nil {
			continue // it does not open: nobody can quote it
		}
		found = append(found, s)
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
