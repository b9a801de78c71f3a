package applicant

import (
	"context"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

func (a *Applicant) insert(ctx context.Context, target string, s Status) error {
	return a.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`INSERT INTO alliance_own_applications (target, application_id, secret, challenge, created_ts) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (target, application_id) DO NOTHING`, target, s.ID, s.Secret, s.Challenge, a.o.Now().UnixMilli())
		if err != nil {
			return fmt.Errorf("storing our application: %w", err)
		}
		return nil
	})
}

// secret is that of the newest application to a server.
func (a *Applicant) secret(ctx context.Context, target string) (string, error) {
	var secret string
	err := a.o.DB.QueryRow(ctx, `SELECT secret FROM alliance_own_applications WHERE target = $1 ORDER BY created_ts DESC LIMIT 1`, target).Scan(&secret)
	if errors.Is(err, sqldb.ErrNoRows) {
		return "", ErrNone
	}
	if err != nil {
		return "", fmt.Errorf("reading our application: %w", err)
	}
	return secret, nil
}

func (a *Applicant) challenges(ctx context.Context) ([]string, error) {
	rows, err := a.o.DB.Query(ctx, `SELECT challenge FROM alliance_own_applications ORDER BY created_ts DESC LIMIT $1`, maxKept)
	if err != nil {
		return nil, fmt.Errorf("reading our challenges: %w", err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var challenge string
		if err := rows.Scan(&challenge); err != nil {
			return nil, fmt.Errorf("reading our challenges: %w", err)
		}
		all = append(all, challenge)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading our challenges: %w", err)
	}
	return all, nil
}
