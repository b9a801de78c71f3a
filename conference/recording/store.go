package recording

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"medixchange/conference/manifest"
	"medixchange/internal/sqldb"
)

// Recording is what is known of a recording without its files. Times are milliseconds.
type Recording struct {
	ID         string `json:"id"`
	RoomID     string `json:"room_id"`
	SlotID     string `json:"slot_id"`
	Title      string `json:"title"`
	By         string `json:"by"`
	Consent    string `json:"consent"`
	State      string `json:"state"`
	Reason     string `json:"reason,omitempty"`
	StartedTS  int64  `json:"started_ts"`
	EndedTS    int64  `json:"ended_ts,omitempty"`
	Duration   int64  `json:"duration"`
	Bytes      int64  `json:"bytes"`
	HeldBy     string `json:"held_by,omitempty"`
	HeldReason string `json:"held_reason,omitempty"`
	HeldTS     int64  `json:"held_ts,omitempty"`
	DeletedTS  int64  `json:"deleted_ts,omitempty"`
	DeletedBy  string `json:"deleted_by,omitempty"`
}

const columns = `recording_id, room_id, slot_id, title, started_by, consent, state, reason, started_ts, ended_ts, duration, bytes, held_by, held_reason, held_ts, deleted_ts, deleted_by`

func scan(row interface{ Scan(...any) error }) (*Recording, error) {
	r := &Recording{}
	err := row.Scan(&r.ID, &r.RoomID, &r.SlotID, &r.Title, &r.By, &r.Consent, &r.State, &r.Reason, &r.StartedTS, &r.EndedTS, &r.Duration, &r.Bytes,
		&r.HeldBy, &r.HeldReason, &r.HeldTS, &r.DeletedTS, &r.DeletedBy)
	return r, err
}

func (s *Service) insert(ctx context.Context, r *Recording) error {
	return s.write(ctx, `INSERT INTO recordings (recording_id, room_id, slot_id, title, started_by, consent, state, reason, started_ts, ended_ts, duration, bytes,
		held_by, held_reason, held_ts, announced, deleted_ts, deleted_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8, 0, 0, 0, '', '', 0, 0, 0, '')`,
		r.ID, r.RoomID, r.SlotID, r.Title, r.By, r.Consent, r.State, r.StartedTS)
}

// remove forgets a recording that never began.
func (s *Service) remove(ctx context.Context, id string) error {
	return s.write(ctx, `DELETE FROM recordings WHERE recording_id = $1`, id)
}

// end writes down that a recording is over. One that was deleted meanwhile stays so.
func (s *Service) end(ctx context.Context, r *Recording) error {
	return s.write(ctx, `UPDATE recordings SET state = $1, reason = $2, ended_ts = $3, duration = $4, bytes = $5 WHERE recording_id = $6 AND state <> $7`,
		r.State, r.Reason, r.EndedTS, r.Duration, r.Bytes, r.ID, manifest.StateDeleted)
}

func (s *Service) setHold(ctx context.Context, id, by, reason string, ts int64) error {
	return s.write(ctx, `UPDATE recordings SET held_by = $1, held_reason = $2, held_ts = $3 WHERE recording_id = $4`, by, reason, ts, id)
}

// markDeleted makes a row a tombstone, unless the recording is held or runs. It reports whether it did.
func (s *Service) markDeleted(ctx context.Context, id, by, reason string, ts int64) (bool, error) {
	var n int64
	err := s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		result, err := tx.Exec(`UPDATE recordings SET state = $1, reason = $2, deleted_ts = $3, deleted_by = $4, bytes = 0
			WHERE recording_id = $5 AND state NOT IN ($1, $6) AND held_by = ''`, manifest.StateDeleted, reason, ts, by, id, manifest.StateRecording)
		if err != nil {
			return fmt.Errorf("deleting a recording: %w", err)
		}
		n, err = result.RowsAffected()
		return wrap(err, "deleting a recording")
	})
	return n > 0, err
}

