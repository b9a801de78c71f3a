package editions

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"medixchange/handbook"
	"medixchange/internal/sqldb"
)

// Kind says by which way an edition came.
type Kind string

// The ways.
const (
	Program Kind = "program" // with the program
	Folder  Kind = "folder"  // handbook.folder of the configuration
	Editor  Kind = "editor"  // made from another edition on this node
	Bundle  Kind = "bundle"  // a signed file that the administrator handed in
	Server  Kind = "server"  // a signed file that another server gave
)

// Origin says where an edition comes from.
type Origin struct {
	Kind Kind   `json:"kind"`
	From string `json:"from,omitempty"` // a user or a server; "" for the program and the folder
	// Publisher is the server that signed it, "" where nobody did, and Serial its number among that publisher's editions.
	Publisher string `json:"publisher,omitempty"`
	Serial    int64  `json:"serial,omitempty"`
}

// Edition is an edition that the node keeps.
type Edition struct {
	Mark        string        `json:"mark"` // over all files
	Book        string        `json:"book"` // id, edition and date as its book.yaml has them
	Name        string        `json:"edition"`
	Date        handbook.Date `json:"date"`
	Origin      Origin        `json:"origin"`
	Files       int           `json:"files"`
	Bytes       int64         `json:"bytes"`
	InstalledTS int64         `json:"installed_ts"` // ms
	Pinned      bool          `json:"pinned"`       // kept, and nothing takes its place by itself
	Current     bool          `json:"current"`      // what is shown
}

// Errors of a Store.
var (
	ErrUnknown = errors.New("the node has no such edition of the handbook")
	ErrPinned  = errors.New("the edition that is shown is pinned")
)

// Options of a Store. Only DB, Dir and Log are needed.
type Options struct {
	DB *sqldb.DB
	// Dir is where the archives lie; it is made when the first comes.
	Dir string
	// Folder is an edition of the administrator's own; "" for none.
	Folder string
	// Local is a folder with sections of the hospital's own, "" for none, and Languages those that are shown; see
	// handbook.Local. They change what is shown of an edition, and not what is kept of it.
	Local     string
	Languages []string
	// Program is the edition that comes with the program; nil is for handbook.Embedded.
	Program fs.FS
	// Keep is how many editions are kept besides the two that were shown last and those that are pinned; 0 is for 50.
	Keep int
	// Switched is told which edition is shown from now on. It must not call the Store.
	Switched func(*handbook.Edition)
	Now      func() time.Time
	Log      *logrus.Entry
}

// Store keeps editions.
type Store struct {
	o        Options
	maxFiles int
	maxBytes int64

	switching sync.Mutex // one activation at a time, until Switched has returned
	mu        sync.Mutex // one change of what is kept at a time
	synced    bool       // the folder was looked at
	cleared   bool       // what an earlier run left half-made was removed
}

// New makes a Store. It reads nothing yet.
func New(o Options) *Store {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Program == nil {
		o.Program = handbook.Embedded()
	}
	if o.Keep == 0 {
		o.Keep = defaultKeep
	}
	if o.Switched == nil {
		o.Switched = func(*handbook.Edition) {}
	}
	return &Store{o: o, maxFiles: MaxFiles, maxBytes: MaxBytes}
}

const defaultKeep = 50

const archiveSuffix = ".zip"

func (s *Store) path(mark string) string { return filepath.Join(s.o.Dir, mark+archiveSuffix) }

// Files gives the files of an edition. They are in memory; nothing needs to be closed.
func (s *Store) Files(mark string) (fs.FS, error) {
	if !handbook.ValidMark(mark) {
		return nil, fmt.Errorf("%w: %q is no mark", ErrUnknown, mark)
	}
	archive, err := os.ReadFile(s.path(mark))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, mark)
	}
	if err != nil {
		return nil, fmt.Errorf("reading an edition of the handbook: %w", err)
	}
	files, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, fmt.Errorf("reading the edition %s of the handbook: %w", mark, err)
	}
	return files, nil
}

// Current is the edition that is shown; false where that is the program's own because nothing was ever installed.
func (s *Store) Current(ctx context.Context) (Edition, bool, error) {
	all, err := s.List(ctx)
	if err != nil {
		return Edition{}, false, err
	}
	for _, e := range all {
		if e.Current {
			return e, true, nil
		}
	}
	return Edition{}, false, nil
}

// List gives the editions that are kept, the newest first.
func (s *Store) List(ctx context.Context) ([]Edition, error) { return list(ctx, s.o.DB) }

// Find gives an edition by its mark, or the beginning of it that no other has; ErrUnknown.
func (s *Store) Find(ctx context.Context, beginning string) (Edition, error) {
	all, err := s.List(ctx)
	if err != nil {
		return Edition{}, err
	}
	var found []Edition
	for _, e := range all {
		if beginning != "" && strings.HasPrefix(e.Mark, beginning) {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		return Edition{}, fmt.Errorf("%w: %d begin with %q", ErrUnknown, len(found), beginning)
	}
	return found[0], nil
}

// Pin keeps an edition, whatever comes, and while it is shown nothing takes its place by itself; or ends that.
func (s *Store) Pin(ctx context.Context, mark string, pinned bool) error {
	return s.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return setPinned(tx, mark, pinned) })
}
