package federation

import (
	"context"
	"fmt"

	"medixchange/internal/sqldb"
)

func loadDestinations(ctx context.Context, db *sqldb.DB) ([]place, error) {
	rows, err := db.Query(ctx, `SELECT server, acked, wanted, failing_since, retry_at, failures, last_success FROM destinations`)
	if err != nil {
		return nil, fmt.Errorf("reading destinations: %w", err)
	}
	defer rows.Close()
	var all []place
	for rows.Next() {
		var p place
		if err := rows.Scan(&p.server, &p.acked, &p.wanted, &p.failingSince, &p.retryAt, &p.failures, &p.lastSuccess); err != nil {
			return nil, fmt.Errorf("reading destinations: %w", err)
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

func savePlaces(tx *sqldb.Tx, places []place) error {
	rows := make([][]any, len(places))
	for i, p := range places {
		rows[i] = []any{p.server, p.acked, p.wanted, p.failingSince, p.retryAt, p.failures, p.lastSuccess}
	}
	err := tx.ExecMany(`INSERT INTO destinations (server, acked, wanted, failing_since, retry_at, failures, last_success)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (server) DO UPDATE SET acked = excluded.acked, wanted = excluded.wanted,
			failing_since = excluded.failing_since, retry_at = excluded.retry_at, failures = excluded.failures,
			last_success = excluded.last_success`, rows)
	if err != nil {
		return fmt.Errorf("storing destinations: %w", err)
	}
	return nil
}
