package handbook

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"

	"medixchange/internal/pattern"
)

// Edition is a book with the mark of its files, and the way to them.
type Edition struct {
	*Book
	Mark string // over all files of the edition, 32 hexadecimal digits: it changes with any of them
	open Opener
}

// Opener opens the files of an edition.
type Opener func() (files fs.FS, closeFiles func(), err error)

// Open opens the files of the edition.
func (e *Edition) Open() (files fs.FS, closeFiles func(), err error) { return e.open() }

// ReadEdition reads an edition as Load does.
func ReadEdition(open Opener) (*Edition, error) {
	files, closeFiles, err := open()
	if err != nil {
		return nil, err
	}
	defer closeFiles()
	book, err := Load(files)
	if err != nil {
		return nil, err
	}
	mark, err := MarkOf(files)
	if err != nil {
		return nil, err
	}
	return &Edition{Book: book, Mark: mark, open: open}, nil
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

var markForm = pattern.Lazy(`^[0-9a-f]{32}$`)

// ValidMark reports whether a text has the form of an edition's mark.
func ValidMark(mark string) bool { return markForm().MatchString(mark) }

// MarkOf sums up all files of an edition, with their names and lengths: 32 hexadecimal digits. It reads nothing as a book.
func MarkOf(files fs.FS) (string, error) {
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
