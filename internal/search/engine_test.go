package search

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

func engineAt(t testing.TB, address string) *Engine {
	return New(Options{DB: sqldbtest.Open(t, address), Simplify: simplified})
}

func count(t testing.TB, e *Engine, table string) (n int) {
	t.Helper()
	require.NoError(t, e.db.QueryRow(context.Background(), `SELECT COUNT(*) FROM `+table).Scan(&n))
	return n
}

func remove(t testing.TB, e *Engine, index string, ids ...int64) {
	t.Helper()
	require.NoError(t, e.db.Write(t.Context(), func(tx *sqldb.Tx) error { return e.Remove(tx, index, ids...) }))
}

// TestTheIndexIsWhatItsDocumentsSay puts, replaces and removes documents at random, in any order, with long lists of postings,
// and compares every answer with the documents themselves.
func TestTheIndexIsWhatItsDocumentsSay(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		e := engineAt(t, fresh())
		rng := rand.New(rand.NewPCG(7, 7))
		words := []string{"alpha", "bravo", "delta", "hotel", "kilo", "lima"}
		held := map[int64]map[string]bool{}
		for round := range 16 {
			var docs []Document
			for range 60 {
				id := 1 + rng.Int64N(900)
				said := map[string]bool{}
				for _, w := range words {
					said[w] = rng.IntN(3) > 0
				}
				held[id] = said
				docs = append(docs, Document{ID: id, Scope: 1 << 30, Fields: []Field{{sentence(said), 1}}})
			}
			put(t, e, "x", docs...)
			if round%4 == 3 {
				var gone []int64
				for id := range int64(901) {
					if held[id] != nil && rng.IntN(5) == 0 {
						gone = append(gone, id)
						delete(held, id)
					}
				}
				remove(t, e, "x", gone...)
			}
		}
		require.GreaterOrEqual(t, count(t, e, "search_blocks"), 3, "several blocks for each word")
		for _, w := range words {
			var want []int64
			for id, said := range held {
				if said[w] {
					want = append(want, id)
				}
			}
			require.Equal(t, sorted(want), allOf(t, e, w), w)
		}
		var all []int64
		for id := range held {
			all = append(all, id)
		}
		remove(t, e, "x", all...)
		for _, table := range []string{"search_terms", "search_blocks", "search_docs"} {
			require.Zero(t, count(t, e, table), "%s: nothing is left of words that nobody says", table)
		}
	})
}

func sentence(said map[string]bool) string {
	var words []string
	for w, yes := range said {
		if yes {
			words = append(words, w)
		}
	}
	return strings.Join(words, " ")
}

func sorted(ids []int64) []int64 {
	sort.Slice(ids, func(i, j int) bool { return ids[i] < ids[j] })
	return ids
}

func allOf(t testing.TB, e *Engine, word string) []int64 {
	r, err := e.Search(t.Context(), Query{Text: word, In: []Source{{Index: "x"}}, Limit: maxLimit})
	require.NoError(t, err)
	require.False(t, r.Partial)
	ids := make([]int64, len(r.Hits))
	for i, h := range r.Hits {
		ids[i] = h.ID
	}
	require.Equal(t, len(ids), r.Total)
	return sorted(ids)
}

// TestTheSameDocumentTwiceInOneWriteCountsOnce and an index comes to be with it.
func TestTheSameDocumentTwiceInOneWriteCountsOnce(t *testing.T) {
	e, _ := newEngine(t)
	put(t, e, "x", text(5, "first"), text(5, "second"), text(3, "third"))
	require.Empty(t, find(t, e, "first", "x"))
	require.Equal(t, []int64{5}, find(t, e, "second", "x"))
	states, err := e.States(t.Context(), "x")
	require.NoError(t, err)
	require.Equal(t, []State{{"x", 2, 5}}, states)
	put(t, e, "x", text(5, "…"))
	require.Empty(t, find(t, e, "second", "x"), "an empty text is only removed")
	require.Empty(t, find(t, e, "second", "of nobody"))
	require.Empty(t, find(t, e, "?!", "x"))
}

