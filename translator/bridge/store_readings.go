package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"medixchange/internal/sqldb"
)

func readPlace(rendering int64) string { return "reading " + strconv.FormatInt(rendering, 10) }

func formPlace(rendering int64, mode string) string { return readPlace(rendering) + " " + mode }

// readText is a line of translation_read_texts.
type readText struct {
	rendering, messageNID, versionNID int64
	language, source, engine          string
	glossary                          int64
	state, verdict, reasons           string
	sealed                            []byte
}

// readerOf is one reader of one rendering, by a device or by a phone's notification.
type readerOf struct {
	rendering int64
	userID    string
	pushed    bool
}

// insertReadings stores who was given what. What a phone was told and what a device was given are two statements: the one adds to
// the other. No statement has a reader of a rendering twice.
func insertReadings(tx *sqldb.Tx, batch []reading) error {
	var given, pushed [][]any
	seen := map[readerOf]bool{}
	for _, r := range batch {
		of := readerOf{r.rendering.Position, r.userID, r.mode == modePush}
		if seen[of] {
			continue
		}
		seen[of] = true
		row := []any{r.rendering.Position, r.userID, r.ts, number(r.late), r.mode, r.pushedTS()}
		if of.pushed {
			pushed = append(pushed, row)
		} else {
			given = append(given, row)
		}
	}
	const into = `INSERT INTO translation_readings (rendering, user_id, first_ts, late, mode, pushed_ts)`
	err := errors.Join(
		insertMany(tx, into, ` ON CONFLICT (rendering, user_id) DO UPDATE SET mode = excluded.mode, late = excluded.late
			WHERE translation_readings.mode = '`+modePush+`'`, given),
		insertMany(tx, into, ` ON CONFLICT (rendering, user_id) DO UPDATE SET pushed_ts = excluded.pushed_ts
			WHERE translation_readings.pushed_ts = 0`, pushed),
	)
	if err != nil {
		return fmt.Errorf("storing readings: %w", err)
	}
	return nil
}

func insertReadTexts(tx *sqldb.Tx, texts []readText) error {
	rows := make([][]any, 0, len(texts))
	for _, t := range texts {
		rows = append(rows, []any{
			t.rendering, t.messageNID, t.versionNID, t.language, t.source, t.engine, t.glossary, t.state, t.verdict, t.reasons, notNil(t.sealed),
		})
	}
	err := insertMany(tx, `INSERT INTO translation_read_texts (rendering, message_nid, version_nid, language, source, engine, glossary, state, verdict, reasons, text)`,
		` ON CONFLICT (rendering) DO NOTHING`, rows)
	if err != nil {
		return fmt.Errorf("storing what was read: %w", err)
	}
	return nil
}

func insertReadForm(tx *sqldb.Tx, form readForm, sealed []byte) error {
	_, err := tx.Exec(`INSERT INTO translation_read_forms (rendering, mode, text) VALUES ($1, $2, $3) ON CONFLICT (rendering, mode) DO NOTHING`,
		form.rendering, form.mode, sealed)
	if err != nil {
		return fmt.Errorf("storing what was read: %w", err)
	}
	return nil
}

// rowsAtOnce is how many rows one statement of insertMany has. The rest go one by one, so that there are two texts of each.
const rowsAtOnce = 16

// insertMany inserts rows, many in one statement: most of the cost of a small row is that of its statement.
func insertMany(tx *sqldb.Tx, into, end string, rows [][]any) error {
	for len(rows) > 0 {
		n := 1
		if len(rows) >= rowsAtOnce {
			n = rowsAtOnce
		}
		_, err := tx.Exec(into+" VALUES "+places(n, len(rows[0]))+end, slices.Concat(rows[:n]...)...)
		if err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// places are the parameters of rows: "($1, $2), ($3, $4)".
func places(rows, columns int) string {
	var s strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			s.WriteString("(")
		case i%columns == 0:
			s.WriteString("), (")
		default:
			s.WriteString(", ")
		}
		s.WriteString("$" + strconv.Itoa(i+1))
	}
	return s.String() + ")"
}

// eraseReadTexts forgets the words of a version of a message; of the message itself (version 0), of all its versions. Who was
// given something, and when, stays.
func eraseReadTexts(tx *sqldb.Tx, messageNID, versionNID int64) error {
	_, err := tx.Exec(`DELETE FROM translation_read_forms WHERE rendering IN
		(SELECT rendering FROM translation_read_texts WHERE message_nid = $1 AND (CAST($2 AS BIGINT) = 0 OR version_nid = $2))`, messageNID, versionNID)
	if err != nil {
		return fmt.Errorf("erasing what was read: %w", err)
	}
	_, err = tx.Exec(`UPDATE translation_read_texts SET text = $3 WHERE message_nid = $1 AND (CAST($2 AS BIGINT) = 0 OR version_nid = $2)`,
		messageNID, versionNID, []byte{})
	if err != nil {
		return fmt.Errorf("erasing what was read: %w", err)
	}
	return nil
}

