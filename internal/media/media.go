package media

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"medixchange/internal/sqldb"
	"medixchange/internal/web"
)

// Remote fetches files of other servers.
type Remote interface {
	// FetchMedia writes the file to w, over the authenticated federation endpoint or, for older servers, the
	// unauthenticated one. Errors that are a *web.Error are passed on to the client.
	FetchMedia(ctx context.Context, server, mediaID string, w io.Writer) (RemoteFile, error)
}

// RemoteFile is what another server says about a file.
type RemoteFile struct {
	ContentType string
	Filename    string
}

// Size is a size of thumbnails; Method is "crop" or "scale" (specification, "Thumbnails").
type Size struct {
	Width, Height int
	Method        string
}

// Options configures a Store. All bounds are needed.
type Options struct {
	ServerName string
	// Dir is the media folder; it is created.
	Dir       string
	MaxUpload int64
	// UserQuota is the most bytes that one user may store; 0 means no bound.
	UserQuota int64
	// Thumbnails are the sizes that are kept; others are rounded up to one of them or to a coarse grid.
	Thumbnails   []Size
	MaxThumbnail int // pixels, width and height
	MaxPixels    int // pictures with more get no thumbnail
	RemoteCache  int64
	RemoteMax    int64 // bytes of one file of another server
	// Unauthenticated lets files that are stored from now on be read at the old endpoints. It is also what these look at.
	Unauthenticated bool
	PendingPerUser  int
	PendingLifetime time.Duration
	Log             *logrus.Entry
}

// Store is the content repository. It is safe for concurrent use.
type Store struct {
	opts   Options
	db     *sqldb.DB
	remote Remote
	now    func() time.Time
	opened time.Time // by the clock that files carry

	fetches    singleflight.Group
	thumbnails singleflight.Group
	decoders   *semaphore.Weighted
	// cached is about how many bytes of other servers' files are kept; Sweep corrects it.
	cached atomic.Int64

	mu      sync.Mutex
	waiting map[string]*arrival // by media id of an announcement
}

// clockGrain is how far the clock that files carry may be behind.
const clockGrain = 10 * time.Millisecond

// maxDecoders bounds the pictures that are in memory at the same time.
const maxDecoders = 2

// New opens the media folder and removes what unfinished uploads left in it. remote may be nil if there is no
// federation.
func New(db *sqldb.DB, remote Remote, opts Options) (*Store, error) {
	s := &Store{opts: opts, db: db, remote: remote, now: time.Now, opened: time.Now().Add(-clockGrain),
		decoders: semaphore.NewWeighted(maxDecoders), waiting: map[string]*arrival{}}
	if err := os.RemoveAll(s.tempDir()); err != nil {
		return nil, fmt.Errorf("clearing unfinished uploads: %w", err)
	}
	for _, dir := range []string{s.tempDir(), filepath.Join(opts.Dir, filesDir), filepath.Join(opts.Dir, thumbnailsDir)} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("making the media folder: %w", err)
		}
	}
	return s, nil
}

// Upload is a file to store.
type Upload struct {
	Uploader    string // user id
	ContentType string // as the client says; empty means unknown
	Filename    string
	Body        io.Reader
	// Size is what the client announces, -1 if it does not.
	Size int64
}

// URI returns the mxc URI of a file.
func URI(server, mediaID string) string { return "mxc://" + server + "/" + mediaID }

// ParseURI splits an mxc URI.
func ParseURI(uri string) (server, mediaID string, err error) {
	rest, ok := strings.CutPrefix(uri, "mxc://")
	server, mediaID, split := strings.Cut(rest, "/")
	if !ok || !split || server == "" || !ValidID(mediaID) {
		return "", "", web.InvalidParam("%q is not an mxc URI", uri)
	}
	return server, mediaID, nil
}

const maxIDLength = 255

// ValidID reports whether id may be a media id of any server: opaque, but of the characters that the specification
// allows ("Matrix Content (mxc://) URIs").
func ValidID(id string) bool {
	if id == "" || len(id) > maxIDLength {
		return false
	}
	for _, c := range []byte(id) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}

// Upload stores a file and returns its mxc URI. When it returns, file and row survive a power loss. Errors are
// M_TOO_LARGE, M_FORBIDDEN when the user's quota is used up, 503 when the disk is full.
func (s *Store) Upload(ctx context.Context, u Upload) (string, error) {
	id := rand.Text()
	now := s.now().UnixMilli()
	rec := record{Server: s.opts.ServerName, ID: id, State: stateThere, Local: true, Unauthenticated: s.opts.Unauthenticated,
		Uploader: u.Uploader, Created: now, LastAccess: now}
	if err := s.receive(ctx, &rec, u, func(tx *sqldb.Tx) error { return insert(tx, rec) }); err != nil {
		return "", err
	}
	return URI(s.opts.ServerName, id), nil
}

