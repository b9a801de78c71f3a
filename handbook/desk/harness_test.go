package desk

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/handbook"
	"medixchange/internal/sqldb/sqldbtest"
)

var (
	ana  = person("@ana:a.example", "Ana", Editor)
	ben  = person("@ben:a.example", "Ben", Reviewer)
	eve  = person("@eve:a.example", "Eve", Publisher)
	all  = person("@all:a.example", "Alle", Editor, Reviewer, Publisher)
	none = person("@none:a.example", "Nobody")
)

func person(id, name string, roles ...Role) Person {
	p := Person{ID: id, Name: name, Roles: map[Role][]string{}}
	for _, role := range roles {
		p.Roles[role] = []string{AllLanguages}
	}
	return p
}

// press publishes into memory.
type press struct {
	edition *handbook.Edition
	files   fstest.MapFS
}

func (p *press) publish(_ context.Context, files fs.FS, _ string) error {
	copied := fstest.MapFS{}
	err := fs.WalkDir(files, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, path)
		copied[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		return err
	}
	return p.set(copied)
}

func (p *press) set(files fstest.MapFS) error {
	book, err := handbook.Load(files)
	if err != nil {
		return err
	}
	p.files, p.edition = files, &handbook.Edition{Book: book, Mark: book.Edition}
	return nil
}

// newDesk has the small edition of the pages' tests on its desk.
func newDesk(t *testing.T, compare handbook.Compare) (*Desk, *press) {
	t.Helper()
	p := &press{}
	require.NoError(t, p.publish(context.Background(), os.DirFS(filepath.Join("..", "site", "testdata", "edition")), ""))
	d := New(Options{
		DB:      sqldbtest.New(t),
		Edition: func() (*handbook.Edition, error) { return p.edition, nil },
		Files:   func(*handbook.Edition) (fs.FS, func(), error) { return p.files, func() {}, nil },
		Publish: p.publish, Compare: compare,
		Now: func() time.Time { return time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC) },
	})
	return d, p
}

var germanFever = Name{"de", "fever"}

func open(t *testing.T, d *Desk, name Name) *Copy {
	t.Helper()
	c, err := d.Open(context.Background(), name)
	require.NoError(t, err)
	return c
}

// edit is what an editor sends who replaces some words.
func edit(t *testing.T, d *Desk, name Name, old, with string) Edit {
	t.Helper()
	c := open(t, d, name)
	require.Contains(t, c.Body, old)
	e := Edit{Name: name, At: c.Mark(), Text: c.Text}
	e.Text.Body = strings.Replace(c.Body, old, with, 1)
	now, err := d.Edition()
	require.NoError(t, err)
	if source, ok := now.Section(now.Source, name.Part); ok {
		e.Seen = source.Hash
	}
	return e
}
