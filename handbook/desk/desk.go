package desk

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"medixchange/handbook"
	"medixchange/internal/sqldb"
)

// Options is what a Desk is built from.
type Options struct {
	DB *sqldb.DB
	// Edition is what is published now.
	Edition func() (*handbook.Edition, error)
	// Files opens the files of an edition.
	Files func(ctx context.Context, e *handbook.Edition) (files fs.FS, closeFiles func(), err error)
	// Publish makes files the edition that is shown from now on. They were read and checked.
	Publish func(ctx context.Context, files fs.FS, by string) error
	// Compare looks for what a translation says otherwise than its source; optional.
	Compare handbook.Compare
	Now     func() time.Time // optional: time.Now
}

// Desk has the working copies. It is safe for concurrent use.
type Desk struct {
	o          Options
	texts      int // how many different texts of a part are kept
	publishing sync.Mutex
}

// New makes a desk. It reads nothing yet.
func New(o Options) *Desk {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Desk{o: o, texts: maxTexts}
}

// ErrUnknown is for parts that the edition's plan does not have, and for versions that there are not.
var ErrUnknown = errors.New("the handbook has no such part")

// Edition is what is published now.
func (d *Desk) Edition() (*handbook.Edition, error) { return d.o.Edition() }

// Open gives the working copy of a part: what was written here, or what the edition has where nothing was, or where what was
// written is published and the edition has been replaced since.
func (d *Desk) Open(ctx context.Context, name Name) (*Copy, error) {
	book, err := d.o.Edition()
	if err != nil {
		return nil, err
	}
	return d.open(book.Book, name, func(query string, args ...any) *sql.Row { return d.o.DB.QueryRow(ctx, query, args...) })
}

func (d *Desk) open(book *handbook.Book, name Name, row func(query string, args ...any) *sql.Row) (*Copy, error) {
	if err := d.knows(book, name, row); err != nil {
		return nil, err
	}
	live, err := selectLive(row, name)
	if err != nil {
		return nil, err
	}
	return settled(book, name, live), nil
}

// settled decides between what was written here and what the edition has.
func settled(book *handbook.Book, name Name, live *Step) *Copy {
	published := ofEdition(book, name)
	if live == nil {
		return published
	}
	c := live.Copy
	c.Name, c.Original = name, published.Original
	if c.Base == published.Base {
		return &c
	}
	if !c.Changed() || c.Sum() == published.Base {
		published.Version = c.Version
		return published
	}
	c.Moved = true
	return &c
}

// Entry is a working copy as a list shows it.
type Entry struct {
	*Copy
	Published State // what the edition has
	Unsaid    bool  // there is something that is not published
	Outdated  bool  // the source has changed since
}

// List gives all parts of the languages, each in the order of the book.
func (d *Desk) List(ctx context.Context, languages []string) ([]Entry, error) {
	book, err := d.o.Edition()
	if err != nil {
		return nil, err
	}
	steps, err := d.selectAllLive(ctx)
	if err != nil {
		return nil, err
	}
	live := map[Name]*Step{}
	for _, s := range steps {
		live[s.Name] = s
	}
	var all []Entry
	for _, language := range languages {
		for _, part := range parts(book.Book, language, live[Name{book.Source, PlanPart}]) {
			name := Name{language, part}
			c := settled(book.Book, name, live[name])
			source, _ := book.Section(book.Source, part)
			all = append(all, Entry{
				Copy: c, Published: ofEdition(book.Book, name).State, Unsaid: c.Changed(),
				Outdated: source != nil && !c.Original && c.State != Missing && c.SourceHash != source.Hash,
			})
		}
	}
	return all, nil
}

// History gives the steps of a part, the newest first.
func (d *Desk) History(ctx context.Context, name Name) ([]*Step, error) {
	book, err := d.o.Edition()
	if err != nil {
		return nil, err
	}
	row := func(query string, args ...any) *sql.Row { return d.o.DB.QueryRow(ctx, query, args...) }
	if err := d.knows(book.Book, name, row); err != nil {
		return nil, err
	}
	return d.selectHistory(ctx, name)
}

// Step gives one step of a part with its text.
func (d *Desk) Step(ctx context.Context, name Name, version int64) (*Step, error) {
	s, err := d.selectStep(ctx, name, version)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, ErrUnknown
	}
	book, err := d.o.Edition()
	if err != nil {
		return nil, err
	}
	s.Original = name.Language == book.Source
	return s, nil
}

func (d *Desk) today() handbook.Date {
	return handbook.Date(d.o.Now().UTC().Format(time.DateOnly))
}

// editing changes a copy that takes a step; before is what it was.
type editing func(c, before *Copy, book *handbook.Book) error

// change takes a step on the working copy as it is when the transaction runs.
func (d *Desk) change(ctx context.Context, name Name, at Mark, who Person, reason string, action Action, edit editing) (*Copy, error) {
	book, err := d.o.Edition()
	if err != nil {
		return nil, err
	}
	var stored *Copy
	err = d.o.DB.Write(ctx, func(tx *sqldb.Tx) (err error) {
		stored, err = d.take(tx, book, name, at, who, reason, action, edit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", action, name.File(), err)
	}
	return stored, nil
}

// take is change within a transaction.
func (d *Desk) take(tx *sqldb.Tx, book *handbook.Edition, name Name, at Mark, who Person, reason string, action Action, edit editing) (*Copy, error) {
	c, err := d.open(book.Book, name, tx.QueryRow)
	if err != nil {
		return nil, err
	}
	if c.Mark() != at {
		return nil, &Conflict{Now: c}
	}
	before := *c
	if err := c.step(action, who, reason); err != nil {
		return nil, err
	}
	if err := edit(c, &before, book.Book); err != nil {
		return nil, err
	}
	if err := d.begin(tx, &before, book); err != nil {
		return nil, err
	}
	return c, d.add(tx, c, action, who, reason)
}

// begin keeps what the edition has before the first step on it, so that there is something to go back to.
func (d *Desk) begin(tx *sqldb.Tx, before *Copy, book *handbook.Edition) error {
	live, err := selectLive(tx.QueryRow, before.Name)
	if err != nil {
		return err
	}
	if before.State == Missing || live != nil && live.Base == before.Base {
		return nil
	}
	return d.add(tx, before, Begun, Person{}, book.Edition)
}

func (d *Desk) add(tx *sqldb.Tx, c *Copy, action Action, who Person, reason string) error {
	s := &Step{Copy: *c, Action: action, Actor: who.ID, ActorName: who.Name, Reason: readable(reason), TS: d.o.Now().UnixMilli(), Live: action != SetAside}
	if err := d.insertStep(tx, s); err != nil {
		return err
	}
	if s.Live {
		c.Version = s.Version
	}
	return nil
}
