package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/web"
)

// farAway serves files of other servers from a map.
type farAway struct {
	files map[string]string
	calls atomic.Int32
	gate  chan struct{}
}

func (f *farAway) FetchMedia(ctx context.Context, server, id string, w io.Writer) (RemoteFile, error) {
	f.calls.Add(1)
	if f.gate != nil {
		<-f.gate
	}
	body, there := f.files[server+"/"+id]
	if !there {
		return RemoteFile{}, web.NotFound("not there")
	}
	if body == "broken" {
		return RemoteFile{}, errors.New("connection refused")
	}
	if _, err := io.WriteString(w, body); err != nil {
		return RemoteFile{}, fmt.Errorf("receiving: %w", err)
	}
	return RemoteFile{ContentType: "text/html; charset=utf-8", Filename: "../../etc/passwd"}, ctx.Err()
}

func TestRemoteFiles(t *testing.T) {
	remote := &farAway{files: map[string]string{"b.example/one": "first", "b.example/huge": strings.Repeat("a", 5001), "b.example/bad": "broken"}}
	s := newStore(t, sqldbtest.SQLite(t), remote, nil)
	for range 2 {
		f, err := s.Open(t.Context(), Request{Server: "b.example", ID: "one"})
		require.NoError(t, err)
		require.Equal(t, "passwd", f.Filename)
		require.NoError(t, f.Close())
	}
	require.EqualValues(t, 1, remote.calls.Load(), "the second time it comes from the cache")

	_, err := s.Open(t.Context(), Request{Server: "b.example", ID: "one", LocalOnly: true})
	requireCode(t, err, 404, "M_NOT_FOUND")
	_, err = s.Open(t.Context(), Request{Server: "b.example", ID: "none"})
	requireCode(t, err, 404, "M_NOT_FOUND")
	_, err = s.Open(t.Context(), Request{Server: "b.example", ID: "huge"})
	requireCode(t, err, 502, "M_TOO_LARGE")
	_, err = s.Open(t.Context(), Request{Server: "b.example", ID: "bad"})
	requireCode(t, err, 502, "M_UNKNOWN")
	calls := remote.calls.Load()
	for _, id := range []string{"..%2F..", "../x", "", "a/b", strings.Repeat("a", 256)} {
		_, err = s.Open(t.Context(), Request{Server: "b.example", ID: id})
		requireCode(t, err, 404, "M_NOT_FOUND")
	}
	_, err = s.Open(t.Context(), Request{Server: "b.example", ID: "new", Unauthenticated: true})
	requireCode(t, err, 404, "M_NOT_FOUND")
	require.Equal(t, calls, remote.calls.Load(), "nobody was asked for these")

	require.NoError(t, os.RemoveAll(filepath.Join(s.opts.Dir, filesDir)))
	body, err := read(t, s, Request{Server: "b.example", ID: "one"})
	require.NoError(t, err, "a cache that was lost is filled again")
	require.Equal(t, "first", body)
}

func TestRemoteFilesAreFetchedOnce(t *testing.T) {
	remote := &farAway{files: map[string]string{"b.example/one": "first"}, gate: make(chan struct{})}
	s := newStore(t, sqldbtest.SQLite(t), remote, nil)
	impatient, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := s.Open(impatient, Request{Server: "b.example", ID: "one"})
		left <- err
	}()
	require.Eventually(t, func() bool { return remote.calls.Load() == 1 }, 30*time.Second, time.Millisecond)
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			body, err := read(t, s, Request{Server: "b.example", ID: "one"})
			if err != nil || body != "first" {
				t.Errorf("read %q: %v", body, err)
			}
		})
	}
	leave()
	require.ErrorIs(t, <-left, context.Canceled)
	close(remote.gate)
	wg.Wait()
	require.EqualValues(t, 1, remote.calls.Load(), "who asked first went away, the fetch went on")
}

func TestTheCacheIsBounded(t *testing.T) {
	remote := &farAway{files: map[string]string{}}
	for i := range 30 {
		remote.files[fmt.Sprintf("b.example/f%d", i)] = strings.Repeat("a", 1000)
	}
	s := newStore(t, sqldbtest.SQLite(t), remote, nil)
	now := time.Now()
	s.now = func() time.Time { now = now.Add(accessGrain + time.Second); return now }
	_, err := s.Upload(t.Context(), text(alice, strings.Repeat("a", 20_000)))
	require.NoError(t, err)
	for i := range 30 {
		_, err := read(t, s, Request{Server: "b.example", ID: fmt.Sprintf("f%d", i)})
		require.NoError(t, err)
		_, err = read(t, s, Request{Server: "b.example", ID: "f0"})
		require.NoError(t, err)
	}
	size, err := s.remoteSize(t.Context())
	require.NoError(t, err)
	require.LessOrEqual(t, size, s.opts.RemoteCache)
	require.Equal(t, int(size/1000)+1, filesIn(t, s, filesDir), "our own files stay")
	calls := remote.calls.Load()
	require.EqualValues(t, 30, calls, "f0 was used all the time and never evicted")
}
