package handbook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// WithFiles shows the files of an edition with some of them replaced or added, by their paths, and without those that are nil. It
// copies nothing of the edition.
func WithFiles(edition fs.FS, files map[string][]byte) fs.FS { return replaced{edition, files} }

type replaced struct {
	below fs.FS
	files map[string][]byte
}

// Open implements fs.FS.
func (o replaced) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	text, ok := o.files[name]
	if ok && text == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if ok {
		return &laidFile{laidInfo{path.Base(name), int64(len(text)), 0o444}, bytes.NewReader(text)}, nil
	}
	if name == "." || o.within(name) {
		entries, err := o.ReadDir(name)
		if err != nil {
			return nil, err
		}
		return &laidFolder{info: laidInfo{path.Base(name), 0, fs.ModeDir | 0o555}, entries: entries}, nil
	}
	return o.below.Open(name)
}

// within reports whether some of the files lie in a folder.
func (o replaced) within(folder string) bool {
	for name := range o.files {
		if strings.HasPrefix(name, folder+"/") {
			return true
		}
	}
	return false
}

// ReadDir implements fs.ReadDirFS.
func (o replaced) ReadDir(folder string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(o.below, folder)
	if err != nil && (!errors.Is(err, fs.ErrNotExist) || !o.within(folder)) {
		return nil, fmt.Errorf("listing %s: %w", folder, err)
	}
	for name, text := range o.files {
		rest, inside := strings.CutPrefix(name, folder+"/")
		if folder == "." {
			rest, inside = name, true
		}
		if !inside {
			continue
		}
		first, _, deeper := strings.Cut(rest, "/")
		info := laidInfo{first, int64(len(text)), 0o444}
		if deeper {
			info = laidInfo{first, 0, fs.ModeDir | 0o555}
		}
		if text == nil && deeper {
			continue // the folder stays as it is
		}
		entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return e.Name() == first })
		if text != nil {
			entries = append(entries, fs.FileInfoToDirEntry(info))
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// laidFile is a file that was replaced or added.
type laidFile struct {
	info laidInfo
	*bytes.Reader
}

func (f *laidFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *laidFile) Close() error               { return nil }

// laidFolder is a folder in which something is laid over.
type laidFolder struct {
	info    laidInfo
	entries []fs.DirEntry // that were not read yet
}

func (f *laidFolder) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *laidFolder) Close() error               { return nil }

func (f *laidFolder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.info.name, Err: fs.ErrInvalid}
}

// ReadDir implements fs.ReadDirFile.
func (f *laidFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 || n > len(f.entries) {
		if n > 0 && len(f.entries) == 0 {
			return nil, io.EOF
		}
		n = len(f.entries)
	}
	read := f.entries[:n]
	f.entries = f.entries[n:]
	return read, nil
}

type laidInfo struct {
	name string
	size int64
	mode fs.FileMode
}

func (i laidInfo) Name() string       { return i.name }
func (i laidInfo) Size() int64        { return i.size }
func (i laidInfo) Mode() fs.FileMode  { return i.mode }
func (i laidInfo) ModTime() time.Time { return time.Time{} }
func (i laidInfo) IsDir() bool        { return i.mode.IsDir() }
func (i laidInfo) Sys() any           { return nil }
