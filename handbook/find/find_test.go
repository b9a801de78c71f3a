package find

import (
	"bufio"
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/handbook"
	"medixchange/internal/search"
	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/stream"
)

const testEdition = "../site/testdata/edition"

func indexOn(db *sqldb.DB, folder string) *Index {
	return New(Options{
		DB: db, Hub: stream.New(db, stream.Options{}), Engine: search.New(search.Options{DB: db}), Shelf: handbook.NewShelf(folder, nil),
		Log: sqldbtest.Quiet(),
	})
}

func anchors(f Found) []string {
	var out []string
	for _, h := range f.Hits {
		out = append(out, h.Anchor)
	}
	return out
}

func TestPlacesAreFoundInTheScriptOfEachLanguage(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		x := indexOn(sqldbtest.Open(t, fresh()), testEdition)
		for _, c := range []struct{ language, query, anchor string }{
			{"en", "temperatures", "fever-brief"}, {"en", "paracetmol", "fever-doses"}, {"en", "high temperature", "term-fever"},
			{"zh", "发热", "fever-signs"}, {"zh", "补液", "fever-brief"}, {"zh", "剂量", "fever-doses"},
			{"fa", "اكسيژن", "oxygen-brief"}, {"fa", "نشانه", "fever-signs"}, {"fa", "دمای بالا", "term-fever"},
			{"ar", "علامات", "fever-signs"}, {"ar", "الجرعة", "fever-doses"}, {"ar", "والحمى", "fever-signs"},
			{"de", "Temperaturen", "fever-brief"}, {"de", "Sauerstoffs", "fever-brief"},
		} {
			found, err := x.Search(t.Context(), c.language, c.query, 10)
			require.NoError(t, err)
			require.Contains(t, anchors(found), c.anchor, "%s: %s", c.language, c.query)
		}
	})
}

func TestAHitSaysWhereItIsAndMarksWhatWasFound(t *testing.T) {
	x := indexOn(sqldbtest.New(t), testEdition)
	found, err := x.Search(t.Context(), "en", "flow", 10)
	require.NoError(t, err)
	h := found.Hits[0]
	require.Equal(t, "oxygen", h.Section)
	require.Equal(t, "oxygen-flow", h.Anchor)
	require.Equal(t, "Oxygen", h.Title)
	require.Equal(t, handbook.Draft, h.Status)

	found, err = x.Search(t.Context(), "ar", "الحمى", 10)
	require.NoError(t, err)
	require.True(t, found.Hits[0].Outdated)
	var marked []string
	for _, hit := range found.Hits {
		for _, p := range hit.Snippet {
			if p.Marked {
				marked = append(marked, p.Text)
			}
		}
	}
	require.Equal(t, []string{"الحمى"}, marked, "%v", found.Hits)
}

func TestOtherLanguagesAreOfferedOnceTheyAreIndexed(t *testing.T) {
	x := indexOn(sqldbtest.New(t), testEdition)
	found, err := x.Search(t.Context(), "th", "发热", 10)
	require.NoError(t, err)
	require.Empty(t, found.Hits)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go x.Run(ctx) // the search has woken it
	require.Eventually(t, func() bool { return x.isReady(edition(t, x), "zh") }, time.Minute, 10*time.Millisecond)
	others, err := x.Elsewhere(t.Context(), "th", "发热", 10)
	require.NoError(t, err)
	require.Len(t, others, 1)
	require.Equal(t, "zh", others[0].Language)
}

func TestAnEditionIsIndexedOnceAndAgainWhenItChanges(t *testing.T) {
	db := sqldbtest.New(t)
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS(testEdition)))
	require.NoError(t, indexOn(db, folder).all(t.Context()))
	rows := func() (n int) {
		require.NoError(t, db.QueryRow(t.Context(), `SELECT COUNT(*) FROM search_docs`).Scan(&n))
		return n
	}
	before := rows()

	again := indexOn(db, folder)
	require.NoError(t, again.all(t.Context()))
	require.True(t, again.isReady(edition(t, again), "zh"), "a restart finds what is there")

	file := folder + "/de/fever.md"
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(text), "Temperatur", "Körperwärme")), 0o600))
	changed := indexOn(db, folder)
	found, err := changed.Search(t.Context(), "de", "Körperwärme", 10)
	require.NoError(t, err)
	require.NotEmpty(t, found.Hits)
	found, err = changed.Search(t.Context(), "de", "Temperatur", 10)
	require.NoError(t, err)
	require.Empty(t, found.Hits)
	require.NoError(t, changed.all(t.Context()))
	require.Equal(t, before, rows(), "nothing of the old edition is left")
}

func edition(t testing.TB, x *Index) *handbook.Edition {
	t.Helper()
	e, err := x.o.Shelf.Edition()
	require.NoError(t, err)
	return e
}

// TestRecall asks the embedded edition what clinicians may ask: testdata/recall.txt has questions with the section that must
// be among the first ten hits.
func TestRecall(t *testing.T) {
	x := indexOn(sqldbtest.New(t), "")
	asked, found := map[string]int{}, map[string]int{}
	for _, q := range questions(t) {
		if _, ok := edition(t, x).Section(q.language, q.section); !ok {
			continue // the edition does not have this language yet
		}
		f, err := x.Search(t.Context(), q.language, q.text, 10)
		require.NoError(t, err)
		asked[q.language]++
		if slices.ContainsFunc(f.Hits, func(h Hit) bool { return h.Section == q.section }) {
			found[q.language]++
			continue
		}
		t.Logf("%s: %q does not find %s, but %v", q.language, q.text, q.section, anchors(f))
	}
	require.NotEmpty(t, asked)
	for language, n := range asked {
		t.Logf("%s: %d of %d", language, found[language], n)
		require.GreaterOrEqual(t, float64(found[language])/float64(n), 0.95, language)
	}
}

type question struct{ language, text, section string }

func questions(t testing.TB) (out []question) {
	t.Helper()
	f, err := os.Open("testdata/recall.txt")
	require.NoError(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, "|")
		require.Len(t, fields, 3, line)
		out = append(out, question{strings.TrimSpace(fields[0]), strings.TrimSpace(fields[1]), strings.TrimSpace(fields[2])})
	}
	require.NoError(t, lines.Err())
	return out
}

// BenchmarkWholeBook indexes the embedded edition in all its languages.
func BenchmarkWholeBook(b *testing.B) {
	for b.Loop() {
		require.NoError(b, indexOn(sqldbtest.New(b), "").all(b.Context()))
	}
}

// BenchmarkSearch asks the questions of the recall test.
func BenchmarkSearch(b *testing.B) {
	x := indexOn(sqldbtest.New(b), "")
	require.NoError(b, x.all(b.Context()))
	all := questions(b)
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		q := all[i%len(all)] // of a language without a text too: finding nothing takes its time
		begin := time.Now()
		_, err := x.Search(b.Context(), q.language, q.text, 20)
		require.NoError(b, err)
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}
