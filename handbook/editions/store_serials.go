package editions

import (
	"context"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// Errors of an edition that a publisher signed.
var (
	// ErrOlder means that a newer edition of the publisher was taken before.
	ErrOlder = errors.New("the publisher has signed a newer edition that this node knows")
	// ErrFork means that the publisher has given one number to two editions.
	ErrFork = errors.New("the publisher has signed another edition with this serial number")
)

// Serial is the highest serial number of a publisher's editions of a book that was taken, with the mark of that edition; 0
// before.
func (s *Store) Serial(ctx context.Context, publisher, book string) (serial int64, mark string, err error) {
	return serialOf(s.o.DB.QueryRow(ctx, selectSerial, publisher, book))
}

const selectSerial = `SELECT serial, mark FROM handbook_publishers WHERE publisher = $1 AND book = $2`

func serialOf(row scanner) (serial int64, mark string, err error) {
	err = row.Scan(&serial, &mark)
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return 0, "", fmt.Errorf("reading the newest edition of a publisher: %w", err)
	}
	return serial, mark, nil
}

// CheckSerial says whether an edition of a publisher may be taken: ErrOlder, ErrFork.
func (s *Store) CheckSerial(ctx context.Context, from Origin, book, mark string) error {
	serial, known, err := s.Serial(ctx, from.Publisher, book)
	if err != nil {
		return err
	}
	return follows(serial, known, from.Serial, mark)
}

func follows(serial int64, known string, next int64, mark string) error {
	switch {
	case next < serial:
		return fmt.Errorf("%w: it is number %d, and %d was taken", ErrOlder, next, serial)
	case next == serial && mark != known:
		return fmt.Errorf("%w: number %d is the edition %s", ErrFork, serial, known)
	}
	return nil
}

// noteSerial notes the edition of a publisher that is taken now.
func noteSerial(tx *sqldb.Tx, from Origin, book, mark string) error {
	serial, known, err := serialOf(tx.QueryRow(selectSerial, from.Publisher, book))
	if err != nil {
		return err
	}
	if err := follows(serial, known, from.Serial, mark); err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO handbook_publishers (publisher, book, serial, mark) VALUES ($1, $2, $3, $4)
		ON CONFLICT (publisher, book) DO UPDATE SET serial = excluded.serial, mark = excluded.mark`, from.Publisher, book, from.Serial, mark)
	if err != nil {
		return fmt.Errorf("storing the newest edition of a publisher: %w", err)
	}
	return nil
}
