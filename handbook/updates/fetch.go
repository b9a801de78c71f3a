package updates

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"medixchange/handbook"
	"medixchange/handbook/bundle"
	"medixchange/handbook/editions"
)

const (
	// maxHead and maxPart bound the answers of other servers, in bytes.
	maxHead = 8 << 10
	maxPart = partBytes*4/3 + 4<<10
	// fetchTime bounds the fetching of one bundle; what was fetched by then stays.
	fetchTime = 20 * time.Minute
)

// Outcome says what became of an edition that was fetched or handed in.
type Outcome struct {
	Edition   editions.Edition `json:"edition"`
	New       bool             `json:"new"`       // it was not here before
	Activated bool             `json:"activated"` // it is shown now
	// Staged says why it is not, where it might have been.
	Staged string `json:"staged,omitempty"`
}

// Fetch asks a publisher for its newest edition and takes it. The error wraps ErrUntrusted, ErrSignature, editions.ErrOlder,
// editions.ErrFork or handbook.Problems where that edition is refused; nothing changes then.
func (u *Updates) Fetch(ctx context.Context, server string) (Outcome, error) {
	u.fetching.Lock()
	defer u.fetching.Unlock()
	out, err := u.fetch(ctx, server)
	log := u.o.Log.WithField("publisher", server)
	switch {
	case err != nil && ctx.Err() == nil:
		log.WithError(err).Warn("no edition of the handbook was taken from a publisher")
	case err == nil && out.New:
		log.WithFields(map[string]any{
			"edition": out.Edition.Name, "serial": out.Edition.Origin.Serial, "mark": out.Edition.Mark, "activated": out.Activated, "staged": out.Staged,
		}).Info("an edition of the handbook was taken from a publisher")
	}
	return out, err
}

func (u *Updates) fetch(ctx context.Context, server string) (Outcome, error) {
	if _, trusted := u.publisher(server); !trusted || server == u.o.Self {
		return Outcome{}, fmt.Errorf("%w: %s", ErrUntrusted, server)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	h, err := u.askHead(ctx, server)
	if err != nil {
		return Outcome{}, err
	}
	if there, ok, err := u.taken(ctx, h); err != nil || ok {
		return Outcome{Edition: there}, err
	}
	if err := u.o.Editions.CheckSerial(ctx, editions.Origin{Publisher: server, Serial: h.Serial}, h.Book, h.Mark); err != nil {
		return Outcome{}, err
	}
	file, err := u.download(ctx, server, h)
	if err != nil {
		return Outcome{}, err
	}
	b, err := u.verify(ctx, file)
	if err != nil {
		return Outcome{}, err
	}
	if b.Publisher != server || b.Serial != h.Serial || b.Mark != h.Mark || b.Book != h.Book {
		return Outcome{}, fmt.Errorf("%w: the bundle is not the edition that %s offers", ErrSignature, server)
	}
	return u.take(ctx, b, editions.Server, server)
}

func (u *Updates) askHead(ctx context.Context, server string) (Head, error) {
	raw, err := u.o.Remote.HandbookHead(ctx, server, maxHead)
	if err != nil {
		return Head{}, fmt.Errorf("asking %s for its edition of the handbook: %w", server, err)
	}
	var h Head
	if err := json.Unmarshal(raw, &h); err != nil {
		return Head{}, fmt.Errorf("reading which edition of the handbook %s has: %w", server, err)
	}
	if h.Publisher != server || h.Serial < 1 || h.Size < 1 || h.Size > bundle.MaxBytes || !handbook.ValidMark(h.Mark) {
		return Head{}, handbook.Problems{{File: "head", Reason: fmt.Sprintf("%s offers an edition that cannot be: serial %d, %d bytes", server, h.Serial, h.Size)}}
	}
	return h, nil
}

// taken reports whether an edition was taken from its publisher before and is still here.
func (u *Updates) taken(ctx context.Context, h Head) (editions.Edition, bool, error) {
	serial, mark, err := u.o.Editions.Serial(ctx, h.Publisher, h.Book)
	if err != nil || serial != h.Serial || mark != h.Mark {
		return editions.Edition{}, false, err
	}
	e, err := u.o.Editions.Find(ctx, h.Mark)
	if errors.Is(err, editions.ErrUnknown) {
		return editions.Edition{}, false, nil
	}
	return e, err == nil, err
}

// download fetches a bundle, from where an earlier time ended.
func (u *Updates) download(ctx context.Context, server string, h Head) ([]byte, error) {
	path := u.partialPath(h)
	file, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading what was fetched of a bundle: %w", err)
	}
	for int64(len(file)) < h.Size {
		part, err := u.askPart(ctx, server, h, int64(len(file)))
		if err != nil {
			return nil, errors.Join(err, u.keepPartial(h, file))
		}
		file = append(file, part...)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("removing what was fetched of a bundle: %w", err)
	}
	if int64(len(file)) != h.Size || sumOf(file) != h.SHA256 {
		return nil, handbook.Problems{{File: "bundle", Reason: fmt.Sprintf("the bytes that %s gave are not those that it offered", server)}}
	}
	return file, nil
}

