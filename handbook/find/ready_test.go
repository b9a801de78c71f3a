package find

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/handbook"
	"medixchange/internal/search"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/stream"
)

// changedIn gives the test's edition with another word in one language's section on fever.
func changedIn(t *testing.T, language, word, other string) *handbook.Edition {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS(testEdition)))
	file := folder + "/" + language + "/fever.md"
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(text), word)
	require.NoError(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(text), word, other)), 0o600))
	e, err := handbook.NewShelf(folder, nil).Edition()
	require.NoError(t, err)
	return e
}

func TestAnotherEditionIsSearchedAtOnceAndOnlyWhatItChangesIsIndexedAgain(t *testing.T) {
	db := sqldbtest.New(t)
	shelf := handbook.NewShelf(testEdition, nil)
	x := New(Options{DB: db, Hub: stream.New(db, stream.Options{}), Engine: search.New(search.Options{DB: db}), Shelf: shelf, Log: sqldbtest.Quiet()})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go x.Run(ctx)
	_, err := x.Search(t.Context(), "de", "Temperatur", 10)
	require.NoError(t, err)
	indexed := func() bool {
		for _, tag := range edition(t, x).Languages {
			if !x.isReady(edition(t, x), tag) {
				return false
			}
		}
		return true
	}
	require.Eventually(t, indexed, time.Minute, 10*time.Millisecond)
	number := func(name string) (nid int64) {
		require.NoError(t, db.QueryRow(t.Context(), `SELECT index_nid FROM search_indexes WHERE name = $1`, name).Scan(&nid))
		return nid
	}
	de, zh := number("handbook.de"), number("handbook.zh")

	shelf.Show(changedIn(t, "de", "Temperatur", "Körperwärme"))
	x.Again()
	found, err := x.Search(t.Context(), "de", "Körperwärme", 10)
	require.NoError(t, err)
	require.NotEmpty(t, found.Hits)
	require.Eventually(t, indexed, time.Minute, 10*time.Millisecond)
	require.NotEqual(t, de, number("handbook.de"))
	require.Equal(t, zh, number("handbook.zh"))
}

func TestSearchesWhileEditionsChangeFindPlacesOfOneEdition(t *testing.T) {
	db := sqldbtest.New(t)
	shelf := handbook.NewShelf(testEdition, nil)
	x := New(Options{DB: db, Hub: stream.New(db, stream.Options{}), Engine: search.New(search.Options{DB: db}), Shelf: shelf, Log: sqldbtest.Quiet()})
	editions := []*handbook.Edition{edition(t, x), changedIn(t, "de", "Temperatur", "Körperwärme")}
	done := make(chan struct{})
	var searching sync.WaitGroup
	for range 3 {
		searching.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				found, err := x.Search(t.Context(), "de", "Fieber", 10)
				if err != nil {
					continue // replaced again and again
				}
				for _, h := range found.Hits {
					if h.Section == "" && h.Anchor == "" {
						t.Error("a hit of no edition")
					}
				}
			}
		})
	}
	for i := range 10 {
		shelf.Show(editions[i%2])
		x.Again()
	}
	close(done)
	searching.Wait()
	shelf.Show(editions[1])
	found, err := x.Search(t.Context(), "de", "Körperwärme", 10)
	require.NoError(t, err)
	require.NotEmpty(t, found.Hits)
	shelf.Show(editions[0])
	found, err = x.Search(t.Context(), "de", "Körperwärme", 10)
	require.NoError(t, err)
	require.Empty(t, found.Hits)
}
