package rooms

import (
	"encoding/json"
	"fmt"

	"medixchange/internal/sqldb"
)

// moveGap gives a gap another place below and other missing events. Nothing missing closes it: the row stays, so that
// timelines are cut there. A gap that was moved meanwhile is left alone.
func moveGap(tx *sqldb.Tx, roomNID int64, from, to HistoryKey, missing []string) error {
	if missing == nil {
		missing = []string{}
	}
	text, err := json.Marshal(missing)
	if err != nil {
		return fmt.Errorf("encoding what a gap misses: %w", err)
	}
	_, err = tx.Exec(`UPDATE gaps SET sub = $4, missing = $5 WHERE room_nid = $1 AND anchor = $2 AND sub = $3`,
		roomNID, from.Anchor, from.Sub, to.Sub, string(text))
	if err != nil {
		return fmt.Errorf("moving a gap: %w", err)
	}
	return nil
}

// keepMemberships keeps after a gap, for the users whose memberships in the fetched events before it are stored now, what
// they were there: fetched events, from lowest on, say nothing about what comes after the gap.
func keepMemberships(tx *sqldb.Tx, roomNID int64, lowest, gap HistoryKey, placed []*Event) error {
	for _, ev := range placed {
		if ev.Membership() == "" {
			continue
		}
		_, err := tx.Exec(`INSERT INTO membership_intervals (room_nid, user_id, anchor, sub, membership, event_nid)
			SELECT room_nid, user_id, CAST($3 AS BIGINT), CAST($4 AS BIGINT), membership, event_nid FROM membership_intervals
			WHERE room_nid = $1 AND user_id = $2 AND (anchor, sub) < ($5, $6) ORDER BY anchor DESC, sub DESC LIMIT 1
			ON CONFLICT (room_nid, user_id, anchor, sub) DO NOTHING`,
			roomNID, *ev.StateKey, gap.Anchor, gap.Sub, lowest.Anchor, lowest.Sub)
		if err != nil {
			return fmt.Errorf("keeping a membership after fetched history: %w", err)
		}
		// Who was not known to be in the room before the gap was not in it after the gap either.
		_, err = tx.Exec(`INSERT INTO membership_intervals (room_nid, user_id, anchor, sub, membership, event_nid)
			VALUES ($1, $2, $3, $4, 'leave', 0) ON CONFLICT (room_nid, user_id, anchor, sub) DO NOTHING`,
			roomNID, *ev.StateKey, gap.Anchor, gap.Sub)
		if err != nil {
			return fmt.Errorf("keeping a membership after fetched history: %w", err)
		}
	}
	return nil
}

// insertGap stores that history before a live event, which has its position, is not known.
func insertGap(tx *sqldb.Tx, ev *Event, missing []string) error {
	if missing == nil {
		missing = []string{}
	}
	text, err := json.Marshal(missing)
	if err != nil {
		return fmt.Errorf("encoding what a gap misses: %w", err)
	}
	_, err = tx.Exec(`INSERT INTO gaps (room_nid, anchor, sub, missing) VALUES ($1, $2, 0, $3)`, ev.RoomNID, ev.Key.Anchor, string(text))
	if err != nil {
		return fmt.Errorf("storing a gap: %w", err)
	}
	return nil
}
