package handbook

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// Shelf reads an edition when somebody asks for it, and puts the embedded one away again when nobody has for a while:
// a node that nobody reads in keeps no book in memory. It is safe for concurrent use.
type Shelf struct {
	folder string
	now    func() time.Time

	mu      sync.Mutex
	edition *Edition
	used    time.Time // when the edition was asked for last
	failed  time.Time // when it could not be read last
	err     error     // why
}

// Edition is a book with the mark of its files.
type Edition struct {
	*Book
	Mark string // over all files of the edition, 32 hexadecimal digits: it changes with any of them
}

const (
	shelfIdle  = 10 * time.Minute // after which the embedded edition is put away
	shelfTick  = time.Minute
	shelfPause = 30 * time.Second // before a folder that could not be read is read again
)

// NewShelf makes a shelf for the edition in a folder, "" for the embedded one. It reads nothing yet.
func NewShelf(folder string, now func() time.Time) *Shelf {
	if now == nil {
		now = time.Now
	}
	return &Shelf{folder: folder, now: now}
}

// Edition gives the edition, and reads it first where it must: some tenths of a second for a whole book. What cannot be
// read is an error as that of Load, for half a minute without another try.
func (s *Shelf) Edition() (*Edition, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = s.now()
	if s.edition != nil {
		return s.edition, nil
	}
	if s.err != nil && s.used.Sub(s.failed) < shelfPause {
		return nil, s.err
	}
	s.edition, s.err = s.read()
	if s.err != nil {
		s.failed = s.used
	}
	return s.edition, s.err
}

func (s *Shelf) read() (*Edition, error) {
	files, closeFiles, err := Open(s.folder)
	if err != nil {
		return nil, err
	}
	defer closeFiles()
	book, err := Load(files)
	if err != nil {
		return nil, err
	}
	mark, err := markOf(files)
	if err != nil {
		return nil, err
	}
	return &Edition{Book: book, Mark: mark}, nil
}

// Mark gives the mark of the edition's files without reading them as a book.
func (s *Shelf) Mark() (string, error) {
	s.mu.Lock()
	edition := s.edition
	s.mu.Unlock()
	if edition != nil {
		return edition.Mark, nil
	}
	files, closeFiles, err := Open(s.folder)
	if err != nil {
		return "", err
	}
	defer closeFiles()
	return markOf(files)
}

// Image gives an image of the edition by its path, such as images/door.png; fs.ErrNotExist.
func (s *Shelf) Image(path string) ([]byte, error) {
	if !imageForm().MatchString(path) {
		return nil, fmt.Errorf("an image of the handbook: %w", fs.ErrNotExist)
	}
	files, closeFiles, err := Open(s.folder)
	if err != nil {
		return nil, err
	}
	defer closeFiles()
	f, err := files.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening an image of the handbook: %w", err)
	}
	defer f.Close()
	image, err := io.ReadAll(io.LimitReader(f, maxImage))
	if err != nil {
		return nil, fmt.Errorf("reading an image of the handbook: %w", err)
	}
	return image, nil
}

// Run puts the embedded edition away when it has been idle, and calls away then, until ctx ends. The edition of a folder
// stays: its files may be about to change, and what was read whole is shown until the node starts again.
func (s *Shelf) Run(ctx context.Context, away func()) {
	tick := time.NewTicker(shelfTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if s.putAway() {
				away()
			}
		}
	}
}

func (s *Shelf) putAway() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.folder != "" || s.edition == nil || s.now().Sub(s.used) < shelfIdle {
		return false
	}
	s.edition = nil
	return true
}

// Open gives the files of an edition, for Load: those in a folder, or with "" those that come with the program.
func Open(folder string) (files fs.FS, closeFiles func(), err error) {
	if folder == "" {
		return Embedded(), func() {}, nil
	}
	root, err := os.OpenRoot(folder) // files outside of it are never read, whatever links point to
	if err != nil {
		return nil, nil, fmt.Errorf("opening the handbook's folder: %w", err)
	}
	return root.FS(), func() { _ = root.Close() }, nil
}

// markOf sums up all files, with their names and lengths.
func markOf(files fs.FS) (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		f, err := files.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		inner := sha256.New()
		if _, err := io.Copy(inner, f); err != nil {
			return err
		}
		sum.Write(binary.BigEndian.AppendUint32(nil, uint32(len(path))))
		sum.Write([]byte(path))
		sum.Write(inner.Sum(nil))
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("summing up the handbook's files: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil))[:hashLength], nil
}
