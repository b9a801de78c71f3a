package rooms

import (
	"context"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

func storeTransactions(tx *sqldb.Tx, admitted []*admission, now int64) error {
	var rows [][]any
	for _, a := range admitted {
		if a.txn != nil {
			rows = append(rows, []any{a.event.Sender, a.txn.Scope, a.txn.Path, a.txn.ID, a.event.ID, a.event.NID, now})
		}
	}
	err := tx.ExecMany(`INSERT INTO client_transactions (user_id, scope, path, txn_id, event_id, event_nid, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (user_id, scope, path, txn_id) DO NOTHING`, rows)
	if err != nil {
		return fmt.Errorf("storing transaction ids: %w", err)
	}
	return nil
}

func (r *Rooms) selectTransaction(ctx context.Context, userID string, t Txn) (eventID string, err error) {
	err = r.db.QueryRow(ctx, `SELECT event_id FROM client_transactions
		WHERE user_id = $1 AND scope = $2 AND path = $3 AND txn_id = $4`, userID, t.Scope, t.Path, t.ID).Scan(&eventID)
	return eventID, err
}

// selectSentAs returns how the events were sent; events without a transaction are missing. It asks by event alone: a user
// and a scope would lead SQLite through everything that the device ever sent.
func (r *Rooms) selectSentAs(ctx context.Context, nids []int64) (map[int64]sentAs, error) {
	rows, err := r.db.Query(ctx, `SELECT event_nid, user_id, scope, txn_id FROM client_transactions
		WHERE event_nid = ANY($1)`, sqldb.List(nids))
	if err != nil {
		return nil, fmt.Errorf("reading transaction ids: %w", err)
	}
	defer rows.Close()
	found := map[int64]sentAs{}
	for rows.Next() {
		var nid int64
		var s sentAs
		if err := rows.Scan(&nid, &s.userID, &s.scope, &s.txnID); err != nil {
			return nil, fmt.Errorf("reading a transaction id: %w", err)
		}
		found[nid] = s
	}
	return found, rows.Err()
}

// oldTransactions looks at the next trimStep transactions of events after < nid ≤ last and returns the nid of the last of
// them and how many were made before t (ms).
func (r *Rooms) oldTransactions(ctx context.Context, after, last, t int64) (upto int64, old int, err error) {
	err = r.db.QueryRow(ctx, `SELECT COALESCE(MAX(event_nid), 0), COALESCE(SUM(CASE WHEN created < $3 THEN 1 ELSE 0 END), 0) FROM (
		SELECT event_nid, created FROM client_transactions WHERE event_nid > $1 AND event_nid <= $2 ORDER BY event_nid LIMIT $4) AS step`,
		after, last, t, trimStep).Scan(&upto, &old)
	if err != nil {
		return 0, 0, fmt.Errorf("reading old transaction ids: %w", err)
	}
	return upto, old, nil
}

// transactionBehind returns the nid of the event before the newest n that have a transaction id; 0 without one.
func (r *Rooms) transactionBehind(ctx context.Context, n int) (int64, error) {
	var nid int64
	err := r.db.QueryRow(ctx, `SELECT event_nid FROM client_transactions ORDER BY event_nid DESC LIMIT 1 OFFSET $1`, n).Scan(&nid)
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return 0, fmt.Errorf("counting transaction ids: %w", err)
	}
	return nid, nil
}

func (r *Rooms) deleteTransactions(ctx context.Context, after, upto, t int64) error {
	err := r.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`DELETE FROM client_transactions WHERE event_nid > $1 AND event_nid <= $2 AND created < $3`, after, upto, t)
		return err
	})
	if err != nil {
		return fmt.Errorf("removing old transaction ids: %w", err)
	}
	return nil
}
