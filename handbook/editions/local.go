package editions

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"medixchange/handbook"
)

// localArchive is where the local files lie that could be read last.
const localArchive = "local" + archiveSuffix

// readShown reads an edition with what is local over it, and remembers what its source says. With lenient, local files that
// cannot be read, or do not go with the edition, give way to those that could be read last, or to none.
func (s *Store) readShown(ctx context.Context, open func() (fs.FS, error), lenient bool) (*handbook.Edition, error) {
	local := handbook.Local{Languages: s.o.Languages}
	if s.o.Local == "" {
		return s.readOver(ctx, open, local)
	}
	var archive []byte
	local.Files, archive, _ = s.keptLocal()
	before := local
	folder, closeFolder, err := handbook.Open(s.o.Local)
	if err == nil {
		defer closeFolder()
		var edition *handbook.Edition
		if edition, err = s.readWith(ctx, open, local, folder, archive); err == nil {
			return edition, nil
		}
	}
	err = fmt.Errorf("with the sections in handbook.local: %w", err)
	if !lenient {
		return nil, err
	}
	s.o.Log.WithError(err).Error("the handbook's local sections cannot be shown; those that could be read last are, if any")
	edition, err := s.readOver(ctx, open, before)
	if err != nil && before.Files != nil {
		before.Files = nil
		edition, err = s.readOver(ctx, open, before)
	}
	return edition, err
}

// readWith reads an edition with the local files of a folder, and keeps those where they are others than before.
func (s *Store) readWith(ctx context.Context, open func() (fs.FS, error), local handbook.Local, folder fs.FS, before []byte) (*handbook.Edition, error) {
	made := &archive{store: s}
	var buffer bytes.Buffer
	if err := made.pack(&buffer, folder); err != nil {
		return nil, err
	}
	files, err := zip.NewReader(bytes.NewReader(buffer.Bytes()), int64(buffer.Len()))
	if err != nil {
		return nil, fmt.Errorf("reading local sections: %w", err)
	}
	local.Files = files
	edition, err := s.readOver(ctx, open, local)
	if err != nil || bytes.Equal(before, buffer.Bytes()) {
		return edition, err
	}
	return edition, s.keepLocal(buffer.Bytes())
}

func (s *Store) readOver(ctx context.Context, open func() (fs.FS, error), local handbook.Local) (*handbook.Edition, error) {
	edition, err := handbook.ReadEdition(func() (fs.FS, func(), error) {
		files, err := open()
		if err != nil {
			return nil, nil, err
		}
		files, err = handbook.Overlay(files, local)
		return files, func() {}, err
	})
	if err != nil {
		return nil, err
	}
	return edition, s.remember(ctx, edition)
}

func (s *Store) keptLocal() (fs.FS, []byte, error) {
	raw, err := os.ReadFile(filepath.Join(s.o.Dir, localArchive))
	if err != nil {
		return nil, nil, err
	}
	files, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, nil, err
	}
	return files, raw, nil
}

func (s *Store) keepLocal(raw []byte) error {
	a, err := s.newArchive()
	if err != nil {
		return err
	}
	defer a.discard()
	if _, err := a.file.Write(raw); err != nil {
		return errors.Join(errors.New("keeping the handbook's local sections failed"), err)
	}
	return a.keep(filepath.Join(s.o.Dir, localArchive))
}
