package bridge

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"medixchange/internal/sqldb"
)

// Places of the texts of a report, for the vault.
func originalPlace(reportID int64) string {
	return "report " + strconv.FormatInt(reportID, 10) + " original"
}
func translationPlace(reportID int64) string {
	return "report " + strconv.FormatInt(reportID, 10) + " translation"
}

// insertReport stores a report unless its reaction has one, and numbers it.
func (b *Bridge) insertReport(tx *sqldb.Tx, r *Report) error {
	err := tx.QueryRow(`SELECT report_id FROM translation_reports WHERE reaction_nid = $1`, r.reactionNID).Scan(&r.ID)
	if err == nil {
		return nil
	}
	if !errors.Is(err, sqldb.ErrNoRows) {
		return fmt.Errorf("looking for a report: %w", err)
	}
	if err := tx.QueryRow(`SELECT COALESCE(MAX(report_id), 0) + 1 FROM translation_reports`).Scan(&r.ID); err != nil {
		return fmt.Errorf("numbering a report: %w", err)
	}
	_, err = tx.Exec(`INSERT INTO translation_reports (report_id, reaction_nid, event_nid, version_nid, reporter, source, language, engine,
			verdict, reasons, reported_ts, original, translation, resolved_ts, resolution)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0, '')`,
		r.ID, r.reactionNID, r.eventNID, r.versionNID, r.Reporter, r.From, r.To, r.Engine, r.Verdict, strings.Join(r.Reasons, " "), r.ReportedTS,
		b.vault.seal(r.Original, originalPlace(r.ID)), b.vault.seal(r.Translation, translationPlace(r.ID)))
	if err != nil {
		return fmt.Errorf("storing a report: %w", err)
	}
	return nil
}

func deleteOpenReport(tx *sqldb.Tx, reactionNID int64) error {
	_, err := tx.Exec(`DELETE FROM translation_reports WHERE reaction_nid = $1 AND resolved_ts = 0`, reactionNID)
	return err
}

// eraseReports forgets what was said in a version of a message; of the message itself (version 0), in all of them.
func eraseReports(tx *sqldb.Tx, messageNID, versionNID int64) error {
	_, err := tx.Exec(`UPDATE translation_reports SET original = $3, translation = $3 WHERE event_nid = $1 AND (CAST($2 AS BIGINT) = 0 OR version_nid = $2)`,
		messageNID, versionNID, []byte{})
	if err != nil {
		return fmt.Errorf("erasing reports: %w", err)
	}
	return nil
}

const reportColumns = `p.report_id, m.event_id, v.event_id, r.room_id, p.reporter, p.source, p.language, p.engine, p.verdict, p.reasons,
	p.reported_ts, p.resolved_ts, p.resolution, p.original, p.translation
	FROM translation_reports p JOIN events m ON m.event_nid = p.event_nid JOIN events v ON v.event_nid = p.version_nid
	JOIN rooms r ON r.room_nid = m.room_nid `

func (b *Bridge) scanReport(row interface{ Scan(...any) error }) (Report, error) {
	var r Report
	var reasons string
	var original, translation []byte
	err := row.Scan(&r.ID, &r.EventID, &r.VersionID, &r.RoomID, &r.Reporter, &r.From, &r.To, &r.Engine, &r.Verdict, &reasons,
		&r.ReportedTS, &r.ResolvedTS, &r.Resolution, &original, &translation)
	if err != nil {
		return r, err
	}
	r.Reasons = strings.Fields(reasons)
	var lost [2]error
	r.Original, lost[0] = b.vault.open(original, originalPlace(r.ID))
	r.Translation, lost[1] = b.vault.open(translation, translationPlace(r.ID))
	r.Unreadable = lost[0] != nil || lost[1] != nil
	return r, nil
}

func (b *Bridge) selectReports(ctx context.Context, resolved bool, limit int) (reports []Report, err error) {
	rows, err := b.o.DB.Query(ctx, `SELECT `+reportColumns+` WHERE (p.resolved_ts <> 0) = $1 ORDER BY p.report_id DESC LIMIT $2`, resolved, limit)
	if err != nil {
		return nil, fmt.Errorf("reading reports: %w", err)
	}
	defer func(rows *sql.Rows) { _ = rows.Close() }(rows)
	for rows.Next() {
		r, err := b.scanReport(rows)
		if err != nil {
			return nil, fmt.Errorf("reading a report: %w", err)
		}
		reports = append(reports, r)
	}
	return reports, rows.Err()
}

func (b *Bridge) selectReport(ctx context.Context, id int64) (Report, error) {
	r, err := b.scanReport(b.o.DB.QueryRow(ctx, `SELECT `+reportColumns+` WHERE p.report_id = $1`, id))
	if err != nil {
		return r, fmt.Errorf("reading a report: %w", err)
	}
	return r, nil
}

// resolveReport closes an open report; false when there is none of that number.
func resolveReport(tx *sqldb.Tx, id, ts int64, resolution string) (bool, error) {
	done, err := tx.Exec(`UPDATE translation_reports SET resolved_ts = $2, resolution = $3 WHERE report_id = $1 AND resolved_ts = 0`, id, ts, resolution)
	if err != nil {
		return false, fmt.Errorf("resolving a report: %w", err)
	}
	n, err := done.RowsAffected()
	return n > 0, err
}

// sweepReports removes up to limit reports from before ts (ms).
func sweepReports(tx *sqldb.Tx, ts int64, limit int) (int64, error) {
	removed, err := tx.Exec(`DELETE FROM translation_reports WHERE report_id IN
		(SELECT report_id FROM translation_reports WHERE reported_ts < $1 ORDER BY report_id LIMIT $2)`, ts, limit)
	if err != nil {
		return 0, fmt.Errorf("removing old reports: %w", err)
	}
	return removed.RowsAffected()
}
