package media

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
	"medixchange/internal/web"
)

const (
	own   = "a.example"
	alice = "@alice:a.example"
	bob   = "@bob:a.example"
)

func testOptions(dir string) Options {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return Options{ServerName: own, Dir: dir, MaxUpload: 1 << 20, Thumbnails: []Size{{32, 32, "crop"}, {320, 240, "scale"}},
		MaxThumbnail: 800, MaxPixels: 4_000_000, RemoteCache: 10_000, RemoteMax: 5_000, PendingPerUser: 2,
		PendingLifetime: time.Hour, Log: logrus.NewEntry(log)}
}

func newStore(t *testing.T, url string, remote Remote, change func(*Options)) *Store {
	db, err := sqldb.Open(t.Context(), sqldb.Options{URL: url})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	opts := testOptions(filepath.Join(t.TempDir(), "media"))
	if change != nil {
		change(&opts)
	}
	s, err := New(db, remote, opts)
	require.NoError(t, err)
	return s
}

func text(uploader, body string) Upload {
	return Upload{Uploader: uploader, ContentType: "text/plain", Filename: "notes.txt", Body: strings.NewReader(body), Size: -1}
}

func idOf(t *testing.T, uri string) string {
	server, id, err := ParseURI(uri)
	require.NoError(t, err)
	require.Equal(t, own, server)
	return id
}

func read(t *testing.T, s *Store, req Request) (string, error) {
	f, err := s.Open(t.Context(), req)
	if err != nil {
		return "", err
	}
	defer f.Close()
	body, err := io.ReadAll(f)
	require.NoError(t, err)
	require.EqualValues(t, len(body), f.Size)
	return string(body), nil
}

// filesIn counts the files below a folder of the store.
func filesIn(t *testing.T, s *Store, dir string) (n int) {
	require.NoError(t, filepath.WalkDir(filepath.Join(s.opts.Dir, dir), func(_ string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			n++
		}
		return err
	}))
	return n
}

func requireCode(t *testing.T, err error, status int, code string) {
	t.Helper()
	var e *web.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, code, e.Code)
	require.Equal(t, status, e.Status)
}

func TestUploadAndOpen(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		s := newStore(t, fresh(), nil, nil)
		uri, err := s.Upload(t.Context(), text(alice, "38.5 °C"))
		require.NoError(t, err)
		id := idOf(t, uri)
		f, err := s.Open(t.Context(), Request{Server: own, ID: id})
		require.NoError(t, err)
		require.Equal(t, "text/plain", f.ContentType)
		require.Equal(t, "notes.txt", f.Filename)
		require.NoError(t, f.Close())
		body, err := read(t, s, Request{Server: own, ID: id, LocalOnly: true})
		require.NoError(t, err)
		require.Equal(t, "38.5 °C", body)
		_, err = s.Open(t.Context(), Request{Server: own, ID: id, Unauthenticated: true})
		requireCode(t, err, 404, "M_NOT_FOUND")

		again, err := New(s.db, nil, s.opts)
		require.NoError(t, err)
		_, err = read(t, again, Request{Server: own, ID: id})
		require.NoError(t, err, "files are there after a restart")

		require.NoError(t, s.Delete(t.Context(), own, id))
		_, err = s.Open(t.Context(), Request{Server: own, ID: id})
		requireCode(t, err, 404, "M_NOT_FOUND")
		require.Zero(t, filesIn(t, s, filesDir))
		requireCode(t, s.Delete(t.Context(), own, id), 404, "M_NOT_FOUND")
	})
}

