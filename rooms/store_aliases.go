package rooms

import (
	"context"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// insertAlias stores an alias whose form was checked (checkLocalAlias), or returns ErrAliasTaken.
func insertAlias(tx *sqldb.Tx, alias, roomID, creator string, created int64) error {
	result, err := tx.Exec(`INSERT INTO aliases (alias, room_id, creator, created) VALUES ($1, $2, $3, $4)
		ON CONFLICT (alias) DO NOTHING`, alias, roomID, creator, created)
	if err != nil {
		return fmt.Errorf("storing an alias: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil {
		return fmt.Errorf("storing an alias: %w", err)
	} else if n == 0 {
		return fmt.Errorf("storing an alias: %w", ErrAliasTaken)
	}
	return nil
}

// deleteAlias removes the alias if it still points to the room.
func deleteAlias(tx *sqldb.Tx, alias, roomID string) error {
	if _, err := tx.Exec(`DELETE FROM aliases WHERE alias = $1 AND room_id = $2`, alias, roomID); err != nil {
		return fmt.Errorf("removing an alias: %w", err)
	}
	return nil
}

func (r *Rooms) loadAlias(ctx context.Context, alias string) (roomID, creator string, err error) {
	err = r.db.QueryRow(ctx, `SELECT room_id, creator FROM aliases WHERE alias = $1`, alias).Scan(&roomID, &creator)
	if errors.Is(err, sqldb.ErrNoRows) {
		return "", "", fmt.Errorf("alias: %w", ErrNotFound)
	}
	if err != nil {
		return "", "", fmt.Errorf("reading an alias: %w", err)
	}
	return roomID, creator, nil
}

func (r *Rooms) loadAliases(ctx context.Context, roomID string, limit int) ([]string, error) {
	rows, err := r.db.Query(ctx, `SELECT alias FROM aliases WHERE room_id = $1 ORDER BY alias LIMIT $2`, roomID, limit)
	return scanAll(rows, err, "reading the aliases of a room", scanText)
}

// moveAliases makes the aliases of a room point to the one that takes its place.
func moveAliases(tx *sqldb.Tx, from, to string) error {
	if _, err := tx.Exec(`UPDATE aliases SET room_id = $2 WHERE room_id = $1`, from, to); err != nil {
		return fmt.Errorf("moving the aliases of a room: %w", err)
	}
	return nil
}
