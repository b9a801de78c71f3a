package bundle

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"medixchange/handbook"
	"medixchange/internal/signing"
)

// Type is what a manifest says that it is.
const Type = "org.medixchange.handbook.bundle"

// ManifestName is the first entry of a bundle.
const ManifestName = "manifest.json"

// Bounds of a bundle.
const (
	MaxBytes    = 64 << 20 // of the file
	MaxUnpacked = 64 << 20 // of all files in it together
	MaxFiles    = 5000
	maxFile     = 2 << 20 // the largest that an edition has is an image
	maxManifest = 4 << 20
	maxPath     = 100 // what the plain header of a tar archive has room for
	maxName     = 255 // of a publisher
)

// ErrSignature means that a manifest was not signed, or wrongly, by those who must.
var ErrSignature = errors.New("the bundle is not signed as it must be")

// Manifest says what a bundle holds and who vouches for it.
type Manifest struct {
	Type      string        `json:"type"`
	Publisher string        `json:"publisher"` // the server name of the hospital that publishes it
	Serial    int64         `json:"serial"`    // rises with each of the publisher's editions; from 1
	SignedTS  int64         `json:"signed_ts"` // ms
	Book      string        `json:"book"`      // id, edition and date of book.yaml
	Edition   string        `json:"edition"`
	Date      handbook.Date `json:"date"`
	Mark      string        `json:"mark"` // over all files
	Languages []string      `json:"languages"`
	Sections  []Section     `json:"sections"`
	Files     []File        `json:"files"` // by path, ascending

	raw []byte
}

// Section names a section in one language with the hash of its text.
type Section struct {
	ID       string          `json:"id"`
	Language string          `json:"language"`
	Hash     string          `json:"hash"`
	Status   handbook.Status `json:"status"`
}

// File names a file with its length and the SHA-256 of its bytes in unpadded base64.
type File struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// refuse makes the error for something wrong with a file of a bundle.
func refuse(file, format string, args ...any) error {
	return handbook.Problems{{File: file, Reason: fmt.Sprintf(format, args...)}}
}

// ReadManifest reads a manifest strictly. It asks for no signature.
func ReadManifest(raw []byte) (*Manifest, error) {
	if err := signing.CheckJSON(raw, signing.Limits{MaxBytes: maxManifest}); err != nil {
		return nil, handbook.Problems{{File: ManifestName, Line: 1, Reason: err.Error()}}
	}
	m := &Manifest{raw: raw}
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(m); err != nil {
		return nil, handbook.Problems{{File: ManifestName, Line: 1, Reason: err.Error()}}
	}
	return m, m.check()
}

func (m *Manifest) check() error {
	switch {
	case m.Type != Type:
		return refuse(ManifestName, "type is %q, not %q", m.Type, Type)
	case m.Publisher == "" || len(m.Publisher) > maxName:
		return refuse(ManifestName, "there is no publisher")
	case m.Serial < 1:
		return refuse(ManifestName, "serial is %d; the first is 1", m.Serial)
	case m.SignedTS < 0:
		return refuse(ManifestName, "signed_ts is before 1970")
	case !handbook.ValidMark(m.Mark):
		return refuse(ManifestName, "%q is no mark of an edition", m.Mark)
	case len(m.Files) == 0 || len(m.Files) > MaxFiles:
		return refuse(ManifestName, "it has %d files; 1 to %d are possible", len(m.Files), MaxFiles)
	}
	total := int64(0)
	for i, f := range m.Files {
		if err := f.check(); err != nil {
			return err
		}
		if i > 0 && m.Files[i-1].Path >= f.Path {
			return refuse(ManifestName, "%q is twice among the files, or they are not in order", f.Path)
		}
		if total += f.Size; total > MaxUnpacked {
			return refuse(ManifestName, "the files are larger than %d MiB together", MaxUnpacked>>20)
		}
	}
	return nil
}

func (f File) check() error {
	switch {
	case !fs.ValidPath(f.Path) || f.Path == "." || len(f.Path) > maxPath || !plainPath(f.Path):
		return refuse(ManifestName, "%q is no path of a file in an edition", f.Path)
	case f.Size < 0 || f.Size > maxFile:
		return refuse(ManifestName, "%s has %d bytes; at most %d are possible", f.Path, f.Size, maxFile)
	}
	return nil
}

// plainPath lets through the letters that files of an edition are named with, so that no system reads a path otherwise.
func plainPath(path string) bool {
	return !strings.ContainsFunc(path, func(r rune) bool {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return false
		}
		return !strings.ContainsRune("-_./", r)
	})
}

// KeyIDs lists the keys with which the publisher is said to have signed, sorted.
func (m *Manifest) KeyIDs() []string {
	ids, err := signing.ListKeyIDs(m.Publisher, m.raw)
	if err != nil {
		return nil
	}
	slices.Sort(ids)
	return ids
}

// VerifyBy checks the publisher's signature with one key; ErrSignature.
func (m *Manifest) VerifyBy(keyID string, key ed25519.PublicKey) error {
	if err := signing.VerifyJSON(m.Publisher, keyID, key, m.raw); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// Raw is the manifest as it was signed.
func (m *Manifest) Raw() []byte { return m.raw }

// describes compares a manifest with the edition that its files are.
func (m *Manifest) describes(e *handbook.Edition) error {
	switch {
	case m.Mark != e.Mark:
		return refuse(ManifestName, "mark is %s, but the files sum up to %s", m.Mark, e.Mark)
	case m.Book != e.ID || m.Edition != e.Edition || m.Date != e.Date:
		return refuse(ManifestName, "it says %s, edition %s of %s, but book.yaml %s, edition %s of %s", m.Book, m.Edition, m.Date, e.ID, e.Edition, e.Date)
	case !slices.Equal(m.Languages, e.Languages):
		return refuse(ManifestName, "the languages are not those of book.yaml")
	case !slices.Equal(m.Sections, sectionsOf(e)):
		return refuse(ManifestName, "the sections, or their hashes or statuses, are not those of the files")
	}
	return nil
}

// sectionsOf lists the sections of all languages, in the order of the book.
func sectionsOf(e *handbook.Edition) []Section {
	out := []Section{}
	for _, id := range e.SectionIDs() {
		for _, tag := range e.Languages {
			if s, ok := e.Section(tag, id); ok {
				out = append(out, Section{ID: id, Language: tag, Hash: s.Hash, Status: s.Status})
			}
		}
	}
	return out
}
