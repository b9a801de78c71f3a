package desk

import (
	"context"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// States of drafts and decisions.
const (
	stateOpen      = "open"    // of a draft
	statePending   = "pending" // of a decision
	statePublished = "published"
	stateDropped   = "dropped"
)

// maxPending bounds the decisions of one draft.
const maxPending = 1000

func insertDecision(tx *sqldb.Tx, d Decision) error {
	var last int64
	if err := tx.QueryRow(`SELECT COALESCE(MAX(decision_id), 0) FROM alliance_decisions`).Scan(&last); err != nil {
		return fmt.Errorf("numbering a decision: %w", err)
	}
	_, err := tx.Exec(`INSERT INTO alliance_decisions (decision_id, kind, server_name, application_id, reason, actor, state, ts)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, last+1, string(d.Kind), d.ServerName, d.Application, d.Reason, d.Actor, statePending, d.TS)
	if err != nil {
		return fmt.Errorf("storing a decision: %w", err)
	}
	return nil
}

func endDecision(tx *sqldb.Tx, id int64, state string) error {
	if _, err := tx.Exec(`UPDATE alliance_decisions SET state = $1 WHERE decision_id = $2`, state, id); err != nil {
		return fmt.Errorf("ending a decision: %w", err)
	}
	return nil
}

// pending returns the decisions that are not published, in order.
func (d *Desk) pending(ctx context.Context) ([]Decision, error) {
	rows, err := d.o.DB.Query(ctx, `SELECT decision_id, kind, server_name, application_id, reason, actor, ts FROM alliance_decisions
		WHERE state = $1 ORDER BY decision_id LIMIT $2`, statePending, maxPending)
	if err != nil {
		return nil, fmt.Errorf("reading decisions: %w", err)
	}
	defer rows.Close()
	all := []Decision{}
	for rows.Next() {
		var decision Decision
		if err := rows.Scan(&decision.ID, &decision.Kind, &decision.ServerName, &decision.Application, &decision.Reason, &decision.Actor, &decision.TS); err != nil {
			return nil, fmt.Errorf("reading decisions: %w", err)
		}
		all = append(all, decision)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading decisions: %w", err)
	}
	return all, nil
}

func insertDraft(tx *sqldb.Tx, d Draft) error {
	var last int64
	if err := tx.QueryRow(`SELECT COALESCE(MAX(draft_id), 0) FROM alliance_drafts`).Scan(&last); err != nil {
		return fmt.Errorf("numbering a drafted member list: %w", err)
	}
	_, err := tx.Exec(`INSERT INTO alliance_drafts (draft_id, document, hash, previous, state, created_ts, changed_ts)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, last+1, d.Document, d.Hash, d.previous, stateOpen, d.CreatedTS, d.CreatedTS)
	if err != nil {
		return fmt.Errorf("storing a drafted member list: %w", err)
	}
	return nil
}

func updateDraft(tx *sqldb.Tx, d Draft, now int64) error {
	_, err := tx.Exec(`UPDATE alliance_drafts SET document = $1, changed_ts = $2 WHERE draft_id = $3`, d.Document, now, d.ID)
	if err != nil {
		return fmt.Errorf("storing a signature: %w", err)
	}
	return nil
}

// keptDrafts is how many drafts are kept, for whoever wants to know what was signed.
const keptDrafts = 50

// endDrafts ends the open draft, and forgets old ones.
func endDrafts(tx *sqldb.Tx, state string, now int64) error {
	if _, err := tx.Exec(`UPDATE alliance_drafts SET state = $1, changed_ts = $2 WHERE state = $3`, state, now, stateOpen); err != nil {
		return fmt.Errorf("ending a draft: %w", err)
	}
	_, err := tx.Exec(`DELETE FROM alliance_drafts WHERE draft_id <= (SELECT COALESCE(MAX(draft_id), 0) - $1 FROM alliance_drafts)`, keptDrafts)
	if err != nil {
		return fmt.Errorf("forgetting old drafts: %w", err)
	}
	return nil
}

// storedDraft reads the open draft; ErrNoDraft if there is none.
func (d *Desk) storedDraft(ctx context.Context) (Draft, error) {
	var draft Draft
	err := d.o.DB.QueryRow(ctx, `SELECT draft_id, document, hash, previous, created_ts FROM alliance_drafts WHERE state = $1`, stateOpen).
		Scan(&draft.ID, &draft.Document, &draft.Hash, &draft.previous, &draft.CreatedTS)
	if errors.Is(err, sqldb.ErrNoRows) {
		return draft, ErrNoDraft
	}
	if err != nil {
		return draft, fmt.Errorf("reading the drafted member list: %w", err)
	}
	return draft, nil
}

func setState(tx *sqldb.Tx, application string, to State, reason string, now int64) error {
	_, err := tx.Exec(`UPDATE alliance_applications SET state = $1, reason = $2, changed_ts = $3 WHERE application_id = $4`, string(to), reason, now, application)
	if err != nil {
		return fmt.Errorf("storing the state of an application: %w", err)
	}
	return nil
}
