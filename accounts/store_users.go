package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// newUser is a row to insert.
type newUser struct {
	userID, hash, appserviceID, displayName string
	admin                                   bool
	created                                 int64
}

func insertUser(tx *sqldb.Tx, u newUser) error {
	result, err := tx.Exec(`INSERT INTO users (user_id, password, created, admin, appservice_id)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id) DO NOTHING`, u.userID, u.hash, u.created, number(u.admin), u.appserviceID)
	if err != nil {
		return fmt.Errorf("storing a user: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrUserInUse)
	}
	if u.displayName == "" {
		return nil
	}
	name, err := json.Marshal(u.displayName)
	if err != nil {
		return fmt.Errorf("encoding a display name: %w", err)
	}
	return upsertProfileField(tx, u.userID, "displayname", name)
}

// number stores a truth value.
func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

const userColumns = `user_id, created, admin, deactivated, erased, locked, suspended, password, appservice_id`

// scanner is a *sql.Row or *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

func scanUser(row scanner) (*User, string, error) {
	var u User
	var hash string
	var admin, deactivated, erased, locked, suspended int
	err := row.Scan(&u.ID, &u.Created, &admin, &deactivated, &erased, &locked, &suspended, &hash, &u.AppserviceID)
	if err != nil {
		return nil, "", err
	}
	u.Admin, u.Deactivated, u.Erased = admin != 0, deactivated != 0, erased != 0
	u.Locked, u.Suspended, u.HasPassword = locked != 0, suspended != 0, hash != ""
	return &u, hash, nil
}

func (a *Accounts) readUser(ctx context.Context, userID string) (*User, string, error) {
	u, hash, err := scanUser(a.db.QueryRow(ctx, `SELECT `+userColumns+` FROM users WHERE user_id = $1`, userID))
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, "", ErrNotFound.says("No such user")
	}
	if err != nil {
		return nil, "", fmt.Errorf("reading a user: %w", err)
	}
	return u, hash, nil
}

func (a *Accounts) readUsers(ctx context.Context, q UserQuery) ([]*User, error) {
	rows, err := a.db.Query(ctx, `SELECT `+userColumns+` FROM users
		WHERE user_id > $1 AND ($2 = '' OR user_id LIKE $3 ESCAPE '\') AND (deactivated = 0 OR $4 = 1)
		ORDER BY user_id LIMIT $5`, q.From, q.Search, "%"+likeEscape(q.Search)+"%", number(q.Deactivated), q.Limit)
	if err != nil {
		return nil, fmt.Errorf("listing users: %w", err)
	}
	defer rows.Close()
	var users []*User
	for rows.Next() {
		u, _, err := scanUser(rows)
		if err != nil {
			return nil, fmt.Errorf("listing users: %w", err)
		}
		users = append(users, u)
	}
	return users, rows.Err()
}

// likeEscape takes their meaning from the wildcards of LIKE … ESCAPE '\'.
func likeEscape(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' || s[i] == '_' || s[i] == '\\' {
			out = append(out, '\\')
		}
		out = append(out, s[i])
	}
	return string(out)
}

// flagStatements sets one flag each; the names are the columns'.
var flagStatements = map[string]string{
	"admin":     `UPDATE users SET admin = $2 WHERE user_id = $1`,
	"locked":    `UPDATE users SET locked = $2 WHERE user_id = $1`,
	"suspended": `UPDATE users SET suspended = $2 WHERE user_id = $1`,
}

func writeFlag(tx *sqldb.Tx, userID, flag string, on bool) error {
	return affectOne(tx, "changing a user", flagStatements[flag], userID, number(on))
}

func writePassword(tx *sqldb.Tx, userID, hash string) error {
	return affectOne(tx, "storing a password", `UPDATE users SET password = $2 WHERE user_id = $1`, userID, hash)
}

