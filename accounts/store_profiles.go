package accounts

import (
	"context"
	"encoding/json"
	"fmt"

	"medixchange/internal/sqldb"
)

// readProfile returns a local user's profile; ErrNotFound.
func (a *Accounts) readProfile(ctx context.Context, userID string) (Profile, error) {
	rows, err := a.db.Query(ctx, `SELECT u.user_id, COALESCE(p.field, ''), COALESCE(p.value, '') FROM users u
		LEFT JOIN profiles p ON p.user_id = u.user_id WHERE u.user_id = $1`, userID)
	if err != nil {
		return nil, fmt.Errorf("reading a profile: %w", err)
	}
	defer rows.Close()
	var profile Profile
	for rows.Next() {
		var id, field, value string
		if err := rows.Scan(&id, &field, &value); err != nil {
			return nil, fmt.Errorf("reading a profile: %w", err)
		}
		if profile == nil {
			profile = Profile{}
		}
		if field != "" {
			profile[field] = json.RawMessage(value)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading a profile: %w", err)
	}
	if profile == nil {
		return nil, ErrNotFound.says("No such user")
	}
	return profile, nil
}

// shownLanguage is the language that a user shows in the profile, "" for none, and the position of its last change.
type shownLanguage struct {
	tag     string
	changed int64
}

// readProfileLanguages returns the language that each of the users shows in the profile, without those who never showed one.
func (a *Accounts) readProfileLanguages(ctx context.Context, users []string) (map[string]shownLanguage, error) {
	rows, err := a.db.Query(ctx, `SELECT c.user_id, c.position, COALESCE(p.value, '') FROM language_changes c
		LEFT JOIN profiles p ON p.user_id = c.user_id AND p.field = $2 WHERE c.user_id = ANY($1)`, sqldb.List(users), typeLanguage)
	if err != nil {
		return nil, fmt.Errorf("reading the languages of profiles: %w", err)
	}
	defer rows.Close()
	shown := map[string]shownLanguage{}
	for rows.Next() {
		var id, value, tag string
		var l shownLanguage
		if err := rows.Scan(&id, &l.changed, &value); err != nil {
			return nil, fmt.Errorf("reading the languages of profiles: %w", err)
		}
		if json.Unmarshal([]byte(value), &tag) == nil && len(tag) <= maxLanguage {
			l.tag = tag
		}
		shown[id] = l
	}
	return shown, rows.Err()
}

func upsertLanguageChange(tx *sqldb.Tx, userID string, position int64) error {
	_, err := tx.Exec(`INSERT INTO language_changes (user_id, position) VALUES ($1, $2)
		ON CONFLICT (user_id) DO UPDATE SET position = excluded.position`, userID, position)
	if err != nil {
		return fmt.Errorf("storing that a language changed: %w", err)
	}
	return nil
}

// profileSize returns the bytes of a profile without one field.
func profileSize(tx *sqldb.Tx, userID, without string) (int, error) {
	var size int
	err := tx.QueryRow(`SELECT COALESCE(SUM(OCTET_LENGTH(field) + OCTET_LENGTH(value) + 4), 0) FROM profiles WHERE user_id = $1 AND field <> $2`,
		userID, without).Scan(&size)
	if err != nil {
		return 0, fmt.Errorf("measuring a profile: %w", err)
	}
	return size, nil
}

func upsertProfileField(tx *sqldb.Tx, userID, field string, value json.RawMessage) error {
	_, err := tx.Exec(`INSERT INTO profiles (user_id, field, value) VALUES ($1, $2, $3)
		ON CONFLICT (user_id, field) DO UPDATE SET value = excluded.value`, userID, field, string(value))
	if err != nil {
		return fmt.Errorf("storing a profile field: %w", err)
	}
	return nil
}

func deleteProfileField(tx *sqldb.Tx, userID, field string) error {
	return execAll(tx, "removing a profile field", []string{`DELETE FROM profiles WHERE user_id = $1 AND field = $2`}, userID, field)
}

func queueProfileUpdate(tx *sqldb.Tx, userID string, revision int64) error {
	_, err := tx.Exec(`INSERT INTO profile_updates (user_id, revision) VALUES ($1, $2)
		ON CONFLICT (user_id) DO UPDATE SET revision = excluded.revision`, userID, revision)
	if err != nil {
		return fmt.Errorf("queueing a profile for its rooms: %w", err)
	}
	return nil
}

// dequeueProfileUpdate removes an update unless a later one came meanwhile.
func dequeueProfileUpdate(tx *sqldb.Tx, userID string, revision int64) error {
	return execAll(tx, "dequeueing a profile", []string{`DELETE FROM profile_updates WHERE user_id = $1 AND revision = $2`}, userID, revision)
}

func (a *Accounts) queuedProfileUpdates(ctx context.Context) (map[string]int64, error) {
	rows, err := a.db.Query(ctx, `SELECT user_id, revision FROM profile_updates ORDER BY revision LIMIT 100`)
	if err != nil {
		return nil, fmt.Errorf("reading profiles to tell rooms of: %w", err)
	}
	defer rows.Close()
	queued := map[string]int64{}
	for rows.Next() {
		var userID string
		var revision int64
		if err := rows.Scan(&userID, &revision); err != nil {
			return nil, fmt.Errorf("reading profiles to tell rooms of: %w", err)
		}
		queued[userID] = revision
	}
	return queued, rows.Err()
}

// readDirectoryUsers returns name and picture of those of the users who have an account here.
func (a *Accounts) readDirectoryUsers(ctx context.Context, users []string) (map[string]DirectoryUser, error) {
	rows, err := a.db.Query(ctx, `SELECT u.user_id, COALESCE(n.value, ''), COALESCE(p.value, '') FROM users u
		LEFT JOIN profiles n ON n.user_id = u.user_id AND n.field = 'displayname'
		LEFT JOIN profiles p ON p.user_id = u.user_id AND p.field = 'avatar_url'
		WHERE u.user_id = ANY($1)`, sqldb.List(users))
	if err != nil {
		return nil, fmt.Errorf("reading profiles: %w", err)
	}
	defer rows.Close()
	found := make(map[string]DirectoryUser, len(users))
	for rows.Next() {
		var id, name, picture string
		if err := rows.Scan(&id, &name, &picture); err != nil {
			return nil, fmt.Errorf("reading profiles: %w", err)
		}
		p := Profile{"displayname": json.RawMessage(name), "avatar_url": json.RawMessage(picture)}
		found[id] = DirectoryUser{id, p.text("displayname"), p.text("avatar_url")}
	}
	return found, rows.Err()
}
