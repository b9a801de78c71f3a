package bridge

import (
	"context"
	"fmt"

	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
	"medixchange/translator/language"
)

func insertAbsence(tx *sqldb.Tx, a absence) error {
	_, err := tx.Exec(`INSERT INTO translator_absences (position, source, language, local, first, until, since_ts, settled)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		a.position, string(a.from), string(a.to), number(a.local), a.first, a.until, a.sinceTS, number(a.settled))
	if err != nil {
		return fmt.Errorf("storing that engines are away: %w", err)
	}
	return nil
}

func updateAbsence(tx *sqldb.Tx, a absence) error {
	_, err := tx.Exec(`UPDATE translator_absences SET first = $2, until = $3, settled = $4 WHERE position = $1`,
		a.position, a.first, a.until, number(a.settled))
	if err != nil {
		return fmt.Errorf("storing how long engines were away: %w", err)
	}
	return nil
}

// sweepAbsences removes up to limit that are settled and began before ts (ms); it returns how many there were.
func sweepAbsences(tx *sqldb.Tx, ts int64, limit int) (int64, error) {
	removed, err := tx.Exec(`DELETE FROM translator_absences WHERE position IN
		(SELECT position FROM translator_absences WHERE since_ts < $1 AND settled = 1 ORDER BY since_ts LIMIT $2)`, ts, limit)
	if err != nil {
		return 0, err
	}
	return removed.RowsAffected()
}

// maxAbsences bounds those that are read at a start; older ones are forgotten.
const maxAbsences = 65_536

// loadAbsences reads those that are stored.
func (b *Bridge) loadAbsences(ctx context.Context) error {
	rows, err := b.o.DB.Query(ctx, `SELECT position, source, language, local, first, until, since_ts, settled
		FROM translator_absences ORDER BY position DESC LIMIT $1`, maxAbsences)
	if err != nil {
		return fmt.Errorf("reading when engines were away: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var a absence
		var from, to string
		var local, settled int
		if err := rows.Scan(&a.position, &from, &to, &local, &a.first, &a.until, &a.sinceTS, &settled); err != nil {
			return fmt.Errorf("reading when engines were away: %w", err)
		}
		a.from, a.to, a.local, a.settled = language.Code(from), language.Code(to), local != 0, settled != 0
		b.absences.put(a)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading when engines were away: %w", err)
	}
	return nil
}

// announce gives a position of the transaction to a change of an absence. Nobody is woken: what it says is about what comes.
func (b *Bridge) announce(tx *sqldb.Tx) int64 {
	position := tx.NextPosition()
	tx.OnCommit(func() {
		b.o.Hub.Append(stream.Entry{Position: position, Topic: rooms.UserTopic(b.bot), Kind: rooms.EntryRendering, Size: 100})
	})
	return position
}

// beginAbsence states that engines have no room for a scope, from which first is the oldest message that is owed. When that
// is known it only notes an older one.
func (b *Bridge) beginAbsence(ctx context.Context, of scope, first int64) error {
	if last, ok := b.absences.last(of); ok && last.lasts() && last.first <= first {
		return nil
	}
	b.absences.writing.Lock()
	defer b.absences.writing.Unlock()
	last, ok := b.absences.last(of)
	if ok && last.lasts() {
		if last.first <= first {
			return nil
		}
		last.first = first
		return b.changeAbsence(ctx, last)
	}
	return b.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return b.insertNext(tx, of, first) })
}

// insertNext begins an absence within a transaction; first 0: with its own place.
func (b *Bridge) insertNext(tx *sqldb.Tx, of scope, first int64) error {
	next := absence{scope: of, position: b.announce(tx), first: first, sinceTS: b.o.Now().UnixMilli()}
	if next.first == 0 {
		next.first = next.position
	}
	tx.OnCommit(func() {
		b.absences.put(next)
		b.absences.wake()
	})
	return insertAbsence(tx, next)
}

func (b *Bridge) changeAbsence(ctx context.Context, a absence) error {
	return b.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		tx.OnCommit(func() { b.absences.put(a) })
		return updateAbsence(tx, a)
	})
}

// endAbsence states that engines have room again. With on, the next one begins where this one ends.
func (b *Bridge) endAbsence(ctx context.Context, of scope, on bool) error {
	b.absences.writing.Lock()
	defer b.absences.writing.Unlock()
	last, ok := b.absences.last(of)
	if !ok || !last.lasts() {
		return nil
	}
	return b.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		ended := last
		ended.until = b.announce(tx)
		tx.OnCommit(func() { b.absences.put(ended) })
		if err := updateAbsence(tx, ended); err != nil || !on {
			return err
		}
		return b.insertNext(tx, of, 0)
	})
}

// settleAbsence notes that nothing is owed of an absence any more.
func (b *Bridge) settleAbsence(ctx context.Context, a absence) error {
	b.absences.writing.Lock()
	defer b.absences.writing.Unlock()
	a.settled = true
	return b.changeAbsence(ctx, a)
}
