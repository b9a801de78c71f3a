package rooms

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
)

// gap is a place where known history ends: the events named come right before key and are not here.
type gap struct {
	key     HistoryKey
	missing []string
}

// placedNID is an event and its place.
type placedNID struct {
	nid int64
	key HistoryKey
}

func scanPlaced(rows *sql.Rows) (p placedNID, err error) {
	return p, rows.Scan(&p.nid, &p.key.Anchor, &p.key.Sub)
}

// historyDown returns accepted events with floor < key ≤ from, newest first.
func (r *Rooms) historyDown(ctx context.Context, roomNID int64, from, floor HistoryKey, limit int) ([]placedNID, error) {
	rows, err := r.db.Query(ctx, `SELECT event_nid, anchor, sub FROM events
		WHERE room_nid = $1 AND (anchor, sub) <= ($2, $3) AND (anchor, sub) > ($4, $5) AND outcome = 0
		ORDER BY anchor DESC, sub DESC LIMIT $6`, roomNID, from.Anchor, from.Sub, floor.Anchor, floor.Sub, limit)
	return scanAll(rows, err, "reading history backward", scanPlaced)
}

// historyUp returns accepted events with from < key ≤ ceiling, oldest first.
func (r *Rooms) historyUp(ctx context.Context, roomNID int64, from, ceiling HistoryKey, limit int) ([]placedNID, error) {
	rows, err := r.db.Query(ctx, `SELECT event_nid, anchor, sub FROM events
		WHERE room_nid = $1 AND (anchor, sub) > ($2, $3) AND (anchor, sub) <= ($4, $5) AND outcome = 0
		ORDER BY anchor, sub LIMIT $6`, roomNID, from.Anchor, from.Sub, ceiling.Anchor, ceiling.Sub, limit)
	return scanAll(rows, err, "reading history forward", scanPlaced)
}

// liveDown returns accepted events with a position in (since, upto], newest first.
func (r *Rooms) liveDown(ctx context.Context, roomNID, since, upto int64, limit int) ([]int64, error) {
	rows, err := r.db.Query(ctx, `SELECT event_nid FROM events
		WHERE room_nid = $1 AND anchor > $2 AND anchor <= $3 AND sub = 0 AND position IS NOT NULL AND outcome = 0
		ORDER BY anchor DESC, sub DESC LIMIT $4`, roomNID, since, upto, limit)
	return scanAll(rows, err, "reading a room's timeline", scanInt)
}

// lastCut returns the anchor of the last gap, filled or not, in (since, upto]; 0 without one.
func (r *Rooms) lastCut(ctx context.Context, roomNID, since, upto int64) (int64, error) {
	var anchor int64
	err := r.db.QueryRow(ctx, `SELECT COALESCE(MAX(anchor), 0) FROM gaps
		WHERE room_nid = $1 AND anchor > $2 AND anchor <= $3`, roomNID, since, upto).Scan(&anchor)
	if err != nil {
		return 0, fmt.Errorf("looking for gaps of a timeline: %w", err)
	}
	return anchor, nil
}

// gapBelow returns the last open gap at or below ceiling that has to be crossed to get to floor; nil without one.
func (r *Rooms) gapBelow(ctx context.Context, roomNID int64, ceiling, floor HistoryKey) (*gap, error) {
	return scanGap(r.db.QueryRow(ctx, `SELECT anchor, sub, missing FROM gaps
		WHERE room_nid = $1 AND (anchor, sub) <= ($2, $3) AND (anchor, sub - 1) > ($4, $5) AND missing <> '[]'
		ORDER BY anchor DESC, sub DESC LIMIT 1`, roomNID, ceiling.Anchor, ceiling.Sub, floor.Anchor, floor.Sub))
}

// gapAbove returns the first open gap with floor < key ≤ ceiling; nil without one.
func (r *Rooms) gapAbove(ctx context.Context, roomNID int64, floor, ceiling HistoryKey) (*gap, error) {
	return scanGap(r.db.QueryRow(ctx, `SELECT anchor, sub, missing FROM gaps
		WHERE room_nid = $1 AND (anchor, sub) > ($2, $3) AND (anchor, sub) <= ($4, $5) AND missing <> '[]'
		ORDER BY anchor, sub LIMIT 1`, roomNID, floor.Anchor, floor.Sub, ceiling.Anchor, ceiling.Sub))
}

// openGapAt returns the open gap at an anchor, nil without one.
func (r *Rooms) openGapAt(ctx context.Context, roomNID, anchor int64) (*gap, error) {
	return scanGap(r.db.QueryRow(ctx, `SELECT anchor, sub, missing FROM gaps
		WHERE room_nid = $1 AND anchor = $2 AND missing <> '[]'`, roomNID, anchor))
}

func scanGap(row *sql.Row) (*gap, error) {
	var g gap
	var missing string
	err := row.Scan(&g.key.Anchor, &g.key.Sub, &missing)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading a gap: %w", err)
	}
	if err := json.Unmarshal([]byte(missing), &g.missing); err != nil {
		return nil, fmt.Errorf("reading what a gap misses: %w", err)
	}
	return &g, nil
}

// openGaps returns the room's open gaps, newest first, at most limit.
func (r *Rooms) openGaps(ctx context.Context, roomNID int64, limit int) ([]gap, error) {
	rows, err := r.db.Query(ctx, `SELECT anchor, sub, missing FROM gaps
		WHERE room_nid = $1 AND missing <> '[]' ORDER BY anchor DESC, sub DESC LIMIT $2`, roomNID, limit)
	return scanAll(rows, err, "reading the gaps of a room", func(rows *sql.Rows) (g gap, err error) {
		var missing string
		if err := rows.Scan(&g.key.Anchor, &g.key.Sub, &missing); err != nil {
			return g, err
		}
		return g, json.Unmarshal([]byte(missing), &g.missing)
	})
}

// nearestByTime returns the accepted event of the room whose time is closest to ts in the direction; 0 without one.
func (r *Rooms) nearestByTime(ctx context.Context, roomNID, ts int64, dir Direction) (int64, error) {
	query := `SELECT event_nid FROM events WHERE room_nid = $1 AND origin_server_ts >= $2 AND anchor IS NOT NULL
		AND outcome = 0 ORDER BY origin_server_ts, anchor, sub LIMIT 1`
	if dir == Backward {
		query = `SELECT event_nid FROM events WHERE room_nid = $1 AND origin_server_ts <= $2 AND anchor IS NOT NULL
		AND outcome = 0 ORDER BY origin_server_ts DESC, anchor DESC, sub DESC LIMIT 1`
	}
	var nid int64
	err := r.db.QueryRow(ctx, query, roomNID, ts).Scan(&nid)
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return 0, fmt.Errorf("looking for an event by time: %w", err)
	}
	return nid, nil
}

// redactionsOf returns, for each target that is redacted, the redaction that took effect first.
func (r *Rooms) redactionsOf(ctx context.Context, targets []string) (map[string]int64, error) {
	rows, err := r.db.Query(ctx, `SELECT target_event_id, redaction_nid FROM redactions
		WHERE target_event_id = ANY($1) AND position IS NOT NULL ORDER BY position DESC`, sqldb.List(targets))
	if err != nil {
		return nil, fmt.Errorf("reading redactions: %w", err)
	}
	defer rows.Close()
	found := map[string]int64{}
	for rows.Next() {
		var target string
		var nid int64
		if err := rows.Scan(&target, &nid); err != nil {
			return nil, fmt.Errorf("reading redactions: %w", err)
		}
		found[target] = nid
	}
	return found, rows.Err()
}