// affectOne runs a statement that concerns one row; ErrNotFound if there is none.
func affectOne(tx *sqldb.Tx, what, query string, args ...any) error {
	result, err := tx.Exec(query, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if n == 0 {
		return ErrNotFound
	}
	return nil
}

// execAll runs statements that take the same arguments.
func execAll(tx *sqldb.Tx, what string, queries []string, args ...any) error {
	for _, query := range queries {
		if _, err := tx.Exec(query, args...); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

func writeDeactivated(tx *sqldb.Tx, userID string, erase bool) error {
	_, err := tx.Exec(`UPDATE users SET deactivated = 1, password = '', admin = 0,
		erased = CASE WHEN $2 = 1 THEN 1 ELSE erased END WHERE user_id = $1`, userID, number(erase))
	if err != nil {
		return fmt.Errorf("storing a deactivation: %w", err)
	}
	return execAll(tx, "removing what belongs to a user", []string{
		`DELETE FROM profiles WHERE user_id = $1`,
		`DELETE FROM language_changes WHERE user_id = $1`,
		`DELETE FROM profile_updates WHERE user_id = $1`,
		`DELETE FROM account_data WHERE user_id = $1`,
		`DELETE FROM filters WHERE user_id = $1`,
		`DELETE FROM pushers WHERE user_id = $1`,
		`DELETE FROM notification_checkpoints WHERE user_id = $1`,
		`DELETE FROM key_backups WHERE user_id = $1`,
		`DELETE FROM key_backup_sessions WHERE user_id = $1`,
		`DELETE FROM cross_signing_keys WHERE user_id = $1`,
		`DELETE FROM key_signatures WHERE target_user = $1`,
		`DELETE FROM login_tokens WHERE user_id = $1`,
	}, userID)
}

// useRegistrationToken counts a use; ErrForbidden if the token is unknown, expired or used up. "" is no token.
func useRegistrationToken(tx *sqldb.Tx, token string, now int64) error {
	if token == "" {
		return nil
	}
	err := affectOne(tx, "using a registration token", `UPDATE registration_tokens SET completed = completed + 1
		WHERE token = $1 AND (uses_allowed < 0 OR completed < uses_allowed) AND (expires_ts = 0 OR expires_ts > $2)`, token, now)
	if errors.Is(err, ErrNotFound) {
		return ErrForbidden.says("The registration token is not valid any more")
	}
	return err
}

const registrationTokenColumns = `token, uses_allowed, completed, expires_ts, created`

func scanRegistrationToken(row scanner) (*RegistrationToken, error) {
	var t RegistrationToken
	err := row.Scan(&t.Token, &t.UsesAllowed, &t.Completed, &t.ExpiresTS, &t.Created)
	return &t, err
}

func (a *Accounts) readRegistrationToken(ctx context.Context, token string) (*RegistrationToken, error) {
	t, err := scanRegistrationToken(a.db.QueryRow(ctx,
		`SELECT `+registrationTokenColumns+` FROM registration_tokens WHERE token = $1`, token))
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, ErrNotFound.says("No such registration token")
	}
	if err != nil {
		return nil, fmt.Errorf("reading a registration token: %w", err)
	}
	return t, nil
}

func (a *Accounts) readRegistrationTokens(ctx context.Context) ([]*RegistrationToken, error) {
	rows, err := a.db.Query(ctx, `SELECT `+registrationTokenColumns+` FROM registration_tokens ORDER BY created, token LIMIT 10000`)
	if err != nil {
		return nil, fmt.Errorf("listing registration tokens: %w", err)
	}
	defer rows.Close()
	var tokens []*RegistrationToken
	for rows.Next() {
		t, err := scanRegistrationToken(rows)
		if err != nil {
			return nil, fmt.Errorf("listing registration tokens: %w", err)
		}
		tokens = append(tokens, t)
	}
	return tokens, rows.Err()
}

func insertRegistrationToken(tx *sqldb.Tx, t *RegistrationToken) error {
	result, err := tx.Exec(`INSERT INTO registration_tokens (token, uses_allowed, expires_ts, created) VALUES ($1, $2, $3, $4)
		ON CONFLICT (token) DO NOTHING`, t.Token, t.UsesAllowed, t.ExpiresTS, t.Created)
	if err != nil {
		return fmt.Errorf("storing a registration token: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrInvalidParam.says("There is such a registration token already"))
	}
	return nil
}

func deleteRegistrationToken(tx *sqldb.Tx, token string) error {
	return affectOne(tx, "removing a registration token", `DELETE FROM registration_tokens WHERE token = $1`, token)
}

// userSeen is when any device of a user was last seen.
type userSeen struct {
	userID   string
	lastSeen int64 // ms; 0 never
}

// readLastSeen returns the users behind one in the order of their ids, at most limit, without those that are deactivated and
// those of application services.
func (a *Accounts) readLastSeen(ctx context.Context, after string, limit int) ([]userSeen, error) {
	rows, err := a.db.Query(ctx, `SELECT u.user_id, COALESCE((SELECT MAX(d.last_seen_ts) FROM devices d WHERE d.user_id = u.user_id), 0)
		FROM users u WHERE u.user_id > $1 AND u.deactivated = 0 AND u.appservice_id = '' ORDER BY u.user_id LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("reading when users were last seen: %w", err)
	}
	defer rows.Close()
	var all []userSeen
	for rows.Next() {
		var u userSeen
		if err := rows.Scan(&u.userID, &u.lastSeen); err != nil {
			return nil, fmt.Errorf("reading when users were last seen: %w", err)
		}
		all = append(all, u)
	}
	return all, rows.Err()
}