func TestUploadLimits(t *testing.T) {
	s := newStore(t, sqldbtest.SQLite(t), nil, func(o *Options) { o.MaxUpload, o.UserQuota = 100, 150 })
	large := text(alice, strings.Repeat("a", 101))
	_, err := s.Upload(t.Context(), large)
	requireCode(t, err, 413, "M_TOO_LARGE")
	announced := text(alice, "small")
	announced.Size = 101
	_, err = s.Upload(t.Context(), announced)
	requireCode(t, err, 413, "M_TOO_LARGE")

	_, err = s.Upload(t.Context(), text(alice, strings.Repeat("a", 100)))
	require.NoError(t, err)
	_, err = s.Upload(t.Context(), text(alice, strings.Repeat("a", 51)))
	requireCode(t, err, 403, "M_FORBIDDEN")
	_, err = s.Upload(t.Context(), text(bob, strings.Repeat("a", 100)))
	require.NoError(t, err, "quotas are per user")

	broken := text(bob, "")
	broken.Body = io.MultiReader(strings.NewReader("half"), brokenReader{})
	_, err = s.Upload(t.Context(), broken)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Equal(t, 2, filesIn(t, s, ""), "what was refused leaves nothing")
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestQuotaHoldsUnderConcurrentUploads(t *testing.T) {
	s := newStore(t, sqldbtest.SQLite(t), nil, func(o *Options) { o.UserQuota = 250 })
	var stored atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := s.Upload(t.Context(), text(alice, strings.Repeat("a", 100))); err == nil {
				stored.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 2, stored.Load())
	require.Equal(t, 2, filesIn(t, s, ""))
}

func TestAnnouncedUploads(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, fresh func() string) {
		s := newStore(t, fresh(), nil, nil)
		now := time.Now()
		s.now = func() time.Time { return now }
		uri, expires, err := s.Create(t.Context(), alice)
		require.NoError(t, err)
		require.Equal(t, now.Add(time.Hour), expires)
		id := idOf(t, uri)
		_, err = s.Open(t.Context(), Request{Server: own, ID: id, Wait: time.Millisecond})
		requireCode(t, err, 504, "M_NOT_YET_UPLOADED")
		requireCode(t, s.Complete(t.Context(), id, text(bob, "x")), 403, "M_FORBIDDEN")
		requireCode(t, s.Complete(t.Context(), "unknown", text(alice, "x")), 404, "M_NOT_FOUND")

		_, _, err = s.Create(t.Context(), alice)
		require.NoError(t, err)
		_, _, err = s.Create(t.Context(), alice)
		requireCode(t, err, 429, "M_LIMIT_EXCEEDED")
		_, _, err = s.Create(t.Context(), bob)
		require.NoError(t, err)

		waited := make(chan string, 1)
		go func() {
			body, err := read(t, s, Request{Server: own, ID: id, Wait: MaxWait})
			waited <- fmt.Sprint(body, err)
		}()
		require.Eventually(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.waiting) == 1 }, 30*time.Second, time.Millisecond)
		require.NoError(t, s.Complete(t.Context(), id, text(alice, "here")))
		require.Equal(t, "here<nil>", <-waited)
		require.Empty(t, s.waiting)
		requireCode(t, s.Complete(t.Context(), id, text(alice, "other")), 409, "M_CANNOT_OVERWRITE_MEDIA")
		body, err := read(t, s, Request{Server: own, ID: id})
		require.NoError(t, err)
		require.Equal(t, "here", body)

		late, _, err := s.Create(t.Context(), alice)
		require.NoError(t, err)
		now = now.Add(2 * time.Hour)
		requireCode(t, s.Complete(t.Context(), idOf(t, late), text(alice, "x")), 404, "M_NOT_FOUND")
		_, err = s.Open(t.Context(), Request{Server: own, ID: idOf(t, late), Wait: MaxWait})
		requireCode(t, err, 404, "M_NOT_FOUND")
		require.NoError(t, s.Sweep(t.Context()))
		_, err = s.load(t.Context(), own, idOf(t, late))
		requireCode(t, err, 404, "M_NOT_FOUND")
	})
}

func TestTwoCompletionsOfOneAnnouncement(t *testing.T) {
	s := newStore(t, sqldbtest.SQLite(t), nil, nil)
	uri, _, err := s.Create(t.Context(), alice)
	require.NoError(t, err)
	id := idOf(t, uri)
	errs := make([]error, 6)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = s.Complete(t.Context(), id, text(alice, fmt.Sprint("body ", i))) })
	}
	wg.Wait()
	body, err := read(t, s, Request{Server: own, ID: id})
	require.NoError(t, err)
	for i, err := range errs {
		if err == nil {
			require.Equal(t, fmt.Sprint("body ", i), body)
			continue
		}
		requireCode(t, err, 409, "M_CANNOT_OVERWRITE_MEDIA")
	}
	require.Equal(t, 1, filesIn(t, s, ""))
}

