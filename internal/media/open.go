package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"medixchange/internal/sqldb"
	"medixchange/internal/web"
)

const (
	// DefaultWait and MaxWait bound how long a reader waits for announced bytes (timeout_ms).
	DefaultWait = 20 * time.Second
	MaxWait     = time.Minute

	// fetchTimeout bounds the fetching of a file of another server.
	fetchTimeout = 3 * time.Minute
	// accessGrain is how exact last_access is: a write per download would be too many.
	accessGrain = time.Hour
)

// Request names the file that a reader wants.
type Request struct {
	Server, ID string
	// LocalOnly refuses to ask other servers (allow_remote=false, and every request that comes from another server).
	LocalOnly bool
	// Wait is how long to wait for bytes that are announced but not there; above MaxWait it is cut.
	Wait time.Duration
	// Unauthenticated marks a request at the old endpoints, which shows only what they may show.
	Unauthenticated bool
}

// File is an open file. It must be closed.
type File struct {
	io.ReadSeekCloser
	ContentType string
	Filename    string
	Size        int64
	SHA256      []byte
	Created     time.Time
}

// Open opens a file, fetching it from its server if need be. Errors are M_NOT_FOUND, 504 M_NOT_YET_UPLOADED, 502 when
// the other server cannot be asked.
func (s *Store) Open(ctx context.Context, req Request) (*File, error) {
	rec, err := s.find(ctx, req)
	if err != nil {
		return nil, err
	}
	return s.openRecord(rec)
}

func (s *Store) openRecord(rec record) (*File, error) {
	f, err := os.Open(s.path(rec.Server, rec.ID, rec.SHA256))
	if errors.Is(err, os.ErrNotExist) {
		return nil, errNoFile().Because(err)
	}
	if err != nil {
		return nil, fmt.Errorf("opening a file: %w", err)
	}
	return &File{ReadSeekCloser: f, ContentType: rec.ContentType, Filename: rec.Filename, Size: rec.Size, SHA256: rec.SHA256,
		Created: time.UnixMilli(rec.Created)}, nil
}

// find returns the row of a file whose bytes are there.
func (s *Store) find(ctx context.Context, req Request) (record, error) {
	if !ValidID(req.ID) || req.Server == "" {
		return record{}, errNoFile()
	}
	local := req.Server == s.opts.ServerName
	rec, err := s.cachedOrOwn(ctx, req.Server, req.ID)
	switch {
	case web.IsCode(err, "M_NOT_FOUND") && !local && !req.LocalOnly && s.remote != nil && (!req.Unauthenticated || s.opts.Unauthenticated):
		rec, err = s.fetch(ctx, req.Server, req.ID)
	case err == nil && rec.State == statePending:
		rec, err = s.await(ctx, rec, req.Wait)
	}
	if err != nil {
		return record{}, err
	}
	if req.LocalOnly && !local || req.Unauthenticated && !rec.Unauthenticated {
		return record{}, errNoFile()
	}
	s.accessed(ctx, rec)
	return rec, nil
}

// cachedOrOwn is load, but forgets a cached file whose bytes are gone (a backup need not hold the cache).
func (s *Store) cachedOrOwn(ctx context.Context, server, id string) (record, error) {
	rec, err := s.load(ctx, server, id)
	if err != nil || rec.Local {
		return rec, err
	}
	if _, err := os.Stat(s.path(server, id, rec.SHA256)); !errors.Is(err, os.ErrNotExist) {
		return rec, nil
	}
	if err := s.Delete(ctx, server, id); err != nil && !web.IsCode(err, "M_NOT_FOUND") {
		return record{}, err
	}
	return record{}, errNoFile()
}

// accessed notes the use of a cached file for the eviction.
func (s *Store) accessed(ctx context.Context, rec record) {
	now := s.now().UnixMilli()
	if rec.Local || now-rec.LastAccess < accessGrain.Milliseconds() {
		return
	}
	err := s.db.Write(ctx, func(tx *sqldb.Tx) error { return touch(tx, rec.Server, rec.ID, now) })
	if err != nil {
		s.opts.Log.WithError(err).Warn("Could not note the use of a cached file")
	}
}