func TestScopesIndexesAndOrder(t *testing.T) {
	e, _ := newEngine(t)
	day := int64(24 * time.Hour / time.Millisecond)
	for i := range int64(6) {
		put(t, e, "chat", Document{ID: 1 + i, Scope: i % 2, Time: i * day, Fields: []Field{{"fever", 1}}})
	}
	put(t, e, "chat.es", Document{ID: 2, Scope: 1, Time: day, Fields: []Field{{"fiebre", 1}}})
	q := Query{Text: "fever", Limit: 10, Newest: true, In: []Source{{"chat", func(s int64) bool { return s == 1 }}, {"chat.es", nil}}}
	require.Equal(t, []int64{6, 4, 2}, ids(t, e, q))
	q.Text = "fiebre"
	require.Equal(t, []int64{2}, ids(t, e, q))
	q = Query{Text: "fever", Limit: 3, In: []Source{{"chat", nil}}, HalfLife: 24 * time.Hour, Now: time.UnixMilli(6 * day)}
	require.Equal(t, []int64{6, 5, 4}, ids(t, e, q), "newer ones count more")
	q.Upto = 4
	require.Equal(t, []int64{4, 3, 2}, ids(t, e, q))
}

func ids(t testing.TB, e *Engine, q Query) []int64 {
	t.Helper()
	r, err := e.Search(t.Context(), q)
	require.NoError(t, err)
	all := make([]int64, len(r.Hits))
	for i, h := range r.Hits {
		all[i] = h.ID
	}
	return all
}

// TestATitleCountsMoreThanAText and the word itself more than another form of it.
func TestATitleCountsMoreThanAText(t *testing.T) {
	e, _ := newEngine(t)
	filler := strings.Repeat("something else entirely ", 30)
	put(t, e, "book", Document{ID: 1, Fields: []Field{{"Oxygen", 4}, {filler, 1}}}, Document{ID: 2, Fields: []Field{{"Masks", 4}, {filler + "oxygen", 1}}},
		Document{ID: 3, Fields: []Field{{"Oxygenation", 4}, {filler, 1}}})
	found := find(t, e, "oxygen", "book")
	require.Len(t, found, 3)
	require.EqualValues(t, 1, found[0])
}

func TestASnippetShowsWhereTheWordsAre(t *testing.T) {
	e, _ := newEngine(t)
	long := strings.Repeat("Nothing of it here. ", 20) + "The patient's fièvre is high, give oxygen. " + strings.Repeat("Nor here. ", 20)
	put(t, e, "x", text(1, long), text(2, "患者发热三天"))
	r, err := e.Search(t.Context(), Query{Text: "fievre oxygen", In: []Source{{"x", nil}}, Limit: 5})
	require.NoError(t, err)
	snippet, spans := r.Matched.Snippet(long, 80)
	require.Contains(t, snippet, "fièvre is high, give oxygen")
	require.Less(t, len(snippet), 160)
	var marked []string
	for _, s := range spans {
		marked = append(marked, snippet[s.From:s.To])
	}
	require.Equal(t, []string{"fièvre", "oxygen"}, marked)
	r, err = e.Search(t.Context(), Query{Text: "發熱", In: []Source{{"x", nil}}, Limit: 5})
	require.NoError(t, err)
	require.Equal(t, []string{"发热"}, r.Matched.Words("患者发热三天"))
}

// TestDropRemovesAnIndexInSteps and no other one.
func TestDropRemovesAnIndexInSteps(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		e := engineAt(t, fresh())
		var docs []Document
		for i := range int64(300) {
			docs = append(docs, text(1+i, fmt.Sprintf("word%d common", i)))
		}
		put(t, e, "x", docs...)
		put(t, e, "y", text(1, "common"))
		steps := 0
		for done := false; !done; steps++ {
			require.NoError(t, e.db.Write(t.Context(), func(tx *sqldb.Tx) (err error) {
				done, err = e.Drop(tx, "x", 50)
				return err
			}))
		}
		require.Greater(t, steps, 5)
		require.Empty(t, find(t, e, "common", "x"))
		require.Equal(t, []int64{1}, find(t, e, "common", "y"))
		require.Equal(t, 1, count(t, e, "search_docs"))
	})
}
