package bridge

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"medixchange/internal/sqldb"
	"medixchange/translator/identifiers"
	"medixchange/translator/language"
)

// States of a hold. The numbers are stored.
const (
	held            = 0
	released        = 1 // its translations are to be made
	releasedAndDone = 2
)

// insertHold notes that a version of a message was kept from engines; once.
func insertHold(tx *sqldb.Tx, versionNID, messageNID, ts int64, kinds []identifiers.Kind) error {
	names := make([]string, 0, len(kinds))
	for _, kind := range kinds {
		names = append(names, string(kind))
	}
	_, err := tx.Exec(`INSERT INTO translator_holds (version_nid, message_nid, kinds, held_ts, state, released_ts) VALUES ($1, $2, $3, $4, 0, 0)
		ON CONFLICT (version_nid) DO NOTHING`, versionNID, messageNID, strings.Join(names, " "), ts)
	if err != nil {
		return fmt.Errorf("storing that a message is held: %w", err)
	}
	return nil
}

// releaseHold releases a version that is held; false when it is not.
func releaseHold(tx *sqldb.Tx, versionNID, ts int64) (bool, error) {
	done, err := tx.Exec(`UPDATE translator_holds SET state = 1, released_ts = $2 WHERE version_nid = $1 AND state = 0`, versionNID, ts)
	if err != nil {
		return false, fmt.Errorf("releasing a message: %w", err)
	}
	n, err := done.RowsAffected()
	return n > 0, err
}

func endRelease(tx *sqldb.Tx, versionNID int64) error {
	if _, err := tx.Exec(`UPDATE translator_holds SET state = 2 WHERE version_nid = $1 AND state = 1`, versionNID); err != nil {
		return fmt.Errorf("ending a release: %w", err)
	}
	return nil
}

// isReleased reports whether the author of a version lets all engines have it.
func (b *Bridge) isReleased(ctx context.Context, versionNID int64) (bool, error) {
	var state int
	err := b.o.DB.QueryRow(ctx, `SELECT state FROM translator_holds WHERE version_nid = $1`, versionNID).Scan(&state)
	if errors.Is(err, sqldb.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for a release: %w", err)
	}
	return state != held, nil
}

// selectReleased returns versions whose translations are to be made.
func (b *Bridge) selectReleased(ctx context.Context, limit int) ([]int64, error) {
	return numbers(b.o.DB.Query(ctx, `SELECT version_nid FROM translator_holds WHERE state = 1 ORDER BY version_nid LIMIT $1`, limit))
}

func numbers(rows *sql.Rows, err error) ([]int64, error) {
	if err != nil {
		return nil, fmt.Errorf("reading concerns: %w", err)
	}
	defer rows.Close()
	var found []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, fmt.Errorf("reading concerns: %w", err)
		}
		found = append(found, n)
	}
	return found, rows.Err()
}

// doubt is a translation that was refused.
type doubt struct {
	language language.Code
	reasons  []byte // JSON of findings
}

// doubtPlace is the place of the findings of a doubt, for the vault.
func doubtPlace(versionNID int64, code language.Code) string {
	return "doubt " + strconv.FormatInt(versionNID, 10) + " " + string(code)
}

func (b *Bridge) insertDoubt(tx *sqldb.Tx, versionNID, messageNID int64, d doubt) error {
	_, err := tx.Exec(`INSERT INTO translator_doubts (version_nid, language, message_nid, reasons) VALUES ($1, $2, $3, $4)
		ON CONFLICT (version_nid, language) DO NOTHING`,
		versionNID, string(d.language), messageNID, b.vault.seal(string(d.reasons), doubtPlace(versionNID, d.language)))
	if err != nil {
		return fmt.Errorf("storing that a translation was refused: %w", err)
	}
	return nil
}

// selectDoubtful returns the versions with doubts of which their authors are not told yet.
func (b *Bridge) selectDoubtful(ctx context.Context, limit int) ([]int64, error) {
	return numbers(b.o.DB.Query(ctx, `SELECT DISTINCT version_nid FROM translator_doubts ORDER BY version_nid LIMIT $1`, limit))
}

// selectDoubts returns the doubts of a version by language. One that does not open has no findings.
func (b *Bridge) selectDoubts(ctx context.Context, versionNID int64) ([]doubt, error) {
	rows, err := b.o.DB.Query(ctx, `SELECT language, reasons FROM translator_doubts WHERE version_nid = $1 ORDER BY language`, versionNID)
	if err != nil {
		return nil, fmt.Errorf("reading refused translations: %w", err)
	}
	defer rows.Close()
	var doubts []doubt
	for rows.Next() {
		var code string
		var sealed []byte
		if err := rows.Scan(&code, &sealed); err != nil {
			return nil, fmt.Errorf("reading refused translations: %w", err)
		}
		d := doubt{language: language.Code(code)}
		if text, err := b.vault.open(sealed, doubtPlace(versionNID, d.language)); err == nil {
			d.reasons = []byte(text)
		}
		doubts = append(doubts, d)
	}
	return doubts, rows.Err()
}

// hasStoredJobs reports whether translations of an event wait to be made after a restart.
func (b *Bridge) hasStoredJobs(ctx context.Context, nid int64) (bool, error) {
	var n int
	if err := b.o.DB.QueryRow(ctx, `SELECT COUNT(*) FROM translator_jobs WHERE event_nid = $1`, nid).Scan(&n); err != nil {
		return false, fmt.Errorf("counting translations that wait: %w", err)
	}
	return n > 0, nil
}

func deleteDoubts(tx *sqldb.Tx, versionNID int64) error {
	if _, err := tx.Exec(`DELETE FROM translator_doubts WHERE version_nid = $1`, versionNID); err != nil {
		return fmt.Errorf("forgetting refused translations: %w", err)
	}
	return nil
}

// eraseConcerns forgets what was noted of a version of a message; of the message itself (version 0), of all of them.
func eraseConcerns(tx *sqldb.Tx, messageNID, versionNID int64) error {
	for _, table := range []string{"translator_holds", "translator_doubts"} {
		_, err := tx.Exec(`DELETE FROM `+table+` WHERE message_nid = $1 AND (CAST($2 AS BIGINT) = 0 OR version_nid = $2)`, messageNID, versionNID)
		if err != nil {
			return fmt.Errorf("forgetting concerns about a message: %w", err)
		}
	}
	return nil
}

// sweepHolds removes up to limit holds from before ts (ms).
func sweepHolds(tx *sqldb.Tx, ts int64, limit int) (int64, error) {
	removed, err := tx.Exec(`DELETE FROM translator_holds WHERE version_nid IN
		(SELECT version_nid FROM translator_holds WHERE held_ts < $1 AND state <> 1 ORDER BY version_nid LIMIT $2)`, ts, limit)
	if err != nil {
		return 0, fmt.Errorf("removing old holds: %w", err)
	}
	return removed.RowsAffected()
}
