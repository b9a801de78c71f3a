package search

import (
	"fmt"
	"math"
	"sort"
	"time"

	"medixchange/internal/sqldb"
)

// rank returns the first hits in the order that the query asks for. Times are read for so many hits only as can come first:
// the best by score, or the highest by number, which are the newest where documents came in order.
func rank(q sqldb.Querier, query Query, found map[int64]Hit) ([]Hit, error) {
	hits := make([]Hit, 0, len(found))
	for _, h := range found {
		hits = append(hits, h)
	}
	if query.Newest {
		sort.Slice(hits, func(i, j int) bool { return hits[i].ID > hits[j].ID })
	} else {
		sort.Slice(hits, func(i, j int) bool { return before(hits[i], hits[j]) })
	}
	hits = hits[:min(len(hits), maxLimit)]
	if err := readTimes(q, query, hits); err != nil {
		return nil, err
	}
	if query.HalfLife > 0 {
		for i := range hits {
			hits[i].Score *= freshness(query.Now.Sub(time.UnixMilli(hits[i].Time)), query.HalfLife)
		}
	}
	if query.Newest {
		sort.Slice(hits, func(i, j int) bool { return newer(hits[i], hits[j]) })
	} else {
		sort.Slice(hits, func(i, j int) bool { return before(hits[i], hits[j]) })
	}
	return hits[:min(len(hits), query.Limit)], nil
}

// before orders by score, and what is alike by number, newest first.
func before(a, b Hit) bool {
	if a.Score != b.Score {
		return a.Score > b.Score
	}
	return a.ID > b.ID
}

func newer(a, b Hit) bool {
	if a.Time != b.Time {
		return a.Time > b.Time
	}
	return a.ID > b.ID
}

// freshness is 1 for what is new, 0.8 at the half-life and 0.6 for what is old.
func freshness(age, halfLife time.Duration) float64 {
	return 0.6 + 0.4*math.Exp2(-max(float64(age)/float64(halfLife), 0))
}

func readTimes(q sqldb.Querier, query Query, hits []Hit) error {
	bySource := map[int][]int64{}
	at := make(map[int64]int, len(hits))
	for i, h := range hits {
		bySource[h.Source] = append(bySource[h.Source], h.ID)
		at[h.ID] = i
	}
	for source, ids := range bySource {
		times, err := selectTimes(q, query.In[source].Index, ids)
		if err != nil {
			return fmt.Errorf("reading the times of documents: %w", err)
		}
		for id, ts := range times {
			hits[at[id]].Time = ts
		}
	}
	return nil
}
