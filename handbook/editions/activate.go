package editions

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"medixchange/handbook"
	"medixchange/internal/sqldb"
)

// readTimeout bounds what reading the edition for a reader may wait for the database.
const readTimeout = time.Minute

// Activate shows an edition from now on; by names who decided that. It is read first: one that cannot be read is an error,
// and what is shown stays. To roll back is to activate an older one.
func (s *Store) Activate(ctx context.Context, mark, by string) error {
	return s.activate(ctx, mark, by, false)
}

// ActivateUnlessPinned does as Activate where nobody has pinned the edition that is shown; ErrPinned.
func (s *Store) ActivateUnlessPinned(ctx context.Context, mark, by string) error {
	return s.activate(ctx, mark, by, true)
}

func (s *Store) activate(ctx context.Context, mark, by string, unlessPinned bool) error {
	s.switching.Lock()
	defer s.switching.Unlock()
	edition, err := s.activated(ctx, mark, by, unlessPinned)
	if err != nil {
		return err
	}
	s.o.Log.WithFields(map[string]any{"edition": edition.Edition, "mark": edition.Mark, "by": by}).Info("another edition of the handbook is shown")
	s.o.Switched(edition)
	return nil
}

func (s *Store) activated(ctx context.Context, mark, by string, unlessPinned bool) (*handbook.Edition, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known, err := one(ctx, s.o.DB, mark); err != nil || !known {
		if err == nil {
			err = fmt.Errorf("%w: %s", ErrUnknown, mark)
		}
		return nil, err
	}
	if err := s.keepProgram(ctx); err != nil {
		return nil, err
	}
	edition, err := s.readKept(ctx, mark, false)
	if err != nil {
		return nil, fmt.Errorf("the edition is not shown: %w", err)
	}
	err = s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if unlessPinned {
			if pinned, err := currentIsPinned(tx); err != nil || pinned {
				return errors.Join(err, ErrPinned)
			}
		}
		return insertActivation(tx, mark, by, s.o.Now().UnixMilli())
	})
	return edition, err
}

// Before gives the mark of the edition that was shown before the one that is, and is still kept; "" for none.
func (s *Store) Before(ctx context.Context) (string, error) {
	marks, err := activations(ctx, s.o.DB)
	if err != nil || len(marks) < 2 {
		return "", err
	}
	return marks[1], nil
}

// KeepShown keeps what is shown, where that is the program's edition and was not kept, and gives its mark.
func (s *Store) KeepShown(ctx context.Context) (mark string, err error) {
	if _, err := s.Read(); err != nil { // the folder may have something new
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.keepProgram(ctx); err != nil {
		return "", err
	}
	current, _, err := s.Current(ctx)
	return current.Mark, err
}

// keepProgram keeps the program's edition when another takes its place for the first time, so that there is a way back.
func (s *Store) keepProgram(ctx context.Context) error {
	marks, err := activations(ctx, s.o.DB)
	if err != nil || len(marks) > 0 || s.o.Folder != "" {
		return err
	}
	e, err := s.install(ctx, s.o.Program, Origin{Kind: Program})
	if err != nil {
		return err
	}
	return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := setSource(tx, Program, e.Mark); err != nil {
			return err
		}
		return insertActivation(tx, e.Mark, "", s.o.Now().UnixMilli())
	})
}

// readKept reads an edition that is kept, as it is shown, and remembers what its source says. Where what is local does not go
// with it, that is an error, or with lenient what was local before is shown.
func (s *Store) readKept(ctx context.Context, mark string, lenient bool) (*handbook.Edition, error) {
	files, err := s.Files(mark)
	if err != nil {
		return nil, err
	}
	is, err := handbook.MarkOf(files)
	if err != nil {
		return nil, err
	}
	if is != mark {
		return nil, fmt.Errorf("the archive of the edition %s was changed: its files sum up to %s", mark, is)
	}
	return s.readShown(ctx, func() (fs.FS, error) { return s.Files(mark) }, lenient)
}

// Read gives the edition that is to be shown, for a handbook.Shelf: the one that was activated last and can be read, or where
// none ever was, the program's own. The first time it looks whether handbook.folder has changed, and installs that.
func (s *Store) Read() (*handbook.Edition, error) {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	sourceErr := s.sync(ctx)
	marks, err := activations(ctx, s.o.DB)
	if err != nil {
		return nil, err
	}
	for _, mark := range marks {
		edition, err := s.readKept(ctx, mark, true)
		if err == nil {
			if sourceErr != nil {
				s.o.Log.WithError(sourceErr).Error("the edition in handbook.folder cannot be read; the last good one is shown")
			}
			return edition, nil
		}
		s.o.Log.WithError(err).WithField("mark", mark).Error("an edition of the handbook cannot be read; the one before it is shown")
	}
	if sourceErr != nil {
		return nil, sourceErr
	}
	if s.o.Folder != "" || len(marks) > 0 {
		return nil, errors.New("no edition of the handbook that was kept can be read")
	}
	return s.readShown(ctx, func() (fs.FS, error) { return s.o.Program, nil }, true)
}

// sync installs and activates the edition of the folder when it is another than the last time, and the program's where that
// is shown and the program has another now.
func (s *Store) sync(ctx context.Context) error {
	if s.synced {
		return nil
	}
	kind := Folder
	if s.o.Folder == "" {
		kind = Program
		current, ok, err := s.Current(ctx)
		if err != nil {
			return err
		}
		if !ok || current.Origin.Kind != Program {
			s.synced = true
			return nil
		}
	}
	files := s.o.Program
	if kind == Folder {
		folder, closeFolder, err := handbook.Open(s.o.Folder)
		if err != nil {
			return err
		}
		defer closeFolder()
		files = folder
	}
	mark, err := handbook.MarkOf(files)
	if err != nil {
		return err
	}
	before, err := sourceMark(ctx, s.o.DB, kind)
	if err != nil {
		return err
	}
	if mark != before {
		if err := s.take(ctx, files, kind); err != nil {
			return err
		}
	}
	s.synced = true
	return nil
}

func (s *Store) take(ctx context.Context, files fs.FS, kind Kind) error {
	e, err := s.install(ctx, files, Origin{Kind: kind})
	if err != nil {
		return err
	}
	return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := setSource(tx, kind, e.Mark); err != nil {
			return err
		}
		return insertActivation(tx, e.Mark, "", s.o.Now().UnixMilli())
	})
}
