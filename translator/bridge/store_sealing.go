package bridge

import (
	"context"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// setSecret replaces what the node keeps under a name.
func (b *Bridge) setSecret(ctx context.Context, name string, secret []byte) error {
	err := b.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`UPDATE translator_secrets SET secret = $2 WHERE name = $1`, name, secret)
		return err
	})
	if err != nil {
		return fmt.Errorf("storing a secret of the translator: %w", err)
	}
	return nil
}

// oldSecret returns a secret that is not made any more, nil without it.
func (b *Bridge) oldSecret(ctx context.Context, name string) (secret []byte, err error) {
	err = b.o.DB.QueryRow(ctx, `SELECT secret FROM translator_secrets WHERE name = $1`, name).Scan(&secret)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading a secret of the translator: %w", err)
	}
	return secret, nil
}

func dropSecret(tx *sqldb.Tx, name string) error {
	if _, err := tx.Exec(`DELETE FROM translator_secrets WHERE name = $1`, name); err != nil {
		return fmt.Errorf("removing a secret of the translator: %w", err)
	}
	return nil
}

// eraseSealed forgets what beside the renderings may be sealed with a key that is lost, or stand unsealed.
func eraseSealed(tx *sqldb.Tx) error {
	for _, statement := range []string{
		`UPDATE translator_notices SET content = '{}' WHERE content <> '{}'`,
		`DELETE FROM translator_doubts`,
	} {
		if _, err := tx.Exec(statement); err != nil {
			return fmt.Errorf("discarding what was sealed otherwise: %w", err)
		}
	}
	return nil
}

// resealReports seals up to limit reports after an id anew; it returns the last of them, 0 when there are no more.
func resealReports(tx *sqldb.Tx, after int64, limit int, reseal func([]byte, string) []byte) (last int64, err error) {
	type texts struct {
		id                    int64
		original, translation []byte
	}
	rows, err := tx.Query(`SELECT report_id, original, translation FROM translation_reports WHERE report_id > $1 ORDER BY report_id LIMIT $2`, after, limit)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var all []texts
	for rows.Next() {
		var t texts
		if err := rows.Scan(&t.id, &t.original, &t.translation); err != nil {
			return 0, err
		}
		all = append(all, t)
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	for _, t := range all {
		last = t.id
		_, err := tx.Exec(`UPDATE translation_reports SET original = $2, translation = $3 WHERE report_id = $1`,
			t.id, reseal(t.original, originalPlace(t.id)), reseal(t.translation, translationPlace(t.id)))
		if err != nil {
			return 0, err
		}
	}
	return last, nil
}

// resealReadTexts is resealReports for the reading log.
func resealReadTexts(tx *sqldb.Tx, after int64, limit int, reseal func([]byte, string) []byte) (last int64, err error) {
	rows, err := tx.Query(`SELECT rendering, text FROM translation_read_texts WHERE rendering > $1 ORDER BY rendering LIMIT $2`, after, limit)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	texts := map[int64][]byte{}
	for rows.Next() {
		var id int64
		var text []byte
		if err := rows.Scan(&id, &text); err != nil {
			return 0, err
		}
		texts[id], last = text, id
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	for id, text := range texts {
		if _, err := tx.Exec(`UPDATE translation_read_texts SET text = $2 WHERE rendering = $1`, id, reseal(text, readPlace(id))); err != nil {
			return 0, err
		}
	}
	return last, nil
}
