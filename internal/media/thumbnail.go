package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"medixchange/internal/web"
)

const (
	methodCrop  = "crop"
	methodScale = "scale"

	// sizeGrid is what sizes that are not configured are rounded up to, in pixels.
	sizeGrid = 160
	// maxThumbnails bounds the thumbnails that are kept of one file.
	maxThumbnails = 24
	// maxSource bounds the bytes of a picture that is decoded.
	maxSource = 64 << 20

	thumbnailTimeout = 30 * time.Second
)

// Thumbnail opens a thumbnail of a picture, making it if need be: at least as large as asked for where the picture
// is, never larger than the picture. Method may be empty. Errors are those of Open, and 400 M_UNKNOWN for
// what is no picture, 413 M_TOO_LARGE for one with too many pixels.
func (s *Store) Thumbnail(ctx context.Context, req Request, want Size) (*File, error) {
	if want.Method == "" {
		want.Method = methodScale
	}
	if want.Width <= 0 || want.Height <= 0 || want.Method != methodCrop && want.Method != methodScale {
		return nil, web.NewError(http.StatusBadRequest, "M_INVALID_PARAM", "width and height must be positive, method crop or scale")
	}
	rec, err := s.find(ctx, req)
	if err != nil {
		return nil, err
	}
	size := s.roundUp(want)
	if f, err := s.openThumbnail(rec, size); err == nil {
		return f, nil
	}
	made, err := s.makeShared(ctx, rec, size)
	if err != nil {
		return nil, err
	}
	return thumbnailFile(rec, size, made.extension, int64(len(made.encoded)), inMemory{bytes.NewReader(made.encoded)}), nil
}

// thumbnail is one that has just been made.
type thumbnail struct {
	encoded   []byte
	extension string
}

// inMemory is a File's content that needs no closing.
type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

func thumbnailFile(rec record, size Size, extension string, bytes int64, content io.ReadSeekCloser) *File {
	etag := append([]byte(fmt.Sprintf("%dx%d%s", size.Width, size.Height, size.Method[:1])), rec.SHA256...)
	return &File{ReadSeekCloser: content, ContentType: thumbnailTypes[extension], Filename: "thumbnail." + extension,
		Size: bytes, SHA256: etag, Created: time.UnixMilli(rec.Created)}
}

// roundUp chooses the size that is made for want, so that one file has few thumbnails.
func (s *Store) roundUp(want Size) Size {
	best := Size{}
	for _, c := range s.opts.Thumbnails {
		fits := c.Method == want.Method && c.Width >= want.Width && c.Height >= want.Height
		if fits && (best.Width == 0 || c.Width*c.Height < best.Width*best.Height) {
			best = c
		}
	}
	if best.Width > 0 {
		return best
	}
	grid := func(n int) int {
		return min((min(n, s.opts.MaxThumbnail)+sizeGrid-1)/sizeGrid*sizeGrid, s.opts.MaxThumbnail)
	}
	return Size{Width: grid(want.Width), Height: grid(want.Height), Method: want.Method}
}

func (s *Store) thumbnailPath(rec record, size Size, extension string) string {
	return filepath.Join(s.thumbnailDir(rec.Server, rec.ID), fmt.Sprintf("%dx%d-%s.%s", size.Width, size.Height, size.Method, extension))
}

// thumbnailTypes are the content types by file extension.
var thumbnailTypes = map[string]string{"jpg": "image/jpeg", "png": "image/png"}

func (s *Store) openThumbnail(rec record, size Size) (*File, error) {
	for extension := range thumbnailTypes {
		f, err := os.Open(s.thumbnailPath(rec, size, extension))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		info, err := f.Stat()
		if err != nil {
			f.Close()
			return nil, err
		}
		return thumbnailFile(rec, size, extension, info.Size(), f), nil
	}
	return nil, os.ErrNotExist
}

// makeShared makes a thumbnail once for all who ask at the same time.
func (s *Store) makeShared(ctx context.Context, rec record, size Size) (thumbnail, error) {
	key := fmt.Sprintf("%s/%s/%dx%d%s", rec.Server, rec.ID, size.Width, size.Height, size.Method)
	result := s.thumbnails.DoChan(key, func() (any, error) {
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), thumbnailTimeout)
		defer cancel()
		return s.make(detached, rec, size)
	})
	select {
	case <-ctx.Done():
		return thumbnail{}, ctx.Err()
	case r := <-result:
		made, _ := r.Val.(thumbnail)
		return made, r.Err
	}
}

func (s *Store) make(ctx context.Context, rec record, size Size) (thumbnail, error) {
	if rec.Size > maxSource {
		return thumbnail{}, errTooLargeToThumbnail(rec.Local)
	}
	if err := s.decoders.Acquire(ctx, 1); err != nil {
		return thumbnail{}, fmt.Errorf("waiting to make a thumbnail: %w", err)
	}
	defer s.decoders.Release(1)
	source, err := s.openRecord(rec)
	if err != nil {
		return thumbnail{}, err
	}
	defer source.Close()
	encoded, extension, err := shrink(source, size, s.opts.MaxPixels)
	if errors.Is(err, errTooManyPixels) {
		return thumbnail{}, errTooLargeToThumbnail(rec.Local)
	}
	if err != nil {
		return thumbnail{}, web.NewError(http.StatusBadRequest, "M_UNKNOWN", "Cannot make a thumbnail of this file").Because(err)
	}
	return thumbnail{encoded, extension}, s.keepThumbnail(rec, size, extension, encoded)
}

func errTooLargeToThumbnail(local bool) *web.Error {
	status := http.StatusRequestEntityTooLarge
	if !local {
		status = http.StatusBadGateway
	}
	return web.NewError(status, "M_TOO_LARGE", "The picture is too large for a thumbnail")
}

// keepThumbnail stores a thumbnail. It need not survive a power loss whole: it is renamed into place after a sync, and made again if missing.
func (s *Store) keepThumbnail(rec record, size Size, extension string, encoded []byte) error {
	dir := s.thumbnailDir(rec.Server, rec.ID)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return diskError("storing a thumbnail", err)
	}
	if err := s.makeRoom(dir); err != nil {
		return diskError("storing a thumbnail", err)
	}
	t, err := s.newTemp(int64(len(encoded)))
	if err != nil {
		return err
	}
	defer t.discard()
	if _, err := t.Write(encoded); err != nil {
		return diskError("storing a thumbnail", err)
	}
	if err := t.file.Sync(); err != nil {
		return diskError("storing a thumbnail", err)
	}
	if err := os.Rename(t.file.Name(), s.thumbnailPath(rec, size, extension)); err != nil {
		return diskError("storing a thumbnail", err)
	}
	return nil
}

// makeRoom removes thumbnails if a file has too many; those that are wanted are made again.
func (s *Store) makeRoom(dir string) error {
	there, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for i := maxThumbnails - 1; i < len(there); i++ {
		if err := os.Remove(filepath.Join(dir, there[i].Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
