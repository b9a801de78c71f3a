package bridge

import (
	"context"
	"fmt"

	"medixchange/internal/sqldb"
	"medixchange/translator/language"
)

// selectTranslatedMessages returns the messages that have rows in (since, upto].
func (b *Bridge) selectTranslatedMessages(ctx context.Context, since, upto int64) ([]int64, error) {
	rows, err := b.o.DB.Query(ctx, `SELECT DISTINCT message_nid FROM renderings WHERE position > $1 AND position <= $2`, since, upto)
	if err != nil {
		return nil, fmt.Errorf("looking for translated messages: %w", err)
	}
	defer rows.Close()
	var nids []int64
	for rows.Next() {
		var nid int64
		if err := rows.Scan(&nid); err != nil {
			return nil, fmt.Errorf("looking for translated messages: %w", err)
		}
		nids = append(nids, nid)
	}
	return nids, rows.Err()
}

// placedParts is what a placed row says.
type placedParts struct {
	messageNID, versionNID int64
	language               language.Code
	state, verdict         string
	parts                  []byte
}

// selectPlacedParts returns the placed rows of all versions of messages, ascending.
func (b *Bridge) selectPlacedParts(ctx context.Context, messages []int64) ([]placedParts, error) {
	rows, err := b.o.DB.Query(ctx, `SELECT position, message_nid, version_nid, language, state, verdict, parts FROM renderings
		WHERE message_nid = ANY($1) AND placed = 1 ORDER BY position`, sqldb.List(messages))
	if err != nil {
		return nil, fmt.Errorf("reading translations: %w", err)
	}
	defer rows.Close()
	var all []placedParts
	for rows.Next() {
		var p placedParts
		var position int64
		var code string
		if err := rows.Scan(&position, &p.messageNID, &p.versionNID, &code, &p.state, &p.verdict, &p.parts); err != nil {
			return nil, fmt.Errorf("reading a translation: %w", err)
		}
		if p.parts, err = b.unsealed(p.parts, position, columnParts); err != nil {
			return nil, fmt.Errorf("reading a translation: %w", err)
		}
		p.language = language.Code(code)
		all = append(all, p)
	}
	return all, rows.Err()
}
