package bundle

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"

	"medixchange/handbook"
	"medixchange/internal/signing"
)

// Bundle is a bundle that was read whole.
type Bundle struct {
	*Manifest
	Files fs.FS // the edition, in memory
}

// wholeFile is what problems name that are not about one file of a bundle.
const wholeFile = "bundle"

// Read reads a bundle strictly. trusted is asked, once the manifest is read and before any file, whether those who signed it
// may publish; its error ends the reading. Everything that is not exactly what the manifest says is an error that wraps
// handbook.Problems. The files are an edition that handbook.Load takes.
func Read(file io.Reader, trusted func(*Manifest) error) (*Bundle, error) {
	limited := &io.LimitedReader{R: file, N: MaxBytes + 1}
	buffered := bufio.NewReader(limited) // of which no more is taken than the compressed bytes
	compressed, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, refuse(wholeFile, "this is no bundle: %v", err)
	}
	compressed.Multistream(false)
	r := &reader{archive: tar.NewReader(io.LimitReader(compressed, MaxUnpacked+maxManifest+1024*(MaxFiles+4))), limited: limited, rest: buffered}
	if err := r.manifest(); err != nil {
		return nil, err
	}
	if err := trusted(r.m); err != nil {
		return nil, err
	}
	files, err := r.files()
	if err != nil {
		return nil, err
	}
	if err := r.end(compressed); err != nil {
		return nil, err
	}
	edition, err := handbook.ReadEdition(func() (fs.FS, func(), error) { return files, func() {}, nil })
	if err != nil {
		return nil, err
	}
	if err := r.m.describes(edition); err != nil {
		return nil, err
	}
	return &Bundle{Manifest: r.m, Files: files}, nil
}

type reader struct {
	archive *tar.Reader
	limited *io.LimitedReader
	rest    *bufio.Reader // what comes behind the compressed bytes
	m       *Manifest
}

// broken explains an error of the archive.
func (r *reader) broken(file string, err error) error {
	if r.limited.N <= 0 {
		return refuse(wholeFile, "the bundle is larger than %d MiB", MaxBytes>>20)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse(file, "the bundle ends before this file does, or unpacks to more than is possible")
	}
	return refuse(file, "the archive is damaged: %v", err)
}

// next opens the entry that must come now.
func (r *reader) next(name string) (*tar.Header, error) {
	head, err := r.archive.Next()
	if err != nil {
		return nil, r.broken(name, err)
	}
	switch {
	case head.Name != name:
		return nil, refuse(name, "the bundle has %q in its place", head.Name)
	case head.Typeflag != tar.TypeReg || head.Linkname != "" || len(head.PAXRecords) > 0:
		return nil, refuse(name, "this is no plain file")
	}
	return head, nil
}

func (r *reader) manifest() error {
	head, err := r.next(ManifestName)
	if err != nil {
		return err
	}
	if head.Size > maxManifest {
		return refuse(ManifestName, "it is larger than %d MiB", maxManifest>>20)
	}
	raw := make([]byte, head.Size)
	if _, err := io.ReadFull(r.archive, raw); err != nil {
		return r.broken(ManifestName, err)
	}
	r.m, err = ReadManifest(raw)
	return err
}

// files reads what the manifest names into memory.
func (r *reader) files() (fs.FS, error) {
	files := make(map[string][]byte, len(r.m.Files))
	for _, f := range r.m.Files {
		content, err := r.content(f)
		if err != nil {
			return nil, err
		}
		files[f.Path] = content
	}
	return handbook.InMemory(files)
}

func (r *reader) content(f File) ([]byte, error) {
	head, err := r.next(f.Path)
	if err != nil {
		return nil, err
	}
	if head.Size != f.Size {
		return nil, refuse(f.Path, "it has %d bytes, and the manifest says %d", head.Size, f.Size)
	}
	content := make([]byte, f.Size)
	if _, err := io.ReadFull(r.archive, content); err != nil {
		return nil, r.broken(f.Path, err)
	}
	sum := sha256.Sum256(content)
	if signing.EncodeBase64(sum[:]) != f.SHA256 {
		return nil, refuse(f.Path, "its bytes are not those that the manifest names")
	}
	return content, nil
}

// end sees that nothing follows.
func (r *reader) end(compressed *gzip.Reader) error {
	head, err := r.archive.Next()
	if err == nil {
		return refuse(head.Name, "the manifest does not name this file")
	}
	if !errors.Is(err, io.EOF) {
		return r.broken(wholeFile, err)
	}
	n, err := io.Copy(io.Discard, io.LimitReader(compressed, 1)) // the checksum is compared at the end
	if err != nil {
		return r.broken(wholeFile, err)
	}
	if n > 0 {
		return refuse(wholeFile, "something follows behind the last file")
	}
	if _, err := r.rest.ReadByte(); err == nil {
		return refuse(wholeFile, "something follows behind the last file")
	}
	return nil
}
