package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"syscall"

	"medixchange/internal/sqldb"
	"medixchange/internal/web"
)

const (
	filesDir      = "files"
	thumbnailsDir = "thumbnails"
)

var errTooLarge = errors.New("the file is larger than allowed")

func (s *Store) tempDir() string { return filepath.Join(s.opts.Dir, "incoming") }

// path returns where a file is kept: under a name that only a hash decides, so that no id of a foreign server ever
// becomes a path. The content hash is part of it, so that two writers of one id cannot disturb each other.
func (s *Store) path(server, id string, content []byte) string {
	name := pathName(server, id)
	return filepath.Join(s.opts.Dir, filesDir, name[:2], name[2:4], name[4:]+"-"+hex.EncodeToString(content[:8]))
}

// thumbnailDir returns the folder of a file's thumbnails.
func (s *Store) thumbnailDir(server, id string) string {
	name := pathName(server, id)
	return filepath.Join(s.opts.Dir, thumbnailsDir, name[:2], name[2:4], name[4:])
}

func pathName(server, id string) string {
	sum := sha256.Sum256([]byte(server + "/" + id))
	return hex.EncodeToString(sum[:20])
}

// temp is a file being received: bounded, hashed, without a name that anyone knows.
type temp struct {
	file *os.File
	hash hash.Hash
	size int64
	max  int64
}

func (s *Store) newTemp(limit int64) (*temp, error) {
	f, err := os.CreateTemp(s.tempDir(), "in-*")
	if err != nil {
		return nil, diskError("receiving a file", err)
	}
	return &temp{file: f, hash: sha256.New(), max: limit}, nil
}

func (t *temp) Write(p []byte) (int, error) {
	if t.size+int64(len(p)) > t.max {
		return 0, errTooLarge
	}
	n, err := t.file.Write(p)
	t.hash.Write(p[:n])
	t.size += int64(n)
	return n, err
}

func (t *temp) sum() []byte { return t.hash.Sum(nil) }

// discard removes what was not published. It may be called always.
func (t *temp) discard() {
	t.file.Close()
	os.Remove(t.file.Name())
}

// publish makes a received file durable under its name and commits its row; if the row is refused the file goes too.
func (s *Store) publish(ctx context.Context, t *temp, rec *record, commit func(tx *sqldb.Tx) error) error {
	path := s.path(rec.Server, rec.ID, rec.SHA256)
	if err := t.store(path); err != nil {
		return diskError("storing a file", err)
	}
	err := s.db.Write(ctx, commit)
	if err == nil {
		return nil
	}
	// After an unknown outcome, or when another request stored the same bytes for the same id, a row may name the file.
	there, lookup := s.load(context.WithoutCancel(ctx), rec.Server, rec.ID)
	if web.IsCode(lookup, "M_NOT_FOUND") || lookup == nil && !bytes.Equal(there.SHA256, rec.SHA256) {
		os.Remove(path)
	}
	return fmt.Errorf("storing a file: %w", err)
}

// store syncs the file, gives it its name and syncs the folders that are new, so that the name survives too.
func (t *temp) store(path string) error {
	if err := t.file.Sync(); err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.Rename(t.file.Name(), path); err != nil {
		return err
	}
	for _, d := range []string{dir, filepath.Dir(dir), filepath.Dir(filepath.Dir(dir))} {
		if err := syncDir(d); err != nil {
			return err
		}
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// diskError makes a full disk an answer that says so.
func diskError(doing string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return web.Unavailable("The server has no room for files at the moment").Because(fmt.Errorf("%s: %w", doing, err))
	}
	return fmt.Errorf("%s: %w", doing, err)
}
