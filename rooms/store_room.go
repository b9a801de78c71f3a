package rooms

import (
	"context"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
	"medixchange/rooms/resolve"
)

// storeRoom writes the room's row. Every transaction of a room passes here, so a process that lost its lease while it
// slept cannot write: its epoch no longer matches.
func (b *batch) storeRoom(tx *sqldb.Tx) error {
	st, rm := &b.st, b.rm
	extremities := make([]int64, 0, len(st.extremities))
	for _, x := range st.extremities {
		extremities = append(extremities, x.nid)
	}
	if b.created {
		_, err := tx.Exec(`INSERT INTO rooms (room_nid, room_id, version, state_nid, servers_nid, bump_position, published,
			partial, left_at, extremities, lease_epoch) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10)`,
			rm.nid, rm.id, rm.format.version, st.ref.nid, st.servers.nid, st.bump, flag(st.published), st.leftAt,
			packNIDs(extremities), rm.epoch)
		if err != nil {
			return fmt.Errorf("storing a room: %w", err)
		}
		return nil
	}
	result, err := tx.Exec(`UPDATE rooms SET state_nid = $3, servers_nid = $4, bump_position = $5, left_at = $6, extremities = $7
		WHERE room_nid = $1 AND lease_epoch = $2`,
		rm.nid, rm.epoch, st.ref.nid, st.servers.nid, st.bump, st.leftAt, packNIDs(extremities))
	if err != nil {
		return fmt.Errorf("storing a room: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("the lease of room %s was taken over: %w", rm.id, errors.Join(errStale, err))
	}
	return nil
}

// load reads the room as the database has it. ErrNotFound for one that is not there.
func (rm *room) load(ctx context.Context) error {
	st := newRoomState()
	var version string
	var extremities []byte
	var published int64
	servers := &serverList{}
	err := rm.r.db.QueryRow(ctx, `SELECT room_nid, version, state_nid, servers_nid, bump_position, published, left_at,
			extremities, lease_epoch, COALESCE((SELECT MAX(anchor) FROM events e WHERE e.room_nid = rooms.room_nid), 0)
		FROM rooms WHERE room_id = $1`, rm.id).Scan(&rm.nid, &version, &st.ref.nid, &servers.nid, &st.bump, &published,
		&st.leftAt, &extremities, &rm.epoch, &st.lastEvent)
	if errors.Is(err, sqldb.ErrNoRows) {
		return fmt.Errorf("room %s: %w", rm.id, ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("loading room %s: %w", rm.id, err)
	}
	if rm.format, err = formatOf(version); err != nil {
		return err
	}
	st.position, st.published = st.lastEvent, published != 0
	if err := rm.loadState(ctx, &st); err != nil {
		return fmt.Errorf("loading room %s: %w", rm.id, err)
	}
	if err := rm.loadExtremities(ctx, &st, extremities); err != nil {
		return fmt.Errorf("loading room %s: %w", rm.id, err)
	}
	st.servers = &serverList{names: st.servers.names, nid: servers.nid}
	rm.st = st
	rm.snapshot.Store(newSnapshot(rm, st))
	return nil
}

func (rm *room) loadExtremities(ctx context.Context, st *roomState, packed []byte) error {
	nids, err := unpackNIDs(packed)
	if err != nil {
		return err
	}
	events, err := rm.r.Events(ctx, nids)
	if err != nil {
		return err
	}
	for _, nid := range nids {
		ev := events[nid]
		if ev == nil {
			return fmt.Errorf("extremity %d: %w", nid, ErrNotFound)
		}
		st.extremities = append(st.extremities, extremity{nid, ev.ID, ev.Depth, ev.StateAfter})
	}
	return nil
}

// loadState fills the maps of the state. Memberships come from their own table, so that no member event is read.
func (rm *room) loadState(ctx context.Context, st *roomState) error {
	if st.ref.nid == 0 {
		return nil
	}
	entries, err := rm.r.fullState(ctx, st.ref.nid)
	if err != nil {
		return err
	}
	if st.ref, err = rm.r.stateRef(ctx, st.ref.nid); err != nil {
		return err
	}
	keys := make([]int64, 0, len(entries))
	for _, e := range entries {
		keys = append(keys, e.Key)
	}
	names, err := rm.r.keys.names(ctx, keys)
	if err != nil {
		return err
	}
	memberships, err := rm.r.selectMemberships(ctx, rm.nid)
	if err != nil {
		return err
	}
	o := &owner{}
	var learn []resolve.Entry
	for _, e := range entries {
		key := names[e.Key]
		st.entries = st.entries.build(o, e.Key, e.NID)
		if key.Type != "m.room.member" {
			st.named = st.named.build(o, key, stateEntry{e.Key, e.NID})
			if key.Key == "" {
				learn = append(learn, e)
			}
			continue
		}
		m := member{membership: memberships[e.NID], key: e.Key, nid: e.NID}
		st.members = st.members.build(o, key.Key, m)
		st.countLoaded(rm.r.server, key.Key, m.membership)
	}
	return rm.learnAll(ctx, st, learn, names)
}

// countLoaded counts a member of a room that is being loaded.
func (s *roomState) countLoaded(own, userID, membership string) {
	s.joined += flagInt(membership == "join")
	s.invited += flagInt(membership == "invite")
	if membership == "join" {
		s.countServer(own, userID, 1)
	}
}

func (rm *room) learnAll(ctx context.Context, st *roomState, entries []resolve.Entry, names map[int64]resolve.StateKey) error {
	nids := make([]int64, 0, len(entries))
	for _, e := range entries {
		if learns(names[e.Key].Type) {
			nids = append(nids, e.NID)
		}
	}
	events, err := rm.r.Events(ctx, nids)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if ev := events[e.NID]; ev != nil {
			st.learn(names[e.Key], ev)
		}
	}
	return nil
}

// learns reports whether roomState.learn reads events of the type.
func learns(typ string) bool {
	switch typ {
	case "m.room.create", "m.room.join_rules", "m.room.guest_access", "m.room.encryption", "m.room.history_visibility",
		"m.room.power_levels":
		return true
	}
	return false
}

func (r *Rooms) selectEdges(ctx context.Context, nids []int64) ([]resolve.Edge, error) {
	rows, err := r.db.Query(ctx, `SELECT event_nid, key_nid, auth FROM events WHERE event_nid = ANY($1)`, sqldb.List(nids))
	if err != nil {
		return nil, fmt.Errorf("reading auth edges: %w", err)
	}
	defer rows.Close()
	var edges []resolve.Edge
	for rows.Next() {
		var e resolve.Edge
		var auth []byte
		if err := rows.Scan(&e.NID, &e.Key, &auth); err != nil {
			return nil, fmt.Errorf("reading an auth edge: %w", err)
		}
		if e.Auth, err = unpackNIDs(auth); err != nil {
			return nil, err
		}
		edges = append(edges, e)
	}
	return edges, rows.Err()
}
