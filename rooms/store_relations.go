package rooms

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// standing is the condition that an event e stands: accepted, in its room's history, not redacted.
const standing = `e.outcome = 0 AND e.anchor IS NOT NULL AND NOT EXISTS
	(SELECT 1 FROM redactions x WHERE x.target_event_id = e.event_id AND x.position IS NOT NULL)`

func insertRelation(tx *sqldb.Tx, ev *Event) error {
	_, err := tx.Exec(`INSERT INTO relations (event_nid, room_nid, target_event_id, rel_type, agg_key, sender, type)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (event_nid) DO NOTHING`,
		ev.NID, ev.RoomNID, ev.Relation.EventID, ev.Relation.Type, ev.Relation.Key, ev.Sender, ev.Type)
	return err
}

// adoptThread gives the events of a thread that came before its root the root. Nearly always there are none.
func adoptThread(tx *sqldb.Tx, root *Event) error {
	rows, err := tx.Query(`SELECT event_nid FROM relations WHERE target_event_id = $1 AND rel_type = 'm.thread'`, root.ID)
	early, err := scanAll(rows, err, "looking for the events of a thread", scanInt)
	if err != nil || len(early) == 0 {
		return err
	}
	_, err = tx.Exec(`UPDATE events SET thread_nid = $1 WHERE event_nid = ANY($2) AND thread_nid = 0 AND +room_nid = $3`,
		root.NID, sqldb.List(early), root.RoomNID)
	return err
}

// The plus before room_nid in these statements keeps planners from going through all relations of the room where those of
// one event are meant: neither database keeps statistics that would tell.

// selectRelating returns one more than q.Limit of the events that relate to q.EventID.
func (r *Rooms) selectRelating(ctx context.Context, roomNID int64, q RelationQuery) ([]placedNID, error) {
	statement, args := relatingStatement(roomNID, q)
	rows, err := r.db.Query(ctx, statement, args...)
	return scanAll(rows, err, "reading relations", scanPlaced)
}

func relatingStatement(roomNID int64, q RelationQuery) (statement string, args []any) {
	tree := `SELECT event_nid, rel_type, type FROM relations WHERE target_event_id = $2 AND +room_nid = $1`
	args = []any{roomNID, q.EventID, q.RelType, q.EventType, q.From.Anchor, q.From.Sub, q.To.Anchor, q.To.Sub, q.Limit + 1}
	with := `WITH tree (event_nid, rel_type, type) AS (` + tree + `) `
	if q.Recurse {
		with = `WITH RECURSIVE steps (event_nid, rel_type, type, step) AS (
			SELECT event_nid, rel_type, type, 1 FROM relations WHERE target_event_id = $2 AND +room_nid = $1
			UNION SELECT l.event_nid, l.rel_type, l.type, s.step + 1
			FROM steps s JOIN events p ON p.event_nid = s.event_nid
			JOIN relations l ON l.target_event_id = p.event_id AND +l.room_nid = $1
			WHERE s.step < $10
		), tree (event_nid, rel_type, type) AS (SELECT DISTINCT event_nid, rel_type, type FROM steps) `
		args = append(args, RelationDepth)
	}
	where := `FROM tree t JOIN events e ON e.event_nid = t.event_nid WHERE ` + standing + `
		AND ($3 = '' OR t.rel_type = $3) AND ($4 = '' OR t.type = $4) `
	page := `AND (e.anchor, e.sub) > ($5, $6) AND (e.anchor, e.sub) <= ($7, $8) ORDER BY e.anchor, e.sub LIMIT $9`
	if q.Dir == Backward {
		page = `AND (e.anchor, e.sub) <= ($5, $6) AND (e.anchor, e.sub) > ($7, $8) ORDER BY e.anchor DESC, e.sub DESC LIMIT $9`
	}
	return with + `SELECT e.event_nid, e.anchor, e.sub ` + where + page, args
}

// selectThreads returns the roots of the room's threads with the place of the newest event of each, newest first.
func (r *Rooms) selectThreads(ctx context.Context, roomNID int64, participant string, from HistoryKey, limit int) ([]placedNID, error) {
	rows, err := r.db.Query(ctx, `WITH latest (root, anchor, sub, n) AS (
			SELECT l.target_event_id, e.anchor, e.sub,
				ROW_NUMBER() OVER (PARTITION BY l.target_event_id ORDER BY e.anchor DESC, e.sub DESC)
			FROM relations l JOIN events e ON e.event_nid = l.event_nid
			WHERE l.room_nid = $1 AND l.rel_type = 'm.thread' AND `+standing+`)
		SELECT root.event_nid, latest.anchor, latest.sub
		FROM latest JOIN events root ON root.event_id = latest.root
		WHERE latest.n = 1 AND +root.room_nid = $1 AND root.outcome = 0 AND (latest.anchor, latest.sub) <= ($3, $4)
			AND ($2 = '' OR root.sender = $2 OR EXISTS (
				SELECT 1 FROM relations l JOIN events e ON e.event_nid = l.event_nid
				WHERE l.target_event_id = latest.root AND l.rel_type = 'm.thread' AND l.sender = $2 AND `+standing+`))
		ORDER BY latest.anchor DESC, latest.sub DESC LIMIT $5`, roomNID, participant, from.Anchor, from.Sub, limit)
	return scanAll(rows, err, "reading threads", scanPlaced)
}