func TestNoRoomIsSaid(t *testing.T) {
	s := newStore(t, sqldbtest.SQLite(t), nil, nil)
	full := text(alice, "")
	full.Body = errReader{fmt.Errorf("write /x: %w", syscall.ENOSPC)}
	_, err := s.Upload(t.Context(), full)
	requireCode(t, err, 503, "M_UNKNOWN")
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func TestServe(t *testing.T) {
	s := newStore(t, sqldbtest.SQLite(t), nil, nil)
	get := func(u Upload, filename string, header ...string) *httptest.ResponseRecorder {
		uri, err := s.Upload(t.Context(), u)
		require.NoError(t, err)
		f, err := s.Open(t.Context(), Request{Server: own, ID: idOf(t, uri)})
		require.NoError(t, err)
		defer f.Close()
		r := httptest.NewRequest("GET", "/", nil)
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		f.Serve(w, r, filename)
		return w
	}
	w := get(text(alice, "hello"), "")
	require.Equal(t, "hello", w.Body.String())
	require.Equal(t, `inline; filename=notes.txt`, w.Header().Get("Content-Disposition"))
	require.Contains(t, w.Header().Get("Content-Security-Policy"), "sandbox")
	require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))

	evil := text(alice, "<script>alert(1)</script>")
	for contentType, want := range map[string]string{"text/html": "text/html", "image/svg+xml": "image/svg+xml", "": unknownType,
		"text/plain\r\nX-Evil: 1": unknownType, "nonsense": unknownType} {
		evil.ContentType, evil.Body = contentType, strings.NewReader("<script>alert(1)</script>")
		w = get(evil, "")
		require.Equal(t, want, w.Header().Get("Content-Type"))
		require.True(t, strings.HasPrefix(w.Header().Get("Content-Disposition"), "attachment"), contentType)
		require.Empty(t, w.Header().Get("X-Evil"))
	}
	require.Equal(t, "inline; filename*=utf-8''%E7%97%85%E5%8E%86.txt", get(text(alice, "x"), "病历.txt").Header().Get("Content-Disposition"))
	require.Equal(t, http.StatusPartialContent, get(text(alice, "hello"), "", "Range", "bytes=1-2").Code)
}

func TestMultipart(t *testing.T) {
	s := newStore(t, sqldbtest.SQLite(t), nil, nil)
	u := text(alice, "bytes\r\n--not a boundary\r\n")
	u.Filename = "Überweisung.txt"
	uri, err := s.Upload(t.Context(), u)
	require.NoError(t, err)
	f, err := s.Open(t.Context(), Request{Server: own, ID: idOf(t, uri)})
	require.NoError(t, err)
	defer f.Close()
	w := httptest.NewRecorder()
	require.NoError(t, f.WriteMultipart(w))
	var got bytes.Buffer
	about, location, err := ReadMultipart(w.Header().Get("Content-Type"), w.Body, &got)
	require.NoError(t, err)
	require.Empty(t, location)
	require.Equal(t, RemoteFile{ContentType: "text/plain", Filename: "Überweisung.txt"}, about)
	require.Equal(t, "bytes\r\n--not a boundary\r\n", got.String())

	redirect := "--x\r\nContent-Type: application/json\r\n\r\n{}\r\n--x\r\nLocation: https://cdn.example/f\r\n\r\n\r\n--x--\r\n"
	_, location, err = ReadMultipart("multipart/mixed; boundary=x", strings.NewReader(redirect), &got)
	require.NoError(t, err)
	require.Equal(t, "https://cdn.example/f", location)
	for _, bad := range []struct{ kind, body string }{{"text/plain", "x"}, {"multipart/mixed", "x"}, {"multipart/mixed; boundary=x", "x"},
		{"multipart/mixed; boundary=x", "--x\r\n\r\n{}\r\n--x--\r\n"},
		{"multipart/mixed; boundary=x", "--x\r\n\r\n" + strings.Repeat(" ", maxMetadata+1) + "\r\n--x\r\n\r\nabc\r\n--x--\r\n"}} {
		_, _, err := ReadMultipart(bad.kind, strings.NewReader(bad.body), io.Discard)
		require.Error(t, err)
	}
}

func FuzzReadMultipart(f *testing.F) {
	f.Add("multipart/mixed; boundary=x", []byte("--x\r\n\r\n{}\r\n--x\r\nContent-Disposition: inline; filename*=utf-8''%ff\r\n\r\nabc\r\n--x--"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		about, _, err := ReadMultipart(kind, bytes.NewReader(body), io.Discard)
		if err == nil && strings.ContainsAny(cleanContentType(about.ContentType)+cleanFilename(about.Filename), "\r\n\x00") {
			t.Fatalf("%q", about)
		}
	})
}

func TestCleanFilename(t *testing.T) {
	for in, want := range map[string]string{"a.txt": "a.txt", "../../x": "x", `C:\y`: "y", "a\x00\r\nb": "ab", "gpj\u202eexe": "gpjexe",
		strings.Repeat("ä", 200): strings.Repeat("ä", 127), "\xff": ""} {
		require.Equal(t, want, cleanFilename(in))
	}
}