// announce reports whether the room is to be told where a recording is, once.
func (s *Service) announce(ctx context.Context, id string) (bool, error) {
	var n int64
	err := s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		result, err := tx.Exec(`UPDATE recordings SET announced = 1 WHERE recording_id = $1 AND announced = 0`, id)
		if err != nil {
			return fmt.Errorf("announcing a recording: %w", err)
		}
		n, err = result.RowsAffected()
		return wrap(err, "announcing a recording")
	})
	return n > 0, err
}

func (s *Service) write(ctx context.Context, query string, args ...any) error {
	return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(query, args...)
		return wrap(err, "writing a recording down")
	})
}

// Get returns a recording; nil for one that there never was.
func (s *Service) Get(ctx context.Context, id string) (*Recording, error) {
	r, err := scan(s.o.DB.QueryRow(ctx, `SELECT `+columns+` FROM recordings WHERE recording_id = $1`, id))
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, nil
	}
	return r, wrap(err, "reading a recording")
}

// maxListed bounds a list of recordings.
const maxListed = 500

// inRoom returns the newest recordings of a room, of all rooms for "".
func (s *Service) inRoom(ctx context.Context, roomID string, limit int) ([]*Recording, error) {
	if roomID == "" {
		return s.list(s.o.DB.Query(ctx, `SELECT `+columns+` FROM recordings ORDER BY started_ts DESC LIMIT $1`, limit))
	}
	return s.list(s.o.DB.Query(ctx, `SELECT `+columns+` FROM recordings WHERE room_id = $1 ORDER BY started_ts DESC LIMIT $2`, roomID, limit))
}

func (s *Service) byState(ctx context.Context, state string) ([]*Recording, error) {
	return s.list(s.o.DB.Query(ctx, `SELECT `+columns+` FROM recordings WHERE state = $1 ORDER BY started_ts LIMIT $2`, state, maxListed))
}

// expired returns recordings that ended before a moment and that nobody holds.
func (s *Service) expired(ctx context.Context, before int64) ([]*Recording, error) {
	return s.list(s.o.DB.Query(ctx, `SELECT `+columns+` FROM recordings WHERE state IN ($1, $2) AND ended_ts < $3 AND held_by = '' ORDER BY ended_ts LIMIT $4`,
		manifest.StateFinished, manifest.StateInterrupted, before, maxListed))
}

func (s *Service) list(rows *sql.Rows, err error) ([]*Recording, error) {
	if err != nil {
		return nil, wrap(err, "reading recordings")
	}
	defer rows.Close()
	all := []*Recording{}
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, wrap(err, "reading recordings")
		}
		all = append(all, r)
	}
	return all, wrap(rows.Err(), "reading recordings")
}

func (s *Service) usedBytes(ctx context.Context) (int64, error) {
	var n int64
	err := s.o.DB.QueryRow(ctx, `SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM recordings`).Scan(&n)
	return n, wrap(err, "adding up recordings")
}

func (s *Service) storeConsent(ctx context.Context, id, userID, answer string, ts int64) error {
	return s.write(ctx, `INSERT INTO recording_consents (recording_id, user_id, answer, ts) VALUES ($1, $2, $3, $4)
		ON CONFLICT (recording_id, user_id) DO UPDATE SET answer = excluded.answer, ts = excluded.ts`, id, userID, answer, ts)
}

// answered returns whose last answer is that one.
func (s *Service) answered(ctx context.Context, id, answer string) ([]string, error) {
	rows, err := s.o.DB.Query(ctx, `SELECT user_id FROM recording_consents WHERE recording_id = $1 AND answer = $2 ORDER BY user_id`, id, answer)
	if err != nil {
		return nil, wrap(err, "reading consents")
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var userID string
		if err := rows.Scan(&userID); err != nil {
			return nil, wrap(err, "reading consents")
		}
		all = append(all, userID)
	}
	return all, wrap(rows.Err(), "reading consents")
}
