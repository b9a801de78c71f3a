package federation

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// loadKeys returns the stored keys of a server.
func loadKeys(ctx context.Context, db *sqldb.DB, server string) (map[string]verifyKey, error) {
	rows, err := db.Query(ctx, `SELECT key_id, public, valid_until, expired, fetched FROM server_keys WHERE server = $1`, server)
	if err != nil {
		return nil, fmt.Errorf("reading signing keys: %w", err)
	}
	defer rows.Close()
	keys := map[string]verifyKey{}
	for rows.Next() {
		var id string
		var k verifyKey
		var expired int
		if err := rows.Scan(&id, &k.public, &k.validUntil, &expired, &k.fetched); err != nil {
			return nil, fmt.Errorf("reading signing keys: %w", err)
		}
		k.expired = expired != 0
		keys[id] = k
	}
	return keys, rows.Err()
}

// saveKeys stores what an answer said. A key that is out of use is never in use again.
func saveKeys(ctx context.Context, db *sqldb.DB, answers ...*keyAnswer) error {
	return db.Write(ctx, func(tx *sqldb.Tx) error {
		for _, a := range answers {
			for id, k := range a.keys {
				expired := 0
				if k.expired {
					expired = 1
				}
				if _, err := tx.Exec(`INSERT INTO server_keys (server, key_id, public, valid_until, expired, fetched)
					VALUES ($1, $2, $3, $4, $5, $6)
					ON CONFLICT (server, key_id) DO UPDATE SET public = excluded.public, valid_until = excluded.valid_until,
						expired = excluded.expired, fetched = excluded.fetched
					WHERE server_keys.expired = 0 OR excluded.expired = 1`,
					a.server, id, []byte(k.public), k.validUntil, expired, k.fetched); err != nil {
					return fmt.Errorf("storing signing keys: %w", err)
				}
			}
			if _, err := tx.Exec(`INSERT INTO server_key_answers (server, answer, valid_until, fetched) VALUES ($1, $2, $3, $4)
				ON CONFLICT (server) DO UPDATE SET answer = excluded.answer, valid_until = excluded.valid_until,
					fetched = excluded.fetched`, a.server, a.raw, a.validUntil, a.fetched); err != nil {
				return fmt.Errorf("storing an answer of signing keys: %w", err)
			}
		}
		return nil
	})
}

// loadKeyAnswer returns a server's last answer, nil without one.
func loadKeyAnswer(ctx context.Context, db *sqldb.DB, server string) (answer []byte, validUntil, fetched int64, err error) {
	row := db.QueryRow(ctx, `SELECT answer, valid_until, fetched FROM server_key_answers WHERE server = $1`, server)
	if err := row.Scan(&answer, &validUntil, &fetched); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, 0, 0, fmt.Errorf("reading an answer of signing keys: %w", err)
	}
	return answer, validUntil, fetched, nil
}
