package search

import (
	"context"
	"os"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

// section is one language of testdata/recall.txt.
type section struct {
	language string
	docs     map[int64]string
	queries  []wanted
}

type wanted struct {
	text string
	docs []int64
}

func readSections(t testing.TB) []*section {
	t.Helper()
	data, err := os.ReadFile("testdata/recall.txt")
	require.NoError(t, err)
	var all []*section
	for _, line := range strings.Split(string(data), "\n") {
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			all = append(all, &section{language: strings.Trim(line, "[]"), docs: map[int64]string{}})
		case line[0] == '+':
			number, text, _ := strings.Cut(line[1:], " ")
			all[len(all)-1].docs[numbers(t, number)[0]] = text
		case line[0] == '?':
			text, docs, found := strings.Cut(line[2:], " = ")
			require.True(t, found, line)
			s := all[len(all)-1]
			s.queries = append(s.queries, wanted{text, numbers(t, docs)})
		default:
			require.Fail(t, "a line that is nothing", line)
		}
	}
	return all
}

func numbers(t testing.TB, text string) (all []int64) {
	for _, word := range strings.Fields(text) {
		n, err := strconv.ParseInt(word, 10, 64)
		require.NoError(t, err)
		all = append(all, n)
	}
	return all
}

// simplified stands for the table of the translator, which lies above this package; the test needs these characters only.
func simplified(r rune) rune {
	for _, pair := range []string{"发發", "热熱", "饱飽", "氧氧", "体體", "温溫", "压壓", "护護", "妇婦", "产產", "医醫", "会會", "请請", "给給", "难難", "状狀", "时時"} {
		if runes := []rune(pair); runes[1] == r {
			return runes[0]
		}
	}
	return r
}

func newEngine(t testing.TB) (*Engine, *sqldb.DB) {
	db := sqldbtest.New(t)
	return New(Options{DB: db, Simplify: simplified}), db
}

func put(t testing.TB, e *Engine, index string, docs ...Document) {
	t.Helper()
	prepared := make([]*Prepared, len(docs))
	for i, d := range docs {
		prepared[i] = e.Prepare(d)
	}
	require.NoError(t, e.db.Write(t.Context(), func(tx *sqldb.Tx) error { return e.Put(tx, index, prepared...) }))
}

func text(id int64, words string) Document {
	return Document{ID: id, Fields: []Field{{Text: words, Weight: 1}}}
}

func find(t testing.TB, e *Engine, query string, indexes ...string) []int64 {
	t.Helper()
	q := Query{Text: query, Limit: 100}
	for _, name := range indexes {
		q.In = append(q.In, Source{Index: name})
	}
	r, err := e.Search(context.Background(), q)
	require.NoError(t, err)
	ids := make([]int64, len(r.Hits))
	for i, h := range r.Hits {
		ids[i] = h.ID
	}
	return ids
}

// The goals of the test set: what is found of what has to be, and how much of what is found was asked for.
const (
	wantRecall    = 0.95
	wantPrecision = 0.90
)

// TestRecallInEveryLanguage asks the questions of testdata/recall.txt, in 20 languages and ways of writing.
func TestRecallInEveryLanguage(t *testing.T) {
	e, _ := newEngine(t)
	var found, wantedAll, given int
	for _, s := range readSections(t) {
		fill(t, e, s)
		here, of, answers := 0, 0, 0
		for _, q := range s.queries {
			ids := find(t, e, q.text, s.language)
			answers += len(ids)
			of += len(q.docs)
			missing := without2(q.docs, ids)
			here += len(q.docs) - len(missing)
			if len(missing) > 0 || len(ids) > len(q.docs) {
				t.Logf("%s: %q gives %v instead of %v", s.language, q.text, ids, q.docs)
			}
		}
		t.Logf("%-8s recall %3d of %3d, precision %3d of %3d", s.language, here, of, here, answers)
		require.GreaterOrEqual(t, float64(here)/float64(of), 0.8, "recall in %s", s.language)
		found, wantedAll, given = found+here, wantedAll+of, given+answers
	}
	recall, precision := float64(found)/float64(wantedAll), float64(found)/float64(given)
	t.Logf("recall %.3f (%d of %d), precision %.3f", recall, found, wantedAll, precision)
	require.GreaterOrEqual(t, recall, wantRecall)
	require.GreaterOrEqual(t, precision, wantPrecision)
}

func fill(t testing.TB, e *Engine, s *section) {
	ids := make([]int64, 0, len(s.docs))
	for id := range s.docs {
		ids = append(ids, id)
	}
	sort.Slice(ids, func(i, j int) bool { return ids[i] < ids[j] })
	for _, id := range ids {
		put(t, e, s.language, text(id, s.docs[id]))
	}
}

func without2(all, found []int64) (missing []int64) {
	for _, id := range all {
		here := false
		for _, f := range found {
			here = here || f == id
		}
		if !here {
			missing = append(missing, id)
		}
	}
	return missing
}
