package updates

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"medixchange/handbook"
	"medixchange/handbook/bundle"
	"medixchange/handbook/editions"
	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
	"medixchange/internal/web"
)

// Head names an edition that is published.
type Head struct {
	Publisher string        `json:"publisher"`
	Book      string        `json:"book"`
	Edition   string        `json:"edition"`
	Date      handbook.Date `json:"date"`
	Serial    int64         `json:"serial"`
	Mark      string        `json:"mark"`
	Size      int64         `json:"size"`   // bytes of the bundle
	SHA256    string        `json:"sha256"` // of the bundle, unpadded base64
}

// Part is a part of a bundle.
type Part struct {
	Serial int64  `json:"serial"`
	From   int64  `json:"from"`
	Data   []byte `json:"data"` // base64 in JSON
}

const (
	// partBytes is how much of a bundle one answer has.
	partBytes = 256 << 10
	// keptPublished is how many bundles stay for those who are still fetching.
	keptPublished = 3
)

func sumOf(file []byte) string {
	sum := sha256.Sum256(file)
	return signing.EncodeBase64(sum[:])
}

// Publish signs an edition that the node keeps with the server's key, gives it to whoever asks from then on, and announces it.
// An edition that is the newest published one already is only announced again.
func (u *Updates) Publish(ctx context.Context, mark string) (Head, error) {
	u.publishing.Lock()
	defer u.publishing.Unlock()
	last, published, err := u.head(ctx)
	if err != nil {
		return Head{}, err
	}
	if published && last.Mark == mark {
		return last, u.announce(ctx, last)
	}
	files, err := u.o.Editions.Files(mark)
	if err != nil {
		return Head{}, err
	}
	edition, err := handbook.ReadEdition(func() (fs.FS, func(), error) { return files, func() {}, nil })
	if err != nil {
		return Head{}, err
	}
	taken, _, err := u.o.Editions.Serial(ctx, u.o.Self, edition.ID)
	if err != nil {
		return Head{}, err
	}
	file, m, err := bundle.Write(files, bundle.Signing{
		Publisher: u.o.Self, Key: u.o.Signer.Key, Serial: max(taken, last.Serial) + 1, TS: u.o.Now().UnixMilli(),
	})
	if err != nil {
		return Head{}, err
	}
	if _, err := u.o.Editions.Install(ctx, files, u.originOf(m, editions.Bundle, "")); err != nil { // notes the serial number
		return Head{}, err
	}
	return u.publish(ctx, file, m)
}

// PublishFile does the same with a bundle that the hospital's editors signed: with one of the keys that handbook.updates.trusted
// names for this server, or with the server's own.
func (u *Updates) PublishFile(ctx context.Context, file []byte) (Head, error) {
	u.publishing.Lock()
	defer u.publishing.Unlock()
	b, err := u.verify(ctx, file)
	if err != nil {
		return Head{}, err
	}
	if b.Publisher != u.o.Self {
		return Head{}, fmt.Errorf("%w: the bundle is one of %s, and this node publishes its own", ErrUntrusted, b.Publisher)
	}
	if _, err := u.o.Editions.Install(ctx, b.Files, u.originOf(b.Manifest, editions.Bundle, "")); err != nil {
		return Head{}, err
	}
	return u.publish(ctx, file, b.Manifest)
}

func (u *Updates) publish(ctx context.Context, file []byte, m *bundle.Manifest) (Head, error) {
	h := Head{
		Publisher: m.Publisher, Book: m.Book, Edition: m.Edition, Date: m.Date, Serial: m.Serial, Mark: m.Mark,
		Size: int64(len(file)), SHA256: sumOf(file),
	}
	if err := u.keep(file, u.publishedPath(h.Serial)); err != nil {
		return Head{}, err
	}
	var gone []int64
	err := u.o.DB.Write(ctx, func(tx *sqldb.Tx) (err error) {
		gone, err = insertHead(tx, h, u.o.Now().UnixMilli())
		return err
	})
	if err != nil {
		return Head{}, err
	}
	for _, serial := range gone {
		if err := os.Remove(u.publishedPath(serial)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			u.o.Log.WithError(err).Warn("an old bundle of the handbook was not removed")
		}
	}
	u.o.Log.WithFields(map[string]any{"edition": h.Edition, "serial": h.Serial, "mark": h.Mark}).Info("an edition of the handbook is published")
	return h, u.announce(ctx, h)
}