// await waits until announced bytes are there.
func (s *Store) await(ctx context.Context, rec record, wait time.Duration) (record, error) {
	if rec.Expires <= s.now().UnixMilli() {
		return record{}, errNoFile()
	}
	arrived, release := s.expect(rec.ID)
	defer release()
	// Registered first, then read again: bytes that came in between are not missed.
	again, err := s.load(ctx, rec.Server, rec.ID)
	if err != nil || again.State == stateThere {
		return again, err
	}
	timer := time.NewTimer(min(wait, MaxWait))
	defer timer.Stop()
	select {
	case <-arrived:
		return s.load(ctx, rec.Server, rec.ID)
	case <-ctx.Done():
		return record{}, ctx.Err()
	case <-web.Draining(ctx):
	case <-timer.C:
	}
	return record{}, web.NewError(http.StatusGatewayTimeout, "M_NOT_YET_UPLOADED", "The file has not been uploaded yet")
}

// arrival is what waits for the bytes of one announcement.
type arrival struct {
	done    chan struct{}
	waiters int
}

// expect returns a channel that is closed when the bytes of an announcement are there. release ends the waiting.
func (s *Store) expect(mediaID string) (done <-chan struct{}, release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.waiting[mediaID]
	if a == nil {
		a = &arrival{done: make(chan struct{})}
		s.waiting[mediaID] = a
	}
	a.waiters++
	return a.done, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if a.waiters--; a.waiters == 0 && s.waiting[mediaID] == a {
			delete(s.waiting, mediaID)
		}
	}
}

func (s *Store) arrived(mediaID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.waiting[mediaID]; a != nil {
		close(a.done)
		delete(s.waiting, mediaID)
	}
}

// fetch brings a file of another server into the cache, once for all who ask at the same time. It goes on if the one
// who asked first goes away.
func (s *Store) fetch(ctx context.Context, server, id string) (record, error) {
	result := s.fetches.DoChan(server+"/"+id, func() (any, error) {
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		return s.fetchOnce(detached, server, id)
	})
	select {
	case <-ctx.Done():
		return record{}, ctx.Err()
	case r := <-result:
		rec, _ := r.Val.(record)
		return rec, r.Err
	}
}

func (s *Store) fetchOnce(ctx context.Context, server, id string) (record, error) {
	t, err := s.newTemp(s.opts.RemoteMax)
	if err != nil {
		return record{}, err
	}
	defer t.discard()
	about, err := s.remote.FetchMedia(ctx, server, id, t)
	if err != nil {
		return record{}, fetchError(server, err)
	}
	now := s.now().UnixMilli()
	rec := record{Server: server, ID: id, State: stateThere, Unauthenticated: s.opts.Unauthenticated,
		ContentType: cleanContentType(about.ContentType), Filename: cleanFilename(about.Filename),
		Size: t.size, SHA256: t.sum(), Created: now, LastAccess: now}
	if err := s.publish(ctx, t, &rec, func(tx *sqldb.Tx) error { return insert(tx, rec) }); err != nil {
		return record{}, err
	}
	if s.cached.Add(rec.Size) > s.opts.RemoteCache {
		if err := s.Sweep(ctx); err != nil {
			s.opts.Log.WithError(err).Warn("Could not tidy the media folder")
		}
	}
	return rec, nil
}

func fetchError(server string, err error) error {
	var e *web.Error
	switch {
	case errors.Is(err, errTooLarge):
		return web.NewError(http.StatusBadGateway, "M_TOO_LARGE", "The file is too large to be fetched from %s", server).Because(err)
	case errors.As(err, &e):
		return err
	}
	return web.NewError(http.StatusBadGateway, "M_UNKNOWN", "The file could not be fetched from %s", server).Because(err)
}

// Delete removes a file with its thumbnails. One of another server is fetched again when someone asks for it.
func (s *Store) Delete(ctx context.Context, server, id string) error {
	rec, err := s.load(ctx, server, id)
	if err != nil {
		return err
	}
	if err := s.db.Write(ctx, func(tx *sqldb.Tx) error { return remove(tx, server, id) }); err != nil {
		return fmt.Errorf("deleting a file: %w", err)
	}
	return s.unlink(rec)
}

// unlink removes the bytes of a row that is gone; who has them open reads on.
func (s *Store) unlink(rec record) error {
	if err := os.RemoveAll(s.thumbnailDir(rec.Server, rec.ID)); err != nil {
		return fmt.Errorf("deleting thumbnails: %w", err)
	}
	if rec.State == statePending || len(rec.SHA256) == 0 {
		return nil
	}
	if err := os.Remove(s.path(rec.Server, rec.ID, rec.SHA256)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("deleting a file: %w", err)
	}
	return nil
}