// Create announces a file whose bytes come later (MSC2246) and returns its URI and until when they may come.
func (s *Store) Create(ctx context.Context, uploader string) (uri string, expires time.Time, err error) {
	now := s.now()
	expires = now.Add(s.opts.PendingLifetime)
	rec := record{Server: s.opts.ServerName, ID: rand.Text(), Local: true, State: statePending, Uploader: uploader,
		Unauthenticated: s.opts.Unauthenticated, Created: now.UnixMilli(), LastAccess: now.UnixMilli(), Expires: expires.UnixMilli()}
	err = s.db.Write(ctx, func(tx *sqldb.Tx) error {
		n, err := countPending(tx, uploader, now.UnixMilli())
		if err != nil {
			return err
		}
		if n >= s.opts.PendingPerUser {
			limited := web.LimitExceeded(s.opts.PendingLifetime)
			limited.Message = "Too many uploads are announced already"
			return limited
		}
		return insert(tx, rec)
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("announcing an upload: %w", err)
	}
	return URI(rec.Server, rec.ID), expires, nil
}

// Complete stores the bytes of a file that uploader has announced with Create. Errors are those of Upload, M_NOT_FOUND
// for a lapsed or unknown announcement, M_FORBIDDEN for another user's, M_CANNOT_OVERWRITE_MEDIA if they are there already.
func (s *Store) Complete(ctx context.Context, mediaID string, u Upload) error {
	rec, err := s.announced(ctx, mediaID, u.Uploader)
	if err != nil {
		return err
	}
	rec.State, rec.Expires = stateThere, 0
	err = s.receive(ctx, &rec, u, func(tx *sqldb.Tx) error {
		done, err := complete(tx, rec)
		if err == nil && !done {
			return errOverwrite()
		}
		return err
	})
	if err == nil {
		s.arrived(mediaID)
	}
	return err
}

func errOverwrite() error {
	return web.NewError(http.StatusConflict, "M_CANNOT_OVERWRITE_MEDIA", "This file has been uploaded already")
}

func (s *Store) announced(ctx context.Context, mediaID, uploader string) (record, error) {
	rec, err := s.load(ctx, s.opts.ServerName, mediaID)
	switch {
	case err != nil:
		return record{}, err
	case rec.Uploader != uploader:
		return record{}, web.Forbidden("This upload was announced by someone else")
	case rec.State != statePending:
		return record{}, errOverwrite()
	case rec.Expires <= s.now().UnixMilli():
		return record{}, web.NotFound("The time for this upload has passed")
	}
	return rec, nil
}

// receive writes the body to a file, makes it durable under its name and then commits the row with the quota checked.
// It fills what is known of the file into rec before commit runs.
func (s *Store) receive(ctx context.Context, rec *record, u Upload, commit func(tx *sqldb.Tx) error) error {
	if u.Size > s.opts.MaxUpload {
		return errUploadTooLarge(s.opts.MaxUpload)
	}
	rec.ContentType, rec.Filename = cleanContentType(u.ContentType), cleanFilename(u.Filename)
	temp, err := s.newTemp(s.opts.MaxUpload)
	if err != nil {
		return err
	}
	defer temp.discard()
	if _, err := io.Copy(temp, u.Body); err != nil {
		return uploadError(err, s.opts.MaxUpload)
	}
	rec.Size, rec.SHA256 = temp.size, temp.sum()
	// Two requests may bring bytes for one announcement; each has its own file name until one of them wins the row.
	return s.publish(ctx, temp, rec, func(tx *sqldb.Tx) error {
		if err := s.checkQuota(tx, rec); err != nil {
			return err
		}
		return commit(tx)
	})
}

func (s *Store) checkQuota(tx *sqldb.Tx, rec *record) error {
	if s.opts.UserQuota <= 0 {
		return nil
	}
	used, err := sumSizes(tx, rec.Uploader)
	if err != nil {
		return err
	}
	if used+rec.Size > s.opts.UserQuota {
		return web.Forbidden("Your storage is used up (%d bytes)", s.opts.UserQuota)
	}
	return nil
}

func errUploadTooLarge(limit int64) *web.Error {
	return web.TooLarge("Files may not be larger than %d bytes", limit)
}

func uploadError(err error, limit int64) error {
	var tooLarge *http.MaxBytesError
	if errors.Is(err, errTooLarge) || errors.As(err, &tooLarge) {
		return errUploadTooLarge(limit).Because(err)
	}
	return diskError("receiving an upload", err)
}
