package desk

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// Step is a line of a part's history.
type Step struct {
	Copy
	Action    Action
	Actor     string // user id
	ActorName string
	Reason    string
	TS        int64 // ms
	Live      bool  // false for words that were set aside
}

const (
	maxTexts = 200 // different texts that are kept of a part; the lines of its history stay
	maxSteps = 500 // lines of a history that are answered
)

const stepColumns = `s.language, s.part, s.version, s.live, s.action, s.actor, s.actor_name, s.reason, s.ts, s.form, COALESCE(t.body, '')
	FROM handbook_desk_steps s
	LEFT JOIN handbook_desk_texts t ON t.language = s.language AND t.part = s.part AND t.words = s.words `

type scanner interface{ Scan(into ...any) error }

func scanStep(row scanner) (*Step, error) {
	s := &Step{}
	var form, body string
	err := row.Scan(&s.Language, &s.Part, &s.Version, &s.Live, &s.Action, &s.Actor, &s.ActorName, &s.Reason, &s.TS, &form, &body)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(form), &s.Copy); err != nil {
		return nil, fmt.Errorf("reading a working copy of the handbook: %w", err)
	}
	if body == "" {
		return s, nil // too old: the text is gone
	}
	if err := json.Unmarshal([]byte(body), &s.Text); err != nil {
		return nil, fmt.Errorf("reading a text of the handbook: %w", err)
	}
	return s, nil
}

// selectLive gives the working copy of a part, nil where nobody has touched it.
func selectLive(row func(query string, args ...any) *sql.Row, name Name) (*Step, error) {
	s, err := scanStep(row(`SELECT `+stepColumns+`WHERE s.language = $1 AND s.part = $2 AND s.live = 1 ORDER BY s.version DESC LIMIT 1`,
		name.Language, name.Part))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading a working copy of the handbook: %w", err)
	}
	return s, nil
}

// selectStep gives a step; nil where there is none.
func (d *Desk) selectStep(ctx context.Context, name Name, version int64) (*Step, error) {
	s, err := scanStep(d.o.DB.QueryRow(ctx, `SELECT `+stepColumns+`WHERE s.language = $1 AND s.part = $2 AND s.version = $3`,
		name.Language, name.Part, version))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading a step of the handbook: %w", err)
	}
	return s, nil
}

// selectAllLive gives the working copies of all parts that somebody has touched.
func (d *Desk) selectAllLive(ctx context.Context) ([]*Step, error) {
	return scanSteps(d.o.DB.Query(ctx, `SELECT `+stepColumns+`
		JOIN (SELECT language, part, MAX(version) AS version FROM handbook_desk_steps WHERE live = 1 GROUP BY language, part) newest
		ON newest.language = s.language AND newest.part = s.part AND newest.version = s.version
		ORDER BY s.language, s.part`))
}

// selectHistory gives the newest steps of a part, the newest first.
func (d *Desk) selectHistory(ctx context.Context, name Name) ([]*Step, error) {
	return scanSteps(d.o.DB.Query(ctx, `SELECT `+stepColumns+`WHERE s.language = $1 AND s.part = $2 ORDER BY s.version DESC LIMIT $3`,
		name.Language, name.Part, maxSteps))
}

func scanSteps(rows *sql.Rows, err error) ([]*Step, error) {
	if err != nil {
		return nil, fmt.Errorf("reading working copies of the handbook: %w", err)
	}
	defer rows.Close()
	var all []*Step
	for rows.Next() {
		s, err := scanStep(rows)
		if err != nil {
			return nil, fmt.Errorf("reading working copies of the handbook: %w", err)
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// insertStep adds a step, numbers it, and lets go of texts that are too many.
func insertStep(tx *sqldb.Tx, s *Step) error {
	if err := tx.QueryRow(`SELECT COALESCE(MAX(version), 0) + 1 FROM handbook_desk_steps WHERE language = $1 AND part = $2`,
		s.Language, s.Part).Scan(&s.Version); err != nil {
		return fmt.Errorf("numbering a step of the handbook: %w", err)
	}
	form, err := json.Marshal(&s.Copy)
	if err != nil {
		return fmt.Errorf("storing a working copy of the handbook: %w", err)
	}
	body, err := json.Marshal(&s.Text)
	if err != nil {
		return fmt.Errorf("storing a text of the handbook: %w", err)
	}
	words, live := sumOf(body), 0
	if s.Live {
		live = 1
	}
	if _, err := tx.Exec(`INSERT INTO handbook_desk_texts (language, part, words, body) VALUES ($1, $2, $3, $4)
		ON CONFLICT (language, part, words) DO NOTHING`, s.Language, s.Part, words, string(body)); err != nil {
		return fmt.Errorf("storing a text of the handbook: %w", err)
	}
	if _, err := tx.Exec(`INSERT INTO handbook_desk_steps (language, part, version, live, action, actor, actor_name, reason, ts, form, words)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		s.Language, s.Part, s.Version, live, string(s.Action), s.Actor, s.ActorName, s.Reason, s.TS, string(form), words); err != nil {
		return fmt.Errorf("storing a step of the handbook: %w", err)
	}
	return trimTexts(tx, s.Name)
}

func trimTexts(tx *sqldb.Tx, name Name) error {
	_, err := tx.Exec(`DELETE FROM handbook_desk_texts WHERE language = $1 AND part = $2 AND words NOT IN (
		SELECT words FROM handbook_desk_steps WHERE language = $1 AND part = $2 GROUP BY words ORDER BY MAX(version) DESC LIMIT $3)`,
		name.Language, name.Part, maxTexts)
	if err != nil {
		return fmt.Errorf("letting go of old texts of the handbook: %w", err)
	}
	return nil
}
