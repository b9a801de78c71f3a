package replies

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// store writes changes in one transaction.
func (v *Vault) store(ctx context.Context, changes map[place]*change) error {
	now := v.now().UnixMilli()
	var puts, deletes [][]any
	for p, c := range changes {
		if c.deleted {
			deletes = append(deletes, []any{int16(p.kind), p.owner, p.name})
			continue
		}
		puts = append(puts, []any{int16(p.kind), p.owner, p.name, now, v.seal(p, c.value)})
	}
	err := v.db.Write(ctx, func(tx *sqldb.Tx) error {
		err := tx.ExecMany(`INSERT INTO translator_vault (kind, owner, name, stored_ts, value) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (kind, owner, name) DO UPDATE SET stored_ts = excluded.stored_ts, value = excluded.value`, puts)
		if err != nil {
			return err
		}
		return tx.ExecMany(`DELETE FROM translator_vault WHERE kind = $1 AND owner = $2 AND name = $3`, deletes)
	})
	if err != nil {
		return fmt.Errorf("storing the translator's vault: %w", err)
	}
	return nil
}

func (v *Vault) selectValue(ctx context.Context, p place) (sealed []byte, err error) {
	err = v.db.QueryRow(ctx, `SELECT value FROM translator_vault WHERE kind = $1 AND owner = $2 AND name = $3`,
		int16(p.kind), p.owner, p.name).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the translator's vault: %w", err)
	}
	return sealed, nil
}

// selectAll returns the sealed records of a kind, of one owner if one is given.
func (v *Vault) selectAll(ctx context.Context, kind Kind, owner *string) (map[place][]byte, error) {
	query, args := `SELECT owner, name, value FROM translator_vault WHERE kind = $1`, []any{int16(kind)}
	if owner != nil {
		query, args = query+` AND owner = $2`, append(args, *owner)
	}
	return v.selectPlaces(ctx, kind, query, args...)
}

// selectOlder is selectAll for what was stored before a time (ms).
func (v *Vault) selectOlder(ctx context.Context, kind Kind, before int64) (map[place][]byte, error) {
	return v.selectPlaces(ctx, kind, `SELECT owner, name, value FROM translator_vault
		WHERE kind = $1 AND stored_ts < $2 ORDER BY stored_ts LIMIT 500`, int16(kind), before)
}

func (v *Vault) selectPlaces(ctx context.Context, kind Kind, query string, args ...any) (map[place][]byte, error) {
	rows, err := v.db.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("reading the translator's vault: %w", err)
	}
	defer rows.Close()
	found := map[place][]byte{}
	for rows.Next() {
		p := place{kind: kind}
		var sealed []byte
		if err := rows.Scan(&p.owner, &p.name, &sealed); err != nil {
			return nil, fmt.Errorf("reading the translator's vault: %w", err)
		}
		found[p] = sealed
	}
	return found, rows.Err()
}

// selectAny returns one record as it is stored, nil without any.
func (v *Vault) selectAny(ctx context.Context) (p place, sealed []byte, err error) {
	var kind int16
	err = v.db.QueryRow(ctx, `SELECT kind, owner, name, value FROM translator_vault LIMIT 1`).Scan(&kind, &p.owner, &p.name, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return p, nil, nil
	}
	if err != nil {
		return p, nil, fmt.Errorf("reading the translator's vault: %w", err)
	}
	p.kind = Kind(kind)
	return p, sealed, nil
}

func (v *Vault) deleteAll(ctx context.Context) error {
	err := v.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`DELETE FROM translator_vault`)
		return err
	})
	if err != nil {
		return fmt.Errorf("clearing the translator's vault: %w", err)
	}
	return nil
}

func (v *Vault) countOwner(ctx context.Context, kind Kind, owner string) (count int, err error) {
	err = v.db.QueryRow(ctx, `SELECT COUNT(*) FROM translator_vault WHERE kind = $1 AND owner = $2`, int16(kind), owner).Scan(&count)
	if err != nil {
		return 0, fmt.Errorf("counting records of the translator's vault: %w", err)
	}
	return count, nil
}

func (v *Vault) deleteOwner(ctx context.Context, kind Kind, owner string) error {
	err := v.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`DELETE FROM translator_vault WHERE kind = $1 AND owner = $2`, int16(kind), owner)
		return err
	})
	if err != nil {
		return fmt.Errorf("forgetting records of the translator's vault: %w", err)
	}
	return nil
}

func (v *Vault) deleteOlder(ctx context.Context, kind Kind, before int64) error {
	err := v.db.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`DELETE FROM translator_vault WHERE kind = $1 AND stored_ts < $2`, int16(kind), before)
		return err
	})
	if err != nil {
		return fmt.Errorf("forgetting old records of the translator's vault: %w", err)
	}
	return nil
}
