package media

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	orphanPage = 1000
	// maxOrphans is how many files without a row a crash can leave; when there are more, the folder is not this database's,
	// for example after an old backup of it was restored, and nothing is removed.
	maxOrphans = 1000
)

// SweepOrphans removes files that an earlier process published without committing their row, or whose row it removed first:
// it ended in between. Files of this process are left alone.
func (s *Store) SweepOrphans(ctx context.Context) error {
	known, hash, err := s.knownPaths(ctx)
	if err != nil {
		return err
	}
	root := filepath.Join(s.opts.Dir, filesDir)
	var orphans []string
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if _, ok := known[hash(path)]; ok {
			return ctx.Err()
		}
		info, err := d.Info()
		if err == nil && info.ModTime().Before(s.opened) {
			orphans = append(orphans, path)
		}
		if len(orphans) > maxOrphans {
			return fmt.Errorf("more than %d files have no row; are folder and database of one node?", maxOrphans)
		}
		return ignoreMissing(err)
	})
	if err != nil {
		return fmt.Errorf("looking for files without a row: %w", err)
	}
	for _, path := range orphans {
		if err := ignoreMissing(os.Remove(path)); err != nil {
			return fmt.Errorf("removing a file without a row: %w", err)
		}
	}
	if len(orphans) > 0 {
		s.opts.Log.WithField("files", len(orphans)).Info("Files that a crash had left were removed")
	}
	return nil
}

// knownPaths returns where files with a row are, as hashes: all that is kept of each is eight bytes.
func (s *Store) knownPaths(ctx context.Context) (known map[uint64]struct{}, hash func(path string) uint64, err error) {
	known = map[uint64]struct{}{}
	seed := maphash.MakeSeed()
	hash = func(path string) uint64 { return maphash.String(seed, path) }
	var last record
	for {
		page, err := s.filesAfter(ctx, last.Server, last.ID, orphanPage)
		if err != nil {
			return nil, nil, err
		}
		for _, rec := range page {
			known[hash(s.path(rec.Server, rec.ID, rec.SHA256))] = struct{}{}
		}
		if len(page) < orphanPage {
			return known, hash, nil
		}
		last = page[len(page)-1]
	}
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
