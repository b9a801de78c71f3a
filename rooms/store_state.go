package rooms

import (
	"context"
	"database/sql"
	"fmt"

	"medixchange/internal/sqldb"
	"medixchange/rooms/resolve"
)

func (r *Rooms) selectStateKey(ctx context.Context, key resolve.StateKey) (nid int64, err error) {
	err = r.db.QueryRow(ctx, `SELECT key_nid FROM state_keys WHERE type = $1 AND state_key = $2`, key.Type, key.Key).Scan(&nid)
	return nid, err
}

// selectStateKeys returns the numbers of those of the keys that are stored: one query for all empty state keys, and one
// for each type of the others, of which members are most.
func (r *Rooms) selectStateKeys(ctx context.Context, keys []resolve.StateKey) (map[resolve.StateKey]int64, error) {
	var types []string
	byType := map[string][]string{}
	for _, key := range keys {
		if key.Key == "" {
			types = append(types, key.Type)
		} else {
			byType[key.Type] = append(byType[key.Type], key.Key)
		}
	}
	found := make(map[resolve.StateKey]int64, len(keys))
	read := func(query string, args ...any) error {
		rows, err := r.db.Query(ctx, `SELECT key_nid, type, state_key FROM state_keys WHERE `+query, args...)
		if err != nil {
			return fmt.Errorf("reading state keys: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var nid int64
			var key resolve.StateKey
			if err := rows.Scan(&nid, &key.Type, &key.Key); err != nil {
				return fmt.Errorf("reading a state key: %w", err)
			}
			found[key] = nid
		}
		return rows.Err()
	}
	if err := read(`state_key = '' AND type = ANY($1)`, sqldb.List(types)); err != nil {
		return nil, err
	}
	for typ, names := range byType {
		if err := read(`type = $1 AND state_key = ANY($2)`, typ, sqldb.List(names)); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (r *Rooms) selectStateKeyNames(ctx context.Context, nids []int64, each func(int64, resolve.StateKey)) error {
	rows, err := r.db.Query(ctx, `SELECT key_nid, type, state_key FROM state_keys WHERE key_nid = ANY($1)`, sqldb.List(nids))
	if err != nil {
		return fmt.Errorf("reading state keys: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var nid int64
		var key resolve.StateKey
		if err := rows.Scan(&nid, &key.Type, &key.Key); err != nil {
			return fmt.Errorf("reading a state key: %w", err)
		}
		each(nid, key)
	}
	return rows.Err()
}

// insertStateKeys stores keys that are not there and returns the numbers that all of them have after it.
func insertStateKeys(tx *sqldb.Tx, keys map[resolve.StateKey]int64) (map[resolve.StateKey]int64, error) {
	rows := make([][]any, 0, len(keys))
	nids := make([]int64, 0, len(keys))
	for key, nid := range keys {
		rows = append(rows, []any{nid, key.Type, key.Key})
		nids = append(nids, nid)
	}
	err := tx.ExecMany(`INSERT INTO state_keys (key_nid, type, state_key) VALUES ($1, $2, $3)
		ON CONFLICT (type, state_key) DO NOTHING`, rows)
	if err != nil {
		return nil, fmt.Errorf("storing state keys: %w", err)
	}
	type named struct {
		key resolve.StateKey
		nid int64
	}
	found, err := tx.Query(`SELECT key_nid, type, state_key FROM state_keys WHERE key_nid = ANY($1)`, sqldb.List(nids))
	all, err := scanAll(found, err, "reading state keys that were stored", func(rows *sql.Rows) (n named, err error) {
		return n, rows.Scan(&n.nid, &n.key.Type, &n.key.Key)
	})
	if err != nil {
		return nil, err
	}
	stored := make(map[resolve.StateKey]int64, len(keys))
	for _, n := range all {
		stored[n.key] = n.nid
	}
	for key := range keys {
		if stored[key] != 0 {
			continue
		}
		var nid int64
		err := tx.QueryRow(`SELECT key_nid FROM state_keys WHERE type = $1 AND state_key = $2`, key.Type, key.Key).Scan(&nid)
		if err != nil {
			return nil, fmt.Errorf("reading a state key of another process: %w", err)
		}
		stored[key] = nid
	}
	return stored, nil
}

func (r *Rooms) selectServerSet(ctx context.Context, name string) (nid int64, err error) {
	err = r.db.QueryRow(ctx, `SELECT servers_nid FROM server_sets WHERE servers = $1`, name).Scan(&nid)
	return nid, err
}

// insertServerSets is insertStateKeys for sets of servers, of which a transaction has few.
func insertServerSets(tx *sqldb.Tx, names map[string]int64) (map[string]int64, error) {
	stored := make(map[string]int64, len(names))
	for name, nid := range names {
		var now int64
		err := tx.QueryRow(`INSERT INTO server_sets (servers_nid, servers) VALUES ($1, $2)
			ON CONFLICT (servers) DO UPDATE SET servers = excluded.servers RETURNING servers_nid`, nid, name).Scan(&now)
		if err != nil {
			return nil, fmt.Errorf("storing a set of servers: %w", err)
		}
		stored[name] = now
	}
	return stored, nil
}

func storeBlobs(tx *sqldb.Tx, roomNID int64, blobs []blobRow) error {
	rows := make([][]any, 0, len(blobs))
	for _, b := range blobs {
		rows = append(rows, []any{b.nid, roomNID, b.base, b.depth, b.size, b.entries})
	}
	err := tx.ExecMany(`INSERT INTO state_blobs (state_nid, room_nid, base_nid, depth, size, entries)
		VALUES ($1, $2, $3, $4, $5, $6)`, rows)
	if err != nil {
		return fmt.Errorf("storing state: %w", err)
	}
	return nil
}

// selectBlobs reads the blobs that make a state, the newest first, the whole one last. It stops before a base that have
// knows.
func (r *Rooms) selectBlobs(ctx context.Context, nid int64) ([]blobRow, error) {
	rows, err := r.db.Query(ctx, `WITH RECURSIVE chain (state_nid, base_nid, depth, size, entries) AS (
			SELECT state_nid, base_nid, depth, size, entries FROM state_blobs WHERE state_nid = $1
			UNION ALL
			SELECT b.state_nid, b.base_nid, b.depth, b.size, b.entries
			FROM state_blobs b JOIN chain c ON b.state_nid = c.base_nid WHERE c.base_nid <> 0)
		SELECT state_nid, base_nid, depth, size, entries FROM chain ORDER BY depth DESC`, nid)
	if err != nil {
		return nil, fmt.Errorf("reading state: %w", err)
	}
	defer rows.Close()
	var blobs []blobRow
	for rows.Next() {
		var b blobRow
		if err := rows.Scan(&b.nid, &b.base, &b.depth, &b.size, &b.entries); err != nil {
			return nil, fmt.Errorf("reading a state blob: %w", err)
		}
		blobs = append(blobs, b)
	}
	return blobs, rows.Err()
}

func storeDeltas(tx *sqldb.Tx, deltas []*StateDelta) error {
	rows := make([][]any, 0, len(deltas))
	for _, d := range deltas {
		rows = append(rows, []any{d.RoomNID, d.Position, d.KeyNID, d.Old, d.New})
	}
	err := tx.ExecMany(`INSERT INTO state_deltas (room_nid, position, key_nid, old_nid, new_nid) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (room_nid, position, key_nid) DO UPDATE SET new_nid = excluded.new_nid`, rows)
	if err != nil {
		return fmt.Errorf("storing state deltas: %w", err)
	}
	return nil
}

// selectDeltas reads a room's changes of state in (since, upto], ascending.
func (r *Rooms) selectDeltas(ctx context.Context, roomNID, since, upto int64) ([]StateDelta, error) {
	rows, err := r.db.Query(ctx, `SELECT r.room_id, d.room_nid, d.position, d.key_nid, k.type, k.state_key, d.old_nid, d.new_nid
		FROM state_deltas d JOIN state_keys k ON k.key_nid = d.key_nid JOIN rooms r ON r.room_nid = d.room_nid
		WHERE d.room_nid = $1 AND d.position > $2 AND d.position <= $3 ORDER BY d.position, d.key_nid`, roomNID, since, upto)
	if err != nil {
		return nil, fmt.Errorf("reading state deltas: %w", err)
	}
	defer rows.Close()
	var deltas []StateDelta
	for rows.Next() {
		var d StateDelta
		if err := rows.Scan(&d.RoomID, &d.RoomNID, &d.Position, &d.KeyNID, &d.Type, &d.StateKey, &d.Old, &d.New); err != nil {
			return nil, fmt.Errorf("reading a state delta: %w", err)
		}
		deltas = append(deltas, d)
	}
	return deltas, rows.Err()
}

// selectTypeDeltas reads the changes of one type of state in all rooms in (since, upto], ascending.
func (r *Rooms) selectTypeDeltas(ctx context.Context, typ string, since, upto int64) ([]StateDelta, error) {
	rows, err := r.db.Query(ctx, `SELECT r.room_id, d.room_nid, d.position, d.key_nid, k.state_key, d.old_nid, d.new_nid
		FROM state_deltas d JOIN state_keys k ON k.key_nid = d.key_nid JOIN rooms r ON r.room_nid = d.room_nid
		WHERE d.position > $1 AND d.position <= $2 AND k.type = $3 ORDER BY d.position, d.key_nid`, since, upto, typ)
	if err != nil {
		return nil, fmt.Errorf("reading state deltas of all rooms: %w", err)
	}
	defer rows.Close()
	var deltas []StateDelta
	for rows.Next() {
		d := StateDelta{Type: typ}
		if err := rows.Scan(&d.RoomID, &d.RoomNID, &d.Position, &d.KeyNID, &d.StateKey, &d.Old, &d.New); err != nil {
			return nil, fmt.Errorf("reading a state delta: %w", err)
		}
		deltas = append(deltas, d)
	}
	return deltas, rows.Err()
}
