package editions

import (
	"context"
	"errors"
	"fmt"

	"medixchange/handbook"
	"medixchange/internal/sqldb"
)

// keptBlocks bounds what is remembered of the source.
const keptBlocks = 20_000

// Block is what a heading of the source said.
type Block struct {
	Anchor string
	Title  string
	Text   string // Markdown, with the heading
}

// Block gives what a heading of the source said by the hash that a translation has of it; false where that was forgotten, or
// was never here.
func (s *Store) Block(ctx context.Context, hash string) (Block, bool, error) {
	var b Block
	err := s.o.DB.QueryRow(ctx, `SELECT anchor, title, text FROM handbook_blocks WHERE hash = $1`, hash).Scan(&b.Anchor, &b.Title, &b.Text)
	switch {
	case errors.Is(err, sqldb.ErrNoRows):
		return Block{}, false, nil
	case err != nil:
		return Block{}, false, fmt.Errorf("reading what the handbook's source said: %w", err)
	}
	return b, true, nil
}

// remember keeps what the headings of the source say.
func (s *Store) remember(ctx context.Context, edition *handbook.Edition) error {
	return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		var seq int64
		if err := tx.QueryRow(`SELECT COALESCE(MAX(seq), 0) FROM handbook_blocks`).Scan(&seq); err != nil {
			return fmt.Errorf("remembering the handbook's source: %w", err)
		}
		var rows [][]any
		for _, id := range edition.SectionIDs() {
			section, _ := edition.Section(edition.Source, id)
			for _, b := range section.Blocks {
				seq++
				rows = append(rows, []any{b.Hash, b.Anchor, b.Title, b.Text, seq})
			}
		}
		err := tx.ExecMany(`INSERT INTO handbook_blocks (hash, anchor, title, text, seq) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (hash) DO UPDATE SET seq = excluded.seq`, rows)
		if err != nil {
			return fmt.Errorf("remembering the handbook's source: %w", err)
		}
		if _, err := tx.Exec(`DELETE FROM handbook_blocks WHERE seq <= $1`, seq-keptBlocks); err != nil {
			return fmt.Errorf("forgetting old texts of the handbook's source: %w", err)
		}
		return nil
	})
}
