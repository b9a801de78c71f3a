package updates

import (
	"context"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// head is the newest edition that is published here; false where none is.
func (u *Updates) head(ctx context.Context) (Head, bool, error) {
	h := Head{Publisher: u.o.Self}
	err := u.o.DB.QueryRow(ctx, `SELECT serial, book, edition, dated, mark, sha256, size FROM handbook_published ORDER BY serial DESC LIMIT 1`).
		Scan(&h.Serial, &h.Book, &h.Edition, &h.Date, &h.Mark, &h.SHA256, &h.Size)
	switch {
	case errors.Is(err, sqldb.ErrNoRows):
		return Head{}, false, nil
	case err != nil:
		return Head{}, false, fmt.Errorf("reading what is published of the handbook: %w", err)
	}
	return h, true, nil
}

// insertHead stores what is published from now on, and returns the serial numbers of bundles that nobody fetches any more.
func insertHead(tx *sqldb.Tx, h Head, ts int64) (gone []int64, err error) {
	_, err = tx.Exec(`INSERT INTO handbook_published (serial, book, edition, dated, mark, sha256, size, published_ts)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (serial) DO NOTHING`,
		h.Serial, h.Book, h.Edition, string(h.Date), h.Mark, h.SHA256, h.Size, ts)
	if err != nil {
		return nil, fmt.Errorf("storing what is published of the handbook: %w", err)
	}
	rows, err := tx.Query(`SELECT serial FROM handbook_published ORDER BY serial DESC LIMIT 1000 OFFSET $1`, keptPublished)
	if err != nil {
		return nil, fmt.Errorf("looking for what was published of the handbook: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var serial int64
		if err := rows.Scan(&serial); err != nil {
			return nil, fmt.Errorf("looking for what was published of the handbook: %w", err)
		}
		gone = append(gone, serial)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("looking for what was published of the handbook: %w", err)
	}
	for _, serial := range gone {
		if _, err := tx.Exec(`DELETE FROM handbook_published WHERE serial = $1`, serial); err != nil {
			return nil, fmt.Errorf("forgetting what was published of the handbook: %w", err)
		}
	}
	return gone, nil
}
