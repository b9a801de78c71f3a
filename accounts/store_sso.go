package accounts

import (
	"context"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// ssoIdentity is a person of a login service who has an account here.
type ssoIdentity struct {
	provider, subject, userID, language string
}

// readIdentity returns nil for somebody who was never here.
func readIdentity(ctx context.Context, db *sqldb.DB, provider, subject string) (*ssoIdentity, error) {
	i := ssoIdentity{provider: provider, subject: subject}
	err := db.QueryRow(ctx, `SELECT user_id, language FROM sso_identities WHERE provider = $1 AND subject = $2`, provider, subject).
		Scan(&i.userID, &i.language)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading who somebody is: %w", err)
	}
	return &i, nil
}

func insertIdentity(tx *sqldb.Tx, i ssoIdentity, created int64) error {
	_, err := tx.Exec(`INSERT INTO sso_identities (provider, subject, user_id, language, created) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (provider, subject) DO NOTHING`, i.provider, i.subject, i.userID, i.language, created)
	if err != nil {
		return fmt.Errorf("storing who somebody is: %w", err)
	}
	return nil
}

func updateIdentityLanguage(tx *sqldb.Tx, i ssoIdentity) error {
	_, err := tx.Exec(`UPDATE sso_identities SET language = $3 WHERE provider = $1 AND subject = $2`, i.provider, i.subject, i.language)
	if err != nil {
		return fmt.Errorf("storing somebody's language: %w", err)
	}
	return nil
}

// hasIdentity reports whether a user can log in by a login service.
func hasIdentity(ctx context.Context, db *sqldb.DB, userID string) (bool, error) {
	var n int
	if err := db.QueryRow(ctx, `SELECT COUNT(*) FROM sso_identities WHERE user_id = $1`, userID).Scan(&n); err != nil {
		return false, fmt.Errorf("looking for login services of a user: %w", err)
	}
	return n > 0, nil
}
