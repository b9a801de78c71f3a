package bridge

import (
	"context"
	"fmt"
)

// maxStats bounds the lines of statistics; those with the most messages come first.
const maxStats = 2000

func (b *Bridge) selectStats(ctx context.Context, since int64) ([]Stat, error) {
	rows, err := b.o.DB.Query(ctx, `SELECT source, language, engine, state, verdict, reason, COUNT(*) AS n, SUM(overdue), SUM(critical)
		FROM renderings WHERE stored_ts >= $1 AND placed = 1
		GROUP BY source, language, engine, state, verdict, reason ORDER BY n DESC, source, language LIMIT $2`, since, maxStats)
	if err != nil {
		return nil, fmt.Errorf("counting renderings: %w", err)
	}
	defer rows.Close()
	stats := []Stat{}
	for rows.Next() {
		var s Stat
		if err := rows.Scan(&s.From, &s.To, &s.Engine, &s.State, &s.Verdict, &s.Reason, &s.Count, &s.Late, &s.Dosed); err != nil {
			return nil, fmt.Errorf("counting renderings: %w", err)
		}
		stats = append(stats, s)
	}
	return stats, rows.Err()
}

func (b *Bridge) countOpenReports(ctx context.Context) (n int64, err error) {
	err = b.o.DB.QueryRow(ctx, `SELECT COUNT(*) FROM translation_reports WHERE resolved_ts = 0`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting reports: %w", err)
	}
	return n, nil
}

func (b *Bridge) selectCacheSize(ctx context.Context) (size CacheSize, err error) {
	err = b.o.DB.QueryRow(ctx, `SELECT COUNT(*), COALESCE(SUM(`+renderingBytes+`), 0),
		COALESCE(MIN(stored_ts), 0) FROM renderings WHERE placed = 1`).Scan(&size.Rows, &size.Bytes, &size.OldestTS)
	if err != nil {
		return size, fmt.Errorf("measuring the translations: %w", err)
	}
	return size, nil
}
