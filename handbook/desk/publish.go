package desk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"medixchange/handbook"
	"medixchange/internal/sqldb"
)

// Choice is a working copy that is to be published, as its publisher saw it.
type Choice struct {
	Name
	At Mark
}

// Order is what a publisher asks for.
type Order struct {
	Choices []Choice
	Edition string // the name of the new edition, such as "2026.2"
	Reason  string
	// Anyway publishes although Findings has errors; a reason must be given then.
	Anyway bool
}

// Refused is the error of an edition that cannot be published: handbook.Problems where it cannot be read, else findings.
type Refused struct{ Findings []handbook.Finding }

func (r *Refused) Error() string {
	lines := make([]string, len(r.Findings))
	for i, f := range r.Findings {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// Errors of Publish.
var (
	ErrNothing   = errors.New("nothing was chosen")
	ErrSameName  = errors.New("the new edition needs a name of its own")
	ErrMoved     = errors.New("the edition has another text now than the working copy was begun from; compare and save it again")
	ErrNotBetter = errors.New("the edition has a reviewed text; a draft does not replace it")
)

const maxEditionName = 60 // bytes

// Publish makes an edition of the one that is published now and the chosen copies. The whole is read strictly and checked before
// anything changes.
func (d *Desk) Publish(ctx context.Context, o Order, who Person) error {
	d.publishing.Lock()
	defer d.publishing.Unlock()
	now, err := d.o.Edition()
	if err != nil {
		return err
	}
	o.Edition = readable(o.Edition)
	switch {
	case len(o.Choices) == 0:
		return ErrNothing
	case o.Edition == "" || len(o.Edition) > maxEditionName || o.Edition == now.Edition:
		return ErrSameName
	case o.Anyway && strings.TrimSpace(o.Reason) == "":
		return ErrNoReason
	case len(o.Reason) > 4*maxReason:
		return ErrReason
	}
	copies, err := d.chosen(ctx, now, o, who)
	if err != nil {
		return err
	}
	files, closeFiles, err := d.o.Files(ctx, now)
	if err != nil {
		return err
	}
	defer closeFiles()
	next, err := d.next(files, copies, o.Edition)
	if err != nil {
		return err
	}
	if err := d.judge(files, next, copies, o.Anyway); err != nil {
		return err
	}
	if still, err := d.o.Edition(); err != nil || still.Mark != now.Mark {
		return &Conflict{}
	}
	if err := d.o.Publish(ctx, next, who.ID); err != nil {
		return fmt.Errorf("publishing the handbook: %w", err)
	}
	return d.published(ctx, copies, o, who)
}

// chosen opens the copies and sees to it that each may be published.
func (d *Desk) chosen(ctx context.Context, now *handbook.Edition, o Order, who Person) ([]*Copy, error) {
	var copies []*Copy
	for _, choice := range o.Choices {
		c, err := d.Open(ctx, choice.Name)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(copies, func(o *Copy) bool { return o.Name == c.Name }) {
			continue
		}
		switch {
		case !who.May(Publisher, c.Language):
			err = ErrNotAllowed
		case c.Mark() != choice.At:
			err = &Conflict{Now: c}
		case c.Moved:
			err = ErrMoved
		case !c.publishable(ofEdition(now.Book, c.Name)):
			err = ErrNotBetter
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.File(), err)
		}
		copies = append(copies, c)
	}
	return copies, nil
}

// next lays the copies over the files of the edition.
func (d *Desk) next(files fs.FS, copies []*Copy, edition string) (fs.FS, error) {
	plan, err := fs.ReadFile(files, handbook.PlanFile)
	if err != nil {
		return nil, fmt.Errorf("reading the plan of the edition: %w", err)
	}
	over, err := d.planned(files, plan, copies, edition)
	if err != nil {
		return nil, err
	}
	for _, c := range copies {
		if c.Part != PlanPart {
			over[c.File()] = c.FileText()
		}
	}
	return handbook.WithFiles(files, over), nil
}

// judge reads the new edition and checks it. Errors that the edition has now, in texts that are not published anew, do not hold
// it up.
func (d *Desk) judge(now, next fs.FS, copies []*Copy, anyway bool) error {
	book, err := handbook.Load(next)
	if err != nil {
		return err
	}
	if anyway {
		return nil
	}
	stands, err := handbook.Load(now)
	if err != nil {
		return err
	}
	before := map[handbook.Finding]bool{}
	for _, f := range handbook.Lint(stands, nil) {
		before[f] = true
	}
	chosen := func(file string) bool {
		return slices.ContainsFunc(copies, func(c *Copy) bool { return c.File() == file })
	}
	var grave []handbook.Finding
	for _, f := range gravest(handbook.Lint(book, nil)) {
		if chosen(f.File) || !before[f] {
			grave = append(grave, f)
		}
	}
	for _, c := range copies {
		s, ok := book.Section(c.Language, c.Part)
		if !ok {
			continue
		}
		for _, f := range gravest(handbook.LintSection(book, s, d.o.Compare)) {
			if !slices.Contains(grave, f) {
				grave = append(grave, f)
			}
		}
	}
	if len(grave) > 0 {
		return &Refused{grave}
	}
	return nil
}

func gravest(findings []handbook.Finding) []handbook.Finding {
	return slices.DeleteFunc(findings, func(f handbook.Finding) bool { return f.Severity != handbook.Error })
}

// published notes what the edition has now.
func (d *Desk) published(ctx context.Context, copies []*Copy, o Order, who Person) error {
	reason := o.Edition
	if o.Reason != "" {
		reason += ": " + o.Reason
	}
	err := d.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		for _, c := range copies {
			live, err := selectLive(tx.QueryRow, c.Name)
			if err != nil {
				return err
			}
			if live == nil || live.Version != c.Version {
				continue // somebody went on writing; what they have is begun from what the edition has now
			}
			c.Base = c.Sum()
			if err := d.add(tx, c, Published, who, reason); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("noting what was published: %w", err)
	}
	return nil
}

// Findings are what is doubtful about the copy of a section.
func (d *Desk) Findings(c *Copy) ([]handbook.Finding, error) {
	if !c.IsSection() || c.State == Missing {
		return nil, nil
	}
	now, err := d.o.Edition()
	if err != nil {
		return nil, err
	}
	s, err := c.Section()
	if err != nil {
		return nil, err
	}
	return handbook.LintSection(now.With(s), s, d.o.Compare), nil
}
