package editions

import (
	"context"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

const (
	// keptActivations bounds the rows that say what was shown.
	keptActivations = 500
	// triedActivations is how many editions are tried, from the one that was shown last on, when it cannot be read.
	triedActivations = 5
)

const editionColumns = `SELECT mark, book, edition, dated, origin, source, publisher, serial, files, bytes, installed_ts, pinned,
	mark = COALESCE((SELECT a.mark FROM handbook_activations a ORDER BY a.seq DESC LIMIT 1), '') FROM handbook_editions `

type scanner interface{ Scan(dest ...any) error }

func scanEdition(row scanner) (Edition, error) {
	var e Edition
	var pinned int
	err := row.Scan(&e.Mark, &e.Book, &e.Name, &e.Date, &e.Origin.Kind, &e.Origin.From, &e.Origin.Publisher, &e.Origin.Serial,
		&e.Files, &e.Bytes, &e.InstalledTS, &pinned, &e.Current)
	e.Pinned = pinned != 0
	return e, err
}

func list(ctx context.Context, db *sqldb.DB) ([]Edition, error) {
	rows, err := db.Query(ctx, editionColumns+`ORDER BY installed_ts DESC, mark`)
	if err != nil {
		return nil, fmt.Errorf("listing the editions of the handbook: %w", err)
	}
	defer rows.Close()
	all := []Edition{}
	for rows.Next() {
		e, err := scanEdition(rows)
		if err != nil {
			return nil, fmt.Errorf("listing the editions of the handbook: %w", err)
		}
		all = append(all, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("listing the editions of the handbook: %w", err)
	}
	return all, nil
}

func one(ctx context.Context, db *sqldb.DB, mark string) (e Edition, known bool, err error) {
	e, err = scanEdition(db.QueryRow(ctx, editionColumns+`WHERE mark = $1`, mark))
	switch {
	case errors.Is(err, sqldb.ErrNoRows):
		return Edition{}, false, nil
	case err != nil:
		return Edition{}, false, fmt.Errorf("reading an edition of the handbook: %w", err)
	}
	return e, true, nil
}

func insert(tx *sqldb.Tx, e Edition) error {
	_, err := tx.Exec(`INSERT INTO handbook_editions (mark, book, edition, dated, origin, source, publisher, serial, files, bytes, installed_ts)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		e.Mark, e.Book, e.Name, string(e.Date), string(e.Origin.Kind), e.Origin.From, e.Origin.Publisher, e.Origin.Serial, e.Files, e.Bytes, e.InstalledTS)
	if err != nil {
		return fmt.Errorf("storing an edition of the handbook: %w", err)
	}
	return nil
}

func setPinned(tx *sqldb.Tx, mark string, pinned bool) error {
	value := 0
	if pinned {
		value = 1
	}
	result, err := tx.Exec(`UPDATE handbook_editions SET pinned = $1 WHERE mark = $2`, value, mark)
	if err != nil {
		return fmt.Errorf("pinning an edition of the handbook: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return fmt.Errorf("pinning an edition of the handbook: %w", err)
	}
	if n == 0 {
		return fmt.Errorf("%w: %s", ErrUnknown, mark)
	}
	return nil
}

func currentIsPinned(tx *sqldb.Tx) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM handbook_editions WHERE pinned <> 0 AND mark =
		(SELECT mark FROM handbook_activations ORDER BY seq DESC LIMIT 1)`).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("reading whether the handbook is pinned: %w", err)
	}
	return n > 0, nil
}

func insertActivation(tx *sqldb.Tx, mark, by string, ts int64) error {
	_, err := tx.Exec(`INSERT INTO handbook_activations (seq, mark, actor, ts)
		SELECT COALESCE(MAX(seq), 0) + 1, $1, $2, $3 FROM handbook_activations`, mark, by, ts)
	if err != nil {
		return fmt.Errorf("storing which edition of the handbook is shown: %w", err)
	}
	_, err = tx.Exec(`DELETE FROM handbook_activations WHERE seq <= (SELECT MAX(seq) FROM handbook_activations) - $1`, keptActivations)
	if err != nil {
		return fmt.Errorf("forgetting which edition of the handbook was shown: %w", err)
	}
	return nil
}

// activations gives the marks that were shown, the last first, each once.
func activations(ctx context.Context, db *sqldb.DB) ([]string, error) {
	rows, err := db.Query(ctx, `SELECT mark FROM handbook_activations GROUP BY mark ORDER BY MAX(seq) DESC LIMIT $1`, triedActivations)
	if err != nil {
		return nil, fmt.Errorf("reading which edition of the handbook is shown: %w", err)
	}
	return marks(rows)
}

type markRows interface {
	scanner
	Next() bool
	Err() error
	Close() error
}

func marks(rows markRows) ([]string, error) {
	defer rows.Close()
	var out []string
	for rows.Next() {
		var mark string
		if err := rows.Scan(&mark); err != nil {
			return nil, fmt.Errorf("reading marks of the handbook's editions: %w", err)
		}
		out = append(out, mark)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading marks of the handbook's editions: %w", err)
	}
	return out, nil
}

// forget removes the rows of all editions but the newest ones, those that are pinned, and the two that were shown last.
func forget(tx *sqldb.Tx, keep int) ([]string, error) {
	rows, err := tx.Query(`SELECT mark FROM handbook_editions WHERE pinned = 0
		AND mark NOT IN (SELECT mark FROM (SELECT mark FROM handbook_activations GROUP BY mark ORDER BY MAX(seq) DESC LIMIT 2) shown)
		AND mark NOT IN (SELECT mark FROM (SELECT mark FROM handbook_editions ORDER BY installed_ts DESC, mark LIMIT $1) newest)`, keep)
	if err != nil {
		return nil, fmt.Errorf("looking for old editions of the handbook: %w", err)
	}
	gone, err := marks(rows)
	if err != nil {
		return nil, err
	}
	for _, mark := range gone {
		if _, err := tx.Exec(`DELETE FROM handbook_editions WHERE mark = $1`, mark); err != nil {
			return nil, fmt.Errorf("forgetting an old edition of the handbook: %w", err)
		}
		if _, err := tx.Exec(`DELETE FROM handbook_activations WHERE mark = $1`, mark); err != nil {
			return nil, fmt.Errorf("forgetting an old edition of the handbook: %w", err)
		}
	}
	return gone, nil
}

// sourceMark is the mark that the edition of a source had when it was installed last; "" before.
func sourceMark(ctx context.Context, db *sqldb.DB, kind Kind) (string, error) {
	var mark string
	err := db.QueryRow(ctx, `SELECT mark FROM handbook_sources WHERE name = $1`, string(kind)).Scan(&mark)
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return "", fmt.Errorf("reading what was installed from the handbook's %s: %w", kind, err)
	}
	return mark, nil
}

func setSource(tx *sqldb.Tx, kind Kind, mark string) error {
	_, err := tx.Exec(`INSERT INTO handbook_sources (name, mark) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET mark = excluded.mark`,
		string(kind), mark)
	if err != nil {
		return fmt.Errorf("storing what was installed from the handbook's %s: %w", kind, err)
	}
	return nil
}