// Gap is a time of which readings may be missing.
type Gap struct {
	FromTS  int64  `json:"from_ts"` // ms
	UntilTS int64  `json:"until_ts"`
	Reason  string `json:"reason"`
}

func insertGap(tx *sqldb.Tx, from, until int64, reason string) error {
	_, err := tx.Exec(`INSERT INTO translation_reading_gaps (from_ts, until_ts, reason) VALUES ($1, $2, $3)`, from, until, reason)
	return err
}

// beginGap marks the log as open: until it is closed, everything after now may be missing.
func beginGap(tx *sqldb.Tx, now int64) error { return insertGap(tx, now, 0, "") }

func touchOpenGap(tx *sqldb.Tx, now int64) error {
	_, err := tx.Exec(`UPDATE translation_reading_gaps SET from_ts = $1 WHERE until_ts = 0`, now)
	return err
}

func endOpenGap(tx *sqldb.Tx, now int64, reason string) error {
	_, err := tx.Exec(`UPDATE translation_reading_gaps SET until_ts = $1, reason = $2 WHERE until_ts = 0`, now, reason)
	return err
}

func dropOpenGap(tx *sqldb.Tx) error {
	_, err := tx.Exec(`DELETE FROM translation_reading_gaps WHERE until_ts = 0`)
	return err
}

func (b *Bridge) selectGaps(ctx context.Context, since int64) ([]Gap, error) {
	rows, err := b.o.DB.Query(ctx, `SELECT from_ts, until_ts, reason FROM translation_reading_gaps WHERE until_ts >= $1 ORDER BY from_ts LIMIT 100`, since)
	if err != nil {
		return nil, fmt.Errorf("reading the gaps of the reading log: %w", err)
	}
	defer rows.Close()
	gaps := []Gap{}
	for rows.Next() {
		var g Gap
		if err := rows.Scan(&g.FromTS, &g.UntilTS, &g.Reason); err != nil {
			return nil, fmt.Errorf("reading the gaps of the reading log: %w", err)
		}
		gaps = append(gaps, g)
	}
	return gaps, rows.Err()
}

// maxReadingsShown bounds what is said of one message.
const maxReadingsShown = 10_000

func (b *Bridge) selectReadings(ctx context.Context, messageNID int64) ([]Reading, error) {
	rows, err := b.o.DB.Query(ctx, `SELECT g.user_id, g.first_ts, g.late, g.mode, g.pushed_ts, v.event_id, t.rendering, t.language, t.source, t.engine,
			t.glossary, t.state, t.verdict, t.reasons, t.text, f.text
		FROM translation_read_texts t JOIN translation_readings g ON g.rendering = t.rendering JOIN events v ON v.event_nid = t.version_nid
			LEFT JOIN translation_read_forms f ON f.rendering = g.rendering AND f.mode = g.mode
		WHERE t.message_nid = $1 ORDER BY g.first_ts, g.user_id LIMIT $2`, messageNID, maxReadingsShown)
	if err != nil {
		return nil, fmt.Errorf("reading the reading log: %w", err)
	}
	defer rows.Close()
	readings := []Reading{}
	for rows.Next() {
		var r Reading
		var late int
		var reasons string
		var sealed, form []byte
		err := rows.Scan(&r.UserID, &r.FirstTS, &late, &r.Mode, &r.PushedTS, &r.VersionID, &r.rendering, &r.To, &r.From, &r.Engine, &r.Glossary, &r.State,
			&r.Verdict, &reasons, &sealed, &form)
		if err != nil {
			return nil, fmt.Errorf("reading the reading log: %w", err)
		}
		r.Late, r.Reasons = late != 0, strings.Fields(reasons)
		place := readPlace(r.rendering)
		if len(form) > 0 {
			sealed, place = form, formPlace(r.rendering, r.Mode)
		}
		r.Text, err = b.vault.open(sealed, place)
		r.Unreadable = err != nil
		readings = append(readings, r)
	}
	return readings, rows.Err()
}

// sweepReadings removes up to limit readings from before ts (ms), and the texts that nobody has any more.
func sweepReadings(tx *sqldb.Tx, ts int64, limit int) (int64, error) {
	removed, err := tx.Exec(`DELETE FROM translation_readings WHERE (rendering, user_id) IN
		(SELECT rendering, user_id FROM translation_readings WHERE first_ts < $1 ORDER BY first_ts LIMIT $2)`, ts, limit)
	if err != nil {
		return 0, fmt.Errorf("removing old readings: %w", err)
	}
	n, err := removed.RowsAffected()
	if err != nil || n > 0 {
		return n, err
	}
	for _, table := range []string{"translation_read_texts", "translation_read_forms"} {
		_, err = tx.Exec(`DELETE FROM ` + table + ` WHERE NOT EXISTS
			(SELECT 1 FROM translation_readings g WHERE g.rendering = ` + table + `.rendering)`)
		if err != nil {
			return 0, fmt.Errorf("removing what was read: %w", err)
		}
	}
	_, err = tx.Exec(`DELETE FROM translation_reading_gaps WHERE until_ts > 0 AND until_ts < $1`, ts)
	return 0, err
}
