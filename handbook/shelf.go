package handbook

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"medixchange/internal/pace"
)

// Shelf reads an edition when somebody asks for it, and puts it away again when nobody has for a while: a node that nobody
// reads in keeps no book in memory. Another edition can be put there at any time. It is safe for concurrent use.
type Shelf struct {
	read  func() (*Edition, error)
	stays bool // what was read is never put away
	now   func() time.Time

	mu      sync.Mutex
	edition *Edition
	used    time.Time // when the edition was asked for last
	failed  time.Time // when it could not be read last
	err     error     // why
}

const (
	shelfIdle  = 10 * time.Minute // after which an edition is put away
	shelfTick  = time.Minute
	shelfPause = 30 * time.Second // before an edition that could not be read is read again
)

// NewShelf makes a shelf for the edition in a folder, "" for the embedded one. It reads nothing yet. The edition of a folder
// stays once it was read: its files may be about to change.
func NewShelf(folder string, now func() time.Time) *Shelf {
	s := NewShelfOf(func() (*Edition, error) { return ReadEdition(func() (fs.FS, func(), error) { return Open(folder) }) }, now)
	s.stays = folder != ""
	return s
}

// NewShelfOf makes a shelf for what read gives, which is called again after the edition was put away.
func NewShelfOf(read func() (*Edition, error), now func() time.Time) *Shelf {
	if now == nil {
		now = time.Now
	}
	return &Shelf{read: read, now: now}
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

// Show puts another edition in the place of the one that is there. Requests that have begun go on with the old one.
func (s *Shelf) Show(e *Edition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.edition, s.err, s.used = e, nil, s.now()
}

// Image gives an image of the edition by its path, such as images/door.png; fs.ErrNotExist.
func (s *Shelf) Image(path string) ([]byte, error) {
	if !imageForm().MatchString(path) {
		return nil, fmt.Errorf("an image of the handbook: %w", fs.ErrNotExist)
	}
	edition, err := s.Edition()
	if err != nil {
		return nil, err
	}
	files, closeFiles, err := edition.Open()
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

// Run puts the edition away when it has been idle, and calls away then, until ctx ends.
func (s *Shelf) Run(ctx context.Context, away func()) {
	pace.Every(ctx, shelfTick, func() {
		if s.putAway() {
			away()
		}
	})
}

func (s *Shelf) putAway() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stays || s.edition == nil || s.now().Sub(s.used) < shelfIdle {
		return false
	}
	s.edition = nil
	return true
}
