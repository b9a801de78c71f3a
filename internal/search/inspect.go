package search

import "context"

// State is what an index has.
type State struct {
	Name      string
	Documents int64
	// Last is the highest id that it ever had.
	Last int64
}

// States returns the indexes whose names begin with a text, by name.
func (e *Engine) States(ctx context.Context, beginning string) ([]State, error) {
	return selectStates(ctx, e.db, beginning)
}

// Documents returns the ids of an index after one, ascending, at most limit.
func (e *Engine) Documents(ctx context.Context, index string, after int64, limit int) ([]int64, error) {
	return selectIDsAfter(ctx, e.db, index, after, limit)
}

// Has returns which of the ids an index has.
func (e *Engine) Has(ctx context.Context, index string, ids []int64) (map[int64]bool, error) {
	found, err := selectIDsOf(ctx, e.db, index, ids)
	if err != nil {
		return nil, err
	}
	has := make(map[int64]bool, len(found))
	for _, id := range found {
		has[id] = true
	}
	return has, nil
}
