package media

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
)

// leave puts a file without a row into the folder, as a crash between publishing and committing does.
func leave(t *testing.T, s *Store, id string) string {
	path := s.path(own, id, make([]byte, 32))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte("lost"), 0o600))
	return path
}

func TestFilesThatACrashLeftAreRemovedAtTheNextStart(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		s := newStore(t, fresh(), nil, nil)
		uri, err := s.Upload(t.Context(), text(alice, "kept"))
		require.NoError(t, err)
		lost := leave(t, s, "lost")
		require.NoError(t, s.SweepOrphans(t.Context()))
		require.FileExists(t, lost, "an upload of this process may still commit its row")

		s.opened = time.Now().Add(time.Second) // the next process
		require.NoError(t, s.SweepOrphans(t.Context()))
		require.NoFileExists(t, lost)
		body, err := read(t, s, Request{Server: own, ID: idOf(t, uri)})
		require.NoError(t, err)
		require.Equal(t, "kept", body)
	})
}

func TestAFolderOfAnotherDatabaseIsLeftAlone(t *testing.T) {
	s := newStore(t, sqldbtest.SQLite(t), nil, nil)
	for i := range maxOrphans + 1 {
		leave(t, s, fmt.Sprint(i))
	}
	s.opened = time.Now().Add(time.Second)
	require.ErrorContains(t, s.SweepOrphans(t.Context()), "have no row")
	require.Equal(t, maxOrphans+1, filesIn(t, s, filesDir))
}
