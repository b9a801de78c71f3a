package editions

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"medixchange/handbook"
	"medixchange/internal/sqldb"
)

// Bounds of an edition that is kept.
const (
	MaxFiles = 5000
	MaxBytes = 64 << 20 // of all files together
)

// temporary begins the names of archives that are not finished.
const temporary = ".new-"

// Install reads an edition strictly and keeps it. It is not shown yet: see Activate. The same files are the same edition,
// whatever their origin; the first one stands. What is not of the format is an error that wraps handbook.Problems, what a
// publisher signed before something newer ErrOlder, and nothing is kept then.
func (s *Store) Install(ctx context.Context, files fs.FS, from Origin) (Edition, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.install(ctx, files, from)
}

func (s *Store) install(ctx context.Context, files fs.FS, from Origin) (Edition, error) {
	if err := s.clear(ctx); err != nil {
		return Edition{}, err
	}
	archive, err := s.newArchive()
	if err != nil {
		return Edition{}, err
	}
	defer archive.discard()
	if err := archive.fill(files); err != nil {
		return Edition{}, fmt.Errorf("installing an edition of the handbook: %w", err)
	}
	read, err := handbook.ReadEdition(archive.open) // what was kept is read, not what may have changed meanwhile
	if err != nil {
		return Edition{}, fmt.Errorf("installing an edition of the handbook: %w", err)
	}
	there, known, err := one(ctx, s.o.DB, read.Mark)
	if err != nil {
		return Edition{}, err
	}
	if known && s.whole(read.Mark) {
		return there, s.note(ctx, from, read)
	}
	if from.Publisher != "" {
		if err := s.CheckSerial(ctx, from, read.ID, read.Mark); err != nil {
			return Edition{}, err
		}
	}
	if err := archive.keep(s.path(read.Mark)); err != nil {
		return Edition{}, err
	}
	e := Edition{
		Mark: read.Mark, Book: read.ID, Name: read.Edition, Date: read.Date, Origin: from,
		Files: archive.files, Bytes: archive.bytes, InstalledTS: s.o.Now().UnixMilli(),
	}
	if known {
		return there, s.note(ctx, from, read) // its archive was lost or spoilt, and is mended
	}
	err = s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if from.Publisher != "" {
			if err := noteSerial(tx, from, e.Book, e.Mark); err != nil {
				return err
			}
		}
		return insert(tx, e)
	})
	if err != nil {
		return Edition{}, err
	}
	s.prune(ctx)
	return e, nil
}

// note notes an edition that was there already as the newest of its publisher.
func (s *Store) note(ctx context.Context, from Origin, read *handbook.Edition) error {
	if from.Publisher == "" {
		return nil
	}
	return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return noteSerial(tx, from, read.ID, read.Mark) })
}

// whole reports whether the archive of an edition has what was put there.
func (s *Store) whole(mark string) bool {
	files, err := s.Files(mark)
	if err != nil {
		return false
	}
	is, err := handbook.MarkOf(files)
	return err == nil && is == mark
}

// archive is an archive that is being made.
type archive struct {
	store *Store
	file  *os.File
	files int
	bytes int64
}

func (s *Store) newArchive() (*archive, error) {
	if err := os.MkdirAll(s.o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the handbook's editions: %w", err)
	}
	file, err := os.CreateTemp(s.o.Dir, temporary+"*")
	if err != nil {
		return nil, fmt.Errorf("keeping an edition of the handbook: %w", err)
	}
	return &archive{store: s, file: file}, nil
}

// fill copies the files of an edition, within the bounds.
func (a *archive) fill(files fs.FS) error { return a.pack(a.file, files) }

func (a *archive) pack(to io.Writer, files fs.FS) error {
	out := zip.NewWriter(to)
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return nil
		case !entry.Type().IsRegular(): // a pipe would never end, and a link leads elsewhere
			return handbook.Problems{{File: path, Reason: "this is no plain file"}}
		}
		if a.files++; a.files > a.store.maxFiles {
			return handbook.Problems{{File: path, Reason: fmt.Sprintf("the edition has more than %d files", a.store.maxFiles)}}
		}
		return a.add(out, files, path)
	})
	if err != nil {
		return err
	}
	return out.Close()
}

func (a *archive) add(out *zip.Writer, files fs.FS, path string) error {
	in, err := files.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	to, err := out.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Deflate})
	if err != nil {
		return err
	}
	n, err := io.Copy(to, io.LimitReader(in, a.store.maxBytes-a.bytes+1))
	if a.bytes += n; a.bytes > a.store.maxBytes {
		return handbook.Problems{{File: path, Reason: fmt.Sprintf("the edition is larger than %d KiB", a.store.maxBytes>>10)}}
	}
	return err
}

// open gives the files that are there.
func (a *archive) open() (fs.FS, func(), error) {
	info, err := a.file.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("reading what was kept of an edition: %w", err)
	}
	files, err := zip.NewReader(a.file, info.Size())
	if err != nil {
		return nil, nil, fmt.Errorf("reading what was kept of an edition: %w", err)
	}
	return files, func() {}, nil
}

// keep gives the archive its name: after a power loss it is there whole, or not at all.
func (a *archive) keep(path string) error {
	if err := a.file.Sync(); err != nil {
		return fmt.Errorf("keeping an edition of the handbook: %w", err)
	}
	if err := os.Rename(a.file.Name(), path); err != nil {
		return fmt.Errorf("keeping an edition of the handbook: %w", err)
	}
	dir, err := os.Open(a.store.o.Dir)
	if err != nil {
		return fmt.Errorf("keeping an edition of the handbook: %w", err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		return fmt.Errorf("keeping an edition of the handbook: %w", err)
	}
	return nil
}

func (a *archive) discard() {
	_ = a.file.Close()
	_ = os.Remove(a.file.Name()) // it is not there any more where it was kept
}

// clear removes what an earlier run did not finish: archives that no row names. It does so once.
func (s *Store) clear(ctx context.Context) error {
	if s.cleared {
		return nil
	}
	entries, err := os.ReadDir(s.o.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("looking for editions of the handbook: %w", err)
	}
	for _, entry := range entries {
		mark, isArchive := strings.CutSuffix(entry.Name(), archiveSuffix)
		if isArchive && handbook.ValidMark(mark) {
			if _, known, err := one(ctx, s.o.DB, mark); err != nil || known {
				if err != nil {
					return err
				}
				continue
			}
		} else if !strings.HasPrefix(entry.Name(), temporary) {
			continue // not ours
		}
		if err := os.Remove(s.o.Dir + string(os.PathSeparator) + entry.Name()); err != nil {
			return fmt.Errorf("removing what was left of an edition of the handbook: %w", err)
		}
	}
	s.cleared = true
	return nil
}

// prune forgets old editions. What it cannot do now it does after the next one.
func (s *Store) prune(ctx context.Context) {
	var gone []string
	err := s.o.DB.Write(ctx, func(tx *sqldb.Tx) (err error) {
		gone, err = forget(tx, s.o.Keep)
		return err
	})
	if err != nil {
		s.o.Log.WithError(err).Warn("old editions of the handbook were not forgotten")
		return
	}
	for _, mark := range gone {
		if err := os.Remove(s.path(mark)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.o.Log.WithError(err).Warn("an old edition of the handbook was not removed")
		}
	}
}