// selectRelatedTypes returns, for each relation type that is bundled, the events that have such relations.
func (r *Rooms) selectRelatedTypes(ctx context.Context, ids []string) (map[string][]string, error) {
	rows, err := r.db.Query(ctx, `SELECT DISTINCT rel_type, target_event_id FROM relations
		WHERE target_event_id = ANY($1) AND rel_type = ANY($2)`,
		sqldb.List(ids), sqldb.List([]string{relReplace, relThread, relReference}))
	if err != nil {
		return nil, fmt.Errorf("looking for relations: %w", err)
	}
	defer rows.Close()
	related := map[string][]string{}
	for rows.Next() {
		var typ, target string
		if err := rows.Scan(&typ, &target); err != nil {
			return nil, fmt.Errorf("looking for relations: %w", err)
		}
		related[typ] = append(related[typ], target)
	}
	return related, rows.Err()
}

type editCandidate struct {
	target string
	nid    int64
}

// maxEdits bounds the newest edits of one event that are looked at for a valid one.
const maxEdits = 5

// selectEdits returns, for each target, the newest edits by the same sender and of the same type, newest first.
func (r *Rooms) selectEdits(ctx context.Context, ids []string) ([]editCandidate, error) {
	rows, err := r.db.Query(ctx, `SELECT target_event_id, event_nid FROM (
			SELECT l.target_event_id, l.event_nid, ROW_NUMBER() OVER (PARTITION BY l.target_event_id
				ORDER BY e.origin_server_ts DESC, e.event_id DESC) AS n
			FROM relations l JOIN events e ON e.event_nid = l.event_nid
			JOIN events o ON o.event_id = l.target_event_id AND o.sender = l.sender AND o.type = l.type AND +o.room_nid = +l.room_nid
			WHERE l.target_event_id = ANY($1) AND l.rel_type = 'm.replace' AND `+standing+`) AS ranked
		WHERE n <= $2 ORDER BY target_event_id, n`, sqldb.List(ids), maxEdits)
	return scanAll(rows, err, "reading edits", func(rows *sql.Rows) (c editCandidate, err error) {
		return c, rows.Scan(&c.target, &c.nid)
	})
}

type threadSender struct {
	sender string
	count  int
}

const threadSenders = `SELECT l.target_event_id, l.sender, COUNT(*)
		FROM relations l JOIN events e ON e.event_nid = l.event_nid
		JOIN events root ON root.event_id = l.target_event_id AND +root.room_nid = +l.room_nid
		WHERE l.target_event_id = ANY($1) AND l.rel_type = 'm.thread' AND ` + standing + `
		GROUP BY l.target_event_id, l.sender`

func (r *Rooms) selectThreadSenders(ctx context.Context, roots []string) (map[string][]threadSender, error) {
	rows, err := r.db.Query(ctx, threadSenders, sqldb.List(roots))
	if err != nil {
		return nil, fmt.Errorf("counting threads: %w", err)
	}
	defer rows.Close()
	senders := map[string][]threadSender{}
	for rows.Next() {
		var root string
		var s threadSender
		if err := rows.Scan(&root, &s.sender, &s.count); err != nil {
			return nil, fmt.Errorf("counting threads: %w", err)
		}
		senders[root] = append(senders[root], s)
	}
	return senders, rows.Err()
}

// selectThreadLatest returns the newest event of a thread, 0 without one.
func (r *Rooms) selectThreadLatest(ctx context.Context, root string) (nid int64, err error) {
	err = r.db.QueryRow(ctx, `SELECT e.event_nid FROM relations l JOIN events e ON e.event_nid = l.event_nid
		JOIN events root ON root.event_id = l.target_event_id AND +root.room_nid = +l.room_nid
		WHERE l.target_event_id = $1 AND l.rel_type = 'm.thread' AND `+standing+`
		ORDER BY e.anchor DESC, e.sub DESC LIMIT 1`, root).Scan(&nid)
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return 0, fmt.Errorf("reading the newest event of a thread: %w", err)
	}
	return nid, nil
}

// maxReferences bounds the references that are bundled with one page of events.
const maxReferences = 1000

func (r *Rooms) selectReferences(ctx context.Context, ids []string, each func(target, reference string)) error {
	rows, err := r.db.Query(ctx, `SELECT l.target_event_id, e.event_id FROM relations l JOIN events e ON e.event_nid = l.event_nid
		JOIN events o ON o.event_id = l.target_event_id AND +o.room_nid = +l.room_nid
		WHERE l.target_event_id = ANY($1) AND l.rel_type = 'm.reference' AND `+standing+`
		ORDER BY e.anchor, e.sub LIMIT $2`, sqldb.List(ids), maxReferences)
	if err != nil {
		return fmt.Errorf("reading references: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var target, reference string
		if err := rows.Scan(&target, &reference); err != nil {
			return fmt.Errorf("reading references: %w", err)
		}
		each(target, reference)
	}
	return rows.Err()
}

func (r *Rooms) selectAnnotated(ctx context.Context, target, sender, typ, key string) (bool, error) {
	var found int64
	err := r.db.QueryRow(ctx, `SELECT COUNT(*) FROM (SELECT 1 FROM relations l JOIN events e ON e.event_nid = l.event_nid
		WHERE l.target_event_id = $1 AND l.rel_type = 'm.annotation' AND l.sender = $2 AND l.type = $3 AND l.agg_key = $4
			AND `+standing+` LIMIT 1) AS same`, target, sender, typ, key).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("looking for an annotation: %w", err)
	}
	return found != 0, nil
}
