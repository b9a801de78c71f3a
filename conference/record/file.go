package record

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// file is a buffered file that can be rewritten at its beginning, as WebM and Ogg want when they end. Safe for concurrent use: the
// WebM library writes from a goroutine of its own.
type file struct {
	mu   sync.Mutex
	f    *os.File
	w    *bufio.Writer
	size int64
	err  error // the first one; nothing is written after it
}

func create(path string) (*file, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("creating the file of a track: %w", err)
	}
	return &file{f: f, w: bufio.NewWriterSize(f, 64<<10)}, nil
}

// Write implements io.Writer.
func (f *file) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.w.Write(p)
	f.size += int64(n)
	f.err = err
	return n, err
}

// WriteAt implements io.WriterAt.
func (f *file) WriteAt(p []byte, off int64) (int, error) {
	if err := f.flush(); err != nil {
		return 0, err
	}
	return f.f.WriteAt(p, off)
}

// Seek implements io.Seeker for those who ask where they are.
func (f *file) Seek(offset int64, whence int) (int64, error) {
	if offset != 0 || whence != io.SeekCurrent {
		return 0, errors.New("recordings are written from the beginning to the end")
	}
	return f.bytes(), nil
}

// Close writes what waits. The file stays open until done.
func (f *file) Close() error { return f.flush() }

func (f *file) flush() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = f.w.Flush()
	}
	return f.err
}

// bytes is how much was written, with what waits.
func (f *file) bytes() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.size
}

func (f *file) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
}

func (f *file) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (f *file) done() error { return errors.Join(f.flush(), f.f.Sync(), f.f.Close()) }
