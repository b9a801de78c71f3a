package record

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"medixchange/conference/manifest"
)

// Repair makes the files of a recorder that was killed whole: what was half written is cut off, and WebM files get their duration and
// index. Files that were ended are left alone. It is no error that there is nothing.
func Repair(folder string) error {
	m, err := manifest.FromFolder(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, t := range m.Tracks {
		path := filepath.Join(folder, t.File)
		mend := mendOgg
		if strings.HasSuffix(t.File, ".webm") {
			mend = mendWebM
		}
		if err := mend(path); err != nil {
			return fmt.Errorf("repairing %s: %w", t.File, err)
		}
	}
	return cutLine(filepath.Join(folder, manifest.EventsFile))
}

// cutLine removes a last line that has no end.
func cutLine(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("repairing the events: %w", err)
	}
	defer f.Close()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("repairing the events: %w", err)
	}
	for last := make([]byte, 1); end > 0; end-- {
		if _, err := f.ReadAt(last, end-1); err != nil {
			return fmt.Errorf("repairing the events: %w", err)
		}
		if last[0] == '\n' {
			break
		}
	}
	if err := f.Truncate(end); err != nil {
		return fmt.Errorf("repairing the events: %w", err)
	}
	return nil
}

// oggHeader is the fixed part of an Ogg page (RFC 3533, 6).
const oggHeader = 27

// mendOgg cuts off a page that is not whole.
func mendOgg(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	whole, err := wholeOgg(bufio.NewReaderSize(f, 1<<20))
	if err != nil {
		return err
	}
	return cutFile(f, whole)
}

// wholeOgg returns how many bytes of r are whole pages.
func wholeOgg(r io.Reader) (int64, error) {
	var whole int64
	header := make([]byte, oggHeader)
	table := make([]byte, 255)
	for {
		if _, err := io.ReadFull(r, header); err != nil {
			return whole, atEnd(err)
		}
		if string(header[:4]) != "OggS" {
			return whole, nil
		}
		segments := table[:header[26]]
		if _, err := io.ReadFull(r, segments); err != nil {
			return whole, atEnd(err)
		}
		body := int64(0)
		for _, n := range segments {
			body += int64(n)
		}
		if n, err := io.CopyN(io.Discard, r, body); err != nil || n < body {
			return whole, atEnd(err)
		}
		whole += oggHeader + int64(len(segments)) + body
	}
}

func atEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

func cutFile(f *os.File, size int64) error {
	info, err := f.Stat()
	if err != nil || info.Size() == size {
		return err
	}
	return errors.Join(f.Truncate(size), f.Sync())
}
