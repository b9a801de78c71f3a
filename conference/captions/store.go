package captions

import (
	"context"
	"errors"
	"fmt"

	"medixchange/internal/sqldb"
	"medixchange/rooms"
)

// insert stores an utterance. One that is there stays as it is: it may have been corrected.
func (s *Service) insert(ctx context.Context, id string, u *Utterance) error {
	return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`INSERT INTO caption_utterances (recording_id, utterance_id, user_id, start_ms, end_ms, lang, said, engine, corrected_by, corrected_ts)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', 0) ON CONFLICT (recording_id, utterance_id) DO NOTHING`,
			id, u.ID, u.UserID, u.Start, u.End, u.Lang, u.Text, u.Engine)
		return wrap(err, "storing an utterance")
	})
}

func (s *Service) list(ctx context.Context, id string) ([]*Utterance, error) {
	rows, err := s.o.DB.Query(ctx, `SELECT utterance_id, user_id, start_ms, end_ms, lang, said, engine, corrected_by, corrected_ts
		FROM caption_utterances WHERE recording_id = $1 ORDER BY start_ms, utterance_id LIMIT $2`, id, maxShown)
	if err != nil {
		return nil, wrap(err, "reading utterances")
	}
	defer rows.Close()
	all := []*Utterance{}
	for rows.Next() {
		u := &Utterance{}
		if err := rows.Scan(&u.ID, &u.UserID, &u.Start, &u.End, &u.Lang, &u.Text, &u.Engine, &u.CorrectedBy, &u.CorrectedTS); err != nil {
			return nil, wrap(err, "reading utterances")
		}
		all = append(all, u)
	}
	return all, wrap(rows.Err(), "reading utterances")
}

// correct changes an utterance and adds the correction, both or none.
func (s *Service) correct(ctx context.Context, id, utterance, userID, text string, ts int64) error {
	return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		var before string
		err := tx.QueryRow(`SELECT said FROM caption_utterances WHERE recording_id = $1 AND utterance_id = $2`, id, utterance).Scan(&before)
		if errors.Is(err, sqldb.ErrNoRows) {
			return rooms.ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("reading an utterance: %w", err)
		}
		if _, err := tx.Exec(`INSERT INTO caption_corrections (recording_id, utterance_id, ts, user_id, before, after) VALUES ($1, $2, $3, $4, $5, $6)`,
			id, utterance, ts, userID, before, text); err != nil {
			return fmt.Errorf("storing a correction: %w", err)
		}
		_, err = tx.Exec(`UPDATE caption_utterances SET said = $1, corrected_by = $2, corrected_ts = $3 WHERE recording_id = $4 AND utterance_id = $5`,
			text, userID, ts, id, utterance)
		return wrap(err, "correcting an utterance")
	})
}

func (s *Service) corrections(ctx context.Context, id, utterance string) ([]Correction, error) {
	rows, err := s.o.DB.Query(ctx, `SELECT ts, user_id, before, after FROM caption_corrections
		WHERE recording_id = $1 AND utterance_id = $2 ORDER BY ts LIMIT $3`, id, utterance, maxCorrections)
	if err != nil {
		return nil, wrap(err, "reading corrections")
	}
	defer rows.Close()
	all := []Correction{}
	for rows.Next() {
		var c Correction
		if err := rows.Scan(&c.TS, &c.UserID, &c.Before, &c.After); err != nil {
			return nil, wrap(err, "reading corrections")
		}
		all = append(all, c)
	}
	return all, wrap(rows.Err(), "reading corrections")
}

// translationPlace is where a translation is sealed.
func translationPlace(id, utterance, lang string) string {
	return "caption " + id + " " + utterance + " " + lang
}

// kept returns a translation of what is said now. One that does not open is made anew.
func (s *Service) kept(ctx context.Context, id, utterance, lang, hash string) (t Translation, ok bool, err error) {
	err = s.o.DB.QueryRow(ctx, `SELECT shown, verdict, engine FROM caption_translations
		WHERE recording_id = $1 AND utterance_id = $2 AND lang = $3 AND of_said = $4`, id, utterance, lang, hash).Scan(&t.Text, &t.Verdict, &t.Engine)
	if errors.Is(err, sqldb.ErrNoRows) {
		return t, false, nil
	}
	if err != nil {
		return t, false, wrap(err, "reading a translation")
	}
	if s.o.Vault == nil {
		return t, true, nil
	}
	t.Text, err = s.o.Vault.OpenText(t.Text, translationPlace(id, utterance, lang))
	return t, err == nil, nil
}

func (s *Service) keep(ctx context.Context, id, utterance, lang, hash string, t Translation) error {
	if s.o.Vault != nil {
		t.Text = s.o.Vault.SealText(t.Text, translationPlace(id, utterance, lang))
	}
	return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(`INSERT INTO caption_translations (recording_id, utterance_id, lang, of_said, shown, verdict, engine)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (recording_id, utterance_id, lang)
			DO UPDATE SET of_said = excluded.of_said, shown = excluded.shown, verdict = excluded.verdict, engine = excluded.engine`,
			id, utterance, lang, hash, t.Text, t.Verdict, t.Engine)
		return wrap(err, "storing a translation")
	})
}

func (s *Service) forget(ctx context.Context, id string) error {
	return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		for _, table := range []string{"caption_utterances", "caption_corrections", "caption_translations"} {
			if _, err := tx.Exec(`DELETE FROM `+table+` WHERE recording_id = $1`, id); err != nil {
				return fmt.Errorf("forgetting what was said: %w", err)
			}
		}
		return nil
	})
}
