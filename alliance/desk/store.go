package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"medixchange/alliance"
	"medixchange/internal/sqldb"
)

const columns = "application_id, form, language, challenge, state, proven_ts, proven_by, reason, created_ts, changed_ts"

type scanner interface{ Scan(...any) error }

func scanApplication(row scanner) (Application, error) {
	var a Application
	var form string
	if err := row.Scan(&a.ID, &form, &a.Language, &a.Challenge, &a.State, &a.ProvenTS, &a.ProvenBy, &a.Reason, &a.CreatedTS, &a.ChangedTS); err != nil {
		return a, err
	}
	if err := json.Unmarshal([]byte(form), &a.Form); err != nil {
		return a, fmt.Errorf("reading the form of %s: %w", a.ID, err)
	}
	return a, nil
}

// one reads an application by a condition with one value.
func (d *Desk) one(ctx context.Context, where, value string) (Application, error) {
	a, err := scanApplication(d.o.DB.QueryRow(ctx, "SELECT "+columns+" FROM alliance_applications WHERE "+where, value))
	if errors.Is(err, sqldb.ErrNoRows) {
		return a, ErrUnknown
	}
	if err != nil {
		return a, fmt.Errorf("reading an application: %w", err)
	}
	return a, nil
}

func (d *Desk) list(ctx context.Context, states []State, limit int) ([]Application, error) {
	args, places := []any{limit}, make([]string, len(states))
	for i, state := range states {
		args = append(args, string(state))
		places[i] = fmt.Sprintf("$%d", i+2)
	}
	rows, err := d.o.DB.Query(ctx, "SELECT "+columns+" FROM alliance_applications WHERE state IN ("+strings.Join(places, ", ")+
		") ORDER BY created_ts, application_id LIMIT $1", args...)
	if err != nil {
		return nil, fmt.Errorf("reading applications: %w", err)
	}
	defer rows.Close()
	all := []Application{}
	for rows.Next() {
		a, err := scanApplication(rows)
		if err != nil {
			return nil, fmt.Errorf("reading applications: %w", err)
		}
		all = append(all, a)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading applications: %w", err)
	}
	return all, nil
}

func insertApplication(tx *sqldb.Tx, a Application, secret string) error {
	form, err := json.Marshal(a.Form)
	if err != nil {
		return fmt.Errorf("writing the form: %w", err)
	}
	_, err = tx.Exec(`INSERT INTO alliance_applications (application_id, secret, server_name, form, language, challenge, state, proven_ts,
		proven_by, reason, created_ts, changed_ts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		a.ID, secret, a.ServerName, string(form), a.Language, a.Challenge, string(a.State), a.ProvenTS, string(a.ProvenBy), a.Reason, a.CreatedTS, a.ChangedTS)
	if err != nil {
		return fmt.Errorf("storing an application: %w", err)
	}
	return nil
}

func updateApplication(tx *sqldb.Tx, a Application) error {
	_, err := tx.Exec(`UPDATE alliance_applications SET state = $1, proven_ts = $2, proven_by = $3, reason = $4, changed_ts = $5
		WHERE application_id = $6`, string(a.State), a.ProvenTS, string(a.ProvenBy), a.Reason, a.ChangedTS, a.ID)
	if err != nil {
		return fmt.Errorf("storing the state of an application: %w", err)
	}
	return nil
}

// move gives an application another state, with a line in the log, and tells the applicant.
func (d *Desk) move(ctx context.Context, a Application, to State, reason string, line alliance.AuditEntry) (Application, error) {
	a.State, a.Reason, a.ChangedTS = to, reason, d.o.Now().UnixMilli()
	err := d.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := updateApplication(tx, a); err != nil {
			return err
		}
		if err := d.told(tx, a); err != nil {
			return err
		}
		return alliance.Note(tx, line)
	})
	return a, err
}

// lapse ends the unproven applications from before a time and returns their servers.
func lapse(tx *sqldb.Tx, before, now int64) ([]string, error) {
	rows, err := tx.Query(`SELECT server_name FROM alliance_applications WHERE state = $1 AND created_ts < $2`, string(Received), before)
	if err != nil {
		return nil, fmt.Errorf("reading lapsed applications: %w", err)
	}
	defer rows.Close()
	var servers []string
	for rows.Next() {
		var server string
		if err := rows.Scan(&server); err != nil {
			return nil, fmt.Errorf("reading lapsed applications: %w", err)
		}
		servers = append(servers, server)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("reading lapsed applications: %w", err)
	}
	_, err = tx.Exec(`UPDATE alliance_applications SET state = $1, changed_ts = $2 WHERE state = $3 AND created_ts < $4`,
		string(Lapsed), now, string(Received), before)
	if err != nil {
		return nil, fmt.Errorf("ending lapsed applications: %w", err)
	}
	return servers, nil
}

// load counts the applications that wait, and the bytes of all papers.
func load(tx *sqldb.Tx) (open, bytes int64, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM alliance_applications WHERE state IN ($1, $2, $3)`,
		string(Received), string(Proven), string(Accepted)).Scan(&open)
	if err == nil {
		err = tx.QueryRow(`SELECT COALESCE(SUM(size), 0) FROM alliance_papers`).Scan(&bytes)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("counting applications: %w", err)
	}
	return open, bytes, nil
}

func insertPaper(tx *sqldb.Tx, id string, p Paper) error {
	_, err := tx.Exec(`INSERT INTO alliance_papers (application_id, number, name, media_type, size, content) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, p.Number, p.Name, p.MediaType, p.Size, p.Content)
	if err != nil {
		return fmt.Errorf("storing a paper: %w", err)
	}
	return nil
}

// erasePapers erases the papers of applications that ended before a time.
func erasePapers(tx *sqldb.Tx, before int64) error {
	_, err := tx.Exec(`DELETE FROM alliance_papers WHERE application_id IN (SELECT application_id FROM alliance_applications
		WHERE state NOT IN ($1, $2, $3) AND changed_ts < $4)`, string(Received), string(Proven), string(Accepted), before)
	if err != nil {
		return fmt.Errorf("erasing old papers: %w", err)
	}
	return nil
}

func (d *Desk) papers(ctx context.Context, id string) ([]Paper, error) {
	rows, err := d.o.DB.Query(ctx, `SELECT number, name, media_type, size FROM alliance_papers WHERE application_id = $1 ORDER BY number`, id)
	if err != nil {
		return nil, fmt.Errorf("reading papers: %w", err)
	}
	defer rows.Close()
	all := []Paper{}
	for rows.Next() {
		var p Paper
		if err := rows.Scan(&p.Number, &p.Name, &p.MediaType, &p.Size); err != nil {
			return nil, fmt.Errorf("reading papers: %w", err)
		}
		all = append(all, p)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading papers: %w", err)
	}
	return all, nil
}

func (d *Desk) paper(ctx context.Context, id string, number int64) (Paper, error) {
	p := Paper{Number: number}
	err := d.o.DB.QueryRow(ctx, `SELECT name, media_type, size, content FROM alliance_papers WHERE application_id = $1 AND number = $2`, id, number).
		Scan(&p.Name, &p.MediaType, &p.Size, &p.Content)
	if errors.Is(err, sqldb.ErrNoRows) {
		return p, ErrUnknown
	}
	if err != nil {
		return p, fmt.Errorf("reading a paper: %w", err)
	}
	return p, nil
}
