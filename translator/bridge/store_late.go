package bridge

import (
	"context"
	"fmt"

	"medixchange/rooms/view"
)

// selectNames returns what names the synthetics of all versions of a message, and their positions, newest first.
func (b *Bridge) selectNames(ctx context.Context, messageNID int64) ([]*view.Rendering, error) {
	rows, err := b.o.DB.Query(ctx, `SELECT position, event_nid, version_nid, version_ts, redaction, language FROM renderings
		WHERE message_nid = $1 AND late = 1 ORDER BY position DESC`, messageNID)
	if err != nil {
		return nil, fmt.Errorf("reading the names of late edits: %w", err)
	}
	defer rows.Close()
	var names []*view.Rendering
	for rows.Next() {
		r := &view.Rendering{}
		var redaction int
		if err := rows.Scan(&r.Position, &r.EventNID, &r.Version, &r.VersionTS, &redaction, &r.Language); err != nil {
			return nil, fmt.Errorf("reading the name of a late edit: %w", err)
		}
		r.Redaction = redaction != 0
		names = append(names, r)
	}
	return names, rows.Err()
}
