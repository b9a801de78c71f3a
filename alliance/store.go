package alliance

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
)

// Kinds of stored documents.
const (
	kindCharter = "charter"
	kindMembers = "members"
)

// keptLists is how many member lists are kept, for comparing.
const keptLists = 200

type storedDocument struct {
	charter, serial int64
	hash            string
	raw             []byte
	source          string
	takenTS         int64
}

func insertDocument(tx *sqldb.Tx, kind string, d storedDocument) error {
	_, err := tx.Exec(`INSERT INTO alliance_documents (kind, charter, serial, hash, document, source, taken_ts)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (kind, charter, serial) DO NOTHING`,
		kind, d.charter, d.serial, d.hash, d.raw, d.source, d.takenTS)
	if err != nil {
		return fmt.Errorf("storing a document of the alliance: %w", err)
	}
	return nil
}

// forgetLists keeps the newest member lists only.
func forgetLists(tx *sqldb.Tx) error {
	_, err := tx.Exec(`DELETE FROM alliance_documents WHERE kind = $1 AND taken_ts <
		(SELECT COALESCE(MIN(taken_ts), 0) FROM (SELECT taken_ts FROM alliance_documents WHERE kind = $1 ORDER BY taken_ts DESC LIMIT $2) newest)`,
		kindMembers, keptLists)
	if err != nil {
		return fmt.Errorf("forgetting old member lists: %w", err)
	}
	return nil
}

// charters returns the stored charters from a version on, in order.
func (k *Keeper) storedCharters(ctx context.Context, from int64) ([]storedDocument, error) {
	return k.documents(ctx, `SELECT charter, serial, hash, document, source, taken_ts FROM alliance_documents
		WHERE kind = $1 AND charter >= $2 ORDER BY charter LIMIT $3`, kindCharter, from, maxCharters)
}

// storedLists returns the newest member lists, the newest first.
func (k *Keeper) storedLists(ctx context.Context, limit int) ([]storedDocument, error) {
	return k.documents(ctx, `SELECT charter, serial, hash, document, source, taken_ts FROM alliance_documents
		WHERE kind = $1 ORDER BY charter DESC, serial DESC LIMIT $2`, kindMembers, limit)
}

func (k *Keeper) documents(ctx context.Context, query string, args ...any) ([]storedDocument, error) {
	rows, err := k.o.DB.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("reading documents of the alliance: %w", err)
	}
	defer rows.Close()
	var all []storedDocument
	for rows.Next() {
		var d storedDocument
		if err := rows.Scan(&d.charter, &d.serial, &d.hash, &d.raw, &d.source, &d.takenTS); err != nil {
			return nil, fmt.Errorf("reading documents of the alliance: %w", err)
		}
		all = append(all, d)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading documents of the alliance: %w", err)
	}
	return all, nil
}

// AuditEntry is one line of the alliance's log.
type AuditEntry struct {
	ID      int64  `json:"id"`
	TS      int64  `json:"ts"` // ms
	Actor   string `json:"actor"`
	Action  string `json:"action"`
	Subject string `json:"subject"`
	Detail  string `json:"detail"`
	Hash    string `json:"hash"`
}

// chained returns the hash of an entry after the one before it.
func (e AuditEntry) chained(before string) string {
	e.Hash = before
	encoded, err := json.Marshal(e)
	if err != nil {
		panic("an audit entry of plain fields is not encoded: " + err.Error())
	}
	sum := sha256.Sum256(encoded)
	return signing.EncodeBase64(sum[:])
}

// audit appends a line to the log.
func audit(tx *sqldb.Tx, e AuditEntry) error {
	var before string
	err := tx.QueryRow(`SELECT audit_id, hash FROM alliance_audit ORDER BY audit_id DESC LIMIT 1`).Scan(&e.ID, &before)
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return fmt.Errorf("reading the alliance's log: %w", err)
	}
	e.ID++
	_, err = tx.Exec(`INSERT INTO alliance_audit (audit_id, ts, actor, action, subject, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		e.ID, e.TS, e.Actor, e.Action, e.Subject, e.Detail, e.chained(before))
	if err != nil {
		return fmt.Errorf("writing the alliance's log: %w", err)
	}
	return nil
}

// Note appends a line to the alliance's log, for the parts of the alliance that do more than keep documents.
func Note(tx *sqldb.Tx, e AuditEntry) error { return audit(tx, e) }

// ErrAuditBroken means that a line of the log was changed or removed.
var ErrAuditBroken = errors.New("the alliance's log was tampered with")

// Audit returns up to limit lines of the log after an id, in order. It checks their hashes; ErrAuditBroken is returned with the
// lines up to the first that is wrong.
func (k *Keeper) Audit(ctx context.Context, after int64, limit int) ([]AuditEntry, error) {
	rows, err := k.o.DB.Query(ctx, `SELECT audit_id, ts, actor, action, subject, detail, hash FROM alliance_audit
		WHERE audit_id >= $1 ORDER BY audit_id LIMIT $2`, after, limit+1)
	if err != nil {
		return nil, fmt.Errorf("reading the alliance's log: %w", err)
	}
	defer rows.Close()
	var entries []AuditEntry
	before, next := "", int64(1)
	for rows.Next() {
		var e AuditEntry
		if err := rows.Scan(&e.ID, &e.TS, &e.Actor, &e.Action, &e.Subject, &e.Detail, &e.Hash); err != nil {
			return nil, fmt.Errorf("reading the alliance's log: %w", err)
		}
		if after > 0 && e.ID == after {
			before, next = e.Hash, e.ID+1
			continue
		}
		if e.ID != next || e.chained(before) != e.Hash {
			return entries, fmt.Errorf("%w at line %d", ErrAuditBroken, next)
		}
		if before, next = e.Hash, e.ID+1; len(entries) < limit {
			entries = append(entries, e)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the alliance's log: %w", err)
	}
	return entries, nil
}
