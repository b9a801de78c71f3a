package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"medixchange/handbook"
	"medixchange/internal/signing"
)

// Signing is how a bundle is signed.
type Signing struct {
	Publisher string // server name
	Key       signing.Key
	Serial    int64
	TS        int64 // ms
}

// Write makes a bundle of an edition. Where the edition is not of the format, the error wraps handbook.Problems.
func Write(files fs.FS, by Signing) (file []byte, m *Manifest, err error) {
	edition, err := handbook.ReadEdition(func() (fs.FS, func(), error) { return files, func() {}, nil })
	if err != nil {
		return nil, nil, err
	}
	m = &Manifest{
		Type: Type, Publisher: by.Publisher, Serial: by.Serial, SignedTS: by.TS,
		Book: edition.ID, Edition: edition.Edition, Date: edition.Date, Mark: edition.Mark,
		Languages: edition.Languages, Sections: sectionsOf(edition),
	}
	contents, err := m.take(files)
	if err != nil {
		return nil, nil, err
	}
	if err := m.check(); err != nil {
		return nil, nil, err
	}
	draft, err := json.Marshal(m)
	if err != nil {
		return nil, nil, fmt.Errorf("writing the manifest of a bundle: %w", err)
	}
	if m.raw, err = signing.SignJSON(by.Publisher, by.Key, draft); err != nil {
		return nil, nil, fmt.Errorf("signing a bundle: %w", err)
	}
	file, err = m.pack(contents)
	return file, m, err
}

// take reads the files, by path, and notes them in the manifest.
func (m *Manifest) take(files fs.FS) (contents [][]byte, err error) {
	var paths []string
	err = fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for the files of an edition: %w", err)
	}
	slices.Sort(paths)
	for _, path := range paths {
		content, err := fs.ReadFile(files, path)
		if err != nil {
			return nil, fmt.Errorf("reading the files of an edition: %w", err)
		}
		sum := sha256.Sum256(content)
		m.Files = append(m.Files, File{Path: path, Size: int64(len(content)), SHA256: signing.EncodeBase64(sum[:])})
		contents = append(contents, content)
	}
	return contents, nil
}

// pack writes manifest and files.
func (m *Manifest) pack(contents [][]byte) ([]byte, error) {
	var out bytes.Buffer
	compressed, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("packing a bundle: %w", err)
	}
	archive := tar.NewWriter(compressed)
	put := func(name string, content []byte) error {
		err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: 0o644, Format: tar.FormatUSTAR})
		if err != nil {
			return err
		}
		_, err = archive.Write(content)
		return err
	}
	if err := put(ManifestName, m.raw); err != nil {
		return nil, fmt.Errorf("packing a bundle: %w", err)
	}
	for i, f := range m.Files {
		if err := put(f.Path, contents[i]); err != nil {
			return nil, fmt.Errorf("packing %s into a bundle: %w", f.Path, err)
		}
	}
	for _, c := range []io.Closer{archive, compressed} {
		if err := c.Close(); err != nil {
			return nil, fmt.Errorf("packing a bundle: %w", err)
		}
	}
	return out.Bytes(), nil
}
