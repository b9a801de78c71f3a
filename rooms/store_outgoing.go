package rooms

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sort"

	"medixchange/internal/sqldb"
)

// scanAll reads every row with scan and closes rows.
func scanAll[T any](rows *sql.Rows, err error, what string, scan func(*sql.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return all, nil
}

func scanInt(rows *sql.Rows) (n int64, err error) { return n, rows.Scan(&n) }

func scanText(rows *sql.Rows) (s string, err error) { return s, rows.Scan(&s) }

func (r *Rooms) loadServerSet(ctx context.Context, nid int64) ([]string, error) {
	var text string
	row := r.db.QueryRow(ctx, `SELECT servers FROM server_sets WHERE servers_nid = $1`, nid)
	if err := row.Scan(&text); errors.Is(err, sqldb.ErrNoRows) {
		return nil, fmt.Errorf("set of servers %d: %w", nid, ErrNotFound)
	} else if err != nil {
		return nil, fmt.Errorf("reading a set of servers: %w", err)
	}
	var servers []string
	if err := json.Unmarshal([]byte(text), &servers); err != nil {
		return nil, fmt.Errorf("reading a set of servers: %w", err)
	}
	sort.Strings(servers)
	return servers, nil
}

func (r *Rooms) outgoing(ctx context.Context, since, upto int64, limit int) ([]int64, error) {
	rows, err := r.db.Query(ctx, `SELECT event_nid FROM events
		WHERE position > $1 AND position <= $2 AND servers_nid <> 0 ORDER BY position LIMIT $3`, since, upto, limit)
	return scanAll(rows, err, "reading outgoing events", scanInt)
}

type sentEvent struct{ nid, servers, position int64 }

// outgoingBefore returns live events of a room that go to any server, newest first, before a position.
func (r *Rooms) outgoingBefore(ctx context.Context, roomNID, before int64) ([]sentEvent, error) {
	rows, err := r.db.Query(ctx, `SELECT event_nid, servers_nid, position FROM events
		WHERE room_nid = $1 AND anchor < $2 AND position < $2 AND servers_nid <> 0
		ORDER BY anchor DESC, sub DESC LIMIT 200`, roomNID, before)
	return scanAll(rows, err, "reading outgoing events of a room", func(rows *sql.Rows) (e sentEvent, err error) {
		return e, rows.Scan(&e.nid, &e.servers, &e.position)
	})
}