// announce tells other hospitals. What is published stays when that fails.
func (u *Updates) announce(ctx context.Context, h Head) error {
	if u.o.Announce == nil {
		return nil
	}
	content, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("announcing an edition of the handbook: %w", err)
	}
	if err := u.o.Announce(ctx, u.o.Self, content); err != nil {
		return fmt.Errorf("%w: %w", errAnnounce, err)
	}
	return nil
}

// errAnnounce means that others are not told; they ask by themselves now and then.
var errAnnounce = errors.New("the edition is published, but it could not be announced")

func (u *Updates) publishedPath(serial int64) string {
	return filepath.Join(u.o.Dir, "published-"+strconv.FormatInt(serial, 10)+".tar.gz")
}

// keep writes a file that is there whole, or not at all.
func (u *Updates) keep(content []byte, path string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("keeping a bundle of the handbook: %w", err)
		}
	}()
	if err := os.MkdirAll(u.o.Dir, 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(u.o.Dir, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// HeadPage names the newest edition that is published here.
func (u *Updates) HeadPage(ctx context.Context) ([]byte, error) {
	h, published, err := u.head(ctx)
	if err != nil {
		return nil, err
	}
	if !published {
		return nil, web.NotFound("No edition of the handbook is published here.")
	}
	return json.Marshal(h)
}

// PartPage holds a part of a bundle that is published here.
func (u *Updates) PartPage(_ context.Context, serial, from int64) ([]byte, error) {
	file, err := os.Open(u.publishedPath(serial))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, web.NotFound("This edition of the handbook is not published here, or not any more.")
	}
	if err != nil {
		return nil, fmt.Errorf("reading a bundle of the handbook: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.NewSectionReader(file, from, partBytes))
	if err != nil {
		return nil, fmt.Errorf("reading a bundle of the handbook: %w", err)
	}
	return json.Marshal(Part{Serial: serial, From: from, Data: data})
}

// verify reads a bundle of a publisher that is trusted, or of this node.
func (u *Updates) verify(ctx context.Context, file []byte) (*bundle.Bundle, error) {
	return bundle.Read(bytes.NewReader(file), func(m *bundle.Manifest) error { return u.trusts(ctx, m) })
}

// trusts checks who signed a manifest.
func (u *Updates) trusts(ctx context.Context, m *bundle.Manifest) error {
	p, named := u.publisher(m.Publisher)
	if !named && m.Publisher != u.o.Self {
		return fmt.Errorf("%w: %s", ErrUntrusted, m.Publisher)
	}
	ids := m.KeyIDs()
	why := fmt.Errorf("%w: nobody has signed it for %s", ErrSignature, m.Publisher)
	for _, id := range ids[:min(len(ids), maxSignatures)] {
		key, pinned := p.Keys[id]
		if !pinned && len(p.Keys) > 0 {
			why = fmt.Errorf("%w: %s is not among the keys of %s that handbook.updates.trusted names", ErrSignature, id, m.Publisher)
			continue
		}
		if !pinned {
			var err error
			if key, err = u.o.Key(ctx, m.Publisher, id, u.o.Now().UnixMilli()); err != nil {
				why = err
				if errors.Is(err, signing.ErrSignature) {
					why = fmt.Errorf("%w: %w", ErrSignature, err)
				}
				continue
			}
		}
		if err := m.VerifyBy(id, key); err != nil {
			why = err
			continue
		}
		return nil
	}
	return why
}

// maxSignatures bounds the keys that are looked for to verify one manifest.
const maxSignatures = 8

func (u *Updates) originOf(m *bundle.Manifest, kind editions.Kind, from string) editions.Origin {
	return editions.Origin{Kind: kind, From: from, Publisher: m.Publisher, Serial: m.Serial}
}
