package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
)

// idBlock is how many identities are reserved at a time, and so how many a crash wastes at most.
const idBlock = 1000

// IDs gives identities of one kind: unique and ascending, with gaps after a crash.
//
// Next never waits and may be called anywhere, also inside a write. Instead of reserving first and giving out later,
// the writer makes sure, in each transaction, that the reservation on disk is above every identity given out so far.
// An identity in a committed row is therefore never given out again. One that was shown outside the process before
// any group was committed may be: do not show identities before the write that uses them.
//
// Several processes on one database would each hold a block of their own; that belongs with the leases of rooms.
type IDs struct {
	name     string
	last     atomic.Int64 // the last identity given out
	reserved int64        // identities below are reserved on disk; the writer's own
}

func newIDs(name string, next int64) *IDs {
	ids := &IDs{name: name, reserved: next}
	ids.last.Store(next - 1)
	return ids
}

// IDs returns the identities with this name, the same for every caller. The first identity is 1.
func (db *DB) IDs(name string) *IDs {
	db.idsMu.Lock()
	defer db.idsMu.Unlock()
	ids, ok := db.ids[name]
	if !ok {
		ids = newIDs(name, 1)
		db.ids[name] = ids
	}
	return ids
}

// Next returns an identity that was not given out before. It never blocks.
func (i *IDs) Next() int64 { return i.last.Add(1) }

// reservation is a block that a group reserves.
type reservation struct {
	ids  *IDs
	next int64
}

// reservations returns the blocks that have to be reserved before the current group may commit.
func (db *DB) reservations() []reservation {
	db.idsMu.Lock()
	defer db.idsMu.Unlock()
	var due []reservation
	for _, ids := range db.ids {
		if last := ids.last.Load(); last >= ids.reserved {
			due = append(due, reservation{ids, last + 1 + idBlock})
		}
	}
	return due
}

// reserve writes the blocks in the group's transaction.
func reserve(ctx context.Context, conn *sql.Conn, t *texts, due []reservation) error {
	const upsert = `INSERT INTO id_blocks (name, next) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET next = excluded.next`
	for _, r := range due {
		if _, err := conn.ExecContext(ctx, t.text(upsert), r.ids.name, r.next); err != nil {
			return fmt.Errorf("reserving identities %q: %w", r.ids.name, err)
		}
	}
	return nil
}
