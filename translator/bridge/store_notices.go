package bridge

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
	"medixchange/rooms/view"
)

func isTold(tx *sqldb.Tx, userID string, eventNID int64, kind string) (bool, error) {
	var position int64
	err := tx.QueryRow(`SELECT position FROM translator_notices WHERE event_nid = $1 AND user_id = $2 AND kind = $3`,
		eventNID, userID, kind).Scan(&position)
	if errors.Is(err, sqldb.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for a notice: %w", err)
	}
	return true, nil
}

func (b *Bridge) storeNotice(tx *sqldb.Tx, kind string, roomNID int64, n *view.Notice, words *subject) error {
	var message, version int64
	if words != nil {
		message, version = words.message.NID, words.version.NID
	}
	_, err := tx.Exec(`INSERT INTO translator_notices (position, user_id, room_nid, event_nid, kind, redacts, ts, content, beside, subject_nid, subject_version_nid)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, n.Position, n.UserID, roomNID, n.EventNID, kind, n.Redacts, n.TS,
		b.SealText(string(n.Content), noticePlace(n.Position)), n.Beside, message, version)
	if err != nil {
		return fmt.Errorf("storing a notice: %w", err)
	}
	return nil
}

func eraseNotice(tx *sqldb.Tx, position int64) error {
	if _, err := tx.Exec(`UPDATE translator_notices SET content = '{}' WHERE position = $1`, position); err != nil {
		return fmt.Errorf("erasing a notice: %w", err)
	}
	return nil
}

const noticeColumns = `n.position, n.user_id, r.room_id, n.event_nid, n.redacts, n.ts, n.content, n.beside
	FROM translator_notices n JOIN rooms r ON r.room_nid = n.room_nid `

func (b *Bridge) scanNotices(rows *sql.Rows, err error) ([]*view.Notice, error) {
	if err != nil {
		return nil, fmt.Errorf("reading notices: %w", err)
	}
	defer rows.Close()
	var all []*view.Notice
	for rows.Next() {
		n := &view.Notice{Sender: b.bot}
		var content string
		if err := rows.Scan(&n.Position, &n.UserID, &n.RoomID, &n.EventNID, &n.Redacts, &n.TS, &content, &n.Beside); err != nil {
			return nil, fmt.Errorf("reading a notice: %w", err)
		}
		said, err := b.OpenText(content, noticePlace(n.Position))
		if err != nil {
			continue // it does not open: nobody is told
		}
		n.Content = json.RawMessage(said)
		all = append(all, n)
	}
	return all, rows.Err()
}

// maxNotices bounds what one answer tells a user; the newest count.
const maxNotices = 200

func (b *Bridge) selectNotices(ctx context.Context, userID string, since, upto int64) ([]*view.Notice, error) {
	return b.scanNotices(b.o.DB.Query(ctx, `SELECT * FROM (SELECT `+noticeColumns+`
		WHERE n.user_id = $1 AND n.position > $2 AND n.position <= $3 ORDER BY n.position DESC LIMIT $4) newest ORDER BY position`,
		userID, since, upto, maxNotices))
}

func (b *Bridge) selectNoticesOfAll(ctx context.Context, since, upto int64, limit int) ([]*view.Notice, error) {
	return b.scanNotices(b.o.DB.Query(ctx, `SELECT `+noticeColumns+`
		WHERE n.position > $1 AND n.position <= $2 ORDER BY n.position LIMIT $3`, since, upto, limit))
}

// notice is a notice with its kind.
type notice struct {
	*view.Notice
	kind string
}

// noticesAbout returns what was said about an event, without what it says.
func noticesAbout(tx *sqldb.Tx, eventNID int64) ([]notice, error) {
	return noticesIn(tx.Query(`SELECT position, user_id, event_nid, redacts, kind FROM translator_notices WHERE event_nid = $1 ORDER BY position`, eventNID))
}

// noticesRepeating returns what still repeats words of a message, or of one version of it (0: all).
func noticesRepeating(tx *sqldb.Tx, messageNID, versionNID int64) ([]notice, error) {
	return noticesIn(tx.Query(`SELECT position, user_id, event_nid, redacts, kind FROM translator_notices
		WHERE subject_nid = $1 AND subject_nid <> 0 AND (CAST($2 AS BIGINT) = 0 OR subject_version_nid = $2) AND content <> '{}' ORDER BY position`,
		messageNID, versionNID))
}

func noticesIn(rows *sql.Rows, err error) ([]notice, error) {
	if err != nil {
		return nil, fmt.Errorf("reading notices: %w", err)
	}
	defer rows.Close()
	var all []notice
	for rows.Next() {
		n := notice{Notice: &view.Notice{}}
		if err := rows.Scan(&n.Position, &n.UserID, &n.EventNID, &n.Redacts, &n.kind); err != nil {
			return nil, fmt.Errorf("reading a notice: %w", err)
		}
		all = append(all, n)
	}
	return all, rows.Err()
}

// hasConcerns reports whether the author of a message was told of a concern about it.
func (b *Bridge) hasConcerns(ctx context.Context, messageNID int64) (bool, error) {
	var n int
	err := b.o.DB.QueryRow(ctx, `SELECT COUNT(*) FROM translator_notices
		WHERE event_nid = $1 AND redacts = 0 AND (kind LIKE 'identifiers %' OR kind LIKE 'rephrase %')`, messageNID).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("looking for what an author was told: %w", err)
	}
	return n > 0, nil
}

// lastOrderKind returns the kind of the last notice that asked for a read-back of a message, "" without one.
func (b *Bridge) lastOrderKind(ctx context.Context, messageNID int64) (kind string, err error) {
	err = b.o.DB.QueryRow(ctx, `SELECT kind FROM translator_notices
		WHERE event_nid = $1 AND (kind = 'order' OR kind LIKE 'order %') ORDER BY position DESC LIMIT 1`, messageNID).Scan(&kind)
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return "", fmt.Errorf("looking for what was to be read back: %w", err)
	}
	return kind, nil
}

// selectBeside returns what a user is told beside events, by the event's nid.
func (b *Bridge) selectBeside(ctx context.Context, userID string, nids []int64) (map[int64]*view.Notice, error) {
	notices, err := b.scanNotices(b.o.DB.Query(ctx, `SELECT `+noticeColumns+`
		WHERE n.event_nid = ANY($1) AND n.user_id = $2 AND n.beside > 0 AND n.content <> '{}'`, sqldb.List(nids), userID))
	if err != nil {
		return nil, err
	}
	found := make(map[int64]*view.Notice, len(notices))
	for _, n := range notices {
		found[n.EventNID] = n
	}
	return found, nil
}

// sweepBesides erases up to limit notices beside answers from before ts (ms), which repeat what somebody read: they go with the
// reading log. Their places stay, so that nobody is told again.
func sweepBesides(tx *sqldb.Tx, ts int64, limit int) (int64, error) {
	erased, err := tx.Exec(`UPDATE translator_notices SET content = '{}' WHERE position IN
		(SELECT position FROM translator_notices WHERE ts < $1 AND beside > 0 AND content <> '{}' ORDER BY position LIMIT $2)`, ts, limit)
	if err != nil {
		return 0, fmt.Errorf("erasing old notices: %w", err)
	}
	return erased.RowsAffected()
}

// sweepNotices removes up to limit notices from before ts (ms): devices that old begin anew.
func sweepNotices(tx *sqldb.Tx, ts int64, limit int) (int64, error) {
	removed, err := tx.Exec(`DELETE FROM translator_notices WHERE position IN
		(SELECT position FROM translator_notices WHERE ts < $1 AND beside = 0 ORDER BY position LIMIT $2)`, ts, limit)
	if err != nil {
		return 0, fmt.Errorf("removing old notices: %w", err)
	}
	return removed.RowsAffected()
}
