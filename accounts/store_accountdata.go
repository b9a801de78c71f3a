package accounts

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
)

// cleanJSON returns one spelling of a value.
func cleanJSON(raw json.RawMessage) (json.RawMessage, error) {
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, ErrBadJSON.says("This is not JSON")
	}
	if canonical, err := signing.CanonicalJSON(raw, signing.Limits{}); err == nil {
		return canonical, nil
	}
	return json.Marshal(value) // floats, which canonical JSON may refuse
}

// contentID names content by its hash.
func contentID(content []byte) string {
	sum := sha256.Sum256(content)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

func upsertAccountData(tx *sqldb.Tx, d *AccountDatum) error {
	_, err := tx.Exec(`INSERT INTO account_data (user_id, room_id, type, content, position) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (user_id, room_id, type) DO UPDATE SET content = excluded.content, position = excluded.position`,
		d.UserID, d.RoomID, d.Type, string(d.Content), d.Position)
	if err != nil {
		return fmt.Errorf("storing account data: %w", err)
	}
	return nil
}

// readAccountDatum returns nil for what is not there.
func readAccountDatum(q sqldb.Querier, userID, roomID, typ string) (json.RawMessage, error) {
	var content string
	err := q.QueryRow(`SELECT content FROM account_data WHERE user_id = $1 AND room_id = $2 AND type = $3`, userID, roomID, typ).
		Scan(&content)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading account data: %w", err)
	}
	return json.RawMessage(content), nil
}

func (a *Accounts) readAccountData(ctx context.Context, userID, roomID, typ string) (json.RawMessage, error) {
	var content json.RawMessage
	err := a.db.Read(ctx, func(q *sqldb.Snapshot) error {
		var err error
		content, err = readAccountDatum(q, userID, roomID, typ)
		return err
	})
	if err == nil && content == nil {
		return nil, ErrNotFound.says("No such account data")
	}
	return content, err
}

func (a *Accounts) readAccountDataSince(ctx context.Context, userID string, since, upto int64) ([]*AccountDatum, error) {
	rows, err := a.db.Query(ctx, `SELECT room_id, type, content, position FROM account_data
		WHERE user_id = $1 AND position > $2 AND position <= $3 ORDER BY position`, userID, since, upto)
	if err != nil {
		return nil, fmt.Errorf("reading account data: %w", err)
	}
	defer rows.Close()
	var data []*AccountDatum
	for rows.Next() {
		d := &AccountDatum{UserID: userID}
		var content string
		if err := rows.Scan(&d.RoomID, &d.Type, &content, &d.Position); err != nil {
			return nil, fmt.Errorf("reading account data: %w", err)
		}
		d.Content = json.RawMessage(content)
		data = append(data, d)
	}
	return data, rows.Err()
}

// readPreferences reads what the server itself looks at of many users: languages and ignored users.
func (a *Accounts) readPreferences(ctx context.Context, users []string) ([]*AccountDatum, error) {
	rows, err := a.db.Query(ctx, `SELECT user_id, room_id, type, content, position FROM account_data
		WHERE user_id = ANY($1) AND type = ANY($2)`, sqldb.List(users), sqldb.List([]string{typeIgnored, typeLanguage}))
	if err != nil {
		return nil, fmt.Errorf("reading preferences: %w", err)
	}
	defer rows.Close()
	var data []*AccountDatum
	for rows.Next() {
		d := &AccountDatum{}
		var content string
		if err := rows.Scan(&d.UserID, &d.RoomID, &d.Type, &content, &d.Position); err != nil {
			return nil, fmt.Errorf("reading preferences: %w", err)
		}
		d.Content = json.RawMessage(content)
		data = append(data, d)
	}
	return data, rows.Err()
}

func insertFilter(tx *sqldb.Tx, userID, id, filter string) error {
	_, err := tx.Exec(`INSERT INTO filters (user_id, filter_id, filter) VALUES ($1, $2, $3) ON CONFLICT (user_id, filter_id) DO NOTHING`,
		userID, id, filter)
	return err
}

func (a *Accounts) readFilter(ctx context.Context, userID, id string) (json.RawMessage, error) {
	var filter string
	err := a.db.QueryRow(ctx, `SELECT filter FROM filters WHERE user_id = $1 AND filter_id = $2`, userID, id).Scan(&filter)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, ErrNotFound.says("No such filter")
	}
	if err != nil {
		return nil, fmt.Errorf("reading a filter: %w", err)
	}
	return json.RawMessage(filter), nil
}

// DataOfType returns the global account data of one type, of all users who have it, by user id.
func (a *Accounts) DataOfType(ctx context.Context, typ string) (map[string]json.RawMessage, error) {
	rows, err := a.db.Query(ctx, `SELECT user_id, content FROM account_data WHERE type = $1 AND room_id = '' ORDER BY user_id LIMIT $2`,
		typ, maxOfType)
	if err != nil {
		return nil, fmt.Errorf("reading account data of a type: %w", err)
	}
	defer rows.Close()
	found := map[string]json.RawMessage{}
	for rows.Next() {
		var userID, content string
		if err := rows.Scan(&userID, &content); err != nil {
			return nil, fmt.Errorf("reading account data of a type: %w", err)
		}
		found[userID] = json.RawMessage(content)
	}
	return found, rows.Err()
}

// maxOfType bounds the users of which DataOfType returns something.
const maxOfType = 20_000