func (u *Updates) askPart(ctx context.Context, server string, h Head, from int64) ([]byte, error) {
	raw, err := u.o.Remote.HandbookPart(ctx, server, h.Serial, from, maxPart)
	if err != nil {
		return nil, fmt.Errorf("fetching an edition of the handbook from %s: %w", server, err)
	}
	var part Part
	if err := json.Unmarshal(raw, &part); err != nil {
		return nil, fmt.Errorf("reading a part of a bundle of %s: %w", server, err)
	}
	if part.Serial != h.Serial || part.From != from || len(part.Data) == 0 || from+int64(len(part.Data)) > h.Size {
		return nil, handbook.Problems{{File: "bundle", Reason: fmt.Sprintf("%s gave another part than the one that was asked for, at byte %d", server, from)}}
	}
	return part.Data, nil
}

// partialPath is where a bundle is kept whose fetching was broken off.
func (u *Updates) partialPath(h Head) string {
	return u.partialPaths(h.Publisher) + nameOf(h.SHA256, strconv.FormatInt(h.Serial, 10), strconv.FormatInt(h.Size, 10))
}

// partialPaths is what the paths of all bundles of a publisher begin with.
func (u *Updates) partialPaths(publisher string) string {
	return filepath.Join(u.o.Dir, "incoming-"+nameOf(publisher)+"-")
}

func nameOf(texts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\n")))
	return hex.EncodeToString(sum[:8])
}

// keepPartial keeps what was fetched, and nothing else of this publisher.
func (u *Updates) keepPartial(h Head, file []byte) error {
	others, err := filepath.Glob(u.partialPaths(h.Publisher) + "*")
	if err != nil {
		return fmt.Errorf("looking for bundles that were not fetched to the end: %w", err)
	}
	for _, other := range others {
		if err := os.Remove(other); err != nil {
			return fmt.Errorf("removing a bundle that was not fetched to the end: %w", err)
		}
	}
	if len(file) == 0 {
		return nil
	}
	return u.keep(file, u.partialPath(h))
}

// take installs what was verified, and shows it where that is wanted.
func (u *Updates) take(ctx context.Context, b *bundle.Bundle, kind editions.Kind, from string) (Outcome, error) {
	_, err := u.o.Editions.Find(ctx, b.Mark)
	known := err == nil
	if err != nil && !errors.Is(err, editions.ErrUnknown) {
		return Outcome{}, err
	}
	e, err := u.o.Editions.Install(ctx, b.Files, u.originOf(b.Manifest, kind, from))
	if err != nil {
		return Outcome{}, err
	}
	out := Outcome{Edition: e, New: !known}
	if kind != editions.Server || u.o.Mode != Apply || e.Current {
		return out, nil
	}
	if out.Staged, err = u.mayNotApply(ctx, b.Publisher, e.Book); err != nil || out.Staged != "" {
		return out, err
	}
	err = u.o.Editions.ActivateUnlessPinned(ctx, e.Mark, b.Publisher)
	switch {
	case errors.Is(err, editions.ErrPinned):
		out.Staged = "what is shown is pinned"
	case err != nil:
		return out, err
	default:
		out.Activated = true
	}
	return out, nil
}

// mayNotApply says why an edition of a publisher does not take the place of what is shown by itself; "" where it may.
func (u *Updates) mayNotApply(ctx context.Context, publisher, book string) (string, error) {
	current, installed, err := u.o.Editions.Current(ctx)
	switch {
	case err != nil:
		return "", err
	case !installed || current.Origin.Kind == editions.Program:
		return "", nil
	case current.Book != book:
		return "what is shown is another book", nil
	case current.Origin.Publisher != publisher:
		return "what is shown is this hospital's own work, or another publisher's", nil
	}
	return "", nil
}

// TakeFile takes a bundle that the administrator hands in. It is not shown yet. Errors are those of Fetch.
func (u *Updates) TakeFile(ctx context.Context, file []byte) (Outcome, error) {
	b, err := u.verify(ctx, file)
	if err != nil {
		return Outcome{}, err
	}
	return u.take(ctx, b, editions.Bundle, "")
}
